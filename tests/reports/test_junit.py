"""JUnit XML, read back the way build servers read it."""

from __future__ import annotations

from dataclasses import replace
from xml.etree.ElementTree import Element, fromstring

from mockserver.reports.junit import junit
from mockserver.reports.played import Played
from mockserver.sim.clock import EPOCH
from mockserver.sim.events import Entry
from tests.reports.test_played import HELD_RUN, MISSED_RUN, played


def read(*runs: Played) -> Element:
    text = junit(runs)
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    return fromstring(text.encode())


def counts(element: Element) -> list[str | None]:
    return [element.get(name) for name in ("tests", "failures", "errors", "skipped")]


def test_a_suite_is_a_run_and_a_case_an_expectation_besides_one_for_the_run_itself() -> None:
    root = read(replace(HELD_RUN, seconds=0.5, file="x.yaml"), replace(MISSED_RUN, seconds=0.25, number=2))
    assert (root.tag, root.get("time"), *counts(root)) == ("testsuites", "0.750", "4", "1", "0", None)
    held, missed = root
    assert (held.get("name"), held.get("file"), *counts(held)) == ("x", "x.yaml", "2", "0", "0", "0")
    assert (missed.get("name"), *counts(missed)) == ("x #2", "2", "1", "0", "0")
    assert [(case.get("classname"), case.get("name"), case.get("time")) for case in held.findall("testcase")] == [
        ("x", "the run", "0.500"),
        ("x", "1. call.answered", "0.000"),
    ]
    [simulated] = held.iterfind("properties/property")
    assert (simulated.get("name"), simulated.get("value")) == ("simulated", "01:01:40")


def test_what_did_not_hold_is_a_failure_that_says_why_with_the_ladder() -> None:
    [suite] = read(MISSED_RUN)
    run, case = suite.findall("testcase")
    assert run.find("failure") is None
    failure = case.find("failure")
    assert failure is not None
    assert failure.text is not None
    assert failure.get("message", "").startswith("no `call.hangup` came")
    assert failure.text.startswith("no `call.hangup` came")
    assert "<- call.answered A ---" in case.findtext("system-out", "")


def test_what_kept_a_run_from_showing_anything_is_an_error_and_a_difference_a_failure() -> None:
    wrong = [
        replace(HELD_RUN, stopped="after 30 s"),
        replace(HELD_RUN, command=3),
        played(),
        replace(played(), unreachable="nobody listens"),
        replace(HELD_RUN, differs="it is not as x\n--- a\n+++ b"),
    ]
    suites = list(read(*wrong))
    found = [next(child for child in suite.findall("testcase")[0] if child.tag != "system-out") for suite in suites]
    assert [(one.tag, one.get("type"), one.get("message", "")[:14]) for one in found] == [
        ("error", "stopped", "after 30 s"),
        ("error", "command", "the command en"),
        ("error", "nothing", "nothing happen"),
        ("error", "unreachable", "nobody listens"),
        ("failure", "differs", "it is not as x"),
    ]
    assert counts(suites[3]) == ["2", "0", "1", "1"]  # what was expected of a run that did not come about is skipped


def test_what_xml_cannot_hold_is_replaced() -> None:
    said = Entry(2, EPOCH, "warning", "scenario", None, {"text": "a\x00b\x1b[31m\ud800 <tag> & \ufffe"})
    entries = (*HELD_RUN.entries, said)
    run = replace(HELD_RUN, entries=entries, stopped="\x07 & <stopped>")
    [suite] = read(run)
    error = suite.find("testcase/error")
    assert error is not None
    assert error.text == "\ufffd & <stopped>"
