"""`serve` as a process: what it prints, what it survives, and how it ends."""

from __future__ import annotations

import json
import os
import pty
import re
import signal
import socket
from collections.abc import Iterator

import pytest

from tests.processes import Server, free_port, run, serve, taken_port

CALL = {"from": "+12025550143", "to": "+12025550100"}
DIAL = {"connection_id": "1", "from": "+12025550100", "to": "+12025550162"}
SEED = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve() as server:
        yield server


def test_a_box_tells_where_it_is_and_what_to_export(server: Server) -> None:
    top, *rows, bottom = server.lines[: next(i for i, line in enumerate(server.lines) if i and line[0] == "+") + 1]
    assert top.startswith("+ telnyx-mockserver ")
    assert {len(top)} == {len(row) for row in (*rows, bottom)}
    assert re.fullmatch(r"\| base URL    http://127\.0\.0\.1:[0-9]+/v2 +\|", rows[0])
    assert not server.url.endswith(":0")
    assert f"export TELNYX_BASE_URL='{server.url}/v2'" in server.output


def test_any_key_is_good_and_every_exchange_is_a_line(server: Server) -> None:
    leg = server.ask("POST", "/v2/calls", DIAL, key="KEY_of_mine")["data"]["call_control_id"]
    assert re.fullmatch(rf"<-- dial +{leg[:9]}… +200 +[0-9.]+ ms", server.until("<-- dial"))
    server.ask("GET", "/v2/nothing", key="KEY_of_mine")
    assert "404" in server.until("<-- GET /v2/nothing")
    assert "KEY_of_mine" not in server.output


def test_without_a_terminal_there_is_no_colour(server: Server) -> None:
    server.ask("GET", "/_mock/health")
    server.until("<-- mock_health")
    assert "\x1b" not in server.output


def test_a_webhook_that_cannot_be_delivered_is_a_line_with_the_reason(server: Server) -> None:
    url = f"http://user:hunter2@127.0.0.1:{free_port()}/hooks?token=hunter2"
    server.ask("POST", "/_mock/calls", {**CALL, "webhook_url": url})
    assert "connection refused" in server.until("--> call.initiated")
    assert "hunter2" not in server.output


def test_on_a_terminal_lines_are_coloured() -> None:
    ours, theirs = pty.openpty()
    try:
        with serve(out=theirs) as server:
            text = b""
            while b"+\r\n" not in text.split(b"export TELNYX_PUBLIC_KEY")[-1] or b"PUBLIC" not in text:
                text += os.read(ours, 65536)
            server.lines.append(text.decode())
            server.ask("GET", "/_mock/scenarios")
            while b" ms" not in text:
                text += os.read(ours, 65536)
        assert b"\x1b[32m<--\x1b[0m mock_list_scenarios" in text
    finally:
        os.close(ours)
        os.close(theirs)


def test_as_json_every_line_is_an_object() -> None:
    with serve("--log-format", "json", "--clock", "auto") as server:
        server.ask("POST", "/v2/calls", {**DIAL, "webhook_url": f"http://127.0.0.1:{free_port()}/hooks"})
        server.until("call.answered")
    lines = [json.loads(line) for line in server.lines]
    assert set(lines[0]) == {"base_url", "public_key"}
    assert {line["direction"] for line in lines[1:]} == {"in", "out"}


def test_options_may_come_from_the_environment() -> None:
    port = free_port()
    variables = {"PORT": str(port), "CLOCK": "manual", "SEED": "42", "API_KEY": "KEY_one KEY_two"}
    with serve(env={f"TELNYX_MOCKSERVER_{name}": value for name, value in variables.items()}) as server:
        assert server.url == f"http://127.0.0.1:{port}"
        health = server.ask("GET", "/_mock/health", key="KEY_one")
        assert (health["seed"], health["clock"]["mode"]) == (42, "manual")
        assert "data" in server.ask("POST", "/v2/calls", DIAL, key="KEY_two")
        assert server.ask("POST", "/v2/calls", DIAL, key="KEY_three")["errors"][0]["code"] == "10009"


def test_urls_of_recordings_begin_with_what_others_reach_the_server_by() -> None:
    options = ["--webhook-url", f"http://127.0.0.1:{free_port()}/hooks", "--clock", "auto", "--fetch-audio"]
    with serve(*options, "--public-url", "https://calls.example/mock/") as server:
        leg = server.ask("POST", "/v2/calls", {**DIAL, "record": "record-from-answer"})["data"]["call_control_id"]
        server.until("call.answered")
        server.ask("POST", f"/v2/calls/{leg}/actions/hangup", {})
        server.until("call.recording.saved")
        (saved,) = server.ask("GET", "/_mock/events?kind=webhook&name=call.recording.saved")["data"]
        url = saved["data"]["payload"]["recording_urls"]["mp3"]
        assert url.startswith("https://calls.example/mock/_mock/recordings/")


def test_secrets_are_never_printed() -> None:
    secrets = ["KEY_hidden_one", "KEY_hidden_two", SEED, "hunter2"]
    options = ["--api-key", secrets[0], "--api-key", secrets[1], "--signing-key", SEED]
    options += ["--webhook-url", f"http://user:hunter2@127.0.0.1:{free_port()}/hooks"]
    for form in ("text", "json"):
        with serve(*options, "--log-format", form, "--clock", "auto") as server:
            for key in (*secrets[:2], "KEY_hidden_bad"):
                server.ask("POST", "/v2/calls", {**DIAL, "sip_auth_password": "hunter2"}, key=key)
            server.until("call.answered")
        assert [secret for secret in (*secrets, "KEY_hidden_bad") if secret in server.output] == []


def test_the_key_that_is_offered_is_good() -> None:
    with serve("--api-key", "KEY_hidden") as server:
        assert "TELNYX_API_KEY" not in server.output
        assert "one of those given with --api-key" in server.output
    with serve() as server:
        key = re.search(r"TELNYX_API_KEY='([^']+)'", server.output)
        assert key is not None
        assert "data" in server.ask("POST", "/v2/calls", DIAL, key=key.group(1))


# The end -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_ends_within_a_second_whatever_is_open(number: int) -> None:
    with taken_port() as silent, serve() as server:
        stream, kept = server.connection(), server.connection()
        stream.request("GET", "/_mock/events", headers={"Accept": "text/event-stream", "Authorization": "Bearer KEY_a"})
        opened = stream.getresponse()
        assert opened.readline().startswith(b": the log")
        kept.request("GET", "/_mock/health")
        kept.getresponse().read()
        server.ask("POST", "/_mock/calls", {**CALL, "webhook_url": f"http://127.0.0.1:{silent}/hooks"})
        half = socket.create_connection(("127.0.0.1", int(server.url.rpartition(":")[2])))
        half.sendall(b"POST /v2/calls HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        took = server.interrupt(number)
        for each in (opened, stream, kept, half):
            each.close()
    assert took < 1
    assert "Traceback" not in server.output
    assert "the server stopped before it was delivered" in server.output


def test_ctrl_c_is_a_good_end_also_before_the_first_request() -> None:
    with serve() as server:
        server.interrupt()
    assert server.process.returncode == 0
    assert "Aborted" not in server.output


def test_an_advance_that_waits_for_a_silent_application_does_not_keep_it_from_ending() -> None:
    with taken_port() as silent, serve("--clock", "manual", "--webhook-timeout", "30") as server:
        server.ask("POST", "/_mock/calls", {**CALL, "webhook_url": f"http://127.0.0.1:{silent}/hooks"})
        advancing = server.connection()
        headers = {"Authorization": "Bearer KEY_test", "Content-Type": "application/json"}
        advancing.request("POST", "/_mock/clock/advance", '{"seconds": 100}', headers)
        server.ask("GET", "/_mock/health")
        assert server.interrupt() < 1
        advancing.close()


def test_output_that_nobody_reads_any_more_stops_nothing() -> None:
    ours, theirs = os.pipe()
    with serve("--clock", "auto", out=theirs) as server:
        text = b""
        while b"PUBLIC_KEY" not in text:
            text += os.read(ours, 65536)
        server.lines.append(text.decode())
        os.close(theirs)
        os.close(ours)
        leg = server.ask("POST", "/v2/calls", {**DIAL, "webhook_url": f"http://127.0.0.1:{free_port()}/hooks"})["data"]
        server.ask("POST", "/_mock/clock/advance", {"seconds": 10})
        assert server.ask("GET", f"/v2/calls/{leg['call_control_id']}")["data"]["is_alive"] is True
        assert server.interrupt() < 1


# What cannot be started ----------------------------------------------------------------------------------------------


def test_a_port_that_is_taken_is_told_and_is_wrong_usage() -> None:
    with taken_port() as port:
        done = run("serve", "--port", str(port))
    assert done.returncode == 2
    assert done.stderr.startswith(f"cannot listen on 127.0.0.1:{port}: Address already in use")
    assert done.stderr.endswith("Choose another --port (0: a free one).\n")


def test_a_host_that_is_not_ours_is_told_and_is_wrong_usage() -> None:
    done = run("serve", "--port", "0", "--host", "192.0.2.1")
    assert (done.returncode, done.stderr[:31]) == (2, "cannot listen on 192.0.2.1:0: C")


BAD = [
    (["--port", "65536"], "--port"),
    (["--clock", "sundial"], "--clock"),
    (["--factor", "0"], "--factor"),
    (["--signing-key", "short"], "--signing-key"),
    (["--webhook-timeout", "0"], "--webhook-timeout"),
    (["--log-format", "xml"], "--log-format"),
    (["--scenario", "no_such_scenario"], "no_such_scenario"),
    (["--public-url", "somewhere"], "--public-url"),
    (["--nonsense"], "--nonsense"),
]


@pytest.mark.parametrize(("options", "named"), BAD)
def test_an_option_that_is_wrong_is_named_and_is_wrong_usage(options: list[str], named: str) -> None:
    done = run("serve", "--port", "0", *options)
    assert done.returncode == 2
    assert named in done.stderr
    assert "Traceback" not in done.stderr
