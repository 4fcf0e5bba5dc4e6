"""Small applications to be tested with the plugin: a menu of keys in Flask and in Starlette, with the official SDK."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from flask import Flask, request
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telnyx import AsyncTelnyx, Telnyx

CALLER, APP, CALLEE = "+12025550143", "+12025550178", "+12025550162"
GATHER: dict[str, Any] = {"payload": "Press a key.", "voice": "female", "maximum_digits": 1}


def flask_menu(client: Telnyx) -> Flask:
    """Answers, asks for a key, and hangs up."""
    app = Flask("menu")

    @app.post("/webhooks")
    def webhook() -> tuple[str, int]:
        client.webhooks.unwrap(request.get_data(as_text=True), headers=dict(request.headers))
        event = request.get_json()["data"]
        actions, call = client.calls.actions, event["payload"].get("call_control_id")
        match event["event_type"]:
            case "call.initiated":
                actions.answer(call)
            case "call.answered":
                actions.gather_using_speak(call, **GATHER)
            case "call.gather.ended":
                actions.hangup(call)
        return "", 200

    return app


def starlette_menu(client: AsyncTelnyx, in_background: bool = False) -> Starlette:
    """The same, before it has answered a webhook or behind its answer."""

    async def step(event: dict[str, Any]) -> None:
        actions, call = client.calls.actions, event["payload"].get("call_control_id")
        match event["event_type"]:
            case "call.initiated":
                await actions.answer(call)
            case "call.answered":
                await actions.gather_using_speak(call, **GATHER)
            case "call.gather.ended":
                await actions.hangup(call)

    async def webhook(request: Request) -> Response:
        body = (await request.body()).decode()
        client.webhooks.unwrap(body, headers=dict(request.headers))
        event = json.loads(body)["data"]
        if in_background:
            return Response(background=BackgroundTask(step, event))
        await step(event)
        return Response()

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await client.close()

    return Starlette(routes=[Route("/webhooks", webhook, methods=["POST"])], lifespan=lifespan)
