"""Commands of the application on conferences and their members.

What is played and collected is in `conference_sound`, recordings in `conference_recordings`, lists in
`conference_lists`. The conference of a path is meant by its id or by its name. GUESS: `beep_enabled`, `region`,
`comfort_noise` and the audio for those on hold are accepted and heard by nobody: no webhook tells of them.

Sources: the published interface.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

from mockserver.sim import conference_life, errors
from mockserver.sim.conference_lists import conference_object, participant_object
from mockserver.sim.conferences import (
    Participant,
    find_active,
    find_answered,
    find_member,
    find_members,
)
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation

Params = Mapping[str, str]
OnConference = Callable[[Simulation, Params, Json], Json]

OK: Json = {"data": {"result": "ok"}}
PARTICIPANTS = (2, 800)
"""Lowest and highest `max_participants`. Documented; a published example of the refusal says 1 to 5000."""


def create(simulation: Simulation, params: Params, body: Json) -> Json:
    """`POST /conferences`: a conference, with the leg that it is made of in it.

    Refusals: 10033 (`max_participants`; GUESS: a `duration_minutes` below 1), 10027 (two things to hear on hold),
    90015, 90018, 90034 (the leg), 90033 (a conference of that name goes on).
    """
    conference_life.check_audio(body)
    lowest, highest = PARTICIPANTS
    if not lowest <= body.get("max_participants", lowest) <= highest:
        raise Refusal(errors.OUT_OF_RANGE, parameter="max_participants", minimum=lowest, maximum=highest)
    if body.get("duration_minutes", 1) < 1:
        raise Refusal(errors.OUT_OF_RANGE, parameter="duration_minutes", minimum=1, maximum="infinity")
    leg = find_answered(simulation, body["call_control_id"])
    if conference_life.named(simulation, body["name"]) is not None:
        raise Refusal(errors.CONFERENCE_NAME_TAKEN)
    leg.client_state = body.get("client_state", leg.client_state)
    return {"data": conference_object(conference_life.create(simulation, leg, body["name"], body, {}))}


def join(simulation: Simulation, params: Params, body: Json) -> Json:
    """`join`: bring a leg in, out of any other conference.

    Refusals: 90058, 90019 (the conference), 90015, 90018, 90034 (the leg), 90044 (it is in already), 90032 (full),
    10027 (two things to hear on hold).
    """
    conference_life.check_audio(body)
    conference = find_active(simulation, params["id"])
    leg = find_answered(simulation, body["call_control_id"])
    if conference.member(leg) is not None:
        raise Refusal(errors.JOIN_NOT_ALLOWED)
    conference_life.check_room(conference)
    leg.client_state = body.get("client_state", leg.client_state)
    conference_life.join(simulation, conference, leg, body)
    return OK


def leave(simulation: Simulation, params: Params, body: Json) -> Json:
    """`leave`: take a leg out; it is parked. Refusals: 90058, 90019, and those of `conferences.find_member`."""
    conference = find_active(simulation, params["id"])
    conference_life.leave(simulation, find_member(simulation, conference, body["call_control_id"], "/call_control_id"))
    return OK


def end(simulation: Simulation, params: Params, body: Json) -> Json:
    """`end`: end the conference and hang up everybody in it. Refusals: 90058, 90019."""
    conference_life.close(simulation, find_active(simulation, params["id"]), "ended_via_api")
    return OK


def update(simulation: Simulation, params: Params, body: Json) -> Json:
    """`update`: change a member's supervisor role, and whom it whispers to."""
    conference = find_active(simulation, params["id"])
    member = find_member(simulation, conference, body["call_control_id"], "/call_control_id")
    member.role = body["supervisor_role"]
    member.whispers_to = tuple(body.get("whisper_call_control_ids", member.whispers_to))
    member.updated_at = simulation.now
    return OK


def update_participant(simulation: Simulation, params: Params, body: Json) -> Json:
    """`PATCH .../participants/{participant_id}`: change what happens when a member leaves.

    Refusals: 90058, 90019 (the conference); 404, 10005 (nobody inside has that id).
    """
    conference = find_active(simulation, params["id"])
    inside = {member.id: member for member in conference.members.values()}
    member = inside.get(params["participant_id"])
    if member is None:
        raise Refusal(errors.URL_NOT_FOUND)
    member.ends = body.get("end_conference_on_exit", member.ends)
    member.soft_ends = body.get("soft_end_conference_on_exit", member.soft_ends)
    member.updated_at = simulation.now
    return {"data": participant_object(member)}


def _of_members(change: Callable[[Participant], None]) -> OnConference:
    """A command that changes the members it lists, or all. Refusals: 90058, 90019, those of `find_members`."""

    def command(simulation: Simulation, params: Params, body: Json) -> Json:
        conference = find_active(simulation, params["id"])
        for member in find_members(simulation, conference, body):
            change(member)
            member.updated_at = simulation.now
        return OK

    return command


def _set(name: str, value: bool) -> Callable[[Participant], None]:
    return lambda member: setattr(member, name, value)


def hold(simulation: Simulation, params: Params, body: Json) -> Json:
    """`hold`: let members neither hear nor be heard. Refusals: those of mute; 10027 (two things to hear meanwhile)."""
    conference_life.check_audio(body, "audio_url", "media_name")
    return _hold(simulation, params, body)


_hold = _of_members(_set("on_hold", True))
mute = _of_members(_set("muted", True))
unmute = _of_members(_set("muted", False))
unhold = _of_members(_set("on_hold", False))
