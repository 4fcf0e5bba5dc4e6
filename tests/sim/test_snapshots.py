"""A copy of a world goes on as the original does, and neither touches the other."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

from hypothesis import Phase, settings
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.snapshots import copied
from tests.sim.telling import CALLEE, dial, do, new, ring, story
from tests.sim.test_world import Anywhere, AnyWorld, everything

NO_SHRINKING = [Phase.explicit, Phase.reuse, Phase.generate]
"""Shrinking a failure takes minutes, since every step compares whole worlds."""


class AnyCopiedWorld(AnyWorld):
    """A world that goes on as a copy of itself, now and then; in the end all is played again, without copies."""

    def __init__(self) -> None:
        super().__init__()
        self.originals: list[tuple[Simulation, Any]] = []

    @rule()
    @precondition(lambda self: len(self.originals) < 3 and self.nobody_is_forgotten())
    def go_on_as_a_copy(self) -> None:
        original = self.play.simulation
        self.originals.append((original, everything(original)))
        self.play.simulation = copy = copied(original)
        copy.outside = Anywhere()
        self.play.legs = [copy.world.legs.get(leg.call_control_id, leg) for leg in self.play.legs]
        assert everything(copy) == everything(original)

    def nobody_is_forgotten(self) -> bool:
        """The steps to come may be about any leg, and one that the world has forgotten has no copy."""
        return {leg.call_control_id for leg in self.play.legs} <= self.play.simulation.world.legs.keys()

    def teardown(self) -> None:
        super().teardown()
        assert all(everything(original) == before for original, before in self.originals)


def test_whatever_happens_a_copy_goes_on_as_the_original_would() -> None:
    run_state_machine_as_test(
        AnyCopiedWorld, settings=settings(max_examples=40, stateful_step_count=30, deadline=None, phases=NO_SHRINKING)
    )


def test_what_was_copied_can_be_gone_back_to_again_and_again() -> None:
    simulation = new()
    leg = dial(simulation)
    simulation.advance(5)
    saved = copied(simulation)
    stories = []
    for _ in range(3):
        again = copied(saved)
        do(again, "speak", leg.call_control_id, payload="Hello there.", voice="female")
        ring(again)
        again.advance(20)
        stories.append((story(again), [each.call_control_id for each in again.world.legs.values()]))
    assert stories[0] == stories[1] == stories[2]
    assert len(story(saved)) == len(story(simulation)) == 4


def test_nobody_outside_comes_along() -> None:
    simulation, heard = new(), list[str]()
    simulation.log.subscribe(lambda entry: heard.append(entry.name))
    plan = simulation.after(1, heard.append, "woken")
    plan.outside = True
    ring(simulation, Person(gives_up_after=2))
    copy, before = copied(simulation), list(heard)
    copy.advance(5)
    assert story(copy)[-1][1:] == ("telnyx", "call.hangup originator_cancel caller 487")
    assert heard == before
    simulation.advance(5)
    assert heard == [*before, "woken", "hangs_up", "call.hangup"]


def test_a_long_chain_of_calls_can_be_copied() -> None:
    simulation = new(loop_guard=0)
    legs = [dial(simulation, CALLEE) for _ in range(2_000)]
    simulation.advance(2)
    for one, other in pairwise(legs):
        one.called = other
    copy = copied(simulation)
    chained = copy.world.legs[legs[0].call_control_id]
    assert chained.called is copy.world.legs[legs[1].call_control_id]
    assert chained.called is not legs[1]
