"""`telnyx-mockserver run`: the bundled scenarios with their example applications, over real sockets; and exit codes."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "scenarios" / "examples"
BUNDLED = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))


def run(*arguments: str, folder: Path = ROOT) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "mockserver", "run", "--port", "0", "--webhook-timeout", "30", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )


def example(name: str) -> tuple[str, ...]:
    return ("--", sys.executable, str(EXAMPLES / f"{name}.py"))


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_scenario_holds_with_its_example_application(name: str) -> None:
    answer = run(name, *example(name))
    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "expectations held" in answer.stdout


def test_the_result_as_json_has_every_expectation_and_everything_that_happened() -> None:
    answer = run("start_twice", "--json", *example("start_twice"))
    result = json.loads(answer.stdout[answer.stdout.index("\n{") :])
    assert result["held"] is True
    assert [row["held"] for row in result["expect"]] == [True] * 6
    assert [entry["name"] for entry in result["log"] if entry["kind"] == "webhook"] == [
        "call.initiated",
        "call.answered",
        "call.conversation.created",
        "call.hangup",
        "call.conversation.ended",
        "call.conversation_insights.generated",
    ]


def test_an_expectation_that_does_not_hold_is_exit_code_1_and_says_what_was_seen_instead(tmp_path: Path) -> None:
    text = (ROOT / "scenarios" / "start_twice.yaml").read_text(encoding="utf-8")
    file = tmp_path / "wrong.yaml"
    file.write_text(text.replace('gets: "90061"', 'gets: "90034"'), encoding="utf-8")
    answer = run(str(file), *example("start_twice"))
    assert answer.returncode == 1
    assert "MISSED" in answer.stdout
    assert "90061" in answer.stdout.partition("MISSED")[2]


def test_no_application_is_wrong_usage() -> None:
    answer = run("start_twice")
    assert answer.returncode == 2
    assert "--app" in answer.stderr


def test_a_scenario_that_does_not_exist_is_wrong_usage_and_the_bundled_ones_are_named() -> None:
    answer = run("start_thrice", "--app", "http://127.0.0.1:9/webhooks")
    assert answer.returncode == 2
    assert "start_twice" in answer.stderr


def test_an_invalid_file_is_exit_code_3_with_every_mistake_and_its_line(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("people:\n  - number: 12\n    answers_afterr: soon\n", encoding="utf-8")
    answer = run("bad.yaml", "--app", "http://127.0.0.1:9/webhooks", folder=tmp_path)
    assert answer.returncode == 3
    assert "bad.yaml:2: " in answer.stderr
    assert "bad.yaml:3: " in answer.stderr


def test_an_application_that_nobody_runs_is_exit_code_4() -> None:
    answer = run("start_twice", "--app", f"http://127.0.0.1:{free_port()}/webhooks")
    assert answer.returncode == 4
    assert "cannot be reached" in answer.stderr


def test_an_application_that_ends_at_once_is_exit_code_4() -> None:
    answer = run("start_twice", "--", sys.executable, "-c", "raise SystemExit(7)")
    assert answer.returncode == 4
    assert "ended with code 7" in answer.stderr


def test_an_application_that_does_not_exist_is_exit_code_4() -> None:
    answer = run("start_twice", "--", "/no/such/program")
    assert answer.returncode == 4
    assert "/no/such/program" in answer.stderr


def test_a_running_application_plays_one_scenario_after_the_other() -> None:
    with application("start_twice") as (app_url, port):
        for _ in range(2):
            answer = run("start_twice", "--app", app_url, "--port", str(port))
            assert answer.returncode == 0, answer.stdout + answer.stderr


@contextmanager
def application(name: str) -> Iterator[tuple[str, int]]:
    """An example that runs by itself: the URL of its webhooks, and the port where it looks for the simulator."""
    port, simulator = free_port(), free_port()
    shown = subprocess.run(
        [sys.executable, "-m", "mockserver", "env", "--format", "json", "--port", str(simulator)],
        capture_output=True,
        check=True,
    )
    variables = {**os.environ, **json.loads(shown.stdout), "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    program = [sys.executable, str(EXAMPLES / f"{name}.py")]
    with subprocess.Popen(program, env=variables, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "listening" in process.stdout.readline()
        drain = threading.Thread(target=process.stdout.read)
        drain.start()
        try:
            yield f"http://127.0.0.1:{port}/webhooks", simulator
        finally:
            process.terminate()
            drain.join()


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port
