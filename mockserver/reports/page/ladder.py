"""The ladder of a run: three lifelines, an arrow for each thing that happened, each of which can be opened.

All calls are in one ladder. A radio button for each call leaves only its rows, by the style sheet alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mockserver.reports.page.markup import Markup, count, joined, lasting, pretty, shown, tag
from mockserver.reports.page.room import Room
from mockserver.reports.page.rows import Gap, LeftOut, Missing, Piece, Row, Story, answered
from mockserver.scenario.expecting.expect import Result
from mockserver.sim.clock import iso
from mockserver.sim.events import Entry

COLOURS = 8
"""How many colours calls have; the ninth has the first again, and a letter of its own."""

MOST_VIEWS = 24
"""How many calls can be looked at one by one."""

SPOKEN = {"webhook": "webhook: ", "command": "command: ", "delivery": "delivery: "}
"""What is told of an arrow to those who do not see which way it goes."""


def ladder(prefix: str, told: Story, drawn: Sequence[Piece], room: Room) -> Markup:
    """The ladder of a run whose ids begin with `prefix`."""
    head = tag("div", *(tag("span", name) for name in ("application", "platform", "people")), class_="heads")
    rows = tag("ol", _lines(), (_piece(prefix, piece, room) for piece in drawn), role="list", class_="rows")
    return tag(
        "div",
        _views(prefix, told),
        _tools(prefix),
        tag("div", head, rows, class_="ladder", tabindex=0, role="region", aria_label="ladder"),
        class_="drawing",
    )


def views() -> str:
    """The style rules by which a checked radio button leaves the rows of one call."""
    return "\n".join(
        f".drawing:has(.v{call}:checked) .rows>li:not(.k{call}):not(.always){{display:none}}"
        f".drawing:has(.v{call}:checked) .rows>.gap.k{call}{{display:flex}}"
        for call in range(MOST_VIEWS)
    )


def chip(letter: str, call: int | None) -> Markup:
    """The letter of a call, in its colour."""
    return tag("span", letter, class_=f"chip {_colour(call)}") if letter else tag("span")


def mark(result: Result) -> Markup:
    """The number of an expectation, and how it came out."""
    return tag(
        "span",
        f"{'✓' if result.held else '✗'} {result.number}",
        class_="mark good" if result.held else "mark bad",
        title=f"expectation {result.number}: {result.expectation}"[:300],
    )


def _views(prefix: str, told: Story) -> Markup | None:
    if not told.between:
        return None
    listed = list(told.between.items())[:MOST_VIEWS]
    alone = len(listed) == 1
    more = len(told.between) - len(listed)
    return tag(
        "fieldset",
        tag("legend", "Calls", class_="vh"),
        _view(prefix, "all", "all calls", checked=True) if not alone else None,
        (
            _view(prefix, str(call), chip(letter, call), " ", shown(between.replace("->", "→"), 120), alone=alone)
            for call, (letter, between) in enumerate(listed)
        ),
        tag("span", f"and {count(more, 'more call')}, drawn with the others", class_="dim") if more else None,
        class_="views",
    )


def _view(prefix: str, name: str, *label: str, checked: bool = False, alone: bool = False) -> Markup:
    if alone:
        return tag("span", *label, class_="view")
    button = tag("input", type="radio", name=f"{prefix}-view", class_=f"v{name}", checked=checked)
    return tag("label", button, *label, class_="view")


def _tools(prefix: str) -> Markup:
    """What needs JavaScript, hidden until there is some."""
    return tag(
        "div",
        tag("label", "Filter ", tag("input", type="search", class_="filter", placeholder="e.g. hangup 90018")),
        tag("label", tag("input", type="checkbox", class_="failures"), " only what failed"),
        tag("button", "Open all", type="button", class_="open"),
        tag("button", "Close all", type="button", class_="close"),
        tag("output", class_="found dim"),
        class_="tools",
        hidden=True,
    )


def _lines() -> Markup:
    return tag("li", tag("i"), tag("i"), class_="lines always", aria_hidden="true")


def _piece(prefix: str, piece: Piece, room: Room) -> Markup:
    if isinstance(piece, Row):
        return _row(prefix, piece, room)
    if isinstance(piece, Missing):
        return _missing(prefix, piece)
    if isinstance(piece, Gap):
        which = "all" if piece.call is None else f"k{piece.call}"
        return tag("li", tag("span", f"… {lasting(piece.seconds)} …"), class_=f"gap {which}")
    return left_out("li", piece)


def left_out(element: str, piece: LeftOut, colspan: int | None = None) -> Markup:
    """Says how many rows are not there."""
    said = f"… {count(piece.count, 'row is', 'rows are')} not drawn here …"
    return tag(element, said, class_="leftout always", colspan=colspan)


def _row(prefix: str, row: Row, room: Room) -> Markup:
    entry, call = row.entry, f"k{row.call} {_colour(row.call)}" if row.call is not None else "always-all"
    summary = tag(
        "summary",
        tag("span", f"{row.at:.3f}", class_="at"),
        chip(row.letter, row.call),
        _lane(row.side, row.way, SPOKEN.get(entry.kind, ""), row.label, row.note, entry.data.get("fault")),
        tag("span", (mark(result) for result in row.about), class_="marks"),
    )
    opened = tag("div", _facts(entry), _decided(prefix, row.about), _panels(row, room), class_="body")
    classes = " ".join(filter(None, ("row", entry.kind, call, row.state)))
    return tag("li", tag("details", summary, opened), class_=classes, id=f"{prefix}-{entry.seq}")


def _lane(side: str, way: str, spoken: str, label: str, note: str, fault: object = None) -> Markup:
    return tag(
        "span",
        tag(
            "span",
            tag("span", spoken, class_="vh") if spoken else None,
            tag("bdi", shown(label, 300), class_="label"),
            joined(" ", tag("span", shown(f"fault: {fault}", 100), class_="fault")) if fault else None,
            joined(" ", tag("bdi", shown(note, 300), class_="note")) if note else None,
            class_="words",
        ),
        class_=f"lane {side} {way}",
    )


def _missing(prefix: str, piece: Missing) -> Markup:
    result = piece.result
    more = f"and {piece.more:,} more" if piece.more else ""
    number = tag("a", mark(result), href=f"#{prefix}-x{result.number}")
    return tag(
        "li",
        tag(
            "div",
            tag("span", class_="at"),
            tag("span"),
            _lane(piece.side, piece.way, "", f"missing: {result.expectation}", more),
            tag("span", number, class_="marks"),
            class_="summary",
        ),
        class_="row missing bad always",
    )


# What a row shows when it is open -------------------------------------------------------------------------------------


def _facts(entry: Entry) -> Markup:
    about = f"entry {entry.seq} · {iso(entry.at)}"
    return tag("p", about, f" · {entry.call_control_id}" if entry.call_control_id else None, class_="facts")


def _decided(prefix: str, results: Iterable[Result]) -> Iterable[Markup]:
    for result in results:
        how = "meets" if result.held else "breaks"
        link = tag("a", f"expectation {result.number}", href=f"#{prefix}-x{result.number}")
        yield tag("p", f"{how} ", link, f": {result.expectation}", class_="good" if result.held else "bad")


def _panels(row: Row, room: Room) -> Markup:
    data = dict(row.entry.data)
    found: list[tuple[str, object]] = []
    if row.entry.kind == "command":
        found.append(("request", data.pop("request", None)))
        status = data.pop("status", None)
        answer = {"errors": data.pop("errors")} if "errors" in data else data.pop("response", None)
        found.append((f"answer: {'none' if status is None else status}", answer))
        if data:
            found.append(("besides", data))
    else:
        found.append(("event" if row.entry.kind == "webhook" else row.entry.kind, data))
    panels = [tag("div", tag("h4", name), _json(value, room)) for name, value in found]
    return tag("div", panels, _attempts(row.attempts), class_="panels")


def _json(value: object, room: Room) -> Markup:
    written = pretty(value)
    if not room.holds(written):
        return tag("p", "left out: this page has no room for more bodies", class_="dim")
    return tag("pre", written)


def _attempts(attempts: Sequence[Entry]) -> Markup | None:
    if not attempts:
        return None
    items = [
        tag(
            "li",
            f"attempt {entry.data.get('attempt')} to {entry.data.get('url')}: ",
            tag("strong", f"{answered(entry)}, {entry.data.get('outcome')}"),
            f" after {entry.data.get('ms')} ms",
            class_="bad" if entry.data.get("outcome") == "failed" else None,
        )
        for entry in attempts[:20]
    ]
    return tag("div", tag("h4", "deliveries"), tag("ul", items))


def _colour(call: int | None) -> str:
    return "" if call is None else f"c{call % COLOURS}"
