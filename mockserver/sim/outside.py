"""What the world asks of the real one: HTTP requests and WebSocket connections to the application.

The simulation only says what it wants and what to do with what comes; `mockserver/outside.py` does it, holding time
until the outcome is known. A simulation that was given nothing outside is told that nobody can be reached.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

from mockserver.sim.events import Json

if TYPE_CHECKING:
    from mockserver.sim.simulation import Simulation

UNREACHABLE = "nothing outside the simulation can be reached"


@dataclass(frozen=True, slots=True)
class Ask:
    """An HTTP request to make. With `signed` it carries the platform's signature, as a webhook does.

    `most` is how many bytes of the answer are wanted; what is longer is a failure.
    """

    url: str
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    signed: bool = False
    timeout_secs: float = 10.0
    most: int = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Reply:
    """What came of it: a status with a body, or status 0 and in `problem` why none came."""

    status: int = 0
    body: bytes = b""
    problem: str = ""

    @property
    def is_success(self) -> bool:
        return 200 <= self.status < 300


Then = Callable[[Reply], None]


class Socket(Protocol):
    """A WebSocket that is open or about to be. Both verbs may be called at any time and never fail."""

    def send(self, message: Json, awaited: bool = True) -> None:
        """Send a JSON message behind the earlier ones, as soon as the connection is up.

        One that is `awaited` holds time until it has arrived, and the application was given a moment to react.
        """

    def close(self, code: int = 1000) -> None:
        """Send what is still to be sent, and close; nobody is told anything of this socket any more."""


class Listener(Protocol):
    """Who has asked for a WebSocket, and is told what becomes of it, at the time that it is then."""

    def opened(self, simulation: Simulation) -> None:
        """The application has accepted the connection."""

    def received(self, simulation: Simulation, message: str | bytes) -> None:
        """The application has sent a message."""

    def closed(self, simulation: Simulation, problem: str) -> None:
        """The application has closed the connection, or (before `opened`) there never was one: `problem` says why."""


class Outside(Protocol):
    """The two things that the simulation can want of the world outside."""

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        """Make a request, and call `then` with what came of it; never before this returns."""

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> Socket:
        """Open a WebSocket, and tell `listener` what becomes of it; never before this returns."""


class Nowhere:
    """A world in which nobody can be reached."""

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        simulation.after(0, then, Reply(problem=UNREACHABLE))

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> Socket:
        simulation.after(0, listener.closed, simulation, UNREACHABLE)
        return NoSocket()


class NoSocket:
    """The end of a connection that was never made."""

    def send(self, message: Json, awaited: bool = True) -> None:
        """Nobody is there."""

    def close(self, code: int = 1000) -> None:
        """There is nothing to close."""
