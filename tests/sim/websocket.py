"""An application with a WebSocket, played by a test: it accepts, or does not, and keeps what it is sent."""

from __future__ import annotations

import json
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.sim.events import Json
from mockserver.sim.outside import Ask, Listener, Then
from mockserver.sim.simulation import Simulation


@dataclass(eq=False)
class Line:
    """One connection, as the simulation has it; after `close` nobody is told anything any more."""

    application: Application
    listener: Listener
    url: str
    headers: dict[str, str]
    code: int | None = None

    def send(self, message: Json, awaited: bool = True) -> None:
        if self.code is None:
            json.dumps(message)
            self.application.sent.append(message)
            self.application.awaited.append(awaited)

    def close(self, code: int = 1000) -> None:
        self.code = code


@dataclass(eq=False)
class Application:
    """The world outside: one that `accepts` connections after so many seconds, or has a `problem`."""

    accepts: float = 0.0
    problem: str = ""
    sent: list[Json] = field(default_factory=list)
    awaited: list[bool] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        raise AssertionError("nobody asks")

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> Line:
        line = Line(self, listener, url, dict(headers))
        self.lines.append(line)
        if self.problem:
            simulation.after(self.accepts, self._tell, line, listener.closed, simulation, self.problem)
        else:
            simulation.after(self.accepts, self._tell, line, listener.opened, simulation)
        return line

    @property
    def line(self) -> Line:
        return self.lines[-1]

    def says(self, simulation: Simulation, event: str | bytes, **body: Any) -> None:
        """Send a message: an event with its fields, or if there are none just that text."""
        message = json.dumps({"event": event, **body}) if body and isinstance(event, str) else event
        self._tell(self.line, self.line.listener.received, simulation, message)

    def plays(self, simulation: Simulation, data: bytes) -> None:
        """Send audio."""
        self.says(simulation, "media", media={"payload": b64encode(data).decode()})

    def leaves(self, simulation: Simulation, problem: str = "gone") -> None:
        """Close the connection."""
        self._tell(self.line, self.line.listener.closed, simulation, problem)

    def messages(self, *names: str) -> list[Json]:
        """What it was sent, of some events or all."""
        return [message for message in self.sent if not names or message["event"] in names]

    @staticmethod
    def _tell(line: Line, told: Callable[..., None], *args: Any) -> None:
        if line.code is None:
            told(*args)
