"""How an audit came out, in files: JUnit for build servers, and a page that needs nothing else."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from xml.etree.ElementTree import Element, SubElement

from mockserver.audit.auditing import Result, failed
from mockserver.audit.naming import Roster
from mockserver.reports.junit import clean, written
from mockserver.reports.page.document import document
from mockserver.reports.page.ladder import ladder
from mockserver.reports.page.markup import Markup, joined, tag
from mockserver.reports.page.room import Room
from mockserver.reports.page.rows import MOST_ROWS, pieces, story
from mockserver.reports.played import Played
from mockserver.scenario.report import ladder as drawn
from mockserver.sim.clock import EPOCH

CLASSES = {"passed": "good", "warned": "poor", "failed": "bad"}


Again = Callable[[Result], str]
"""The command line that makes the check of a result alone, as it came out."""


def _alone(result: Result) -> str:
    return f"--only {result.check.name} --seed {result.seed}"


def junit(results: Sequence[Result], scenario: str, again: Again = _alone) -> str:
    """A suite with a case for each check; where one failed: what was found, what to do, and the ladder of its play."""
    seconds = f"{sum(result.seconds for result in results):.3f}"
    counts = {"tests": str(len(results)), "failures": str(len(failed(results))), "errors": "0"}
    root = Element("testsuites", {"name": "telnyx-mockserver", "time": seconds, **counts})
    suite = SubElement(root, "testsuite", {"name": clean(f"audit of {scenario}"), "time": seconds, **counts})
    for result in results:
        _case(suite, result, scenario, again)
    return written(root)


def page(results: Sequence[Result], roster: Roster, scenario: str, again: Again = _alone) -> str:
    """A table of the checks, and a section for each that failed: what was found, what to do, and its play."""
    room, wrong = Room(), failed(results)
    told = f"{len(wrong)} of {len(results)} checks failed" if wrong else f"All {len(results)} checks passed"
    top = tag(
        "header",
        tag("p", f"telnyx-mockserver: audit of {scenario}", class_="title"),
        tag("h1", told, class_="bad" if wrong else "good"),
        tag("ul", (tag("li", one) for one in roster.legend()), class_="warnings dim"),
    )
    main = tag("main", _table(results), (_section(result, room, again(result)) for result in wrong))
    return document(f"{told} — audit of {scenario}", top, main)


def failing(result: Result) -> Played | None:
    """The play that a failed check is about: that of its seed, or the last one where all were undisturbed."""
    if not result.played:
        return None
    return result.played[result.seed - result.first] if result.check.plays else result.played[-1]


def _case(suite: Element, result: Result, scenario: str, again: Again) -> None:
    name, verdict = clean(f"{result.check.name}: {result.check.title}"), result.verdict
    case = SubElement(suite, "testcase", classname=clean(scenario), name=name, time=f"{result.seconds:.3f}")
    if verdict.failures:
        text = "\n".join([*verdict.failures, "", f"what to do: {result.check.advice}", f"again: {again(result)}"])
        SubElement(case, "failure", type=result.check.name, message=clean(verdict.failures[0])).text = clean(text)
    lines = [*verdict.warnings, *verdict.notes]
    play = failing(result) if verdict.failures else None
    if play is not None:
        lines += ["", drawn(play.entries, play.scenario.to_people(), EPOCH)]
    if lines:
        SubElement(case, "system-out").text = clean("\n".join(lines))


def _table(results: Sequence[Result]) -> Markup:
    head = tag("tr", (tag("th", name, scope="col") for name in ("", "check", "what holds", "what was found", "real")))
    rows = tag("tbody", map(_row, results))
    return tag("div", tag("table", tag("thead", head), rows, class_="runs"), class_="wide")


def _row(result: Result) -> Markup:
    name, verdict = result.check.name, result.verdict
    found = [*verdict.failures, *verdict.warnings, *verdict.notes]
    return tag(
        "tr",
        tag("td", result.outcome, class_="verdict"),
        tag("th", tag("a", name, href=f"#{name}") if verdict.failures else name, scope="row"),
        tag("td", result.check.title),
        tag("td", tag("bdi", found[0]) if found else None),
        tag("td", f"{result.seconds:.1f} s", class_="figure"),
        class_=CLASSES[result.outcome],
    )


def _section(result: Result, room: Room, again: str) -> Markup:
    check, verdict = result.check, result.verdict
    play = failing(result)
    return tag(
        "section",
        tag("h2", f"{check.name}: {check.title}", class_="bad"),
        tag("p", f"{check.does} Must hold: {check.must}"),
        (tag("p", one, class_="stopped") for one in (*verdict.failures, *verdict.warnings)),
        tag("ul", (tag("li", one) for one in verdict.notes), class_="warnings dim"),
        tag("p", f"What to do: {check.advice}"),
        tag("p", f"Again: {again}", class_="file"),
        _ladder(check.name, play, room) if play is not None else None,
        id=check.name,
    )


def _ladder(prefix: str, play: Played, room: Room) -> Markup:
    told = story(play)
    rows = list(pieces(told, min(MOST_ROWS, room.rows)))
    room.rows = max(0, room.rows - len(rows))
    words = tag("p", "The play; its calls may have other letters than those above.", class_="dim")
    return joined(words, ladder(prefix, told, rows, room))
