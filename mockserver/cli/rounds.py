"""What `run` plays: scenarios of files, each once or several times, one after the other on one stage."""

from __future__ import annotations

import re
import shlex
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from difflib import unified_diff
from pathlib import Path
from zlib import crc32

import click

from mockserver.cli.options import file_and_row
from mockserver.reports.played import Played
from mockserver.reports.transcript import transcript
from mockserver.runner import Stage, Unreachable
from mockserver.scenario.expecting.expect import check
from mockserver.scenario.model import Scenario
from mockserver.scenario.shuffling import luck, shuffled

MOST_DIFFERENCES = 200
"""More lines of a diff are not shown."""

UNUSUAL = re.compile(r"[^\w.=,+-]+")
"""What of the name of a row is not in that of a file."""

Begins = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Piece:
    """A scenario to be played, the file it stands in, and where its transcript is, if it has one.

    A bundled scenario that was called by its name has none: it is for any application, its transcript for the example.
    """

    scenario: Scenario
    file: str
    transcript: Path | None


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to play: so many times, shuffled by a seed (only run number `only` of these), stopping at the first failure.

    Transcripts are compared if they are `kept`, and written with `update`; `again` is the command line without its
    files, for whoever wants to repeat a shuffled run.
    """

    repeat: int = 1
    shuffle: int | None = None
    only: int | None = None
    fail_fast: bool = False
    kept: bool = True
    update: bool = False
    again: str = ""

    @property
    def numbers(self) -> Sequence[int]:
        """The numbers of the runs of each piece; 0 is the only one."""
        if self.only is not None:
            return [self.only]
        return range(1, self.repeat + 1) if self.repeat > 1 or self.shuffle is not None else [0]


def files_of(names: Sequence[str]) -> list[str]:
    """The names of scenario files; for a folder those in it."""
    found: list[str] = []
    for name in names:
        if not Path(name).is_dir():
            found.append(name)
            continue
        inside = sorted(path for path in Path(name).iterdir() if path.suffix in (".yaml", ".yml"))
        if not inside:
            raise click.UsageError(f"{name}: there is no scenario in this folder, no file that ends with .yaml")
        found += map(str, inside)
    return found


def pieces_of(name: str, scenarios: Sequence[Scenario]) -> Iterator[Piece]:
    """The scenarios of one file as pieces, each with a place for its transcript beside the file."""
    file, _ = file_and_row(name)
    by_path = Path(name.partition("#")[0]).exists() or Path(name).exists()
    for scenario in scenarios:
        besides = [_part_of_a_name(scenario.row)] if scenario.row else []
        beside = file.with_name(".".join([file.stem, *besides, "transcript"]))
        yield Piece(scenario, str(file), beside if by_path else None)


def _part_of_a_name(row: str) -> str:
    """The name of a row as a part of that of a file: if it has to be changed, with a sum of it, so that no two meet."""
    usual = UNUSUAL.sub("_", row)
    return usual if usual == row else f"{usual}-{crc32(row.encode()):08x}"


async def rounds(stage: Stage, pieces: Sequence[Piece], wishes: Wishes, begins: Begins) -> AsyncIterator[Played]:
    """Play everything; each run as it ends. `begins` is told what comes next. Nothing follows what is unreachable."""
    for piece in pieces:
        first: Played | None = None
        for number in wishes.numbers:
            begins(f"{piece.scenario.name} #{number}" if number else piece.scenario.name)
            run = await _played(stage, piece, wishes, number)
            run = _compared(run, piece, wishes, first)
            first = first or run
            yield run
            if run.unreachable or (wishes.fail_fast and not run.held):
                return


async def _played(stage: Stage, piece: Piece, wishes: Wishes, number: int) -> Played:
    scenario = piece.scenario
    try:
        if wishes.shuffle is None:
            run = await stage.play(scenario)
        else:
            faults = shuffled(wishes.shuffle, number)
            run = await stage.play(scenario, faults=faults, chance=luck(wishes.shuffle, number))
    except Unreachable as error:
        run = Played(scenario, check(scenario.to_expectations(), ()), (), unreachable=str(error))
    return replace(run, file=piece.file, number=number)


def _compared(run: Played, piece: Piece, wishes: Wishes, first: Played | None) -> Played:
    """The run, and how it differs from the transcript that is kept, or else from the first of its runs."""
    if wishes.shuffle is not None or run.unreachable:
        return run
    kept = piece.transcript if wishes.kept else None
    if kept is not None and wishes.update and first is None:
        _update(kept, run)
    elif kept is not None and kept.exists():
        text = _text_of(kept)
        if first is not None and first.differs and transcript(first) == transcript(run):
            return replace(run, differs=f"{run.title} is not as {kept}, in the same lines as {first.title}")
        hint = "if that is right, accept it with --update"
        return replace(run, differs=_difference(text, transcript(run), str(kept), run.title, hint))
    if first is not None and not first.unreachable:
        hint = "what an application does should not depend on chance or on real time"
        return replace(run, differs=_difference(transcript(first), transcript(run), first.title, run.title, hint))
    return run


def _text_of(kept: Path) -> str:
    try:
        return kept.read_text(encoding="utf-8", errors="replace")
    except OSError as error:
        raise click.UsageError(f"{kept} cannot be read: {error.strerror}; --no-transcript does without") from None


def _difference(before: str, after: str, one: str, other: str, hint: str) -> str | None:
    """A unified diff, and above it what is compared; None where there is no difference."""
    lines = list(unified_diff(before.splitlines(), after.splitlines(), one, other, n=2, lineterm=""))
    if not lines:
        return None
    more = len(lines) - MOST_DIFFERENCES
    cut = [*lines[:MOST_DIFFERENCES], *([f"… {more} lines more"] if more > 0 else [])]
    return "\n".join([f"{other} is not as {one}; {hint}:", *cut])


def _update(kept: Path, run: Played) -> None:
    """Write the transcript of a run that held, if that changes it."""
    if not run.held:
        click.echo(f"{kept} is left as it is, since the run did not hold", err=True)
        return
    text = transcript(run)
    try:
        if not kept.exists() or _text_of(kept) != text:
            kept.write_text(text, encoding="utf-8")
            click.echo(f"wrote {kept}", err=True)
    except OSError as error:
        raise click.UsageError(f"--update: cannot write {kept}: {error.strerror}") from None


def alone(run: Played, wishes: Wishes) -> str | None:
    """The command line that plays a shuffled run alone; None if it was not shuffled."""
    if wishes.shuffle is None:
        return None
    return f"telnyx-mockserver run {shlex.quote(run.file)} --shuffle {wishes.shuffle}:{run.number}{wishes.again}"
