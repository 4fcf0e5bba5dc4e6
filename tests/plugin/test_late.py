"""Applications that act only after they have answered a webhook: what they do comes before time goes on.

Each is tried fifty times. Somebody else picks up after five seconds: that is what comes first if time does not wait.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from functools import partial
from typing import Any
from urllib.parse import urlencode

import pytest
from flask import Flask, request
from starlette.applications import Starlette
from starlette.background import BackgroundTask
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from telnyx import AsyncTelnyx, Telnyx

from mockserver.testing import AsyncSimulatedTelnyx, Background, SimulatedTelnyx, Specs, Webhook, serving
from tests.plugin.applications import APP, CALLEE, CALLER
from tests.plugin.inner import ROOT

RUNS = 50
LATE, SLOW = 0.02, 0.3
"""How long after its answer an application acts, in real seconds: at an ordinary pace, and at a slow one."""

OTHER: dict[str, Any] = {"connection_id": "1", "from_": APP, "to": CALLEE}
Act = Callable[[], None]


def run(telnyx: SimulatedTelnyx, client: Telnyx, url: str) -> float:
    """A call to the application: when its answer came, in simulated seconds."""
    telnyx.webhook_url = f"{url}?{urlencode({'base_url': telnyx.base_url, 'key': telnyx.api_key})}"
    telnyx.person(CALLEE, answers_after="5s")
    client.calls.dial(**OTHER)
    telnyx.call(from_=CALLER, to=APP)
    return telnyx.wait_for("answer").seconds


def all_runs(server: Background, client: Telnyx, url: str, its: Any = None) -> list[float]:
    """One after the other, each in a world of its own; the application has a client that is `its` own, or the same."""
    seen = []
    for number in range(RUNS):
        telnyx = SimulatedTelnyx(server, f"KEY_{number}")
        for each in (client, its or client):
            each.api_key, each.base_url = telnyx.api_key, telnyx.base_url
        seen.append(run(telnyx, client, url))
        telnyx.close()
    return seen


@pytest.fixture(scope="module")
def client() -> Iterator[Telnyx]:
    with Telnyx(api_key="that of each world") as client:
        assert client.calls.actions  # imported now: it may take longer than anybody is waited for
        yield client


def answer(client: Telnyx, event: dict[str, Any], after: float = LATE) -> None:
    time.sleep(after)
    client.calls.actions.answer(event["payload"]["call_control_id"])


def is_call(event: dict[str, Any]) -> bool:
    return bool(event["event_type"] == "call.initiated" and event["payload"]["direction"] == "incoming")


def flask(begin: Callable[[Act], Any], client: Telnyx) -> Flask:
    """Answers the webhook at once, and lets the call be answered in another way."""
    app = Flask("late")

    @app.post("/webhooks")
    def webhook() -> str:
        event = request.get_json()["data"]
        if is_call(event):
            begin(partial(answer, client, event))
        return ""

    return app


def in_a_thread(act: Act) -> None:
    threading.Thread(target=act).start()


def starlette(client: AsyncTelnyx, begin: Callable[[Any], BackgroundTask | None]) -> Starlette:
    """The same; `begin` is given what is to be awaited."""

    async def answer_late(call: str) -> None:
        await asyncio.sleep(LATE)
        await client.calls.actions.answer(call)

    async def webhook(request: Request) -> Response:
        event = json.loads(await request.body())["data"]
        call = event["payload"]["call_control_id"]
        return Response(background=begin(partial(answer_late, call)) if is_call(event) else None)

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        yield
        await client.close()

    return Starlette(routes=[Route("/webhooks", webhook, methods=["POST"])], lifespan=lifespan)


TASKS: set[asyncio.Task[Any]] = set()


def in_a_task(work: Any) -> None:
    task = asyncio.ensure_future(work())
    TASKS.add(task)
    task.add_done_callback(TASKS.discard)


def by_a_timer(work: Any) -> None:
    asyncio.get_running_loop().call_later(LATE / 2, in_a_task, work)


def by_a_thread(work: Any) -> None:
    loop = asyncio.get_running_loop()
    timer = threading.Timer(LATE / 2, lambda: loop.call_soon_threadsafe(in_a_task, work))
    timer.start()


class Queue:
    """A worker that takes its work from a queue, and lives as long as the test."""

    def __init__(self) -> None:
        self._work: asyncio.Queue[Any] = asyncio.Queue()

    def __call__(self, work: Any) -> None:
        if self._work.empty():
            in_a_task(self._take)
        self._work.put_nowait(work)

    async def _take(self) -> None:
        await (await self._work.get())()


def test_in_a_thread(telnyx_server: Background, client: Telnyx) -> None:
    with serving(flask(in_a_thread, client)) as url:
        assert all_runs(telnyx_server, client, url) == [0.0] * RUNS


def test_in_a_pool_of_threads(telnyx_server: Background, client: Telnyx) -> None:
    with ThreadPoolExecutor(2) as pool, serving(flask(pool.submit, client)) as url:
        assert all_runs(telnyx_server, client, url) == [0.0] * RUNS


def test_in_a_task_of_a_server(telnyx_server: Background, client: Telnyx) -> None:
    its = AsyncTelnyx(api_key="that of each world")
    with serving(starlette(its, in_a_task)) as url:
        assert all_runs(telnyx_server, client, url, its) == [0.0] * RUNS


def test_in_another_process(telnyx_server: Background, client: Telnyx) -> None:
    with elsewhere(LATE) as url:
        assert all_runs(telnyx_server, client, url) == [0.0] * RUNS


@pytest.mark.anyio
@pytest.mark.parametrize("begin", [in_a_task, BackgroundTask, by_a_timer, by_a_thread, Queue()])
async def test_in_the_event_loop_of_the_test(telnyx_specs: Specs, begin: Any) -> None:
    seen = []
    for number in range(RUNS):
        telnyx = AsyncSimulatedTelnyx(f"KEY_{number}", specs=telnyx_specs)
        options: Any = {"api_key": telnyx.api_key, "base_url": telnyx.base_url, "http_client": telnyx.http_client()}
        client = AsyncTelnyx(**options)
        telnyx.application = starlette(client, begin)
        telnyx.person(CALLEE, answers_after="5s")
        await client.calls.dial(**OTHER)
        await telnyx.call(from_=CALLER, to=APP)
        seen.append((await telnyx.wait_for("answer")).seconds)
        await telnyx.close()
    assert seen == [0.0] * RUNS


@contextmanager
def elsewhere(after: float) -> Iterator[str]:
    """An application in a process of its own."""
    command = [sys.executable, "-m", "tests.plugin.elsewhere", str(after)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(process.stdout.readline())}/"
        finally:
            process.terminate()


# Slow ones hold time while they work


def by_python(telnyx: SimulatedTelnyx) -> AbstractContextManager[None]:
    return telnyx.hold("a-slow-one")


@contextmanager
def by_the_interface(telnyx: SimulatedTelnyx) -> Iterator[None]:
    telnyx.control("POST", "/clock/holds", {"name": "a-slow-one"})
    yield
    telnyx.control("DELETE", "/clock/holds/a-slow-one")


def slow_run(
    server: Background, client: Telnyx, number: int, hold: Callable[..., AbstractContextManager[Any]]
) -> float:
    """A world of its own, whose webhooks are handed to a function that leaves the work to a thread."""
    telnyx = SimulatedTelnyx(server, f"KEY_slow_{number}")
    its = client.with_options(api_key=telnyx.api_key, base_url=telnyx.base_url)

    def handle(webhook: Webhook) -> None:
        event = {"event_type": webhook.event_type, "payload": webhook.payload}
        if is_call(event):
            held = hold(telnyx)
            held.__enter__()
            in_a_thread(partial(work, event, held))

    def work(event: dict[str, Any], held: AbstractContextManager[Any]) -> None:
        answer(its, event, SLOW)
        held.__exit__(None, None, None)

    telnyx.webhooks.answer_with(handle)
    try:
        return run(telnyx, its, telnyx.webhooks.url)
    finally:
        telnyx.settle()
        telnyx.close()


@pytest.mark.parametrize("hold", [by_python, by_the_interface])
def test_a_slow_one_is_right_with_a_hold(telnyx_server: Background, client: Telnyx, hold: Any) -> None:
    with ThreadPoolExecutor(RUNS) as together:
        seen = together.map(lambda number: slow_run(telnyx_server, client, number, hold), range(RUNS))
        assert [*seen] == [0.0] * RUNS


def test_a_slow_one_in_another_process_is_too_late_without(telnyx_server: Background, client: Telnyx) -> None:
    with elsewhere(SLOW) as url:
        telnyx = SimulatedTelnyx(telnyx_server, "KEY_slow")
        client.api_key, client.base_url = telnyx.api_key, telnyx.base_url
        assert run(telnyx, client, url) > 0
        telnyx.close()
