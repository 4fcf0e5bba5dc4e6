"""How `run` tells what came of its runs: on the terminal as they end, and in files when all have."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from mockserver.cli.application import Interrupted
from mockserver.cli.asking import stop
from mockserver.cli.options import write_report
from mockserver.reports.played import Played, worst
from mockserver.scenario.report import GREEN, RED, painted

CLEAR = "\r\x1b[K"


class Teller:
    """Tells of the runs of one command. One run is drawn as a ladder; of many, a line each, and those that failed.

    With `as_json` nothing is said until the end, which is then all that is on standard output.
    """

    def __init__(self, single: bool, as_json: bool, verbose: bool) -> None:
        self._single, self._json, self._verbose = single, as_json, verbose
        self._colour = sys.stdout.isatty()
        self._transient = sys.stderr.isatty() and not (single or as_json)

    def begins(self, title: str) -> None:
        """On a terminal, say what runs now; the next line takes its place."""
        if self._transient:
            click.echo(f"{CLEAR}...    {title}", nl=False, err=True)

    def ended(self, run: Played, again: str | None) -> None:
        """Say how a run ended; `again` is the command line that repeats it alone."""
        if self._transient:
            click.echo(CLEAR, nl=False, err=True)
        if self._json:
            return
        if not self._single:
            click.echo(self._line(run))
        if self._single and run.unreachable:
            return  # said at the end, as an error
        if self._single or self._verbose or not run.held:
            click.echo(self._text(run) + "\n" * (not self._single))
        if again and not run.held:
            click.echo(f"to repeat this run alone: {again}\n")

    def all_ended(self, runs: Sequence[Played], wanted: int, interrupted: Interrupted | None = None) -> None:
        """Say how it all ended; ends with the exit code, which is that of a signal if one has ended it."""
        code = interrupted.code if interrupted else worst(runs)
        if self._transient:
            click.echo(CLEAR, nl=False, err=True)
        if self._json and self._single and runs:
            click.echo(json.dumps(runs[0].as_json(), indent=2, ensure_ascii=False))
        elif self._json:
            told = {"held": code == 0, "code": code, "runs": [run.as_json() for run in runs]}
            click.echo(json.dumps(told, indent=2, ensure_ascii=False))
        elif not self._single:
            click.echo(self._summary(runs, wanted))
        if interrupted:
            stop(f"ended by {interrupted.name} before all was played", code)
        unreachable = next((run.unreachable for run in runs if run.unreachable), None)
        if unreachable:
            stop(unreachable, code=code)
        sys.exit(code)

    def _text(self, run: Played) -> str:
        """The ladder and all that was wrong; of many runs, a diff tells enough where nothing else was wrong."""
        verdicts = list(run.verdicts())
        if not (self._single or self._verbose) and all(verdict.kind == "differs" for verdict in verdicts):
            return "\n".join(verdict.shown(self._colour) for verdict in verdicts)
        return run.unreachable or run.text(self._colour)

    def _line(self, run: Played) -> str:
        mark = painted("ok    ", GREEN, self._colour) if run.held else painted("FAILED", RED, self._colour)
        count = len(run.report.results)
        said = "; ".join(verdict.brief for verdict in run.verdicts()) or f"{count} expectation{'s' * (count != 1)}"
        return f"{mark} {run.title}  {said}, {run.simulated} simulated in {run.seconds:.1f} s"

    def _summary(self, runs: Sequence[Played], wanted: int) -> str:
        failed = [run for run in runs if not run.held]
        held = len(runs) - len(failed)
        left = [f"{wanted - len(runs)} not played"] * (wanted > len(runs))
        words = "all held" if held == wanted else ", ".join([f"{held} held", f"{len(failed)} did not", *left])
        named = [f"       {run.title}  {run.file}" for run in failed[:20]] + ["       …"] * (len(failed) > 20)
        return "\n".join([f"{wanted} runs: {words}, in {sum(run.seconds for run in runs):.1f} s", *named])


def write_reports(runs: Sequence[Played], junit_file: Path | None, html_file: Path | None) -> None:
    """Write the reports that are wanted, and the folders that they are to stand in."""
    if junit_file:
        from mockserver.reports.junit import junit

        write_report("--junit", junit_file, junit(runs))
    if html_file:
        from mockserver.reports.html import page

        write_report("--html", html_file, page(runs))
