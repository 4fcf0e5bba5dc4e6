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
from mockserver.sim.people import ANYBODY, Assistant, Injected, Person
from mockserver.sim.timeline import Plan

if TYPE_CHECKING:
    from mockserver.sim.activities import Running
    from mockserver.sim.bridges import Meeting
    from mockserver.sim.digits import KeyGather
    from mockserver.sim.media import Playing
    from mockserver.sim.recordings import Recording
    from mockserver.sim.simulation import Simulation
    from mockserver.sim.transcription import Transcription

DEFAULT_CONNECTION = "2790114250386114973"
"""The Call Control application that inbound calls belong to when nobody names one."""


@dataclass(frozen=True, slots=True)
class Settings:
    """What does not change while a world lives.

    `applications` maps connection ids to where their webhooks go; None is the open world, in which any id is good and
    all webhooks go to `route`. The limits keep memory bounded: beyond `ended_legs` the oldest ended call is forgotten
    before its ten minutes are over, and more than `live_legs` cannot be up at once (90041). `loop_guard` is how many
    calls from one number to one other within a minute are taken for a loop; 0 switches the guard off.
    `base_url` is where recordings can be fetched.
    """

    route: Route = field(default_factory=Route)
    applications: Mapping[str, Route] | None = None
    connection_id: str = DEFAULT_CONNECTION
    ended_legs: int = 5_000
    live_legs: int = 200_000
    command_ids: int = 10_000
    loop_guard: int = 200
    base_url: str = "http://127.0.0.1:12111"


@dataclass(slots=True, eq=False)
class Leg:
    """One leg of a call: the part between the platform and one telephone.

    `due_at` is when the leg's latest step (`call.initiated`, `call.answered`) is due; `goes` is what the person does to
    leave, `let_go` what the platform does to end the leg; `meeting` is the bridge that comes with the leg's answer,
    `called` the leg that a transfer calls for this one, `after_unbridge` what becomes of it when the other one leaves;
    `said` counts the lines that the person has said, `entered` the entries of keys, and `asked` how often they were
    asked for a property.
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
    person: Person = ANYBODY
    client_state: str | None = None
    party_type: str = "pstn"
    from_display_name: str | None = None
    custom_headers: list[Json] | None = None
    sip_headers: list[Json] | None = None
    options: Json | None = None
    goes: Callable[[Simulation, Leg], None] | None = None
    let_go: Callable[[Simulation, Leg], None] | None = None
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
    bridged_with: Leg | None = None
    meeting: Meeting | None = None
    called: Leg | None = None
    after_unbridge: str = "hang_up"
    plans: dict[str, Plan] = field(default_factory=dict)

    @property
    def is_alive(self) -> bool:
        return self.state not in ("dialed", "ended")

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
    """What an assistant does in a conversation; `conversations.Dialogue` and `gathering.Gathering` are the two."""

    has_insights: bool
    open_to_others: bool

    def fell_silent(self, simulation: Simulation, conversation: Conversation) -> None:
        """Nobody speaks: let somebody go on."""

    def heard(self, simulation: Simulation, conversation: Conversation, text: str) -> None:
        """A person has said something."""

    def history_grew(self, simulation: Simulation, conversation: Conversation) -> None:
        """The assistant or a person has said something."""

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
    state: str = "starting"
    members: list[Member] = field(default_factory=list)
    messages: list[Json] = field(default_factory=list)
    floor: Plan | None = None
    limit: Plan | None = None
    speaking: tuple[str, int] | None = None
    ended_at: int | None = None

    def member(self, leg: Leg) -> Member | None:
        return next((member for member in self.members if member.leg is leg), None)


@dataclass(slots=True)
class World:
    """Everything there is, by the ids that the platform gives."""

    settings: Settings = field(default_factory=Settings)
    legs: dict[str, Leg] = field(default_factory=dict)
    ended: OrderedDict[str, int] = field(default_factory=OrderedDict)
    conversations: dict[str, Conversation] = field(default_factory=dict)
    ended_conversations: deque[str] = field(default_factory=deque)
    recordings: OrderedDict[str, Recording] = field(default_factory=OrderedDict)
    people: list[Person] = field(default_factory=list)
    assistants: dict[str, Assistant] = field(default_factory=dict)
    injected: list[Injected] = field(default_factory=list)
    commands_seen: dict[str, int] = field(default_factory=dict)
    command_ids: OrderedDict[tuple[str, str], tuple[int, Any]] = field(default_factory=OrderedDict)
    recent_dials: OrderedDict[tuple[str, str], list[int]] = field(default_factory=OrderedDict)

    def leg(self, call_control_id: str | None, now: int) -> Leg | None:
        """The leg of an id; None where there is none, or none any more: ten minutes after its end it is forgotten."""
        leg = self.legs.get(call_control_id or "")
        if leg is None or (leg.ended_at is not None and now - leg.ended_at > timings.STATUS_KEPT * SECOND):
            return None
        return leg

    @property
    def live_legs(self) -> int:
        return len(self.legs) - len(self.ended)


class Ids:
    """All identifiers, and all chance, from one seed: the same seed and the same inputs give the same ids."""

    def __init__(self, seed: int | str) -> None:
        self.random = Random(seed)
        self._node = 0x02420A000000 | self.random.getrandbits(24)

    def call_control_id(self) -> str:
        """`v3:` and 54 characters of base64url without padding, that is 40 opaque bytes."""
        return "v3:" + urlsafe_b64encode(self.random.randbytes(40)).decode()[:54]

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
