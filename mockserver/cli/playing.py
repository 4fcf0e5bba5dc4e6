"""The commands about scenario files: check, and schema, which helps to write them."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING

import click

from mockserver.cli.options import check_sets, file_and_row, read_scenarios, variables

if TYPE_CHECKING:
    from mockserver.scenario.model import Scenario


@click.command()
@click.argument("files", nargs=-1, required=True)
@variables
@click.option("--json", "as_json", is_flag=True, help="Print the mistakes as a JSON list of {file, line, place, text}.")
def check(files: tuple[str, ...], sets: dict[str, str], as_json: bool) -> None:
    """Check scenario files: exit code 0 if all are valid, 3 if not, with every mistake's file and line.

    FILE#row is one row of its parameters; FILE alone is all of them. A folder means its scenarios.
    """
    from mockserver.cli.rounds import files_of
    from mockserver.scenario.load import InvalidScenario, Problem

    found: list[Scenario] = []
    problems: list[Problem] = []
    for name in files_of(files):
        try:
            scenarios = read_scenarios(name, sets)
        except InvalidScenario as invalid:
            problems += invalid.found
            if not as_json:
                click.echo("\n".join(invalid.problems), err=True)
        else:
            found += scenarios
            for scenario in () if as_json else scenarios:
                click.echo(f"{file_and_row(name)[0]}: valid, {scenario.name}")
    if as_json:
        click.echo(json.dumps([problem.as_json() for problem in problems], indent=2, ensure_ascii=False))
    if problems:
        sys.exit(3)
    check_sets(sets, found)


@click.command()
def schema() -> None:
    """Print the JSON Schema of scenario files, by which editors complete and check them.

    \b
    telnyx-mockserver schema > scenario.schema.json
    Then the first line of a scenario beside it: # yaml-language-server: $schema=scenario.schema.json
    """
    from mockserver.scenario.bundled import folder

    click.echo((folder() / "scenario.schema.json").read_text(encoding="utf-8"), nl=False)
