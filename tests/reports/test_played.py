"""Exit codes: what decides when several things were wrong."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mockserver.reports.played import DIFFERS, HELD, MISSED, NOTHING, STOPPED, UNREACHABLE, Played, worst
from mockserver.scenario.expecting.expect import check
from mockserver.scenario.load import load
from mockserver.scenario.model import Scenario
from mockserver.sim.clock import EPOCH
from mockserver.sim.events import Entry

CAME = Entry(1, EPOCH + 3_700_000_000, "webhook", "call.answered", "v3:a", {"payload": {"from": "+1", "to": "+2"}})


def scenario(expect: str) -> Scenario:
    return load(f"name: x\nexpect: {expect}")


def played(expect: str = "[{event: call.answered}]", *entries: Entry, **rest: Any) -> Played:
    wanted = scenario(expect)
    return Played(wanted, check(wanted.to_expectations(), entries), entries, **rest)


HELD_RUN = played("[{event: call.answered}]", CAME)
MISSED_RUN = played("[{event: call.hangup}]", CAME)


def test_a_run_that_held_is_0_and_one_that_missed_something_1() -> None:
    assert (HELD_RUN.held, HELD_RUN.code) == (True, HELD)
    assert (MISSED_RUN.held, MISSED_RUN.code) == (False, MISSED)


@pytest.mark.parametrize(
    ("expect", "nothing"),
    [
        ("[]", True),
        ("[{event: call.answered}]", True),
        ("[{never: {event: call.hangup}}, {event: call.answered}]", True),
        ("[{never: {event: call.hangup}}]", False),
    ],
)
def test_a_run_in_which_nothing_happened_is_not_green_unless_that_is_what_is_expected(
    expect: str, nothing: bool
) -> None:
    run = played(expect)
    assert (run.nothing, run.code) == (nothing, NOTHING if nothing else HELD)


def test_what_weighs_most_decides() -> None:
    worse = replace(MISSED_RUN, differs="--- a\n+++ b")
    codes = [worse.code]
    for change in ({"command": 3}, {"stopped": "after 30 s"}, {"unreachable": "nobody listens"}):
        worse = replace(worse, **change)
        codes.append(worse.code)
    assert codes == [MISSED, 3, STOPPED, UNREACHABLE]
    assert replace(HELD_RUN, differs="--- a").code == DIFFERS


def test_of_many_runs_the_worst_decides_wherever_it_stands() -> None:
    runs = [HELD_RUN, replace(HELD_RUN, differs="x"), MISSED_RUN, replace(HELD_RUN, command=DIFFERS), HELD_RUN]
    assert worst(runs) == worst(runs[::-1]) == DIFFERS  # the command's own
    assert worst([*runs[:3], HELD_RUN]) == MISSED
    assert worst([HELD_RUN]) == HELD


def test_a_run_tells_its_title_and_how_much_time_has_passed_in_it() -> None:
    assert (HELD_RUN.title, replace(HELD_RUN, number=3).title) == ("x", "x #3")
    assert (HELD_RUN.simulated, played().simulated) == ("01:01:40", "00:00:00")


def test_what_was_wrong_stands_below_the_ladder_and_a_difference_is_in_colour_there() -> None:
    run = replace(MISSED_RUN, differs="x is not as y:\n--- y\n+++ x\n-old\n+new", command=3)
    plain, coloured = run.text(), run.text(colour=True)
    assert plain.endswith("1 of 1 expectations did not hold\nthe command ended with code 3\n" + str(run.differs))
    assert "\x1b[31m-old\x1b[0m\n\x1b[32m+new\x1b[0m" in coloured


def test_the_json_of_a_run_has_all_that_was_wrong() -> None:
    told = replace(MISSED_RUN, file="x.yaml", number=2, stopped="after 30 s", seconds=0.12345).as_json()
    log, expect = told.pop("log"), told.pop("expect")
    assert (len(log), [row["held"] for row in expect]) == (1, [False])
    assert told == {
        "name": "x #2",
        "file": "x.yaml",
        "held": False,
        "code": STOPPED,
        "stopped": "after 30 s",
        "unreachable": None,
        "command": None,
        "nothing": False,
        "differs": None,
        "seconds": 0.123,
    }
