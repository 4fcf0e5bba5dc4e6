"""The whole world at once: whatever commands, people and time do, some things always hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from dataclasses import fields, is_dataclass
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
from mockserver.sim import conversations, digits, errors, legs, parties
from mockserver.sim.commands import COMMANDS, Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import MAGIC_NUMBERS, Assistant, Injected, Person, Turn
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg, Settings
from tests.sim.telling import APP, CALLEE, CALLER, CONNECTION, UNKNOWN, fits

TRAILERS = {
    "call.conversation.ended",
    "call.conversation_insights.generated",
    "call.recording.saved",
    "call.recording.transcription.saved",
}
"""What may follow the `call.hangup` of a leg."""

SPECS = Contract(Path(__file__).parent.parent.parent / "specs" / "openapi.yaml")
META = {"attempt": 1, "delivered_to": "https://app.example/"}

Step = tuple[Any, ...]

TALKER = Person("*9", "Talker", says=("36", "Hello.", "Bye."), hangs_up_when_done=True)
ASSISTANT = Assistant(id="a", greeting="Hi.", turns=(Turn("Six.", hears="hello"), Turn("Yes?")), time_limit_secs=90.0)

LIMITS = {
    "wide": Settings(),
    "tight": Settings(ended_legs=2, live_legs=4, command_ids=2, loop_guard=3),
}

numbers = st.sampled_from(
    [CALLEE, CALLER, "+12025550009", "sip:a@b.example", "555", *(p.number for p in MAGIC_NUMBERS)]
)
seconds = st.sampled_from([0.0, 0.1, 0.15, 0.3, 0.4, 0.8, 1.0, 2.0, 3.7, 10.0, 31.0, 61.0, 601.0])
anybody = st.builds(
    Person,
    hangs_up_after=st.sampled_from([None, 0.0, 1.0, 20.0]),
    gives_up_after=st.sampled_from([None, 0.0, 0.2, 5.0]),
    says=st.sampled_from([(), ("36",), ("Hello.", "36")]),
    answers=st.sampled_from([{}, {"age": ("x", 36)}, {"age": (None,)}]),
    presses=st.sampled_from([(), ("1",), ("A", "12#", "w", "3")]),
    silent=st.booleans(),
    hangs_up_when_done=st.booleans(),
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
}
which_recording = {"recording_id": st.just("0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61")}
transcription_fields = {
    "transcription_tracks": st.sampled_from(["inbound", "outbound", "both"]),
    "transcription_engine_config": st.just({"transcription_engine": "Google", "interim_results": True}),
}
from_answer = {
    "record": st.just("record-from-answer"),
    "record_max_length": st.sampled_from([0, 3]),
    "transcription": st.booleans(),
}

BODIES: dict[str, dict[str, st.SearchStrategy[Any]]] = {
    "bridge": {
        "call_control_id": which,
        "park_after_unbridge": st.just("self"),
        "hold_after_unbridge": st.booleans(),
        "prevent_double_bridge": st.booleans(),
    },
    "transfer": {
        "to": numbers,
        "from": st.sampled_from([APP, "desk"]),
        "target_leg_client_state": st.sampled_from(["Qg==", "bad"]),
        "park_after_unbridge": st.just("self"),
        "timeout_secs": st.just(5),
        "time_limit_secs": st.just(30),
        "webhook_url": st.just("https://c.example/"),
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
    "speak": {"payload": st.sampled_from(["Hello.", "", "x" * 200]), "loop": loops, "stop": stops},
    "playback_start": {
        "audio_url": st.just("https://media.example/a.mp3"),
        "media_name": st.just("a"),
        "overlay": st.booleans(),
        "loop": loops,
        "stop": stops,
    },
    "fork_start": {"rx": st.just("udp:192.0.2.1:1"), "tx": st.just("udp:192.0.2.1:2")},
    "siprec_start": {"session_timeout_secs": st.sampled_from([0, 1, 90])},
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
    "transfer": {"to"},
    "refer": {"sip_address"},
    "send_sip_info": {"content_type", "body"},
    "speak": {"payload"},
    "send_dtmf": {"digits"},
    "gather_using_speak": {"payload"},
    "reject": {"cause"},
    "record_start": {"format", "channels"},
    "ai_assistant_join": {"conversation_id", "participant"},
    "gather_using_ai": {"parameters"},
}
ON_LEGS = sorted(set(COMMANDS) - {"dial", "list_active_calls"})


def bodies(name: str) -> st.SearchStrategy[Json]:
    """Bodies of a command, valid by the specification."""
    known = {**common, **BODIES.get(name, {})}
    needed = {key: value for key, value in known.items() if key in REQUIRED.get(name, ())}
    return st.fixed_dictionaries(needed, optional={key: value for key, value in known.items() if key not in needed})


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
        "timeout_secs": st.sampled_from([5, 40]),
        "time_limit_secs": st.just(30),
        "retry_on_timeout": st.booleans(),
        **from_answer,
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
        names = [field.name for field in fields(value) if field.name != "commands_seen"]
        return type(value).__name__, [(name, picture(getattr(value, name), seen)) for name in names]
    if isinstance(value, dict):
        return [(picture(key, seen), picture(item, seen)) for key, item in value.items()]
    if hasattr(value, "__iter__"):
        return [picture(item, seen) for item in value]
    return value.__qualname__, picture(getattr(value, "__self__", None), seen)


def everything(simulation: Simulation) -> Any:
    """The whole state of a simulation but its log and the counters of its commands."""
    heap = sorted((at, number, plan) for at, number, plan in simulation.timeline._heap if not plan.cancelled)
    return picture([simulation.now, simulation.world, heap, simulation.ids.random], {})


class Play:
    """A simulation and the steps that can be taken in it; steps are data, so that they can be taken again."""

    def __init__(self, seed: int, limits: str, injected: tuple[Injected, ...]) -> None:
        self.simulation = Simulation(LIMITS[limits], seed=seed, fits=fits)
        world = self.simulation.world
        world.people, world.assistants, world.injected = [TALKER], {"a": ASSISTANT}, list(injected)
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
            body["call_control_id"] = self.leg_id(body["call_control_id"])
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

    def dial(self, body: Json) -> None:
        body = {"connection_id": CONNECTION, **body}
        if "link_to" in body:
            body["link_to"] = self.leg_id(body["link_to"])
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
            assert everything(self.simulation) == before, f"{request} was refused and changed something"
            return None

    def ring(self, person: Person) -> None:
        with suppress(Refusal):  # a tight world has room for four calls
            self.legs.append(parties.place_call(self.simulation, CALLER, APP, person))

    def advance(self, time: float) -> None:
        self.simulation.advance(time)

    def person(self, act: Callable[..., None], number: int, *args: Any) -> None:
        act(self.simulation, self.leg(number), *args)


class AnyWorld(RuleBasedStateMachine):
    @initialize(
        seed=st.integers(0, 3),
        limits=st.sampled_from(sorted(LIMITS)),
        injected=st.sampled_from([(), (Injected("answer", 2, errors.TOO_MANY_REQUESTS),)]),
    )
    def begin(self, seed: int, limits: str, injected: tuple[Injected, ...]) -> None:
        self.setting = (seed, limits, injected)
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
                assert (leg.recordings, leg.transcription) == ((), None)

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
    def no_more_is_kept_than_was_said(self) -> None:
        world = self.play.simulation.world
        assert len(world.ended) <= world.settings.ended_legs
        assert len(world.command_ids) <= world.settings.command_ids
        assert len(world.recordings) <= world.settings.ended_legs
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
        for leg in self.play.legs:
            names = [
                entry.name for entry in told if entry.kind == "webhook" and entry.call_control_id == leg.call_control_id
            ]
            assert names[0] == "call.initiated"
            assert Counter(names)["call.initiated"] == Counter(names)["call.hangup"] == 1
            assert Counter(names)["call.answered"] <= 1
            assert "call.bridged" not in names or "call.answered" in names[: names.index("call.bridged")]
            assert set(names[names.index("call.hangup") + 1 :]) <= TRAILERS
        assert len(self.play.simulation.timeline) == 0
        ends = Counter(
            entry.data["payload"]["conversation_id"] for entry in told if entry.name == "call.conversation.ended"
        )
        assert set(ends.values()) <= {1}
        assert set(self.play.simulation.world.conversations) <= set(ends)
        again = Play(*self.setting)
        for step in self.steps:
            again.take(step)
        assert repr(list(again.simulation.log.entries)).encode() == repr(told).encode()


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
