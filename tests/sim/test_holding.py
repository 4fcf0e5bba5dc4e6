"""Hold: the person at the far end puts the call on hold, and takes it back."""

from __future__ import annotations

import pytest

from mockserver.sim import conversations, digits, holding, legs
from mockserver.sim.people import Assistant, Person, Turn
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import CALLEE, dial, do, events, new, ring, story, talk

Rows = list[tuple[str, str, str]]


def test_a_call_is_put_on_hold_and_taken_back_each_once() -> None:
    simulation = new()
    leg = talk(simulation)
    begun = simulation.log.last_seq
    for act in (holding.person_unholds, holding.person_holds, holding.person_holds, holding.person_unholds):
        simulation.advance(1)
        act(simulation, leg)
    assert story(simulation, begun) == [
        ("2.400", "person", "holds"),
        ("2.400", "telnyx", "call.hold"),
        ("4.400", "person", "unholds"),
        ("4.400", "telnyx", "call.unhold"),
    ]
    for name in ("call.hold", "call.unhold"):
        (payload,) = events(simulation, name)
        assert (payload["from"], payload["to"], payload["call_control_id"]) == (leg.from_, leg.to, leg.call_control_id)


@pytest.mark.parametrize("state", ["parked", "answering", "ending", "ended"])
def test_only_an_answered_call_can_be_on_hold(state: str) -> None:
    simulation = new()
    leg = ring(simulation)
    if state != "parked":
        do(simulation, "answer", leg)
    if state in ("ending", "ended"):
        do(simulation, "hangup", leg)
    if state == "ended":
        simulation.advance(1)
    begun = simulation.log.last_seq
    holding.person_holds(simulation, leg)
    assert (leg.state, leg.on_hold, story(simulation, begun)) == (state, False, [])


def test_nothing_that_the_person_does_is_heard_while_the_call_is_on_hold() -> None:
    simulation = new()
    caller, callee = talk(simulation), dial(simulation)
    simulation.advance(2.6)
    do(simulation, "bridge", caller, call_control_id=callee.call_control_id)
    simulation.advance(0.1)
    for leg in (caller, callee):
        do(simulation, "transcription_start", leg, transcription_tracks="both")
    holding.person_holds(simulation, caller)
    begun = simulation.log.last_seq
    conversations.said(simulation, caller, "Nobody hears me.")
    digits.person_presses(simulation, caller, "1")
    digits.person_presses(simulation, callee, "2")
    do(simulation, "send_dtmf", caller, digits="3")
    simulation.advance(10)
    assert story(simulation, begun) == [
        ("3.100", "person", "says Nobody hears me."),
        ("3.100", "person", "presses 1"),
        ("3.100", "person 2", "presses 2"),
        ("3.100", "telnyx 2", "call.dtmf.received 2"),
        ("3.100", "app", "send_dtmf"),
    ]


def test_hanging_up_on_hold_is_told_by_the_hangup_alone() -> None:
    simulation = new()
    leg = talk(simulation)
    holding.person_holds(simulation, leg)
    begun = simulation.log.last_seq
    legs.person_hangs_up(simulation, leg)
    holding.person_unholds(simulation, leg)
    assert story(simulation, begun) == [
        ("0.400", "person", "hangs_up normal"),
        ("0.400", "telnyx", "call.hangup normal_clearing caller 200"),
    ]


# In a conversation


def talks(simulation: Simulation, person: Person, *acts: tuple[float, str]) -> Rows:
    """A conversation with an assistant that replies once, during which the person holds and unholds; what is said."""
    simulation.world.assistants["a"] = Assistant(id="a", turns=(Turn("Yes?"),))
    leg = talk(simulation, person)
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})
    _act(simulation, leg, acts)
    return [row for row in story(simulation) if row[1] in ("person", "assistant")][1:]


def _act(simulation: Simulation, leg: Leg, acts: tuple[tuple[float, str], ...]) -> None:
    for seconds, act in acts:
        simulation.advance(seconds)
        {"hold": holding.person_holds, "unhold": holding.person_unholds}[act](simulation, leg)
    simulation.advance(60)


TALKER = Person(says=("One.", "Two."), hangs_up_when_done=True)


def test_a_person_on_hold_goes_on_where_the_conversation_fell_silent_when_they_are_back() -> None:
    assert talks(new(), TALKER, (3.5, "hold"), (20, "unhold")) == [
        ("2.464", "person", "says One."),
        ("3.164", "assistant", "Yes?"),
        ("3.900", "person", "holds"),
        ("23.900", "person", "unholds"),
        ("25.164", "person", "says Two."),
        ("26.164", "person", "hangs_up normal"),
    ]


def test_a_person_who_is_back_in_time_has_missed_nothing() -> None:
    rows = talks(new(), TALKER, (3.5, "hold"), (0.1, "unhold"))
    assert rows[-2:] == [("4.692", "person", "says Two."), ("5.692", "person", "hangs_up normal")]


def test_while_one_is_on_hold_somebody_else_speaks() -> None:
    simulation = new(Person(CALLEE, says=("Me too.",)))
    caller, callee = talk(simulation, Person(says=("One.",))), dial(simulation)
    simulation.advance(3)
    participants = [{"id": callee.call_control_id, "role": "user"}]
    holding.person_holds(simulation, caller)
    do(simulation, "ai_assistant_start", caller, participants=participants)
    simulation.advance(20)
    holding.person_unholds(simulation, caller)
    simulation.advance(20)
    assert [row for row in story(simulation) if row[2].startswith("says")] == [
        ("5.662", "person 2", "says Me too."),
        ("24.664", "person", "says One."),
    ]


@pytest.mark.parametrize(
    ("acts", "end"),
    [
        (((1.0, "hold"),), "invalid"),
        (((2.5, "hold"), (5.0, "unhold")), "valid"),
    ],
)
def test_an_assistant_that_asks_takes_hold_for_silence(acts: tuple[tuple[float, str], ...], end: str) -> None:
    simulation = new()
    leg = talk(simulation, Person(answers={"age": (36,)}))
    do(simulation, "gather_using_ai", leg, parameters={"properties": {"age": {"type": "integer"}}})
    _act(simulation, leg, acts)
    assert [payload["status"] for payload in events(simulation, "call.ai_gather.ended")] == [end]
