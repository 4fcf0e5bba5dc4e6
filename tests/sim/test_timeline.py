"""Time itself: the clock, the timeline, and letting it pass."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.sim.clock import EPOCH, SECOND, Clock, iso, wall_timestamp
from mockserver.sim.simulation import Simulation
from mockserver.sim.timeline import Plan, Timeline


def run(timeline: Timeline, now: int) -> None:
    while (plan := timeline.take_due(now)) is not None:
        plan.action(*plan.args)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (EPOCH, "2026-01-01T00:00:00.000000Z"),
        (EPOCH + 1, "2026-01-01T00:00:00.000001Z"),
        (EPOCH + 59 * SECOND + 999_999, "2026-01-01T00:00:59.999999Z"),
        (0, "1970-01-01T00:00:00.000000Z"),
    ],
)
def test_a_moment_is_written_with_six_digits_and_a_z(at: int, text: str) -> None:
    assert iso(at) == text


@pytest.mark.parametrize("mode", ["manual", "auto"])
def test_a_clock_that_is_moved_by_somebody_shows_the_time_the_world_has_reached(mode: str) -> None:
    clock = Clock.start(mode)
    assert (clock.started, clock.follows_wall, clock.read(EPOCH + 5)) == (EPOCH, False, EPOCH + 5)


def test_a_real_clock_starts_at_the_time_of_the_wall() -> None:
    clock = Clock.start("real")
    assert clock.follows_wall
    assert abs(clock.started - time.time() * SECOND) < 5 * SECOND
    assert clock.read(0) >= clock.started
    assert abs(wall_timestamp() - time.time()) < 5


def test_a_fast_clock_multiplies_what_passes_on_the_wall() -> None:
    clock = Clock("fast", 60.0, time.monotonic() - 10, EPOCH)
    assert EPOCH + 600 * SECOND <= clock.read(0) < EPOCH + 900 * SECOND
    assert Clock.start("fast", 7.0).factor == 7.0


def test_a_clock_never_shows_less_than_the_world_has_reached() -> None:
    later = EPOCH + 10**6 * SECOND
    assert Clock("fast", 1.0, time.monotonic(), EPOCH).read(later) == later


def test_a_clock_tells_how_long_the_wall_takes_until_a_moment() -> None:
    clock = Clock("fast", 60.0, time.monotonic(), EPOCH)
    assert 8 < clock.wall_seconds_until(EPOCH + 600 * SECOND) <= 10
    assert clock.wall_seconds_until(EPOCH - SECOND) == 0.0


def test_what_is_planned_for_one_moment_happens_in_the_order_of_planning() -> None:
    timeline, done = Timeline(), list[str]()
    for at, name in [(5, "c"), (1, "a"), (5, "d"), (1, "b")]:
        timeline.plan(at, done.append, name)
    run(timeline, 4)
    assert done == ["a", "b"]
    run(timeline, 5)
    assert done == ["a", "b", "c", "d"]


def test_a_cancelled_plan_does_not_happen_and_does_not_count() -> None:
    timeline, done = Timeline(), list[str]()
    first, _ = timeline.plan(1, done.append, "no"), timeline.plan(2, done.append, "yes")
    timeline.cancel(first)
    timeline.cancel(first)
    timeline.cancel(None)
    assert (len(timeline), timeline.next_at()) == (1, 2)
    run(timeline, 9)
    assert (done, len(timeline), timeline.next_at()) == (["yes"], 0, None)


def test_cancelling_what_has_happened_changes_nothing() -> None:
    timeline = Timeline()
    plan = timeline.plan(1, lambda: None)
    timeline.plan(2, lambda: None)
    run(timeline, 1)
    timeline.cancel(plan)
    assert (len(timeline), timeline.anything_near()) == (1, True)


def test_what_comes_next_can_be_looked_at() -> None:
    timeline = Timeline()
    assert timeline.peek() is None
    first = timeline.plan(1, lambda: None)
    second = timeline.plan(2, lambda: None)
    assert timeline.peek() is first
    timeline.cancel(first)
    assert (timeline.peek(), len(timeline)) == (second, 1)


def test_a_backstop_is_nothing_near() -> None:
    timeline = Timeline()
    far = timeline.plan(9, lambda: None, backstop=True)
    assert not timeline.anything_near()
    near = timeline.plan(5, lambda: None)
    assert timeline.anything_near()
    timeline.cancel(near)
    assert not timeline.anything_near()
    timeline.cancel(far)
    assert (timeline.anything_near(), len(timeline)) == (False, 0)


def test_void_plans_do_not_pile_up() -> None:
    timeline, done = Timeline(), list[int]()
    timeline.plan(1, done.append, 1)
    for _ in range(10_000):
        timeline.cancel(timeline.plan(2, done.append, 2))
    timeline.plan(0, done.append, 0)
    assert (len(timeline), len(timeline._heap) < 200) == (2, True)
    run(timeline, 9)
    assert done == [0, 1]


@given(st.lists(st.tuples(st.integers(0, 20), st.booleans(), st.booleans()), max_size=200))
def test_a_timeline_does_what_a_sorted_list_would_do(rows: list[tuple[int, bool, bool]]) -> None:
    timeline, done = Timeline(), list[int]()
    plans: list[Plan] = [timeline.plan(at, done.append, n, backstop=far) for n, (at, far, _) in enumerate(rows)]
    for plan, (_, _, void) in zip(plans, rows, strict=True):
        if void:
            timeline.cancel(plan)
    kept = [(at, number, far) for number, (at, far, void) in enumerate(rows) if not void]
    assert len(timeline) == len(kept)
    assert timeline.anything_near() == any(not far for _, _, far in kept)
    assert timeline.next_at() == min((at for at, _, _ in kept), default=None)
    run(timeline, 10)
    assert done == [number for at, number, _ in sorted(kept) if at <= 10]
    run(timeline, 20)
    assert done == [number for _, number, _ in sorted(kept)]
    assert (len(timeline), timeline.anything_near()) == (0, False)


def test_everything_happens_at_its_own_time_when_much_time_passes_at_once() -> None:
    simulation, seen = Simulation(), list[int]()

    def tick(left: int) -> None:
        seen.append(simulation.now - EPOCH)
        if left:
            simulation.after(1.5, tick, left - 1)

    simulation.after(1.5, tick, 2)
    simulation.advance(100)
    assert seen == [1_500_000, 3_000_000, 4_500_000]
    assert simulation.now == EPOCH + 100 * SECOND


def test_time_does_not_go_back() -> None:
    simulation, seen = Simulation(), list[int]()
    simulation.advance(5)
    simulation.at(EPOCH, lambda: seen.append(simulation.now - EPOCH))
    simulation.advance_to(EPOCH + 1)
    assert simulation.now == EPOCH + 5 * SECOND
    simulation.advance(0)
    assert seen == [5 * SECOND]


def test_the_next_plans_can_be_seen_without_those_that_are_void() -> None:
    timeline = Timeline()
    plans = [timeline.plan(at, print) for at in (30, 10, 20, 40)]
    timeline.cancel(plans[1])
    assert timeline.coming(2) == [plans[2], plans[0]]


def test_the_next_limit_is_no_beat_and_not_what_comes_by_itself() -> None:
    timeline = Timeline()
    assert timeline.next_limit() is None
    timeline.plan(10, print)
    timeline.plan(20, print, backstop=True).beat = True
    void = timeline.plan(30, print, backstop=True)
    timeline.plan(50, print, backstop=True)
    timeline.plan(40, print, backstop=True)
    timeline.cancel(void)
    assert timeline.next_limit() == 40


def test_a_clock_goes_on_at_another_moment() -> None:
    for mode in ("manual", "fast"):
        clock = Clock.start(mode)
        later = clock.going_on_at(EPOCH + 7 * SECOND)
        assert (later.mode, later.factor) == (clock.mode, clock.factor)
        assert later.read(EPOCH + 7 * SECOND) >= EPOCH + 7 * SECOND
