"""The journal over HTTP: what happened, waiting for what is to happen, and sending a past webhook again."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import TYPE_CHECKING

from mockserver.driver import StillWaiting, TimeIsOver
from mockserver.http.clock import situation
from mockserver.sim import errors
from mockserver.sim.clock import iso
from mockserver.sim.errors import Problem, Refusal
from mockserver.sim.events import Entry, Json
from mockserver.sim.journal import Wanted, nearest, select, what_came
from mockserver.worlds import World

if TYPE_CHECKING:
    from mockserver.http.control import Asked, Control

CANNOT_SEND = Problem("409", 409, "Cannot be sent again", "{reason}")

PATIENCE = 10.0
"""How long a wait is, in real seconds, that does not say how long."""


async def events(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _listed(world, asked, wanted_of(asked.query), entry_body)


async def requests(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _listed(world, asked, wanted_of(asked.query, "command"), flat_body)


async def deliveries(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    return _listed(world, asked, wanted_of(asked.query, "delivery"), flat_body)


async def wait(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    """What has come already counts. While it waits, a clock that skips goes on to mere limits."""
    world.driver.catch_up()
    body, log = asked.body, world.simulation.log
    wanted, after, count = wanted_of(body), int(body.get("after", 0)), int(body.get("count", 1))  # 1.0 is an integer
    came, _ = select(log.after(after), wanted, count)

    def is_enough(entry: Entry) -> bool:
        if wanted.fits(entry):
            came.append(entry)
        return len(came) >= count

    if len(came) < count:
        seconds = body.get("timeout", PATIENCE)
        try:
            await world.driver.wait_for(is_enough, seconds)
        except StillWaiting as waiting:
            until = "before this world ended" if isinstance(waiting, TimeIsOver) else f"within {seconds:g} s"
            told = f"{len(came)} of {count} came {until}; {waiting}"
            return 409, _did_not_come(world, wanted, list(log.after(after)), came, told)
    return 200, {"data": [entry_body(entry) for entry in came], "meta": {"count": len(came), "last_seq": log.last_seq}}


async def expect(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    """A list of expectations against the log and the world. It is waited for until it holds, or can hold no more."""
    driver, log = world.driver, world.simulation.log
    driver.catch_up()
    held = control.hold_to(world, asked.body["expect"], int(asked.body.get("since", 0)))
    loop = asyncio.get_running_loop()
    until = loop.time() + asked.body.get("wait_secs", PATIENCE)
    unsubscribe = log.subscribe(held.feed)
    try:
        while not held.over:
            await driver.wait_for(lambda entry: held.done, until - loop.time())
    except StillWaiting:
        pass  # how it stands is the answer
    finally:
        unsubscribe()
    return 200, {"data": held.verdict(), "meta": {"last_seq": log.last_seq, "dropped": log.dropped}}


async def send_again(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    """The webhook of an id or a number goes out once more, as its next attempt."""
    world.driver.catch_up()
    what, value = next((what, asked.body[what]) for what in ("event_id", "seq") if what in asked.body)
    webhooks = (entry for entry in world.simulation.log.entries if entry.kind == "webhook")
    entry = next((each for each in webhooks if value == (each.data["id"] if what == "event_id" else each.seq)), None)
    if entry is None:
        raise Refusal(errors.URL_NOT_FOUND, at=f"/{what}")
    number = _attempts(world, entry) + 1
    try:
        urls = world.driver.act(world.deliver_again, entry, number, asked.body.get("url"))
    except ValueError as error:
        raise Refusal(CANNOT_SEND, reason=str(error)) from None
    return 202, {"data": {"event_id": entry.data["id"], "name": entry.name, "attempt": number, "urls": urls}}


HANDLERS = {
    "mock_events": events,
    "mock_requests": requests,
    "mock_deliveries": deliveries,
    "mock_wait": wait,
    "mock_expect": expect,
    "mock_deliver": send_again,
}


def wanted_of(given: Json, kind: str | None = None) -> Wanted:
    """What a query or a body asks for; in a query `where` is a text such as `hangup_cause=busy,payload.to=+1*`."""
    where = given.get("where", {})
    if isinstance(where, str):
        where = {path: value for path, _, value in (part.partition("=") for part in where.split(","))}
    return Wanted(kind or given.get("kind"), given.get("name"), given.get("call_control_id"), where)


def entry_body(entry: Entry) -> Json:
    """An entry of the log as JSON."""
    return {**_head(entry), "kind": entry.kind, "data": entry.data}


def flat_body(entry: Entry) -> Json:
    """An entry of a known kind as JSON: its details beside its name."""
    return {**_head(entry), **entry.data}


def _head(entry: Entry) -> Json:
    return {"seq": entry.seq, "at": iso(entry.at), "name": entry.name, "call_control_id": entry.call_control_id}


def _listed(world: World, asked: Asked, wanted: Wanted, body: Callable[[Entry], Json]) -> tuple[int, Json]:
    world.driver.catch_up()
    log, query = world.simulation.log, asked.query
    found, count = select(log.after(query.get("after", 0)), wanted, query.get("limit", 100))
    meta = {"count": count, "last_seq": log.last_seq, "dropped": log.dropped}
    return 200, {"data": [body(entry) for entry in found], "meta": meta}


def _did_not_come(world: World, wanted: Wanted, seen: list[Entry], came: list[Entry], told: str) -> Json:
    misses = [
        {"entry": entry_body(miss.entry), "differences": list(miss.differences)} for miss in nearest(seen, wanted)
    ]
    meta = {
        "came": [entry_body(entry) for entry in came],
        "nearest": misses,
        "seen": what_came(seen, wanted),
        "explain": situation(world),
    }
    return {"errors": [{"code": "409", "title": "It did not come", "detail": told, "meta": meta}]}


def _attempts(world: World, webhook: Entry) -> int:
    """The number of the last attempt to deliver an event; 0 when the log knows of none."""
    entries = world.simulation.log.after(webhook.seq)
    ours = (each for each in entries if each.kind == "delivery" and each.data["event_id"] == webhook.data["id"])
    return max((each.data["attempt"] for each in ours), default=0)
