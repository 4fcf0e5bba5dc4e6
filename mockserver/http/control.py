"""`/_mock`: our own interface, to look into a world and to act on it. `specs/mock.yaml` describes it.

A request acts on the world of the API key in its Authorization header, or on the default world when it has none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from mockserver import __version__
from mockserver.http import clock, diagnosis, far_ends, fault_rules, journal, moments
from mockserver.http.api import key_of
from mockserver.http.contract import Checked, Found, WrongMethod
from mockserver.http.edge import Answer, Incoming, Watch, below, read, refused, request_id, serve, while_there
from mockserver.http.journal import entry_body, wanted_of
from mockserver.sim import errors
from mockserver.sim.clock import iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json
from mockserver.worlds import World, Worlds

STREAM_BUFFER = 1_000
"""How many entries a live stream may lag behind; a reader that is slower is told to begin anew, and dropped."""

YAML = ("application/yaml", "text/yaml", "application/x-yaml")

WAITS = ("/events/wait", "/expect")
"""Where a request waits for what may never come. Who goes away waits no more, and lets no time pass any longer."""

LoadScenario = Callable[[World, str, str, str | None], Json]
"""Puts a scenario (its text, what to call it, which row of it) into a world; its summary, or raises `Refusal`."""


class Held(Protocol):
    """A list of expectations that is held against a world; it is fed each new entry of the log."""

    def feed(self, entry: Entry) -> None: ...

    @property
    def done(self) -> bool:
        """Is there nothing left in the log to wait for?"""

    @property
    def over(self) -> bool:
        """Is there nothing left to wait for at all? Not to be asked while an entry is written."""

    def verdict(self) -> Json: ...


HoldToList = Callable[[World, Sequence[Json], int], Held]
"""Holds a world against a list of expectations, behind a number of its log; raises `Refusal` for mistakes in it."""


class Finder(Protocol):
    """What is needed of a contract."""

    def find(self, method: str, path: str) -> Found | WrongMethod | None: ...


@dataclass(slots=True)
class Control:
    """The ASGI application of `/_mock`. `keys` are the API keys that are good; none means all are.

    `schema` is the file of the JSON Schema of scenarios. `tls` tells of the listener with TLS: its port, and the
    certificate of the authority that vouches for it.
    """

    contract: Finder
    worlds: Worlds
    watch: Watch
    load: LoadScenario
    hold_to: HoldToList
    spec_date: str
    keys: Collection[str] = ()
    public_key: str = ""
    schema: Path = Path("scenario.schema.json")
    tls: Json | None = None
    streams: dict[asyncio.Queue[Entry | None], World] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET" and below(scope) == "/events" and _wants_stream(scope):
            await self._stream(scope, receive, send)
        elif below(scope) in WAITS:
            await serve(scope, receive, send, lambda asked: while_there(receive, self.handle(asked)), self.watch)
        else:
            await serve(scope, receive, send, self.handle, self.watch)

    async def handle(self, incoming: Incoming) -> Answer:
        """Answer one request; raises `Refusal`."""
        found = self.contract.find(incoming.method, "/_mock" + incoming.path)
        if found is None:
            raise Refusal(errors.URL_NOT_FOUND)
        if isinstance(found, WrongMethod):
            return refused(Refusal(errors.METHOD_NOT_ALLOWED), headers=(("allow", ", ".join(found.allowed)),))
        name, about = found.operation.name, found.path_params.get("call_control_id")
        try:
            world = self._world(incoming)
            checked = _checked(found, incoming)
            status, body = await HANDLERS[name](self, world, Asked(found, checked, incoming))
        except Refusal as refusal:
            return refused(refusal, name, about)
        warnings = tuple(one.text for one in (*found.forgiven, *checked.forgiven))
        return Answer(status, body, name, about, warnings=warnings)

    def close(self, world: World | None = None) -> None:
        """End every live stream, or those of a world."""
        for queue in [queue for queue, its in self.streams.items() if world in (None, its)]:
            while queue.full():
                queue.get_nowait()
            queue.put_nowait(None)

    def _world(self, incoming: Incoming) -> World:
        if "authorization" not in incoming.headers:
            return self.worlds.of(self.worlds.default_key)
        return self.worlds.of(key_of(incoming, self.keys))

    async def _stream(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The log as server-sent events, from `after` on, until the reader goes or the server stops."""
        try:
            incoming = await read(scope, receive)
            world = self._world(incoming)
            found = self.contract.find("GET", "/_mock/events")
            assert isinstance(found, Found)
            query = _checked(found, incoming).query
        except ConnectionAbortedError:
            return
        except Refusal as refusal:
            held = refusal  # the name of an exception ends with its block

            async def refuse(_: Incoming) -> Answer:
                raise held

            await serve(scope, _nothing_more, send, refuse, self.watch)
            return
        headers = {
            "cache-control": "no-cache",
            "x-request-id": request_id(),
            "x-mock-world": world.incarnation,
        }
        stream = StreamingResponse(self._events(world, query), headers=headers, media_type="text/event-stream")
        await stream(scope, receive, send)

    async def _events(self, world: World, query: Json) -> AsyncIterator[str]:
        queue: asyncio.Queue[Entry | None] = asyncio.Queue(STREAM_BUFFER)
        log = world.simulation.log

        def push(entry: Entry) -> None:
            if not queue.full():
                queue.put_nowait(entry)

        last, wanted = query.get("after", log.last_seq), wanted_of(query)
        last = last if last <= log.last_seq else 0  # of a log that was longer: this one began anew
        unsubscribe = log.subscribe(push)
        self.streams[queue] = world
        try:
            yield ": the log of this world, one entry a message\n\n"
            for entry in list(log.after(last)):
                last = entry.seq
                if wanted.fits(entry):
                    yield _message(entry)
            while (live := await queue.get()) is not None:
                if live.seq <= last:
                    continue
                if live.seq != last + 1:
                    yield f"event: lagging\ndata: {json.dumps({'after': last})}\n\n"
                    return
                last = live.seq
                if wanted.fits(live):
                    yield _message(live)
        finally:
            unsubscribe()
            del self.streams[queue]


@dataclass(frozen=True, slots=True)
class Asked:
    """A control request, checked."""

    found: Found
    checked: Checked
    incoming: Incoming

    @property
    def body(self) -> Json:
        return self.checked.body or {}

    @property
    def query(self) -> Json:
        return self.checked.query


async def health(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    clock = world.driver.clock
    return 200, {
        "status": "ok",
        "version": __version__,
        "spec_date": control.spec_date,
        "clock": {"mode": clock.mode, "now": iso(world.simulation.now)},
        "seed": world.seed,
        "public_key": control.public_key,
        "tls": control.tls,
        "worlds": len(control.worlds.all()),
        "live_calls": sum(each.simulation.world.live_legs for each in control.worlds.all()),
    }


async def reset(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    seed = asked.body.get("seed")
    old, world = world, await control.worlds.reset(world.key, None if seed is None else int(seed))
    control.close(old)
    return 200, {"data": {"reset": True, "seed": world.seed}}


async def list_scenarios(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return 200, {"data": world.scenarios}


async def load_scenario(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    """A text, or the scenario itself as JSON, which is read as it was sent: mistakes are told with its lines."""
    text, name = asked.incoming.body.decode(), "scenario"
    if "yaml" in asked.body:
        text, name = asked.body["yaml"], asked.body.get("name") or name
    return 201, {"data": control.load(world, text, name, asked.query.get("row"))}


async def schema(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    """As it is, without `data` around it, so that an editor can be led here."""
    found: Json = json.loads(await asyncio.to_thread(control.schema.read_bytes))
    return 200, found


Handler = Callable[[Control, World, Asked], Awaitable[tuple[int, Json]]]

HANDLERS: dict[str, Handler] = {
    **clock.HANDLERS,
    **journal.HANDLERS,
    **moments.HANDLERS,
    **diagnosis.HANDLERS,
    **far_ends.HANDLERS,
    **fault_rules.HANDLERS,
    "mock_health": health,
    "mock_reset": reset,
    "mock_list_scenarios": list_scenarios,
    "mock_load_scenario": load_scenario,
    "mock_schema": schema,
}


def _checked(found: Found, incoming: Incoming) -> Checked:
    """A scenario may come as plain YAML: it is what the JSON form has in `yaml`."""
    kind = incoming.headers.get("content-type")
    body = incoming.body
    if found.operation.name == "mock_load_scenario" and kind and kind.partition(";")[0].strip().lower() in YAML:
        try:
            body, kind = json.dumps({"yaml": body.decode()}).encode(), "application/json"
        except UnicodeDecodeError as error:
            raise Refusal(errors.UNDECODABLE_BODY, position=error.start) from None
    return found.operation.check(found.path_params, incoming.query, kind, body)


async def _nothing_more() -> Message:
    """What is left to receive of a request that was read."""
    return {"type": "http.request", "body": b"", "more_body": False}


def _wants_stream(scope: Scope) -> bool:
    return any(name == b"accept" and b"text/event-stream" in value for name, value in scope["headers"])


def _message(entry: Entry) -> str:
    return f"id: {entry.seq}\ndata: {json.dumps(entry_body(entry), ensure_ascii=False)}\n\n"
