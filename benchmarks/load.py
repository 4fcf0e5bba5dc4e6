"""A closed-loop load generator: connections that are kept, one request at a time on each, bytes made beforehand.

What a connection does is a generator: it yields the bytes of a request and is sent the body of the answer. It costs
about a fifth of what the fastest server here does, so that one process drives one process.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import Generator, Iterable
from dataclasses import dataclass, field
from functools import partial
from typing import Any, cast

import uvloop

from benchmarks.processes import Process

Work = Generator[bytes, bytes, None]


@dataclass(slots=True)
class Outcome:
    """How many requests were answered in how many seconds, by status; `cpu` is processor seconds of the server."""

    seconds: float = 0.0
    cpu: float = 0.0
    statuses: Counter[int] = field(default_factory=Counter)
    last_refusal: bytes = b""

    @property
    def requests(self) -> int:
        return self.statuses.total()

    @property
    def rate(self) -> float:
        """Answers a second."""
        return self.requests / self.seconds

    @property
    def pace(self) -> float:
        """Answers per second of the server's processor time; per second where the system does not tell that."""
        return self.requests / (self.cpu or self.seconds)

    @property
    def cpu_micros(self) -> float:
        """Processor time of the server for one request, in microseconds."""
        return 1e6 / self.pace

    def all_good(self) -> Outcome:
        """The same; raises `RuntimeError` if anything was answered with other than 200."""
        if self.statuses.keys() - {200}:
            raise RuntimeError(f"not everything was answered with 200: {dict(self.statuses)}, {self.last_refusal!r}")
        return self


def request(method: str, path: str, body: dict[str, Any], key: str = "KEY_benchmark") -> bytes:
    """The bytes of a request, with the headers that an SDK sends."""
    content = json.dumps(body).encode()
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {key}\r\nAccept: application/json\r\n"
        f"Content-Type: application/json\r\nUser-Agent: benchmark\r\nContent-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def drive(server: Process, works: Iterable[Work], seconds: float | None = None) -> Outcome:
    """Let each work run on a connection of its own, until all are done or the time is up."""
    return uvloop.run(_drive(server, list(works), seconds))


async def _drive(server: Process, works: list[Work], seconds: float | None) -> Outcome:
    loop = asyncio.get_running_loop()
    outcome = Outcome()
    cpu, began = server.cpu_seconds, time.perf_counter()
    until = None if seconds is None else began + seconds
    connections = [_Connection(work, outcome, until) for work in works]
    for connection in connections:
        await loop.create_connection(partial(_itself, connection), "127.0.0.1", server.port)
    await asyncio.gather(*(connection.done for connection in connections))
    outcome.seconds, outcome.cpu = time.perf_counter() - began, server.cpu_seconds - cpu
    return outcome


def _itself(connection: _Connection) -> _Connection:
    return connection


class _Connection(asyncio.Protocol):
    """One connection, and the work that is done on it."""

    def __init__(self, work: Work, outcome: Outcome, until: float | None) -> None:
        self.done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._work, self._outcome, self._until = work, outcome, until
        self._received = b""
        self._transport: asyncio.WriteTransport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.WriteTransport, transport)  # uvloop's own, which is none by its class
        self._transport.write(next(self._work))

    def data_received(self, data: bytes) -> None:
        received = self._received = self._received + data
        end = received.find(b"\r\n\r\n") + 4
        if end < 4:
            return
        at = received.find(b"ontent-length: ", 0, end) + 15
        if len(received) - end < int(received[at : received.find(b"\r", at)]):
            return
        self._received = b""
        self._answered(int(received[9:12]), received[end:])

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed a connection that was in use"))

    def _answered(self, status: int, body: bytes) -> None:
        assert self._transport is not None
        self._outcome.statuses[status] += 1
        if status != 200:
            self._outcome.last_refusal = body
        try:
            if self._until is not None and time.perf_counter() >= self._until:
                raise StopIteration
            self._transport.write(self._work.send(body))
        except StopIteration:
            self.done.set_result(None)
            self._transport.close()
        except Exception as error:
            self.done.set_exception(error)
            self._transport.close()
