"""Requests as nobody should send them: every one gets an answer in the platform's form, and none stops the server."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterable
from urllib.parse import unquote

import pytest
from starlette.types import Message, Scope

from mockserver.http.control import HANDLERS
from mockserver.http.edge import Answer, Incoming, serve
from mockserver.server import Platform, running
from mockserver.settings import Config
from tests.http.asking import CONTROL, DIAL, KEY, Simulator, simulating

pytestmark = pytest.mark.anyio

HEADERS = [(b"authorization", f"Bearer {KEY}".encode()), (b"content-type", b"application/json")]


async def exchange(
    platform: Platform,
    method: str,
    path: bytes,
    chunks: Iterable[bytes | None] = (b"",),
    query: bytes = b"",
    headers: Iterable[tuple[bytes, bytes]] = HEADERS,
) -> tuple[int, object] | None:
    """One request, byte for byte; None as a chunk is a client that goes. The status and the body, if any came."""
    left = list(chunks)
    sent: list[Message] = []

    async def receive() -> Message:
        chunk = left.pop(0) if left else None
        if chunk is None:
            return {"type": "http.disconnect"}
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    async def send(message: Message) -> None:
        sent.append(message)

    scope: Scope = {
        "type": "http",
        "method": method,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "root_path": "",
        "query_string": query,
        "headers": list(headers),
    }
    await platform.app(scope, receive, send)
    if not sent:
        return None
    start, body = sent
    assert (b"content-type", b"application/json") in start["headers"]
    assert any(name == b"x-request-id" for name, _ in start["headers"])
    return start["status"], json.loads(body["body"])


def codes(answer: tuple[int, object] | None) -> tuple[int, list[str]]:
    assert answer is not None
    status, body = answer
    assert isinstance(body, dict)
    return status, [error["code"] for error in body.get("errors", ())]


PATHS = [
    b"/",
    b"/v2",
    b"/v2/",
    b"/v2//calls",
    b"//v2/calls",
    b"/v3/calls",
    b"/calls",
    b"/v2/calls/../calls/x/y",
    b"/v2/%2e%2e/calls",
    b"/v2/calls/x/actions",
    b"/v2/calls/x/actions/",
    b"/v2/calls/x/actions/nonsense",
    b"/v2/\xff\xfe",
    b"/v2/%ff",
    b"/v2/%00",
    b"/v2/%",
    b"/v2/" + b"x" * 100_000,
    b"/v2" + b"/x" * 10_000,
    b"/_mock/",
    b"/_mock/calls/x",
    b"/_mockery",
    b"/v2/%0a",
    b"/_mock/%0d%0a",
    b"/%0a",
    b"/v2x/calls",
]


@pytest.mark.parametrize("path", PATHS, ids=lambda path: repr(path[:24]))
async def test_a_path_that_is_none_is_not_found(quiet: Simulator, path: bytes) -> None:
    assert codes(await exchange(quiet.platform, "GET", path)) == (404, ["10005"])


@pytest.mark.parametrize("method", ["HEAD", "OPTIONS", "TRACE", "DELETE", "PATCH", "get", "BREW", "PROPFIND", "*"])
async def test_a_method_that_a_path_has_not_is_refused(quiet: Simulator, method: str) -> None:
    assert codes(await exchange(quiet.platform, method, b"/v2/calls")) == (405, ["10030"])
    assert codes(await exchange(quiet.platform, method, b"/_mock/reset")) == (405, ["10030"])
    assert codes(await exchange(quiet.platform, method, b"/v2/nothing")) == (404, ["10005"])


async def test_who_forgot_the_version_is_told_so(quiet: Simulator) -> None:
    await quiet.refused("POST", "/calls", DIAL)
    assert quiet.exchanges[-1].warnings == (
        "no such path: /calls; the API begins with /v2, does TELNYX_BASE_URL end with it?",
    )


IDS = [b"v3:unknown", b"v3%3Aunknown", b"%", b"%zz", b"%00", b"%0a%0d", b"%ff", b"\xc3\xa9", b"x" * 50_000, b"%2e%2e"]


@pytest.mark.parametrize("call_control_id", IDS, ids=lambda value: repr(value[:24]))
async def test_an_id_in_any_bytes_is_unknown(quiet: Simulator, call_control_id: bytes) -> None:
    path = b"/v2/calls/" + call_control_id
    assert codes(await exchange(quiet.platform, "GET", path)) == (422, ["90015"])
    assert codes(await exchange(quiet.platform, "POST", path + b"/actions/hangup", [b"{}"])) == (422, ["90015"])
    assert codes(await exchange(quiet.platform, "POST", b"/_mock/calls/" + call_control_id + b"/answer")) == (
        404,
        ["10005"],
    )


async def test_an_id_with_a_slash_in_it_is_one_id(quiet: Simulator) -> None:
    assert codes(await exchange(quiet.platform, "GET", b"/v2/calls/a%2Fb")) == (422, ["90015"])


BODY = json.dumps(DIAL).encode()


async def test_a_body_may_come_in_pieces(quiet: Simulator) -> None:
    pieces = [BODY[at : at + 1] for at in range(len(BODY))]
    assert codes(await exchange(quiet.platform, "POST", b"/v2/calls", [b"", *pieces, b""])) == (200, [])


async def test_a_client_that_goes_in_the_middle_of_a_body_changes_nothing(quiet: Simulator) -> None:
    for path in (b"/v2/calls", b"/_mock/calls"):
        assert await exchange(quiet.platform, "POST", path, [BODY[:20], None]) is None
    stream = [(b"accept", b"text/event-stream")]
    assert await exchange(quiet.platform, "GET", b"/_mock/events", [None], headers=stream) is None
    assert quiet.exchanges == []
    assert quiet.world().simulation.log.last_seq == 0


@pytest.mark.parametrize("path", [b"/v2/calls", b"/_mock/calls", b"/nothing"])
async def test_a_body_without_an_end_is_not_kept(quiet: Simulator, path: bytes) -> None:
    assert codes(await exchange(quiet.platform, "POST", path, [b"x" * 65_536] * 200)) == (413, ["10027"])


QUERIES = [
    b"%",
    b"%ff",
    b"&&==&",
    b"page[limit]",
    b"page[limit]=1&page[limit]=x",
    b"page=1",
    b"page[]=1",
    b"a" * 50_000,
]


@pytest.mark.parametrize("query", QUERIES, ids=lambda query: repr(query[:24]))
async def test_a_query_in_any_bytes_is_answered(quiet: Simulator, query: bytes) -> None:
    for path in (b"/v2/connections/1/active_calls", b"/_mock/events"):
        status, _ = codes(await exchange(quiet.platform, "GET", path, query=query))
        assert status in (200, 400, 422)


KEYS = [b"Bearer", b"Bearer ", b"", b"\xff", b"Bearer a b", b"Bearer " + b"x" * 513, b"Basic eDp4", b"Token KEY"]


@pytest.mark.parametrize("header", KEYS, ids=lambda header: repr(header[:16]))
async def test_credentials_that_are_none_are_refused_and_make_no_world(quiet: Simulator, header: bytes) -> None:
    for path in (b"/v2/connections/1/active_calls", b"/_mock/clock"):
        answer = await exchange(quiet.platform, "GET", path, headers=[(b"authorization", header)])
        assert codes(answer) == (401, ["10009"])
    assert quiet.platform.worlds.all() == []


async def test_a_defect_of_ours_is_a_500_in_the_platforms_form_and_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: Message) -> None:
        sent.append(message)

    async def fails(_: Incoming) -> Answer:
        raise RuntimeError("a defect")

    scope = {"type": "http", "method": "GET", "path": "/x", "query_string": b"", "headers": []}
    with caplog.at_level(logging.ERROR, "mockserver"):
        await serve(scope, receive, send, fails, lambda exchange: None)
    assert sent[0]["status"] == 500
    assert json.loads(sent[1]["body"])["errors"][0]["code"] == "10007"
    assert caplog.messages == ["GET /x failed: a defect of the simulator"]


async def test_many_keys_do_not_fill_the_memory(quiet: Simulator) -> None:
    for number in range(1_100):
        await exchange(quiet.platform, "GET", b"/_mock/clock", headers=[(b"authorization", b"Bearer %d" % number)])
    assert len(quiet.platform.worlds.all()) == 1_000


async def test_nothing_is_left_running() -> None:
    others = asyncio.all_tasks()
    async with simulating(clock="auto") as simulator:
        for key in ("KEY_a", "KEY_b"):
            await simulator.do("POST", "/v2/calls", DIAL, key=key)
            await simulator.do("POST", "/_mock/reset", key=key)
        await simulator.dial()
    assert asyncio.all_tasks() == others


# Over a socket, what the HTTP server answers before us ---------------------------------------------------------------


async def talk(url: str, request: bytes) -> bytes:
    """Send bytes; what comes back until the server closes, or a whole answer has come."""
    host, _, port = url.removeprefix("http://").partition(":")
    reader, writer = await asyncio.open_connection(host, int(port))
    writer.write(request)
    writer.write_eof()
    try:
        async with asyncio.timeout(5):
            return await reader.read()
    finally:
        writer.close()
        await writer.wait_closed()


REQUESTS = [
    b"nonsense\r\n\r\n",
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
    b"GET /v2/calls HTTP/9.9\r\n\r\n",
    b"GET /v2/nothing HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Large: " + b"x" * 200_000 + b"\r\n\r\n",
    b"POST /v2/calls HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
    b"POST /v2/calls HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
    b"POST /v2/calls HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n{",
    b"",
]


async def test_bytes_that_are_no_request_stop_nothing() -> None:
    async with running(Config(port=0)) as (_, url):
        for request in REQUESTS:
            await talk(url, request)
        request = b"HEAD /_mock/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        head, _, rest = (await talk(url, request)).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 405")
        assert rest == b""
        request = b"GET /_mock/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
        assert (await talk(url, request)).startswith(b"HTTP/1.1 200")


async def test_a_chunked_body_is_a_body() -> None:
    async with running(Config(port=0)) as (_, url):
        head = b"POST /_mock/reset HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Type: application/json\r\n"
        body = b'Transfer-Encoding: chunked\r\n\r\n5\r\n{"see\r\n6\r\nd": 9}\r\n0\r\n\r\n'
        answer = await talk(url, head + body)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b'"seed":9' in answer


def test_the_specification_of_the_control_interface_has_every_operation() -> None:
    assert {operation.name for operation in CONTROL.operations} == HANDLERS.keys()
