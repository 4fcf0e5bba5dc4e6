"""Shuffles: other orders and delays, the same for the same seed and number."""

from __future__ import annotations

from random import Random

import pytest

from mockserver.scenario.shuffling import LONGEST_SECS, luck, shuffled
from mockserver.sim import faults
from mockserver.sim.faults import Rule, due


@pytest.mark.parametrize(("seed", "run"), [(0, 1), (7, 3), (-1, 1_000)])
def test_a_run_is_shuffled_in_the_same_way_each_time(seed: int, run: int) -> None:
    assert shuffled(seed, run) == shuffled(seed, run)
    assert len({shuffled(seed, run), shuffled(seed, run + 1), shuffled(seed + 1, run)}) == 3
    assert luck(seed, run) != luck(seed, run + 1)


def test_webhooks_are_late_or_in_another_order_and_nothing_else() -> None:
    webhook = faults.About("event", "call.answered", "v3:a")
    seen: set[str] = set()
    for run in range(1, 30):
        rules = [Rule(str(number), fault) for number, fault in enumerate(shuffled(1, run))]
        random = Random(luck(1, run))
        for found in [due(rules, webhook, random) for _ in range(50)]:
            seen.add("untouched" if found is None else found.delivery or "late")
            assert found is None or found.seconds <= LONGEST_SECS
            assert found is None or (found.within or 0.0) <= LONGEST_SECS
        assert due(rules, faults.About("operation", "answer"), random) is None
    assert seen == {"untouched", "reorder", "late"}
