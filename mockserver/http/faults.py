"""Faults of requests, on the wire: an answer that is another one, comes late, is cut off, or never comes.

Which fault a request suffers, and what happens in the world, is the simulation's (`sim/faults.py`). The header
`X-Mock-Fault` gives one request a fault of its own; it is the one thing of ours in `/v2`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any

from starlette.types import Receive, Scope, Send

from mockserver.http import connections
from mockserver.http.edge import Answer, refused, send_head, to_json
from mockserver.sim import errors, fault_fields, faults
from mockserver.sim.commands import Request, fault_of, is_command, lost
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json
from mockserver.sim.fault_fields import Mistake
from mockserver.sim.faults import Fault
from mockserver.sim.people import matches
from mockserver.worlds import World

HEADER = "x-mock-fault"

Do = Callable[[Request], Answer]
Sends = Callable[[Scope, Receive, Send, Answer], Awaitable[None]]


async def suffer(world: World, request: Request, header: str | None, do: Do) -> Answer:
    """Do a request with the fault that it suffers, if any. Raises `Refusal` for a header with a mistake."""
    simulation = world.simulation
    world.driver.catch_up()
    fault = faults.drawn(of_header(header), simulation.ids.chance) if header else fault_of(simulation, request)
    request = replace(request, fault=fault)
    if fault is faults.NONE:
        return do(request)
    since = simulation.log.last_seq
    early = fault.applied == "before"
    if early:
        await _wait(world, fault)
    spoil = next((spoil for name, spoil in SPOILS.items() if getattr(fault, name)), None)
    if fault.refusal is not None:
        spoil = None  # the simulation refuses by itself, in its turn
    if spoil is None:
        answer = do(request)
    elif early:
        answer = spoil(fault, Answer(0, None, request.name, request.call_control_id))
        if is_command(request.name):
            world.driver.act(lost, simulation, request, answer.status or None, _problems(answer))
    else:
        answer = spoil(fault, do(request))
    if fault.before_response and answer.status < 300:
        answer = await _behind(world, fault.before_response, answer, since)
    if not early:
        await _wait(world, fault)
    return replace(answer, warnings=(*answer.warnings, f"fault: {fault.told()}"))


def of_header(text: str) -> Fault:
    """The fault that a header asks for: an object in JSON, or `status=503, latency=2`."""
    try:
        return fault_fields.read_effect(_fields(text))
    except Mistake as mistake:
        raise Refusal(errors.UNPROCESSABLE, reason=f"X-Mock-Fault: {mistake}") from None


def _fields(text: str) -> Json:
    try:
        whole = json.loads(text)
    except ValueError:
        pairs = (part.strip().partition("=") for part in text.split(","))
        return {name.strip(): _value(name.strip(), value.strip()) for name, _, value in pairs}
    if not isinstance(whole, dict):
        raise Mistake("fault", 'write an object, or a list like "status=503, latency=2"')
    return whole


def _value(name: str, text: str) -> Any:
    """A value of the short form; codes are texts, and a name alone is true."""
    if name == "error":
        return text
    try:
        return json.loads(text or "true")
    except ValueError:
        return text


async def _wait(world: World, fault: Fault) -> None:
    """Let the latency pass: in the world's time, or by the wall, while which the world's time stands still."""
    if not fault.seconds:
        return
    if not fault.wall:
        with world.driver.pressing():  # who asks may be at work on a webhook, which holds time until it has its answer
            await world.driver.sleep(fault.seconds)
        return
    with world.driver.hold("a slow answer"):
        await asyncio.sleep(fault.seconds)


async def _behind(world: World, event: str, answer: Answer, since: int) -> Answer:
    """Keep an answer until an event of its call, later than entry number `since`, was delivered, or could not be.

    Until it is on its way time goes on although the application may be at work on a webhook, which holds time: it has
    asked from there, and is not done before it has the answer.
    """
    begun, came = asyncio.Event(), asyncio.Event()

    def look(entry: Entry) -> None:
        if not matches(event, entry.name) or answer.about not in (None, entry.call_control_id):
            return
        if entry.kind == "webhook":
            begun.set()
        elif begun.is_set() and entry.kind == "delivery" and entry.data["outcome"] != "forged":
            came.set()

    log = world.simulation.log
    unsubscribe = log.subscribe(look)
    for entry in log.after(since):
        look(entry)
    try:
        async with asyncio.timeout(world.answer_kept_secs):
            with world.driver.pressing():
                await begun.wait()
            await came.wait()
    except TimeoutError:
        why = f"{event} was not delivered within {world.answer_kept_secs:g} s, so the answer comes without it"
        return replace(answer, warnings=(*answer.warnings, why))
    finally:
        unsubscribe()
    return answer


def _refuse(fault: Fault, answer: Answer) -> Answer:
    assert fault.error is not None
    return refused(Refusal(fault.error), answer.name, answer.about)


def _limit(fault: Fault, answer: Answer) -> Answer:
    """A 429. GUESS: `x-ratelimit-reset` is in seconds from now, and `Retry-After` says the same."""
    assert fault.rate_limit is not None
    reset = str(fault.rate_limit.reset)
    headers = {"x-ratelimit-limit": str(fault.rate_limit.limit), "x-ratelimit-remaining": "0"}
    headers |= {"x-ratelimit-reset": reset, "retry-after": reset}
    return refused(Refusal(errors.TOO_MANY_REQUESTS), answer.name, answer.about, headers=tuple(headers.items()))


def _answer(fault: Fault, answer: Answer) -> Answer:
    assert fault.status is not None
    body = fault.body if isinstance(fault.body, dict) else None
    sent_by = _sends_text(fault.body) if isinstance(fault.body, str) else None
    return Answer(fault.status, body, answer.name, answer.about, sent_by=sent_by)


def _cut(fault: Fault, answer: Answer) -> Answer:
    if fault.connection == "truncate":
        return replace(answer, sent_by=_truncate)
    return replace(answer, status=0, body=None, sent_by=_drop if fault.connection == "drop" else _reset)


SPOILS: Mapping[str, Callable[[Fault, Answer], Answer]] = {
    "error": _refuse,
    "rate_limit": _limit,
    "status": _answer,
    "connection": _cut,
}
"""What makes another answer of one, by the field of the fault that asks for it."""


def _sends_text(text: str) -> Sends:
    async def send_text(scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
        content = text.encode() if answer.status not in (204, 304) else b""
        await send_head(send, answer, len(content), b"text/plain; charset=utf-8")
        await send({"type": "http.response.body", "body": content})

    return send_text


async def _drop(scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
    await connections.close(scope, receive)


async def _reset(scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
    await connections.reset(scope, receive)


async def _truncate(scope: Scope, receive: Receive, send: Send, answer: Answer) -> None:
    """The status, the headers and half of the body, and then nothing more."""
    content = to_json(answer.body).encode()
    await send_head(send, answer, len(content))
    await send({"type": "http.response.body", "body": content[: len(content) // 2], "more_body": True})
    await connections.close(scope, receive)


def _problems(answer: Answer) -> list[Json]:
    """The errors in an answer of the platform's form."""
    found = (answer.body or {}).get("errors")
    return found if isinstance(found, list) and all(isinstance(item, dict) and "code" in item for item in found) else []
