"""`telnyx-mockserver exec`: programs with the platform's address in their code, which reach the simulator unchanged."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mockserver.preload.python.sitecustomize import LONG_MARK, MARK, Lead
from mockserver.tls import secure, trust
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY
from tests.processes import COMMAND, LIMIT_SECS, Server, environment, free_port, run, serve, taken_port

ROOT = Path(__file__).parent.parent
NODE = Path(__file__).parent / "node"
PYTHON = (sys.executable, "-c")

PRELUDE = """
import asyncio, json, os
key, base = os.environ["TELNYX_API_KEY"], os.environ.pop("TELNYX_BASE_URL")
url, headers = "https://api.telnyx.com/v2/calls", {"Authorization": f"Bearer {key}"}
dial = {"connection_id": "1", "from": "+12025550100", "to": "+12025550162"}
def told(answer):
    print(answer["data"]["call_control_id"])
"""

ASYNC_HTTPX = """
import httpx
async def main():
    async with httpx.AsyncClient() as client:
        told((await client.post(url, json=dial, headers=headers)).json())
"""
AIOHTTP = """
import aiohttp
async def main():
    async with aiohttp.ClientSession() as session, session.post(url, json=dial, headers=headers) as answer:
        told(await answer.json())
"""
STREAMS = """
async def main():
    reader, writer = await asyncio.open_connection("API.telnyx.com.", 443, ssl=True, server_hostname="api.telnyx.com")
    body = json.dumps(dial)
    head = f"Host: api.telnyx.com\\r\\nAuthorization: Bearer {key}\\r\\nContent-Type: application/json\\r\\n"
    writer.write(f"POST /v2/calls HTTP/1.0\\r\\n{head}Content-Length: {len(body)}\\r\\n\\r\\n{body}".encode())
    told(json.loads((await reader.read()).partition(b"\\r\\n\\r\\n")[2]))
    writer.close()
"""

CLIENTS = {
    "requests": "import requests; told(requests.post(url, json=dial, headers=headers).json())",
    "httpx": "import httpx; told(httpx.post(url, json=dial, headers=headers).json())",
    "httpx async": ASYNC_HTTPX + "asyncio.run(main())",
    "httpx uvloop": ASYNC_HTTPX + "import uvloop; uvloop.run(main())",
    "aiohttp": AIOHTTP + "asyncio.run(main())",
    "aiohttp uvloop": "import uvloop" + AIOHTTP + "uvloop.run(main())",
    "asyncio": STREAMS + "asyncio.run(main())",
    "asyncio uvloop": STREAMS + "import uvloop; uvloop.run(main())",
    "urllib": """
import urllib.request
more = {**headers, "Content-Type": "application/json"}
with urllib.request.urlopen(urllib.request.Request(url, json.dumps(dial).encode(), more)) as answer:
    told(json.load(answer))
""",
    "sdk": """
import telnyx
dial["from_"] = dial.pop("from")
print(telnyx.Telnyx(max_retries=0).calls.dial(**dial).data.call_control_id)
""",
    "sdk async": """
import telnyx
dial["from_"] = dial.pop("from")
async def main():
    async with telnyx.AsyncTelnyx(max_retries=0) as client:
        print((await client.calls.dial(**dial)).data.call_control_id)
asyncio.run(main())
""",
}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serve("--tls-port", "0", "--clock", "manual") as server:
        yield server


def dialled(server: Server, *command: str) -> tuple[list[str], list[str]]:
    """What a program printed, and the legs that it dialled."""
    key = "KEY_of_a_test"
    before = {leg["call_control_id"] for leg in server.ask("GET", "/_mock/calls", key=key)["data"]}
    done = run("exec", "--quiet", "--url", server.url, "--api-key", key, "--", *command)
    assert (done.returncode, done.stderr) == (0, "")
    legs = [leg["call_control_id"] for leg in server.ask("GET", "/_mock/calls", key=key)["data"]]
    return done.stdout.splitlines(), [leg for leg in legs if leg not in before]


@pytest.mark.parametrize("name", CLIENTS)
def test_a_python_program_dials_at_the_real_address(server: Server, name: str) -> None:
    printed, legs = dialled(server, *PYTHON, PRELUDE + CLIENTS[name])
    assert len(legs) == 1
    assert printed == legs


# Node ----------------------------------------------------------------------------------------------------------------

needs_node = pytest.mark.skipif(shutil.which("node") is None, reason="needs node, which is not installed")


def needs_package(name: str) -> pytest.MarkDecorator:
    return pytest.mark.skipif(
        not (NODE / "node_modules" / name).exists(),
        reason=f"needs the npm package {name}: (cd tests/node && npm install), which make test does where npm is",
    )


@needs_node
@pytest.mark.parametrize(
    "name",
    [
        "fetch",
        "https",
        pytest.param("axios", marks=needs_package("axios")),
        pytest.param("sdk", marks=needs_package("telnyx")),
    ],
)
def test_a_node_program_dials_at_the_real_address(server: Server, name: str) -> None:
    printed, legs = dialled(server, "node", str(NODE / "real_address.mjs"), name)
    assert len(legs) == 1
    assert printed == legs


@needs_node
def test_in_node_another_port_and_another_name_are_not_touched(server: Server) -> None:
    assert dialled(server, "node", str(NODE / "real_address.mjs"), "elsewhere") == (["another another another"], [])


# What is not led elsewhere -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("port", [443, "443", "https", b"443", b"https"])
@pytest.mark.parametrize("host", ["api.telnyx.com", "API.Telnyx.com.", b"api.telnyx.com"])
def test_the_name_of_the_platform_has_an_address_of_its_own(host: str | bytes, port: int | str | bytes) -> None:
    assert Lead(("127.0.0.1", 12112)).marked(host, port) == MARK
    assert Lead(("::1", 12112)).marked(host, port) == LONG_MARK


@pytest.mark.parametrize(
    ("host", "port"),
    [
        ("api.telnyx.com", 8443),
        ("api.telnyx.com", None),
        ("api.telnyx.com.example", 443),
        ("telnyx.com", 443),
        ("127.0.0.1", 443),
        ("", 443),
        (None, 443),
    ],
)
def test_other_names_and_ports_are_looked_up_as_ever(host: str | None, port: int | None) -> None:
    assert Lead(("127.0.0.1", 12112)).marked(host, port) is host


@pytest.mark.parametrize("address", [(MARK, 80), ("127.0.0.1", 443), ("::1", 443, 0, 0), "/run/socket", b"\0abstract"])
def test_other_addresses_are_connected_to_as_ever(address: object) -> None:
    assert Lead(("127.0.0.1", 12112)).led(address) is address
    assert Lead(("127.0.0.1", 12112)).led((MARK, 443)) == ("127.0.0.1", 12112)


@contextmanager
def another_site(folder: Path) -> Iterator[tuple[str, Path]]:
    """A site with TLS and an authority of its own: its URL, and a file with the authority's certificate."""
    secured = secure(socket.create_server(("127.0.0.1", 0)))

    def answer() -> None:
        with secured.listener, secured.context.wrap_socket(secured.listener.accept()[0], server_side=True) as one:
            one.recv(65536)
            one.sendall(b"HTTP/1.0 200 OK\r\nContent-Length: 7\r\n\r\nanother")

    answering = threading.Thread(target=answer)
    answering.start()
    yield f"https://localhost:{secured.port}/", trust(secured.certificate, folder, {}).authority
    answering.join()


@pytest.mark.parametrize("client", ["requests", "httpx"])
def test_another_site_is_reached_and_trusted_as_before(server: Server, tmp_path: Path, client: str) -> None:
    with another_site(tmp_path) as (url, authority):
        program = f"import {client}; print({client}.get({url!r}, timeout=5).text)"
        trusted = {"SSL_CERT_FILE": str(authority), "REQUESTS_CA_BUNDLE": str(authority)}
        done = run("exec", "--quiet", "--url", server.url, "--", *PYTHON, program, env=trusted)
    assert (done.returncode, done.stdout) == (0, "another\n"), done.stderr


def test_a_site_customization_of_the_programs_own_is_imported_too(server: Server, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text("print('customized')\n", encoding="utf-8")
    program = "import sitecustomize; print(sitecustomize.__file__)"
    env = {"PYTHONPATH": str(tmp_path)}
    done = run("exec", "--quiet", "--url", server.url, "--", *PYTHON, program, env=env)
    # ours, which is Python too and has the same variable, says it first
    assert done.stdout.splitlines()[-2:] == ["customized", str(tmp_path / "sitecustomize.py")]


def test_a_program_that_connects_to_nothing_imports_nothing_for_it(server: Server) -> None:
    program = "import sys; print([name for name in ('socket', 'ssl', 'asyncio') if name in sys.modules])"
    assert dialled(server, *PYTHON, program) == (["[]"], [])


# What the program finds around it ------------------------------------------------------------------------------------

SHOW = "import json, os; print(json.dumps(dict(os.environ)))"


def test_variables_that_are_set_are_overridden_and_lists_are_added_to(server: Server) -> None:
    before = {
        "TELNYX_BASE_URL": "https://api.telnyx.com/v2",
        "TELNYX_API_KEY": "KEY_that_costs_money",
        "TELNYX_PUBLIC_KEY": "another",
        "SSL_CERT_FILE": "/nowhere.pem",
        "NODE_OPTIONS": "--no-deprecation",
        "NO_PROXY": "example.com",
        "MINE": "kept",
    }
    done = run("exec", "--quiet", "--url", server.url, "--", *PYTHON, SHOW, env=before)
    seen = json.loads(done.stdout)
    assert seen["TELNYX_BASE_URL"] == f"{server.url}/v2"
    assert seen["TELNYX_API_KEY"] == "KEY_telnyx_mockserver"
    assert seen["TELNYX_PUBLIC_KEY"] == DEFAULT_PUBLIC_KEY
    assert seen["SSL_CERT_FILE"] == seen["REQUESTS_CA_BUNDLE"] != "/nowhere.pem"
    assert seen["NODE_EXTRA_CA_CERTS"].endswith("authority.pem")
    assert seen["NODE_OPTIONS"].startswith("--no-deprecation --require ")
    assert seen["NO_PROXY"] == seen["no_proxy"] == "example.com,api.telnyx.com,localhost,127.0.0.1"
    assert seen["MINE"] == "kept"
    assert not Path(seen["SSL_CERT_FILE"]).exists()  # gone with the program


def test_without_a_simulator_one_is_started_that_ends_with_the_program() -> None:
    program = PRELUDE + CLIENTS["urllib"] + "print(base)"
    done = run("exec", "--port", str(free_port()), "--", *PYTHON, program)
    assert done.returncode == 0, done.stderr
    leg, base = done.stdout.splitlines()
    assert leg.startswith("v3:")
    assert "<-- dial" in done.stderr
    assert run("ready", "--url", base.removesuffix("/v2")).returncode == 1


def test_the_simulator_that_is_started_has_the_options_given() -> None:
    program = """
import os, urllib.request
with urllib.request.urlopen(os.environ["TELNYX_BASE_URL"].removesuffix("/v2") + "/_mock/health") as health:
    print(health.read().decode())
"""
    done = run("exec", "--quiet", "--port", str(free_port()), "--seed", "42", "--clock", "auto", "--", *PYTHON, program)
    assert '"seed":42' in done.stdout.replace(" ", "")
    assert '"mode":"auto"' in done.stdout.replace(" ", "")
    assert done.stderr == ""


# The end -------------------------------------------------------------------------------------------------------------


def test_the_exit_code_is_the_programs(server: Server) -> None:
    where = ("exec", "--quiet", "--url", server.url, "--")
    assert run(*where, *PYTHON, "raise SystemExit(7)").returncode == 7
    assert run(*where, *PYTHON, "import os; os.kill(os.getpid(), 9)").returncode == 137


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_goes_on_to_the_program(server: Server, number: int) -> None:
    program = """
import signal, sys
for number in (signal.SIGTERM, signal.SIGINT):
    signal.signal(number, lambda number, frame: sys.exit(40 + number))
print("ready", flush=True)
signal.pause()
"""
    command = [*COMMAND, "exec", "--quiet", "--url", server.url, "--", *PYTHON, program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment(), start_new_session=True) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        process.send_signal(number)
        assert process.wait(LIMIT_SECS) == 40 + number


def test_ctrl_c_at_a_terminal_reaches_the_program_once(server: Server) -> None:
    program = """
import signal, time
heard = []
signal.signal(signal.SIGINT, lambda number, frame: heard.append(number))
print("ready", flush=True)
while not heard:
    time.sleep(0.01)
time.sleep(0.2)  # for a second one
print("heard", len(heard), flush=True)
"""
    terminal = (*PYTHON, "import os, pty, sys; sys.exit(os.waitstatus_to_exitcode(pty.spawn(sys.argv[1:])))")
    command = [*terminal, *COMMAND, "exec", "--quiet", "--url", server.url, "--", *PYTHON, program]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, env=environment(), start_new_session=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\r\n"
        process.stdin.write(b"\x03")
        process.stdin.flush()
        assert b"heard 1\r\n" in process.stdout.read()
        assert process.wait(LIMIT_SECS) == 0


def test_a_program_that_cannot_be_started_is_told_as_a_shell_does(server: Server, tmp_path: Path) -> None:
    where = ("exec", "--quiet", "--url", server.url, "--")
    missing, folder = run(*where, "no-such-program"), run(*where, str(tmp_path))
    assert (missing.returncode, missing.stderr) == (127, "cannot start no-such-program: No such file or directory\n")
    assert (folder.returncode, folder.stderr) == (126, f"cannot start {tmp_path}: Permission denied\n")


def test_a_simulator_that_is_not_there_or_has_no_tls_is_told() -> None:
    url = f"http://127.0.0.1:{free_port()}"
    done = run("exec", "--url", url, "--", *PYTHON, "print('started')")
    assert (done.returncode, done.stdout) == (125, "")
    assert done.stderr.startswith(f"no simulator at {url}")
    with serve() as server:
        done = run("exec", "--url", server.url, "--", *PYTHON, "print('started')")
    assert (done.returncode, done.stdout) == (125, "")
    assert "--tls-port" in done.stderr
    with taken_port() as port:
        done = run("exec", "--port", str(free_port()), "--tls-port", str(port), "--", *PYTHON, "print('started')")
    assert (done.returncode, done.stdout) == (125, "")
    assert f"127.0.0.1:{port}" in done.stderr


def test_no_program_is_wrong_usage() -> None:
    assert run("exec").returncode == 2


# run -----------------------------------------------------------------------------------------------------------------


def test_a_run_starts_its_application_the_same_way() -> None:
    example = ROOT / "scenarios" / "examples" / "start_twice.py"
    program = f"""
import os, runpy, sys
sys.path.insert(0, {str(example.parent)!r})
os.environ["TELNYX_BASE_URL"] = "https://api.telnyx.com/v2"
runpy.run_path({str(example)!r}, run_name="__main__")
"""
    done = run("run", "start_twice", "--port", "0", "--real-address", "--", *PYTHON, program)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "expectations held" in done.stdout


def test_what_runs_already_cannot_be_led_elsewhere() -> None:
    done = run("run", "start_twice", "--real-address", "--app", "http://127.0.0.1:9/webhooks")
    assert done.returncode == 2
    assert "--real-address" in done.stderr
