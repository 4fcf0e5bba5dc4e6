"""`/_mock`: our own interface, to look into a world and to act on it. `specs/mock.yaml` describes it.

A request acts on the world of the API key in its Authorization header, or on the default world when it has none.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Collection
from dataclasses import dataclass, field, replace
from typing import Protocol

from starlette.responses import StreamingResponse
from starlette.types import Message, Receive, Scope, Send

from mockserver import __version__
from mockserver.http.api import key_of
from mockserver.http.contract import Checked, Found, WrongMethod
from mockserver.http.edge import Answer, Incoming, Watch, below, read, refused, request_id, serve
from mockserver.http.heard import heard_body
from mockserver.sim import conversations, digits, errors, holding, legs, numbers, parties, people, talking
from mockserver.sim.clock import iso
from mockserver.sim.commands import can_be_waited_for
from mockserver.sim.errors import Problem, Refusal
from mockserver.sim.events import Entry, Json
from mockserver.sim.world import Leg
from mockserver.worlds import World, Worlds

STREAM_BUFFER = 1_000
"""How many entries a live stream may lag behind; a reader that is slower is told to begin anew, and dropped."""

LONGEST_SECS = 604_800
"""A week: nothing that a person does may be planned for later."""

CLOCK_FOLLOWS_WALL = Problem(
    "409",
    409,
    "Clock follows the wall",
    "This clock follows the wall and cannot be moved. Start with --clock manual or --clock auto.",
)

LoadScenario = Callable[[World, str, str], Json]
"""Puts a scenario (its text, and what to call it) into a world; gives its summary, or raises `Refusal`."""


class Finder(Protocol):
    """What is needed of a contract."""

    def find(self, method: str, path: str) -> Found | WrongMethod | None: ...


@dataclass(slots=True)
class Control:
    """The ASGI application of `/_mock`. `keys` are the API keys that are good; none means all are."""

    contract: Finder
    worlds: Worlds
    watch: Watch
    load: LoadScenario
    spec_date: str
    keys: Collection[str] = ()
    streams: dict[asyncio.Queue[Entry | None], World] = field(default_factory=dict)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] == "GET" and below(scope) == "/events" and _wants_stream(scope):
            await self._stream(scope, receive, send)
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
        headers = {"cache-control": "no-cache", "x-request-id": request_id()}
        stream = StreamingResponse(self._events(world, query), headers=headers, media_type="text/event-stream")
        await stream(scope, receive, send)

    async def _events(self, world: World, query: Json) -> AsyncIterator[str]:
        queue: asyncio.Queue[Entry | None] = asyncio.Queue(STREAM_BUFFER)
        log = world.simulation.log

        def push(entry: Entry) -> None:
            if not queue.full():
                queue.put_nowait(entry)

        last = query.get("after", log.last_seq)
        unsubscribe = log.subscribe(push)
        self.streams[queue] = world
        try:
            yield ": the log of this world, one entry a message\n\n"
            for entry in list(log.after(last)):
                last = entry.seq
                if _wanted(entry, query):
                    yield _message(entry)
            while (live := await queue.get()) is not None:
                if live.seq <= last:
                    continue
                if live.seq != last + 1:
                    yield f"event: lagging\ndata: {json.dumps({'after': last})}\n\n"
                    return
                last = live.seq
                if _wanted(live, query):
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
        "worlds": len(control.worlds.all()),
        "live_calls": sum(each.simulation.world.live_legs for each in control.worlds.all()),
    }


async def reset(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    old, world = world, await control.worlds.reset(world.key, asked.body.get("seed"))
    control.close(old)
    return 200, {"data": {"reset": True, "seed": world.seed}}


async def events(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    log = world.simulation.log
    wanted = (entry for entry in log.after(asked.query.get("after", 0)) if _wanted(entry, asked.query))
    limit = asked.query.get("limit", 100)
    data = [entry_body(entry) for _, entry in zip(range(limit), wanted, strict=False)]
    return 200, {"data": data, "meta": {"last_seq": log.last_seq, "dropped": log.dropped}}


async def clock(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    driver, simulation = world.driver, world.simulation
    due = simulation.timeline.next_at()
    return 200, {
        "data": {
            "mode": driver.clock.mode,
            "factor": driver.clock.factor if driver.clock.follows_wall else None,
            "now": iso(simulation.now),
            "next": None if due is None else iso(due),
            "holds": driver.holds,
        }
    }


async def advance(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    if world.driver.clock.follows_wall:
        raise Refusal(CLOCK_FOLLOWS_WALL)
    await world.driver.advance(asked.body["seconds"])
    return await clock(control, world, asked)


async def list_scenarios(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return 200, {"data": world.scenarios}


async def load_scenario(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    text, name = asked.body["yaml"], asked.body.get("name") or "scenario"
    return 201, {"data": control.load(world, text, name)}


async def list_calls(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    return 200, {"data": [call_body(leg) for leg in world.simulation.world.legs.values()]}


async def place_call(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    body = asked.body
    _check_parties(body)
    known = people.find(body["from"], world.simulation.world.people)
    person = replace(
        known,
        number=body["from"],
        says=tuple(body.get("says", known.says)),
        gives_up_after=body.get("ring_secs", known.gives_up_after),
        hangs_up_after=body.get("hangup_after_secs", known.hangs_up_after),
        acts=tuple(map(_act, body["does"])) if "does" in body else known.acts,
    )
    leg = world.driver.act(
        parties.place_call,
        world.simulation,
        body["from"],
        body["to"],
        person,
        connection_id=body.get("connection_id"),
        webhook_url=body.get("webhook_url"),
        from_display_name=body.get("from_display_name"),
        custom_headers=body.get("custom_headers"),
    )
    return 201, {"data": call_body(leg)}


async def person_answers(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, legs.person_answers)


async def person_hangs_up(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, legs.person_hangs_up, asked.body.get("cause", "normal"))


async def person_says(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, conversations.said, asked.body["text"])


async def person_presses(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, digits.person_presses, asked.body["digits"])


async def person_goes_silent(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, talking.person_goes_silent)


async def person_heard(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return 200, {"data": heard_body(world.simulation, _leg(world, asked))}


async def person_holds(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, holding.person_holds)


async def person_unholds(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _far_end(world, asked, holding.person_unholds)


Handler = Callable[[Control, World, Asked], Awaitable[tuple[int, Json]]]

HANDLERS: dict[str, Handler] = {
    "mock_health": health,
    "mock_reset": reset,
    "mock_events": events,
    "mock_clock": clock,
    "mock_advance": advance,
    "mock_list_scenarios": list_scenarios,
    "mock_load_scenario": load_scenario,
    "mock_list_calls": list_calls,
    "mock_call": place_call,
    "mock_answer": person_answers,
    "mock_hangup": person_hangs_up,
    "mock_say": person_says,
    "mock_press": person_presses,
    "mock_silence": person_goes_silent,
    "mock_heard": person_heard,
    "mock_hold": person_holds,
    "mock_unhold": person_unholds,
}


def entry_body(entry: Entry) -> Json:
    """An entry of the log as JSON."""
    return {
        "seq": entry.seq,
        "at": iso(entry.at),
        "kind": entry.kind,
        "name": entry.name,
        "call_control_id": entry.call_control_id,
        "data": entry.data,
    }


def call_body(leg: Leg) -> Json:
    """A leg as JSON."""
    return {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "connection_id": leg.connection_id,
        "direction": leg.direction,
        "from": leg.from_,
        "to": leg.to,
        "state": leg.state,
        "client_state": leg.client_state,
    }


def _leg(world: World, asked: Asked) -> Leg:
    """The leg of the path, with the world brought up to now."""
    world.driver.catch_up()
    leg = world.simulation.world.legs.get(asked.found.path_params["call_control_id"])
    if leg is None:
        raise Refusal(errors.URL_NOT_FOUND, at="/call_control_id")
    return leg


def _far_end(world: World, asked: Asked, action: Callable[..., None], *more: str) -> tuple[int, Json]:
    leg = _leg(world, asked)
    if leg.state == "ended":
        raise Refusal(errors.CALL_ENDED)
    world.driver.act(action, world.simulation, leg, *more)
    return 200, {"data": call_body(leg)}


def _act(written: Json) -> people.Act:
    """An act as the body of a call describes it; its description in `specs/` says that it is one, at one time."""
    does = next(name for name in people.ACTS if name in written)
    words = written[does] if isinstance(written[does], str) else ""
    if "at" in written:
        return people.Act(does, words, after=written["at"])
    nth = written.get("nth", 1)
    return people.Act(does, words, written["when"], people.EVERY if nth == "every" else nth, written.get("after", 0.0))


def _check_parties(body: Json) -> None:
    wrong = [
        errors.NOT_E164.raised(parameter=name) for name in ("from", "to") if not numbers.is_destination(body[name])
    ]
    wrong += [
        errors.OUT_OF_RANGE.raised(parameter=name, minimum=0, maximum=LONGEST_SECS)
        for name in ("ring_secs", "hangup_after_secs")
        if body.get(name, 0) > LONGEST_SECS
    ]
    wrong += [
        errors.UNPROCESSABLE.raised(reason=f"{act['when']} is no webhook and no command.", at=f"/does/{index}/when")
        for index, act in enumerate(body.get("does", ()))
        if "when" in act and not can_be_waited_for(act["when"])
    ]
    if wrong:
        raise Refusal.of(wrong)


def _checked(found: Found, incoming: Incoming) -> Checked:
    """A scenario may come as plain YAML: it is what the JSON form has in `yaml`."""
    kind = incoming.headers.get("content-type")
    body = incoming.body
    if kind and kind.partition(";")[0].strip().lower() in ("application/yaml", "text/yaml", "application/x-yaml"):
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


def _wanted(entry: Entry, query: Json) -> bool:
    return all(query.get(name) in (None, getattr(entry, name)) for name in ("kind", "name", "call_control_id"))


def _message(entry: Entry) -> str:
    return f"id: {entry.seq}\ndata: {json.dumps(entry_body(entry), ensure_ascii=False)}\n\n"
