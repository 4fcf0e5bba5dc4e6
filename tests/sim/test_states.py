"""Which command a leg takes in which state, and the tables behind it."""

from __future__ import annotations

import pytest

from mockserver.sim.simulation import Simulation
from mockserver.sim.states import CONVERSATION, LEG, STREAM, ImpossibleStep, step
from mockserver.sim.world import Leg
from tests.commands.table import BODIES, OUTCOMES, PATHS
from tests.sim.telling import UNKNOWN, code, dial, do, new, ring

CASES = [
    pytest.param(name, *column, outcome, id=f"{name}-{'-'.join(column)}")
    for name, outcomes in OUTCOMES.items()
    for column, outcome in outcomes.items()
]


def leg_in(simulation: Simulation, direction: str, state: str) -> Leg:
    """A leg, brought into a state by nothing but commands and time."""
    begin, *then = PATHS[direction, state]
    leg = dial(simulation) if begin == "dial" else ring(simulation)
    for each in then:
        if isinstance(each, str):
            do(simulation, each, leg)
        elif isinstance(each, float):
            simulation.advance(each)
    return leg


@pytest.mark.parametrize(("name", "direction", "state", "outcome"), CASES)
def test_a_command_is_taken_or_refused_by_the_state_of_its_leg(
    name: str, direction: str, state: str, outcome: str
) -> None:
    simulation = new()
    leg = leg_in(simulation, direction, state)
    assert (leg.direction, leg.state) == (direction, state)
    body = dict(BODIES.get(name, {}))
    if name == "ai_assistant_join":
        body["participant"] = {"id": leg.call_control_id, "role": "user"}
    assert code(simulation, name, leg, **body) == outcome


@pytest.mark.parametrize("name", OUTCOMES)
def test_an_unknown_id_is_refused_before_anything_else(name: str) -> None:
    simulation = new()
    body = {**BODIES.get(name, {}), "client_state": "not base64!"}
    assert code(simulation, name, UNKNOWN, **body) == "90015"
    assert code(simulation, name, None, **body) == "90015"


def test_a_leg_can_always_end_and_never_comes_back() -> None:
    states = {state for state, _ in LEG} | set(LEG.values())
    assert states == {"dialed", "ringing", "parked", "answering", "answered", "ending", "ended"}
    assert {state for state, trigger in LEG if trigger == "end"} == states - {"ended"}
    assert {state for state, trigger in LEG if trigger == "hang_up"} == states - {"ending", "ended"}
    assert "ended" not in {state for state, _ in LEG}


def test_a_conversation_can_end_before_it_begins_and_never_comes_back() -> None:
    assert CONVERSATION == {
        ("starting", "begin"): "live",
        ("starting", "finish"): "ended",
        ("live", "finish"): "ended",
    }


def test_a_stream_starts_once_and_is_over_once() -> None:
    assert {state for state, _ in STREAM} == {"connecting", "open", "started"}
    assert [before for before, after in STREAM.items() if after == "started"] == [("open", "start")]
    assert {trigger for (_, trigger), after in STREAM.items() if after == "over"} == {"fail", "stop"}
    assert ("started", "fail") not in STREAM


def test_a_step_that_is_in_no_table_is_a_loud_defect() -> None:
    with pytest.raises(ImpossibleStep, match="nothing leads from 'ended' by 'pick_up'"):
        step(LEG, "ended", "pick_up")
