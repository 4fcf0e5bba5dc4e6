"""The person at the far end puts the call on hold and takes it back: `call.hold`, `call.unhold`.

Source: the published interface for the two webhooks, which tell of nothing else: whom the application holds in a queue
or a conference, or keeps after a bridge, has none.
"""

from __future__ import annotations

from mockserver.sim import conversations
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg


def person_holds(simulation: Simulation, leg: Leg) -> None:
    """The person puts an answered call on hold; one that is on hold already stays so.

    GUESS: what the person says and presses until they take the call back is not heard, as a telephone on hold sends
    nothing, and they hear nothing. Hanging up ends it without `call.unhold`.
    """
    if leg.state == "answered" and not leg.on_hold:
        leg.on_hold = True
        simulation.note("person", "holds", leg)
        simulation.emit("call.hold", leg, **{"from": leg.from_}, to=leg.to)


def person_unholds(simulation: Simulation, leg: Leg) -> None:
    """The person takes back a call that is on hold; in a conversation they go on where it fell silent."""
    if leg.state == "answered" and leg.on_hold:
        leg.on_hold = False
        simulation.note("person", "unholds", leg)
        simulation.emit("call.unhold", leg, **{"from": leg.from_}, to=leg.to)
        conversations.returns(simulation, leg)
