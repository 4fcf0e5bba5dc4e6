"""An application that is asked over HTTP, played by a test, and the resources that an application asks for."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.outside import Ask, Listener, NoSocket, Reply, Socket, Then
from mockserver.sim.simulation import Simulation


def json_reply(body: Any, status: int = 200) -> Reply:
    return Reply(status, json.dumps(body).encode())


@dataclass(eq=False)
class Asked:
    """The world outside: it answers each request with its next reply, after `takes` seconds, and keeps the requests."""

    replies: list[Reply] = field(default_factory=list)
    takes: float = 0.0
    requests: list[Ask] = field(default_factory=list)

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        self.requests.append(wanted)
        simulation.after(self.takes, then, self.replies.pop(0))

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> Socket:
        return NoSocket()

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(request.body) for request in self.requests]


def ask(simulation: Simulation, name: str, /, *path: str, query: Json | None = None, **body: Any) -> Json:
    """Do an operation on a resource; the whole response body. `path` are the values in its path."""
    keys = {"assistant": "assistant_id"}
    params = {keys.get(name.partition("_")[2], "conversation_id"): value for value in path}
    return execute(simulation, Request(name, body, None, params, query or {}))


def asking_is_refused(
    simulation: Simulation, name: str, /, *path: str, query: Json | None = None, **body: Any
) -> list[str]:
    """The same, refused: the codes."""
    try:
        ask(simulation, name, *path, query=query, **body)
    except Refusal as refusal:
        return [raised.problem.code for raised in refusal.problems]
    raise AssertionError(f"{name} was not refused")
