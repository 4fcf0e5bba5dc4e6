"""What is heard in a conference besides its members: speech, audio and keys, for all or for some.

What is for all is played one after the other, and so is what is for a single member; neither waits for the other, nor
for what plays on a member's leg (GUESS: the platform's own order is not published). A gather is that of `digits`, on
the member's leg.

Sources: the published interface for the commands and the webhooks, which have no status.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import partial

from mockserver.sim import audio_files, digits, errors, media, timings, transcription, voices
from mockserver.sim.audio_files import Sound
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.conferences import (
    Conference,
    Participant,
    find_active,
    find_member,
    find_members,
    sounded,
    tell,
    tell_of_member,
)
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.media import MOST_WAITING, Item
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import OVER
from mockserver.sim.world import Leg

Params = Mapping[str, str]

OK: Json = {"data": {"result": "ok"}}
EVENTS = {
    "speak": {"started": "conference.speak.started", "ended": "conference.speak.ended"},
    "playback": {"started": "conference.playback.started", "ended": "conference.playback.ended"},
}
EVENTS_OF_MEMBER = {
    "speak": {"started": "conference.participant.speak.started", "ended": "conference.participant.speak.ended"},
    "playback": {
        "started": "conference.participant.playback.started",
        "ended": "conference.participant.playback.ended",
    },
}
LEG_IDS = ("call_control_id", "call_leg_id", "call_session_id", "client_state")
"""What the events of something that is heard by all lack. Published."""


@dataclass(slots=True, eq=False)
class Channel:
    """What a conference hears now and what comes next; with a `member`, what that one hears alone."""

    conference: Conference
    member: Participant | None = None
    current: Item | None = None
    waiting: deque[Item] = field(default_factory=deque)

    @property
    def hearers(self) -> list[Leg]:
        members = [self.member] if self.member else self.conference.members.values()
        return [member.leg for member in members if not member.is_held]

    def play(self, simulation: Simulation, item: Item) -> None:
        """Put an item at the end; it begins at once if nothing is before it."""
        self.waiting.append(item)
        self._go_on(simulation)

    def stop(self, simulation: Simulation) -> None:
        """Cut all that plays and waits."""
        self.waiting.clear()
        if self.current is not None:
            self._end(simulation, self.current)

    def _go_on(self, simulation: Simulation) -> None:
        if self.current is None and self.waiting:
            item = self.current = self.waiting.popleft()
            leg = self.member.leg if self.member else self.conference.creator
            moment = max(simulation.now, leg.due_at) + round(timings.MEDIA_AFTER_COMMAND * SECOND)
            item.plan = simulation.at(moment, self._begin, simulation, item)

    def _begin(self, simulation: Simulation, item: Item) -> None:
        item.plan = None
        url, name = item.details.get("media_url", ""), item.details.get("media_name", "")
        begin = partial(self._heard, simulation, item)
        if item.kind == "playback":
            audio_files.look(simulation, url, name, begin)
        else:
            begin(Sound(item.seconds))

    def _heard(self, simulation: Simulation, item: Item, sound: Sound) -> None:
        """It is heard from now on, unless it was cut while its file was asked for.

        GUESS: a file that cannot be had begins and ends at once, since these events have no status to tell it by.
        """
        if self.current is not item:
            return
        item.begun, item.begun_at, item.seconds = True, simulation.now, sound.seconds
        self._tell(simulation, item, "started")
        if sound.status != "completed":
            self._end(simulation, item)
        elif item.loops != float("inf"):
            item.plan = simulation.after(item.seconds * item.loops, self._end, simulation, item)

    def _end(self, simulation: Simulation, item: Item) -> None:
        simulation.timeline.cancel(item.plan)
        self.current = None
        if item.begun:
            if self.member is None:
                sounded(simulation, self.conference, item.begun_at)
            left = (item.plan.at - simulation.now) / SECOND if item.plan else 0.0
            said = transcription.so_far(item.words, item.seconds - left) if item.words else ""
            for leg in self.hearers:
                transcription.heard_words(simulation, leg, "outbound", said)
            members = [self.member] if self.member else self.conference.members.values()
            voices.sound_ends(simulation, [member.leg for member in members])
            self._tell(simulation, item, "ended")
        self._go_on(simulation)

    def _tell(self, simulation: Simulation, item: Item, what: str) -> None:
        details: Json = {
            **item.details,
            "creator_call_session_id": self.conference.creator.call_session_id,
            "occurred_at": iso(simulation.now),
        }
        if self.member is None:
            tell(simulation, EVENTS[item.kind][what], self.conference, *LEG_IDS, **details)
        else:
            tell_of_member(simulation, EVENTS_OF_MEMBER[item.kind][what], self.member, **details)


# Commands of the application -----------------------------------------------------------------------------------------


def play(simulation: Simulation, params: Params, body: Json) -> Json:
    """`play`: play audio, for all or for those listed. Refusals: those of `_play`, 10004 and 10027, 90009."""
    conference = find_active(simulation, params["id"])
    given = {name: body.get(name) for name in ("audio_url", "media_name")}
    item = media.audio(given, loops=media.loops_of(body))
    del item.details["overlay"]
    return _play(simulation, conference, body, item)


def speak(simulation: Simulation, params: Params, body: Json) -> Json:
    """`speak`: say a text, to all or to those listed. Refusals: those of `_play`, 90010."""
    conference = find_active(simulation, params["id"])
    return _play(simulation, conference, body, media.speech(body["payload"]))


def stop(simulation: Simulation, params: Params, body: Json) -> Json:
    """`stop`: cut what plays, with a list only what plays for those alone. GUESS: nothing playing is fine."""
    conference = find_active(simulation, params["id"])
    for member in find_members(simulation, conference, body):
        if member.channel is not None:
            member.channel.stop(simulation)
    if not body.get("call_control_ids") and conference.channel is not None:
        conference.channel.stop(simulation)
    return OK


def send_dtmf(simulation: Simulation, params: Params, body: Json) -> Json:
    """`send_dtmf`: press keys, for all or for those listed to hear. Refusals: 90014, 90027."""
    conference = find_active(simulation, params["id"])
    legs = [member.leg for member in find_members(simulation, conference, body) if member.leg.state not in OVER]
    for leg in legs:
        digits.send_dtmf(simulation, leg, body)
        leg.client_state = body.get("client_state", leg.client_state)
    return OK


def gather_using_audio(simulation: Simulation, params: Params, body: Json) -> Json:
    """`gather_using_audio`: play a file for one member and collect keys; `call.gather.ended` follows, as on a call.

    GUESS: `initial_timeout_millis` is the time for the first key, in the place of `timeout_millis`.
    """
    conference = find_active(simulation, params["id"])
    leg = find_member(simulation, conference, body["call_control_id"], "/call_control_id").leg
    asked = dict(body)
    if "initial_timeout_millis" in body:
        asked["timeout_millis"] = body["initial_timeout_millis"]
    digits.gather_using_audio(simulation, leg, asked)
    leg.client_state = body.get("client_state", leg.client_state)
    return OK


def _play(simulation: Simulation, conference: Conference, body: Json, item: Item) -> Json:
    """Refusals: 90033 if nobody is there to hear it, 90015, 90018 and 10027 for a list, 10027 if too much waits."""
    members = find_members(simulation, conference, body)
    if all(member.leg.state in OVER for member in members):
        raise Refusal(errors.CONFERENCE_EMPTY)
    listed: list[Participant | None] = list(members) if body.get("call_control_ids") else [None]
    holders: list[Conference | Participant] = [member or conference for member in listed]
    if any(holder.channel is not None and len(holder.channel.waiting) >= MOST_WAITING for holder in holders):
        raise Refusal(errors.UNPROCESSABLE, reason=f"{MOST_WAITING} things wait to be played already.")
    for member, holder in zip(listed, holders, strict=True):
        if holder.channel is None:
            holder.channel = Channel(conference, member)
        holder.channel.play(simulation, replace(item))
    return OK
