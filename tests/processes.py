"""The command line as a user has it: real processes, real sockets, real signals."""

from __future__ import annotations

import http.client
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

COMMAND = (sys.executable, "-m", "mockserver")
LIMIT_SECS = 20.0
"""How long anything that a test waits for may take, in real seconds."""


def environment(**more: str) -> dict[str, str]:
    """The test's environment without what is meant for the command."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TELNYX")}
    return {**kept, "PYTHONWARNINGS": "error", **more}


def run(*args: str, given: bytes = b"", env: Mapping[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run a command to its end."""
    done = subprocess.run(
        [*COMMAND, *args], input=given, capture_output=True, timeout=LIMIT_SECS, env=environment(**(env or {}))
    )
    return subprocess.CompletedProcess(args, done.returncode, done.stdout.decode(), done.stderr.decode())


@dataclass
class Server:
    """A running `serve`: its process, and what it printed so far."""

    process: subprocess.Popen[bytes]
    lines: list[str] = field(default_factory=list)

    @property
    def output(self) -> str:
        return "\n".join(self.lines)

    @property
    def url(self) -> str:
        found = re.search(r"http://[^/\s\"]+(?=/v2)", self.output)
        assert found is not None
        return found.group()

    def until(self, text: str) -> str:
        """Wait until a line with a text was printed; that line."""
        deadline = time.monotonic() + LIMIT_SECS
        while True:
            for line in list(self.lines):
                if text in line:
                    return line
            assert time.monotonic() < deadline, f"no {text!r} in:\n{self.output}"
            assert self.process.poll() is None, f"it ended:\n{self.output}"
            time.sleep(0.005)

    def ask(self, method: str, path: str, body: Any = None, key: str = "KEY_test", **headers: str) -> Any:
        """Send a request; the answer's JSON."""
        connection = self.connection()
        connection.request(
            method,
            path,
            None if body is None else json.dumps(body),
            {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **headers},
        )
        with connection.getresponse() as response:
            answer = json.load(response)
        connection.close()
        return answer

    def connection(self) -> http.client.HTTPConnection:
        parts = urlsplit(self.url)
        assert parts.hostname is not None
        return http.client.HTTPConnection(parts.hostname, parts.port, timeout=LIMIT_SECS)

    def interrupt(self, number: int = signal.SIGINT) -> float:
        """Send a signal; how many seconds it took to end."""
        began = time.monotonic()
        self.process.send_signal(number)
        self.process.wait(LIMIT_SECS)
        return time.monotonic() - began


@contextmanager
def serve(*args: str, env: Mapping[str, str] | None = None, out: int = subprocess.PIPE) -> Iterator[Server]:
    """`serve` on a free port as long as the block, unless `args` name one; ended by Ctrl-C where it still runs."""
    port = () if "--port" in args or "TELNYX_MOCKSERVER_PORT" in (env or {}) else ("--port", "0")
    process = subprocess.Popen(
        [*COMMAND, "serve", *port, *args], stdout=out, stderr=subprocess.STDOUT, env=environment(**(env or {}))
    )
    server = Server(process)

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            server.lines.append(line.decode().rstrip("\n"))

    listener = Thread(target=listen) if process.stdout is not None else None
    if listener is not None:
        listener.start()
        server.until("}" if server.until("/v2").startswith("{") else "+---")
    try:
        yield server
    finally:
        if process.poll() is None:
            server.interrupt()
        if listener is not None and process.stdout is not None:
            listener.join()
            process.stdout.close()


@contextmanager
def taken_port() -> Iterator[int]:
    """A port on which somebody listens who never answers."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener.getsockname()[1]


def free_port() -> int:
    """A port on which nobody listens."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
