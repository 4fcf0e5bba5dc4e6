"""Processes to measure: our server, the bare one and a sink, each alone in a process; what they take of the machine."""

from __future__ import annotations

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
READY_SECS = 30.0
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True)
class Process:
    """A process that listens on `port` of this machine."""

    pid: int
    port: int

    @property
    def rss(self) -> float:
        """Resident memory in MB (1,000,000 bytes)."""
        return rss(self.pid)

    @property
    def cpu_seconds(self) -> float:
        """Processor time it has used, in seconds; 0 where the system does not tell."""
        with suppress(OSError):
            fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
            return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
        return 0.0


def rss(pid: int | None = None) -> float:
    """Resident memory of a process in MB; of this one at its highest where the system tells no more."""
    with suppress(OSError):
        pages = int(Path(f"/proc/{pid or os.getpid()}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / MEGABYTE
    if pid is None:
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / MEGABYTE
    kilobytes = subprocess.run(["ps", "-o", "rss=", "-p", str(pid)], capture_output=True, text=True, check=True)
    return int(kilobytes.stdout) * 1024 / MEGABYTE


def ours(*options: str, port: int) -> list[str]:
    """The command that starts our server."""
    return [sys.executable, "-m", "mockserver", "serve", "--port", str(port), "--loop-guard", "0", *options]


def own(module: str, *options: str, port: int) -> list[str]:
    """The command that starts one of the servers in this package."""
    return [sys.executable, "-m", f"benchmarks.{module}", str(port), *options]


@contextmanager
def our_server(*options: str) -> Iterator[Process]:
    """Our server, ready, for as long as the block runs."""
    port = free_port()
    with running(ours(*options, port=port), port, "/_mock/health") as process:
        yield process


@contextmanager
def own_server(module: str, *options: str) -> Iterator[Process]:
    """A server of this package, ready, for as long as the block runs."""
    port = free_port()
    with running(own(module, *options, port=port), port, "/") as process:
        yield process


@contextmanager
def running(command: Sequence[str], port: int, path: str) -> Iterator[Process]:
    """A process from its start until after the block; it has answered 200 at `path` when the block begins."""
    process = start(command)
    try:
        wait_until_ready(process, port, path)
        yield Process(process.pid, port)
    finally:
        stop(process)


def start(command: Sequence[str]) -> subprocess.Popen[bytes]:
    """Start a process that writes what it says to nowhere."""
    return subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def stop(process: subprocess.Popen[bytes]) -> None:
    """End a process, politely at first."""
    process.terminate()
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def wait_until_ready(process: subprocess.Popen[bytes], port: int, path: str) -> None:
    """Return at the first 200. Raises `RuntimeError` if the process ends or takes too long."""
    limit = time.monotonic() + READY_SECS
    while not answers(port, path):
        if process.poll() is not None:
            raise RuntimeError(f"{process.args!r} ended with {process.returncode} before it was ready")
        if time.monotonic() > limit:
            raise RuntimeError(f"{process.args!r} was not ready within {READY_SECS:g} s")
        time.sleep(0.001)


def answers(port: int, path: str) -> bool:
    """Does a GET get a 200?"""
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    try:
        with socket.create_connection(("127.0.0.1", port), timeout=5) as connection:
            connection.sendall(request)
            return connection.recv(12) == b"HTTP/1.1 200"
    except OSError:
        return False


def free_port() -> int:
    """A port that nobody uses at the moment."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
        return port
