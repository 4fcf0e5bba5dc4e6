"""Races that an application loses: what happened just before its command arrived, and which it could not know yet."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mockserver.sim import legs
from mockserver.sim.clock import SECOND
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg


def lose(simulation: Simulation, race: str, leg: Leg, ms: int) -> None:
    """Let it happen, and `ms` milliseconds of simulated time pass, in which its webhooks set out."""
    HAPPENS[race](simulation, leg)
    simulation.advance_to(simulation.now + ms * SECOND // 1000)


HAPPENS: Mapping[str, Callable[[Simulation, Leg], None]] = {
    "hang_up_before_command": legs.person_hangs_up,
}
"""What each of `faults.RACES` is."""
