"""Orders, limits, counts, people and the end: what a list can say besides one thing after the other."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from mockserver.scenario.expecting.expect import AnyOrder, AtEnd, Expectation, Expectations, Listed, check
from mockserver.scenario.expecting.listed import Count
from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.expecting.order import Group
from mockserver.scenario.expecting.state import LegState, State
from mockserver.scenario.expecting.who import Parties, Who
from mockserver.scenario.report import summary
from mockserver.sim.events import Entry

SECOND = 1_000_000
ADA, GRACE, SHOP = "+12025550143", "+15555550100", "+12025550178"
PEOPLE = {"Ada": (ADA,), "Grace": (GRACE,)}


def entry(seq: int, at: float, name: str, kind: str = "webhook", call: str | None = "v3:a", **fields: Any) -> Entry:
    inside: dict[str, dict[str, Any]] = {"webhook": {"payload": fields}, "command": {"request": fields, "status": 200}}
    return Entry(seq, round(at * SECOND), kind, name, call, inside.get(kind, fields))


def event(name: str, within: float | None = None, **fields: Any) -> Expectation:
    return Expectation(Happening("webhook", name, fields), within=within)


def any_order(*members: Expectation) -> AnyOrder:
    return AnyOrder(tuple(replace(member, among=True) for member in members))


def times(name: str, least: int, most: int | None, from_here: bool = False) -> Expectation:
    return Expectation(Happening("webhook", name), count=Count(least, most), from_here=from_here)


def names(letters: str) -> list[Entry]:
    """A log of events that are called by a letter, one a second."""
    return [entry(number, number, letter) for number, letter in enumerate(letters, 1)]


def outcome(listed: list[Listed], log: list[Entry], state: State | None = None) -> str:
    """`+` for each expectation that held, `-` for each that did not."""
    return "".join("-+"[result.held] for result in check(listed, log, state).results)


def why(listed: list[Listed], log: list[Entry], state: State | None = None) -> tuple[str, ...]:
    """Why the last one of a list did not hold."""
    result = check(listed, log, state).results[-1]
    assert not result.held
    return result.why


# Any order -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("log", "held"),
    [
        ("xabcy", "+++++"),
        ("xcaby", "+++++"),
        ("xaby", "+++-+"),
        ("xycba", "++++-"),
        ("abcxy", "+---+"),
        ("xabyc", "++++-"),
    ],
)
def test_the_members_of_a_group_come_in_any_order_but_in_its_place(log: str, held: str) -> None:
    listed: list[Listed] = [event("x"), any_order(event("a"), event("b"), event("c")), event("y")]
    assert outcome(listed, names(log)) == held


def test_each_member_is_met_by_another_entry() -> None:
    group: list[Listed] = [any_order(event("a"), event("a"))]
    assert outcome(group, names("xaa")) == "++"
    assert outcome(group, names("xa")) == "+-"
    assert why(group, names("xa")) == ("it came once, at 00:00:01.000, and was taken for number 1",)


def test_an_entry_goes_to_the_member_that_nothing_else_fits() -> None:
    group: list[Listed] = [any_order(event("a"), event("a", to="+1"))]
    log = [entry(1, 0, "a", to="+1"), entry(2, 1, "a", to="+2")]
    report = check(group, log)
    assert [result.entry and result.entry.seq for result in report.results] == [2, 1]
    assert outcome(group, log[::-1]) == "++"
    assert outcome(group, [log[1], replace(log[1], seq=3)]) == "+-"


def test_a_list_goes_on_behind_the_last_of_a_group() -> None:
    report = check([any_order(event("a"), event("b")), event("a")], names("aba"))
    assert [result.entry and result.entry.seq for result in report.results] == [1, 2, 3]
    assert why([any_order(event("a"), event("b")), event("a")], names("ab")) == (
        "it came at 00:00:00.000, but before `b`, which is number 2",
    )


def test_a_group_remembers_two_entries_for_each_member_at_most() -> None:
    group = Group([event("a", 5), event("b"), event("c")], 0)
    assert not any(group.feed(each, Parties()) for each in names("aabbab" * 500))
    assert (len(group._seen), group.open) == (2, [2])


# Limits of time ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("within", "held"), [(2.0, "++"), (2, "++"), (1.9, "+-")])
def test_what_must_come_in_time_is_counted_from_what_came_before_it(within: float, held: str) -> None:
    assert outcome([event("a"), event("b", within)], names("xaxb")) == held


def test_the_first_of_a_list_is_counted_from_the_beginning() -> None:
    assert outcome([event("a", 2)], names("xxa")) == "+"
    assert why([event("a", 1.5)], names("xxa")) == (
        "it came at 00:00:02.000, 0.5 s too late: at most 1.5 s after the beginning",
    )


def test_what_came_too_late_says_by_how_much_and_the_list_goes_on_behind_it() -> None:
    listed = [event("a"), event("b", 0.5), event("c", 1)]
    report = check(listed, names("abc"))
    assert [result.held for result in report.results] == [True, False, True]
    late = report.results[1]
    assert late.entry == names("abc")[1]
    assert late.why == ("it came at 00:00:01.000, 0.5 s too late: at most 0.5 s after `a`, which is number 1",)
    live = Expectations(listed)
    for each in names("abc"):
        live.feed(each)
    assert (live.done, live.held) == (True, False)


def test_the_limit_of_a_group_holds_for_each_of_its_members() -> None:
    group: list[Listed] = [event("x"), any_order(event("a", 2), event("b", 2))]
    assert outcome(group, names("xba")) == "+++"
    assert outcome(group, names("xbca")) == "+-+"
    assert why([event("x"), any_order(event("b", 2), event("a", 2))], names("xbca")) == (
        "it came at 00:00:03.000, 1 s too late: at most 2 s after `x`, which is number 1",
    )


def test_an_early_entry_goes_to_the_member_that_is_in_a_hurry() -> None:
    group: list[Listed] = [any_order(event("a"), event("a", 1))]
    report = check(group, names("aaaa"))
    assert [(result.held, result.entry and result.entry.seq) for result in report.results] == [(True, 2), (True, 1)]


def test_a_member_that_is_in_a_hurry_waits_for_no_entry_that_another_needs() -> None:
    hasty, patient = event("a", 1), Expectation(Happening("webhook", "a", {"to": "+1"}))
    log = [entry(1, 0, "x"), entry(2, 0.5, "a", to="+1"), entry(3, 2, "a"), entry(4, 3, "a", to="+1")]
    assert outcome([any_order(hasty, patient)], log) == "++"
    live = Expectations([any_order(hasty, patient)])
    for each in log[:3]:
        live.feed(each)
    assert not live.done
    live.feed(log[3])
    assert live.held


# How often -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("least", "most", "log", "held"),
    [
        (2, 2, "aa", True),
        (2, 2, "axa", True),
        (2, 2, "a", False),
        (2, 2, "aaa", False),
        (2, None, "aaaa", True),
        (2, None, "a", False),
        (0, 1, "", True),
        (0, 1, "aa", False),
        (1, 2, "a", True),
        (1, 2, "x", False),
    ],
)
def test_a_count_is_of_the_whole_run(least: int, most: int | None, log: str, held: bool) -> None:
    listed = [event("y"), times("a", least, most)]
    assert check(listed, names(f"{log}y")).held is held
    assert check(listed, names(f"y{log}")).held is held


@pytest.mark.parametrize(
    ("expectation", "log", "told"),
    [
        (times("a", 1, 2), "aaa", "it came 3 times, at 00:00:00.000, 00:00:01.000 and 00:00:02.000"),
        (times("a", 2, None), "xa", "it came once, at 00:00:01.000"),
        (times("a", 1, None), "xy", "no `a` came; what came: x, y"),
        (
            times("a", 0, 1),
            "a" * 8,
            "it came 8 times, at 00:00:00.000, 00:00:01.000, 00:00:02.000, 00:00:03.000, 00:00:04.000 and 3 times more",
        ),
        (Expectation(Happening("webhook", "a"), never=True), "xaa", "it happened at 00:00:01.000"),
    ],
)
def test_a_wrong_count_says_how_often_and_when(expectation: Expectation, log: str, told: str) -> None:
    assert why([expectation], names(log)) == (told,)


def test_a_count_that_lacks_something_names_what_came_near() -> None:
    wanted = Expectation(Happening("webhook", "a", {"to": "+1"}), count=Count(2))
    log = [entry(1, 0, "a", to="+1"), entry(2, 1, "a", to="+2")]
    assert why([wanted], log) == ("it came once, at 00:00:00.000", "the nearest was at 00:00:01.000: to was +2")


def test_what_came_once_too_often_is_the_entry_of_the_result() -> None:
    (result,) = check([times("a", 0, 1)], names("axa")).results
    assert result.entry == names("axa")[2]


@pytest.mark.parametrize(
    ("listed", "log", "held"),
    [
        ([event("x"), times("a", 1, 1, from_here=True)], "aaxa", "++"),
        ([event("x"), times("a", 1, 1, from_here=True)], "ax", "+-"),
        ([event("x"), Expectation(Happening("webhook", "a"), never=True, from_here=True)], "axb", "++"),
        ([event("x"), Expectation(Happening("webhook", "a"), never=True, from_here=True)], "axa", "+-"),
        ([Expectation(Happening("webhook", "a"), never=True, from_here=True), event("x")], "ax", "-+"),
        ([event("a"), times("a", 0, 0, from_here=True)], "a", "++"),  # what is met is not behind itself
    ],
)
def test_from_here_counts_behind_what_is_listed_before(listed: list[Listed], log: str, held: str) -> None:
    assert outcome(listed, names(log)) == held
    live = Expectations(listed)
    for each in names(log):
        live.feed(each)
    assert live.held is ("-" not in held)


def test_a_run_is_not_over_while_something_has_not_come_often_enough() -> None:
    live = Expectations([event("x"), times("a", 2, 2), times("b", 0, 1)])
    for each in names("xa"):
        live.feed(each)
    assert not live.done
    assert live.open == [times("a", 2, 2)]
    live.feed(entry(3, 3, "a"))
    assert live.done
    live.feed(entry(4, 4, "a"))
    assert (live.done, live.held, live.broken and live.broken.seq) == (True, False, 4)


@pytest.mark.parametrize(
    ("listed", "told"),
    [
        (event("a", 2.5), "a, within 2.5 s"),
        (times("a", 2, 2), "a, 2 times"),
        (times("a", 1, 1), "a, exactly once"),
        (times("a", 1, None), "a, at least once"),
        (times("a", 2, None), "a, at least 2 times"),
        (times("a", 0, 3), "a, at most 3 times"),
        (times("a", 1, 3), "a, 1 to 3 times"),
        (times("a", 0, 1, from_here=True), "a, at most once from here on"),
        (Expectation(Happening("webhook", "a"), never=True, from_here=True), "never a from here on"),
        (AtEnd({"calls": 0, "recordings": 2}), "at the end 0 calls, 2 recordings"),
        (AtEnd({}, {("queue", "support"): 1}), "at the end 1 in queue support"),
        (AtEnd({}, {}, Who("Ada", (ADA,))), "at the end Ada ended"),
    ],
)
def test_an_expectation_says_what_it_is(listed: Listed, told: str) -> None:
    assert str(listed) == told


# Whose call ----------------------------------------------------------------------------------------------------------

CALLS = [
    entry(1, 0, "calls", "person", **{"from": ADA, "to": SHOP}),
    entry(2, 0, "call.initiated", **{"from": ADA, "to": SHOP}),
    entry(3, 1, "dial", "command", "v3:b", **{"from": SHOP, "to": GRACE}),
    entry(4, 2, "answers", "person", "v3:b"),
    entry(5, 3, "transfer", "command", "v3:a", to="+15550000000"),
    entry(6, 4, "says", "person", "v3:c", text="Hello"),
    entry(7, 5, "call.hangup", "webhook", "v3:b", hangup_cause="normal_clearing"),
]


def whose(kind: str, name: str, who: str, **fields: Any) -> Expectation:
    numbers = PEOPLE.get(who, (who,))
    return Expectation(Happening(kind, name, fields, None, Who(who, numbers, PEOPLE)))


@pytest.mark.parametrize(
    ("expectation", "held"),
    [
        (whose("person", "calls", "Ada"), True),
        (whose("person", "calls", "Grace"), False),
        (whose("webhook", "call.initiated", ADA), True),
        (whose("webhook", "call.initiated", SHOP), True),
        (whose("command", "dial", "Grace"), True),
        (whose("person", "answers", "Grace"), True),
        (whose("person", "answers", "+1555*"), True),
        (whose("person", "answers", "Ada"), False),
        (whose("command", "transfer", "Ada"), True),
        (whose("command", "transfer", "+15550000000"), True),  # whom it calls
        (whose("person", "says", "Ada"), False),  # a call that the log knows nothing of
        (whose("webhook", "call.hangup", "Grace", hangup_cause="normal_*"), True),
    ],
)
def test_whose_call_it_was_is_learnt_from_the_log(expectation: Expectation, held: bool) -> None:
    assert check([expectation], CALLS).held is held
    live = Expectations([expectation])
    for each in CALLS:
        live.feed(each)
    assert live.held is held


def test_a_call_of_somebody_else_is_told_by_name() -> None:
    listed = whose("webhook", "call.hangup", "Ada", hangup_cause="busy")
    assert str(listed) == "call.hangup of Ada with hangup_cause=busy"
    assert why([listed], CALLS) == (
        f"the nearest was at 00:00:05.000: its call was {SHOP} -> {GRACE} (Grace); hangup_cause was normal_clearing",
    )
    assert why([whose("person", "says", "Ada")], CALLS)[0] == (
        "the nearest was at 00:00:04.000: its call was nobody that is known"
    )


def test_a_dial_of_several_numbers_is_about_each_of_them() -> None:
    dial = [entry(1, 0, "dial", "command", None, **{"from": SHOP, "to": [ADA, GRACE]})]
    assert outcome([whose("command", "dial", "Grace")], dial) == "+"


def test_what_is_not_known_yet_does_not_count() -> None:
    log = [entry(1, 0, "call.bridged"), entry(2, 1, "call.answered", **{"from": ADA, "to": SHOP})]
    assert outcome([whose("webhook", "call.bridged", "Ada")], log) == "-"
    assert outcome([whose("webhook", "call.answered", "Ada")], log) == "+"


# The end -------------------------------------------------------------------------------------------------------------

END = State(
    (
        LegState("v3:a", ADA, SHOP, "ended"),
        LegState("v3:b", SHOP, GRACE, "answered"),
        LegState("v3:c", SHOP, ADA, "ended"),
    ),
    {"weekly": 2},
    {"support": 1},
    ("c-1",),
    ("r-1", "r-2"),
)


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        (AtEnd({"calls": 1, "conferences": 1, "conversations": 1, "recordings": 2}), ()),
        (AtEnd({"calls": 0}), (f"calls was 1: {SHOP} -> {GRACE} (answered)",)),
        (AtEnd({"conferences": 0, "recordings": 1}), ("conferences was 1: weekly", "recordings was 2: r-1, r-2")),
        (AtEnd({}, {("conference", "weekly"): 2, ("queue", "support"): 1}), ()),
        (AtEnd({}, {("queue", "support"): 0}), ("queue support had 1",)),
        (AtEnd({}, {("queue", "sales"): 0}), ()),
        (AtEnd({}, {("conference", "weakly"): 1}), ("there was no conference weakly: did you mean weekly?",)),
        (AtEnd({}, {}, Who("Ada", (ADA,))), ()),
        (AtEnd({}, {}, Who("Ada", (ADA,)), "answered"), ("the calls of Ada had ended",)),
        (AtEnd({}, {}, Who("Grace", (GRACE,)), "answered"), ()),
        (AtEnd({}, {}, Who("Grace", (GRACE,)), "ringing"), (f"Grace had 1 calls up: {SHOP} -> {GRACE} (answered)",)),
        (AtEnd({}, {}, Who("Bob", ("+1",))), ("Bob had no call",)),
    ],
)
def test_what_there_is_at_the_end(wanted: AtEnd, told: tuple[str, ...]) -> None:
    (result,) = check([wanted], [], END).results
    assert result.why == told
    assert result.held is (not told)


def test_of_too_many_things_a_few_are_told() -> None:
    state = State(recordings=tuple(map(str, range(7))))
    assert why([AtEnd({"recordings": 0})], [], state) == ("recordings was 7: 0, 1, 2, 3, 4, and 2 more",)
    assert why([AtEnd({}, {("queue", "a"): 1})], [], state) == ("there was no queue a: there was no queue at all",)
    assert why([AtEnd({"calls": 1})], [], state) == ("calls was 0",)


def test_a_log_alone_has_no_end() -> None:
    assert why([AtEnd({"calls": 0})], []) == ("nobody has looked at the end: there is only a log",)


def test_the_end_is_not_waited_for() -> None:
    assert Expectations([AtEnd({"calls": 0})]).done


# A part of a log -----------------------------------------------------------------------------------------------------


def test_nothing_counts_that_was_asked_not_to() -> None:
    log = names("abab")
    report = check([event("a", 1.5), Expectation(Happening("webhook", "b"), count=Count(1, 1))], log, since=2)
    assert report.held
    assert report.results[0].entry == log[2]
    assert check([event("a")], log, since=3).results[0].why == (
        "it came at 00:00:00.000, which is entry 1, not after entry 3",
    )
    live = Expectations([event("a", 1.5), times("b", 1, 1)], since=2)
    for each in log:
        live.feed(each)
    assert live.held


def test_the_summary_has_a_number_for_each_member() -> None:
    lines = summary(check([any_order(event("a"), event("b")), AtEnd({"calls": 0})], names("ab"), State()))
    assert lines == [
        "ok       1  in any order: a",
        "ok       2  in any order: b",
        "ok       3  at the end 0 calls",
        "all 3 expectations held",
    ]
