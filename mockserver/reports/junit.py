"""Runs in the XML that build servers read: a suite a run, in it a case for each expectation and one for the run itself.

The time of a suite, and of its case for the run, is real seconds. An expectation has no time of its own (0); how much
time has passed in the world is the property `simulated`.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from mockserver.reports.played import Played
from mockserver.scenario.expecting.expect import Result
from mockserver.scenario.report import ladder
from mockserver.sim.clock import EPOCH

FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML cannot hold, not even escaped."""

ERRORS = ("unreachable", "stopped", "command", "nothing")
"""Verdicts on a run that could not show anything: errors. The others are failures."""


def junit(runs: Sequence[Played]) -> str:
    """The whole file as text."""
    root = Element("testsuites", name="telnyx-mockserver")
    suites = [_suite(root, run) for run in runs]
    for name in ("tests", "failures", "errors"):
        root.set(name, str(sum(int(suite.get(name, "0")) for suite in suites)))
    root.set("time", f"{sum(run.seconds for run in runs):.3f}")
    return written(root)


def written(root: Element) -> str:
    """A whole file as text."""
    indent(root)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + tostring(root, encoding="unicode") + "\n"


def clean(text: str) -> str:
    """A text without the characters that XML forbids: something else stands in their places."""
    return FORBIDDEN.sub("\ufffd", text)


def _suite(root: Element, run: Played) -> Element:
    suite = SubElement(root, "testsuite", name=clean(run.title), time=f"{run.seconds:.3f}")
    if run.file:
        suite.set("file", clean(run.file))
    SubElement(SubElement(suite, "properties"), "property", name="simulated", value=run.simulated)
    drawn = clean(ladder(run.entries, run.scenario.to_people(), EPOCH))
    cases = [_run(suite, run, drawn), *(_expectation(suite, run, result, drawn) for result in run.report.results)]
    suite.set("tests", str(len(cases)))
    suite.set("failures", str(sum(case.find("failure") is not None for case in cases)))
    suite.set("errors", str(sum(case.find("error") is not None for case in cases)))
    suite.set("skipped", str(sum(case.find("skipped") is not None for case in cases)))
    return suite


def _run(suite: Element, run: Played, drawn: str) -> Element:
    """The case for what is no expectation: the run came about, ended by itself, and was the one it should be."""
    case = _case(suite, run, "the run", run.seconds)
    wrong = next((verdict for verdict in run.verdicts() if verdict.kind != "missed"), None)
    if wrong is not None:
        found = SubElement(case, "error" if wrong.kind in ERRORS else "failure", type=wrong.kind)
        found.set("message", clean(wrong.text.partition("\n")[0]))
        found.text = clean(wrong.text)
    SubElement(case, "system-out").text = drawn
    return case


def _expectation(suite: Element, run: Played, result: Result, drawn: str) -> Element:
    case = _case(suite, run, f"{result.number}. {result.expectation}", 0.0)
    if run.unreachable:
        SubElement(case, "skipped", message="the run did not come about")
    elif not result.held:
        why = clean("\n".join(result.why))
        SubElement(case, "failure", type="missed", message=why.partition("\n")[0]).text = why
        SubElement(case, "system-out").text = drawn
    return case


def _case(suite: Element, run: Played, name: str, seconds: float) -> Element:
    return SubElement(suite, "testcase", classname=clean(run.title), name=clean(name), time=f"{seconds:.3f}")
