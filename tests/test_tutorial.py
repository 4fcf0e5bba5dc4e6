"""The tutorial, from nothing to a green CI job: a reader who types it gets what it says, step by step."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import yaml

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "tutorial.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)
FILE = re.compile(r"# (\S+\.\w+)\n")
INSTALLED = re.compile(r"^(python3 -m venv .*|\. \.venv/.*|pip install .*)$", re.MULTILINE)
"""What the tests' own environment has done already."""


class Reader:
    """Types what the page says into a folder: files, commands, and what these must print."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.printed = ""

    def follow(self, sort: str, block: str) -> None:
        """One block of the page: a file if its first line names one, else commands or what they have printed."""
        if named := FILE.match(block):
            (self.folder / named[1]).write_text(block, encoding="utf-8")
        elif sort == "sh":
            self.run(INSTALLED.sub("", block))
        else:
            wanted = block.strip()
            assert wanted in self.printed, f"{wanted!r} is not in:\n{self.printed}"

    def run(self, commands: str) -> None:
        """Commands in a shell, each of which must end well."""
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail\n{commands}\npwd > .where"],
            cwd=self.folder,
            env={**os.environ, "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=100,
            check=False,
        )
        self.printed = done.stdout
        assert done.returncode == 0, f"{commands}\n---\n{done.stdout}"
        where = self.folder / ".where"
        if not where.exists():
            where = next(self.folder.glob("*/.where"))
        self.folder = Path(where.read_text(encoding="utf-8").strip())


def test_every_step_does_what_the_page_says(tmp_path: Path) -> None:
    reader = Reader(tmp_path)
    for sort, block in BLOCK.findall(PAGE):
        reader.follow(sort, block)


def test_every_step_of_the_workflow_is_green(tmp_path: Path) -> None:
    """The last version of each file, as a push would have it; and the reports are there to be uploaded."""
    reader = Reader(tmp_path)
    for sort, block in BLOCK.findall(PAGE):
        if FILE.match(block) or "mkdir" in block:
            reader.follow(sort, block)
    workflow = yaml.safe_load((reader.folder / ".github/workflows/voice.yml").read_text(encoding="utf-8"))
    steps = workflow["jobs"]["voice"]["steps"]
    for step in steps:
        if "run" in step:
            reader.run(INSTALLED.sub("", step["run"]))
    reports = reader.folder / steps[-1]["with"]["path"]
    assert sorted(path.name for path in reports.iterdir()) == [
        "audit.xml",
        "pytest.xml",
        "scenarios.html",
        "scenarios.xml",
    ]
