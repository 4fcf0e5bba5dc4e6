"""conversation_relay_start: the application's WebSocket talks with whoever is on the leg."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from mockserver.sim import conversations, digits, legs, voices
from mockserver.sim.audio_files import Said
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.events import Json
from mockserver.sim.outside import Ask, Listener, Socket, Then
from mockserver.sim.people import Assistant, Person
from mockserver.sim.relay_frames import LONGEST_TURN
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.telling import APP, CALLEE, CALLER, Row, code, dial, do, events, names, new, ring, story, talk

URL = "wss://shop.example/relay"
Frames = list[tuple[str, str, Any]]
MAIN = {"prompt": "voicePrompt", "dtmf": "digit", "error": "description", "interrupt": "utteranceUntilInterrupt"}


def nothing(frame: Json) -> list[Json]:
    return []


def says(text: str, **more: Any) -> Json:
    return {"type": "text", "token": text, "last": True, **more}


class Application:
    """The application at the other end of the WebSocket: it keeps what it is sent, and sends what `answer` says."""

    def __init__(self, answer: Callable[[Json], list[Json]] = nothing, problem: str = "") -> None:
        self.answer, self.problem = answer, problem
        self.sent: list[tuple[int, Json]] = []
        self.url = ""
        self.is_open = False
        self.simulation: Simulation
        self.listener: Listener

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        raise AssertionError(wanted)

    def connect(self, simulation: Simulation, url: str, headers: Mapping[str, str], listener: Listener) -> Socket:
        self.simulation, self.url, self.listener = simulation, url, listener
        if self.problem:
            simulation.after(0, listener.closed, simulation, self.problem)
        else:
            self.is_open = True
            simulation.after(0, listener.opened, simulation)
        return self

    def send(self, message: Json, awaited: bool = True) -> None:
        assert awaited
        self.sent.append((self.simulation.now, message))
        for frame in self.answer(message):
            self.simulation.after(0, self.says, frame)

    def close(self, code: int = 1000) -> None:
        self.is_open = False

    def says(self, *frames: Json | str) -> None:
        """Send frames now."""
        for frame in frames:
            message = frame if isinstance(frame, str) else json.dumps(frame)
            self.listener.received(self.simulation, message)

    @property
    def frames(self) -> Frames:
        """What came after `setup`: when, which type, and the one thing that it tells; `...` behind a part."""
        return [
            (
                f"{(at - EPOCH) / SECOND:.3f}",
                frame["type"],
                frame[MAIN[frame["type"]]] + ("" if frame.get("last", True) else " ..."),
            )
            for at, frame in self.sent
            if frame["type"] != "setup"
        ]


def on(application: Application, *known: Person, **settings: Any) -> Simulation:
    """A simulation whose WebSockets lead to an application."""
    simulation = new(*known, **settings)
    simulation.outside = application
    return simulation


def relay(
    application: Application, person: Person | None = None, seconds: float = 60.0, **body: Any
) -> tuple[Simulation, Leg, list[Row]]:
    """A relay on a new incoming call, and what happened since the command for it."""
    simulation = on(application)
    leg = talk(simulation, person)
    begun = simulation.log.last_seq
    do(simulation, "conversation_relay_start", leg, **{"url": URL, **body})
    simulation.advance(seconds)
    return simulation, leg, story(simulation, begun)


def ended(simulation: Simulation) -> Json:
    (payload,) = events(simulation, "call.conversation.ended")
    return payload


# How it goes


def test_a_person_and_an_application_talk_until_the_application_ends_it() -> None:
    def answer(frame: Json) -> list[Json]:
        if frame["type"] != "prompt" or not frame["last"]:
            return []
        if frame["voicePrompt"] == "Goodbye.":
            return [says("Bye."), {"type": "end", "handoffData": "{}"}]
        return [{"type": "text", "token": "For "}, {"type": "text", "token": "two?", "last": True}]

    application = Application(answer)
    simulation, leg, rows = relay(application, Person(says=("A table, please.", "Goodbye.")), greeting="Hello.")
    assert rows == [
        ("0.400", "app", "conversation_relay_start"),
        ("1.200", "assistant", "Hello."),
        ("3.652", "person", "says A table, please."),
        ("3.652", "assistant", "For two?"),
        ("5.708", "person", "says Goodbye."),
        ("5.708", "assistant", "Bye."),
        ("6.022", "telnyx", "call.conversation.ended"),
    ]
    assert application.frames == [
        ("2.662", "prompt", "A ..."),
        ("3.652", "prompt", "A table, please."),
        ("5.708", "prompt", "Goodbye."),
    ]
    assert (leg.state, leg.conversation, application.is_open) == ("answered", None, False)
    simulation.advance(10)
    assert names(simulation)[-1] == "call.conversation.ended"


def test_the_first_frame_tells_who_calls_whom() -> None:
    application = Application()
    simulation = on(application)
    leg = ring(simulation, from_display_name="Ada")
    do(simulation, "answer", leg)
    data = do(
        simulation,
        "conversation_relay_start",
        leg,
        url=URL,
        custom_parameters={"shop": {"id": 7}, "name": "Ada"},
        assistant={"dynamic_variables": {"name": "nobody", "table": "2"}},
    )
    simulation.advance(2)
    _, setup = application.sent[0]
    assert setup == {
        "type": "setup",
        "sessionId": data["conversation_relay_id"],
        "accountSid": setup["accountSid"],
        "callSid": leg.call_control_id,
        "callControlId": leg.call_control_id,
        "callSessionId": leg.call_session_id,
        "callLegId": leg.call_leg_id,
        "from": CALLER,
        "to": APP,
        "direction": "inbound",
        "callerName": "Ada",
        "callStatus": "active",
        "customParameters": {"name": "Ada", "table": "2", "shop": {"id": 7}},
    }


def test_the_webhook_at_the_end_says_what_heard_and_spoke() -> None:
    simulation, leg, _ = relay(
        Application(), transcription_engine="Deepgram", transcription_engine_config={"transcription_model": "nova"}
    )
    do(simulation, "conversation_relay_stop", leg, client_state="QQ==")
    simulation.advance(1)
    payload = ended(simulation)
    assert {key: payload[key] for key in ("assistant_id", "llm_model", "reason", "duration_sec")} == {
        "assistant_id": "",
        "llm_model": "",
        "reason": None,
        "duration_sec": 60,
    }
    assert (payload["stt_model"], payload["client_state"]) == ("nova", "QQ==")
    assert [payload[f"tts_{name}"] for name in ("provider", "model_id", "voice_id")] == ["telnyx", "KokoroTTS", "af"]


def test_tokens_are_one_turn_until_the_last_one_and_turns_wait_for_each_other() -> None:
    application = Application()
    simulation, _, _ = relay(application, seconds=2)
    application.says({"type": "text", "token": "One "}, says("two."), says("Three."))
    simulation.advance(5)
    assert story(simulation)[-2:] == [("2.400", "assistant", "One two."), ("2.928", "assistant", "Three.")]


def test_a_turn_of_nothing_leaves_it_to_the_person() -> None:
    application = Application(lambda frame: [says(" ")] if frame["type"] == "prompt" else [])
    _, _, rows = relay(application, Person(says=("a", "b")), greeting="Hi.")
    assert [what for _, who, what in rows if who == "person"] == ["says a", "says b"]
    assert rows[-1][0] == "3.530"


def test_the_person_waits_for_the_first_word_and_for_an_answer_then_goes_on() -> None:
    application = Application()
    _, leg, rows = relay(application, Person(says=("Hello?", "Is anybody there?"), hangs_up_when_done=True))
    assert rows[1:] == [
        ("10.596", "person", "says Hello?"),
        ("20.718", "person", "says Is anybody there?"),
        ("29.718", "person", "hangs_up normal"),
        ("29.718", "telnyx", "call.hangup normal_clearing caller 200"),
        ("29.768", "telnyx", "call.conversation.ended"),
    ]
    assert leg.state == "ended"


def test_while_the_person_waits_nothing_is_near() -> None:
    application = Application()
    simulation, leg, _ = relay(application, Person(says=("Hello.", "Bye.")), seconds=1)
    assert not simulation.timeline.anything_near()
    conversations.said(simulation, leg, "Hello.")
    assert not simulation.timeline.anything_near()
    application.says({"type": "text", "token": "Well, "})
    assert not simulation.timeline.anything_near()
    application.says(says("hello."))
    assert simulation.timeline.anything_near()


def test_a_turn_that_has_begun_is_waited_for() -> None:
    application = Application()
    simulation, _, _ = relay(application, Person(says=("Yes.",)), seconds=1)
    application.says(says("One."), {"type": "text", "token": "Two"})
    simulation.advance(1)
    assert not simulation.timeline.anything_near()
    simulation.advance(20)
    assert story(simulation)[-1] == ("10.928", "person", "says Yes.")


def test_whoever_is_spoken_to_falls_silent_and_says_it_again() -> None:
    application = Application()
    simulation, _, _ = relay(application, Person(says=("I want to go.",)), greeting="Hi.", seconds=2.5)
    application.says(says("And?"))
    simulation.advance(10)
    assert application.frames == [
        ("2.794", "prompt", "I want ..."),
        ("4.560", "prompt", "I want ..."),
        ("5.022", "prompt", "I want to go."),
    ]
    assert [row for row in story(simulation) if row[1] == "person"][-1][2] == "says I want to go."


# Cutting the voice short


def test_a_relay_without_a_url_is_refused() -> None:
    simulation = new()
    leg = talk(simulation)
    assert code(simulation, "conversation_relay_start", leg) == "10004"
    assert code(simulation, "conversation_relay_start", leg, url="", conversation_relay_settings={"url": ""}) == "10004"
    assert leg.conversation is None


@pytest.mark.parametrize(
    ("settings", "by_greeting", "by_turn"),
    [
        ({}, "both", "both"),
        ({"interruptible": "none"}, "both", "none"),
        ({"interruptible_greeting": "dtmf"}, "dtmf", "both"),
        ({"interruption_settings": {"interruptible": "speech"}}, "both", "speech"),
        ({"interruption_settings": {"interruptible_greeting": "none"}}, "none", "both"),
        ({"interruption_settings": {"welcome_greeting_interruptible": "none"}}, "none", "both"),
        ({"interruption_settings": {"enable": False}}, "none", "none"),
        ({"interruption_settings": {"enable": False, "interruptible": "any"}}, "none", "both"),
        ({"interruption_settings": {"interruptible": "none"}, "interruptible": "speech"}, "both", "speech"),
        ({"conversation_relay_settings": {"url": "ws://x", "interruptible": "none"}}, "both", "none"),
        ({"conversation_relay_settings": {"url": "ws://x", "interruptible_greeting": "speech"}}, "speech", "both"),
    ],
)
def test_what_cuts_the_voice_is_said_in_the_command(settings: Json, by_greeting: str, by_turn: str) -> None:
    assert _what_cuts(settings, in_greeting=True) == by_greeting
    assert _what_cuts(settings, in_greeting=False) == by_turn


def _what_cuts(settings: Json, in_greeting: bool) -> str:
    found = set[str]()
    for by in ("speech", "dtmf"):
        application = Application()
        words = "One two three four."
        greeting = words if in_greeting else ""
        simulation, leg, _ = relay(application, seconds=1, dtmf_detection=True, greeting=greeting, **settings)
        if not in_greeting:
            application.says(says(words))
        simulation.advance(0.5)
        if by == "speech":
            conversations.said(simulation, leg, "Stop.")
        else:
            digits.person_presses(simulation, leg, "1")
        if "interrupt" in [frame["type"] for _, frame in application.sent]:
            found.add(by)
    return "both" if len(found) == 2 else "".join(found) or "none"


def test_whoever_speaks_over_the_voice_cuts_it_and_what_waits() -> None:
    application = Application()
    simulation, leg, _ = relay(application, greeting="Welcome to the Corner Bakery.", seconds=1.8)
    do(simulation, "transcription_start", leg, transcription_tracks="outbound")
    application.says(says("Never said."), {"type": "text", "token": "nor this"})
    conversations.said(simulation, leg, "A table.")
    simulation.advance(20)
    assert application.frames == [
        ("2.200", "interrupt", "Welcome to the"),
        ("2.200", "prompt", "A ..."),
        ("2.200", "prompt", "A table."),
    ]
    assert application.sent[1][1]["durationUntilInterruptMs"] == 1000
    assert events(simulation, "call.transcription")[0]["transcription_data"]["transcript"] == "Welcome to the"
    application.says(says("Good."))
    assert story(simulation)[-1][2] == "Good."


def test_what_is_said_over_a_voice_that_goes_on_is_heard_and_answered_in_turn() -> None:
    application = Application()
    talker = Person(says=("Later.",))
    simulation, leg, _ = relay(application, talker, 1.0, greeting="Welcome.", interruptible_greeting="none")
    conversations.said(simulation, leg, "Hello.")
    simulation.advance(1)
    assert application.frames == [("1.400", "prompt", "Hello.")]
    assert not simulation.timeline.anything_near()
    application.says(says("Yes?"))
    simulation.advance(5)
    assert story(simulation)[-2:] == [("2.400", "assistant", "Yes?"), ("4.060", "person", "says Later.")]


def test_a_key_is_told_and_cuts_the_voice_before_that() -> None:
    application = Application()
    simulation, leg, _ = relay(application, greeting="Press a key.", dtmf_detection=True, seconds=1.3)
    digits.person_presses(simulation, leg, "1#")
    simulation.advance(1)
    assert application.frames == [
        ("1.700", "interrupt", "Press a"),
        ("1.700", "dtmf", "1"),
        ("1.950", "dtmf", "#"),
    ]
    assert names(simulation).count("call.dtmf.received") == 2
    assert not simulation.timeline.anything_near()


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ({}, False),
        ({"dtmf_detection": False, "conversation_relay_dtmf_detection": True}, False),
        ({"conversation_relay_dtmf_detection": True}, True),
        ({"conversation_relay_settings": {"url": "ws://x", "dtmf_detection": True}}, True),
    ],
)
def test_keys_are_told_where_they_are_wanted(body: Json, told: bool) -> None:
    application = Application()
    simulation, leg, _ = relay(application, seconds=1, **body)
    digits.person_presses(simulation, leg, "7")
    assert application.frames == ([("1.400", "dtmf", "7")] if told else [])


def test_a_key_before_the_connection_and_one_to_an_assistant_are_not_told() -> None:
    application = Application()
    simulation, leg, _ = relay(application, seconds=0, dtmf_detection=True)
    digits.person_presses(simulation, leg, "1")
    simulation.advance(1)
    assert application.frames == []
    assert code(simulation, "conversation_relay_stop", leg) == "ok"
    do(simulation, "ai_assistant_start", leg)
    digits.person_presses(simulation, leg, "2")
    do(simulation, "ai_assistant_stop", leg)
    do(simulation, "gather_using_ai", leg, parameters={"properties": {"a": {}}})
    digits.person_presses(simulation, leg, "3")
    assert names(simulation).count("call.dtmf.received") == 3


@pytest.mark.parametrize(
    ("frame", "cut"), [({"interruptible": False}, False), ({"interruptible": "dtmf"}, False), ({}, True)]
)
def test_a_frame_may_say_what_cuts_it(frame: Json, cut: bool) -> None:
    application = Application()
    simulation, leg, _ = relay(application, seconds=1)
    application.says({"type": "play", "source": "https://media.example/a.mp3", **frame})
    simulation.advance(2)
    conversations.said(simulation, leg, "Stop.")
    assert application.frames == [
        *([("3.400", "interrupt", "")] if cut else []),
        ("3.400", "prompt", "Stop."),
    ]


def test_what_is_preemptible_makes_way_for_what_comes_next() -> None:
    application = Application()
    simulation, _, _ = relay(application, seconds=1)
    application.says(says("One moment, please.", preemptible=True))
    simulation.advance(0.5)
    application.says(says("Ready.", preemptible=True), says("No."), says("Four.", preemptible=True), says("Five."))
    simulation.advance(5)
    assert [what for _, who, what in story(simulation) if who == "assistant"] == [
        "One moment, please.",
        "Ready.",
        "No.",
        "Five.",
    ]


# Other frames


def test_a_file_is_played_between_turns_without_webhooks() -> None:
    application = Application()
    simulation, _, _ = relay(application, seconds=1)
    simulation.world.audio = [Said("https://media.example/a.mp3", seconds=2.0)]
    application.says(says("Hear."), {"type": "play", "source": "https://media.example/a.mp3", "loop": 2}, says("So."))
    simulation.advance(10)
    assert story(simulation)[-3:] == [
        ("1.400", "assistant", "Hear."),
        ("1.730", "person", "hears_audio"),
        ("5.730", "assistant", "So."),
    ]


def test_a_file_that_cannot_be_had_is_an_error() -> None:
    application = Application()
    simulation, _, _ = relay(application, seconds=1)
    simulation.world.audio = [Said("https://media.example/*", problem="not_found")]
    application.says({"type": "play", "source": "https://media.example/a.mp3"}, says("So."))
    simulation.advance(1)
    ((_, kind, description),) = application.frames
    assert (kind, description.startswith("Play failed: ")) == ("error", True)
    assert story(simulation)[-1] == ("1.400", "assistant", "So.")


def test_keys_reach_the_person() -> None:
    application = Application()
    simulation, _, _ = relay(application, seconds=1)
    application.says({"type": "sendDigits", "digits": "12w#"})
    entry = simulation.log.entries[-1]
    assert (entry.kind, entry.name, entry.data) == ("person", "hears_digits", {"digits": "12w#"})


def test_the_language_of_prompts_can_be_changed() -> None:
    application = Application()
    simulation, leg, _ = relay(application, seconds=1, language="de")
    for frame in ({"ttsLanguage": "fr"}, {"transcriptionLanguage": "es"}):
        conversations.said(simulation, leg, "Si.")
        application.says({"type": "language", **frame})
    conversations.said(simulation, leg, "Si.")
    assert [frame["lang"] for _, frame in application.sent[1:]] == ["de", "de", "es"]


@pytest.mark.parametrize(
    ("message", "description"),
    [
        ("{", "not JSON"),
        ("[" * 100_000, "not JSON"),
        ("[]", "not an object"),
        ("{}", "missing required field: type"),
        ('{"type": "foo"}', "unknown type: foo"),
        ('{"type": ["text"]}', "unknown type: ['text']"),
        ('{"type": "text", "last": true}', "missing required field: token"),
        ('{"type": "text", "token": 1}', "invalid value of field: token"),
        ('{"type": "text", "token": "a", "last": "yes"}', "invalid value of field: last"),
        ('{"type": "text", "token": "a", "interruptible": "often"}', "invalid value of field: interruptible"),
        ('{"type": "play"}', "missing required field: source"),
        ('{"type": "play", "source": ""}', "invalid value of field: source"),
        ('{"type": "play", "source": "a", "loop": true}', "invalid value of field: loop"),
        ('{"type": "play", "source": "a", "loop": 0}', "invalid value of field: loop"),
        ('{"type": "play", "source": "a", "preemptible": 1}', "invalid value of field: preemptible"),
        ('{"type": "sendDigits", "digits": "1x"}', "invalid value of field: digits"),
        ('{"type": "language"}', "missing required field: ttsLanguage or transcriptionLanguage"),
        ('{"type": "end", "handoffData": {}}', "invalid value of field: handoffData"),
    ],
)
def test_a_frame_that_is_none_is_answered_and_changes_nothing(message: str, description: str) -> None:
    application = Application()
    simulation, leg, _ = relay(application, seconds=1)
    application.says(message)
    assert application.frames == [("1.400", "error", f"Invalid message: {description}")]
    assert simulation.log.entries[-1].kind == "warning"
    assert leg.conversation is not None
    assert not simulation.timeline.anything_near()


def test_ten_invalid_frames_in_a_row_are_the_end() -> None:
    application = Application()
    simulation, leg, _ = relay(application, seconds=1)
    application.says(*["?"] * 9, {"type": "text", "token": ""}, *["?"] * 9)
    assert names(simulation)[-1] == "call.answered"
    application.says("?", "?")
    simulation.advance(1)
    assert len(application.frames) == 19
    assert (leg.conversation, application.is_open, ended(simulation)["reason"]) == (None, False, None)


def test_a_turn_has_an_end_and_so_has_what_waits() -> None:
    application = Application()
    relay(application, seconds=1)
    application.says({"type": "text", "token": "x" * LONGEST_TURN}, {"type": "text", "token": "y"})
    assert application.frames == [("1.400", "error", "Invalid message: the turn is too long")]
    application.says(
        says(""), *[says("One.", interruptible=False)] * 1_001, {"type": "play", "source": "https://a.example"}
    )
    assert application.frames[1:] == [("1.400", "error", "Invalid message: too much waits to be said")]


# The end


def test_an_application_that_goes_ends_it() -> None:
    application = Application()
    simulation, leg, _ = relay(application, greeting="Welcome.", seconds=1)
    application.listener.closed(simulation, "the application closed the connection with code 1000")
    simulation.advance(10)
    assert story(simulation)[-1] == ("1.450", "telnyx", "call.conversation.ended customer_disconnect")
    assert leg.state == "answered"
    application.listener.closed(simulation, "again")
    application.says(says("Is there anybody?"))
    assert names(simulation).count("call.conversation.ended") == 1


def test_a_connection_that_cannot_be_made_ends_it_and_says_why_to_the_user() -> None:
    application = Application(problem="connection refused")
    simulation, leg, rows = relay(application)
    assert rows == [
        ("0.400", "app", "conversation_relay_start"),
        ("1.200", "warning", "conversation relay"),
        ("1.250", "telnyx", "call.conversation.ended customer_disconnect"),
    ]
    (warning,) = [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"]
    assert warning == f"no connection to {URL}: connection refused"
    assert code(simulation, "conversation_relay_start", leg, url=URL) == "ok"


def test_a_connection_that_is_made_too_late_is_nothing() -> None:
    application = Application()
    simulation, leg, _ = relay(application, seconds=1)
    application.listener.opened(simulation)
    assert len(application.sent) == 1
    do(simulation, "conversation_relay_stop", leg)
    application.listener.opened(simulation)
    assert len(application.sent) == 1


def test_a_relay_is_stopped_before_its_connection_is_made() -> None:
    application = Application()
    simulation, leg, _ = relay(application, seconds=0.5)
    do(simulation, "conversation_relay_stop", leg)
    simulation.advance(5)
    assert (application.url, ended(simulation)["reason"]) == ("", None)


def test_what_is_still_to_be_said_is_said_before_the_end() -> None:
    application = Application()
    simulation, leg, _ = relay(application, Person(says=("Wait.",)), seconds=1)
    application.says(says("Bye."), says("Bye bye."), {"type": "end"}, says("Never."))
    application.listener.closed(simulation, "closed")
    simulation.advance(5)
    assert story(simulation)[-3:] == [
        ("1.400", "assistant", "Bye."),
        ("1.664", "assistant", "Bye bye."),
        ("2.242", "telnyx", "call.conversation.ended"),
    ]
    assert leg.said == 0


@pytest.mark.parametrize("by", ["speech", "key"])
def test_whoever_cuts_the_last_words_ends_it(by: str) -> None:
    application = Application()
    simulation, leg, _ = relay(application, dtmf_detection=True, seconds=1)
    application.says(says("Bye."), says("Bye bye."), {"type": "end"})
    if by == "speech":
        conversations.said(simulation, leg, "Bye.")
    else:
        digits.person_presses(simulation, leg, "1")
    simulation.advance(5)
    assert story(simulation)[-1] == ("1.450", "telnyx", "call.conversation.ended")
    assert application.frames == []


def test_whoever_hangs_up_ends_it_after_the_hang_up() -> None:
    application = Application()
    simulation, leg, _ = relay(application, greeting="Welcome.", seconds=1)
    legs.person_hangs_up(simulation, leg)
    assert not application.is_open
    simulation.advance(5)
    assert names(simulation)[-2:] == ["call.hangup", "call.conversation.ended"]
    assert (ended(simulation)["reason"], application.frames) == (None, [])


def test_audio_that_is_stopped_by_a_command_lets_the_person_go_on() -> None:
    application = Application()
    simulation, leg, _ = relay(application, Person(says=("Go.",)), greeting="Welcome to us.", seconds=1)
    do(simulation, "playback_stop", leg)
    simulation.advance(2)
    assert story(simulation)[-1] == ("2.598", "person", "says Go.")


def test_whoever_has_the_call_on_hold_says_nothing_until_they_are_back() -> None:
    application = Application()
    simulation, leg, _ = relay(application, Person(says=("One two.", "Three."), hangs_up_when_done=True), seconds=1)
    leg.on_hold = True
    application.says(says("Hi."))
    simulation.advance(5)
    leg.on_hold = False
    conversations.returns(simulation, leg)
    simulation.advance(1.1)
    leg.on_hold = True
    simulation.advance(5)
    assert application.frames == []
    leg.on_hold = False
    conversations.returns(simulation, leg)
    simulation.advance(1.3)
    leg.on_hold = True
    simulation.advance(5)
    assert application.frames == [("13.698", "prompt", "One ...")]
    assert leg.said == 0


def test_a_person_is_heard_while_they_say_a_line() -> None:
    simulation, leg, _ = relay(Application(), Person(says=("Yes please.",)), greeting="Hello.", seconds=2.5)
    assert voices.person_is_heard(leg, simulation.now)
    simulation.advance(1)
    assert not voices.person_is_heard(leg, simulation.now)


# Beside other things


def test_there_is_one_conversation_at_a_time_of_any_kind() -> None:
    simulation, leg, _ = relay(Application(), seconds=0)
    assert code(simulation, "conversation_relay_start", leg, url=URL) == "90061"
    assert code(simulation, "ai_assistant_start", leg) == "90061"
    assert code(simulation, "gather_using_ai", leg, parameters={}) == "90061"
    do(simulation, "conversation_relay_stop", leg)
    do(simulation, "ai_assistant_start", leg)
    assert code(simulation, "conversation_relay_start", leg, url=URL) == "90061"
    do(simulation, "conversation_relay_stop", leg)
    assert leg.conversation is not None
    do(simulation, "ai_assistant_stop", leg)
    assert code(simulation, "conversation_relay_stop", leg) == "ok"


def test_nobody_joins_a_relay() -> None:
    simulation, leg, _ = relay(Application(), seconds=1)
    other = talk(simulation)
    assert leg.conversation is not None
    participant = {"id": other.call_control_id, "role": "user"}
    joined = code(simulation, "ai_assistant_join", other, conversation_id=leg.conversation.id, participant=participant)
    assert joined == "10005"
    assert code(simulation, "ai_assistant_add_messages", leg, messages=[{"role": "user", "content": "x"}]) == "ok"


def test_the_first_url_counts() -> None:
    cases: list[tuple[Json, str]] = [
        ({"url": "ws://a", "conversation_relay_url": "ws://b"}, "ws://a"),
        ({"url": None, "conversation_relay_url": "ws://b", "conversation_relay_settings": {"url": "ws://c"}}, "ws://b"),
        ({"url": None, "conversation_relay_settings": {"url": "ws://c"}}, "ws://c"),
    ]
    for body, url in cases:
        application = Application()
        relay(application, seconds=1, **body)
        assert application.url == url


def test_transcription_of_the_command_is_said_to_have_no_effect() -> None:
    _, _, rows = relay(Application(), seconds=0, transcription={"model": "x"})
    assert rows[0] == ("0.400", "warning", "conversation_relay_start")


# With an answer


def test_a_relay_comes_with_the_answer_of_an_incoming_call() -> None:
    application = Application()
    simulation = on(application)
    leg = ring(simulation)
    do(simulation, "answer", leg, conversation_relay_config={"url": URL, "greeting": "Hello."})
    assert code(simulation, "conversation_relay_start", leg, url=URL) == "90061"
    assert code(simulation, "ai_assistant_start", leg) == "90061"
    simulation.advance(1.2)
    assert story(simulation)[-2:] == [("0.400", "telnyx", "call.answered"), ("1.200", "assistant", "Hello.")]


def test_a_relay_comes_with_the_answer_of_an_outgoing_call() -> None:
    application = Application()
    simulation = on(application)
    leg = dial(simulation, CALLEE, conversation_relay_config={"url": URL})
    simulation.advance(4)
    assert leg.conversation is not None
    assert application.sent[0][1]["direction"] == "outbound"
    assert [entry for entry in simulation.log.entries if entry.kind == "warning"] == []


def test_a_relay_that_is_stopped_before_the_answer_never_comes() -> None:
    application = Application()
    simulation = on(application)
    leg = ring(simulation)
    do(simulation, "answer", leg, conversation_relay_config={"url": URL}, transcription=True)
    do(simulation, "conversation_relay_stop", leg)
    simulation.advance(5)
    assert (leg.conversation, application.url, leg.transcription is None) == (None, "", False)


def test_a_relay_beside_an_assistant_has_no_effect() -> None:
    application = Application()
    simulation = on(application)
    simulation.world.assistants["a"] = Assistant(id="a", greeting="Hi.")
    leg = ring(simulation)
    do(simulation, "answer", leg, conversation_relay_config={"url": URL}, assistant={"id": "a"})
    simulation.advance(5)
    assert application.url == ""
    assert ("0.400", "warning", "conversation_relay_config") in story(simulation)
