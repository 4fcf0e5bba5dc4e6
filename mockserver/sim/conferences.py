"""Conferences: what one is, who is in it, who hears whom, and what the application is told.

How conferences and their members come and go is in `conference_life`, what is played, said and recorded in them in
`conference_sound` and `conference_recordings`, and what an application can ask for in `conference_commands`.

A leg is in one conference at most, and a conference that goes on has a leg in it, so there are never more of them than
legs that are up. `Settings.ended_legs` bounds how many that are over are remembered, and how many who have left one.

Sources: the published interface for fields and payloads, and for the `client_state` of all webhooks of a conference,
which is that of the leg it was made of. GUESS: what concerns a conference as a whole carries the ids of that leg too
and goes where its application says; what concerns a member carries the member's ids and goes where its webhooks go.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from mockserver.sim import errors, routes, timings
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json, Route
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import NEEDS_ANSWERED, OVER
from mockserver.sim.world import Leg

if TYPE_CHECKING:
    from mockserver.sim.conference_sound import Channel
    from mockserver.sim.recordings import Recording
    from mockserver.sim.timeline import Plan

MOST_MEMBERS = 250
"""Default of `max_participants`, documented."""


@dataclass(slots=True, eq=False)
class Conference:
    """A conference.

    `members` are those in it by their `call_control_id`. `announced` is whether `conference.created` was sent, and
    `announcing` the plan for it; `expiry` ends the conference. `floor` is who spoke last. Times are microseconds.
    """

    id: str
    name: str
    creator: Leg
    created_at: int
    updated_at: int
    expires_at: int
    max_participants: int = MOST_MEMBERS
    region: str | None = None
    state: str = "init"
    announced: bool = False
    members: dict[str, Participant] = field(default_factory=dict)
    end_reason: str | None = None
    ended_by: Json | None = None
    floor: Leg | None = None
    channel: Channel | None = None
    recordings: tuple[Recording, ...] = ()
    announcing: Plan | None = None
    expiry: Plan | None = None

    @property
    def is_over(self) -> bool:
        return self.state in ("ending", "completed")

    def member(self, leg: Leg) -> Participant | None:
        return self.members.get(leg.call_control_id)


@dataclass(slots=True, eq=False)
class Participant:
    """A leg's part in a conference.

    `leaves` takes it out of the conference. `starts` is whether a conference that waits begins with this member; `ends`
    and `soft_ends` whether it ends when this member leaves, and whether the others are kept then. `role` is `none`,
    `barge`, `whisper` or `monitor`.
    """

    id: str
    conference: Conference
    leg: Leg
    leaves: Callable[[Simulation, Participant], None]
    created_at: int
    updated_at: int
    state: str = "joining"
    muted: bool = False
    on_hold: bool = False
    starts: bool = False
    ends: bool = False
    soft_ends: bool = False
    role: str = "none"
    whispers_to: tuple[str, ...] = ()
    channel: Channel | None = None
    entering: Plan | None = None

    @property
    def is_held(self) -> bool:
        """Does it neither hear nor is heard? So do all while their conference waits to be started. Documented."""
        return self.on_hold or self.conference.state == "init"

    @property
    def speaks_to_all(self) -> bool:
        return not (self.muted or self.is_held or self.role in ("monitor", "whisper"))

    def is_heard_by(self, other: Participant) -> bool:
        """A whispering supervisor is heard by those it whispers to, and by nobody if it names none. Documented."""
        if other is self or other.is_held:
            return False
        whispers = self.role == "whisper" and other.leg.call_control_id in self.whispers_to
        return self.speaks_to_all or (whispers and not self.muted and not self.is_held)

    @property
    def heard(self) -> list[Leg]:
        """The legs that this member hears when somebody speaks on them."""
        return [other.leg for other in self.conference.members.values() if other.is_heard_by(self)]

    @property
    def hearers(self) -> list[Leg]:
        """The legs on which this member is heard."""
        return [other.leg for other in self.conference.members.values() if self.is_heard_by(other)]

    @property
    def is_played_to(self) -> bool:
        """Is something played or said to this member, alone or with all?"""
        channels = (self.channel, self.conference.channel)
        plays = any(channel and channel.current and channel.current.begun for channel in channels)
        return plays and not self.is_held

    def said(self, simulation: Simulation, text: str) -> list[Leg]:
        """The member has said something just now to its end: the legs on which it was heard.

        GUESS: the floor changes when somebody else has said something to all, the very first included.
        """
        conference = self.conference
        if self.speaks_to_all:
            sounded(simulation, conference, simulation.now - round(timings.speech(text) * SECOND))
            if conference.floor is not self.leg:
                conference.floor = self.leg
                tell_of_member(simulation, "conference.floor.changed", self, occurred_at=iso(simulation.now))
        return self.hearers


def sounded(simulation: Simulation, conference: Conference, since: int) -> None:
    """There was something to hear in a conference, from `since` until now."""
    for recording in conference.recordings:
        recording.sounded("both", since, simulation.now)


# What the application is told ----------------------------------------------------------------------------------------


def tell(simulation: Simulation, event_type: str, conference: Conference, *without: str, **details: object) -> None:
    """An event of a whole conference, `without` those ids of its creator that the published payload lacks."""
    creator = conference.creator
    payload: Json = {**_ids(creator, creator), "conference_id": conference.id, **details}
    for name in without:
        del payload[name]
    simulation.tell(event_type, payload, _route(simulation, creator))


def tell_of_member(simulation: Simulation, event_type: str, member: Participant, **details: object) -> None:
    """An event of one member."""
    conference = member.conference
    payload: Json = {**_ids(member.leg, conference.creator), "conference_id": conference.id, **details}
    simulation.tell(event_type, payload, member.leg.route)


def _ids(leg: Leg, creator: Leg) -> Json:
    return {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "client_state": creator.client_state,
        "connection_id": leg.connection_id,
    }


def _route(simulation: Simulation, leg: Leg) -> Route:
    """Where its application's webhooks go, or where its own do if the application has no URL."""
    route = routes.of_application(simulation, leg.application)
    return route if route.url else leg.route


# What a command is about ---------------------------------------------------------------------------------------------


def find(simulation: Simulation, id_or_name: str) -> Conference:
    """The conference of an id, or the latest of a name; 90058 where there is none, or none any more."""
    world = simulation.world
    conference = world.conferences.get(id_or_name) or world.conference_names.get(id_or_name)
    if conference is None:
        raise Refusal(errors.CONFERENCE_NOT_FOUND)
    return conference


def find_active(simulation: Simulation, id_or_name: str) -> Conference:
    """The same of one that takes commands: 90019 for one that is over."""
    conference = find(simulation, id_or_name)
    if conference.is_over:
        raise Refusal(errors.CONFERENCE_ENDED)
    return conference


def find_answered(simulation: Simulation, call_control_id: str) -> Leg:
    """The leg that a body names: 90015 if there is none, 90018 if it is over, 90034 if it is not answered."""
    leg = simulation.world.leg(call_control_id, simulation.now)
    if leg is None:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID, at="/call_control_id")
    problem = NEEDS_ANSWERED.refusal(leg.state, leg.direction)
    if problem is not None:
        raise Refusal(problem)
    return leg


def find_member(simulation: Simulation, conference: Conference, call_control_id: str, at: str) -> Participant:
    """The member that a body names: 90015 if there is no such leg, 90018 if it is over.

    GUESS: 10027 if it is in another conference, or in none.
    """
    leg = simulation.world.leg(call_control_id, simulation.now)
    if leg is None:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID, at=at)
    if leg.state in OVER:
        raise Refusal(errors.CALL_ENDED)
    member = conference.member(leg)
    if member is None:
        raise Refusal(errors.UNPROCESSABLE, reason="The call does not take part in this conference.", at=at)
    return member


def find_members(simulation: Simulation, conference: Conference, body: Json) -> list[Participant]:
    """The members that a body lists, or all. GUESS: an empty list is all, for unhold too."""
    listed = dict.fromkeys(body.get("call_control_ids") or ())
    if not listed:
        return list(conference.members.values())
    return [find_member(simulation, conference, name, "/call_control_ids") for name in listed]


def scope(simulation: Simulation, params: Mapping[str, str]) -> str:
    """Where a `command_id` counts: in the conference, by whichever of its names it is called."""
    try:
        return find(simulation, params["id"]).id
    except Refusal:
        return params["id"]
