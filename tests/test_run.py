"""`telnyx-mockserver run`: the bundled scenarios with their example applications, over real sockets; many files,
commands that drive, transcripts, shuffles; and exit codes."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, chdir, contextmanager, suppress
from pathlib import Path
from textwrap import dedent
from xml.etree.ElementTree import parse

import pytest
from click.testing import CliRunner, Result

from mockserver.cli import cli
from mockserver.cli.application import ENDING, Interrupted, until_over
from mockserver.cli.options import read_scenarios
from mockserver.cli.rounds import pieces_of
from mockserver.reports.played import HELD, NOTHING, STOPPED, Played
from mockserver.runner import Stage, Unreachable, stage
from mockserver.scenario.load import load
from mockserver.scenario.shuffling import luck, shuffled
from mockserver.settings import PORT, Config

ROOT = Path(__file__).parent.parent
EXAMPLES = ROOT / "scenarios" / "examples"
BUNDLED = sorted(path.stem for path in (ROOT / "scenarios").glob("*.yaml"))

CONFIG = Config(port=0, clock="auto", webhook_timeout=30.0)

DIALLED = load("""
people: [{number: "+12025550172", answers_after: 2s}]
errors: [{command: hangup, code: "90018"}]
expect: [{command: dial, gets: ok}, {event: call.answered}, {command: hangup, gets: "90018"}]
""")
"""What a driver can meet: the person and the error have to be there before it begins."""

DRIVER = """
import json, os, sys, time
from urllib.error import HTTPError
from urllib.request import Request, urlopen

def ask(path, body):
    headers = {"Authorization": "Bearer KEY", "Content-Type": "application/json"}
    url = os.environ["TELNYX_BASE_URL"].removesuffix("/v2") + path
    request = Request(url, json.dumps(body).encode(), headers, method="POST")
    with urlopen(request) as response:
        return json.load(response)["data"]

if "dial" in sys.argv:
    call = ask("/v2/calls", {"connection_id": "1", "from": "+12025550178", "to": "+12025550172"})["call_control_id"]
    ask("/_mock/clock/advance", {"seconds": 10})
    try:
        ask(f"/v2/calls/{call}/actions/hangup", {})
    except HTTPError as error:
        assert error.code == 422
if "hang" in sys.argv:
    time.sleep(60)
raise SystemExit(int(sys.argv[1]))
"""


def run(*arguments: str, folder: Path = ROOT) -> Result:
    """A run in this process, since a start takes longer than most plays."""
    with chdir(folder):
        return CliRunner().invoke(cli, ["run", "--webhook-timeout", "30", *arguments])


def command_line(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "mockserver", "run", "--webhook-timeout", "30", *arguments]


def example(name: str) -> tuple[str, ...]:
    return ("--", sys.executable, str(EXAMPLES / f"{name}.py"))


def driver(code: int, *does: str) -> list[str]:
    return [sys.executable, "-c", DRIVER, str(code), *does]


async def played(command: list[str], *scenarios: object, app: str | None = None, limit: float = 60.0) -> list[Played]:
    """Some scenarios on one stage, in this process."""
    async with stage(CONFIG, app, command, os.environ, limit) as built:
        return [await built.play(scenario) for scenario in scenarios]  # type: ignore[arg-type]


@asynccontextmanager
async def answering(status: int) -> AsyncIterator[str]:
    """An application that answers everything with a status; the URL of its webhooks."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readline():
            writer.write(f"HTTP/1.1 {status} X\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".encode())
            await writer.drain()
        writer.close()

    async with await asyncio.start_server(answer, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/webhooks"


# The bundled ones ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", BUNDLED)
def test_a_bundled_scenario_holds_with_its_example_application(name: str) -> None:
    scenarios = read_scenarios(name, {})
    for one in asyncio.run(played([sys.executable, str(EXAMPLES / f"{name}.py")], *scenarios)):
        assert one.code == HELD, one.text()


def test_many_files_are_played_one_after_the_other_and_reported(tmp_path: Path) -> None:
    (tmp_path / "b_right.yaml").write_text(start_twice(), encoding="utf-8")
    (tmp_path / "a_wrong.yaml").write_text(start_twice("90034"), encoding="utf-8")
    reports = ("--junit", "out/junit.xml", "--html", "out/page.html")
    answer = run(".", "--update", *reports, *example("start_twice"), folder=tmp_path)
    assert answer.exit_code == 1, answer.stdout + answer.stderr
    lines = answer.stdout.splitlines()
    told = [line for line in lines if line.startswith(("ok     b", "FAILED a"))]
    assert [line.partition(",")[0] for line in told] == [
        "FAILED a_wrong  1 of 6 expectations did not hold",
        "ok     b_right  6 expectations",
    ]
    assert answer.stdout.count("application        ") == 1  # the ladder of the one that failed
    assert "MISSED   2  ai_assistant_start getting 90034" in answer.stdout
    assert "\n2 runs: 1 held, 1 did not, in " in answer.stdout
    suites = parse(tmp_path / "out" / "junit.xml").getroot()
    assert [(suite.get("name"), suite.get("failures")) for suite in suites] == [("a_wrong", "1"), ("b_right", "0")]
    assert "a_wrong" in (tmp_path / "out" / "page.html").read_text(encoding="utf-8")
    assert sorted(path.name for path in tmp_path.glob("*.transcript")) == ["b_right.transcript"]
    assert (
        answer.stderr == "a_wrong.transcript is left as it is, since the run did not hold\nwrote b_right.transcript\n"
    )


def test_a_run_that_is_not_as_its_transcript_is_exit_code_7_with_the_difference(tmp_path: Path) -> None:
    (tmp_path / "calls.yaml").write_text(start_twice(), encoding="utf-8")
    transcript = tmp_path / "calls.transcript"
    application = example("start_twice")
    assert run("calls.yaml", "--update", *application, folder=tmp_path).exit_code == 0
    right = transcript.read_text(encoding="utf-8")
    again = run("calls.yaml", "--update", "--repeat", "2", "--json", *application, folder=tmp_path)
    assert (again.exit_code, transcript.read_text(encoding="utf-8"), again.stderr.count("wrote")) == (0, right, 0)
    assert [one["name"] for one in json.loads(again.stdout)["runs"]] == ["calls #1", "calls #2"]
    transcript.write_text(right.replace("At nine.", "At ten."), encoding="utf-8")
    answer = run("calls.yaml", *application, folder=tmp_path)
    assert answer.exit_code == 7, answer.stdout
    assert "all 6 expectations held\ncalls is not as calls.transcript; if that is right, accept it" in answer.stdout
    assert [line for line in answer.stdout.splitlines() if line[:2] in ("- ", "+ ")] == [
        '-     4.418  A      assistant: "At ten."',
        '+     4.418  A      assistant: "At nine."',
    ]


def test_a_shuffled_run_that_fails_says_how_to_repeat_it_alone(tmp_path: Path) -> None:
    (tmp_path / "wrong.yaml").write_text(start_twice("90034"), encoding="utf-8")
    answer = run(
        "wrong.yaml", "--shuffle", "7", "--repeat", "3", "--fail-fast", *example("start_twice"), folder=tmp_path
    )
    assert answer.exit_code == 1, answer.stdout
    assert "to repeat this run alone: telnyx-mockserver run wrong.yaml --shuffle 7:1" in answer.stdout
    assert "3 runs: 0 held, 1 did not, 2 not played, in " in answer.stdout


def test_the_result_as_json_is_all_that_stands_on_standard_output() -> None:
    answer = subprocess.run(
        command_line("start_twice", "--json", *example("start_twice")), capture_output=True, text=True, check=False
    )
    result = json.loads(answer.stdout)
    assert "listening on" in answer.stderr
    assert (result["held"], result["code"], result["name"]) == (True, 0, "start_twice")
    assert [row["held"] for row in result["expect"]] == [True] * 6
    assert [entry["name"] for entry in result["log"] if entry["kind"] == "webhook"] == [
        "call.initiated",
        "call.answered",
        "call.conversation.created",
        "call.hangup",
        "call.conversation.ended",
        "call.conversation_insights.generated",
    ]


# Commands that drive -------------------------------------------------------------------------------------------------


def test_a_command_that_ends_by_itself_drives_once_for_each_file_in_the_world_of_that_file() -> None:
    runs = asyncio.run(played(driver(0, "dial"), DIALLED, DIALLED))
    assert [(one.code, one.command) for one in runs] == [(HELD, 0)] * 2, runs[0].text()
    assert len({entry.call_control_id for one in runs for entry in one.entries}) == 2


def test_the_code_of_a_command_that_drives_and_fails_is_the_exit_code() -> None:
    [one] = asyncio.run(played(driver(9, "dial"), DIALLED))
    assert (one.code, one.report.held) == (9, True)
    assert one.text().endswith("the command ended with code 9")


def test_a_command_that_does_nothing_has_tested_nothing() -> None:
    [one] = asyncio.run(played(driver(0), DIALLED))
    assert one.code == NOTHING


def test_a_command_that_neither_listens_nor_ends_in_time_is_stopped() -> None:
    [one] = asyncio.run(played(driver(0, "hang"), DIALLED, limit=1.0))
    assert one.code == STOPPED
    assert "stopped after 1 s (--timeout): the command has neither ended nor listened on port " in str(one.stopped)
    assert "; time is held by nobody" in str(one.stopped)


def test_where_the_application_runs_already_the_command_drives() -> None:
    async def both() -> list[Played]:
        async with answering(200) as app_url:
            return await played(driver(0, "dial"), DIALLED, app=app_url)

    [one] = asyncio.run(both())
    assert one.code == HELD, one.text()
    assert {entry.data["outcome"] for entry in one.entries if entry.kind == "delivery"} == {"delivered"}


def test_a_command_is_ended_by_whoever_ends_the_run(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("expect: [{event: call.answered}]", encoding="utf-8")
    line = command_line("quiet.yaml", "--junit", "out/junit.xml", *example("start_twice"))
    with subprocess.Popen(line, cwd=tmp_path, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        assert "listening" in process.stdout.readline()
        process.terminate()
        process.stdout.read()  # ends when the application has ended too
        assert process.wait() == 128 + signal.SIGTERM
    assert parse(tmp_path / "out" / "junit.xml").getroot().get("tests") == "0"  # the one run was not over


@pytest.mark.parametrize("number", ENDING)
def test_a_signal_ends_what_is_played_with_a_code_that_names_it(number: signal.Signals) -> None:
    async def playing() -> None:
        os.kill(os.getpid(), number)
        await asyncio.sleep(60)

    with pytest.raises(Interrupted) as ended:
        until_over(playing())
    assert (ended.value.code, ended.value.name) == (128 + number, number.name)


def test_what_a_command_has_started_is_ended_with_it() -> None:
    reading, writing = os.pipe()
    os.set_blocking(reading, False)

    async def on_stage() -> None:
        async with stage(CONFIG, None, ["sh", "-c", "sleep 60 &"], os.environ, 10.0, output=writing) as built:
            await built.play(DIALLED)

    asyncio.run(on_stage())
    os.close(writing)
    assert os.read(reading, 1) == b""  # nobody is left who could write
    os.close(reading)


def test_a_command_that_ignores_sigterm_is_ended_by_force_by_a_second_signal() -> None:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); time.sleep(60)"
    reading, writing = os.pipe()

    async def on_stage() -> None:
        async with stage(CONFIG, None, [sys.executable, "-c", deaf], os.environ, 10.0, output=writing) as built:
            playing = asyncio.create_task(built.play(DIALLED))
            await asyncio.to_thread(os.read, reading, 1)
            playing.cancel()
            loop, task = asyncio.get_running_loop(), asyncio.current_task()
            assert task is not None
            loop.call_later(0.1, task.cancel)

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(on_stage())
    os.close(writing)
    assert os.read(reading, 1) == b""
    os.close(reading)


# Files ---------------------------------------------------------------------------------------------------------------


def test_what_is_named_twice_is_played_once(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("expect: [{never: {command: dial}}]", encoding="utf-8")
    names = ("quiet.yaml", "./quiet.yaml", str(tmp_path))
    answer = run(*names, "--json", "--", "true", folder=tmp_path)
    assert (answer.exit_code, json.loads(answer.stdout)["name"]) == (0, "quiet")


def test_each_row_has_a_transcript_of_its_own_whatever_it_is_called(tmp_path: Path) -> None:
    file = tmp_path / "odd.yaml"
    rows = ["plain", "a/b", "a_b", "../../up", "[x] [y]", "漢字 é", "with #hash"]
    text = "name: odd [x]\ndescription: ${n}\nparameters:\n"
    file.write_text(text + "".join(f'  - {{name: "{row}", n: "1"}}\n' for row in rows), encoding="utf-8")
    kept = [piece.transcript for piece in pieces_of(str(file), read_scenarios(file, {}))]
    assert (len(set(kept)), {path.parent for path in kept if path}) == (len(rows), {tmp_path})
    assert [path.name for path in kept[:3] if path] == [
        "odd.plain.transcript",
        "odd.a_b-07f4401c.transcript",
        "odd.a_b.transcript",
    ]
    [named] = pieces_of(f"{file}#with #hash", read_scenarios(f"{file}#with #hash", {}))
    assert named.transcript == kept[-1]


def test_a_transcript_that_cannot_be_read_is_told_as_what_it_is(tmp_path: Path) -> None:
    (tmp_path / "quiet.yaml").write_text("expect: [{never: {command: dial}}]", encoding="utf-8")
    (tmp_path / "quiet.transcript").mkdir()
    answer = run("quiet.yaml", "--", "true", folder=tmp_path)
    assert (answer.exit_code, "quiet.transcript cannot be read: Is a directory" in answer.stderr) == (2, True)


# The stage -----------------------------------------------------------------------------------------------------------


def test_a_play_has_ids_of_its_own_unless_they_are_given_and_nothing_of_an_earlier_one() -> None:
    scenario = load('calls: [{from: "+12025550143", to: "+12025550178"}]\nexpect: [{event: call.initiated}]')

    async def all_of(built: Stage) -> list[Played]:
        return [await built.play(scenario, seed=seed) for seed in (None, None, CONFIG.seed, CONFIG.seed)]

    async def on_stage() -> list[Played]:
        async with answering(500) as app_url, stage(CONFIG, app_url) as built:  # every webhook comes again later
            return await all_of(built)

    runs = asyncio.run(on_stage())
    calls = [{entry.call_control_id for entry in one.entries} for one in runs]
    assert list(map(len, calls)) == [1, 1, 1, 1]
    assert calls[0] == calls[2] == calls[3] != calls[1]
    assert [one.entries[0].seq for one in runs] == [1, 1, 1, 1]


def test_chance_is_the_same_in_each_play_and_another_one_if_that_is_wanted() -> None:
    text = """
    calls: [{from: "+12025550143", to: "+12025550178"}]
    people: [{number: "+12025550143", hangs_up: {after: 1s}}]
    faults: [{event: "*", latency: [0s, 100s]}]
    """
    scenario = load(dedent(text))

    def late(one: Played) -> list[str]:
        return [entry.data["fault"] for entry in one.entries if entry.kind == "delivery"]

    async def on_stage() -> list[list[str]]:
        async with answering(200) as app_url, stage(CONFIG, app_url) as built:
            runs = [await built.play(scenario), await built.play(scenario), await built.play(scenario, chance=1)]
            quiet = load('calls: [{from: "+12025550143", to: "+12025550178"}]')
            shaken = await built.play(quiet, faults=shuffled(1, 1), chance=luck(1, 1))
            assert shaken.code == HELD
            return list(map(late, runs))

    first, second, other = asyncio.run(on_stage())
    assert first == second != other


def test_an_application_that_has_ended_is_unreachable_for_the_next_scenario() -> None:
    scenario = load('calls: [{from: "+12025550143", to: "+12025550178"}]\nexpect: [{event: call.initiated}]')
    once = "import os, socket; s = socket.create_server(('127.0.0.1', int(os.environ['PORT']))); s.accept(); s.accept()"
    with pytest.raises(Unreachable, match="ended with code 0 in an earlier run"):
        asyncio.run(played([sys.executable, "-c", once], scenario, scenario))


# What is wrong -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (["start_twice"], "--app"),
        (["start_twice", "ls"], "-- python my_app.py"),
        (["start_twice", "--app", "nonsense"], '--app: "nonsense" is no URL: did you mean http://nonsense?'),
        (["start_twice", "--app", "http://a..b/"], '--app: "http://a..b/" is no URL'),
        (["start_twice", "--app", "http://127.0.0.1:9", "--timeout", "0"], "nothing can be played in no time"),
        (["start_twice", "--app", "http://127.0.0.1:9", "--timeout", "x"], "'--timeout': \"x\" is not a duration"),
        (["start_twice", "--app", "http://127.0.0.1:9", "--junit", __file__ + "/x.xml"], "is no folder that can be"),
        (["start_twice", "--real-address", "--app", "http://127.0.0.1:9"], "--real-address needs a command"),
        (["start_thrice", "--app", "http://127.0.0.1:9"], "did you mean start_twice?"),
        (
            [f"{ROOT}/scenarios/ivr_men.yaml#1", "--app", "http://127.0.0.1:9"],
            f"file: did you mean {ROOT}/scenarios/ivr_menu.yaml?",
        ),
        (["start_twice", "--shuffle", "x", "--app", "http://127.0.0.1:9"], "'x' is neither SEED nor SEED:K"),
        (["start_twice", "--shuffle", "1:0", "--app", "http://127.0.0.1:9"], "the second from 1"),
        (["start_twice", "--shuffle", "1:2", "--repeat", "2", "--app", "http://127.0.0.1:9"], "one run alone"),
        (["start_twice", "--shuffle", "1", "--update", "--app", "http://127.0.0.1:9"], "leave out --shuffle"),
        (["{empty}", "--app", "http://127.0.0.1:9"], "there is no scenario in this folder"),
        (["start_twice", "ls", "--app", "http://127.0.0.1:9"], "ls: there is no such file"),
    ],
)
def test_a_command_line_that_cannot_be_meant_is_wrong_usage(arguments: list[str], told: str, tmp_path: Path) -> None:
    answer = CliRunner().invoke(cli, ["run", *(each.format(empty=tmp_path) for each in arguments)])
    assert answer.exit_code == 2, answer.output
    assert told in answer.output


def test_invalid_files_are_exit_code_3_with_every_mistake_in_all_of_them(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text("people:\n  - number: 12\n    answers_afterr: soon\n", encoding="utf-8")
    (tmp_path / "worse.yaml").write_text("name: [\n", encoding="utf-8")
    answer = CliRunner().invoke(cli, ["run", "start_twice", str(tmp_path), "--app", "http://127.0.0.1:9"])
    assert answer.exit_code == 3
    assert "bad.yaml:2: " in answer.output
    assert "bad.yaml:3: " in answer.output
    assert "worse.yaml:" in answer.output


@pytest.mark.parametrize(
    ("command", "told"),
    [
        ([sys.executable, "-c", "raise SystemExit(7)"], "ended with code 7"),
        (["sleep", "60"], "have it listen on the port that the variable PORT names"),
        (["/no/such/program"], "/no/such/program"),
        ([], "cannot be reached: Connection refused. Start it first"),
    ],
)
def test_an_application_that_cannot_be_reached_is_exit_code_4(command: list[str], told: str) -> None:
    app = ["--app", f"http://127.0.0.1:{free_port()}/webhooks", "--port", "0"] if not command else []
    answer = CliRunner().invoke(cli, ["run", "start_twice", "--timeout", "0.5", *app, "--", *command])
    assert answer.exit_code == 4, answer.output
    assert told in answer.output


def test_a_running_application_plays_one_scenario_after_the_other() -> None:
    with application("start_twice") as (app_url, port):
        for _ in range(2):  # with other ids, or it would take the second for repetitions of the first
            answer = run("start_twice", "--app", app_url, "--port", str(port))
            assert answer.exit_code == 0, answer.output


def test_a_command_that_is_started_needs_no_certain_port() -> None:
    with socket.socket() as taken:
        with suppress(OSError):  # then somebody has taken it already
            taken.bind(("127.0.0.1", PORT))
            taken.listen()
        answer = run("start_twice", "--", "false")
    assert (answer.exit_code, "ended with code 1 before it listened" in answer.stderr) == (4, True)


def start_twice(code: str = "90061") -> str:
    """A bundled scenario, and with another code one that does not hold."""
    text = (ROOT / "scenarios" / "start_twice.yaml").read_text(encoding="utf-8")
    return text.replace('gets: "90061"', f'gets: "{code}"')


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
