"""Looking at conferences and their members, one by one and in lists."""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.sim import errors, listings
from mockserver.sim.clock import iso
from mockserver.sim.conferences import Conference, Participant, find
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.filters import Filters, filtered, is_at
from mockserver.sim.simulation import Simulation

Params = Mapping[str, str]

SHOWN = {"ending": "in_progress"}
"""GUESS: a conference whose members are just being hung up is not over for those who look."""

CONFERENCES: Filters[Conference] = {
    "name": lambda conference, value: conference.name == value,
    "status": lambda conference, value: SHOWN.get(conference.state, conference.state) == value,
    "connection_id": lambda conference, value: conference.creator.connection_id == value,
    "application_session_id": lambda conference, value: conference.creator.call_session_id == value,
    "leg_id": lambda conference, value: conference.creator.call_leg_id == value,
    "from": lambda conference, value: conference.creator.from_ == value,
    "to": lambda conference, value: conference.creator.to == value,
    "occurred_at": lambda conference, value: is_at(conference.created_at, value),
    "product": lambda conference, value: value == "call_control",
    "application_name": lambda conference, value: True,
    "failed": lambda conference, value: True,
    "outbound.outbound_voice_profile_id": lambda conference, value: True,
    "type": lambda conference, value: True,
}
"""The filters of the list of conferences. GUESS: they are those of other lists, so what they say of a call is held
against the leg that a conference was made of, and the last four leave out nothing."""

MEMBERS: Filters[Participant] = {
    "muted": lambda member, value: member.muted is value,
    "on_hold": lambda member, value: member.is_held is value,
    "whispering": lambda member, value: (member.role == "whisper") is value,
}


def list_conferences(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /conferences`: those that expire last come first, documented. Refuses an unknown filter (10031)."""
    fits = filtered(CONFERENCES, query)
    found = [conference for conference in simulation.world.conferences.values() if fits(conference)]
    found.sort(key=lambda conference: conference.expires_at, reverse=True)
    return listings.numbered(found, query, conference_object)


def retrieve_conference(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /conferences/{id}`: also one that is over, until it is forgotten. Refuses an unknown one (90058)."""
    return {"data": conference_object(find(simulation, params["id"]))}


def list_participants(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /conferences/{conference_id}/participants`: who is in it. GUESS: not those who have left.

    Refusals: 90058, and 10031 for an unknown filter.
    """
    conference = find(simulation, params["conference_id"])
    fits = filtered(MEMBERS, query)
    return listings.numbered([one for one in conference.members.values() if fits(one)], query, listed_participant)


def retrieve_participant(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /conferences/{id}/participants/{participant_id}`: also one who has left, until forgotten.

    Refusals: 90058; 404, 10005 (nobody of that id).
    """
    conference = find(simulation, params["id"])
    inside = {member.id: member for member in conference.members.values()}
    wanted = params["participant_id"]
    member = inside.get(wanted) or simulation.world.past_participants.get(wanted)
    if member is None or member.conference is not conference:
        raise Refusal(errors.URL_NOT_FOUND)
    return {"data": participant_object(member)}


def conference_object(conference: Conference) -> Json:
    """A conference as it is shown."""
    known: Json = {"end_reason": conference.end_reason, "ended_by": conference.ended_by, "region": conference.region}
    if conference.state != "completed":
        known["end_reason"] = known["ended_by"] = None
    return {
        "connection_id": conference.creator.connection_id,
        "created_at": iso(conference.created_at),
        "expires_at": iso(conference.expires_at),
        "id": conference.id,
        "name": conference.name,
        "record_type": "conference",
        "status": SHOWN.get(conference.state, conference.state),
        "updated_at": iso(conference.updated_at),
        **{name: value for name, value in known.items() if value is not None},
    }


def participant_object(member: Participant) -> Json:
    """A member as it is shown by itself."""
    return {
        "call_control_id": member.leg.call_control_id,
        "call_leg_id": member.leg.call_leg_id,
        "conference_id": member.conference.id,
        "created_at": iso(member.created_at),
        "end_conference_on_exit": member.ends,
        "id": member.id,
        "muted": member.muted,
        "on_hold": member.is_held,
        "soft_end_conference_on_exit": member.soft_ends,
        "status": member.state,
        "updated_at": iso(member.updated_at),
        "whisper_call_control_ids": list(member.whispers_to),
    }


def listed_participant(member: Participant) -> Json:
    """A member as it is shown in a list."""
    shown = participant_object(member)
    conference = member.conference
    del shown["conference_id"]
    return {**shown, "conference": {"id": conference.id, "name": conference.name}, "record_type": "participant"}
