"""A copy of a simulation that goes on by itself, exactly as the original would.

The simulation is plain data, and plans that are functions with their arguments, so copying it is copying its objects.
What is outside stays there: whoever reads the log, whoever waits for simulated time, and the port to the world outside.
"""

from __future__ import annotations

from copy import deepcopy
from dataclasses import fields
from typing import Any

from mockserver.sim.outside import Nowhere
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

LEG_FIELDS = tuple(field.name for field in fields(Leg))


def copied(simulation: Simulation) -> Simulation:
    """A copy whose log nobody reads yet, and which reaches nobody outside.

    Connections and requests are not copied: while one is open, a copy would not go on as the original does.
    """
    memo: dict[int, Any] = {id(simulation.outside): Nowhere()}
    _copy_legs(simulation, memo)
    return deepcopy(simulation, memo)


def _copy_legs(simulation: Simulation, memo: dict[int, Any]) -> None:
    """Copy the legs one by one: what hangs together through all of them may be too deep to be copied in one go."""
    legs = simulation.world.legs.values()
    memo |= {id(leg): object.__new__(Leg) for leg in legs}
    for leg in legs:
        for name in LEG_FIELDS:
            setattr(memo[id(leg)], name, deepcopy(getattr(leg, name), memo))
