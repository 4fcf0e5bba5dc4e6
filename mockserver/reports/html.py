"""Runs as one HTML page that needs nothing else: to open from a disk, to keep with a build, to show around.

It asks for nothing from anywhere, which its own policy makes sure of (`page/document.py`), and can be read without
JavaScript, which only filters and opens many rows at once. What it holds is bounded (`page/room.py`, `page/rows.py`,
`page/tables.py`), and where something is left out the page says so.
"""

from __future__ import annotations

from collections.abc import Sequence

from mockserver.reports.page import tables
from mockserver.reports.page.document import document
from mockserver.reports.page.ladder import ladder
from mockserver.reports.page.markup import LONGEST_JSON, Markup, count, joined, lasting, shown, tag
from mockserver.reports.page.room import Room
from mockserver.reports.page.rows import MOST_ROWS, LeftOut, Row, Story, pick, pieces, story
from mockserver.reports.played import Played
from mockserver.sim.clock import SECOND

MOST_RUNS = 1_000
"""How many runs have a section of their own and a row in the table."""


def page(runs: Sequence[Played], title: str = "telnyx-mockserver") -> str:
    """The page for some runs, those first that did not hold; it can be written as UTF-8 whatever is in them."""
    told = verdict(runs)
    return document(f"{told} — {title}", _header(runs, told, title), tag("main", _main(runs)))


def verdict(runs: Sequence[Played]) -> str:
    """How the runs ended, in a few words."""
    failed = sum(not run.held for run in runs)
    if len(runs) == 1:
        return f"{runs[0].title} {'did not hold' if failed else 'held'}"
    if not runs:
        return "Nothing was run"
    return f"{failed:,} of {count(len(runs), 'run')} did not hold" if failed else f"All {len(runs):,} runs held"


def first_reason(run: Played) -> str:
    """Why a run did not hold, in one sentence; nothing if it did."""
    found = next(run.verdicts(), None)
    if found is None or found.kind != "missed":
        return found.text if found else ""
    result = run.report.missed[0]
    return f"expectation {result.number}, {result.expectation}: {next(iter(result.why), 'it did not hold')}"


def _header(runs: Sequence[Played], told: str, title: str) -> Markup:
    held = bool(runs) and all(run.held for run in runs)
    seconds = sum(_seconds(run) for run in runs)
    figures = f"{count(len(runs), 'run')} · {lasting(seconds)} of simulated time"
    return tag(
        "header",
        tag("p", title, class_="title"),
        tag("h1", tag("span", "✓ " if held else "✗ ", aria_hidden="true"), told, class_="good" if held else "bad"),
        tag("p", figures, class_="dim") if len(runs) > 1 else None,
    )


def _main(runs: Sequence[Played]) -> Markup:
    room = Room()
    numbered = sorted(enumerate(runs, 1), key=lambda pair: pair[1].held)
    listed = list(pick(numbered, MOST_RUNS, lambda pair: False))
    sections = (_section(*one, room, len(runs)) for one in listed if not isinstance(one, LeftOut))
    return joined(_table(listed) if len(runs) > 1 else None, sections)


def _table(listed: Sequence[tuple[int, Played] | LeftOut]) -> Markup:
    names = ("", "run", "why", "expectations", "requests", "webhooks", "simulated", "real")
    head = tag("tr", (tag("th", name, scope="col", class_=name or None) for name in names))
    body = tag("tbody", (_line(one, len(names)) for one in listed))
    table = tag("table", tag("caption", "Runs", class_="vh"), tag("thead", head), body, class_="runs")
    return tag("nav", tag("div", table, class_="wide", tabindex=0, role="region", aria_label="runs"), aria_label="runs")


def _line(one: tuple[int, Played] | LeftOut, width: int) -> Markup:
    if isinstance(one, LeftOut):
        return tag("tr", tag("td", f"… {count(one.count, 'run is', 'runs are')} not shown …", colspan=width))
    number, run = one
    results, kinds = run.report.results, [entry.kind for entry in run.entries]
    return tag(
        "tr",
        tag("td", "held" if run.held else "failed", class_="verdict"),
        tag("th", tag("a", run.title, href=f"#run-{number}"), scope="row"),
        tag("td", tag("bdi", shown(first_reason(run), 300)), class_="why"),
        tag("td", f"{len(results) - len(run.report.missed)} of {len(results)}", class_="figure"),
        tag("td", f"{kinds.count('command'):,}", class_="figure"),
        tag("td", f"{kinds.count('webhook'):,}", class_="figure"),
        tag("td", lasting(_seconds(run)), class_="figure"),
        tag("td", lasting(run.seconds) if run.seconds else "", class_="figure"),
        class_="good" if run.held else "bad",
    )


def _section(number: int, run: Played, room: Room, of: int) -> Markup:
    """All about a run. What held is folded, unless it is alone."""
    prefix, told = f"r{number}", story(run)
    drawn = list(pieces(told, min(MOST_ROWS, room.rows)))
    seqs = {piece.entry.seq for piece in drawn if isinstance(piece, Row)}
    room.rows = max(0, room.rows - len(seqs))

    def place(seq: int, words: str) -> str:
        return tag("a", words, href=f"#{prefix}-{seq}") if seq in seqs else words

    unfolded = not run.held or of == 1
    return tag(
        "section",
        tag("h2", _sign(run), tag("bdi", run.title), id=f"run-{number}-name", class_="vh" if of == 1 else None),
        tag("p", run.file, class_="file dim") if run.file else None,
        tag("p", tag("bdi", run.scenario.description)) if run.scenario.description else None,
        tag("p", tables.facts(told.rows, len(told.between), told.seconds, run.seconds), class_="dim"),
        _ending(run),
        _folded("Expectations", _held(run), tables.expectations(prefix, run.report, told, place), unfolded),
        tables.warnings(told.rows, place),
        _folded("Ladder", _size(told, seqs), ladder(prefix, told, drawn, room), unfolded),
        tables.requests(told.rows, place),
        tables.deliveries(told.rows, place),
        id=f"run-{number}",
        class_="alone" if of == 1 else None,
        aria_labelledby=f"run-{number}-name",
    )


def _sign(run: Played) -> Markup:
    told = "held" if run.held else "failed"
    return tag(
        "span", tag("span", f"{told}: ", class_="vh"), "✓ " if run.held else "✗ ", class_="good" if run.held else "bad"
    )


def _ending(run: Played) -> Markup:
    """What was wrong besides the expectations: it was stopped, nothing happened, it differs from the last one."""
    return joined(
        tag("pre" if found.kind == "differs" else "p", shown(found.text, LONGEST_JSON), class_="stopped")
        for found in run.verdicts()
        if found.kind != "missed"
    )


def _folded(title: str, besides: str, inside: Markup | None, unfolded: bool) -> Markup:
    summary = tag("summary", tag("h3", title), tag("span", f" {besides}", class_="dim"))
    return tag("details", summary, inside, open=unfolded, class_="main")


def _held(run: Played) -> str:
    results = run.report.results
    return f"{len(results) - len(run.report.missed)} of {len(results)} held"


def _size(told: Story, drawn: set[int]) -> str:
    kept = f"{len(told.rows):,} entries"
    return kept if len(drawn) else f"{kept}, none of them drawn: this page has no room for more"


def _seconds(run: Played) -> float:
    entries = run.entries
    return (entries[-1].at - entries[0].at) / SECOND if entries else 0.0
