"""Expectations against a log: what holds, and what is said when it does not."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.scenario.expecting.expect import Expectation, Expectations, check
from mockserver.scenario.expecting.matching import Happening
from mockserver.sim.events import Entry
from mockserver.sim.matching import same

SECOND = 1_000_000
REFUSED = {"errors": [{"code": "90034", "title": "Call not answered yet"}]}


def webhook(seq: int, at: float, name: str, **payload: Any) -> Entry:
    return Entry(seq, round(at * SECOND), "webhook", name, "v3:a", {"payload": payload})


def command(seq: int, at: float, name: str, status: int = 200, **request: Any) -> Entry:
    answer: dict[str, Any] = {"response": {}} if status == 200 else REFUSED
    return Entry(seq, round(at * SECOND), "command", name, "v3:a", {"request": request, "status": status, **answer})


LOG = [
    webhook(1, 10, "call.initiated", to="+1", direction="incoming"),
    command(2, 10, "ai_assistant_start", 422, assistant={"id": "x"}),
    command(3, 10, "answer"),
    webhook(4, 12.3, "call.answered", to="+1202", **{"from": "+1555"}),
    Entry(5, 13 * SECOND, "person", "says", "v3:a", {"text": "I want to book a table"}),
    webhook(6, 14, "call.hangup", hangup_cause="normal_clearing", sip_hangup_cause="200"),
]


def event(name: str, **fields: Any) -> Expectation:
    return Expectation(Happening("webhook", name, fields))


def sent(name: str, *gets: str, **fields: Any) -> Expectation:
    return Expectation(Happening("command", name, fields, gets or None))


def test_a_list_holds_when_all_came_in_order_with_others_in_between() -> None:
    report = check([event("call.initiated"), sent("answer", "ok"), event("call.hangup")], LOG)
    assert report.held
    assert [result.entry.seq for result in report.results if result.entry] == [1, 3, 6]
    assert report.missed == []


@pytest.mark.parametrize(
    ("expectations", "why"),
    [
        (
            [event("call.answered", to="+1555")],
            (
                "the nearest was at 00:00:02.300: to was +1202",
                "ai_assistant_start got 422 90034 Call not answered yet at 00:00:00.000",
            ),
        ),
        (
            [event("call.answered", too="+1202")],
            (
                "the nearest was at 00:00:02.300: too was not in it: did you mean to?",
                "ai_assistant_start got 422 90034 Call not answered yet at 00:00:00.000",
            ),
        ),
        (
            [event("call.bridged")],
            (
                "no `call.bridged` came; what came: call.initiated, call.answered, call.hangup",
                "ai_assistant_start got 422 90034 Call not answered yet at 00:00:00.000",
            ),
        ),
        (
            [sent("hangup", "90018")],
            ("no `hangup` was sent; what was sent: ai_assistant_start, answer",),
        ),
        (
            [sent("ai_assistant_start", "90061", assistant={"id": "y"})],
            ("the nearest was at 00:00:00.000: assistant.id was x; it got 422 90034 Call not answered yet",),
        ),
        (
            [event("call.answered"), sent("answer", "200")],
            ("it came at 00:00:00.000, but before `call.answered`, which is number 1",),
        ),
        (
            [event("call.answered"), event("call.answered")],
            (
                "it came once, at 00:00:02.300, and was taken for number 1",
                "ai_assistant_start got 422 90034 Call not answered yet at 00:00:00.000",
            ),
        ),
        (
            [Expectation(Happening("command", "answer"), never=True)],
            ("it happened at 00:00:00.000",),
        ),
    ],
)
def test_what_did_not_hold_says_what_was_seen_instead(expectations: list[Expectation], why: tuple[str, ...]) -> None:
    report = check(expectations, LOG)
    assert not report.held
    seen = report.results[-1].why
    assert seen[: len(why)] == why


def test_with_an_empty_log_nothing_came() -> None:
    (result,) = check([event("call.answered")], []).results
    assert result.why == ("no `call.answered` came, nor any other event",)


def test_only_what_is_missing_is_missed() -> None:
    report = check([event("call.initiated"), event("call.bridged"), event("call.hangup")], LOG)
    assert [result.held for result in report.results] == [True, False, True]


def test_the_list_can_be_fed_while_the_run_goes_on() -> None:
    listed = [event("call.initiated"), Expectation(Happening("command", "dial"), never=True), event("call.answered")]
    expectations = Expectations(listed)
    assert expectations.open == [listed[0], listed[2]]
    expectations.feed(LOG[3])  # too early
    assert expectations.open == [listed[0], listed[2]]
    for entry in LOG[:4]:
        assert not expectations.done
        expectations.feed(entry)
    assert expectations.done
    assert expectations.open == []
    expectations.feed(command(7, 15, "dial"))
    assert expectations.broken is not None


@pytest.mark.parametrize(
    ("wanted", "seen", "fits"),
    [
        ("+1*", "+1202", True),
        ("*book*", "I want to book a table", True),
        ("*b*k*", "book", True),
        ("ab*ba", "aba", False),
        ("*", {"any": "thing"}, True),
        ("*", None, False),
        (486, "486", True),
        ("3", 3, True),
        (True, True, True),
        (True, "true", True),
        (1, True, False),
        (None, None, True),
        (None, "", False),
        ({"a": {"b": 1}}, {"a": {"b": 1, "c": 2}, "d": 3}, True),
        ({"a": None}, {}, True),
        ([{"a": 1}, "x*"], [{"a": 1, "b": 2}, "xy"], True),
        ([1], [1, 2], False),
        ({"a": 1}, [1], False),
        ("a\nb*", "a\nb\nc", True),
    ],
)
def test_a_value_fits_what_is_wanted(wanted: object, seen: object, fits: bool) -> None:
    assert same(wanted, seen) is fits


def test_many_wildcards_are_no_trap() -> None:
    assert not same("*a" * 500 + "b", "a" * 20_000)


@pytest.mark.parametrize(
    ("gets", "fits"),
    [(("ok",), False), (("90034",), True), (("422",), True), (("404",), False), (("ok", "90034"), True)],
)
def test_what_a_command_gets(gets: tuple[str, ...], fits: bool) -> None:
    assert Happening("command", "ai_assistant_start", {}, gets).fits(LOG[1]) is fits
