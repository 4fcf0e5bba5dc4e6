"""The whole world at once: whatever commands, people and time do, some things always hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, fields, is_dataclass
from pathlib import Path
from random import Random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from mockserver.http.contract import Contract
from mockserver.sim import acting, conversations, cues, digits, errors, faults, holding, legs, parties, talking
from mockserver.sim.commands import COMMANDS, LegCommand, Request, Retrieval, execute
from mockserver.sim.cues import Happens
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Entry, Json
from mockserver.sim.faults import Fault
from mockserver.sim.outside import Listener, Nowhere, Socket
from mockserver.sim.parties import Incoming
from mockserver.sim.people import ACTS, MAGIC_NUMBERS, Act, Assistant, Person, Turn
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg, Settings
from tests.sim import spans
from tests.sim.telling import APP, CALLEE, CALLER, CONNECTION, UNKNOWN, fits

TRAILERS = {
    "call.conversation.ended",
    "call.conversation_insights.generated",
    "call.recording.saved",
    "call.recording.transcription.saved",
    "call.cost",
    "conference.created",
    "conference.ended",
    "conference.participant.left",
    "conference.recording.saved",
}
"""What may follow the `call.hangup` of a leg."""

SPECS = Contract(Path(__file__).parent.parent.parent / "specs" / "openapi.yaml")
META = {"attempt": 1, "delivered_to": "https://app.example/"}

Step = tuple[Any, ...]

TALKER = Person("*9", "Talker", says=("36", "Hello.", "Bye."), hangs_up_when_done=True)
ASSISTANT = Assistant(id="a", greeting="Hi.", turns=(Turn("Six.", hears="hello"), Turn("Yes?")), time_limit_secs=90.0)

LIMITS = {
    "wide": Settings(call_cost=True),
    "tight": Settings(ended_legs=2, live_legs=4, queues=2, command_ids=2, loop_guard=3),
}

numbers = st.sampled_from(
    [CALLEE, CALLER, "+12025550009", "sip:a@b.example", "555", *(p.number for p in MAGIC_NUMBERS)]
)
seconds = st.sampled_from([0.0, 0.1, 0.15, 0.3, 0.4, 0.8, 1.0, 2.0, 3.7, 10.0, 31.0, 61.0, 601.0])
acts = st.builds(
    Act,
    does=st.sampled_from(ACTS),
    what=st.just("1"),
    when=st.sampled_from(
        ["call.initiated", "call.answered", "call.bridged", "call.speak.started", "assistant_says", "answer"]
    ),
    nth=st.sampled_from([0, 1, 2]),
    after=st.sampled_from([0.0, 0.5, 4.0]),
    after_silence=st.sampled_from([None, None, 0.0, 0.7, 3.0]),
)
happenings = st.builds(
    Happens,
    when=st.sampled_from(["call.hangup", "call.bridged", "answer", "assistant_says"]),
    fields=st.sampled_from([{}, {"from": CALLER}]),
    nth=st.sampled_from([1, 2]),
    after=st.sampled_from([0.0, 3.0]),
)
anybody = st.builds(
    Person,
    acts=st.lists(acts, max_size=3).map(tuple),
    hangs_up_after=st.sampled_from([None, 0.0, 1.0, 20.0]),
    gives_up_after=st.sampled_from([None, 0.0, 0.2, 5.0]),
    says=st.sampled_from([(), ("36",), ("Hello.", "36")]),
    answers=st.sampled_from([{}, {"age": ("x", 36)}, {"age": (None,)}]),
    presses=st.sampled_from([(), ("1",), ("A", "12#", "w", "3")]),
    silent=st.booleans(),
    hangs_up_when_done=st.booleans(),
    fake=st.booleans(),
)
common = {
    "client_state": st.sampled_from(["", "QQ==", "Qg==", "bad"]),
    "command_id": st.sampled_from(["one", "two", "three"]),
}
assistants = st.sampled_from([{"id": "a"}, {"id": "b"}, {"greeting": "Hello there."}])
which = st.sampled_from([0, 0, 0, 1, 1, 2, 3, 7, -1])
"""Which leg a step is about, counted from the newest; -1 is one that there never was."""

loops = st.sampled_from([1, 2, "3", 0, "infinity"])
stops = st.sampled_from(["all", "current", "overlay", "none"])
digits_fields = {
    "minimum_digits": st.sampled_from([0, 1, 2]),
    "maximum_digits": st.sampled_from([1, 3]),
    "timeout_millis": st.sampled_from([1, 1000, 9000, 120_001]),
    "inter_digit_timeout_millis": st.sampled_from([1, 250, 2000]),
    "terminating_digit": st.sampled_from(["#", "1", "x"]),
    "valid_digits": st.sampled_from(["123", "12*#", "A"]),
}

recording_fields = {
    "format": st.sampled_from(["mp3", "wav"]),
    "channels": st.sampled_from(["dual", "single"]),
    "recording_track": st.sampled_from(["both", "inbound"]),
    "max_length": st.sampled_from([0, 1, 5]),
    "timeout_secs": st.sampled_from([0, 2]),
    "transcription": st.booleans(),
    "trim": st.just("trim-silence"),
}
which_recording = {"recording_id": st.just("0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61")}
transcription_fields = {
    "transcription_tracks": st.sampled_from(["inbound", "outbound", "both"]),
    "transcription_engine_config": st.just({"transcription_engine": "Google", "interim_results": True}),
}
from_answer = {
    "record": st.just("record-from-answer"),
    "record_max_length": st.sampled_from([0, 3]),
    "deepfake_detection": st.sampled_from([{"enabled": False}, {"enabled": True, "timeout": 5, "rtp_timeout": 7}]),
    "transcription": st.booleans(),
    "stream_url": st.sampled_from(["wss://a.example/listens", "shop"]),
    "stream_establish_before_call_originate": st.booleans(),
    "conversation_relay_config": st.sampled_from([{"url": "wss://a.example/talks", "greeting": "Hello."}]),
}

to_be_heard = {
    "audio_url": st.just("https://media.example/a.mp3"),
    "media_name": st.just("a"),
    "send_digits_on_answer": st.sampled_from(["1w#", "", "x"]),
    "media_encryption": st.sampled_from(["SRTP", "disabled"]),
    "answering_machine_detection": st.sampled_from(["premium", "detect_beep"]),
}

stream_fields = {
    "stream_url": st.sampled_from(["wss://a.example/listens", "wss://a.example/listens", "wss://a.example/", "shop"]),
    "stream_track": st.sampled_from(["both_tracks", "outbound_track"]),
    "stream_codec": st.sampled_from(["G722", "L16"]),
    "stream_bidirectional_mode": st.just("rtp"),
    "stream_bidirectional_target_legs": st.sampled_from(["self", "both"]),
    "send_silence_when_idle": st.booleans(),
}
relay_fields = {
    "url": st.sampled_from(["wss://a.example/talks", "wss://a.example/nobody"]),
    "greeting": st.just("Hello, who is there?"),
    "dtmf_detection": st.booleans(),
    "interruptible": st.sampled_from(["none", "any", "dtmf"]),
    "interruption_settings": st.just({"enable": False}),
}

BODIES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "enqueue": {
        "queue_name": st.sampled_from(["one", "one", "two", "three"]),
        "max_size": st.sampled_from([1, 100]),
        "max_wait_time_secs": st.sampled_from([0, 1, 30]),
        "keep_after_hangup": st.booleans(),
    },
    "bridge": {
        "call_control_id": which,
        "queue": st.sampled_from(["one", "two"]),
        "park_after_unbridge": st.just("self"),
        "hold_after_unbridge": st.booleans(),
        "prevent_double_bridge": st.booleans(),
        "mute_dtmf": st.sampled_from(["none", "self", "opposite", "both"]),
        "record": st.just("record-from-answer"),
        "record_trim": st.just("trim-silence"),
    },
    "switch_supervisor_role": {"role": st.sampled_from(["barge", "whisper", "monitor"])},
    "transfer": {
        "to": numbers,
        "from": st.sampled_from([APP, "desk"]),
        "target_leg_client_state": st.sampled_from(["Qg==", "bad"]),
        "park_after_unbridge": st.just("self"),
        "timeout_secs": st.just(5),
        "time_limit_secs": st.just(30),
        "webhook_url": st.just("https://c.example/"),
        **to_be_heard,
    },
    "refer": {"sip_address": st.sampled_from(["sip:a@b.example", "sip:busy@b.example", "desk"])},
    "send_sip_info": {"content_type": st.just("text/plain"), "body": st.sampled_from(["Hello.", "x" * 1401])},
    "answer": {"assistant": assistants, "webhook_url": st.just("https://b.example/"), **from_answer},
    "record_start": recording_fields,
    "record_stop": which_recording,
    "record_pause": which_recording,
    "record_resume": which_recording,
    "transcription_start": transcription_fields,
    "reject": {"cause": st.sampled_from(["CALL_REJECTED", "USER_BUSY"])},
    "ai_assistant_start": {"assistant": assistants, "participants": st.lists(which, max_size=3)},
    "ai_assistant_join": {
        "conversation_id": st.integers(0, 4),
        "participant": st.one_of(st.none(), which),
        "on_hangup": st.sampled_from(["end_conversation", "continue_conversation"]),
    },
    "ai_assistant_add_messages": {"messages": st.just([{"role": "user", "content": "Hello."}])},
    "gather_using_ai": {
        "parameters": st.sampled_from(
            [{}, {"properties": {"name": {}}}, {"properties": {"age": {"type": "integer"}}, "required": ["age", "b"]}]
        ),
        "user_response_timeout_ms": st.sampled_from([500, 3000]),
        "gather_ended_speech": st.just("Bye."),
        "send_message_history_updates": st.booleans(),
        "send_partial_results": st.booleans(),
        "voice": st.sampled_from(["female", "Telnyx.KokoroTTS.af"]),
    },
    "conversation_relay_start": relay_fields,
    "streaming_start": stream_fields,
    "streaming_stop": {"stream_id": st.just("0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61")},
    "speak": {"payload": st.sampled_from(["Hello.", "", "x" * 200]), "loop": loops, "stop": stops},
    "playback_start": {
        "audio_url": st.just("https://media.example/a.mp3"),
        "media_name": st.just("a"),
        "overlay": st.booleans(),
        "loop": loops,
        "stop": stops,
    },
    "fork_start": {"rx": st.just("udp:192.0.2.1:1"), "tx": st.just("udp:192.0.2.1:2")},
    "siprec_start": {
        "session_timeout_secs": st.sampled_from([0, 1, 90]),
        "connector_name": st.sampled_from(["archive", "unreachable"]),
    },
    "playback_stop": {"stop": stops, "overlay": st.booleans()},
    "send_dtmf": {"digits": st.sampled_from(["1w#", "x"]), "duration_millis": st.sampled_from([99, 100])},
    "gather": {
        **digits_fields,
        "initial_timeout_millis": st.sampled_from([0, 500, 3000]),
        "gather_id": st.just("mine"),
    },
    "gather_using_speak": {
        **digits_fields,
        "payload": st.sampled_from(["Press one.", ""]),
        "invalid_payload": st.sampled_from(["No.", "x" * 3001]),
        "maximum_tries": st.sampled_from([0, 1, 2]),
    },
    "gather_using_audio": {
        **digits_fields,
        "audio_url": st.just("https://media.example/a.mp3"),
        "media_name": st.just("a"),
        "invalid_media_name": st.just("b"),
        "maximum_tries": st.sampled_from([1, 2]),
    },
}
REQUIRED = {
    "bridge": {"call_control_id"},
    "enqueue": {"queue_name"},
    "transfer": {"to"},
    "refer": {"sip_address"},
    "switch_supervisor_role": {"role"},
    "send_sip_info": {"content_type", "body"},
    "speak": {"payload"},
    "send_dtmf": {"digits"},
    "gather_using_speak": {"payload"},
    "reject": {"cause"},
    "record_start": {"format", "channels"},
    "ai_assistant_join": {"conversation_id", "participant"},
    "gather_using_ai": {"parameters"},
    "conversation_relay_start": {"url"},
}
which_conference = st.sampled_from(["one", "one", "one", "two", "none"])
how_to_join = {
    **common,
    "start_conference_on_enter": st.booleans(),
    "end_conference_on_exit": st.booleans(),
    "soft_end_conference_on_exit": st.booleans(),
    "hold": st.booleans(),
    "mute": st.booleans(),
    "supervisor_role": st.sampled_from(["barge", "monitor", "none", "whisper"]),
    "whisper_call_control_ids": st.lists(which, max_size=2),
}
members = {"call_control_ids": st.lists(which, max_size=2)}
CONFERENCES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "create_conference": {
        **common,
        "max_participants": st.sampled_from([1, 2, 2, 250]),
        "duration_minutes": st.sampled_from([0, 1, 10]),
        "start_conference_on_create": st.booleans(),
    },
    "conference_join": how_to_join,
    "conference_leave": {},
    "conference_end": {},
    "conference_mute": members,
    "conference_unmute": members,
    "conference_hold": members,
    "conference_unhold": members,
    "conference_update": {"supervisor_role": st.sampled_from(["monitor", "whisper"])},
    "conference_play": {**members, "audio_url": st.just("https://media.example/a.mp3"), "loop": loops},
    "conference_speak": {**members, "payload": st.sampled_from(["Hello.", "", "x" * 200])},
    "conference_stop": members,
    "conference_send_dtmf": {**members, "digits": st.sampled_from(["1w#", "x"])},
    "conference_gather_using_audio": {**digits_fields, "audio_url": st.just("https://media.example/a.mp3")},
    "conference_record_start": {"format": st.just("mp3"), "trim": st.just("trim-silence")},
    "conference_record_stop": {},
    "conference_record_pause": {},
    "conference_record_resume": {},
    "update_conference_participant": {"end_conference_on_exit": st.booleans()},
}
NEEDED = ("supervisor_role", "payload", "digits", "format", "audio_url")
ON_LEGS = sorted(name for name, row in COMMANDS.items() if isinstance(row, LegCommand | Retrieval))


def bodies(name: str) -> st.SearchStrategy[Json]:
    """Bodies of a command, valid by the specification."""
    known = {**common, **BODIES.get(name, {})}
    needed = {key: value for key, value in known.items() if key in REQUIRED.get(name, ())}
    return st.fixed_dictionaries(needed, optional={key: value for key, value in known.items() if key not in needed})


def conference_bodies(name: str) -> st.SearchStrategy[Json]:
    """Bodies of a command on a conference, without the leg that it is about."""
    known = CONFERENCES[name]
    needed = {key: value for key, value in known.items() if key in NEEDED and name != "conference_join"}
    return st.fixed_dictionaries(needed, optional={key: value for key, value in known.items() if key not in needed})


conference_commands = st.sampled_from(sorted(CONFERENCES)).flatmap(
    lambda name: st.tuples(st.just(name), conference_bodies(name))
)
commands = st.sampled_from(ON_LEGS).flatmap(lambda name: st.tuples(st.just(name), bodies(name)))
dials = st.fixed_dictionaries(
    {"to": st.one_of(numbers, st.lists(numbers, max_size=3)), "from": st.sampled_from([APP, CALLER, "desk"])},
    optional={
        **common,
        "link_to": which,
        "bridge_intent": st.booleans(),
        "bridge_on_answer": st.booleans(),
        "park_after_unbridge": st.just("self"),
        "prevent_double_bridge": st.booleans(),
        "assistant": assistants,
        "conference_config": st.fixed_dictionaries({"conference_name": which_conference}, optional=how_to_join),
        "timeout_secs": st.sampled_from([5, 40]),
        "time_limit_secs": st.just(30),
        "retry_on_timeout": st.booleans(),
        "supervise_call_control_id": which,
        "supervisor_role": st.sampled_from(["barge", "whisper", "monitor"]),
        **from_answer,
        **to_be_heard,
    },
)


def picture(value: Any, seen: dict[int, int]) -> Any:
    """All that a value holds, however deep and in circles, as something that can be compared."""
    if isinstance(value, Random):
        return value.getstate()
    if value is None or isinstance(value, str | int | float):
        return value
    if isinstance(value, Simulation):
        return "the simulation"
    if id(value) in seen:
        return "seen", seen[id(value)]
    seen[id(value)] = len(seen)
    if is_dataclass(value):
        names = [field.name for field in fields(value) if field.name != "faults"]
        return type(value).__name__, [(name, picture(getattr(value, name), seen)) for name in names]
    if isinstance(value, dict):
        return [(picture(key, seen), picture(item, seen)) for key, item in value.items()]
    if hasattr(value, "__iter__"):
        return [picture(item, seen) for item in value]
    name = getattr(value, "__qualname__", type(value).__name__)
    return name, picture(getattr(value, "__self__", None), seen)


def everything(simulation: Simulation) -> Any:
    """The whole state of a simulation but its log and its faults, which count what they fit."""
    heap = sorted((at, number, plan) for at, number, plan in simulation.timeline._heap if not plan.cancelled)
    return picture([simulation.now, simulation.world, heap, simulation.ids.random], {})


@dataclass(eq=False)
class Chatterbox:
    """An application that answers whatever it is sent, with a frame that may be one, and in the end goes."""

    simulation: Simulation
    listener: Listener
    count: int = 0

    def send(self, message: Json, awaited: bool = True) -> None:
        frames = [
            '{"type": "text", "token": "Well, well.", "last": true, "preemptible": true}',
            '{"type": "play", "source": "https://media.example/a.mp3"}',
            "what?",
            '{"type": "text", "token": "Hm"}',
            '{"type": "end"}',
        ]
        self.count += 1
        if self.count < 8:
            frame = frames[self.count % len(frames)]
            self.simulation.after(0.5, self.listener.received, self.simulation, frame)
        else:
            self.simulation.after(0, self.listener.closed, self.simulation, "gone")

    def close(self, code: int = 1000) -> None:
        """A socket that is closed may still have something under way."""


@dataclass(eq=False)
class Listening:
    """An application that sends something back for what it hears, not all of it any good, and goes after a while."""

    simulation: Simulation
    listener: Listener
    is_open: bool = True

    def begin(self) -> None:
        messages = [
            '{"event": "media", "media": {"payload": "' + "AAAA" * 2_000 + '"}}',
            '{"event": "mark", "mark": {"name": "one"}}',
            '{"event": "media"}',
            '{"event": "clear"}',
        ]
        self.tell(self.listener.opened)
        for number, message in enumerate(messages):
            self.simulation.after(number * 0.4, self.tell, self.listener.received, message)
        self.simulation.after(3.0, self.tell, self.listener.closed, "gone")

    def tell(self, told: Callable[..., None], *what: str) -> None:
        if self.is_open:
            told(self.simulation, *what)

    def send(self, message: Json, awaited: bool = True) -> None:
        assert self.is_open

    def close(self, code: int = 1000) -> None:
        self.is_open = False


class Anywhere(Nowhere):
    """A world outside in which whoever is said to talk, or to listen, does."""

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> Socket:
        if url.endswith("/listens"):
            listening = Listening(simulation, listener)
            simulation.after(0, listening.begin)
            return listening
        if not url.endswith("/talks"):
            return super().connect(simulation, url, headers, listener)
        simulation.after(0, listener.opened, simulation)
        return Chatterbox(simulation, listener)


WRONG = (
    Fault(operation="answer", nth=2, error=errors.TOO_MANY_REQUESTS),
    Fault(operation="*", probability=0.1, error=errors.CALL_ENDED),
)
"""Faults that a world may have in store."""


class Play:
    """A simulation and the steps that can be taken in it; steps are data, so that they can be taken again."""

    keep = 10_000

    def __init__(self, seed: int, limits: str, wrong: tuple[Fault, ...]) -> None:
        self.simulation = Simulation(LIMITS[limits], seed=seed, fits=fits, keep=self.keep, outside=Anywhere())
        world = self.simulation.world
        world.people, world.assistants = [TALKER], {"a": ASSISTANT}
        for fault in wrong:
            faults.add(world, fault)
        self.legs: list[Leg] = []

    def take(self, step: Step) -> None:
        name, *args = step
        getattr(self, name)(*args)

    def leg(self, number: int) -> Leg:
        return self.legs[-1 - number % len(self.legs)]

    def leg_id(self, number: int) -> str:
        return self.leg(number).call_control_id if self.legs and number >= 0 else UNKNOWN

    def command(self, name: str, number: int, body: Json) -> None:
        body = dict(body)
        call_control_id = self.leg_id(number)
        if "participants" in body:
            body["participants"] = [{"id": self.leg_id(other)} for other in body["participants"]]
        if name == "bridge":
            other = self.leg_id(body.pop("call_control_id"))
            body = body if "queue" in body else {**body, "call_control_id": other}
        if name == "ai_assistant_join":
            known, which = list(self.simulation.world.conversations), body["conversation_id"]
            body["conversation_id"] = known[which] if which < len(known) else "none"
            other = body["participant"]
            body["participant"] = {
                "id": call_control_id if other is None else self.leg_id(other),
                "on_hangup": body.pop("on_hangup", "continue_conversation"),
            }
        if self.do(Request(name, body, call_control_id)) and name == "transfer":
            self.legs += [leg for leg in self.simulation.world.legs.values() if leg not in self.legs]

    def confer(self, name: str, conference: str, number: int, body: Json) -> None:
        """A command on a conference and a leg; other than to join, the leg is a member of it as a rule."""
        found = self.simulation.world.conference_names.get(conference)
        inside = list(found.members.values()) if found and number >= 0 else []
        comes = name in ("create_conference", "conference_join")

        def leg_id(number: int) -> str:
            return inside[number % len(inside)].leg.call_control_id if inside else self.leg_id(number)

        body = {**body, "name": conference, "call_control_id": self.leg_id(number) if comes else leg_id(number)}
        for listed in ("call_control_ids", "whisper_call_control_ids"):
            if listed in body:
                body[listed] = [leg_id(other) for other in body[listed]]
        member = inside[0].id if inside else "nobody"
        self.do(Request(name, body, params={"id": conference, "participant_id": member}))

    def dial(self, body: Json) -> None:
        body = {"connection_id": CONNECTION, **body}
        for name in ("link_to", "supervise_call_control_id"):
            if name in body:
                body[name] = self.leg_id(body[name])
        answer = self.do(Request("dial", body))
        if answer:
            leg = self.simulation.world.legs.get(answer["data"]["call_control_id"])
            if leg and leg not in self.legs:  # a repetition may name one that is there, or forgotten
                self.legs.append(leg)

    def do(self, request: Request) -> Json | None:
        before = everything(self.simulation)
        try:
            return execute(self.simulation, request)
        except Refusal:
            if "queue" not in request.body:  # the first of a queue leaves it in vain too
                assert everything(self.simulation) == before, f"{request} was refused and changed something"
            return None

    def ring(self, person: Person) -> None:
        with suppress(Refusal):  # a tight world has room for four calls
            self.legs.append(parties.place_call(self.simulation, CALLER, APP, person))

    def advance(self, time: float) -> None:
        self.simulation.advance(time)

    def wait(self, happens: Happens) -> None:
        cues.add(self.simulation, happens, Incoming(CALLER, APP))

    def person(self, act: Callable[..., None], number: int, *args: Any) -> None:
        act(self.simulation, self.leg(number), *args)


class AnyWorld(RuleBasedStateMachine):
    @initialize(
        seed=st.integers(0, 3),
        limits=st.sampled_from(sorted(LIMITS)),
        wrong=st.sampled_from([(), WRONG]),
    )
    def begin(self, seed: int, limits: str, wrong: tuple[Fault, ...]) -> None:
        self.setting = (seed, limits, wrong)
        self.play = Play(*self.setting)
        self.steps: list[Step] = []
        self.seen = 0
        self.time = 0

    def take(self, *step: Any) -> None:
        self.steps.append(step)
        self.play.take(step)

    @rule(body=dials)
    def dial(self, body: Json) -> None:
        self.take("dial", body)

    @rule(person=anybody)
    def somebody_calls(self, person: Person) -> None:
        self.take("ring", person)

    @rule(command=commands, number=which)
    def send(self, command: tuple[str, Json], number: int) -> None:
        self.take("command", command[0], number, command[1])

    @rule(person=anybody, body=bodies("answer"))
    def somebody_calls_and_is_answered(self, person: Person, body: Json) -> None:
        self.take("ring", person)
        self.take("command", "answer", 0, body)

    @rule(number=which, body=bodies("ai_assistant_start"))
    def an_assistant_starts(self, number: int, body: Json) -> None:
        self.take("command", "ai_assistant_start", number, body)

    @rule(number=which, body=bodies("gather_using_ai"))
    def an_assistant_gathers(self, number: int, body: Json) -> None:
        self.take("command", "gather_using_ai", number, body)

    @rule(number=which, body=bodies("streaming_start"))
    def audio_is_streamed(self, number: int, body: Json) -> None:
        self.take("command", "streaming_start", number, body)

    @rule(number=which, body=bodies("conversation_relay_start"))
    def a_relay_starts(self, number: int, body: Json) -> None:
        self.take("command", "conversation_relay_start", number, body)

    @rule(command=conference_commands, conference=which_conference, number=which)
    def something_is_done_to_a_conference(self, command: tuple[str, Json], conference: str, number: int) -> None:
        self.take("confer", command[0], conference, number, command[1])

    @rule(
        conference=which_conference,
        people=st.lists(anybody, min_size=1, max_size=3),
        body=conference_bodies("create_conference"),
        how=st.lists(conference_bodies("conference_join"), min_size=3, max_size=3),
        then=st.lists(st.tuples(conference_commands, st.integers(0, 2), seconds), max_size=8),
    )
    def some_confer(
        self,
        conference: str,
        people: list[Person],
        body: Json,
        how: list[Json],
        then: list[tuple[tuple[str, Json], int, float]],
    ) -> None:
        for person, joins in zip(people, how, strict=False):
            self.take("ring", person)
            self.take("command", "answer", 0, {})
            self.take("advance", 1.0)
            self.take("confer", "create_conference", conference, 0, body)
            self.take("confer", "conference_join", conference, 0, joins)
        for (command, more), number, time in then:
            self.take("confer", command, conference, number, more)
            self.take("person", conversations.said, number, "Yes.")
            self.take("advance", min(time, 10.0))

    @rule(numbers=st.lists(st.integers(0, 3), max_size=3), body=bodies("enqueue"))
    def some_wait_in_a_queue(self, numbers: list[int], body: Json) -> None:
        for number in numbers:
            self.take("command", "enqueue", number, body)

    @rule(number=which, other=which, more=bodies("bridge"))
    def two_are_bridged(self, number: int, other: int, more: Json) -> None:
        self.take("command", "bridge", number, {**more, "call_control_id": other})

    @rule(person=anybody, to=numbers, other=which, body=bodies("transfer"))
    def a_caller_is_transferred(self, person: Person, to: str, other: int, body: Json) -> None:
        self.take("ring", person)
        self.take("command", "transfer", 0, {**body, "to": to})
        self.take("command", "answer", other, {})

    @rule(time=seconds)
    def time_passes(self, time: float) -> None:
        self.take("advance", time)

    @precondition(lambda self: self.play.legs)
    @rule(number=st.integers(0, 3))
    def somebody_answers(self, number: int) -> None:
        self.take("person", legs.person_answers, number)

    @precondition(lambda self: self.play.legs)
    @rule(number=st.integers(0, 3), outcome=st.sampled_from(["normal", "busy", "decline", "no_answer"]))
    def somebody_hangs_up(self, number: int, outcome: str) -> None:
        self.take("person", legs.person_hangs_up, number, outcome)

    @precondition(lambda self: self.play.legs)
    @rule(number=st.integers(0, 3), text=st.sampled_from(["Hello.", "36", "[1", "yes"]))
    def somebody_says_something(self, number: int, text: str) -> None:
        self.take("person", conversations.said, number, text)

    @precondition(lambda self: self.play.legs)
    @rule(number=st.integers(0, 3), keys=st.sampled_from(["1", "12#", "W3wA"]))
    def somebody_presses_keys(self, number: int, keys: str) -> None:
        self.take("person", digits.person_presses, number, keys)

    @precondition(lambda self: self.play.legs)
    @rule(number=st.integers(0, 3), act=st.sampled_from([holding.person_holds, holding.person_unholds]))
    def somebody_holds_the_call_or_takes_it_back(self, number: int, act: Callable[..., None]) -> None:
        self.take("person", act, number)

    @precondition(lambda self: self.play.legs)
    @rule(number=st.integers(0, 3))
    def somebody_goes_silent(self, number: int) -> None:
        self.take("person", talking.person_goes_silent, number)

    @precondition(lambda self: self.play.legs)
    @rule(number=st.integers(0, 3), more=st.lists(acts, min_size=1, max_size=2))
    def somebody_is_given_more_to_do(self, number: int, more: list[Act]) -> None:
        if self.play.leg(number).is_alive:
            self.take("person", acting.give, number, more)

    @rule(happens=happenings)
    def a_call_waits_for_something(self, happens: Happens) -> None:
        self.take("wait", happens)

    @rule(number=which, supervised=which, body=bodies("switch_supervisor_role"))
    def a_leg_is_supervised(self, number: int, supervised: int, body: Json) -> None:
        self.take("dial", {"to": CALLEE, "from": APP, "supervise_call_control_id": supervised})
        self.take("command", "switch_supervisor_role", number, body)

    @rule(number=which, body=bodies("gather"))
    def keys_are_gathered(self, number: int, body: Json) -> None:
        self.take("command", "gather", number, body)

    @rule(number=which, body=bodies("gather_using_speak"))
    def keys_are_asked_for(self, number: int, body: Json) -> None:
        self.take("command", "gather_using_speak", number, body)

    @invariant()
    def the_log_has_no_gaps_and_its_time_never_decreases(self) -> None:
        for entry in self.play.simulation.log.after(self.seen):
            assert (entry.seq, entry.at >= self.time) == (self.seen + 1, True)
            self.seen, self.time = entry.seq, entry.at
        assert self.time <= self.play.simulation.now

    @invariant()
    def the_timeline_counts_what_is_planned(self) -> None:
        timeline = self.play.simulation.timeline
        plans = [plan for _, _, plan in timeline._heap if not plan.cancelled]
        assert len(timeline) == len(plans)
        assert timeline.anything_near() == any(not plan.backstop for plan in plans)
        assert all(plan.at >= self.play.simulation.now for plan in plans)

    @invariant()
    def a_leg_that_ended_has_no_plans_and_no_conversation(self) -> None:
        for leg in self.play.legs:
            if leg.state == "ended":
                assert (leg.plans, leg.conversation, leg.keys, leg.is_alive) == ({}, None, None, False)
                assert (leg.recordings, leg.transcription, leg.stream) == ((), None, None)

    @invariant()
    def whoever_is_in_a_conversation_is_known_there(self) -> None:
        for leg in self.play.legs:
            assert leg.conversation is None or leg.conversation.member(leg) is not None
        for conversation in self.play.simulation.world.conversations.values():
            assert all(member.leg.conversation is conversation for member in conversation.members)
            assert (conversation.state == "ended") == (not conversation.members)

    @invariant()
    def a_bridge_has_two_ends_and_both_are_up(self) -> None:
        for leg in self.play.legs:
            other = leg.bridged_with
            if other is not None:
                assert (other.bridged_with is leg, other is leg, leg.answered_at is None) == (True, False, False)
            if leg.state == "ended":
                assert (other, leg.meeting, leg.called) == (None, None, None)

    @invariant()
    def whoever_waits_is_known_in_the_queue(self) -> None:
        world = self.play.simulation.world
        assert list(world.queues) == [queue.name for queue in world.queues.values()]
        for name, queue in world.queues.items():
            for place, (call_control_id, waiting) in enumerate(queue.calls.items(), 1):
                leg = waiting.leg
                assert (waiting.queue.name, waiting.position, leg.call_control_id) == (name, place, call_control_id)
                assert (leg.waiting is waiting) == (waiting.until is None) == (leg.state != "ended")
                assert (call_control_id in world.queued_beyond_end) == (leg.state == "ended")
        for leg in self.play.legs:
            assert leg.waiting is None or leg.waiting.queue.calls[leg.call_control_id] is leg.waiting
            assert leg.waiting is None or leg.bridged_with is None

    @invariant()
    def whoever_is_in_a_conference_is_known_there_and_nowhere_else(self) -> None:
        world = self.play.simulation.world
        for conference in world.conferences.values():
            for call_control_id, member in conference.members.items():
                assert (member.conference, member.leg.participation) == (conference, member)
                assert (member.leg.call_control_id, member.state != "left") == (call_control_id, True)
            assert (conference.state == "completed") == (not conference.members)
            if conference.state == "completed":
                assert (conference.recordings, conference.channel) == ((), None)
        for leg in self.play.legs:
            if leg.participation is not None:
                assert leg.participation.conference.members[leg.call_control_id] is leg.participation
                assert (leg.bridged_with, leg.waiting, leg.state == "ended") == (None, None, False)

    @invariant()
    def whoever_supervises_is_known_to_the_supervised_leg(self) -> None:
        for leg in self.play.legs:
            assert leg.supervises is None or leg in leg.supervises.supervisors
            assert all(supervisor.supervises is leg for supervisor in leg.supervisors)
            if leg.state == "ended":
                assert (leg.supervises, leg.supervisors) == (None, ())

    @invariant()
    def hold_and_unhold_take_turns(self) -> None:
        acts = Counter((entry.call_control_id, entry.name) for entry in self.play.simulation.log.entries)
        for leg in self.play.legs:
            held, taken_back = (acts[leg.call_control_id, f"call.{name}"] for name in ("hold", "unhold"))
            assert held - taken_back == leg.on_hold

    @invariant()
    def no_more_is_kept_than_was_said(self) -> None:
        world = self.play.simulation.world
        assert len(world.ended) <= world.settings.ended_legs
        assert len(world.command_ids) <= world.settings.command_ids
        assert len(world.recordings) <= world.settings.ended_legs
        assert len(world.queued_beyond_end) <= world.settings.ended_legs
        assert len(world.queues) <= world.settings.queues
        assert len(world.ended_conferences) <= world.settings.ended_legs
        assert len(world.past_participants) <= world.settings.ended_legs
        assert len(world.conferences) - len(world.ended_conferences) <= world.live_legs
        assert {conference.name for conference in world.conferences.values()} == set(world.conference_names)
        assert world.live_legs == sum(leg.state != "ended" for leg in world.legs.values()) >= 0

    def teardown(self) -> None:
        for number in range(len(self.play.legs)):
            if self.play.leg(number).direction == "incoming":  # only its caller ends an answered incoming call
                self.take("person", legs.person_hangs_up, number)
        self.take("advance", 20_000.0)
        self.the_log_has_no_gaps_and_its_time_never_decreases()
        told = list(self.play.simulation.log.entries)
        for entry in told:
            if entry.kind == "webhook":
                assert SPECS.webhook_errors(entry.name, {"data": entry.data, "meta": META}) == []
        told_of: dict[str | None, list[str]] = {}
        for entry in told:
            if entry.kind == "webhook":
                told_of.setdefault(entry.call_control_id, []).append(entry.name)
        for leg in self.play.legs:
            names = told_of[leg.call_control_id]
            assert names[0] == "call.initiated"
            assert Counter(names)["call.initiated"] == Counter(names)["call.hangup"] == 1
            assert Counter(names)["call.answered"] <= 1
            assert Counter(names)["call.cost"] == self.play.simulation.world.settings.call_cost
            assert "call.bridged" not in names or "call.answered" in names[: names.index("call.bridged")]
            assert set(names[names.index("call.hangup") + 1 :]) <= TRAILERS
        assert len(self.play.simulation.timeline) == 0
        streams = Counter(
            (entry.name, entry.data["payload"]["stream_id"])
            for entry in told
            if entry.kind == "webhook" and entry.name.startswith("streaming.")
        )
        for name, stream_id in streams:
            once = {"streaming.started", "streaming.stopped"} if name != "streaming.failed" else {name}
            assert [streams[each, stream_id] for each in once] == [1] * len(once)
        spans.check(told)
        self.every_conference_began_and_ended_once(told)
        ends = Counter(
            entry.data["payload"]["conversation_id"] for entry in told if entry.name == "call.conversation.ended"
        )
        assert set(ends.values()) <= {1}
        assert set(self.play.simulation.world.conversations) <= set(ends)
        again = type(self.play)(*self.setting)
        for step in self.steps:
            again.take(step)
        assert repr(list(again.simulation.log.entries)).encode() == repr(told).encode()

    def every_conference_began_and_ended_once(self, told: list[Entry]) -> None:
        ids = "conference_id", "call_control_id"
        for begins, ends, key in (
            ("conference.created", "conference.ended", ids[:1]),
            ("conference.participant.joined", "conference.participant.left", ids),
        ):
            counted = [
                Counter(tuple(entry.data["payload"][name] for name in key) for entry in told if entry.name == event)
                for event in (begins, ends)
            ]
            assert counted[0] == counted[1]
            assert key == ids or set(counted[0].values()) <= {1}
        assert all(conference.state == "completed" for conference in self.play.simulation.world.conferences.values())


def test_whatever_happens_the_world_stays_sound_and_can_be_played_again() -> None:
    run_state_machine_as_test(AnyWorld, settings=settings(max_examples=80, stateful_step_count=30, deadline=None))


@given(st.lists(seconds, max_size=8), st.integers(0, 3))
@settings(max_examples=40, deadline=None)
def test_it_does_not_matter_in_how_many_steps_time_passes(steps: list[float], seed: int) -> None:
    logs = []
    for pauses in (steps, [sum(steps)]):
        play = Play(seed, "wide", ())
        for body in ({"to": CALLEE, "from": APP, "assistant": {"id": "a"}}, {"to": "+12025550009", "from": APP}):
            play.dial(body)
        play.ring(Person(gives_up_after=3.0))
        for pause in pauses:
            play.advance(pause)
        logs.append(repr(list(play.simulation.log.entries)))
    assert logs[0] == logs[1]


def test_another_seed_tells_the_same_story_with_other_ids() -> None:
    first, second = Play(0, "wide", ()), Play(1, "wide", ())
    for play in (first, second):
        play.dial({"to": CALLEE, "from": APP})
        play.advance(10)
    one, other = ([(entry.at, entry.name) for entry in play.simulation.log.entries] for play in (first, second))
    assert one == other
    assert first.legs[0].call_control_id != second.legs[0].call_control_id
