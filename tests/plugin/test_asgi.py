"""The fixture `telnyx_asgi`: the SDK's requests and the application's webhooks in one event loop, without a socket."""

from __future__ import annotations

import asyncio
import json
import socket
from typing import Any

import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route
from telnyx import AsyncTelnyx

from mockserver.testing import AsyncSimulatedTelnyx, NothingCame, Webhook
from tests.plugin.applications import APP, CALLEE, CALLER, starlette_menu
from tests.plugin.test_sockets import STEPS

pytestmark = pytest.mark.anyio


@pytest.fixture
def no_sockets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever connects, or listens, fails."""

    def refuse(*_: Any) -> None:
        raise AssertionError("a socket was used")

    for name in ("connect", "connect_ex", "bind", "listen"):
        monkeypatch.setattr(socket.socket, name, refuse)


@pytest.fixture
def client(telnyx_asgi: AsyncSimulatedTelnyx) -> AsyncTelnyx:
    return AsyncTelnyx(
        api_key=telnyx_asgi.api_key,
        base_url=telnyx_asgi.base_url,
        public_key=telnyx_asgi.public_key,
        http_client=telnyx_asgi.http_client(),
    )


def steps(telnyx: AsyncSimulatedTelnyx) -> list[tuple[float, str]]:
    return [(event.seconds, event.name) for event in telnyx.events]


@pytest.mark.parametrize("in_background", [False, True])
async def test_an_application_gets_through_its_menu(
    telnyx_asgi: AsyncSimulatedTelnyx, client: AsyncTelnyx, no_sockets: None, in_background: bool
) -> None:
    telnyx_asgi.application = starlette_menu(client, in_background)
    call = await telnyx_asgi.call(from_=CALLER, to=APP)
    await call.press("1")
    assert (await telnyx_asgi.wait_for("call.gather.ended", digits="1"))["status"] == "valid"
    await call.wait_for("call.hangup")
    assert steps(telnyx_asgi) == STEPS
    assert call.state == "ended"


async def test_the_first_request_makes_the_world(telnyx_asgi: AsyncSimulatedTelnyx, client: AsyncTelnyx) -> None:
    assert (telnyx_asgi.events, telnyx_asgi.seconds, telnyx_asgi.ladder()) == ([], 0.0, "nothing happened")
    await client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    await asyncio.sleep(0.05)
    assert telnyx_asgi.seconds == 0.0
    await telnyx_asgi.wait_for("call.answered")
    assert [webhook.wrong for webhook in telnyx_asgi.webhooks.received] == [None, None]


async def test_what_the_application_raises_is_raised_in_the_test(
    telnyx_asgi: AsyncSimulatedTelnyx, client: AsyncTelnyx
) -> None:
    async def webhook(request: Request) -> Response:
        raise LookupError("no such menu")

    telnyx_asgi.application = Starlette(routes=[Route("/webhooks", webhook, methods=["POST"])])
    await telnyx_asgi.call(from_=CALLER, to=APP)
    with pytest.raises(LookupError, match="no such menu"):
        await telnyx_asgi.wait_for("call.answered")


async def test_the_sink_takes_a_coroutine_function(telnyx_asgi: AsyncSimulatedTelnyx, client: AsyncTelnyx) -> None:
    async def handle(webhook: Webhook) -> None:
        if webhook.event_type == "call.initiated":
            await client.calls.actions.answer(webhook.payload["call_control_id"])

    telnyx_asgi.webhooks.answer_with(handle)
    call = await telnyx_asgi.call(from_=CALLER, to=APP)
    await call.wait_for("call.answered")
    await call.hold()
    await call.unhold()
    await call.does({"when": "call.dtmf.received", "hangs_up": True}, {"after_silence": 3, "presses": "1"})
    await call.wait_for("call.hangup")
    names = ["call.hold", "call.unhold", "call.dtmf.received", "call.hangup"]
    assert [event.name for event in call.events][2:] == names


async def test_a_wait_in_vain_and_a_held_time_are_explained(telnyx_asgi: AsyncSimulatedTelnyx) -> None:
    await telnyx_asgi.call(from_=CALLER, to=APP)
    with telnyx_asgi.hold("me"), pytest.raises(NothingCame, match="time is held by me"):
        await telnyx_asgi.wait_for("call.answered", timeout=0.05)


@pytest.mark.telnyx(timeout=0.5)
async def test_an_application_that_is_at_work_is_waited_for(
    telnyx_asgi: AsyncSimulatedTelnyx, client: AsyncTelnyx
) -> None:
    working = asyncio.Event()

    async def webhook(request: Request) -> Response:
        await working.wait()
        return Response()

    telnyx_asgi.application = Starlette(routes=[Route("/webhooks", webhook, methods=["POST"])])
    await client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    asyncio.get_running_loop().call_later(0.8, working.set)
    await telnyx_asgi.wait_for("call.answered")


async def test_time_passes_for_code_that_waits_by_itself(
    telnyx_asgi: AsyncSimulatedTelnyx, client: AsyncTelnyx
) -> None:
    answered = asyncio.Event()

    async def webhook(request: Request) -> Response:
        if json.loads(await request.body())["data"]["event_type"] == "call.answered":
            answered.set()
        return Response()

    telnyx_asgi.application = Starlette(routes=[Route("/hooks", webhook, methods=["POST"])])
    telnyx_asgi.webhook_url = "http://my.app/hooks"
    await client.calls.dial(connection_id="1", from_=APP, to=CALLEE)
    async with telnyx_asgi.passing():
        await asyncio.wait_for(answered.wait(), 2)


async def test_an_assistants_tool_is_the_application_too(
    telnyx_asgi: AsyncSimulatedTelnyx, client: AsyncTelnyx, no_sockets: None
) -> None:
    async def tool(request: Request) -> Response:
        return JSONResponse({"free": (await request.json())["day"]})

    telnyx_asgi.application = Starlette(
        routes=[
            Route("/webhooks", lambda request: Response(), methods=["POST"]),
            Route("/free", tool, methods=["POST"]),
        ]
    )
    telnyx_asgi.scenario(
        """
assistants:
  - id: booker
    greeting: Hello.
    turns:
      - {hears: Monday, uses: {tool: free, arguments: {day: Monday}}}
      - {hears_result: Monday, says: It is.}
"""
    )
    call = await telnyx_asgi.call(from_=CALLER, to=APP)
    await client.calls.actions.answer(call.id)
    tools: Any = [
        {
            "type": "webhook",
            "webhook": {
                "name": "free",
                "description": "Is a day free?",
                "url": "http://my.app/free",
                "method": "POST",
                "body_parameters": {"type": "object", "properties": {"day": {"type": "string"}}},
            },
        }
    ]
    await client.calls.actions.start_ai_assistant(call.id, assistant={"id": "booker", "tools": tools})
    await call.say("Is Monday free?")
    told = await telnyx_asgi.wait_for("tool_answers")
    assert "Monday" in str(told.payload["result"])
    assert (await telnyx_asgi.wait_for("assistant_says", text="It is.")).seconds > 2


@pytest.mark.telnyx(scenario="ivr_menu")
async def test_a_scenario_of_the_marker_is_there_from_the_start(
    telnyx_asgi: AsyncSimulatedTelnyx, client: AsyncTelnyx
) -> None:
    await telnyx_asgi.settle()
    assert [call.state for call in telnyx_asgi.calls] == ["parked"]
    with pytest.raises(NothingCame, match="expectations did not hold"):
        await telnyx_asgi.play()
