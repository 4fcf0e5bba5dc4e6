"""The list that is fed while a run goes on, the list that is held against the whole run, and what a list means."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import permutations

from hypothesis import given
from hypothesis import strategies as st

from mockserver.scenario.expecting.expect import AnyOrder, Expectation, Expectations, check
from mockserver.scenario.expecting.listed import Count
from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.expecting.order import Group
from mockserver.scenario.expecting.who import Parties
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry

Some = Expectation | AnyOrder
"""What a list has besides the end."""

NAMES = st.sampled_from("ab")
WITHIN = st.none() | st.integers(0, 3).map(float)


def happening(name: str, number: int | None) -> Happening:
    return Happening("webhook", name, {} if number is None else {"to": number})


HAPPENINGS = st.builds(happening, NAMES, st.none() | st.integers(1, 2))
MEMBERS = st.builds(lambda what, within: Expectation(what, within=within, among=True), HAPPENINGS, WITHIN)
ORDERED = st.builds(lambda what, within: Expectation(what, within=within), HAPPENINGS, WITHIN)
GROUPS = st.lists(MEMBERS, min_size=2, max_size=3).map(lambda members: AnyOrder(tuple(members)))
COUNTS = st.sampled_from([Count(0, 1), Count(1, 1), Count(2, 2), Count(2, None), Count(1, 2)])
COUNTED = st.builds(
    lambda what, count, from_here: Expectation(what, count=count, from_here=from_here),
    HAPPENINGS,
    COUNTS,
    st.booleans(),
)
NEVER = st.builds(lambda what, from_here: Expectation(what, never=True, from_here=from_here), HAPPENINGS, st.booleans())
LISTS = st.lists(ORDERED | GROUPS | COUNTED | NEVER, max_size=4)
STEPS = st.lists(st.tuples(NAMES, st.integers(1, 2), st.integers(0, 2)), max_size=8)


def log_of(steps: Sequence[tuple[str, int, int]]) -> list[Entry]:
    """Webhooks: a name, whom it is to, and how many seconds after the one before it it came."""
    at, log = 0, []
    for seq, (name, number, pause) in enumerate(steps, 1):
        at += pause * SECOND
        log.append(Entry(seq, at, "webhook", name, None, {"payload": {"to": number}}))
    return log


def fed(listed: Sequence[Some], log: Sequence[Entry], since: int = 0) -> Expectations:
    live = Expectations(listed, since)
    for entry in log:
        live.feed(entry)
    return live


def _has_place(one: Expectation) -> bool:
    return one.counted is None


@given(LISTS, STEPS)
def test_what_holds_while_it_goes_on_holds_when_it_is_over(
    listed: list[Some], steps: list[tuple[str, int, int]]
) -> None:
    log = log_of(steps)
    report = check(listed, log)
    live = fed(listed, log)
    assert live.held is report.held
    if report.held:
        assert live.open == []
    placed = [_has_place(one) for listed_ in listed for one in listed_.members]
    ordered = [result.held for result, has_place in zip(report.results, placed, strict=True) if has_place]
    if all(ordered):
        assert not list(filter(_has_place, live.open))


@given(LISTS, STEPS, st.integers(0, 8))
def test_the_same_is_true_of_a_part_of_a_log(listed: list[Some], steps: list[tuple[str, int, int]], since: int) -> None:
    log = log_of(steps)
    assert fed(listed, log, since).held is check(listed, log, since=since).held


@given(LISTS, STEPS)
def test_there_is_a_result_for_each_member_and_a_reason_for_each_miss(
    listed: list[Some], steps: list[tuple[str, int, int]]
) -> None:
    results = check(listed, log_of(steps)).results
    assert [result.number for result in results] == list(range(1, sum(len(one.members) for one in listed) + 1))
    assert all(bool(result.why) is not result.held for result in results)
    placed = [
        result for result in results if isinstance(result.expectation, Expectation) and _has_place(result.expectation)
    ]
    met = [result.entry.seq for result in placed if result.entry]
    assert len(met) == len(set(met))


@given(st.lists(MEMBERS, min_size=1, max_size=3), STEPS)
def test_a_group_is_met_by_the_first_entry_with_which_each_member_has_one_in_time(
    members: list[Expectation], steps: list[tuple[str, int, int]]
) -> None:
    log = log_of(steps)
    group = Group(members, 0)
    fed = (len(log) and next((entry.seq for entry in log if group.feed(entry, Parties()) and not late(group)), 0)) or 0
    assert fed == first_by_trying_all(members, log)


def late(group: Group) -> bool:
    return any(group.was_late(index) for index in range(len(group.members)))


def first_by_trying_all(members: Sequence[Expectation], log: Sequence[Entry]) -> int:
    """The number of the first entry up to which there is one for each member, in time; 0 if there is none."""

    def fits(member: Expectation, entry: Entry) -> bool:
        return member.fits(entry, Parties()) and (member.within is None or entry.at <= member.within * SECOND)

    for end in range(1, len(log) + 1):
        for chosen in permutations(log[:end], len(members)):
            if all(fits(member, entry) for member, entry in zip(members, chosen, strict=True)):
                return end
    return 0
