"""Variables, rows and the environment on the command line: check, run, serve, exec."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.processes import run, serve

MENU = """
name: menu
variables: {who: Ada}
people:
  - number: "+12025550143"
    name: ${who} ${env:FAMILY:-Lovelace}
    outcome: ${outcome}
parameters:
  - {name: engaged, outcome: busy}
  - {outcome: answer}
"""


@pytest.fixture
def menu(tmp_path: Path) -> str:
    file = tmp_path / "menu.yaml"
    file.write_text(MENU)
    return str(file)


def test_every_row_is_checked(menu: str) -> None:
    done = run("check", menu, f"{menu}#2", "start_twice")
    assert (done.returncode, done.stderr) == (0, "")
    assert [line.rpartition(": valid, ")[2] for line in done.stdout.splitlines()] == [
        "menu [engaged]",
        "menu [outcome=answer]",
        "menu [outcome=answer]",
        "start_twice",
    ]


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["--set", "who=a=b", "--set", "outcome=decline"], 0, ""),
        (["--set", "outcome=bussy"], 3, '7: people[0].outcome: "bussy" is none of answer, busy,'),
        (["--set", "outcom=busy"], 2, "--set outcom: no scenario has this variable: did you mean outcome?"),
        (["--set", "who"], 2, "'who' has no value: write NAME=VALUE"),
        (["--set", "a b=c"], 2, "'a b' is no name of a variable: write a letter or _,"),
    ],
)
def test_variables_are_set(menu: str, options: list[str], code: int, told: str) -> None:
    done = run("check", menu, *options)
    assert done.returncode == code, done.stderr
    assert told in done.stderr


def test_where_there_are_no_variables_none_is_set() -> None:
    done = run("check", "start_twice", "--set", "who=Ada")
    assert "--set who: no scenario has this variable: there are no variables" in done.stderr


def test_a_row_that_is_not_there_is_told(menu: str) -> None:
    done = run("check", f"{menu}#nobody")
    assert done.returncode == 3
    assert done.stderr == f'{menu}:8: parameters: "nobody" is no row: there are 1 (engaged), 2 (outcome=answer)\n'


def test_a_folder_means_its_files(tmp_path: Path, menu: str) -> None:
    done = run("check", str(Path(menu).parent))
    assert (done.returncode, done.stdout.count(": valid, ")) == (0, 2)
    empty = tmp_path / "empty"
    empty.mkdir()
    done = run("check", str(empty))
    assert (done.returncode, f"{empty}: there is no scenario in this folder" in done.stderr) == (2, True)


@pytest.mark.parametrize("command", [["serve"], ["exec", "--port", "0", "--", sys.executable, "-c", ""]])
def test_a_server_wants_one_row(menu: str, command: list[str]) -> None:
    done = run(command[0], "--scenario", menu, *command[1:])
    assert done.returncode == 3
    assert f"{menu}:8: parameters: 2 rows, and none is chosen: name one, as {menu}#engaged or row=" in done.stderr


def test_a_server_has_the_row_with_the_environment_and_what_is_set(menu: str) -> None:
    options = ("--scenario", f"{menu}#engaged", "--set", "who=Augusta", "--clock", "manual")
    with serve(*options, env={"FAMILY": "King"}) as server:
        [loaded] = server.ask("GET", "/_mock/scenarios")["data"]
        assert (loaded["name"], loaded["people"]) == ("menu [engaged]", 1)


def test_a_program_that_is_led_here_finds_the_row(menu: str) -> None:
    done = run("exec", "--port", "0", "--scenario", f"{menu}#engaged", "--", sys.executable, "-c", "print('ran')")
    assert (done.returncode, done.stdout) == (0, "ran\n")


def test_the_environment_is_there_for_files(tmp_path: Path) -> None:
    (tmp_path / "family.yaml").write_text("people: [{number: '*', name: '${env:FAMILY}'}]")
    (tmp_path / "order.yaml").write_text("include: family.yaml\nname: ${env:FAMILY}")
    done = run("check", str(tmp_path / "order.yaml"), env={"FAMILY": "King"})
    assert done.stdout == f"{tmp_path}/order.yaml: valid, King\n"
    done = run("check", str(tmp_path / "order.yaml"))
    assert done.returncode == 3
    say = "FAMILY is not set in the environment: set it, or give a default like ${env:FAMILY:-text}"
    assert done.stderr.splitlines() == [
        f"{tmp_path}/order.yaml:2: name: {say}",
        f"{tmp_path}/family.yaml:1: people[0].name: {say}",
    ]
