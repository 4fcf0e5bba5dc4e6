"""The plugin in runs of pytest of its own: reports, workers, settings, mistakes, and what it costs when unused."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugin.inner import INI, ROOT, run

CALLS = """
import pytest

@pytest.mark.parametrize("number", range({count}))
def test_call(telnyx, number):
    call = telnyx.call(from_="+12025550143", to="+12025550178")
    call.hang_up()
    assert call.wait_for("call.hangup").call_control_id == call.id
    print("ID", number, call.id)
"""


def write(folder: Path, text: str, name: str = "test_it.py") -> None:
    (folder / name).write_text(text, encoding="utf-8")


def test_a_failure_shows_the_ladder(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
import pytest

def test_sockets(telnyx):
    telnyx.person("+12025550143", name="Ada")
    telnyx.call(from_="+12025550143", to="+12025550178")
    telnyx.wait_for("call.answered", timeout=0.05)

@pytest.mark.asyncio
async def test_asgi(telnyx_asgi):
    await telnyx_asgi.call(from_="+12025550143", to="+12025550178")
    assert not telnyx_asgi.events

def test_good(telnyx):
    telnyx.call(from_="+12025550143", to="+12025550178")
""",
    )
    ended = run(tmp_path)
    assert ended.tells(failed=2, passed=1)
    assert len(re.findall(r"^-+ telnyx -+$", ended.output, re.MULTILINE)) == 2
    assert "+12025550143 (Ada) -> +12025550178" in ended.output
    assert ended.output.count("|<- call.initiated A ----") == 2
    assert "call.answered did not come within 0.05 s" in ended.output
    assert "blocking.py" not in ended.output, "the traceback shows the test alone"


def test_workers_have_servers_of_their_own_and_the_results_are_the_same(tmp_path: Path) -> None:
    write(tmp_path, CALLS.format(count=6))
    alone, together = run(tmp_path, "-rP"), run(tmp_path, "-rP", "-n", "2")
    for ended in (alone, together):
        assert ended.tells(passed=6)
    ids = re.findall(r"^ID \d \S+$", alone.output, re.MULTILINE)
    assert len(set(ids)) == 6
    assert sorted(re.findall(r"^ID \d \S+$", together.output, re.MULTILINE)) == sorted(ids)


def test_a_test_of_pytest_asyncio_or_anyio_may_share_a_file_with_a_plain_one(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
import pytest

async def calls(telnyx):
    call = await telnyx.call(from_="+12025550143", to="+12025550178")
    await call.hang_up()
    await call.wait_for("call.hangup")

@pytest.mark.asyncio
async def test_asyncio(telnyx_asgi):
    await calls(telnyx_asgi)

@pytest.mark.anyio
@pytest.mark.parametrize("anyio_backend", ["asyncio"])
async def test_anyio(telnyx_asgi, anyio_backend):
    await calls(telnyx_asgi)

def test_plain(telnyx, telnyx_env):
    telnyx.call(from_="+12025550143", to="+12025550178")
""",
    )
    assert run(tmp_path).tells(passed=3)


def test_what_the_code_under_test_raised_fails_a_test_that_did_not_wait(tmp_path: Path) -> None:
    write(
        tmp_path,
        """
def test_it(telnyx):
    telnyx.webhooks.answer_with(lambda webhook: 1 / 0)
    telnyx.call(from_="+12025550143", to="+12025550178")
    while not telnyx.webhooks.received:
        pass
    telnyx.advance(0)
""",
    )
    ended = run(tmp_path)
    assert ended.tells(failed=1)
    assert "ZeroDivisionError" in ended.output


@pytest.mark.parametrize(
    ("ini", "options", "marker", "seen"),
    [
        ("", (), "", "0 False 5.0 None None"),
        ("telnyx_seed = 3\ntelnyx_strict = yes\n", (), "", "3 True 5.0 None None"),
        ("telnyx_seed = 3\n", (), "seed=4, timeout=1", "4 False 1.0 None None"),
        ("telnyx_seed = 3\n", ("--telnyx-seed=5", "--telnyx-cushion=0.5"), "seed=4", "5 False 5.0 0.5 None"),
        ("telnyx_clock = fast\ntelnyx_factor = 9\n", (), "timeout=1", "0 False 1.0 None None"),
        ("telnyx_webhook_url = http://127.0.0.1:9/hooks\n", (), "", "0 False 5.0 None http://127.0.0.1:9/hooks"),
    ],
)
def test_the_command_line_goes_before_the_marker_and_the_marker_before_the_file(
    tmp_path: Path, ini: str, options: tuple[str, ...], marker: str, seen: str
) -> None:
    (tmp_path / "pytest.ini").write_text(INI + ini, encoding="utf-8")
    write(
        tmp_path,
        f"""
import pytest

@pytest.mark.telnyx({marker})
def test_it(telnyx_asgi):
    options = telnyx_asgi.options
    print("OPTIONS", options.seed, options.strict, options.timeout, options.cushion, options.webhook_url)
""",
    )
    ended = run(tmp_path, "-rP", *options)
    assert ended.tells(passed=1)
    assert f"OPTIONS {seen}\n" in ended.output


@pytest.mark.parametrize(
    ("option", "marker", "told"),
    [
        ("--telnyx-seed=one", "", "telnyx_seed is 'one': write a whole number"),
        ("--telnyx-strict=perhaps", "", "telnyx_strict is 'perhaps': write true or false"),
        ("--telnyx-timeout=5s", "", "telnyx_timeout is '5s': write seconds, as 0.5"),
        ("--telnyx-clock=atomic", "", "telnyx_clock is 'atomic': write one of auto, manual, real, fast"),
        ("--telnyx-factor=0", "", "telnyx_factor is '0': write a number above 0"),
        ("-q", "sed=1", "telnyx does not take sed: telnyx(seed=..."),
        ("-q", "scenario='people: [{number: x}]\\n'", "people[0].number"),
    ],
)
def test_a_mistake_in_a_setting_is_told(tmp_path: Path, option: str, marker: str, told: str) -> None:
    write(
        tmp_path,
        f"import pytest\n\n@pytest.mark.telnyx({marker})\ndef test_it(telnyx):\n    raise NotImplementedError\n",
    )
    ended = run(tmp_path, option)
    assert ended.code != 0
    assert told in ended.output
    assert "NotImplementedError" not in ended.output.replace("raise NotImplementedError", "")


def test_where_nobody_asks_for_it_nothing_of_it_is_imported() -> None:
    script = (
        "import sys, mockserver.pytest_plugin\n"
        "print(*sorted(name for name in sys.modules if name.startswith(('mockserver.', 'starlette', 'asyncio'))))"
    )
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["mockserver.pytest_plugin"]


def test_the_fixtures_the_settings_and_the_marker_are_listed(tmp_path: Path) -> None:
    fixtures = run(tmp_path, "--fixtures").output
    assert [
        name for name in ("telnyx", "telnyx_env", "telnyx_asgi") if not re.search(rf"^{name} -- ", fixtures, re.M)
    ] == []
    assert "@pytest.mark.telnyx(seed=..." in run(tmp_path, "--markers").output
    assert "--telnyx-seed" in run(tmp_path, "--help").output
