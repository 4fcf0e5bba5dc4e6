"""200 tests with an IVR call each, run by pytest with the plugin: over sockets, without them, and with two workers.

Each run is a process of its own, timed from its start to its end. The application is made once; each test has a world.
"""

from __future__ import annotations

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from benchmarks.results import Row

TESTS, QUICK_TESTS = 200, 40
SOCKETS_SECS, ASGI_SECS = 40.0, 10.0
LIMIT_SECS = 300

SOCKETS = """
import pytest
from flask import Flask, request
from mockserver.testing import serving
from telnyx import Telnyx

APP = Flask("menu")
CLIENT = Telnyx(api_key="that of each test")


@APP.post("/webhooks")
def webhook():
    CLIENT.webhooks.unwrap(request.get_data(as_text=True), headers=dict(request.headers))
    event = request.get_json()["data"]
    actions, call = CLIENT.calls.actions, event["payload"]["call_control_id"]
    match event["event_type"]:
        case "call.initiated":
            actions.answer(call)
        case "call.answered":
            actions.gather_using_speak(call, payload="Press a key.", voice="female", maximum_digits=1)
        case "call.gather.ended":
            actions.hangup(call)
    return "", 200


@pytest.fixture(scope="session")
def url():
    with serving(APP) as url:
        yield url


@pytest.mark.parametrize("number", range({count}))
def test_menu(telnyx, url, number):
    CLIENT.api_key, CLIENT.base_url, CLIENT.public_key = telnyx.api_key, telnyx.base_url, telnyx.public_key
    telnyx.webhook_url = url
    call = telnyx.call(from_="+12025550143", to="+12025550178")
    call.press("1")
    telnyx.wait_for("call.gather.ended", digits="1")
    call.wait_for("call.hangup")
    print("RESULT", number, *[(event.seconds, event.name) for event in telnyx.events])
"""

ASGI = """
import json

import pytest
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Route
from telnyx import AsyncTelnyx


def application(client):
    async def webhook(request):
        body = (await request.body()).decode()
        client.webhooks.unwrap(body, headers=dict(request.headers))
        event = json.loads(body)["data"]
        actions, call = client.calls.actions, event["payload"]["call_control_id"]
        match event["event_type"]:
            case "call.initiated":
                await actions.answer(call)
            case "call.answered":
                await actions.gather_using_speak(call, payload="Press a key.", voice="female", maximum_digits=1)
            case "call.gather.ended":
                await actions.hangup(call)
        return Response()

    return Starlette(routes=[Route("/webhooks", webhook, methods=["POST"])])


@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
@pytest.mark.parametrize("number", range({count}))
async def test_menu(telnyx_asgi, number):
    telnyx = telnyx_asgi
    client = AsyncTelnyx(
        api_key=telnyx.api_key,
        base_url=telnyx.base_url,
        public_key=telnyx.public_key,
        http_client=telnyx.http_client(),
    )
    telnyx.application = application(client)
    call = await telnyx.call(from_="+12025550143", to="+12025550178")
    await call.press("1")
    await telnyx.wait_for("call.gather.ended", digits="1")
    await call.wait_for("call.hangup")
    print("RESULT", number, *[(event.seconds, event.name) for event in telnyx.events])
"""

WITHOUT = ("schemathesis", "hypothesispytest", "pytest_cov", "cacheprovider", "asyncio")
"""Plugins that other packages of this environment bring, and that would be timed too."""


def measure(quick: bool) -> list[Row]:
    """A row for each way; the reference of the first two is their limit, of the others the same in one process."""
    count = QUICK_TESTS if quick else TESTS
    share = count / TESTS
    once(SOCKETS, 1), once(ASGI, 1)
    sockets, their_results = once(SOCKETS, count)
    asgi, other_results = once(ASGI, count)
    rows = [_row("sockets", sockets, SOCKETS_SECS * share, 1.0), _row("ASGI form", asgi, ASGI_SECS * share, 1.0)]
    for what, text, alone in (("sockets, -n 2", SOCKETS, sockets), ("ASGI form, -n 2", ASGI, asgi)):
        seconds, results = once(text, count, "-n", "2")
        rows.append(_row(what, seconds, alone, 1.0))
        if not results == their_results == other_results:
            raise RuntimeError(f"{what}: other results than in one process")
    return rows


def _row(what: str, seconds: float, reference: float, target: float) -> Row:
    return Row("plugin", what, seconds, reference, "s", seconds / reference, target, "at most")


def once(text: str, count: int, *options: str) -> tuple[float, list[str]]:
    """Seconds for so many tests, and what each has seen."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_menu.py").write_text(text.replace("{count}", str(count)), encoding="utf-8")
        Path(folder, "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
        without = [f"-pno:{plugin}" for plugin in WITHOUT]
        began = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-rP", *without, *options],
            cwd=folder,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=LIMIT_SECS,
        )
        seconds = time.perf_counter() - began
    if f"{count} passed" not in done.stdout:
        raise RuntimeError(done.stdout)
    return seconds, sorted(re.findall(r"^RESULT .*$", done.stdout, re.MULTILINE))
