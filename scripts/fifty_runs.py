"""Plays every bundled scenario fifty times against its example application, and says where two runs differ.

python scripts/fifty_runs.py [--runs 50] [NAME...]

The application of a scenario is started once for all of its runs, each of which is in a new world with ids of its own,
since it may remember those of events that it has seen. What is compared are the transcripts: everything that was said,
and when, with names in place of ids. The exit code is 1 where a run did not hold or was not as the first one.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import subprocess
import sys
from difflib import unified_diff
from pathlib import Path
from time import monotonic

from mockserver.reports.played import HELD
from mockserver.reports.transcript import transcript
from mockserver.runner import Stage, stage
from mockserver.scenario.bundled import folder, names
from mockserver.scenario.load import load_all
from mockserver.scenario.model import Scenario
from mockserver.settings import Config

EXAMPLES = Path(__file__).parent.parent / "scenarios" / "examples"
CONFIG = Config(port=0, clock="auto", webhook_timeout=30.0)
LIMIT_SECS = 60.0
"""How long one run may take, in real seconds."""

MOST_LINES = 40
"""More lines of a difference are not shown."""


async def compared(name: str, runs: int) -> list[str]:
    """What was wrong with the runs of a scenario, or of each of its rows; nothing if all held and were the same."""
    command = [sys.executable, str(EXAMPLES / f"{name}.py")]
    wrong: list[str] = []
    async with stage(CONFIG, None, command, os.environ, LIMIT_SECS, output=subprocess.DEVNULL) as built:
        for scenario in load_all(folder() / f"{name}.yaml"):
            wrong += await _compared(built, scenario, runs)
    return wrong


async def _compared(built: Stage, scenario: Scenario, runs: int) -> list[str]:
    first, wrong = await _told(built, scenario)
    for number in range(2, runs + 1):
        if wrong:
            break
        told, wrong = await _told(built, scenario)
        lines = unified_diff(first.splitlines(), told.splitlines(), "run 1", f"run {number}", lineterm="")
        wrong += [*lines][:MOST_LINES]
    return wrong


async def _told(built: Stage, scenario: Scenario) -> tuple[str, list[str]]:
    """The transcript of a run, and what did not hold in it."""
    played = await built.play(scenario)
    return transcript(played), [] if played.code == HELD else [played.text()]


def main(arguments: list[str]) -> int:
    """Play what is named, or everything; a line for each scenario."""
    parser = argparse.ArgumentParser(description="Play bundled scenarios again and again, and compare the runs.")
    parser.add_argument("names", nargs="*", metavar="NAME", help="a bundled scenario; all of them if none is named")
    parser.add_argument("--runs", type=int, default=50, help="how often each is played (50)")
    given = parser.parse_args(arguments)
    unknown = [name for name in given.names if name not in names()]
    if unknown:
        parser.error(f"no bundled scenario is called {', '.join(unknown)}: there are {', '.join(names())}")
    differ = 0
    for name in given.names or names():
        began = monotonic()
        wrong = asyncio.run(compared(name, given.runs))
        differ += bool(wrong)
        print(f"{'DIFFER' if wrong else 'same  '} {name}: {given.runs} runs in {monotonic() - began:.1f} s", flush=True)
        print(*wrong, sep="\n", end="\n" if wrong else "", flush=True)
    return 1 if differ else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
