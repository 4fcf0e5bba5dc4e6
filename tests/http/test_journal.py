"""The journal over HTTP: requests, deliveries, waiting, sending again; and why nothing happens."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from starlette.types import Message, Scope

from mockserver.holds import MOST
from mockserver.http import clock, moments
from mockserver.sim.events import Json
from mockserver.worlds import MOST_SNAPSHOTS
from tests.http.asking import APP, CALLER, HOOKS, KEY, Simulator, simulating

pytestmark = pytest.mark.anyio


async def listed(simulator: Simulator, what: str, **query: Any) -> list[Json]:
    data: list[Json] = (await simulator.do("GET", f"/_mock/{what}", params=query))["data"]
    return data


async def wait(simulator: Simulator, **wanted: Any) -> Any:
    return await simulator.ask("POST", "/_mock/events/wait", wanted)


# Looking -------------------------------------------------------------------------------------------------------------


async def test_requests_are_listed_with_what_they_got(quiet: Simulator) -> None:
    leg = await quiet.ring()
    await quiet.ask("POST", f"/v2/calls/{leg}/actions/speak", {"payload": "Hi", "voice": "female"})
    await quiet.command("answer", leg, client_state="QQ==")
    refused, answered = await listed(quiet, "requests")
    assert (refused["name"], refused["status"], refused["errors"][0]["code"]) == ("speak", 422, "90034")
    assert (answered["name"], answered["status"], answered["request"]) == ("answer", 200, {"client_state": "QQ=="})
    assert answered["response"] == {"data": {"result": "ok"}}
    assert await listed(quiet, "requests", where="status=200") == [answered]
    assert await listed(quiet, "requests", where="errors.0.code=90034,voice=fem*") == [refused]
    assert await listed(quiet, "requests", name="s*k", call_control_id=leg) == [refused]
    told = await quiet.do("GET", "/_mock/requests?limit=1")
    assert (told["data"], told["meta"]["count"]) == ([refused], 2)


async def test_deliveries_are_listed_with_what_came_of_them(simulator: Simulator) -> None:
    await simulator.ring()
    await simulator.world().idle()
    (delivery,) = await listed(simulator, "deliveries", where="outcome=delivered")
    assert (delivery["name"], delivery["url"], delivery["attempt"], delivery["status"]) == (
        "call.initiated",
        HOOKS,
        1,
        200,
    )
    assert await listed(simulator, "deliveries", where="outcome=failed") == []


async def test_the_log_can_be_narrowed_by_payload_and_pattern(quiet: Simulator) -> None:
    await quiet.ended()
    (hangup,) = await quiet.events(name="call.*", where=f"payload.to={APP},hangup_cause=*")
    assert hangup["name"] == "call.hangup"
    assert await quiet.refused("GET", "/_mock/events?where=nonsense") == [("10027", "where")]


# Waiting -------------------------------------------------------------------------------------------------------------


async def test_what_has_come_is_not_waited_for(quiet: Simulator) -> None:
    await quiet.ended()
    answer = await wait(quiet, name="call.hangup", where={"hangup_cause": "originator_cancel"}, timeout=0)
    assert [entry["name"] for entry in answer.json()["data"]] == ["call.hangup"]


async def test_a_whole_number_may_be_written_with_a_point(quiet: Simulator) -> None:
    await quiet.ended()
    body = b'{"name": "call.hangup", "after": 1.0, "count": 1.0, "timeout": 0}'
    headers = {"content-type": "application/json"}
    assert (await quiet.ask("POST", "/_mock/events/wait", body, headers=headers)).status_code == 200
    held = b'{"expect": [{"event": "call.hangup"}], "since": 1.0, "wait_secs": 0}'
    assert (await quiet.ask("POST", "/_mock/expect", held, headers=headers)).json()["data"]["held"]
    assert await quiet.do("POST", "/_mock/reset", b'{"seed": 7.0}', headers=headers) == {"reset": True, "seed": 7}


async def test_whoever_waits_is_told_when_enough_has_come(quiet: Simulator) -> None:
    first = await quiet.ended()
    waiting = asyncio.create_task(wait(quiet, kind="webhook", name="call.hangup", count=2))
    await asyncio.sleep(0)
    second = await quiet.ended()
    answer = (await waiting).json()
    assert [entry["call_control_id"] for entry in answer["data"]] == [first, second]
    assert answer["meta"]["count"] == 2


async def test_while_somebody_waits_the_clock_goes_on_to_limits() -> None:
    async with simulating(clock="auto", webhook_url=None) as simulator:
        await simulator.ring(ring_secs=60)
        answer = await wait(simulator, name="call.hangup", timeout=5)
        assert answer.status_code == 200
        assert (await simulator.do("GET", "/_mock/clock"))["now"] == "2026-01-01T00:01:00.000000Z"


async def test_a_wait_in_vain_tells_what_came_nearest_and_what_holds_time(quiet: Simulator) -> None:
    leg = await quiet.ended()
    answer = await wait(quiet, name="call.hangup", where={"hangup_cause": "busy", "form": "x"}, count=2, timeout=0)
    assert answer.status_code == 409
    (error,) = answer.json()["errors"]
    assert error["title"] == "It did not come"
    assert error["detail"].startswith("0 of 2 came within 0 s; time is held by nobody; next comes ")
    assert error["detail"].endswith("; this clock moves only when it is advanced")
    nearest = error["meta"]["nearest"][0]
    assert (nearest["entry"]["name"], nearest["entry"]["call_control_id"]) == ("call.hangup", leg)
    assert nearest["differences"] == ["hangup_cause was originator_cancel", "form was not in it: did you mean from?"]
    assert error["meta"]["seen"]["call.initiated"] == 1
    assert (error["meta"]["explain"]["clock"], error["meta"]["explain"]["holds"]) == ("manual", [])


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/_mock/events/wait", {"name": "call.hangup", "timeout": 300}),
        ("/_mock/expect", {"expect": [{"event": "call.hangup"}], "wait_secs": 300}),
    ],
)
async def test_who_goes_away_waits_no_more_and_no_time_passes_for_them(path: str, body: Json) -> None:
    async with simulating(clock="auto", webhook_url=None) as simulator:
        await simulator.ring(ring_secs=60)
        content = json.dumps(body).encode()
        scope: Scope = {
            "type": "http",
            "method": "POST",
            "path": path,
            "raw_path": path.encode(),
            "root_path": "",
            "query_string": b"",
            "headers": [(b"authorization", f"Bearer {KEY}".encode()), (b"content-type", b"application/json")],
        }
        coming: list[Message] = [
            {"type": "http.request", "body": content[:9], "more_body": True},
            {"type": "http.request", "body": content[9:], "more_body": False},
            {"type": "http.disconnect"},
        ]

        async def receive() -> Message:
            return coming.pop(0)

        async def send(message: Message) -> None:
            raise AssertionError("nobody is there")

        async with asyncio.timeout(5):
            await simulator.platform.app(scope, receive, send)
        assert simulator.world().driver._waiters == 0


@pytest.mark.parametrize("how", ["reset", "snapshots/before/restore"])
async def test_who_waits_is_told_when_the_world_ends_that_they_wait_for(quiet: Simulator, how: str) -> None:
    await quiet.do("POST", "/_mock/snapshots", {"name": "before"})
    held = {"expect": [{"event": "call.hangup"}], "wait_secs": 300}
    waiting = asyncio.create_task(wait(quiet, name="call.hangup", timeout=300))
    holding = asyncio.create_task(quiet.ask("POST", "/_mock/expect", held))
    await asyncio.sleep(0.01)
    await quiet.do("POST", f"/_mock/{how}")
    async with asyncio.timeout(5):
        answer, verdict = await waiting, await holding
    assert answer.status_code == 409
    assert answer.json()["errors"][0]["detail"].startswith("0 of 1 came before this world ended; time is held by ")
    assert verdict.json()["data"]["held"] is False


# Sending again -------------------------------------------------------------------------------------------------------


async def test_a_past_webhook_is_sent_again_with_the_same_id_and_a_new_signature(simulator: Simulator) -> None:
    await simulator.ring()
    await simulator.world().idle()
    (webhook,) = await simulator.events(kind="webhook")
    for number, which in ((2, {"event_id": webhook["data"]["id"]}), (3, {"seq": webhook["seq"]})):
        again = await simulator.do("POST", "/_mock/deliveries", which)
        assert again == {
            "event_id": webhook["data"]["id"],
            "name": "call.initiated",
            "attempt": number,
            "urls": [HOOKS],
        }
        await simulator.world().idle()
    assert [delivery["attempt"] for delivery in await listed(simulator, "deliveries")] == [1, 2, 3]
    assert len({request.body for request in simulator.posted}) == 3  # `meta.attempt` differs
    assert len({request.headers["Telnyx-Signature-Ed25519"] for request in simulator.posted}) == 3


async def test_a_webhook_without_a_destination_is_sent_where_one_says(quiet: Simulator) -> None:
    await quiet.ring()
    (webhook,) = await quiet.events(kind="webhook")
    response = await quiet.ask("POST", "/_mock/deliveries", {"seq": webhook["seq"]})
    assert (response.status_code, response.json()["errors"][0]["detail"]) == (
        409,
        "It had no destination: name a url.",
    )
    await quiet.do("POST", "/_mock/deliveries", {"seq": webhook["seq"], "url": HOOKS})
    await quiet.world().idle()
    assert [request.url for request in quiet.posted] == [HOOKS]


async def test_what_is_still_on_its_way_or_unknown_is_not_sent_again(simulator: Simulator) -> None:
    await simulator.ring()
    (webhook,) = await simulator.events(kind="webhook")
    assert await simulator.refused("POST", "/_mock/deliveries", {"seq": webhook["seq"]}) == [("409", "")]
    assert await simulator.refused("POST", "/_mock/deliveries", {"seq": 999}) == [("10005", "/seq")]
    assert await simulator.refused("POST", "/_mock/deliveries", {"event_id": "x"}) == [("10005", "/event_id")]


# Holds ---------------------------------------------------------------------------------------------------------------


async def test_time_is_held_until_it_is_let_go() -> None:
    async with simulating(clock="auto", webhook_url=None) as simulator:
        held = await simulator.do("POST", "/_mock/clock/holds", {"name": "worker"})
        assert held == {"name": "worker", "seconds_left": 60}
        await simulator.dial()
        await asyncio.sleep(0.1)
        told = await simulator.do("GET", "/_mock/clock")
        assert (told["now"], told["holds"]) == ("2026-01-01T00:00:00.000000Z", ["worker"])
        (listed,) = await simulator.do("GET", "/_mock/clock/holds")
        assert (listed["name"], 59 < listed["seconds_left"] < 60) == ("worker", True)
        assert (await simulator.do("DELETE", "/_mock/clock/holds/worker"))["holds"] == []
        assert (await wait(simulator, name="call.answered")).status_code == 200
        assert await simulator.refused("DELETE", "/_mock/clock/holds/worker") == [("10005", "/name")]


async def test_a_hold_ends_by_itself_and_can_begin_anew(simulator: Simulator) -> None:
    await simulator.do("POST", "/_mock/clock/holds", {"name": "worker"})
    await simulator.do("POST", "/_mock/clock/holds", {"name": "worker", "seconds": 0.02})
    await simulator.advance(1)  # returns when time is not held any more
    assert await simulator.do("GET", "/_mock/clock/holds") == []


async def test_there_are_only_so_many_holds(simulator: Simulator) -> None:
    for number in range(MOST):
        await simulator.do("POST", "/_mock/clock/holds", {"name": f"worker-{number}"})
    assert await simulator.refused("POST", "/_mock/clock/holds", {"name": "one.more"}) == [("409", "")]
    await simulator.do("POST", "/_mock/clock/holds", {"name": "worker-0"})
    assert clock.TOO_MANY_HOLDS.status == 409


async def test_a_clock_that_follows_the_wall_cannot_be_held() -> None:
    async with simulating(clock="real") as simulator:
        response = await simulator.ask("POST", "/_mock/clock/holds", {"name": "worker"})
        assert response.status_code == 409
        assert "cannot be held" in response.json()["errors"][0]["detail"]


# Moments -------------------------------------------------------------------------------------------------------------


async def test_a_world_goes_back_to_a_moment_and_on_again_as_often_as_wanted(simulator: Simulator) -> None:
    leg = await simulator.ring()
    await simulator.command("answer", leg)
    await simulator.advance(1)
    kept = await simulator.do("POST", "/_mock/snapshots", {"name": "answered"})
    before = await simulator.events()
    assert kept == {
        "name": "answered",
        "at": "2026-01-01T00:00:01.000000Z",
        "last_seq": before[-1]["seq"],
        "live_calls": 1,
    }
    stories = []
    for _ in range(3):
        await simulator.command("speak", leg, payload="Hello there.", voice="female")
        other = await simulator.dial()
        await simulator.advance(20)
        webhooks = await simulator.events(kind="webhook")
        stories.append((other, webhooks))
        assert await simulator.do("POST", "/_mock/snapshots/answered/restore") == kept
        assert await simulator.events() == before
    assert stories[0] == stories[1] == stories[2]
    assert await simulator.do("GET", "/_mock/snapshots") == [kept]
    assert await simulator.do("DELETE", "/_mock/snapshots/answered") == kept
    assert await simulator.do("GET", "/_mock/snapshots") == []


@pytest.mark.parametrize("mode", ["real", "fast", "auto"])
async def test_a_restored_world_moves_as_its_clock_does(mode: str) -> None:
    async with simulating(clock=mode, factor=1000.0, webhook_url=None) as simulator:
        leg = await simulator.ring(ring_secs=0.5)
        await simulator.do("POST", "/_mock/snapshots", {"name": "rings"})
        await simulator.do("POST", "/_mock/snapshots/rings/restore")
        answer = await wait(simulator, name="call.hangup", call_control_id=leg, timeout=10)
        assert answer.status_code == 200


async def test_a_reset_forgets_the_moments(simulator: Simulator) -> None:
    await simulator.do("POST", "/_mock/snapshots", {"name": "empty"})
    await simulator.do("POST", "/_mock/reset")
    assert await simulator.do("GET", "/_mock/snapshots") == []
    for method, path in (("POST", "/_mock/snapshots/empty/restore"), ("DELETE", "/_mock/snapshots/empty")):
        assert await simulator.refused(method, path) == [("10005", "/name")]


async def test_there_are_only_so_many_moments(simulator: Simulator) -> None:
    for number in range(MOST_SNAPSHOTS):
        await simulator.do("POST", "/_mock/snapshots", {"name": str(number)})
    assert await simulator.refused("POST", "/_mock/snapshots", {"name": "one.more"}) == [("409", "")]
    await simulator.do("POST", "/_mock/snapshots", {"name": "0"})
    assert moments.TOO_MANY_SNAPSHOTS.status == 409


async def test_there_are_no_more_moments_though_many_are_asked_for_at_once(simulator: Simulator) -> None:
    await simulator.ring()
    asked = (simulator.ask("POST", "/_mock/snapshots", {"name": str(number)}) for number in range(MOST_SNAPSHOTS + 5))
    answers = [answer.status_code for answer in await asyncio.gather(*asked)]
    assert sorted(answers) == [201] * MOST_SNAPSHOTS + [409] * 5


async def test_no_moment_is_kept_while_a_connection_is_open(simulator: Simulator) -> None:
    world = simulator.world()
    world.is_reaching = lambda: True
    response = await simulator.ask("POST", "/_mock/snapshots", {"name": "busy"})
    assert (response.status_code, response.json()["errors"][0]["detail"][:12]) == (409, "A WebSocket ")


# Why nothing happens -------------------------------------------------------------------------------------------------


def found(told: Json) -> list[tuple[str, str]]:
    return [(each["severity"], each["what"]) for each in told["findings"]]


async def test_an_empty_world_says_that_others_are_not(simulator: Simulator) -> None:
    await simulator.do("POST", "/_mock/calls", {"from": CALLER, "to": APP}, key="KEY_other")
    assert found(await simulator.do("GET", "/_mock/diagnose")) == [
        ("warning", "Something happens, but in worlds of other API keys."),
        ("info", "Nothing has happened in this world."),
    ]


async def test_a_call_that_nobody_answers_is_found(quiet: Simulator) -> None:
    await quiet.ring()
    await quiet.do("POST", "/_mock/clock/holds", {"name": "worker"})
    told = await quiet.do("GET", "/_mock/diagnose")
    assert ("info", "Time is held.") in found(told)
    assert ("warning", "Time stands still: the clock is moved by hand.") in found(told)
    assert ("warning", "A call to the application rings and is not answered.") in found(told)
    assert ("warning", "Webhooks have no destination.") in found(told)
    assert told["legs"] == {"parked": 1}
    assert told["kept"]["legs"] == 1
