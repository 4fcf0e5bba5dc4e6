"""What there is: call legs, conversations, and the settings they live under. Plain data, and the ids that name it."""

from __future__ import annotations

from base64 import urlsafe_b64encode
from collections import OrderedDict, deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Any, Protocol

from mockserver.sim import timings
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Json, Route
from mockserver.sim.people import ANYBODY, Assistant, Person
from mockserver.sim.timeline import Plan

if TYPE_CHECKING:
    from mockserver.sim import audio_files
    from mockserver.sim.acting import Acting
    from mockserver.sim.activities import Running
    from mockserver.sim.applications import Application
    from mockserver.sim.bridges import Meeting
    from mockserver.sim.conferences import Conference, Participant
    from mockserver.sim.costs import Meter
    from mockserver.sim.cues import Cue
    from mockserver.sim.digits import KeyGather
    from mockserver.sim.faults import Rule
    from mockserver.sim.hearing import Hearing
    from mockserver.sim.kept_recordings import RecordingText
    from mockserver.sim.media import Playing
    from mockserver.sim.queues import Queue, Waiting
    from mockserver.sim.recordings import Recording
    from mockserver.sim.simulation import Simulation
    from mockserver.sim.streams import Stream
    from mockserver.sim.transcription import Transcription
    from mockserver.sim.transcripts import Transcript

DEFAULT_CONNECTION = "2790114250386114973"
"""The Call Control application that inbound calls belong to when nobody names one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What does not change while a world lives.

    `applications` maps the connection ids of the applications that there are at the start to where their webhooks go,
    and only existing ones can dial; None is the open world, in which any id is good and the webhooks of those that are
    no application go to `route`. The limits keep memory bounded: beyond `ended_legs` the oldest ended call is forgotten
    before its ten minutes are over, and more than `live_legs` cannot be up at once (90041). As many ended calls keep
    their places in queues, of which there are at most `queues`. `loop_guard` is how many calls from one number to one
    other within a minute are taken for a loop; 0 switches the guard off.
    `base_url` is where recordings can be fetched, `public_key` what verifies the signatures of webhooks. With
    `fetch_audio` the files that an application plays are asked for. With `call_cost` every call tells at its end what
    it has cost, unless its application does not want it.
    """

    route: Route = field(default_factory=Route)
    applications: Mapping[str, Route] | None = None
    connection_id: str = DEFAULT_CONNECTION
    ended_legs: int = 5_000
    live_legs: int = 200_000
    queues: int = 1_000
    command_ids: int = 10_000
    loop_guard: int = 200
    base_url: str = "http://127.0.0.1:12111"
    public_key: str = ""
    fetch_audio: bool = False
    call_cost: bool = False


@dataclass(slots=True, eq=False)
class Leg:
    """One leg of a call: the part between the platform and one telephone.

    `application` is as it was when the leg began; an open world has legs that have none.
    `due_at` is when the leg's latest step (`call.initiated`, `call.answered`) is due; `goes` is what the person does to
    leave, `let_go` what the platform does to end the leg; `meeting` is the bridge that comes with the leg's answer,
    `called` the leg that a transfer calls for this one, `after_unbridge` what becomes of it when the other one leaves;
    `waiting` is its place in a queue, `participation` its part in a conference; `said` counts the lines that the person
    has said, `entered` the entries of keys, and `asked` how often they were asked for a property. `on_hold` is the
    person's doing; `spared_tones` keeps the tones of a bridge from them; `supervises` is the leg that this one listens
    to, in `supervisor_role`, and `supervisors` those who listen to it. `acting` is what the person means to do.
    """

    call_control_id: str
    call_leg_id: str
    call_session_id: str
    connection_id: str
    direction: str
    from_: str
    to: str
    state: str
    created_at: int
    route: Route
    application: Application | None = None
    person: Person = ANYBODY
    client_state: str | None = None
    party_type: str = "pstn"
    from_display_name: str | None = None
    custom_headers: list[Json] | None = None
    sip_headers: list[Json] | None = None
    options: Json | None = None
    goes: Callable[[Simulation, Leg], None] | None = None
    let_go: Callable[..., None] | None = None
    due_at: int = 0
    answered_at: int | None = None
    ended_at: int | None = None
    said: int = 0
    asked: dict[str, int] | None = None
    conversation: Conversation | None = None
    playing: Playing | None = None
    running: dict[str, Running] | None = None
    recordings: tuple[Recording, ...] = ()
    transcription: Transcription | None = None
    keys: KeyGather | None = None
    entered: int = 0
    stream: Stream | None = None
    voice: tuple[int, int] | None = None
    bridged_with: Leg | None = None
    meeting: Meeting | None = None
    called: Leg | None = None
    waiting: Waiting | None = None
    participation: Participant | None = None
    after_unbridge: str = "hang_up"
    on_hold: bool = False
    spared_tones: bool = False
    supervises: Leg | None = None
    supervisor_role: str = ""
    supervisors: tuple[Leg, ...] = ()
    meters: dict[str, Meter] | None = None
    acting: Acting | None = None
    plans: dict[str, Plan] = field(default_factory=dict)

    @property
    def is_alive(self) -> bool:
        return self.state not in ("dialed", "ended")

    @property
    def can_be_heard(self) -> bool:
        """Does the person speak at all, and is the call not on hold?"""
        return not (self.on_hold or self.person.silent)

    def duration(self, now: int) -> int:
        """Seconds since the answer, until now or the end; 0 while unanswered."""
        if self.answered_at is None:
            return 0
        return ((self.ended_at or now) - self.answered_at) // SECOND


@dataclass(slots=True, eq=False)
class Member:
    """A leg that takes part in a conversation; `spoke` is when it last did, counted in lines said by anybody."""

    leg: Leg
    name: str | None = None
    ends_it: bool = False
    spoke: int = 0


class Script(Protocol):
    """What goes on in a conversation: `conversations.Dialogue`, `gathering.Gathering` or `relaying.Relay`."""

    has_insights: bool
    open_to_others: bool

    def fell_silent(self, simulation: Simulation, conversation: Conversation) -> None:
        """Nobody speaks: let somebody go on."""

    def heard(self, simulation: Simulation, conversation: Conversation, text: str) -> None:
        """A person has said something."""

    def history_grew(self, simulation: Simulation, conversation: Conversation) -> None:
        """The assistant or a person has said something."""

    def pressed(self, simulation: Simulation, conversation: Conversation, key: str) -> None:
        """A person has pressed a key."""

    def cut(self, simulation: Simulation, conversation: Conversation) -> None:
        """The conversation ends before the script does."""


@dataclass(slots=True, eq=False)
class Conversation:
    """A conversation with an assistant.

    `owner` is the leg that started it, whose ids its webhooks carry. `floor` is the plan of whoever speaks or is about
    to; nobody else speaks while it stands. `speaking` is what the assistant says, and since when.
    """

    id: str
    owner: Leg
    assistant: Assistant
    script: Script
    created_at: int
    transcript: Transcript
    state: str = "starting"
    members: list[Member] = field(default_factory=list)
    variables: Json = field(default_factory=dict)
    floor: Plan | None = None
    idle: Plan | None = None
    limit: Plan | None = None
    speaking: tuple[str, int] | None = None
    ended_at: int | None = None

    @property
    def messages(self) -> list[Json]:
        """What was said so far."""
        return self.transcript.messages

    def member(self, leg: Leg) -> Member | None:
        return next((member for member in self.members if member.leg is leg), None)


@dataclass(slots=True)
class World:
    """Everything there is, by the ids that the platform gives."""

    settings: Settings = field(default_factory=Settings)
    applications: dict[str, Application] = field(default_factory=dict)
    legs: dict[str, Leg] = field(default_factory=dict)
    ended: OrderedDict[str, int] = field(default_factory=OrderedDict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    ended_conversations: deque[str] = field(default_factory=deque)
    transcripts: dict[str, Transcript] = field(default_factory=dict)
    recordings: OrderedDict[str, Recording] = field(default_factory=OrderedDict)
    recording_texts: OrderedDict[str, RecordingText] = field(default_factory=OrderedDict)
    conferences: dict[str, Conference] = field(default_factory=dict)
    conference_names: dict[str, Conference] = field(default_factory=dict)
    ended_conferences: deque[str] = field(default_factory=deque)
    past_participants: OrderedDict[str, Participant] = field(default_factory=OrderedDict)
    queues: OrderedDict[str, Queue] = field(default_factory=OrderedDict)
    queued_beyond_end: OrderedDict[str, Waiting] = field(default_factory=OrderedDict)
    recordings_begun: int = 0
    failing_recordings: dict[int, str] = field(default_factory=dict)
    audio: list[audio_files.Said] = field(default_factory=list)
    audio_lengths: OrderedDict[str, float] = field(default_factory=OrderedDict)
    audio_awaited: dict[str, list[audio_files.Then]] = field(default_factory=dict)
    people: list[Person] = field(default_factory=list)
    assistants: dict[str, Assistant] = field(default_factory=dict)
    secrets: dict[str, str] = field(default_factory=dict)
    faults: list[Rule] = field(default_factory=list)
    faults_made: int = 0
    cues: dict[str, Cue] = field(default_factory=dict)
    cues_made: int = 0
    cued_at: int = 0
    cued: int = 0
    command_ids: OrderedDict[tuple[str, str], tuple[int, Any]] = field(default_factory=OrderedDict)
    heard: OrderedDict[str, Hearing] = field(default_factory=OrderedDict)
    recent_dials: OrderedDict[tuple[str, str], list[int]] = field(default_factory=OrderedDict)

    def leg(self, call_control_id: str | None, now: int) -> Leg | None:
        """The leg of an id; None where there is none, or none any more: ten minutes after its end it is forgotten."""
        leg = self.legs.get(call_control_id or "")
        if leg is None or (leg.ended_at is not None and now - leg.ended_at > timings.STATUS_KEPT * SECOND):
            return None
        return leg

    def knows(self, name: str | None, now: int) -> bool:
        """Is there anything of this id or name?"""
        kinds = (self.applications, self.conversations, self.recordings, self.recording_texts, self.conferences)
        more = (self.conference_names, self.queues, self.assistants, self.past_participants)
        return self.leg(name, now) is not None or any(name in kind for kind in (*kinds, *more))

    @property
    def live_legs(self) -> int:
        return len(self.legs) - len(self.ended)


class Ids:
    """All identifiers, and all chance, from one seed: the same seed and the same inputs give the same ids.

    `chance` decides on faults alone, so that one more of them changes no id.
    """

    def __init__(self, seed: int | str) -> None:
        self.random = Random(seed)
        self.chance = Random(f"{seed}:faults")
        self._node = 0x02420A000000 | self.random.getrandbits(24)

    def begin_chance(self, seed: int | str) -> None:
        """Let chance begin anew, from a seed of its own: the same luck for runs that have other ids."""
        self.chance = Random(f"{seed}:faults")

    def call_control_id(self) -> str:
        """`v3:` and 54 characters of base64url without padding, that is 40 opaque bytes."""
        return "v3:" + urlsafe_b64encode(self.random.randbytes(40)).decode()[:54]

    def connection_id(self) -> str:
        """A number of 19 digits, as applications have."""
        return str(2 * 10**18 + self.random.getrandbits(59))

    def time_uuid(self, at: int) -> str:
        """A UUID of version 1 minted at `at`, as leg and session ids are."""
        ticks = at * 10 + 0x01B21DD213814000 + self.random.getrandbits(3)
        high = (ticks >> 48) & 0x0FFF | 0x1000
        sequence = self.random.getrandbits(14) | 0x8000
        value = (ticks & 0xFFFFFFFF) << 96 | ((ticks >> 32) & 0xFFFF) << 80 | high << 64 | sequence << 48 | self._node
        return _with_hyphens(value)

    def uuid(self) -> str:
        """A UUID of version 4."""
        value = self.random.getrandbits(128) & ~(0xF << 76) & ~(0x3 << 62) | 0x4 << 76 | 0x2 << 62
        return _with_hyphens(value)


def _with_hyphens(value: int) -> str:
    text = f"{value:032x}"
    return f"{text[:8]}-{text[8:12]}-{text[12:16]}-{text[16:20]}-{text[20:]}"
