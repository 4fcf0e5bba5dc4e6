"""The command that plays scenarios: run."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from secrets import randbits
from typing import TYPE_CHECKING, Any

import click
from click.core import ParameterSource

from mockserver.cli.application import (
    BESIDE_THE_REPORT,
    Interrupted,
    application_options,
    check_application,
    stage_for,
    the_same_again,
    until_over,
)
from mockserver.cli.asking import stop
from mockserver.cli.options import (
    ThenCommand,
    check_sets,
    config_of,
    option,
    read_scenarios,
    report_file,
    variables,
    world_options,
)

if TYPE_CHECKING:
    from mockserver.cli.rounds import Piece, Wishes
    from mockserver.cli.telling import Teller
    from mockserver.reports.played import Played
    from mockserver.runner import Stage

MOST_REPEATS = 1_000


def _shuffle(context: click.Context, parameter: click.Parameter, given: str | None) -> tuple[int | None, int | None]:
    """`SEED`, or `SEED:K` for run number K alone."""
    if given is None:
        return None, None
    seed, _, number = given.partition(":")
    try:
        only = int(number) if number else None
        if only is not None and only < 1:
            raise ValueError
        return int(seed), only
    except ValueError:
        raise click.BadParameter(
            f"{given!r} is neither SEED nor SEED:K: give a whole number, or two, the second from 1"
        ) from None


@click.command(cls=ThenCommand)
@click.argument("files", nargs=-1, required=True)
@world_options
@variables
@application_options
@option("--repeat", default=1, type=click.IntRange(1, MOST_REPEATS), help="Play each so often, and compare.")
@option("--shuffle", metavar="SEED[:K]", callback=_shuffle, help="Deliver webhooks late and in another order.")
@click.option("--fail-fast", is_flag=True, help="Stop at the first run that does not hold.")
@click.option("--update", is_flag=True, help="Write the transcripts of runs that hold beside their files.")
@click.option("--no-transcript", is_flag=True, help="Do not compare with transcripts.")
@option("--junit", "junit_file", type=report_file, help="Write the results as JUnit XML.")
@option("--html", "html_file", type=report_file, help="Write the results as a page.")
@click.option("-v", "--verbose", is_flag=True, help="Draw all runs, also those of many that held.")
@click.option("--json", "as_json", is_flag=True, help="Print the results and everything that happened as JSON.")
def run(
    files: tuple[str, ...],
    command: tuple[str, ...],
    app_url: str | None,
    timeout: float,
    real_address: bool,
    repeat: int,
    shuffle: tuple[int | None, int | None],
    fail_fast: bool,
    update: bool,
    no_transcript: bool,
    junit_file: Path | None,
    html_file: Path | None,
    verbose: bool,
    as_json: bool,
    **options: Any,
) -> None:
    """Play scenarios against an application, on the clock that skips, and draw what happened.

    FILES are scenario files, FILE#row, folders of them, or names of bundled ones. The application runs already
    (--app URL), or is started by the command after `--`, with the SDK's environment variables set and PORT, where it
    must listen for webhooks at /webhooks. A command that ends by itself (pytest, a script) is a driver: it makes the
    calls itself, in a world that has the people of the scenario, once for each of them.

    \b
    telnyx-mockserver run join_ai_conversation --app http://127.0.0.1:8088/webhooks
    telnyx-mockserver run join_ai_conversation -- python my_app.py
    telnyx-mockserver run scenarios/ --junit report.xml -- python my_app.py

    \b
    Exit codes: 0 everything held
                2 wrong usage          3 a file is not valid; nothing is played
    and of all runs the first of these that applies to any:
                4 the application cannot be reached
                6 a run was stopped after --timeout
                the command's own code, where it ended with another one than 0
                5 nothing happened     1 an expectation did not hold
                7 a run differs from its transcript, or from its repetition
    """
    seed, only = shuffle
    check_application(app_url, command, real_address)
    if only is not None and repeat > 1:
        raise click.UsageError("--shuffle SEED:K is one run alone: leave out --repeat, or the K")
    if update and (seed is not None or no_transcript):
        raise click.UsageError("--update writes transcripts: leave out --shuffle and --no-transcript")

    from mockserver.cli.rounds import Wishes
    from mockserver.cli.telling import Teller, write_reports

    sets = options.pop("sets")
    pieces = _pieces(files, sets)
    config = config_of(options).on(clock="auto", one_world=True)
    if app_url and click.get_current_context().get_parameter_source("seed") is ParameterSource.DEFAULT:
        config = config.on(seed=randbits(32))  # what runs on may remember the ids of an earlier run
    again = the_same_again(sets, app_url, command, real_address)
    wishes = Wishes(repeat, seed, only, fail_fast, not no_transcript, update, again)
    wanted = len(pieces) * len(wishes.numbers)
    teller = Teller(wanted == 1, as_json, verbose)
    output = BESIDE_THE_REPORT if as_json else None
    staged = stage_for(config, app_url, command, timeout, real_address, output)
    runs: list[Played] = []
    interrupted = None
    try:
        until_over(_all(staged, pieces, wishes, teller, runs))
    except Interrupted as signal:
        interrupted = signal
    write_reports(runs, junit_file, html_file)
    teller.all_ended(runs, wanted, interrupted)


def _pieces(names: Sequence[str], sets: dict[str, str]) -> list[Piece]:
    """Everything that is to be played, once each; ends with 3 and every mistake in it if there are any."""
    from mockserver.cli.rounds import files_of, pieces_of
    from mockserver.scenario.load import InvalidScenario

    pieces: dict[tuple[Path, str], Piece] = {}
    problems: list[str] = []
    for name in files_of(names):
        try:
            for piece in pieces_of(name, read_scenarios(name, sets)):
                pieces.setdefault((Path(piece.file).resolve(), piece.scenario.name), piece)
        except InvalidScenario as invalid:
            problems += invalid.problems
    if problems:
        stop("\n".join(dict.fromkeys(problems)), code=3)
    check_sets(sets, [piece.scenario for piece in pieces.values()])
    return list(pieces.values())


async def _all(
    staged: AbstractAsyncContextManager[Stage],
    pieces: Sequence[Piece],
    wishes: Wishes,
    teller: Teller,
    runs: list[Played],
) -> None:
    """Play everything, and tell and note each run as it ends."""
    from mockserver.cli.rounds import alone, rounds

    async with staged as stage:
        async for played in rounds(stage, pieces, wishes, teller.begins):
            teller.ended(played, alone(played, wishes))
            runs.append(played)
