"""What a scenario can say, said over HTTP in pieces while the world goes on: each key alone, and again and again."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mockserver.http import far_ends
from mockserver.sim import cues
from mockserver.sim.cues import Happens
from mockserver.sim.events import Json
from mockserver.sim.parties import Incoming
from mockserver.sim.people import MOST_ACTS
from mockserver.sim.simulation import Simulation
from tests.http.asking import APP, CALLEE, CALLER, UNKNOWN, Simulator

pytestmark = pytest.mark.anyio

BOB = "+12025550177"
CALL = {"from": CALLER, "to": APP}


def _numbers_of_calls(simulation: Simulation) -> list[str]:
    simulation.advance(0)
    return [leg.from_ for leg in simulation.world.legs.values()]


KEYS: dict[str, tuple[Any, Any, Callable[[Simulation], Any], Any]] = {
    "people": (
        [{"number": CALLER, "name": "Ada", "answers_after": 1.5}],
        [{"number": CALLEE, "name": "Bob"}, {"number": CALLER, "name": "Eve"}],
        lambda simulation: [person.name for person in simulation.world.people],
        ["Bob", "Eve"],
    ),
    "applications": (
        [{"connection_id": "1", "active": False}],
        [{"connection_id": "2"}],
        lambda simulation: list(simulation.world.applications),
        ["1", "2"],
    ),
    "calls": (
        [{"from": CALLER, "to": APP}],
        [{"from": BOB, "to": APP, "at": 0}, {"from": CALLEE, "to": APP, "when": "call.bridged", "with": {"n": 1}}],
        _numbers_of_calls,
        [CALLER, BOB],
    ),
    "assistants": (
        [{"id": "a", "turns": ["Yes?"]}],
        [{"id": "b", "time_limit": 60}],
        lambda simulation: list(simulation.world.assistants),
        ["a", "b"],
    ),
    "secrets": ({"one": "x"}, {"two": 2}, lambda simulation: simulation.world.secrets, {"one": "x", "two": "2"}),
    "errors": (
        [{"command": "dial", "code": "90041"}],
        [{"command": "dial", "code": 90018, "nth": 2}],
        lambda simulation: [rule.fault.error.code for rule in simulation.world.faults if rule.fault.error],
        ["90041", "90018"],
    ),
    "faults": (
        [{"operation": "dial", "status": 503}],
        [{"event": "call.answered", "delivery": "duplicate", "probability": 0.5}],
        lambda simulation: [rule.fault.probability for rule in simulation.world.faults],
        [None, 0.5],
    ),
    "audio": (
        [{"url": "x", "seconds": 1.5}],
        "2s",
        lambda simulation: [said.seconds for said in simulation.world.audio],
        [2.0, 2.0, 1.5],
    ),
    "recordings": (
        [{"problem": "Unsupported backend"}],
        [{"nth": 3, "problem": "Unsupported backend"}],
        lambda simulation: list(simulation.world.failing_recordings),
        [1, 3],
    ),
}
"""By key: what is said first and then, what is looked at, and what is there."""


async def say(simulator: Simulator, **keys: Any) -> Json:
    """Load a scenario as JSON."""
    said: Json = await simulator.do("POST", "/_mock/scenarios", keys)
    return said


@pytest.mark.parametrize("key", KEYS)
async def test_each_key_can_be_said_alone_and_again_and_adds_to_what_is_there(quiet: Simulator, key: str) -> None:
    first, then, look, there = KEYS[key]
    await say(quiet, **{key: first})
    await say(quiet, **{key: then})
    assert look(quiet.world().simulation) == there


async def test_there_is_a_row_for_each_key_that_is_put_into_a_world() -> None:
    from mockserver.scenario.model import Scenario

    about_the_file = {"name", "description", "variables", "include", "parameters", "expect"}
    assert set(KEYS) == Scenario.model_fields.keys() - about_the_file


async def test_the_page_shows_how_for_each_key(quiet: Simulator) -> None:
    page = (Path(__file__).parents[2] / "docs" / "control-api.md").read_text(encoding="utf-8")
    shown = [json.loads(body) for body in re.findall("^add '(.*)'$", page, re.MULTILINE)]
    assert sorted(key for keys in shown for key in keys) == sorted(KEYS)
    for keys in shown:
        await say(quiet, **keys)


async def test_a_scenario_as_json_has_a_name_and_a_summary(quiet: Simulator) -> None:
    told = await say(quiet, name="mine", people=[{"number": CALLER}])
    assert told == {"name": "mine", "description": "", "people": 1, "calls": 0, "assistants": 0, "errors": 0}
    assert (await say(quiet, people=[]))["name"] == "scenario"
    assert len(await quiet.do("GET", "/_mock/scenarios")) == 2


async def test_its_mistakes_are_told_one_by_one_with_their_lines(quiet: Simulator) -> None:
    body = b'{"people": [{"number": "+12025550143",\n"silent": 1}],\n"poeple": []}'
    answer = await quiet.ask("POST", "/_mock/scenarios", body, headers={"content-type": "application/json"})
    assert [error["detail"].rpartition("scenario:")[2] for error in answer.json()["errors"]] == [
        '2: people[0].silent: "1" is neither true nor false: write true',
        "3: poeple: unknown key: did you mean people?",
    ]
    assert answer.status_code == 422


@pytest.mark.parametrize("body", [{}, {"yaml": "people: []", "people": []}])
async def test_a_body_that_is_neither_a_text_nor_a_scenario_is_refused(quiet: Simulator, body: Json) -> None:
    assert (await quiet.ask("POST", "/_mock/scenarios", body)).status_code == 422
    assert quiet.world().scenarios == []


# People by name


async def test_people_who_are_there_can_be_named_later(quiet: Simulator) -> None:
    await say(quiet, people=[{"number": CALLER, "name": "Ada"}, {"number": "+1303*", "name": "All"}])
    await say(quiet, calls=[{"from": "Ada", "to": APP}])
    assert _numbers_of_calls(quiet.world().simulation) == [CALLER]
    call = await quiet.do("POST", "/_mock/calls", {"from": "Ada", "to": "Ada"})
    assert (call["from"], call["to"]) == (CALLER, CALLER)
    for nobody in ("Adda", "All"):
        assert await quiet.refused("POST", "/_mock/calls", {"from": nobody, "to": APP}) == [("10016", "/from")]


# Calls after something


async def test_a_call_waits_for_something_to_happen(quiet: Simulator) -> None:
    waits: Json = {"when": "call.initiated", "with": {"from": "+1202555*"}, "nth": 2, "after": 1.5}
    more: Json = {"from_display_name": "Bob", "connection_id": "77", "ring_secs": 1}
    answer = await quiet.ask("POST", "/_mock/calls", {"from": BOB, "to": APP, **waits, **more})
    cue = {"id": "cue-1", **waits, "seen": 0, "brought": 0, "from": BOB, "to": APP}
    assert (answer.status_code, answer.json()) == (202, {"data": cue})
    await quiet.ring()
    assert await quiet.do("GET", "/_mock/cues") == [{**cue, "seen": 1}]
    await quiet.ring()
    assert await quiet.do("GET", "/_mock/cues") == []
    await quiet.advance(5)
    mine = [entry for entry in await quiet.events(kind="webhook") if entry["data"]["payload"]["from"] == BOB]
    assert [(entry["at"][17:23], entry["name"]) for entry in mine] == [
        ("01.500", "call.initiated"),
        ("02.500", "call.hangup"),
    ]
    payload = mine[0]["data"]["payload"]
    assert (payload["caller_id_name"], payload["connection_id"]) == ("Bob", "77")


async def test_without_a_word_about_them_it_is_whoever_has_the_number_then(quiet: Simulator) -> None:
    await quiet.do("POST", "/_mock/calls", {"from": BOB, "to": APP, "when": "call.initiated", "nth": "every"})
    [cue] = quiet.world().simulation.world.cues.values()
    assert (cue.call.person, cue.happens) == (None, Happens("call.initiated", {}, 0, 0.0))


async def test_a_call_that_waits_can_be_taken_back(quiet: Simulator) -> None:
    await quiet.do("POST", "/_mock/calls", {**CALL, "when": "call.initiated"})
    gone = await quiet.do("DELETE", "/_mock/cues/cue-1")
    assert (gone["id"], gone["when"]) == ("cue-1", "call.initiated")
    assert await quiet.refused("DELETE", "/_mock/cues/cue-1") == [("10005", "/id")]
    await quiet.ring()
    await quiet.advance(1)
    assert len(quiet.world().simulation.world.legs) == 1


@pytest.mark.parametrize(
    ("more", "blamed"),
    [
        ({"when": "lunch"}, [("10027", "/when")]),
        ({"nth": 2}, [("10027", "/")]),
        ({"when": "call.bridged", "nth": 0}, [("10033", "/nth")]),
        ({"when": "call.bridged", "after": -1}, [("10033", "/after")]),
        ({"when": "call.bridged", "with": "x"}, [("10026", "/with")]),
    ],
)
async def test_what_a_call_waits_for_has_to_make_sense(
    quiet: Simulator, more: Json, blamed: list[tuple[str, str]]
) -> None:
    assert await quiet.refused("POST", "/_mock/calls", {**CALL, **more}) == blamed
    assert quiet.world().simulation.world.cues == {}


async def test_only_so_many_calls_wait(quiet: Simulator) -> None:
    simulation = quiet.world().simulation
    for _ in range(cues.MOST):
        cues.add(simulation, Happens("call.cost"), Incoming(BOB, APP))
    assert await quiet.refused("POST", "/_mock/calls", {**CALL, "when": "call.cost"}) == [("10027", "")]
    assert await quiet.refused("POST", "/_mock/scenarios", {"calls": [{**CALL, "when": "answer"}]}) == [("10027", "")]


# More to do


async def test_who_is_on_the_line_can_be_given_more_to_do(quiet: Simulator) -> None:
    leg = await quiet.ring()
    await quiet.command("answer", leg)
    await quiet.advance(5)
    acts: list[Json] = [{"at": 2, "presses": "1"}, {"after_silence": 3, "nth": 1, "says": "Hello?"}]
    told = await quiet.do("POST", f"/_mock/calls/{leg}/does", {"does": acts})
    assert (told["call_control_id"], told["state"]) == (leg, "answered")
    await quiet.do("POST", f"/_mock/calls/{leg}/does", {"does": [{"when": "call.hold", "after": 1, "unholds": True}]})
    await quiet.advance(10)
    await quiet.do("POST", f"/_mock/calls/{leg}/hold")
    await quiet.advance(5)
    assert [(entry["at"][17:23], entry["name"]) for entry in await quiet.events(kind="person")][1:] == [
        ("07.000", "presses"),
        ("10.000", "says"),
        ("15.000", "holds"),
        ("16.000", "unholds"),
    ]


@pytest.mark.parametrize(
    ("acts", "blamed"),
    [
        ([], [("10027", "/does")]),
        ([{"after_silence": 3, "after": 1, "holds": True}], [("10004", "/does/0/when")]),
        ([{"after_silence": 3, "at": 1, "holds": True}], [("10027", "/does/0")]),
        ([{"after_silence": 3}], [("10004", "/does/0/presses")]),
        ([{"at": 1, "holds": True}, {"when": "lunch", "holds": True}], [("10027", "/does/1/when")]),
    ],
)
async def test_acts_have_to_make_sense(quiet: Simulator, acts: list[Json], blamed: list[tuple[str, str]]) -> None:
    leg = await quiet.ring()
    assert await quiet.refused("POST", f"/_mock/calls/{leg}/does", {"does": acts}) == blamed
    assert quiet.world().simulation.world.legs[leg].acting is None


async def test_a_person_has_only_so_much_to_do(quiet: Simulator) -> None:
    leg = await quiet.ring()
    acts = [{"when": "call.hold", "unholds": True}] * MOST_ACTS
    await quiet.do("POST", f"/_mock/calls/{leg}/does", {"does": acts})
    assert await quiet.refused("POST", f"/_mock/calls/{leg}/does", {"does": acts[:1]}) == [("10027", "/does")]


async def test_there_has_to_be_somebody_who_can_do_it(quiet: Simulator) -> None:
    body = {"does": [{"at": 1, "holds": True}]}
    assert await quiet.refused("POST", f"/_mock/calls/{UNKNOWN}/does", body) == [("10005", "/call_control_id")]
    assert await quiet.refused("POST", f"/_mock/calls/{await quiet.ended()}/does", body) == [("90018", "")]


def test_all_that_a_person_does_is_a_call_of_the_control_interface() -> None:
    assert {"mock_press", "mock_say", "mock_silence", "mock_hold", "mock_unhold", "mock_hangup"} < set(
        far_ends.HANDLERS
    )
