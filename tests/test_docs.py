"""Every command-line block of the README and the docs runs, in the order in which a reader would type it."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("benchmarks/*.md")])
BLOCK = re.compile(r"^```sh\n(.*?)^```", re.MULTILINE | re.DOTALL)
LINK = re.compile(r"\]\(([^)#]+?)(?:#[^)]*)?\)")

INSTEAD = (
    # What a test cannot do, and what shows the same.
    (re.compile(r"^make (\w+)", re.MULTILINE), rf"make -n -C {ROOT} \1"),  # a test within the test
    (
        re.compile(r"^pip install telnyx-mockserver", re.MULTILINE),  # this checkout, not the registry's
        f"{sys.executable} -m pip install -q --no-deps --no-build-isolation --target site {ROOT}",
    ),
    (re.compile(r"^(telnyx-mockserver serve(?:(?!&).)*)$", re.MULTILINE), r"\1 &"),  # a reader has another terminal
    (re.compile(r"^((?:\S+/)?python -m benchmarks.*)$", re.MULTILINE), r"\1 --help"),  # takes minutes
)


def script(page: Path, port: int) -> str:
    """The page as one shell script: a new server takes the place of the old one, and is waited for."""
    lines = ["set -euo pipefail"]
    for block in BLOCK.findall(page.read_text(encoding="utf-8")):
        for pattern, instead in INSTEAD:
            block = pattern.sub(instead, block)
        if re.search(r"telnyx-mockserver (serve|run)", block):
            lines.append('for job in $(jobs -p); do kill -INT "$job"; wait "$job" || true; done')
        lines.append(block)
        if re.search(r"^telnyx-mockserver serve", block, re.MULTILINE):
            lines.append("telnyx-mockserver ready --wait --timeout 10s")
    return "\n".join(lines).replace("12111", str(port))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_command_of_a_page_works_as_printed(page: Path, tmp_path: Path) -> None:
    text = page.read_text(encoding="utf-8")
    if not BLOCK.search(text) or page.name == "tutorial.md":  # which has files to be made, and a test of its own
        return
    for example in (ROOT / "scenarios" / "examples").glob("*.py"):
        shutil.copy(example, tmp_path)
    shutil.copy(ROOT / "scenarios" / "examples" / "join_ai_conversation.py", tmp_path / "my_application.py")
    for scenario in (ROOT / "scenarios").glob("*.yaml"):
        shutil.copy(scenario, tmp_path)
    (tmp_path / "openapi.yaml").write_text("{openapi: 3.1.0, paths: {}}", encoding="utf-8")  # a reader has their own
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    environment = {
        **os.environ,
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "TELNYX_MOCKSERVER_PORT": str(port),
        "GITHUB_ENV": str(tmp_path / "github_env"),
        "HOME": str(tmp_path),
    }
    process = subprocess.Popen(
        ["bash", "-c", script(page, port)],
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    watchdog = None
    try:
        # The servers keep the pipe open; the shell's own end is what counts.
        code = process.wait(timeout=90)
    except subprocess.TimeoutExpired:
        code, watchdog = -1, "it did not end within 90 s"
    finally:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        output, _ = process.communicate()
    assert code == 0, f"{page.name}: {watchdog or f'exit code {code}'}\n{script(page, port)}\n---\n{output}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_link_of_a_page_leads_somewhere(page: Path) -> None:
    links = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    missing = [link for link in links if not (page.parent / link).exists()]
    assert not missing


def test_the_readme_leads_to_every_page() -> None:
    linked = set(LINK.findall((ROOT / "README.md").read_text(encoding="utf-8")))
    pages = {str(page.relative_to(ROOT)) for page in PAGES} - {"README.md"}
    assert pages - linked == set()
