"""Runs the official Python SDK's own tests against the simulator in contract mode.

python scripts/sdk_suite.py [PYTEST ARGUMENTS]

The tests come out of the source distribution that the package registry serves, in the version of the SDK that is
installed here, and run in a virtual environment of their own under build/. The exit code is pytest's.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tarfile
from importlib.metadata import version
from pathlib import Path
from threading import Thread

ROOT = Path(__file__).parent.parent
BUILD = ROOT / "build" / "sdk-suite"

TESTS = (
    "test_calls.py",
    "calls",
    "test_conferences.py",
    "conferences",
    "test_queues.py",
    "queues",
    "test_recordings.py",
    "recordings",
    "test_recording_transcriptions.py",
    "test_call_control_applications.py",
    "test_connections.py",
    "test_call_events.py",
)
"""What of the SDK's tests is about voice calls."""

NEEDED = (
    *("pytest>=8.3", "pytest-asyncio>=0.24", "pytest-xdist>=3.6", "respx>=0.22", "time-machine>=2.9"),
    *("dirty-equals>=0.6", "httpx-aiohttp>=0.1", "rich>=13"),
)
"""What the SDK's own configuration of its tests asks for."""


def main(arguments: list[str]) -> int:
    """Make what is missing, start a server, run the tests."""
    suite = unpacked(version("telnyx"))
    python = environment(suite)
    command = [sys.executable, "-m", "mockserver", "serve", "--contract", "--port", "0", "--log-format", "json"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            base_url = json.loads(server.stdout.readline())["base_url"]
            Thread(target=server.stdout.read, daemon=True).start()  # so that the server never waits for us
            return tests(python, suite, base_url, arguments)
        finally:
            server.terminate()


def unpacked(wanted: str) -> Path:
    """The folder of the SDK's source distribution."""
    folder = BUILD / f"telnyx-{wanted}"
    if folder.is_dir():
        return folder
    say(f"fetching the source distribution of telnyx {wanted}")
    BUILD.mkdir(parents=True, exist_ok=True)
    pip = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    subprocess.run([*pip, "--no-binary", "telnyx", "--dest", str(BUILD), f"telnyx=={wanted}"], check=True)
    with tarfile.open(next(BUILD.glob("telnyx-*.tar.gz"))) as archive:
        archive.extractall(BUILD, filter="data")
    return folder


def environment(suite: Path) -> Path:
    """The Python in which the tests run."""
    python = BUILD / "venv" / "bin" / "python"
    done = BUILD / "venv" / f".{suite.name}"
    if done.is_file():
        return python
    say("making a virtual environment for it")
    shutil.rmtree(BUILD / "venv", ignore_errors=True)
    subprocess.run([sys.executable, "-m", "venv", str(BUILD / "venv")], check=True)
    pip = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, *NEEDED, str(suite)], check=True)
    done.touch()
    return python


def tests(python: Path, suite: Path, base_url: str, arguments: list[str]) -> int:
    """Run the tests; the exit code is pytest's."""
    resources = Path("tests") / "api_resources"
    command = [str(python), "-m", "pytest", "-p", "lift_skips", "-q", "-n", "auto"]
    command += [str(resources / name) for name in TESTS if (suite / resources / name).exists()]
    variables = {**os.environ, "TEST_API_BASE_URL": base_url, "PYTHONPATH": str(ROOT / "scripts")}
    say(f"running its tests against {base_url}")
    return subprocess.run([*command, *arguments], cwd=suite, env=variables, check=False).returncode


def say(text: str) -> None:
    """Tell what takes its time."""
    print(f"sdk suite: {text}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
