"""Plays a scenario against an application over real sockets, on the clock that skips, and says what happened."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack, asynccontextmanager
from urllib.parse import urlsplit

from mockserver.driver import LONG_CUSHION
from mockserver.launch import Simulator, real_address
from mockserver.reports.played import Played
from mockserver.scenario.apply import apply
from mockserver.scenario.expect import Expectations, check
from mockserver.scenario.model import Scenario
from mockserver.server import Platform, running
from mockserver.settings import Config
from mockserver.sim.events import Entry
from mockserver.worlds import World

REACHABLE_SECS = 2.0
"""How long a running application may take to accept a connection; one that we start may take as long as the run."""


class Unreachable(Exception):
    """The application cannot be reached, or ended before it could be."""


async def play(
    scenario: Scenario,
    config: Config,
    app_url: str | None,
    command: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
    limit: float = 30.0,
    real: bool = False,
) -> Played:
    """Serve a world, start the application if there is a command for it, play the scenario, and end.

    The run is over when all that is expected has come and nothing more happens, or nothing can come any more, or after
    `limit` real seconds. With `real`, the command's connections to the platform's own address lead to this world.
    Raises `Unreachable`, and `OSError` where the port is taken.
    """
    if real:
        config = config.on(tls_port=config.tls_port or 0)
    app_url = app_url or f"http://127.0.0.1:{_free_port()}/webhooks"
    expected = scenario.to_expectations()
    expectations = Expectations(expected)
    entries: list[Entry] = []

    def read(entry: Entry) -> None:
        entries.append(entry)
        expectations.feed(entry)

    stopped = None
    async with (
        running(config.on(webhook_url=app_url), read=read) as (platform, url),
        _application(command, app_url, url, platform, environment or {}, real) as app,
    ):
        await _reach(app_url, limit if command else REACHABLE_SECS, app)
        world = platform.worlds.of(config.default_key)
        world.driver.act(apply, scenario, world.simulation)
        try:
            async with asyncio.timeout(limit):
                await _until_over(world, expectations)
        except TimeoutError:
            stopped = f"the run was stopped after {limit:g} s: {world.driver.explain()}"
    return Played(scenario, check(expected, entries), tuple(entries), stopped)


async def _until_over(world: World, expectations: Expectations) -> None:
    driver = world.driver
    await driver.rest()
    if expectations.done:
        return
    with driver.waiting():  # also for what only a limit brings about
        seen = -1
        while not expectations.done and seen != world.simulation.log.last_seq:
            seen = world.simulation.log.last_seq
            await driver.rest()
            await asyncio.sleep(LONG_CUSHION)
    await driver.rest()


@asynccontextmanager
async def _application(
    command: Sequence[str],
    app_url: str,
    url: str,
    platform: Platform,
    environment: Mapping[str, str],
    real: bool,
) -> AsyncIterator[asyncio.subprocess.Process | None]:
    """The application's process, if we are to start it: with an SDK's variables set, and the port to listen on."""
    if not command:
        yield None
        return
    port = urlsplit(app_url).port or 80
    variables = {
        **environment,
        "TELNYX_BASE_URL": f"{url}/v2",
        "TELNYX_API_KEY": environment.get("TELNYX_API_KEY", platform.config.default_key),
        "TELNYX_PUBLIC_KEY": platform.signer.public_key,
        "TELNYX_WEBHOOK_URL": app_url,
        "PORT": str(port),
        "PYTHONUNBUFFERED": "1",
    }
    with ExitStack() as files:
        if real:
            variables |= files.enter_context(real_address(Simulator.of(platform, url), environment))
        try:
            process = await asyncio.create_subprocess_exec(*command, env=variables)
        except OSError as error:
            raise Unreachable(f"cannot start {command[0]}: {error.strerror}") from None
        try:
            yield process
        finally:
            await _ended(process)


async def _ended(process: asyncio.subprocess.Process) -> None:
    """End a process that still runs: it is asked to, and has three seconds."""
    if process.returncode is None:
        process.terminate()
        try:
            await asyncio.wait_for(process.wait(), 3)
        except TimeoutError:
            process.kill()
            await process.wait()


async def _reach(app_url: str, limit: float, app: asyncio.subprocess.Process | None) -> None:
    """Wait until the application accepts connections."""
    parts = urlsplit(app_url)
    if not parts.hostname:
        raise Unreachable(f"{app_url}: this is no URL; it should look like http://127.0.0.1:8088/webhooks")
    port = parts.port or (443 if parts.scheme == "https" else 80)
    deadline = asyncio.get_running_loop().time() + limit
    while True:
        if app is not None and app.returncode is not None:
            raise Unreachable(f"the application ended with code {app.returncode} before it listened on port {port}")
        try:
            _, writer = await asyncio.open_connection(parts.hostname, port)
        except OSError as error:
            if asyncio.get_running_loop().time() > deadline:
                raise Unreachable(
                    f"the application at {app_url} cannot be reached: {error.strerror or error}"
                ) from None
            await asyncio.sleep(0.05)
        else:
            writer.close()
            with contextlib.suppress(OSError):
                await writer.wait_closed()
            return


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
