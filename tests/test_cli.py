"""The commands that end by themselves."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Thread

import pytest

from mockserver import __version__
from mockserver.sim.errors import CATALOGUE
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY, Signer
from tests.processes import COMMAND, Server, environment, free_port, run, serve, taken_port

NAMES = ["TELNYX_BASE_URL", "TELNYX_API_KEY", "TELNYX_PUBLIC_KEY"]
VALUES = ["http://127.0.0.1:12111/v2", "KEY_telnyx_mockserver", DEFAULT_PUBLIC_KEY]
VARIABLES = dict(zip(NAMES, VALUES, strict=True))
CALL = ("call", "--from", "+12025550143", "--to", "+12025550100")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve("--clock", "manual") as server:
        yield server


# env -----------------------------------------------------------------------------------------------------------------


def test_a_shell_takes_the_variables() -> None:
    told = " ".join(f'"${name}"' for name in NAMES)
    script = f"eval \"$1\"; printf '%s\\n' {told}"
    done = subprocess.run(
        ["sh", "-euc", script, "sh", run("env").stdout], capture_output=True, check=True, env=environment()
    )
    assert done.stdout.decode().splitlines() == VALUES


@pytest.mark.parametrize("form", ["dotenv", "github"])
def test_a_file_takes_the_variables(form: str) -> None:
    assert run("env", "--format", form).stdout.splitlines() == [f"{key}={value}" for key, value in VARIABLES.items()]


def test_the_variables_come_as_json() -> None:
    assert json.loads(run("env", "--format", "json").stdout) == VARIABLES


def test_the_variables_are_those_of_the_options_and_hold_no_secret() -> None:
    seed = "ab" * 32
    done = run("env", "--format", "json", "--port", "8080", env={"TELNYX_MOCKSERVER_SIGNING_KEY": seed})
    told = json.loads(done.stdout)
    assert told["TELNYX_BASE_URL"] == "http://127.0.0.1:8080/v2"
    assert told["TELNYX_PUBLIC_KEY"] == Signer.from_text(seed).public_key
    assert seed not in done.stdout


def test_an_address_of_the_newer_kind_is_in_brackets() -> None:
    told = json.loads(run("env", "--format", "json", "--host", "::1").stdout)
    assert told["TELNYX_BASE_URL"] == "http://[::1]:12111/v2"


# ready ---------------------------------------------------------------------------------------------------------------


def test_a_simulator_that_runs_is_ready(server: Server) -> None:
    done = run("ready", "--url", server.url)
    assert (done.returncode, done.stdout) == (0, f"ready: {server.url}, version {__version__}, clock manual\n")


def test_where_nobody_listens_nothing_is_ready() -> None:
    done = run("ready", "--port", str(free_port()))
    assert (done.returncode, done.stderr[:27]) == (1, "not ready at http://127.0.0")


def test_waiting_ends_with_the_time_given() -> None:
    began = time.monotonic()
    assert run("ready", "--wait", "--timeout", "300ms", "--port", str(free_port())).returncode == 1
    assert 0.3 < time.monotonic() - began < 5


def test_waiting_ends_in_time_though_somebody_listens_who_never_answers() -> None:
    began = time.monotonic()
    with taken_port() as port:
        done = run("ready", "--wait", "--timeout", "300ms", "--port", str(port))
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert time.monotonic() - began < 5


def test_waiting_ends_when_the_simulator_is_ready() -> None:
    port = str(free_port())
    results: list[int] = []
    waiting = Thread(target=lambda: results.append(run("ready", "--wait", "--port", port).returncode))
    waiting.start()
    with serve("--port", port):
        waiting.join()
    assert results == [0]


@pytest.mark.parametrize("options", [["--timeout", "soon"], ["--port", "x"]])
def test_an_option_of_ready_that_is_wrong_is_wrong_usage(options: list[str]) -> None:
    done = run("ready", *options)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)


# call ----------------------------------------------------------------------------------------------------------------


def test_somebody_calls(server: Server) -> None:
    done = run(*CALL, "--url", server.url, "--api-key", "KEY_cli", "--say", "Hello.", "--ring", "30")
    (call,) = server.ask("GET", "/_mock/calls", key="KEY_cli")["data"]
    assert (done.returncode, done.stdout) == (0, call["call_control_id"] + "\n")
    assert "KEY_cli" not in done.stdout + done.stderr


def test_somebody_calls_in_the_world_of_the_key_in_the_environment(server: Server) -> None:
    done = run(*CALL, "--json", env={"TELNYX_API_KEY": "KEY_env", "TELNYX_MOCKSERVER_URL": server.url})
    assert server.ask("GET", "/_mock/calls", key="KEY_env")["data"] == [json.loads(done.stdout)]


def test_a_call_that_is_refused_says_why(server: Server) -> None:
    done = run("call", "--from", "nobody", "--to", "+12025550100", "--url", server.url)
    assert done.returncode == 1
    assert done.stderr.startswith("10016 Phone number must be in +E164 format: The 'from' parameter")


# press, say, hangup ---------------------------------------------------------------------------------------------------


def test_a_person_presses_speaks_and_hangs_up(server: Server) -> None:
    where = ("--url", server.url, "--api-key", "KEY_acts")
    leg = run(*CALL, *where).stdout.strip()
    assert run("press", leg, "47w#", *where).stdout == "parked\n"
    for act in ("hold", "unhold", "silence"):
        assert run(act, leg, *where).stdout == "parked\n"
    assert json.loads(run("say", leg, "Hello?", "--json", *where).stdout)["call_control_id"] == leg
    assert run("hangup", leg, "--cause", "normal", *where).stdout == "ended\n"
    done = run("hangup", leg, *where)
    assert (done.returncode, done.stderr.split(":")[0]) == (1, "90018 Call has already ended")
    acts = server.ask("GET", "/_mock/events?kind=person", key="KEY_acts")["data"]
    assert [entry["name"] for entry in acts] == ["calls", "presses", "goes_silent", "says", "hangs_up"]


def test_keys_that_are_none_and_calls_that_are_none_are_refused(server: Server) -> None:
    assert run("press", "v3:none/../x", "9x", "--url", server.url).stderr.startswith("10027 ")
    assert run("press", "v3:none", "9", "--url", server.url).stderr.startswith("10005 ")
    assert run("hangup", "v3:none", "--cause", "lunch", "--url", server.url).returncode == 2


def test_a_call_to_nobody_says_how_to_start_one() -> None:
    done = run(*CALL, "--port", str(free_port()))
    assert done.returncode == 1
    assert "Start one with: telnyx-mockserver serve" in done.stderr


@pytest.mark.parametrize("command", [("ready",), CALL])
@pytest.mark.parametrize(
    "answer", [b"SSH-2.0-OpenSSH\r\n", b"HTTP/1.0 404 No\r\n\r\nnot JSON", b"HTTP/1.0 200 OK\r\n\r\n{}"]
)
def test_somebody_else_who_answers_is_no_simulator(command: tuple[str, ...], answer: bytes) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def reply() -> None:
            connection, _ = listener.accept()
            with connection:
                connection.recv(65536)
                connection.sendall(answer)

        replying = Thread(target=reply)
        replying.start()
        done = run(*command, "--port", str(listener.getsockname()[1]))
        replying.join()
    assert (done.returncode, "Traceback" in done.stderr) == (1, False), done.stderr


def test_an_address_that_is_none_is_no_simulator() -> None:
    done = run(*CALL, "--url", "nonsense")
    assert (done.returncode, "Traceback" in done.stderr) == (1, False)


# errors --------------------------------------------------------------------------------------------------------------


def test_the_catalogue_has_a_line_for_each_error() -> None:
    done = run("errors")
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == len(CATALOGUE) + 2


def test_an_error_is_told_with_how_to_get_it() -> None:
    done = run("errors", "90018")
    assert done.returncode == 0
    assert done.stdout.splitlines()[0] == "90018  Call has already ended  (HTTP 422)"
    assert "reproduce   hang a call up, then hang it up again" in done.stdout


def test_the_catalogue_comes_as_json() -> None:
    assert [row["code"] for row in json.loads(run("errors", "--json").stdout)] == [row.code for row in CATALOGUE]


def test_a_code_that_no_error_has_is_told() -> None:
    done = run("errors", "00000")
    assert (done.returncode, done.stdout) == (1, "")
    assert "no error has the code 00000" in done.stderr


# verify --------------------------------------------------------------------------------------------------------------

BODY = b'{"data": {}}'
NOW = int(time.time())


def verify(body: bytes, timestamp: int, *more: str) -> subprocess.CompletedProcess[str]:
    headers = Signer.from_text().headers(timestamp, BODY)
    return run(
        "verify",
        *("--timestamp", headers["Telnyx-Timestamp"]),
        *("--signature", headers["Telnyx-Signature-Ed25519"]),
        *("--body", "-"),
        *more,
        given=body,
        env={"TELNYX_PUBLIC_KEY": DEFAULT_PUBLIC_KEY},
    )


def test_a_good_signature_is_good() -> None:
    done = verify(BODY, 1)
    assert (done.returncode, done.stdout) == (0, "the signature is good\n")
    assert verify(BODY, NOW, "--tolerance", "3600").returncode == 0


def test_a_signature_of_another_body_tells_what_happened_to_it() -> None:
    done = verify(BODY + b"\n", 1)
    assert done.returncode == 1
    assert "ends with a newline that was not signed" in done.stderr


@pytest.mark.parametrize("tolerance", ["0", "60"])
def test_a_signature_that_is_too_old_is_refused_by_the_tolerance_given(tolerance: str) -> None:
    done = verify(BODY, NOW - 120, "--tolerance", tolerance)
    assert done.returncode == 1
    assert done.stderr.startswith("tolerance: ")


def test_a_body_may_be_a_file(tmp_path: Path) -> None:
    path = tmp_path / "body.json"
    path.write_bytes(BODY)
    headers = Signer.from_text().headers(1, BODY)
    options = ["--public-key", DEFAULT_PUBLIC_KEY, "--timestamp", "1", "--body", str(path)]
    assert run("verify", *options, "--signature", headers["Telnyx-Signature-Ed25519"]).returncode == 0


# The rest ------------------------------------------------------------------------------------------------------------


def test_the_version_is_told() -> None:
    assert run("--version").stdout == f"telnyx-mockserver, version {__version__}\n"


@pytest.mark.parametrize(
    "command",
    [
        *("", "serve", "env", "ready", "check", "schema", "run", "exec", "errors", "verify"),
        *("call", "press", "say", "silence", "hold", "unhold", "hangup"),
    ],
)
def test_every_command_has_help(command: str) -> None:
    done = run(*command.split(), "--help")
    assert done.returncode == 0
    assert done.stdout.startswith("Usage: telnyx-mockserver")


def test_a_command_that_is_none_is_wrong_usage() -> None:
    assert run("nonsense").returncode == 2


def test_the_variables_of_this_test_do_not_reach_the_command() -> None:
    assert not any(name.startswith("TELNYX") for name in environment() if name in os.environ)


# tail ----------------------------------------------------------------------------------------------------------------


@contextmanager
def tailing(url: str, *options: str) -> Iterator[Server]:
    """`tail` as long as the block; ended by Ctrl-C, with exit code 0."""
    process = subprocess.Popen(
        [*COMMAND, "tail", "--url", url, *options], stdout=subprocess.PIPE, env=environment(PYTHONUNBUFFERED="1")
    )
    tail = Server(process)

    def listen() -> None:
        assert process.stdout is not None
        for line in process.stdout:
            tail.lines.append(line.decode().rstrip("\n"))

    listener = Thread(target=listen)
    listener.start()
    try:
        yield tail
    finally:
        tail.interrupt()
        listener.join()
        assert process.stdout is not None
        process.stdout.close()
    assert process.returncode == 0


def test_what_happens_can_be_followed(server: Server) -> None:
    with tailing(server.url, "--api-key", "KEY_tail", "--since", "0") as tail:
        server.ask("POST", "/_mock/calls", {"from": "+12025550143", "to": "+12025550100"}, key="KEY_tail")
        assert tail.until("call.initiated").endswith("from=+12025550143 to=+12025550100")
        assert "\x1b" not in tail.output
        assert " o  calls " in tail.until(" o ")


def test_what_is_followed_can_be_narrowed_and_comes_as_json(server: Server) -> None:
    call = {"from": "+12025550143", "to": "+12025550100"}
    leg = server.ask("POST", "/_mock/calls", call, key="KEY_narrow")["data"]["call_control_id"]
    narrowed = ("--call", leg, "--event", "call.*", "--kind", "webhook", "--where", "to=+1*", "--since", "0")
    with tailing(server.url, "--api-key", "KEY_narrow", "--json", *narrowed) as tail:
        assert json.loads(tail.until("call.initiated"))["data"]["payload"]["to"] == "+12025550100"
        server.ask("POST", f"/_mock/calls/{leg}/hangup", {}, key="KEY_narrow")
        tail.until("call.hangup")
        assert [json.loads(line)["name"] for line in tail.lines] == ["call.initiated", "call.hangup"]


def test_following_goes_on_when_the_simulator_is_started_anew() -> None:
    port = str(free_port())
    with serve("--port", port, "--clock", "manual") as first, tailing(first.url, "--since", "0") as tail:
        first.ask("POST", "/_mock/calls", {"from": "+12025550143", "to": "+12025550100"}, key="KEY_telnyx_mockserver")
        tail.until("call.initiated")
        first.interrupt()
        with serve("--port", port, "--clock", "manual") as second:
            second.ask("POST", "/_mock/calls", {"from": "+12025550199", "to": "+12025550100"}, "KEY_telnyx_mockserver")
            tail.until("from=+12025550199")


@pytest.mark.parametrize("command", ["tail", "diagnose"])
def test_where_nobody_listens_nothing_is_followed_or_found(command: str) -> None:
    done = run(command, "--port", str(free_port()))
    assert (done.returncode, "Traceback" in done.stderr, "no simulator" in done.stderr) == (1, False, True)


# diagnose ------------------------------------------------------------------------------------------------------------


def test_why_nothing_happens_is_told(server: Server) -> None:
    url = f"http://127.0.0.1:{free_port()}/hooks"
    call = {"from": "+12025550143", "to": "+12025550100", "webhook_url": url}
    server.ask("POST", "/_mock/calls", call, key="KEY_diagnose")
    server.ask("POST", "/_mock/clock/advance", {"seconds": 5}, key="KEY_diagnose")
    done = run("diagnose", "--url", server.url, "--api-key", "KEY_diagnose")
    assert done.returncode == 1
    assert done.stdout.startswith(f"error: Webhooks to {url} are not delivered.\n    seen: the last 2 attempts failed")
    assert "warning: A call to the application rings and is not answered." in done.stdout
    assert "calls: 1 parked; clock: manual; next comes: " in done.stdout


def test_a_world_in_which_nothing_is_wrong_says_so(server: Server) -> None:
    done = run("diagnose", "--url", server.url, "--api-key", "KEY_empty", "--json")
    assert (done.returncode, json.loads(done.stdout)["legs"]) == (0, {})
