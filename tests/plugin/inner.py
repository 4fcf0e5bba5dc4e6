"""A run of pytest inside a test, in a process of its own and with the plugin as it is installed."""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
WITHOUT = ("schemathesis", "hypothesispytest", "pytest_cov", "cacheprovider")
"""Plugins that take long to import, or write to the folder."""

INI = "[pytest]\nasyncio_default_fixture_loop_scope = function\n"
"""Without it pytest-asyncio warns."""


@dataclass(frozen=True)
class Run:
    """How a run ended, and what it printed."""

    code: int
    output: str

    def tells(self, **counts: int) -> bool:
        """Did so many tests pass, fail, or not begin? What was printed is shown if not."""
        seen = {word: int(count) for count, word in re.findall(r"(\d+) (passed|failed|errors?|warnings?)", self.output)}
        assert seen == counts, self.output
        return True


def run(folder: Path, *options: str) -> Run:
    """Run the tests of a folder; a warning is an error."""
    if not (folder / "pytest.ini").exists():
        (folder / "pytest.ini").write_text(INI, encoding="utf-8")
    without = [f"-pno:{plugin}" for plugin in WITHOUT]
    command = [sys.executable, "-m", "pytest", "-W", "error", *without, *options]
    done = subprocess.run(
        command,
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=100,
    )
    return Run(done.returncode, done.stdout)
