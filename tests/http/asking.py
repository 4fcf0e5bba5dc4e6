"""A simulator inside the test's process: ask it over ASGI, and have every answer checked against its specification."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import httpx

from mockserver.http.contract import Contract, Found
from mockserver.http.edge import Exchange
from mockserver.server import Platform
from mockserver.settings import Config, data_folder
from mockserver.sim.events import Json
from mockserver.webhooks.payload import Outgoing
from mockserver.webhooks.policy import Answer
from mockserver.worlds import World

KEY = "KEY_test"
APP = "+12025550100"
CALLER = "+12025550143"
CALLEE = "+12025550162"
CONNECTION = "2790114250386114973"
UNKNOWN = "v3:" + "x" * 54
HOOKS = "http://app.example/hooks"
DIAL: Json = {"connection_id": CONNECTION, "from": APP, "to": CALLEE}

CONTROL = Contract(data_folder("specs") / "mock.yaml")


def without(body: Json, *names: str) -> Json:
    """A body with fields left out."""
    return {name: value for name, value in body.items() if name not in names}


@dataclass
class Simulator:
    """A platform, whom it tells what (`posted`, `exchanges`), and verbs to ask it things."""

    platform: Platform
    http: httpx.AsyncClient
    posted: list[Outgoing] = field(default_factory=list)
    exchanges: list[Exchange] = field(default_factory=list)

    async def ask(self, method: str, path: str, body: Any = None, key: str | None = KEY, **more: Any) -> httpx.Response:
        """Send a request; the answer is checked. A body that is bytes goes as it is."""
        headers = {"authorization": f"Bearer {key}"} if key is not None else {}
        if body is not None and not isinstance(body, bytes):
            headers["content-type"] = "application/json"
            body = json.dumps(body).encode()
        headers |= more.pop("headers", {})
        response = await self.http.request(method, path, content=body, headers=headers, **more)
        check(self.platform, method, path, response)
        return response

    async def do(self, method: str, path: str, body: Any = None, key: str | None = KEY, **more: Any) -> Any:
        """Ask for something that is granted; `data` of the answer, or all of it."""
        response = await self.ask(method, path, body, key, **more)
        assert response.is_success, response.text
        answer = response.json()
        return answer["data"] if "data" in answer and "meta" not in answer else answer

    async def command(self, name: str, leg: str, **body: Any) -> Any:
        """Send a command to a leg."""
        return await self.do("POST", f"/v2/calls/{leg}/actions/{name}", body)

    async def refused(self, method: str, path: str, body: Any = None, **more: Any) -> list[tuple[str, str]]:
        """Ask for something that is refused; codes and what in the request they are about."""
        response = await self.ask(method, path, body, **more)
        assert not response.is_success, response.text
        return blamed(response.json()["errors"])

    async def advance(self, seconds: float) -> None:
        await self.do("POST", "/_mock/clock/advance", {"seconds": seconds})

    async def dial(self, **changes: Any) -> str:
        """Dial; the new leg's id."""
        leg: str = (await self.do("POST", "/v2/calls", {**DIAL, **changes}))["call_control_id"]
        return leg

    async def dialled(self, **changes: Any) -> str:
        """Dial somebody, who answers."""
        leg = await self.dial(**changes)
        await self.advance(3)
        return leg

    async def ring(self, **changes: Any) -> str:
        """Somebody calls the application; the new leg's id."""
        leg: str = (await self.do("POST", "/_mock/calls", {"from": CALLER, "to": APP, **changes}))["call_control_id"]
        return leg

    async def ended(self) -> str:
        """A leg that has ended."""
        leg = await self.ring()
        await self.do("POST", f"/_mock/calls/{leg}/hangup", {})
        return leg

    async def events(self, **query: Any) -> list[Json]:
        """The log, or what of it is asked for."""
        data: list[Json] = (await self.do("GET", "/_mock/events", params=query))["data"]
        return data

    def world(self, key: str = KEY) -> World:
        return self.platform.worlds.of(key)


def blamed(errors: Iterable[Json]) -> list[tuple[str, str]]:
    """Codes of errors, and what in the request they are about."""
    return [
        (error["code"], error.get("source", {}).get("pointer") or error.get("source", {}).get("parameter", ""))
        for error in errors
    ]


def check(platform: Platform, method: str, path: str, response: httpx.Response) -> None:
    """Is the answer as the specification of its operation has it, or of errors at least? Raises `AssertionError`."""
    assert UUID(response.headers["x-request-id"]).version == 4
    if response.status_code == 204:
        assert (response.content, "content-type" in response.headers) == (b"", False)
        return
    if response.is_success and response.headers.get("content-length") == "0":
        assert "content-type" not in response.headers
        return
    assert response.headers["content-type"] == "application/json"
    if method.upper() == "HEAD" and not response.content:
        return
    body = response.json()
    plain = path.split("?")[0].split("#")[0]
    ours = plain.startswith("/_mock")
    contract = CONTROL if ours else platform.contract
    found = contract.find(method, plain if ours else plain.removeprefix("/v2"))
    if isinstance(found, Found) and found.operation.built:
        assert contract.response_errors(found.operation, response.status_code, body) == []
    else:
        dial = platform.contract.operation("dial")
        assert not response.is_success
        assert platform.contract.response_errors(dial, 422, body) == []
    if not response.is_success:
        [form] = body
        assert form == ("detail" if plain.startswith("/v2/ai/") and response.status_code in (404, 422) else "errors")
        assert body[form]


@asynccontextmanager
async def simulating(**options: Any) -> AsyncIterator[Simulator]:
    """A simulator whose clock is moved by hand; webhooks go nowhere, and are answered with 200."""
    posted: list[Outgoing] = []
    exchanges: list[Exchange] = []

    async def post(request: Outgoing) -> Answer:
        posted.append(request)
        return Answer(200)

    config = Config(**{"clock": "manual", "webhook_url": HOOKS, **options})
    platform = Platform(config, exchanges.append, post=post)
    transport = httpx.ASGITransport(app=platform.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://simulator.example") as http:
        try:
            yield Simulator(platform, http, posted, exchanges)
        finally:
            await platform.close()
    for request in posted:
        event = json.loads(request.body)
        assert platform.contract.webhook_errors(event["data"]["event_type"], event) == []
