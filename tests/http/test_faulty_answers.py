"""Faults of requests as an application meets them: other answers in process, lost ones over real sockets."""

from __future__ import annotations

import asyncio
import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit
from uuid import uuid4

import pytest

from mockserver.sim.events import Json
from tests.http.asking import APP, CALLEE, CALLER, DIAL, KEY, UNKNOWN, Simulator, simulating
from tests.sdk import live

anyio = pytest.mark.anyio


async def fault(simulator: Simulator, **fields: Any) -> Json:
    """Put a fault in store."""
    rule: Json = await simulator.do("POST", "/_mock/faults", fields)
    return rule


async def commands(simulator: Simulator) -> list[tuple[str, int | None, str | None]]:
    """The commands of the log with their status and fault."""
    found = await simulator.events(kind="command")
    return [(entry["name"], entry["data"]["status"], entry["data"].get("fault")) for entry in found]


# Rules by the control interface


@anyio
async def test_faults_are_made_listed_and_deleted(quiet: Simulator) -> None:
    first = await fault(quiet, operation="dial", nth=2, error="90041")
    second = await fault(quiet, event="call.answered", delivery="drop")
    assert first == {
        "id": "fault-1",
        "seen": 0,
        "applied": 0,
        "fault": {"operation": "dial", "nth": 2, "error": "90041", "title": "User termination channels limit exceeded"},
    }
    await quiet.dial()
    assert await quiet.refused("POST", "/v2/calls", DIAL) == [("90041", "")]
    assert await quiet.do("GET", "/_mock/faults") == [{**first, "seen": 2, "applied": 1}, second]
    assert await quiet.do("DELETE", "/_mock/faults/fault-2") == second
    assert await quiet.refused("DELETE", "/_mock/faults/fault-2") == [("10005", "/id")]
    assert len(await quiet.do("DELETE", "/_mock/faults")) == 1
    assert await quiet.do("GET", "/_mock/faults") == []


@anyio
@pytest.mark.parametrize(
    ("fields", "blamed"),
    [
        ({"operation": "dail", "status": 503}, "/operation"),
        ({"operation": "dial"}, "/operation"),
        ({"event": "*", "status": 503}, "/status"),
        ({"operation": "*", "error": "1"}, "/error"),
        ({"operation": "*", "status": 1}, "/status"),
        ({"operation": "*", "delay": 1}, "/delay"),
    ],
)
async def test_a_rule_with_a_mistake_is_refused(quiet: Simulator, fields: Json, blamed: str) -> None:
    [(_, about)] = await quiet.refused("POST", "/_mock/faults", fields)
    assert about == blamed
    assert await quiet.do("GET", "/_mock/faults") == []


@anyio
async def test_faults_are_those_of_their_world(quiet: Simulator) -> None:
    await fault(quiet, operation="dial", error="90041")
    await quiet.do("POST", "/v2/calls", DIAL, key="KEY_other")


# Other answers


@anyio
async def test_any_status_with_any_body_and_the_command_is_not_done(quiet: Simulator) -> None:
    await fault(quiet, operation="dial", nth=1, status=503, body={"error": "unwell"})
    await fault(quiet, operation="dial", nth=2, status=502, body="<h1>Bad Gateway</h1>")
    await fault(quiet, operation="dial", nth=3, status=500)
    answers = [
        await quiet.http.post("/v2/calls", json=DIAL, headers={"authorization": f"Bearer {KEY}"}) for _ in range(3)
    ]
    assert [(answer.status_code, answer.text) for answer in answers] == [
        (503, '{"error":"unwell"}'),
        (502, "<h1>Bad Gateway</h1>"),
        (500, ""),
    ]
    assert answers[1].headers["content-type"] == "text/plain; charset=utf-8"
    assert await quiet.do("GET", "/_mock/calls") == []
    assert await commands(quiet) == [
        ("dial", 503, "status 503"),
        ("dial", 502, "status 502"),
        ("dial", 500, "status 500"),
    ]


@anyio
async def test_after_a_command_was_done_its_answer_may_be_another(quiet: Simulator) -> None:
    leg = await quiet.ring()
    await fault(quiet, operation="answer", error="10007", applied="after")
    assert await quiet.refused("POST", f"/v2/calls/{leg}/actions/answer", {}) == [("10007", "")]
    [entry] = await quiet.events(kind="command")
    assert (entry["data"]["status"], entry["data"]["fault"]) == (200, "error 10007, after")
    [call] = await quiet.do("GET", "/_mock/calls")
    assert call["state"] == "answering"


@anyio
async def test_a_rate_limit_comes_with_its_headers(quiet: Simulator) -> None:
    await fault(quiet, operation="*", first=1, rate_limit={"limit": 50, "reset": 2})
    response = await quiet.ask("POST", "/v2/calls", DIAL)
    assert response.status_code == 429
    assert response.json()["errors"][0]["code"] == "10011"
    told = ("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "retry-after")
    assert [response.headers[name] for name in told] == ["50", "0", "2", "2"]
    await quiet.dial()


@anyio
async def test_questions_suffer_faults_too_and_the_log_does_not_tell(quiet: Simulator) -> None:
    leg = await quiet.ring()
    await fault(quiet, operation="retrieve_call", nth=1, status=504)
    response = await quiet.http.get(f"/v2/calls/{leg}", headers={"authorization": f"Bearer {KEY}"})
    assert response.status_code == 504
    assert await commands(quiet) == []
    assert [one.warnings for one in quiet.exchanges if one.status == 504] == [("fault: status 504",)]
    await quiet.do("GET", f"/v2/calls/{leg}")


@anyio
async def test_what_the_contract_refuses_is_refused_and_counts_for_no_rule(quiet: Simulator) -> None:
    await fault(quiet, operation="dial", status=503)
    assert await quiet.refused("POST", "/v2/calls", {**DIAL, "to": 1}) != []
    [rule] = await quiet.do("GET", "/_mock/faults")
    assert rule["seen"] == 0


@anyio
async def test_a_fault_reaches_made_up_answers_too() -> None:
    async with simulating(contract=True, webhook_url=None) as simulator:
        await fault(simulator, operation="speak", nth=1, rate_limit=True)
        path = f"/v2/calls/{UNKNOWN}/actions/speak"
        body = {"payload": "Hello.", "voice": "female"}
        assert await simulator.refused("POST", path, body) == [("10011", "")]
        await simulator.do("POST", path, body)


# Late ones


@anyio
async def test_a_latency_lets_simulated_time_pass_and_what_is_due_in_it_comes_first() -> None:
    async with simulating(clock="auto") as simulator:
        await fault(simulator, operation="dial", latency=90, applied="after")
        await fault(simulator, operation="retrieve_call", latency=30)
        leg = await simulator.dial(to=CALLEE)
        told = [entry["name"] for entry in await simulator.events() if entry["kind"] in ("command", "webhook")]
        assert told[:3] == ["dial", "call.initiated", "call.answered"]
        began = simulator.world().simulation.now
        await simulator.do("GET", f"/v2/calls/{leg}")
        assert simulator.world().simulation.now - began == 30_000_000


@anyio
async def test_a_latency_passes_though_the_application_asks_while_it_answers_a_webhook() -> None:
    async with simulating(clock="auto") as simulator:
        await fault(simulator, operation="answer", latency=20)
        leg = await simulator.ring()
        with simulator.world().driver.hold("a webhook that is not answered yet"):
            await simulator.do("POST", f"/v2/calls/{leg}/actions/answer", {})
        [answer] = await simulator.events(kind="command")
        assert answer["at"] == "2026-01-01T00:00:20.000000Z"


@anyio
async def test_a_latency_does_not_pass_what_a_client_holds() -> None:
    async with simulating(clock="auto") as simulator:
        await fault(simulator, operation="answer", latency=20)
        leg = await simulator.ring()
        await simulator.do("POST", "/_mock/clock/holds", {"name": "worker"})
        slow = asyncio.create_task(simulator.do("POST", f"/v2/calls/{leg}/actions/answer", {}))
        await asyncio.sleep(0.1)
        assert (await simulator.do("DELETE", "/_mock/clock/holds/worker"))["now"] == "2026-01-01T00:00:00.000000Z"
        await slow


@anyio
async def test_a_slow_answer_comes_at_once_when_its_world_is_reset(quiet: Simulator) -> None:
    await fault(quiet, operation="dial", latency=90, applied="after")
    slow = asyncio.create_task(quiet.dial())
    await quiet.world().driver.wait_for(lambda entry: entry.kind == "command")
    await quiet.do("POST", "/_mock/reset", {})
    await slow


@anyio
async def test_a_latency_by_the_wall_lets_time_stand_still(quiet: Simulator) -> None:
    await fault(quiet, operation="dial", latency=0.01, wall=True)
    before = quiet.world().simulation.now
    await quiet.dial()
    assert quiet.world().simulation.now == before
    assert quiet.exchanges[-1].millis >= 10
    await fault(quiet, operation="hangup", latency=0)
    await quiet.do("POST", f"/v2/calls/{await quiet.ring()}/actions/hangup", {})


@anyio
async def test_an_event_is_delivered_before_the_response_to_its_command() -> None:
    async with simulating(clock="auto") as simulator:
        await fault(simulator, operation="dial", before_response="call.answered")
        leg = await simulator.dial(to=CALLEE)
        posted = [json.loads(request.body)["data"] for request in simulator.posted]
        assert [data["event_type"] for data in posted][:2] == ["call.initiated", "call.answered"]
        assert posted[1]["payload"]["call_control_id"] == leg


@anyio
async def test_an_event_comes_before_the_response_to_a_command_that_was_given_while_a_webhook_is_answered() -> None:
    async with simulating(clock="auto") as simulator:
        await fault(simulator, operation="answer", before_response="call.answered")
        leg = await simulator.ring()
        with simulator.world().driver.hold("a webhook that is not answered yet"):
            await simulator.do("POST", f"/v2/calls/{leg}/actions/answer", {})
            posted = [json.loads(request.body)["data"]["event_type"] for request in simulator.posted]
        assert posted == ["call.initiated", "call.answered"]


@anyio
async def test_an_event_that_comes_at_once_comes_before_the_response_too() -> None:
    async with simulating(clock="auto") as simulator:
        await fault(simulator, operation="dial", before_response="call.initiated")
        await simulator.dial(to=CALLEE)
        assert json.loads(simulator.posted[0].body)["data"]["event_type"] == "call.initiated"
        assert simulator.exchanges[-1].warnings == ("fault: before_response call.initiated, after",)


@anyio
async def test_a_response_does_not_wait_for_an_event_of_a_command_that_was_refused(simulator: Simulator) -> None:
    await fault(simulator, operation="answer", before_response="call.answered")
    assert await simulator.refused("POST", f"/v2/calls/{UNKNOWN}/actions/answer", {}) == [("90015", "/call_control_id")]


@anyio
async def test_a_response_waits_for_an_event_that_never_comes_only_so_long(quiet: Simulator) -> None:
    quiet.world().answer_kept_secs = 0.01
    await fault(quiet, operation="dial", before_response="call.hangup")
    await quiet.dial()
    assert "call.hangup was not delivered within 0.01 s" in quiet.exchanges[-1].warnings[0]


@anyio
async def test_the_caller_is_gone_before_the_answer_arrives(simulator: Simulator) -> None:
    leg = await simulator.ring()
    await simulator.advance(1)
    await fault(simulator, operation="answer", number=CALLER, race="hang_up_before_command", ms=20)
    assert await simulator.refused("POST", f"/v2/calls/{leg}/actions/answer", {}) == [("90018", "")]
    told = [(entry["kind"], entry["name"]) for entry in await simulator.events() if entry["kind"] != "delivery"]
    assert told[-3:] == [("person", "hangs_up"), ("webhook", "call.hangup"), ("command", "answer")]


@anyio
async def test_the_webhooks_of_a_world_suffer_its_faults(simulator: Simulator) -> None:
    await fault(simulator, event="call.initiated", number=CALLER, state="parked", delivery="duplicate")
    leg = await simulator.ring()
    await simulator.world().idle()
    assert [json.loads(request.body)["data"]["payload"]["call_control_id"] for request in simulator.posted] == [leg] * 2
    told = [(entry["name"], entry["data"]["fault"]) for entry in await simulator.events(kind="delivery")]
    assert told == [("call.initiated", "duplicate")] * 2


# For one request, by its header


@anyio
@pytest.mark.parametrize(
    ("header", "status"),
    [
        ('{"status": 503}', 503),
        ("status=503", 503),
        ("error=90041", 422),
        ("error = 10010, title = Not authorized", 403),
        ("rate_limit", 429),
        ("rate_limit=true,latency=0", 429),
        ('{"error": "90041", "applied": "after"}', 422),
    ],
)
async def test_a_header_gives_one_request_a_fault(quiet: Simulator, header: str, status: int) -> None:
    headers = {"authorization": f"Bearer {KEY}", "x-mock-fault": header}
    response = await quiet.http.post("/v2/calls", json=DIAL, headers=headers)
    assert response.status_code == status
    await quiet.dial()


@anyio
@pytest.mark.parametrize("header", ["[]", "nth=1,status=503", "operation=dial", "stauts=503", "connection=cut", "7"])
async def test_a_header_with_a_mistake_is_refused_and_nothing_is_done(quiet: Simulator, header: str) -> None:
    response = await quiet.ask("POST", "/v2/calls", DIAL, headers={"x-mock-fault": header})
    assert response.status_code == 422
    assert "X-Mock-Fault" in response.json()["errors"][0]["detail"]
    assert await quiet.do("GET", "/_mock/calls") == []


# Lost ones: in process, where there is no connection, and over real sockets


@anyio
@pytest.mark.parametrize("effect", ["drop", "reset", "truncate"])
async def test_without_a_connection_an_answer_that_ends_is_an_error(quiet: Simulator, effect: str) -> None:
    with pytest.raises(ConnectionAbortedError):
        await quiet.ask("POST", "/v2/calls", DIAL, headers={"x-mock-fault": f"connection={effect}"})


@pytest.fixture(scope="module")
def server() -> Iterator[live.Simulator]:
    with live.serving() as simulator:
        yield simulator


@pytest.fixture
def real(server: live.Simulator) -> live.Simulator:
    return server.on(f"KEY_{uuid4().hex}")


def dial(simulator: live.Simulator, header: str = "") -> http.client.HTTPResponse:
    """Dial on a connection of its own; the answer as far as it came."""
    connection = http.client.HTTPConnection(urlsplit(simulator.url).netloc, timeout=live.LIMIT_SECS)
    try:
        headers = {"Authorization": f"Bearer {simulator.key}", "Content-Type": "application/json"}
        body = json.dumps({"connection_id": live.CONNECTION, "from": APP, "to": CALLEE})
        connection.request("POST", "/v2/calls", body, {**headers, **({"X-Mock-Fault": header} if header else {})})
        return connection.getresponse()
    finally:
        connection.close()


@pytest.mark.parametrize(
    ("effect", "raised"), [("drop", http.client.RemoteDisconnected), ("reset", ConnectionResetError)]
)
@pytest.mark.parametrize(("applied", "calls"), [("before", 0), ("after", 1)])
def test_a_connection_ends_without_an_answer(
    real: live.Simulator, effect: str, raised: type[Exception], applied: str, calls: int
) -> None:
    real.control("POST", "/faults", {"operation": "dial", "nth": 1, "connection": effect, "applied": applied})
    with pytest.raises(ConnectionError) as ended:
        dial(real)
    assert ended.type is raised
    assert len(real.control("GET", "/calls")["data"]) == calls
    [entry] = real.log("&kind=command")
    assert (entry["data"]["status"], entry["data"]["fault"].startswith(f"connection {effect}")) == (
        200 if calls else None,
        True,
    )
    assert dial(real).status == 200


def test_a_body_ends_too_early(real: live.Simulator) -> None:
    connection = http.client.HTTPConnection(urlsplit(real.url).netloc, timeout=live.LIMIT_SECS)
    headers = {
        "Authorization": f"Bearer {real.key}",
        "Content-Type": "application/json",
        "X-Mock-Fault": "connection=truncate",
    }
    body = json.dumps({"connection_id": live.CONNECTION, "from": APP, "to": CALLEE})
    connection.request("POST", "/v2/calls", body, headers)
    response = connection.getresponse()
    assert response.status == 200
    with pytest.raises(http.client.IncompleteRead) as cut:
        response.read()
    connection.close()
    assert len(cut.value.partial) == int(response.headers["Content-Length"]) // 2
    assert len(real.control("GET", "/calls")["data"]) == 1


# The official SDK asks again by itself


@pytest.mark.parametrize(
    "effect",
    [
        {"rate_limit": {"limit": 10, "reset": 1}},
        {"status": 503},
        {"error": "10007", "status": 500, "applied": "after"},
        {"connection": "drop"},
        {"connection": "drop", "applied": "after"},
        {"connection": "reset", "applied": "after"},
    ],
    ids=str,
)
def test_the_official_sdk_asks_again_and_a_command_id_lets_nothing_happen_twice(
    real: live.Simulator, effect: Json
) -> None:
    real.control("POST", "/faults", {"operation": "dial", "first": 1, **effect})
    with real.client(max_retries=1) as client:
        answer = client.calls.dial(connection_id=live.CONNECTION, from_=APP, to=CALLEE, command_id="one")
    [call] = real.control("GET", "/calls")["data"]
    assert answer.data is not None
    assert answer.data.call_control_id == call["call_control_id"]
    done = [
        entry["data"].get("repeated", False) for entry in real.log("&kind=command") if "errors" not in entry["data"]
    ]
    assert done == ([False, True] if effect.get("applied") == "after" else [False])
