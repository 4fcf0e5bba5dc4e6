"""Calls that come when something has happened somewhere."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import cues, faults, parties
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.cues import LOOP, MOST, MOST_AT_ONCE, MOST_CALLS, Happens
from mockserver.sim.errors import TOO_MANY_REQUESTS, Refusal
from mockserver.sim.events import EVERYWHERE
from mockserver.sim.faults import Fault
from mockserver.sim.parties import Incoming
from mockserver.sim.people import EVERY, Assistant, Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.snapshots import copied
from tests.sim.telling import APP, CALLER, code, dial, do, new, ring, story, talk

BOB = "+12025550177"
BOB_CALLS = Incoming(BOB, APP)


def wait(simulation: Simulation, when: str, nth: int = 1, after: float = 0.0, /, **fields: Any) -> cues.Cue:
    """Let Bob call when something has happened."""
    return cues.add(simulation, Happens(when, fields, nth, after), BOB_CALLS)


def came(simulation: Simulation) -> list[str]:
    """When Bob called."""
    calls = [entry for entry in simulation.log.entries if entry.name == "calls"]
    return [f"{(entry.at - EPOCH) / SECOND:.3f}" for entry in calls if entry.data["from"] == BOB]


def test_a_call_comes_so_long_after_something_has_happened_on_another() -> None:
    simulation = new()
    wait(simulation, "call.bridged", 1, 2.0)
    one, other = talk(simulation), talk(simulation)
    begun = simulation.log.last_seq
    do(simulation, "bridge", one, call_control_id=other.call_control_id)
    simulation.advance(5)
    assert story(simulation, begun) == [
        ("0.800", "app", "bridge"),
        ("0.900", "telnyx", "call.bridged"),
        ("0.900", "telnyx 2", "call.bridged"),
        ("2.900", "person 3", "calls"),
        ("2.900", "telnyx 3", "call.initiated"),
    ]


@pytest.mark.parametrize(
    ("when", "fields", "times"),
    [
        ("call.initiated", {}, ["0.000"]),
        ("call.initiated", {"direction": "outgoing"}, ["0.700"]),
        ("call.initiated", {"to": "+1202555*"}, ["0.000"]),
        ("call.initiated", {"to": "+1303*"}, []),
        ("speak", {"payload": "Hello*"}, ["1.400"]),
        ("assistant_says", {}, ["2.200"]),
        ("assistant_says", {"text": "Goodbye."}, []),
        ("call.speak.ended", {"status": "completed"}, ["2.560"]),
    ],
)
def test_it_waits_for_webhooks_commands_and_the_words_of_an_assistant(
    when: str, fields: dict[str, str], times: list[str]
) -> None:
    simulation = new()
    simulation.world.assistants["a"] = Assistant(id="a", greeting="Hello.")
    cues.add(simulation, Happens(when, fields), BOB_CALLS)
    leg = talk(simulation)
    dial(simulation)
    simulation.advance(1)
    do(simulation, "speak", leg, payload="Hello now.")
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})
    simulation.advance(5)
    assert came(simulation) == times


def test_it_may_wait_for_another_time_or_for_each() -> None:
    simulation = new()
    second, each = wait(simulation, "call.speak.started", 2, 0.1), wait(simulation, "call.speak.started", EVERY, 0.2)
    leg = talk(simulation)
    for _ in range(3):
        do(simulation, "speak", leg, payload="Ten chars.")
    simulation.advance(5)
    assert came(simulation) == ["1.100", "2.160", "2.260", "3.420"]
    assert list(simulation.world.cues.values()) == [each]
    assert [(cue.seen, cue.brought) for cue in (second, each)] == [(2, 1), (3, 3)]


def test_a_command_that_was_refused_or_came_again_is_none() -> None:
    simulation = new()
    faults.add(simulation.world, Fault(operation="gather", nth=1, error=TOO_MANY_REQUESTS))
    wait(simulation, "gather", EVERY)
    leg = talk(simulation)
    assert [code(simulation, "gather", leg, command_id=name) for name in ("one", "two", "two")] == ["10011", "ok", "ok"]
    simulation.advance(1)
    assert came(simulation) == ["0.400"]


def test_a_call_never_comes_inside_what_brings_it_about() -> None:
    simulation = new()
    wait(simulation, "call.initiated")
    ring(simulation)
    assert came(simulation) == []
    simulation.advance(0)
    assert came(simulation) == ["0.000"]


def test_calls_that_bring_about_each_other_end() -> None:
    simulation = new()
    wait(simulation, "call.initiated", EVERY, 1.0)
    ring(simulation, from_=CALLER)
    simulation.advance(MOST_CALLS + 10)
    assert len(came(simulation)) == MOST_CALLS
    assert (simulation.world.cues, simulation.log._watchers) == ({}, {})


def test_calls_that_multiply_are_taken_for_a_loop() -> None:
    simulation = new()
    for after in (0.0, 0.0, 1.0):
        wait(simulation, "call.initiated", EVERY, after)
    ring(simulation, from_=CALLER)
    simulation.advance(1)
    assert came(simulation).count("0.000") <= MOST_AT_ONCE
    assert came(simulation).count("1.000") <= MOST_AT_ONCE
    assert simulation.world.cues == {}
    warnings = [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"]
    assert sorted(warnings) == [LOOP.format(id=f"cue-{number}", count=MOST_AT_ONCE) for number in (1, 2, 3)]


def test_many_may_wait_for_the_same() -> None:
    simulation = new()
    for _ in range(MOST):
        wait(simulation, "call.answered")
    talk(simulation)
    simulation.advance(0)
    assert len(came(simulation)) == MOST
    wait(simulation, "speak", 1, 1.0)
    wait(simulation, "speak")
    do(simulation, "speak", talk(simulation), payload="Hello.")
    simulation.advance(1)
    assert len(came(simulation)) == MOST + 2


def test_a_world_has_room_for_so_many() -> None:
    simulation = new()
    for _ in range(MOST):
        wait(simulation, "call.cost")
    with pytest.raises(Refusal) as refusal:
        wait(simulation, "call.cost")
    assert "1,000 calls wait for something already: delete some cues." in str(refusal.value)
    assert len(simulation.world.cues) == MOST


def test_one_that_is_removed_waits_no_longer_and_nobody_watches_in_vain() -> None:
    simulation = new()
    first, second = wait(simulation, "call.initiated"), wait(simulation, "call.initiated", 2)
    assert cues.remove(simulation, first.id) is first
    assert cues.remove(simulation, first.id) is None
    assert EVERYWHERE in simulation.log._watchers
    assert cues.remove(simulation, second.id) is second
    assert simulation.log._watchers == {}
    ring(simulation)
    simulation.advance(1)
    assert came(simulation) == []


def test_whoever_calls_is_the_person_who_has_the_number_then_or_was_given() -> None:
    simulation = new()
    for person in (None, Person(BOB, gives_up_after=2.0)):
        cues.add(
            simulation, Happens("call.initiated"), Incoming(BOB, APP, person, carried={"from_display_name": "Bob"})
        )
    simulation.world.people = [Person(BOB, gives_up_after=1.0)]
    ring(simulation)
    simulation.advance(5)
    assert [row for row in story(simulation) if "hangs_up" in row[2]] == [
        ("1.000", "person 2", "hangs_up normal"),
        ("2.000", "person 3", "hangs_up normal"),
    ]


def test_a_call_that_is_refused_is_warned_of() -> None:
    simulation = new(live_legs=1)
    wait(simulation, "call.initiated")
    ring(simulation)
    simulation.advance(1)
    [warning] = [entry for entry in simulation.log.entries if entry.kind == "warning"]
    assert warning.data["text"].startswith(f"the call from {BOB} to {APP} did not come about: ")
    assert came(simulation) == []


def test_a_call_to_an_application_that_there_is_not_is_warned_of_with_what_to_do() -> None:
    simulation = new(applications={})
    parties.call_comes(simulation, Incoming(BOB, APP, connection_id="7"))
    [warning] = [entry for entry in simulation.log.entries if entry.kind == "warning"]
    assert warning.data["text"].endswith("Name its connection_id under applications.")


def test_it_can_be_shown() -> None:
    simulation = new()
    wait(simulation, "call.bridged", EVERY, 2.5, to="+1*")
    wait(simulation, "dial")
    assert [cues.as_json(cue) for cue in simulation.world.cues.values()] == [
        {
            "id": "cue-1",
            "when": "call.bridged",
            "with": {"to": "+1*"},
            "nth": "every",
            "after": 2.5,
            "seen": 0,
            "brought": 0,
            "from": BOB,
            "to": APP,
        },
        {
            "id": "cue-2",
            "when": "dial",
            "with": {},
            "nth": 1,
            "after": 0.0,
            "seen": 0,
            "brought": 0,
            "from": BOB,
            "to": APP,
        },
    ]


def test_a_copy_waits_for_the_same_and_the_original_is_not_touched() -> None:
    simulation = new()
    wait(simulation, "call.answered", 2, 1.0)
    talk(simulation)
    copy = copied(simulation)
    told = simulation.log.last_seq
    talk(copy)
    copy.advance(5)
    assert (came(copy), copy.world.cues) == (["1.800"], {})
    assert (story(simulation, told), [cue.seen for cue in simulation.world.cues.values()]) == ([], [1])
    talk(simulation)
    simulation.advance(5)
    assert story(simulation) == story(copy)
