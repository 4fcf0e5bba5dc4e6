"""The outermost layer: bytes in, bytes out, and one line for whoever watches.

Plain ASGI, since a request costs less than the framework's own request and response objects would; everything that is
not one JSON answer (streams, start-up, shutdown) is the framework's.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass, field
from itertools import count, repeat
from os import urandom
from time import perf_counter
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from starlette.types import Receive, Scope, Send

from mockserver.sim import errors
from mockserver.sim.errors import Refusal, Unsupported
from mockserver.sim.events import Json

logger = logging.getLogger("mockserver")

T = TypeVar("T")

MAX_BODY = 1_048_576

READ_HEADERS = {b"authorization": "authorization", b"content-type": "content-type", b"x-mock-fault": "x-mock-fault"}
"""The headers of a request that anybody here reads."""

to_json = json.JSONEncoder(ensure_ascii=False, separators=(",", ":")).encode
"""Compact JSON. `json.dumps` with options would make an encoder for every answer."""


def _beginning() -> str:
    """The first four parts of a random UUID, without the module, which takes its time to import."""
    text = urandom(10).hex()
    return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-a{text[17:20]}"


_request_ids = map("{}-{:012x}".format, repeat(_beginning()), count(1))
"""Unique, at a tenth of what a UUID for each answer costs: one for the process, its last part counting."""


def request_id() -> str:
    """The id of one more answer."""
    return next(_request_ids)


@dataclass(frozen=True, slots=True)
class Incoming:
    """A request as it came: `path` as sent, that is still percent-encoded, and header names in lower case."""

    method: str
    path: str
    query: list[tuple[str, str]]
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back: a status, a JSON body (None is no body), and what the printed line says about it.

    `problems` are what it says of a refusal whose body is not in the usual form. With `sent_by` it goes out in another
    way than as JSON; a status of 0 is no answer at all.
    """

    status: int
    body: Json | None
    name: str = ""
    about: str | None = None
    headers: tuple[tuple[str, str], ...] = ()
    warnings: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()
    sent_by: Callable[[Scope, Receive, Send, Answer], Awaitable[None]] | None = None


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request that was served, for the printed line."""

    method: str
    path: str
    name: str
    about: str | None
    status: int
    millis: float
    problems: tuple[str, ...] = ()
    warnings: tuple[str, ...] = field(default=())


Watch = Callable[[Exchange], None]


async def read(scope: Scope, receive: Receive, max_body: int = MAX_BODY) -> Incoming:
    """Read a whole request; refuses a body that is too large without keeping it."""
    chunks: list[bytes] = []
    size = 0
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise ConnectionAbortedError
        chunk = message.get("body", b"")
        size += len(chunk)
        if size <= max_body:
            chunks.append(chunk)
        else:
            chunks.clear()
        more = message.get("more_body", False)
    if size > max_body:
        raise Refusal(errors.BODY_TOO_LARGE, kilobytes=max_body // 1024)
    query = scope["query_string"]
    return Incoming(
        method=scope["method"],
        path=below(scope),
        query=parse_qsl(query.decode("latin-1"), keep_blank_values=True) if query else [],
        headers={
            READ_HEADERS[name]: value.decode("latin-1") for name, value in scope["headers"] if name in READ_HEADERS
        },
        body=b"".join(chunks),
    )


def below(scope: Scope) -> str:
    """The path below where the interface is mounted, as it was sent."""
    path: str = (scope.get("raw_path") or scope["path"].encode()).decode("latin-1").split("?", 1)[0]
    return path.removeprefix(scope.get("root_path", ""))


async def serve(
    scope: Scope, receive: Receive, send: Send, handle: Callable[[Incoming], Awaitable[Answer]], watch: Watch
) -> None:
    """Answer one request with JSON, whatever happens: a refusal in the platform's form, a defect as a 500."""
    began = perf_counter()
    try:
        answer = await handle(await read(scope, receive))
    except (Refusal, Unsupported) as refusal:
        answer = refused(refusal)
    except ConnectionAbortedError:
        return
    except Exception:
        logger.exception("%s %s failed: a defect of the simulator", scope["method"], scope["path"])
        answer = refused(Refusal(errors.INTERNAL_ERROR))
    if answer.sent_by is None:
        await send_json(send, answer)
    else:
        await answer.sent_by(scope, receive, send, answer)
    watch(
        Exchange(
            method=scope["method"],
            path=scope["path"],
            name=answer.name,
            about=answer.about,
            status=answer.status,
            millis=(perf_counter() - began) * 1000,
            problems=answer.problems or problems(answer),
            warnings=answer.warnings,
        )
    )


async def while_there(receive: Receive, work: Coroutine[Any, Any, T]) -> T:
    """Do something for whoever asked, and no longer than they are there: raises ConnectionAbortedError when they go.

    Their request was read before.
    """
    doing, gone = asyncio.create_task(work), asyncio.create_task(_gone(receive))
    try:
        await asyncio.wait((doing, gone), return_when=asyncio.FIRST_COMPLETED)
        if not doing.done():
            raise ConnectionAbortedError
        return doing.result()
    finally:
        for task in (doing, gone):
            task.cancel()
        await asyncio.wait((doing, gone))


async def _gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def refused(refusal: Refusal | Unsupported, name: str = "", about: str | None = None, **more: Any) -> Answer:
    """A refusal as an answer."""
    return Answer(refusal.status, refusal.body(), name, about, **more)


def problems(answer: Answer) -> tuple[str, ...]:
    """What a refusal in the usual form says, each problem in a line."""
    found = answer.body.get("errors", ()) if answer.status >= 400 and answer.body else ()
    return tuple([f"{item['code']} {item['title']}: {item['detail']}" for item in found])


async def send_json(send: Send, answer: Answer) -> None:
    """Send a JSON answer with its request id; a 204 has no body, and others may have none."""
    content = to_json(answer.body).encode() if answer.status != 204 and answer.body is not None else b""
    await send_head(send, answer, len(content))
    await send({"type": "http.response.body", "body": content})


async def send_head(send: Send, answer: Answer, length: int, kind: bytes = b"application/json") -> None:
    """Send the status and the headers of an answer whose body has so many bytes."""
    described = [(b"content-type", kind)] if length else []
    if answer.status != 204:
        described.append((b"content-length", str(length).encode()))
    headers = [
        *described,
        (b"x-request-id", request_id().encode()),
        *((name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers),
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
