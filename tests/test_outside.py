"""Requests and WebSockets to an application on a real socket, and the time that they hold."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from aiohttp import WSCloseCode, WSMsgType, web

from mockserver.driver import Driver
from mockserver.outside import Limits, Network, WebSocket, certified
from mockserver.sim.clock import Clock
from mockserver.sim.outside import Ask, NoSocket, Nowhere, Reply
from mockserver.sim.simulation import Simulation

pytestmark = pytest.mark.anyio

LIMIT = 5.0
Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass
class Told:
    """A listener that keeps what it is told."""

    what: list[Any] = field(default_factory=list)
    came: asyncio.Event = field(default_factory=asyncio.Event)

    def opened(self, simulation: Simulation) -> None:
        self.tell("opened")

    def received(self, simulation: Simulation, message: str | bytes) -> None:
        self.tell(message)

    def closed(self, simulation: Simulation, problem: str) -> None:
        self.tell(("closed", problem))

    def tell(self, what: Any) -> None:
        self.what.append(what)
        self.came.set()

    async def count(self, number: int) -> list[Any]:
        """Wait until so much was told."""
        async with asyncio.timeout(LIMIT):
            while len(self.what) < number:
                self.came.clear()
                await self.came.wait()
        return self.what


@asynccontextmanager
async def application(handler: Handler) -> AsyncIterator[str]:
    """An application on a port of its own: host and port."""
    app = web.Application()
    app.router.add_route("*", "/{tail:.*}", handler)
    runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        yield f"127.0.0.1:{runner.addresses[0][1]}"
    finally:
        await runner.cleanup()


@asynccontextmanager
async def network(**limits: Any) -> AsyncIterator[Network]:
    """A network of an empty world on the clock that skips; whatever it started is over after the block."""
    others = asyncio.all_tasks()
    clock = Clock.start("auto")
    driver = Driver(Simulation(start=clock.started), clock, cushion=0.0)
    net = Network(driver, lambda body: {"telnyx-signature-ed25519": f"signed {len(body)}"}, Limits(**limits))
    driver.simulation.outside = net
    try:
        yield net
    finally:
        await net.close()
        await driver.close()
        assert driver.holds == []
        if left := asyncio.all_tasks() - others:
            _, left = await asyncio.wait(left, timeout=LIMIT)
        assert not left


async def echo(request: web.Request) -> web.StreamResponse:
    """A WebSocket that sends back what it gets, behind the token that came with the handshake."""
    peer = web.WebSocketResponse()
    await peer.prepare(request)
    await peer.send_str(request.headers.get("x-token", "none"))
    async for message in peer:
        await peer.send_str(message.data)
    return peer


def open_socket(net: Network, url: str, told: Told, **headers: str) -> WebSocket:
    return net.connect(net.driver.simulation, url, headers, told)


# WebSockets


async def test_messages_arrive_in_order_and_so_do_the_answers() -> None:
    async with application(echo) as at, network() as net:
        told = Told()
        socket = open_socket(net, f"ws://{at}/media", told, **{"x-token": "letmein"})
        assert net.driver.holds == [f"connection to {at}"]
        for number in range(5):  # before it is up, awaited and not
            socket.send({"number": number, "text": "ü\ud800"}, awaited=number % 2 == 0)
        seen = await told.count(7)
        assert seen[:2] == ["opened", "letmein"]
        assert [json.loads(text) for text in seen[2:]] == [{"number": n, "text": "ü\ud800"} for n in range(5)]
        socket.close()
        socket.send({"number": 5})
        assert socket.task is not None
        await asyncio.wait_for(socket.task, LIMIT)
        assert len(told.what) == 7


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("ws://127.0.0.1:9/", "nothing listens at 127.0.0.1:9 (connection refused)"),
        ("http://{at}/", "it is not a valid ws or wss URL"),
        ("ws://", "it is not a valid ws or wss URL"),
        ("shop", "it is not a valid ws or wss URL"),
        ("ws://{at}/missing", "the application answered the handshake with 404"),
        ("ws://{at}/silent", "no answer within 0.2 s"),
    ],
)
async def test_why_there_is_no_connection(url: str, problem: str) -> None:
    never = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        if request.path == "/silent":
            await never.wait()
        return web.Response(status=404)

    async with application(handler) as at, network(connect_secs=0.2) as net:
        told = Told()
        open_socket(net, url.format(at=at), told).send({"event": "never"})
        assert await told.count(1) == [("closed", problem)]
        never.set()


async def test_time_is_held_until_an_awaited_message_has_arrived_and_not_for_others() -> None:
    async with application(echo) as at, network() as net:
        told = Told()
        socket = open_socket(net, f"ws://{at}/", told)
        await told.count(2)
        socket.send({"n": 1}, awaited=False)
        assert net.driver.holds == []
        socket.send({"n": 2})
        assert net.driver.holds == ["message to a WebSocket"]
        woken = asyncio.ensure_future(net.driver.sleep(3600))
        await told.count(4)
        async with asyncio.timeout(LIMIT):
            await woken
        assert net.driver.holds == []


async def test_an_application_that_never_pongs_is_waited_for_only_so_long() -> None:

    async def deaf(request: web.Request) -> web.StreamResponse:
        peer = web.WebSocketResponse(autoping=False)
        await peer.prepare(request)
        async for _ in peer:
            pass
        return peer

    async with application(deaf) as at, network(arrival_secs=0.2) as net:
        told = Told()
        socket = open_socket(net, f"ws://{at}/", told)
        await told.count(1)
        began = time.monotonic()
        socket.send({"n": 1})
        await asyncio.wait_for(net.driver.sleep(3600), LIMIT)
        assert 0.15 < time.monotonic() - began < 2
        socket.send({"n": 2})
        await asyncio.wait_for(net.driver.sleep(3600), LIMIT)


@pytest.mark.parametrize("code", [1000, 4000])
async def test_the_application_closes(code: int) -> None:
    async def leaving(request: web.Request) -> web.StreamResponse:
        peer = web.WebSocketResponse()
        await peer.prepare(request)
        await peer.send_bytes(b"bye")
        await peer.close(code=code)
        return peer

    async with application(leaving) as at, network() as net:
        told = Told()
        socket = open_socket(net, f"ws://{at}/", told)
        assert await told.count(3) == [
            "opened", b"bye", ("closed", f"the application closed the connection with code {code}")
        ]  # fmt: skip
        socket.send({"n": 1})
        socket.close()
        assert net.driver.holds == []


async def test_we_close_behind_what_is_still_to_be_sent_with_the_code_that_is_wanted() -> None:
    got: list[Any] = []
    over = asyncio.Event()

    async def keeping(request: web.Request) -> web.StreamResponse:
        peer = web.WebSocketResponse()
        await peer.prepare(request)
        async for message in peer:
            got.append(message.json())
        got.append(peer.close_code)
        over.set()
        return peer

    async with application(keeping) as at, network() as net:
        told = Told()
        socket = open_socket(net, f"ws://{at}/", told)
        for number in range(100):
            socket.send({"n": number}, awaited=number == 99)
        socket.close(1001)
        socket.close(1002)
        await asyncio.wait_for(over.wait(), LIMIT)
        assert got == [*({"n": number} for number in range(100)), WSCloseCode.GOING_AWAY]
        assert told.what == []


async def test_a_ping_is_answered() -> None:
    async def pinging(request: web.Request) -> web.StreamResponse:
        peer = web.WebSocketResponse(autoping=False)
        await peer.prepare(request)
        await peer.ping(b"there?")
        answer = await peer.receive()
        await peer.send_str(f"{answer.type == WSMsgType.PONG} {answer.data.decode()}")
        return peer

    async with application(pinging) as at, network() as net:
        told = Told()
        open_socket(net, f"ws://{at}/", told)
        assert (await told.count(2))[1] == "True there?"


async def test_what_is_too_long_breaks_the_connection() -> None:

    async def shouting(request: web.Request) -> web.StreamResponse:
        peer = web.WebSocketResponse()
        await peer.prepare(request)
        await peer.send_str("x" * 1000)
        await peer.receive()
        return peer

    async with application(shouting) as at, network(most_message=100) as net:
        told = Told()
        open_socket(net, f"ws://{at}/", told)
        (what, problem) = (await told.count(2))[1]
        assert what == "closed"
        assert problem.startswith("the connection broke") or "1009" in problem


async def test_an_application_that_does_not_read_is_cut_and_does_not_stop_time() -> None:
    never = asyncio.Event()

    async def busy(request: web.Request) -> web.StreamResponse:
        peer = web.WebSocketResponse()
        await peer.prepare(request)
        await never.wait()
        return peer

    async with application(busy) as at, network(arrival_secs=0.1, close_secs=0.1, most_waiting=50) as net:
        told, other = Told(), Told()
        socket, closed = open_socket(net, f"ws://{at}/", told), open_socket(net, f"ws://{at}/", other)
        await told.count(1)
        await other.count(1)
        closed.send({"much": "x" * 30_000_000})
        closed.close()
        for _ in range(10):
            socket.send({"much": "x" * 3_000_000})
        await asyncio.wait_for(net.driver.sleep(3600), LIMIT)
        for _ in range(50):
            socket.send({"event": "media"}, awaited=False)
        assert (await told.count(2))[1] == ("closed", "the application does not read what it is sent")
        assert (socket.task, closed.task) != (None, None)
        for task in (socket.task, closed.task):
            assert task is not None
            await asyncio.wait([task], timeout=LIMIT)
            assert task.done()
        assert (len(told.what), other.what) == (2, ["opened"])
        never.set()


async def test_one_that_is_closed_while_it_is_made_tells_nobody() -> None:
    async with application(echo) as at, network() as net:
        told = Told()
        socket = open_socket(net, f"ws://{at}/", told)
        socket.close()
        assert socket.task is not None
        await asyncio.wait_for(socket.task, LIMIT)
        assert (told.what, net.driver.holds) == ([], [])


async def test_a_listener_that_fails_is_logged_and_holds_nothing(caplog: pytest.LogCaptureFixture) -> None:
    class Failing(Told):
        def opened(self, simulation: Simulation) -> None:
            raise ZeroDivisionError

    async with application(echo) as at, network() as net:
        socket = open_socket(net, f"ws://{at}/", Failing())
        assert socket.task is not None
        await asyncio.wait([socket.task], timeout=LIMIT)
        await asyncio.sleep(0)
        assert net.driver.holds == []
    assert "what came from outside could not be told" in caplog.text


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://localhost:1/", False),
        ("wss://127.0.0.1:1/", False),
        ("wss://app.example/", True),
        ("ws://localhost/", True),
        ("wss://[", True),
    ],
)
async def test_certificates_are_verified_except_on_loopback(url: str, expected: bool) -> None:
    assert certified(url) is expected


# Requests


async def ask(net: Network, wanted: Ask) -> Reply:
    """Make a request; it holds time as long as it lasts."""
    replies: list[Reply] = []
    came = asyncio.Event()

    def then(reply: Reply) -> None:
        replies.append(reply)
        came.set()

    net.ask(net.driver.simulation, wanted, then)
    assert len(net.driver.holds) == 1
    await asyncio.wait_for(came.wait(), LIMIT)
    return replies[0]


async def test_a_request_brings_a_status_and_a_body() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        about = [request.method, (await request.read()).decode(), request.headers["x-a"], request.headers["User-Agent"]]
        about.append(request.headers.get("telnyx-signature-ed25519", ""))
        return web.json_response(about, status=201)

    async with application(handler) as at, network() as net:
        wanted = Ask(f"http://{at}/", "POST", {"x-a": "1"}, b"hello", signed=True)
        reply = await ask(net, wanted)
        assert (reply.status, json.loads(reply.body), reply.problem, reply.is_success) == (
            201, ["POST", "hello", "1", "telnyx-webhooks", "signed 5"], "", True
        )  # fmt: skip
        reply = await ask(net, Ask(f"http://{at}/", headers={"x-a": "2"}))
        assert json.loads(reply.body) == ["GET", "", "2", "telnyx-webhooks", ""]


async def test_redirects_are_not_followed() -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        return web.Response(status=302, headers={"Location": "/other"})

    async with application(handler) as at, network() as net:
        reply = await ask(net, Ask(f"http://{at}/"))
        assert (reply.status, reply.is_success) == (302, False)


@pytest.mark.parametrize(("size", "problem"), [(1000, ""), (1001, "more than 1,000 bytes came")])
async def test_what_is_too_large_is_a_failure(size: int, problem: str) -> None:
    async def handler(request: web.Request) -> web.StreamResponse:
        response = web.StreamResponse()
        await response.prepare(request)
        for _ in range(size):
            await response.write(b"x")
        return response

    async with application(handler) as at, network() as net:
        reply = await ask(net, Ask(f"http://{at}/", most=1000))
        assert (reply.problem, len(reply.body)) == (problem, 0 if problem else 1000)


async def test_an_answer_that_does_not_come_in_time_is_a_failure() -> None:
    never = asyncio.Event()

    async def handler(request: web.Request) -> web.StreamResponse:
        await never.wait()
        return web.Response()

    async with application(handler) as at, network() as net:
        reply = await ask(net, Ask(f"http://{at}/", timeout_secs=0.1))
        assert (reply.status, reply.problem) == (0, "no answer within 0.1 s")
        never.set()


async def test_one_that_cannot_be_reached_is_a_failure() -> None:
    async with network() as net:
        reply = await ask(net, Ask("http://127.0.0.1:9/"))
        assert reply.problem == "nothing listens at 127.0.0.1:9 (connection refused)"


async def test_what_is_under_way_is_broken_off_at_the_end() -> None:
    never = asyncio.Event()
    arrived = asyncio.Semaphore(0)

    async def handler(request: web.Request) -> web.StreamResponse:
        arrived.release()
        await never.wait()
        return web.Response()

    async with application(handler) as at, network() as net:
        told = Told()
        net.ask(net.driver.simulation, Ask(f"http://{at}/"), told.tell)
        open_socket(net, f"ws://{at}/", told)
        for _ in range(2):
            await asyncio.wait_for(arrived.acquire(), LIMIT)
        await net.close()
        assert (told.what, net.driver.holds) == ([], [])
        never.set()


# Nowhere


async def test_where_there_is_nothing_outside_nobody_is_reached() -> None:
    simulation, told, replies = Simulation(), Told(), list[Reply]()
    nowhere = Nowhere()
    socket = nowhere.connect(simulation, "ws://a.example", {}, told)
    nowhere.ask(simulation, Ask("http://a.example"), replies.append)
    assert isinstance(socket, NoSocket)
    socket.send({})
    socket.close()
    assert told.what == []
    simulation.advance(1)
    assert told.what == [("closed", "nothing outside the simulation can be reached")]
    assert [reply.problem for reply in replies] == ["nothing outside the simulation can be reached"]
