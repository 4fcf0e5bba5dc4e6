"""Supervision: a leg that was dialled to listen to another one, and how far it takes part in that call.

From its answer on the supervisor hears all that is heard on the supervised leg. Who hears the supervisor is up to the
role.

Sources: the published interface for the options of dial, the roles and the command; no webhook tells of any of it.
"""

from __future__ import annotations

from mockserver.sim import errors
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg


def switch_supervisor_role(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`switch_supervisor_role`: take part more or less. GUESS: a leg that supervises nothing is refused with 10027."""
    if leg.supervises is None:
        raise Refusal(errors.UNPROCESSABLE, reason="The call supervises no other one.")
    leg.supervisor_role = body["role"]
    return {"result": "ok"}


def supervise(leg: Leg, supervised: Leg, role: str) -> None:
    """Let a leg supervise another one, as soon as it is answered."""
    leg.supervises, leg.supervisor_role = supervised, role
    supervised.supervisors = (*supervised.supervisors, leg)


def after_hangup(simulation: Simulation, leg: Leg) -> None:
    """A supervisor who goes is missed by nobody. GUESS: when the supervised leg goes, its supervisors are hung up."""
    if leg.supervises is not None:
        others = leg.supervises.supervisors
        leg.supervises.supervisors = tuple(other for other in others if other is not leg)
    supervisors, leg.supervises, leg.supervisors = leg.supervisors, None, ()
    for supervisor in supervisors:
        supervisor.supervises = None
        assert supervisor.let_go is not None
        supervisor.let_go(simulation, supervisor)


def listeners(leg: Leg, track: str) -> list[Leg]:
    """Which other legs hear what is said on a leg: by its person (`inbound`), or to them (`outbound`).

    A bridge carries what its people say, a supervisor what they say in their role; supervisors hear it all.
    """
    hear = [leg]
    if track == "inbound":
        if leg.bridged_with is not None:
            hear.append(leg.bridged_with)
        hear += _spoken_to(leg)
    for each in tuple(hear):
        hear += [supervisor for supervisor in each.supervisors if supervisor.answered_at is not None]
    return [other for other in dict.fromkeys(hear) if other is not leg]


def speakers(leg: Leg) -> list[Leg]:
    """Whose people the person of a leg hears because somebody supervises: `listeners`, seen from the other side."""
    here = [one for one in (leg, leg.bridged_with, leg.supervises) if one is not None]
    near = [one for each in here for one in (each, each.bridged_with, *each.supervisors) if one is not None]
    return [one for one in dict.fromkeys(near) if leg in listeners(one, "inbound")]


def _spoken_to(leg: Leg) -> list[Leg]:
    """Who hears a supervisor: on `monitor` nobody, on `whisper` the supervised leg, on `barge` the other side too."""
    supervised = leg.supervises
    if supervised is None or leg.supervisor_role == "monitor":
        return []
    other = supervised.bridged_with if leg.supervisor_role == "barge" else None
    return [supervised] if other is None else [supervised, other]
