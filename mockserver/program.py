"""The command of a run, as a process: an application that listens, or a program that drives by itself and ends."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import signal
from asyncio.subprocess import Process
from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from urllib.parse import urlsplit

from mockserver.launch import Simulator, real_address
from mockserver.server import Platform

ENDING_SECS = 3.0
"""How long a program that is asked to end may take."""

ORPHAN_SECS = 1.0
"""How long what it has started may still take then. In a container, the dead may be there for longer."""

BY_FORCE = getattr(signal, "SIGKILL", signal.SIGTERM)  # Windows knows no other way

LOOK_SECS = 0.05
"""How often it is tried whether somebody listens by now."""


class Unreachable(Exception):
    """The application cannot be reached, or ended before it could be."""


class Program:
    """A command, and its process while it runs: with an SDK's variables set, and the port to listen on.

    It leads a group of processes of its own, which is ended as a whole: what a shell, a reloader or a server with
    workers has started would otherwise live on, and keep the port.

    With `real`, its connections to the platform's own address lead to the simulator. `output` is the file descriptor
    that takes its standard output, ours by default.
    """

    def __init__(
        self,
        command: Sequence[str],
        app_url: str,
        platform: Platform,
        url: str,
        environment: Mapping[str, str],
        real: bool = False,
        output: int | None = None,
    ) -> None:
        self._command, self._app_url, self._platform, self._url = command, app_url, platform, url
        self._environment, self._real, self._output = environment, real, output
        self._process: Process | None = None
        self._is_over = False
        self._files = ExitStack()

    @property
    def code(self) -> int | None:
        """The code it has ended with, as a shell tells it; None before that."""
        code = self._process.returncode if self._process else None
        return code if code is None or code >= 0 else 128 - code

    async def start(self) -> None:
        """Start it, for the first time or once more, in place of what still runs."""
        await self.end()
        variables = self._variables()
        if self._real:
            simulator = Simulator.of(self._platform, self._url)
            variables |= self._files.enter_context(real_address(simulator, self._environment))
        try:
            self._process = await asyncio.create_subprocess_exec(
                *self._command, env=variables, stdout=self._output, start_new_session=True
            )
        except OSError as error:
            raise Unreachable(f"cannot start {shlex.quote(self._command[0])}: {error.strerror}") from None
        self._is_over = False

    async def ended(self) -> int:
        """Wait until it has ended by itself; its code."""
        assert self._process is not None
        await self._process.wait()
        return self.code or 0

    async def end(self) -> None:
        """End it and all that it has started, if anything of it still runs: it is asked to, and has three seconds."""
        if self._process is not None and not self._is_over:
            await _end(self._process)
            self._is_over = True
        self._files.close()

    async def listens(self, limit: float | None = None) -> bool:
        """Wait until it listens for webhooks, which is true, or has ended, which is false.

        Raises `Unreachable` after so many seconds without either.
        """
        host, port = address(self._app_url)
        deadline = asyncio.get_running_loop().time() + (limit or float("inf"))
        while self.code is None:
            if await _refused(host, port) is None:
                return True
            if asyncio.get_running_loop().time() > deadline:
                raise Unreachable(
                    f"the application runs, but after {limit:g} s nobody listens on {host}, port {port}: "
                    "have it listen on the port that the variable PORT names, or give it longer with --timeout"
                )
            await asyncio.sleep(LOOK_SECS)
        return False

    def _variables(self) -> dict[str, str]:
        platform = self._platform
        return {
            **self._environment,
            "TELNYX_BASE_URL": f"{self._url}/v2",
            "TELNYX_API_KEY": self._environment.get("TELNYX_API_KEY", platform.config.default_key),
            "TELNYX_PUBLIC_KEY": platform.signer.public_key,
            "TELNYX_WEBHOOK_URL": self._app_url,
            "PORT": str(address(self._app_url)[1]),
            "PYTHONUNBUFFERED": "1",
        }


async def _end(process: Process) -> None:
    """Ask a process and all that it has started to end; what still runs when its time is over is ended by force."""
    try:
        _signal(process, signal.SIGTERM)
        await asyncio.wait_for(process.wait(), ENDING_SECS)
        for _ in range(round(ORPHAN_SECS / LOOK_SECS)):
            if not _signal(process, 0):
                break
            await asyncio.sleep(LOOK_SECS)
    except TimeoutError:
        pass
    finally:  # also for whoever presses Ctrl-C twice
        _signal(process, BY_FORCE)
    await process.wait()


def _signal(process: Process, number: int) -> bool:
    """Send a signal to the group of a process; is anything left of it? Number 0 only looks."""
    try:
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        elif process.returncode is None and number:  # Windows has no such groups
            process.terminate()
    except (ProcessLookupError, PermissionError):  # macOS has the latter where only the dead are left
        return False
    return hasattr(os, "killpg") or process.returncode is None


def address(app_url: str) -> tuple[str, int]:
    """The host and port of a URL; raises `Unreachable` for what is none."""
    try:
        parts = urlsplit(app_url)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        parts, port = urlsplit(""), 0
    if not parts.hostname:
        raise Unreachable(f"{app_url}: this is no URL; it should look like http://127.0.0.1:8088/webhooks")
    return parts.hostname, port


async def listens(app_url: str) -> bool:
    """Does anybody accept connections there?"""
    return await _refused(*address(app_url)) is None


async def reach(app_url: str, limit: float) -> None:
    """Wait until an application accepts connections; raises `Unreachable` after so many seconds."""
    host, port = address(app_url)
    deadline = asyncio.get_running_loop().time() + limit
    while (refused := await _refused(host, port)) is not None:
        if asyncio.get_running_loop().time() > deadline:
            raise Unreachable(
                f"the application at {app_url} cannot be reached: {_why(refused)}. Start it first, or let it be "
                "started: -- COMMAND"
            )
        await asyncio.sleep(LOOK_SECS)


def _why(refused: OSError) -> str:
    """What the system says, without the addresses that asyncio adds."""
    if refused.errno is None:  # asyncio tried several addresses of the host
        return "nobody accepts connections there"
    return os.strerror(refused.errno) if refused.errno > 0 else str(refused.strerror)


async def _refused(host: str, port: int) -> OSError | None:
    """Why no connection came about; None when one did."""
    try:
        _, writer = await asyncio.open_connection(host, port)
    except OSError as error:
        return error
    writer.close()
    with contextlib.suppress(OSError):
        await writer.wait_closed()
    return None
