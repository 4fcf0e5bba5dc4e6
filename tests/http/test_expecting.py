"""`/_mock/expect`: a world held against a list of expectations."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from mockserver.scenario.expecting.expect import MOST_EXPLAINED, UNEXPLAINED
from mockserver.sim.events import Json
from tests.http.asking import APP, CALLER, Simulator, simulating

pytestmark = pytest.mark.anyio

HANGUP = {"event": "call.hangup"}


async def hold(simulator: Simulator, *expected: Json, wait_secs: float = 0, **more: Any) -> tuple[bool, list[Json]]:
    body = {"expect": expected, "wait_secs": wait_secs, **more}
    answer = await simulator.ask("POST", "/_mock/expect", body)
    assert answer.status_code == 200
    data = answer.json()["data"]
    return data["held"], data["results"]


async def test_what_has_happened_is_held_against_the_list(quiet: Simulator) -> None:
    leg = await quiet.ended()
    entries = await quiet.events()
    held, results = await hold(
        quiet,
        {"event": "call.initiated", "with": {"to": APP}},
        {"any_order": [{"person": "hangs_up"}, {**HANGUP, "who": CALLER}]},
        {"never": {"command": "answer"}},
        {"at_end": {"calls": 0}},
    )
    assert held
    assert [result["expectation"] for result in results] == [
        f"call.initiated with to={APP}",
        "in any order: hangs_up",
        f"in any order: call.hangup of {CALLER}",
        "never answer",
        "at the end 0 calls",
    ]
    seqs = {entry["name"]: entry["seq"] for entry in entries if entry["call_control_id"] == leg}
    assert [result["seq"] for result in results] == [
        seqs["call.initiated"],
        seqs["hangs_up"],
        seqs["call.hangup"],
        None,
        None,
    ]


async def test_a_list_is_no_longer_than_it_may_be_however_it_is_grouped(quiet: Simulator) -> None:
    members = [HANGUP] * 20
    groups = [{"any_order": members}] * 25
    await hold(quiet, *groups)
    answer = await quiet.ask("POST", "/_mock/expect", {"expect": [*groups, HANGUP], "wait_secs": 0})
    [error] = answer.json()["errors"]
    assert (answer.status_code, error["source"]["pointer"]) == (422, "/expect")
    assert error["detail"].endswith("has 501 expectations, and 500 is the most: send it in parts, with since")


async def test_of_many_that_did_not_come_the_first_are_explained(quiet: Simulator) -> None:
    await quiet.ring()
    _, results = await hold(quiet, *[HANGUP] * 15, *[{**HANGUP, "times": 2}] * 15)
    assert [len(result["why"]) for result in results] == [2] * MOST_EXPLAINED + [1] * 10
    assert results[-1]["why"] == list(UNEXPLAINED)


async def test_what_did_not_hold_is_told_with_what_was_seen_instead(quiet: Simulator) -> None:
    await quiet.ring()
    held, (hangup, end) = await hold(quiet, {**HANGUP, "with": {"hangup_cause": "busy"}}, {"at_end": {"calls": 0}})
    assert not held
    assert hangup == {
        "number": 1,
        "expectation": "call.hangup with hangup_cause=busy",
        "held": False,
        "seq": None,
        "why": [
            "no `call.hangup` came; what came: call.initiated",
            "the webhook call.initiated had no destination: give --webhook-url or webhook_url",
        ],
    }
    assert end["why"] == [f"calls was 1: {CALLER} -> {APP} (ringing)"]


async def test_it_is_waited_for_until_all_has_come(quiet: Simulator) -> None:
    await quiet.ended()
    waiting = asyncio.create_task(hold(quiet, HANGUP, {**HANGUP, "at_least": 2}, wait_secs=10))
    await asyncio.sleep(0)
    assert not waiting.done()
    await quiet.ended()
    held, results = await waiting
    assert (held, len(results)) == (True, 2)


async def test_it_is_waited_for_until_the_end_is_as_it_is_wanted(quiet: Simulator) -> None:
    leg = await quiet.ring()
    waiting = asyncio.create_task(hold(quiet, {"event": "call.initiated"}, {"at_end": {"calls": 0}}, wait_secs=10))
    await asyncio.sleep(0)
    assert not waiting.done()
    await quiet.do("POST", f"/_mock/calls/{leg}/hangup", {})
    assert (await waiting)[0]


async def test_what_can_hold_no_more_is_not_waited_for(quiet: Simulator) -> None:
    await quiet.ended()
    held, (never, _) = await hold(quiet, {"never": HANGUP}, {"event": "call.answered"}, wait_secs=300)
    assert not held
    assert never["why"] == ["it happened at 00:00:00.000"]


async def test_while_it_is_waited_for_the_clock_goes_on_to_limits() -> None:
    async with simulating(clock="auto", webhook_url=None) as simulator:
        await simulator.ring(ring_secs=60)
        held, _ = await hold(simulator, {**HANGUP, "within": "1m"}, {"at_end": {"calls": 0}}, wait_secs=5)
        assert held


async def test_only_what_came_since_counts(quiet: Simulator) -> None:
    await quiet.ended()
    answer = await quiet.ask("POST", "/_mock/expect", {"expect": [HANGUP], "wait_secs": 0})
    last = answer.json()["meta"]
    assert last == {"last_seq": last["last_seq"], "dropped": 0}
    assert (await hold(quiet, HANGUP, since=last["last_seq"]))[0] is False
    await quiet.ended()
    assert (await hold(quiet, {**HANGUP, "times": 1}, since=last["last_seq"]))[0] is True


async def test_somebody_is_known_by_the_name_that_a_scenario_gave(quiet: Simulator) -> None:
    people = f'people: [{{number: "{CALLER}", name: Ada}}]'
    await quiet.do("POST", "/_mock/scenarios", {"yaml": people})
    await quiet.ended()
    assert (await hold(quiet, {**HANGUP, "who": "Ada"}, {"at_end": {"person": "Ada", "state": "ended"}}))[0]


async def test_mistakes_in_the_list_are_told_with_their_places(quiet: Simulator) -> None:
    wrong = [{"event": "call.hangup"}, {"event": "call.hangdown"}, {"any_order": [HANGUP, {**HANGUP, "who": "Bob"}]}]
    response = await quiet.ask("POST", "/_mock/expect", {"expect": wrong})
    assert response.status_code == 422
    errors = response.json()["errors"]
    assert [error["source"]["pointer"] for error in errors] == ["/expect/1/event", "/expect/2/any_order/1/who"]
    assert '"call.hangdown" is no event: did you mean call.hangup?' in errors[0]["detail"]


@pytest.mark.parametrize("body", [{}, {"expect": []}, {"expect": [HANGUP] * 501}, {"expect": HANGUP}])
async def test_a_body_without_a_list_is_refused(quiet: Simulator, body: Json) -> None:
    assert (await quiet.ask("POST", "/_mock/expect", body)).status_code == 422


async def test_a_list_leaves_no_reader_behind(quiet: Simulator) -> None:
    log = quiet.world().simulation.log
    before = len(log._readers)
    await hold(quiet, HANGUP)
    assert len(log._readers) == before


async def test_the_end_is_what_there_is_in_the_world(quiet: Simulator) -> None:
    member, waiting, gone = [await quiet.ring() for _ in range(3)]
    for leg in (member, waiting, gone):
        await quiet.command("answer", leg)
    await quiet.advance(1)
    await quiet.do("POST", "/v2/conferences", {"call_control_id": member, "name": "weekly"})
    await quiet.command("enqueue", waiting, queue_name="support")
    await quiet.command("ai_assistant_start", waiting)
    await quiet.command("record_start", gone, format="wav", channels="single")
    await quiet.advance(1)
    await quiet.command("hangup", gone)
    await quiet.advance(60)
    held, results = await hold(
        quiet,
        {"at_end": {"calls": 2, "conferences": 1, "conversations": 1, "recordings": 1}},
        {"at_end": {"conference": "weekly", "participants": 1}},
        {"at_end": {"queue": "support", "size": 1}},
        {"at_end": {"person": CALLER, "state": "answered"}},
    )
    assert held, results
