"""Memory is bounded, and applications that call in circles are stopped."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import legs
from mockserver.sim.errors import Refusal
from tests.sim.telling import APP, CALLEE, CALLER, CONNECTION, code, dial, do, new, ring, talk

DIAL: dict[str, Any] = {"to": CALLEE, "from_": APP, "connection_id": CONNECTION}


def test_an_application_that_calls_in_circles_is_stopped_and_the_user_is_told_why() -> None:
    simulation = new(loop_guard=3)
    assert [code(simulation, "dial", **DIAL) for _ in range(5)] == ["ok", "ok", "ok", "90041", "90041"]
    warnings = [entry for entry in simulation.log.entries if entry.kind == "warning"]
    assert [entry.name for entry in warnings] == ["loop guard", "loop guard"]
    assert warnings[0].data["text"].startswith(f"3 calls from {APP} to {CALLEE} within a minute: refused with 90041.")


def test_calls_between_other_numbers_are_counted_apart() -> None:
    simulation = new(loop_guard=1)
    assert code(simulation, "dial", **DIAL) == "ok"
    assert code(simulation, "dial", **{**DIAL, "to": CALLER}) == "ok"
    assert code(simulation, "dial", **{**DIAL, "from_": CALLER}) == "ok"
    assert code(simulation, "dial", **DIAL) == "90041"


def test_after_a_minute_the_same_number_may_be_called_again() -> None:
    simulation = new(loop_guard=2)
    do(simulation, "dial", **DIAL)
    simulation.advance(30)
    do(simulation, "dial", **DIAL)
    simulation.advance(29.999)
    assert code(simulation, "dial", **DIAL) == "90041"
    simulation.advance(0.001)
    assert [code(simulation, "dial", **DIAL) for _ in range(2)] == ["ok", "90041"]


def test_the_loop_guard_can_be_switched_off() -> None:
    simulation = new(loop_guard=0)
    assert {code(simulation, "dial", **DIAL) for _ in range(300)} == {"ok"}
    assert not simulation.world.recent_dials


def test_the_loop_guard_remembers_the_last_thousand_pairs() -> None:
    simulation = new(loop_guard=1)
    for number in range(1_001):
        do(simulation, "dial", **{**DIAL, "to": f"+1{number + 2_000_000_000}"})
    assert len(simulation.world.recent_dials) == 1_000
    assert code(simulation, "dial", **{**DIAL, "to": "+12000000001"}) == "90041"
    assert code(simulation, "dial", **{**DIAL, "to": "+12000000000"}) == "ok"


def test_a_call_that_the_guard_refuses_changes_nothing() -> None:
    simulation = new(loop_guard=1)
    do(simulation, "dial", **DIAL)
    do(simulation, "dial", **{**DIAL, "to": CALLER})
    before = list(simulation.world.recent_dials.items())
    assert code(simulation, "dial", **DIAL) == "90041"
    assert list(simulation.world.recent_dials.items()) == before


def test_more_than_so_many_calls_cannot_be_up_at_once() -> None:
    simulation = new(live_legs=2)
    leg = ring(simulation)
    dial(simulation)
    assert code(simulation, "dial", **DIAL) == "90041"
    legs.person_hangs_up(simulation, leg)
    assert simulation.world.live_legs == 1
    assert code(simulation, "dial", **DIAL) == "ok"


def test_the_oldest_ended_calls_are_forgotten_where_there_are_too_many() -> None:
    simulation = new(ended_legs=2)
    up = talk(simulation)
    rung = [ring(simulation) for _ in range(4)]
    for leg in rung:
        legs.person_hangs_up(simulation, leg)
    assert [code(simulation, "retrieve_call", leg) for leg in [up, *rung]] == ["ok", "90015", "90015", "ok", "ok"]
    assert (len(simulation.world.legs), simulation.world.live_legs) == (3, 1)


def test_no_ended_call_is_kept_when_none_shall_be() -> None:
    simulation = new(ended_legs=0)
    leg = talk(simulation)
    do(simulation, "ai_assistant_start", leg)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(100)
    assert (simulation.world.legs, dict(simulation.world.ended), simulation.world.conversations) == ({}, {}, {})


def test_ended_calls_are_forgotten_after_ten_minutes_when_another_ends() -> None:
    simulation = new()
    old, other = ring(simulation), talk(simulation)
    legs.person_hangs_up(simulation, old)
    simulation.advance(601)
    assert len(simulation.world.legs) == 2
    legs.person_hangs_up(simulation, other)
    assert list(simulation.world.legs.values()) == [other]


def test_the_oldest_command_ids_are_forgotten_where_there_are_too_many() -> None:
    simulation = new(command_ids=2)
    for name in ("one", "two", "three"):
        do(simulation, "dial", **DIAL, command_id=name)
    assert [key for _, key in simulation.world.command_ids] == ["two", "three"]
    do(simulation, "dial", **DIAL, command_id="one")
    do(simulation, "dial", **DIAL, command_id="three")
    assert len(simulation.world.legs) == 4


def test_the_oldest_ended_conversations_are_forgotten_where_there_are_too_many() -> None:
    simulation = new(ended_legs=2)
    leg = talk(simulation)
    ids = []
    for _ in range(4):
        ids.append(do(simulation, "ai_assistant_start", leg)["conversation_id"])
        simulation.advance(1)
        do(simulation, "ai_assistant_stop", leg)
        simulation.advance(1)
    assert list(simulation.world.conversations) == ids[2:]


def test_more_calls_than_may_be_up_are_refused_whoever_places_them() -> None:
    simulation = new(live_legs=1)
    ring(simulation)
    with pytest.raises(Refusal, match="90041"):
        ring(simulation)
