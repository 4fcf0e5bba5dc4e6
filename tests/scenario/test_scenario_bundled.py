"""The scenarios that come with the program, played by their own example applications."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from mockserver.scenario import bundled
from mockserver.scenario.expecting.expect import Expectations, check
from mockserver.scenario.expecting.state import state_of
from mockserver.scenario.load import Scenario, load, load_all
from mockserver.scenario.report import ladder, summary
from mockserver.sim.events import Entry
from mockserver.sim.simulation import Simulation

Play = Callable[..., list[Entry]]
Played = Callable[..., Simulation]
NAMES = [
    "book_appointment",
    "call_centre",
    "call_screening",
    "call_tracker",
    "command_after_hangup",
    "command_before_answer",
    "conference_line",
    "conversation_relay",
    "front_desk",
    "gather_with_ai",
    "ivr_menu",
    "join_ai_conversation",
    "media_echo",
    "start_twice",
    "transfer_to_agent",
    "voicemail",
]
ROWS = {"front_desk": ("engaged", "away", "closed")}
PLAYS = [f"{name}#{row}" if row else name for name in NAMES for row in ROWS.get(name, ("",))]


def file_of(play: str) -> str:
    """The name of a bundled scenario without that of a row."""
    return play.partition("#")[0]


def loaded(play: str) -> Scenario:
    """A bundled scenario, or the row of it that is named."""
    path, row = bundled.find_row(play)
    return load(path, row=row)


def test_all_of_them_are_found_by_name() -> None:
    assert bundled.names() == NAMES
    assert bundled.bundled("start_twice") == bundled.bundled("start_twice.yaml")
    assert bundled.find("start_twice") == bundled.bundled("start_twice")


def test_the_rows_of_one_that_has_some_are_found_by_name() -> None:
    for name, rows in ROWS.items():
        assert [scenario.name for scenario in load_all(bundled.bundled(name))] == [f"{name} [{row}]" for row in rows]
    assert bundled.find_row("front_desk#away") == (bundled.bundled("front_desk"), "away")
    assert bundled.find_row("front_desk") == (bundled.bundled("front_desk"), None)


def test_there_may_be_a_number_sign_in_the_name_of_a_file_and_of_a_row(tmp_path: Path) -> None:
    file = tmp_path / "calls #7.yaml"
    file.touch()
    assert bundled.find_row(f"{file}#with #hash") == (file, "with #hash")
    assert bundled.find_row("front_desk#with #hash") == (bundled.bundled("front_desk"), "with #hash")


def test_a_file_that_exists_comes_before_a_bundled_one(tmp_path: Path) -> None:
    file = tmp_path / "start_twice.yaml"
    file.touch()
    assert bundled.find(str(file)) == file


def test_a_file_may_have_the_sign_of_a_row_in_its_name(tmp_path: Path) -> None:
    file = tmp_path / "line#1.yaml"
    file.touch()
    assert bundled.find_row(str(file)) == (file, None)
    assert bundled.find_row(f"{file}#away") == (file, "away")


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("start_twise", "no bundled scenario is called 'start_twise': did you mean start_twice?"),
        ("x", f"no bundled scenario is called 'x': there are {', '.join(NAMES)}"),
        ("../scenarios/start_twice", "no bundled scenario is called '../scenarios/start_twice': did you mean"),
    ],
)
def test_one_that_is_not_there_is_said_with_those_that_are(name: str, problem: str) -> None:
    with pytest.raises(LookupError, match=re.escape(problem)):
        bundled.bundled(name)


@pytest.mark.parametrize("name", PLAYS)
def test_what_it_expects_holds_with_its_application(name: str, played: Played, example: Callable[[str], Any]) -> None:
    scenario = loaded(name)
    simulation = played(scenario, example(file_of(name)))
    entries = list(simulation.log.entries)
    report = check(scenario.to_expectations(), entries, state_of(simulation.world))
    assert report.held, "\n".join([*summary(report), ladder(entries)])
    incremental = Expectations(scenario.to_expectations())
    for entry in entries:
        incremental.feed(entry)
    assert incremental.done
    assert incremental.open == []
    assert scenario.name == (f"{name.replace('#', ' [')}]" if "#" in name else name)
    assert scenario.description


@pytest.mark.parametrize("name", PLAYS)
def test_it_does_not_hold_without_an_application(name: str, play: Play) -> None:
    scenario = loaded(name)
    assert not check(scenario.to_expectations(), play(scenario)).held


@pytest.mark.parametrize("name", PLAYS)
def test_it_plays_the_same_every_time(name: str, play: Play, example: Callable[[str], Any]) -> None:
    scenario = loaded(name)
    assert ladder(play(scenario, example(file_of(name)))) == ladder(play(scenario, example(file_of(name))))


@pytest.mark.parametrize("name", PLAYS)
def test_the_ladder_is_no_wider_than_110_columns(name: str, play: Play, example: Callable[[str], Any]) -> None:
    scenario = loaded(name)
    lines = ladder(play(scenario, example(file_of(name))), scenario.to_people()).splitlines()
    assert max(map(len, lines)) <= 110
    assert [line for line in lines if line != line.rstrip()] == []
