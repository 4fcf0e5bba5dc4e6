"""What stands beside the ladder of a run: its expectations, requests, deliveries, warnings and faults."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from mockserver.reports.page.ladder import chip, left_out
from mockserver.reports.page.markup import Markup, count, joined, tag
from mockserver.reports.page.rows import LeftOut, Row, Story, pick
from mockserver.scenario.expecting.expect import Report, Result

MOST = 1_000
"""How many rows of a table are shown: half from the beginning, half from the end, and those that failed."""

MOST_WARNINGS = 100

Place = Callable[[int, str], str]
"""Makes a text a link to the row of the ladder with that number, if it is drawn."""


def expectations(prefix: str, report: Report, told: Story, place: Place) -> Markup | None:
    """How each expectation came out, and why if it did not hold."""
    if not report.results:
        return tag("p", "nothing was expected", class_="dim")
    items = (_expectation(prefix, result, told, place) for result in report.results)
    return tag("ol", items, class_="expectations", role="list")


def requests(rows: Sequence[Row], place: Place) -> Markup | None:
    """The table of what the application asked for."""
    asked = [row for row in rows if row.entry.kind == "command"]
    refused = sum("errors" in row.entry.data for row in asked)
    names = ("time", "command", "call", "status", "code and title", "fault")
    return _table("Requests", asked, names, lambda row: _request(row, place), f"{refused} refused" if refused else "")


def deliveries(rows: Sequence[Row], place: Place) -> Markup | None:
    """The table of every attempt to deliver a webhook."""
    tried = [row for row in rows if row.entry.kind == "delivery"]
    failed = sum(row.state == "bad" for row in tried)
    events = {row.entry.data.get("id"): row.entry.seq for row in rows if row.entry.kind == "webhook"}
    names = ("time", "event", "call", "attempt", "url", "status", "ms, real", "outcome", "reason", "fault")

    def cells(row: Row) -> Iterable[str]:
        data = row.entry.data
        return (
            place(row.entry.seq, f"{row.at:.3f}"),
            place(events.get(data.get("event_id"), 0), row.entry.name),
            chip(row.letter, row.call),
            str(data.get("attempt", "")),
            str(data.get("url", "")),
            _said(data.get("status")),
            _said(data.get("ms")),
            str(data.get("outcome", "")),
            _said(data.get("reason")),
            _said(data.get("fault")),
        )

    return _table("Deliveries", tried, names, cells, f"{failed} failed" if failed else "")


def warnings(rows: Sequence[Row], place: Place) -> Markup | None:
    """What the simulator warned of, and the faults that requests and deliveries suffered."""
    found = [row for row in rows if row.side == "aside" or row.entry.data.get("fault")]
    if not found:
        return None
    items = (
        tag("li", place(row.entry.seq, f"{row.at:.3f} s"), " ", chip(row.letter, row.call), " ", _warning(row))
        for row in found[:MOST_WARNINGS]
    )
    more = len(found) - MOST_WARNINGS
    return joined(
        tag("h3", "Warnings and faults"),
        tag("ul", items, tag("li", f"and {more:,} more") if more > 0 else None, class_="warnings"),
    )


def _warning(row: Row) -> str:
    fault = row.entry.data.get("fault")
    return row.label if row.side == "aside" else f"{row.entry.kind} {row.entry.name} suffered a fault: {fault}"


def _expectation(prefix: str, result: Result, told: Story, place: Place) -> Markup:
    entry = result.entry
    return tag(
        "li",
        tag("span", "ok" if result.held else "MISSED", class_="verdict"),
        tag("span", str(result.number), class_="number"),
        tag(
            "div",
            tag("bdi", str(result.expectation)),
            joined(" ", place(entry.seq, f"at {told.at(entry):.3f} s")) if entry else None,
            tag("ul", (tag("li", why) for why in result.why), class_="why") if result.why else None,
        ),
        class_="good" if result.held else "bad",
        id=f"{prefix}-x{result.number}",
    )


def _request(row: Row, place: Place) -> Iterable[str]:
    data = row.entry.data
    problems = data.get("errors") or ()
    told = "; ".join(f"{problem.get('code', '')} {problem.get('title', '')}".strip() for problem in problems)
    return (
        place(row.entry.seq, f"{row.at:.3f}"),
        row.entry.name,
        chip(row.letter, row.call),
        "no answer" if data.get("status") is None else str(data["status"]),
        told or row.note,
        _said(data.get("fault")),
    )


def _table(
    title: str, rows: Sequence[Row], names: Sequence[str], cells: Callable[[Row], Iterable[str]], besides: str
) -> Markup | None:
    if not rows:
        return None
    head = tag("tr", (tag("th", name, scope="col") for name in names))
    summary = tag("summary", tag("h3", title), tag("span", f" {len(rows):,}", class_="dim"), _loud(besides))
    body = (_line(row, cells, len(names)) for row in pick(rows, MOST, lambda row: row.state == "bad"))
    table = tag("table", tag("thead", head), tag("tbody", body))
    return tag("details", summary, tag("div", table, class_="wide", tabindex=0, role="region", aria_label=title))


def _line(row: Row | LeftOut, cells: Callable[[Row], Iterable[str]], width: int) -> Markup:
    if isinstance(row, LeftOut):
        return tag("tr", left_out("td", row, colspan=width))
    return tag("tr", (tag("td", cell) for cell in cells(row)), class_=row.state or None)


def _loud(words: str) -> Markup | None:
    return tag("span", f" {words}", class_="bad") if words else None


def _said(value: object) -> str:
    return "" if value is None else str(value)


def facts(rows: Sequence[Row], calls: int, seconds: float, real: float) -> str:
    """A run in one line of figures."""
    kinds = {kind: sum(row.entry.kind == kind for row in rows) for kind in ("command", "webhook", "delivery")}
    return " · ".join(
        (
            count(calls, "call"),
            count(kinds["command"], "request"),
            count(kinds["webhook"], "webhook"),
            f"{seconds:.3f} s of simulated time",
            *([f"{real:.1f} s of real time"] if real else []),
        )
    )
