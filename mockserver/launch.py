"""Starts programs that have the platform's address in their code, so that they reach a simulator without a change."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from mockserver.settings import Config
from mockserver.tls import PLATFORM, trust

if TYPE_CHECKING:
    from mockserver.printer import Printer
    from mockserver.server import Platform

FAILED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127
"""Exit codes of our own, as `env` and `timeout` have them; every other one is the program's."""

VARIABLE = "TELNYX_MOCKSERVER_REAL_ADDRESS"
"""Tells a preload where the simulator listens: an address, a space, a port."""

FORWARDED = ("SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT", "SIGUSR1", "SIGUSR2")
FROM_A_TERMINAL = ("SIGINT", "SIGQUIT")
"""What a terminal sends to the program by itself, when it sends it to us."""


class NotStarted(Exception):
    """The program was not started; with the exit code that tells why."""

    def __init__(self, text: str, code: int = FAILED) -> None:
        super().__init__(text)
        self.code = code


@dataclass(frozen=True, slots=True)
class Simulator:
    """What a program must know of a simulator that runs, and listens with TLS."""

    url: str
    api_key: str
    public_key: str
    tls_port: int
    certificate: str

    @classmethod
    def of(cls, platform: Platform, url: str) -> Simulator:
        """The one of this process; it must have been started with a TLS port."""
        secured = platform.control.tls
        assert secured is not None
        key = platform.config.default_key
        return cls(url, key, platform.signer.public_key, secured["port"], secured["certificate"])

    def variables(self) -> dict[str, str]:
        """Those of an SDK."""
        return {
            "TELNYX_BASE_URL": f"{self.url}/v2",
            "TELNYX_API_KEY": self.api_key,
            "TELNYX_PUBLIC_KEY": self.public_key,
        }


@contextmanager
def real_address(simulator: Simulator, environment: Mapping[str, str]) -> Iterator[dict[str, str]]:
    """The variables that lead connections to the platform's name to a simulator; their files are there for the block.

    Raises `OSError` where the simulator's name is none.
    """
    host, port = urlsplit(simulator.url).hostname or "", simulator.tls_port
    address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][4][0]
    preload = Path(__file__).parent / "preload"
    path = [str(preload / "python"), *filter(None, [environment.get("PYTHONPATH")])]
    script = str(preload / "real_address.cjs").replace("\\", "\\\\").replace('"', '\\"')
    with TemporaryDirectory(prefix="telnyx-mockserver-", ignore_cleanup_errors=True) as folder:
        yield {
            **trust(simulator.certificate, Path(folder), environment).variables(),
            **_past_proxies(environment, host, str(address)),
            VARIABLE: f"{address} {port}",
            "PYTHONPATH": os.pathsep.join(path),
            "NODE_OPTIONS": f'{environment.get("NODE_OPTIONS", "")} --require "{script}"'.strip(),
        }


def _past_proxies(environment: Mapping[str, str], *hosts: str) -> dict[str, str]:
    """A proxy would be asked for the platform, and reach it."""
    before = ",".join(filter(None, (environment.get("no_proxy"), environment.get("NO_PROXY"))))
    names = dict.fromkeys([*filter(None, before.split(",")), PLATFORM, "localhost", *hosts])
    value = "*" if "*" in names else ",".join(names)
    return {"no_proxy": value, "NO_PROXY": value}


async def execute(
    command: Sequence[str], simulator: Simulator | Config, environment: Mapping[str, str], printer: Printer | None
) -> int:
    """Run a program to its end with a simulator for the platform; its exit code, as a shell tells it.

    A simulator is started if there are only options for one; `printer` is told what it does. Raises `NotStarted`.
    """
    watch, read = (printer.exchange, printer.entry) if printer else (_unheard, _unheard)
    try:
        if isinstance(simulator, Simulator):
            return await _execute(command, simulator, environment, printer)
        from mockserver.server import running  # a quarter of a second

        async with running(simulator, watch, read) as (platform, url):
            return await _execute(command, Simulator.of(platform, url), environment, printer)
    except OSError as error:
        raise NotStarted(f"no simulator for {command[0]}: {error}") from None


async def _execute(
    command: Sequence[str], simulator: Simulator, environment: Mapping[str, str], printer: Printer | None
) -> int:
    if printer:
        printer.say(f"telnyx-mockserver: https://{PLATFORM} is the simulator at {simulator.url}")
    with real_address(simulator, environment) as variables:
        try:
            process = await asyncio.create_subprocess_exec(
                *command, env={**environment, **simulator.variables(), **variables}
            )
        except OSError as error:
            code = {FileNotFoundError: NOT_FOUND, PermissionError: NOT_EXECUTABLE}.get(type(error), FAILED)
            raise NotStarted(f"cannot start {command[0]}: {error.strerror}", code) from None
        with _forwarded(process):
            code = await process.wait()
    return code if code >= 0 else 128 - code


def _unheard(_: object) -> None: ...


@contextmanager
def _forwarded(process: asyncio.subprocess.Process) -> Iterator[None]:
    loop = asyncio.get_running_loop()

    def forward(number: int) -> None:
        if signal.Signals(number).name in FROM_A_TERMINAL and _in_foreground():
            return  # a program that is told twice ends at once, with nothing put away
        with contextlib.suppress(ProcessLookupError):
            process.send_signal(number)

    numbers = [getattr(signal, name) for name in FORWARDED if hasattr(signal, name)]
    with contextlib.suppress(NotImplementedError):  # Windows has nothing of the kind
        for number in numbers:
            loop.add_signal_handler(number, forward, number)
    try:
        yield
    finally:
        with contextlib.suppress(NotImplementedError):
            for number in numbers:
                loop.remove_signal_handler(number)


def _in_foreground() -> bool:
    """Does a terminal's Ctrl-C come to us, and so to the program, which is in the same group of processes?"""
    try:
        with Path("/dev/tty").open("rb") as terminal:
            return os.tcgetpgrp(terminal.fileno()) == os.getpgrp()
    except OSError:
        return False
