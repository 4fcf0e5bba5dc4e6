"""A simulator on a real socket, and an application that it tells what happens: both in threads of this process."""

from __future__ import annotations

import asyncio
import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any, cast
from urllib.request import Request, urlopen

import pytest
import telnyx

from mockserver.http.contract import Contract
from mockserver.server import running
from mockserver.settings import Config
from mockserver.sim.events import Json
from tests.sdk.waited import Client

APP = "+12025550100"
CALLER = "+12025550143"
CALLEE = "+12025550162"
CONNECTION = "2790114250386114973"
BOTH_CLIENTS = pytest.mark.parametrize("simulator", ["sync", "async"], indirect=True)
LIMIT_SECS = 10.0
"""How long anything that a test waits for may take, in real seconds."""


@dataclass(frozen=True)
class Simulator:
    """Where a simulator is, the key of the world that is meant, and the public key of its webhooks."""

    url: str
    public_key: str
    contract: Contract
    key: str = "KEY_test"
    waits: bool = False

    def on(self, key: str, waits: bool = False) -> Simulator:
        """The same with another key; one that `waits` gives the asynchronous client, which looks like the other one."""
        return replace(self, key=key, waits=waits)

    def client(self, **options: Any) -> telnyx.Telnyx:
        """The official client, unmodified but for its address."""
        if self.waits:
            waited: Any = Client(self.async_client(**options))
            return cast(telnyx.Telnyx, waited)
        known = {"api_key": self.key, "base_url": f"{self.url}/v2", "public_key": self.public_key}
        return telnyx.Telnyx(**{**known, **options})

    def async_client(self, **options: Any) -> telnyx.AsyncTelnyx:
        known = {"api_key": self.key, "base_url": f"{self.url}/v2", "public_key": self.public_key}
        return telnyx.AsyncTelnyx(**{**known, **options})

    def control(self, method: str, path: str, body: Json | None = None) -> Any:
        """Ask the control interface."""
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        data = None if body is None else json.dumps(body).encode()
        request = Request(f"{self.url}/_mock{path}", data, headers, method=method)
        with urlopen(request, timeout=LIMIT_SECS) as response:
            return json.load(response)

    def ring(self, **more: Any) -> str:
        """Somebody calls the application; the leg's id."""
        placed = self.control("POST", "/calls", {"from": CALLER, "to": APP, "connection_id": CONNECTION, **more})
        call_control_id: str = placed["data"]["call_control_id"]
        return call_control_id

    def log(self, query: str = "") -> list[Json]:
        """The log of this world."""
        data: list[Json] = self.control("GET", f"/events?limit=1000{query}")["data"]
        return data


@contextmanager
def serving(**options: Any) -> Iterator[Simulator]:
    """A simulator on a free port, on the clock that skips."""
    told: queue.Queue[Simulator | BaseException] = queue.Queue()
    stopping: list[tuple[asyncio.AbstractEventLoop, asyncio.Event]] = []

    async def serve() -> None:
        stop = asyncio.Event()
        stopping.append((asyncio.get_running_loop(), stop))
        async with running(Config(**{"port": 0, "clock": "auto", "webhook_timeout": 30.0, **options})) as (
            platform,
            url,
        ):
            told.put(Simulator(url, platform.signer.public_key, platform.contract))
            await stop.wait()

    def run() -> None:
        try:
            asyncio.run(serve())
        except BaseException as error:
            told.put(error)
            raise

    thread = Thread(target=run, name="simulator")
    thread.start()
    simulator = told.get(timeout=LIMIT_SECS)
    if isinstance(simulator, BaseException):
        raise simulator
    try:
        yield simulator
    finally:
        loop, stop = stopping[0]
        loop.call_soon_threadsafe(stop.set)
        thread.join(LIMIT_SECS)
        assert not thread.is_alive()


@dataclass
class Application:
    """An application's webhook endpoint. It verifies every delivery with the SDK and checks it against the contract.

    `events` are the verified events as the SDK types them; what was wrong with any is in `wrong`, and fails the test
    at its end.
    """

    simulator: Simulator
    status: int = 200
    events: list[Any] = field(default_factory=list)
    raw: list[Json] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)
    url: str = ""
    _came: Event = field(default_factory=Event)

    @contextmanager
    def running(self) -> Iterator[Application]:
        """Listen on a free port as long as the block."""
        application = self
        client = self.simulator.client()

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                application.take(client, body, dict(self.headers.items()))
                self.send_response(application.status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: Any) -> None:
                """Say nothing."""

        class Endpoint(ThreadingHTTPServer):
            daemon_threads = True

        with Endpoint(("127.0.0.1", 0), Handler) as server, client:
            self.url = f"http://127.0.0.1:{server.server_address[1]}/webhooks"
            thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="application")
            thread.start()
            try:
                yield self
            finally:
                server.shutdown()
                thread.join()
        assert self.wrong == []

    def take(self, client: telnyx.Telnyx, body: str, headers: dict[str, str]) -> None:
        """Verify a delivery and keep it."""
        try:
            event = client.webhooks.unwrap(body, headers=headers)
            raw = json.loads(body)
            self.wrong += self.simulator.contract.webhook_errors(raw["data"]["event_type"], raw)
        except Exception as error:
            self.wrong.append(f"{type(error).__name__}: {error}")
        else:
            self.raw.append(raw)
            self.events.append(event)
        self._came.set()

    def wait_for(self, event_type: str, call_control_id: str, count: int = 1) -> Any:
        """Wait for an event of a leg; its payload as the SDK types it."""
        while True:
            self._came.clear()
            found = [
                event.data.payload
                for event in list(self.events)
                if event.data is not None
                and event.data.event_type == event_type
                and event.data.payload.call_control_id == call_control_id
            ]
            if len(found) >= count:
                return found[count - 1]
            assert self.wrong == []
            assert self._came.wait(LIMIT_SECS), f"no {event_type}, only {self.names(call_control_id)}"

    def wait_for_any(self, event_type: str) -> Json:
        """Wait for an event of any leg, or of none; its payload as it came."""
        while True:
            self._came.clear()
            for raw in list(self.raw):
                if raw["data"]["event_type"] == event_type:
                    payload: Json = raw["data"]["payload"]
                    return payload
            assert self.wrong == []
            assert self._came.wait(LIMIT_SECS), f"no {event_type}"

    def names(self, call_control_id: str) -> list[str]:
        """The types of a leg's events, in the order in which they came."""
        return [
            raw["data"]["event_type"]
            for raw in list(self.raw)
            if raw["data"]["payload"].get("call_control_id") == call_control_id
        ]
