"""Three ways to command a call and to be told of it: the simulation itself, HTTP, and the official SDK.

All three stand on a clock that is moved by hand, and see the same world outside: every WebSocket is accepted at once.
"""

from __future__ import annotations

import json
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from functools import partial
from typing import Any

import httpx
import telnyx

from mockserver.http.contract import Contract
from mockserver.settings import data_folder
from mockserver.sim import conversations, digits, parties, people
from mockserver.sim.clock import iso
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from tests.commands.table import APP, BODIES, CALLER, Step
from tests.http.asking import KEY, Simulator, simulating
from tests.sim import telling
from tests.sim.websocket import Application

METHODS = {
    "ai_assistant_start": "start_ai_assistant",
    "ai_assistant_stop": "stop_ai_assistant",
    "ai_assistant_join": "join_ai_assistant",
    "ai_assistant_add_messages": "add_ai_assistant_messages",
    "client_state_update": "update_client_state",
    "conversation_relay_start": "start_conversation_relay",
    "conversation_relay_stop": "stop_conversation_relay",
    "fork_start": "start_forking",
    "fork_stop": "stop_forking",
    "gather_stop": "stop_gather",
    "playback_start": "start_playback",
    "playback_stop": "stop_playback",
    "record_start": "start_recording",
    "record_stop": "stop_recording",
    "record_pause": "pause_recording",
    "record_resume": "resume_recording",
    "siprec_start": "start_siprec",
    "siprec_stop": "stop_siprec",
    "streaming_start": "start_streaming",
    "streaming_stop": "stop_streaming",
    "suppression_start": "start_noise_suppression",
    "suppression_stop": "stop_noise_suppression",
    "transcription_start": "start_transcription",
    "transcription_stop": "stop_transcription",
}
"""How the SDK calls a command, where it does not use the platform's own name."""


CONTRACT = Contract(data_folder("specs") / "openapi.yaml")


@dataclass(frozen=True)
class Told:
    """An event that reached the application: when in simulated time, of which leg, and what it says."""

    at: str
    event_type: str
    payload: Json

    @property
    def leg(self) -> str:
        leg: str = self.payload["call_control_id"]
        return leg

    def since(self, moment: str) -> str:
        passed = datetime.fromisoformat(self.at) - datetime.fromisoformat(moment)
        return f"{passed.total_seconds():.3f}"


class Refused(Exception):
    """A command was refused with these codes."""


class Hands(ABC):
    """What an application and the people around it can do, whichever way."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        simulation.outside = Application()
        self.legs: list[str] = []
        self.conversation = ""

    @abstractmethod
    async def ring(self, body: Json) -> str:
        """Somebody calls; the new leg's id."""

    @abstractmethod
    async def person(self, act: str, body: Json) -> None:
        """The person of the newest leg acts: `say` a text, `press` digits."""

    @abstractmethod
    async def command(self, name: str, leg: str | None, body: Json) -> Json:
        """Send a command; `data` of its answer. Raises `Refused`."""

    @abstractmethod
    async def advance(self, seconds: float) -> None:
        """Let time pass."""

    @abstractmethod
    async def told(self) -> list[Told]:
        """All that the application was told so far."""

    @property
    def now(self) -> str:
        return iso(self.simulation.now)

    async def take(self, steps: Iterable[Step]) -> None:
        """Take some steps, none of which is refused."""
        for step in steps:
            if isinstance(step, float | int):
                await self.advance(step)
                continue
            name, body = step if isinstance(step, tuple) else (step, BODIES.get(step, {}))
            if name == "ring":
                self.legs.append(await self.ring({"from": CALLER, "to": APP, **body}))
            elif name in ("say", "press"):
                await self.person(name, body)
            else:
                await self.send(name, body)

    async def send(self, name: str, body: Json) -> Json:
        """Send a command to the newest leg, or make one by it."""
        answer = await self.command(name, None if name == "dial" else self.legs[-1], self.filled(body))
        if name == "dial":
            self.legs.append(answer["call_control_id"])
        self.conversation = answer.get("conversation_id") or self.conversation
        return answer

    async def code(self, name: str, body: Json) -> str:
        """Send a command; `ok`, or what it is refused with."""
        try:
            await self.send(name, body)
        except Refused as refused:
            return str(refused)
        return "ok"

    def filled(self, body: Json) -> Json:
        """A body with the ids that its placeholders stand for."""
        text = json.dumps(body)
        other = self.legs[-2] if len(self.legs) > 1 else ""
        for name, known in (("leg", self.legs[-1] if self.legs else ""), ("other", other)):
            text = text.replace("{" + name + "}", known)
        filled: Json = json.loads(text.replace("{conversation}", self.conversation))
        return filled


class InSimulation(Hands):
    """The simulation itself, as most tests have it; every event is held against its specification."""

    def __init__(self) -> None:
        super().__init__(telling.new())

    async def ring(self, body: Json) -> str:
        person = replace(people.find(body["from"], []), says=tuple(body.get("says", ())))
        return parties.place_call(self.simulation, body["from"], body["to"], person).call_control_id

    async def person(self, act: str, body: Json) -> None:
        does = {"say": conversations.said, "press": digits.person_presses}[act]
        does(self.simulation, self.simulation.world.legs[self.legs[-1]], *body.values())

    async def command(self, name: str, leg: str | None, body: Json) -> Json:
        try:
            data: Json = execute(self.simulation, Request(name, body, leg))["data"]
        except Refusal as refusal:
            raise Refused(" ".join(raised.problem.code for raised in refusal.problems)) from None
        return data

    async def advance(self, seconds: float) -> None:
        self.simulation.advance(seconds)

    async def told(self) -> list[Told]:
        return [
            Told(entry.data["occurred_at"], entry.name, entry.data["payload"])
            for entry in self.simulation.log.entries
            if entry.kind == "webhook"
        ]


class OverHttp(Hands):
    """A platform asked over HTTP, without a socket; every answer and webhook is held against its specification."""

    def __init__(self, simulator: Simulator) -> None:
        self.simulator, self.world = simulator, simulator.world()
        super().__init__(self.world.simulation)

    async def ring(self, body: Json) -> str:
        return await self.simulator.ring(**body)

    async def person(self, act: str, body: Json) -> None:
        await self.simulator.do("POST", f"/_mock/calls/{self.legs[-1]}/{act}", body)

    async def command(self, name: str, leg: str | None, body: Json) -> Json:
        known = self.simulator.platform.contract.operation(name)
        path = "/v2" + known.path.replace("{call_control_id}", leg or "")
        response = await self.simulator.ask(known.method, path, body if known.method != "GET" else None)
        answer = response.json()
        if not response.is_success:
            raise Refused(" ".join(error["code"] for error in answer["errors"]))
        data: Json = answer["data"]
        return data

    async def advance(self, seconds: float) -> None:
        """Not by a request, which leaves the application 50 ms of real time to act."""
        self.world.driver.act(self.simulation.advance, seconds)

    async def told(self) -> list[Told]:
        await self.world.idle()
        events = [json.loads(request.body)["data"] for request in self.simulator.posted]
        return [Told(event["occurred_at"], event["event_type"], event["payload"]) for event in events]


class WithSdk(OverHttp):
    """The same through the official client, unmodified but for its address, which takes nothing that has not its type.

    Webhooks are verified and typed by it.
    """

    def __init__(self, simulator: Simulator) -> None:
        super().__init__(simulator)
        self.client = telnyx.AsyncTelnyx(
            api_key=KEY,
            base_url="http://simulator.example/v2",
            public_key=simulator.platform.signer.public_key,
            http_client=httpx.AsyncClient(transport=httpx.ASGITransport(app=simulator.platform.app)),
            max_retries=0,
            _strict_response_validation=True,
        )

    async def command(self, name: str, leg: str | None, body: Json) -> Json:
        try:
            answer = await self.method(name, leg)(**{("from_" if key == "from" else key): body[key] for key in body})
        except telnyx.APIStatusError as refused:
            raise Refused(" ".join(error["code"] for error in refused.response.json()["errors"])) from None
        assert answer.data is not None
        data: Json = answer.data.model_dump(mode="json", by_alias=True)
        return data

    def method(self, name: str, leg: str | None) -> Callable[..., Any]:
        """What the client has for a command."""
        calls = self.client.calls
        if leg is None:
            return calls.dial
        if name == "retrieve_call":
            return partial(calls.retrieve_status, leg)
        method = partial(getattr(calls.actions, METHODS.get(name, name)), leg)
        if name != "bridge":
            return method
        return lambda call_control_id, **more: method(call_control_id_to_bridge_with=call_control_id, **more)

    async def told(self) -> list[Told]:
        await self.world.idle()
        return [self.typed(request.body.decode(), dict(request.headers)) for request in self.simulator.posted]

    def typed(self, body: str, headers: dict[str, str]) -> Told:
        event: Any = self.client.webhooks.unwrap(body, headers=headers)
        known = event.data.model_dump(mode="json", by_alias=True)
        return Told(json.loads(body)["data"]["occurred_at"], known["event_type"], known["payload"])


@asynccontextmanager
async def simulation() -> AsyncIterator[Hands]:
    hands = InSimulation()
    yield hands
    for entry in hands.simulation.log.entries:
        if entry.kind == "webhook":
            event = {"data": entry.data, "meta": {"attempt": 1, "delivered_to": "https://app.example/"}}
            assert CONTRACT.webhook_errors(entry.name, event) == []


@asynccontextmanager
async def http() -> AsyncIterator[Hands]:
    async with simulating() as simulator:
        yield OverHttp(simulator)


@asynccontextmanager
async def sdk() -> AsyncIterator[Hands]:
    async with simulating() as simulator:
        hands = WithSdk(simulator)
        async with hands.client:
            yield hands


WAYS = (simulation, http, sdk)
