"""Files with mistakes: each begins with what is said of it, line by line, and that is all that is said.

A line `#! 7: text` is a problem in line 7; one in a file that it includes has the file's name before the line.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner

from mockserver.cli import cli
from mockserver.scenario.load import InvalidScenario, load_all
from mockserver.scenario.model import Scenario
from mockserver.scenario.parts.part import known_keys
from mockserver.sim.faults import MOST as MOST_FAULTS
from tests.scenario.reading import read
from tests.scenario.test_scenario_schema import SCHEMA, VALIDATOR

FOLDER = Path(__file__).parent / "broken"
FILES = sorted(FOLDER.glob("*.yaml"))

BEYOND_A_SCHEMA = {
    "calls_a_connection_that_is_not_there": "what is in applications",
    "calls_by_name": "what people are called",
    "faults_that_do_not_go_together": "what goes with what, in many ways",
    "include_with_its_own_mistakes": "what is in the other file",
    "parameters_unused": "whether a variable is used",
    "people_hidden_by_a_pattern": "which number a pattern fits",
    "people_who_are_silent_and_speak": "what a key means",
    "variables_in_a_circle": "what variables stand for",
    "variables_of_the_environment": "what is in the environment",
    "variables_unknown": "which variables there are",
}
"""What an editor would have to know to mark the mistakes of a file, all of whose parts are right by themselves."""


def expected(path: Path) -> list[str]:
    """What a file says is wrong with it."""
    lines = path.read_text(encoding="utf-8-sig", errors="replace").splitlines()
    return [line.removeprefix("#! ") for line in lines if line.startswith("#! ")]


def told(path: Path) -> list[str]:
    """What is said of a file."""
    with pytest.raises(InvalidScenario) as found:
        load_all(path, {})
    return [bare(problem).removeprefix(f"{path.name}:") for problem in found.value.problems]


def bare(problem: str) -> str:
    """A problem with the names of files as they are in the folder."""
    return problem.replace(f"{FOLDER}{os.sep}", "")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_all_that_is_wrong_with_a_file_is_said_and_nothing_else(path: Path) -> None:
    assert told(path) == expected(path)


def test_every_key_of_a_file_is_broken_somewhere() -> None:
    assert len(FILES) >= 40
    said = " ".join(line for path in FILES for line in expected(path))
    assert [key for key in known_keys(Scenario) if f" {key}" not in said] == []


def test_check_prints_what_is_wrong_with_all_files_at_once() -> None:
    result = CliRunner().invoke(cli, ["check", *map(str, FILES)])
    assert result.exit_code == 3
    assert [bare(line) for line in result.stderr.splitlines()] == [
        line if line.startswith("included/") else f"{path.name}:{line}" for path in FILES for line in expected(path)
    ]


def test_check_tells_programs_the_file_the_line_the_place_and_what_is_wrong() -> None:
    path = FOLDER / "people_words.yaml"
    result = CliRunner().invoke(cli, ["check", "--json", str(path), "voicemail", str(FOLDER / "yaml_tab.yaml")])
    assert result.exit_code == 3
    first, *_, last = json.loads(result.stdout)
    assert first == {
        "file": str(path),
        "line": 11,
        "place": "people[0].outcome",
        "text": '"Busy" is none of answer, busy, decline, no_answer, unassigned: did you mean busy?',
    }
    assert last == {
        "file": str(FOLDER / "yaml_tab.yaml"),
        "line": 4,
        "text": "not YAML: a tab stands where spaces must: indent with spaces",
    }
    assert result.stderr == ""


def test_check_tells_programs_that_nothing_is_wrong() -> None:
    result = CliRunner().invoke(cli, ["check", "--json", "voicemail"])
    assert (result.exit_code, result.stdout) == (0, "[]\n")


def test_a_schema_for_editors_can_be_printed() -> None:
    result = CliRunner().invoke(cli, ["schema"])
    assert result.exit_code == 0
    assert json.loads(result.stdout) == SCHEMA


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_an_editor_marks_a_file_unless_its_mistake_is_beyond_a_schema(path: Path) -> None:
    try:
        marked = not VALIDATOR.is_valid(read(path.read_text(encoding="utf-8")))
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError):
        marked = True
    assert marked == (path.stem not in BEYOND_A_SCHEMA)


def test_too_much_of_something_is_told_with_its_bound() -> None:
    faults = "faults:\n" + "- {operation: dial, status: 503}\n" * (MOST_FAULTS + 1)
    with pytest.raises(InvalidScenario) as found:
        load_all(faults.encode(), name="many.yaml")
    assert found.value.problems == ["many.yaml:1: faults: has 1,001 entries, more than 1,000: remove some"]
