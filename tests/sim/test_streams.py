"""Media streams: their life, the messages in both directions, and who hears what comes back."""

from __future__ import annotations

import json
from base64 import b64decode
from typing import Any

import pytest

from mockserver.sim import conversations, digits, hearing, legs, sound, stream_messages, voices
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Json
from mockserver.sim.people import Assistant, Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.sound import Format
from mockserver.sim.world import Leg
from tests.sim.telling import CALLEE, code, dial, do, events, names, new, refusal, ring, talk
from tests.sim.websocket import Application

URL = "wss://app.example/media"
RTP: Json = {"stream_url": URL, "stream_bidirectional_mode": "rtp"}
SECOND_OF_SOUND = bytes(range(200)) * 40
SILENCE = sound.frame(Format(), 0)
PERSON, OTHER, APPLICATION = (
    sound.frame(Format(), pitch) for pitch in (voices.PERSON, voices.OTHER, voices.APPLICATION)
)
PITCHES = {SILENCE: "-", PERSON: "person", OTHER: "other", APPLICATION: "application"}


def streaming(
    application: Application, person: Person | None = None, seconds: float = 0.3, **body: Any
) -> tuple[Simulation, Leg]:
    """A call whose audio is streamed: `streaming.started` came at 0.7."""
    simulation = new()
    simulation.outside = application
    leg = talk(simulation, person)
    do(simulation, "streaming_start", leg, **{"stream_url": URL, **body})
    simulation.advance(seconds)
    return simulation, leg


def told(simulation: Simulation, *kinds: str) -> list[tuple[float, str]]:
    """What happened on streams, with seconds since the beginning of the world."""
    start = simulation.log.entries[0].at
    return [
        ((entry.at - start) / SECOND, entry.name)
        for entry in simulation.log.entries
        if "stream" in entry.name and entry.kind in (kinds or ("webhook",))
    ]


def heard(application: Application, track: str = "inbound") -> list[tuple[str, int]]:
    """What a track brought: who was to be heard, and for how many frames."""
    runs: list[tuple[str, int]] = []
    for message in application.messages("media"):
        if message["media"]["track"] == track:
            who = PITCHES[message["media"]["payload"]]
            if runs and runs[-1][0] == who:
                runs[-1] = (who, runs[-1][1] + 1)
            else:
                runs.append((who, 1))
    return runs


# The life of a stream


def test_it_starts_runs_and_stops() -> None:
    application = Application()
    simulation, leg = streaming(application, client_state="QQ==")
    simulation.advance(1)
    do(simulation, "streaming_stop", leg)
    simulation.advance(60)
    assert told(simulation) == [(0.7, "streaming.started"), (1.7, "streaming.stopped")]
    [started], [stopped] = events(simulation, "streaming.started"), events(simulation, "streaming.stopped")
    assert (started["stream_url"], started["client_state"]) == (URL, "QQ==")
    assert started["stream_id"] == stopped["stream_id"]
    assert [message["event"] for message in application.sent] == ["connected", "start", *["media"] * 50, "stop"]
    assert (application.line.code, leg.stream) == (1000, None)


def test_its_messages_have_the_documented_form() -> None:
    application = Application()
    parameters = [{"name": "shop", "value": "Corner Bakery"}, {"name": "table"}]
    simulation, leg = streaming(
        application, seconds=0.34, stream_auth_token="letmein", custom_parameters=parameters, client_state="QQ=="
    )  # fmt: skip
    digits.person_presses(simulation, leg, "5")
    do(simulation, "streaming_stop", leg)
    stream_id = events(simulation, "streaming.started")[0]["stream_id"]
    assert application.line.headers == {"x-telnyx-streaming-auth-token": "letmein"}
    assert application.sent == [
        {"event": "connected", "version": "1.0.0", "connected": {"x-telnyx-streaming-auth-token": "letmein"}},
        {
            "event": "start",
            "sequence_number": "1",
            "start": {
                "user_id": stream_messages.USER_ID,
                "call_control_id": leg.call_control_id,
                "call_session_id": leg.call_session_id,
                "from": leg.from_,
                "to": leg.to,
                "client_state": "QQ==",
                "media_format": {"encoding": "PCMU", "sample_rate": 8000, "channels": 1},
                "custom_parameters": {"shop": "Corner Bakery", "table": ""},
            },
            "stream_id": stream_id,
        },
        *(
            {
                "event": "media",
                "sequence_number": str(chunk + 1),
                "media": {
                    "track": "inbound", "chunk": str(chunk), "timestamp": str(20 * chunk - 20), "payload": SILENCE
                },
                "stream_id": stream_id,
            }
            for chunk in (1, 2)
        ),
        {
            "event": "dtmf",
            "occurred_at": application.sent[4]["occurred_at"],
            "sequence_number": "4",
            "dtmf": {"digit": "5"},
            "stream_id": stream_id,
        },
        {
            "event": "stop",
            "sequence_number": "5",
            "stop": {"user_id": stream_messages.USER_ID, "call_control_id": leg.call_control_id},
            "stream_id": stream_id,
        },
    ]  # fmt: skip


def test_a_hang_up_ends_it() -> None:
    application = Application()
    simulation, leg = streaming(application)
    simulation.advance(1)
    legs.person_hangs_up(simulation, leg)
    assert names(simulation)[-2:] == ["streaming.stopped", "call.hangup"]
    assert application.sent[-1]["event"] == "stop"
    assert len(simulation.timeline) == 0


def test_an_application_that_leaves_ends_it_and_the_call_stays_up() -> None:
    application = Application()
    simulation, leg = streaming(application)
    application.plays(simulation, b"")
    application.leaves(simulation)
    simulation.advance(1)
    assert told(simulation) == [(0.7, "streaming.started"), (0.7, "streaming.stopped")]
    assert (leg.state, code(simulation, "streaming_stop", leg)) == ("answered", "90048")


def test_an_application_that_cannot_be_reached_is_a_failure() -> None:
    application = Application(problem="no answer within 5 s")
    simulation, leg = streaming(application, stream_track="both_tracks")
    simulation.advance(1)
    assert names(simulation)[2:] == ["streaming.failed"]
    [failed] = events(simulation, "streaming.failed")
    assert {key: failed[key] for key in ("failure_reason", "stream_params", "stream_type")} == {
        "failure_reason": "connection_failed",
        "stream_params": {"stream_url": URL, "track": "both_tracks"},
        "stream_type": "websocket",
    }
    warnings = [entry.data["text"] for entry in simulation.log.entries if entry.kind == "warning"]
    assert warnings == [f"{URL}: no answer within 5 s"]
    assert (leg.stream, application.sent) == (None, [])


def test_a_world_with_nothing_outside_says_so() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "streaming_start", leg, stream_url=URL)
    simulation.advance(1)
    assert names(simulation)[2:] == ["streaming.failed"]


@pytest.mark.parametrize("seconds", [0.1, 0.5])
def test_one_that_is_stopped_before_it_began_says_nothing(seconds: float) -> None:
    application = Application(accepts=1.0)
    simulation, leg = streaming(application, seconds=seconds)
    do(simulation, "streaming_stop", leg)
    simulation.advance(60)
    assert (names(simulation), application.sent) == (["call.initiated", "call.answered"], [])


def test_what_still_arrives_from_a_stream_that_is_over_is_nothing() -> None:
    application = Application()
    simulation, leg = streaming(application, **RTP)
    do(simulation, "streaming_stop", leg)
    before = simulation.log.last_seq, len(application.sent)
    listener = application.line.listener
    listener.opened(simulation)
    listener.received(simulation, "?")
    listener.closed(simulation, "gone")
    assert (simulation.log.last_seq, len(application.sent)) == before


def test_keys_that_are_pressed_before_it_began_are_not_sent() -> None:
    application = Application(accepts=1.0)
    simulation, leg = streaming(application)
    digits.person_presses(simulation, leg, "5")
    simulation.advance(2)
    assert application.messages("dtmf") == []


def test_what_is_started_straight_after_answer_waits_for_call_answered() -> None:
    simulation = new()
    simulation.outside = Application()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    do(simulation, "streaming_start", leg, stream_url=URL)
    simulation.advance(1)
    assert names(simulation) == ["call.initiated", "call.answered", "streaming.started"]


# With the answer


def test_a_stream_can_begin_with_the_answer() -> None:
    simulation = new()
    simulation.outside = Application()
    leg = ring(simulation)
    do(simulation, "answer", leg, stream_url=URL, stream_track="both_tracks")
    simulation.advance(0.4)
    assert told(simulation) == [(0.4, "streaming.started")]
    [answered] = events(simulation, "call.answered")
    assert (answered["stream_url"], answered["stream_track"]) == (URL, "both_tracks")
    assert code(simulation, "streaming_start", leg, stream_url=URL) == "90045"


def test_a_call_without_a_stream_tells_of_none() -> None:
    simulation = new()
    talk(simulation)
    assert "stream_url" not in events(simulation, "call.answered")[0]


def test_one_that_comes_with_the_answer_can_be_stopped_before_it() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg, stream_url=URL)
    assert code(simulation, "streaming_start", leg, stream_url=URL) == "90045"
    do(simulation, "streaming_stop", leg)
    simulation.advance(10)
    assert names(simulation) == ["call.initiated", "call.answered"]


def test_dial_connects_when_the_call_is_answered_or_before() -> None:
    for early, at in ((False, 2.3), (True, 0.0)):
        simulation = new()
        application = simulation.outside = Application()
        dial(simulation, stream_url=URL, stream_establish_before_call_originate=early)
        simulation.advance(at)
        assert len(application.lines) == 1
        assert [message["event"] for message in application.sent[:1]] == ["connected"]
        simulation.advance(5)
        assert told(simulation) == [(2.3, "streaming.started")]
        assert [message["event"] for message in application.sent[1:3]] == ["start", "media"]


@pytest.mark.parametrize(("accepts", "at"), [(0.0, 0.3), (1.0, 1.0)])
def test_a_connection_before_the_call_that_fails_is_told_after_the_call_began(accepts: float, at: float) -> None:
    simulation = new()
    simulation.outside = Application(accepts=accepts, problem="refused")
    dial(simulation, stream_url=URL, stream_establish_before_call_originate=True)
    simulation.advance(10)
    assert told(simulation) == [(at, "streaming.failed")]
    assert names(simulation)[0] == "call.initiated"


def test_a_connection_that_is_late_for_the_answer_begins_then() -> None:
    simulation = new()
    simulation.outside = Application(accepts=5.0)
    dial(simulation, stream_url=URL, stream_establish_before_call_originate=True)
    simulation.advance(10)
    assert told(simulation) == [(5.0, "streaming.started")]


def test_a_call_that_is_never_answered_streams_nothing() -> None:
    simulation = new(Person(CALLEE, outcome="busy"))
    application = simulation.outside = Application()
    dial(simulation, stream_url=URL, stream_establish_before_call_originate=True)
    simulation.advance(10)
    assert names(simulation) == ["call.initiated", "call.hangup"]
    assert ([message["event"] for message in application.sent], application.line.code) == (["connected"], 1000)


def test_an_application_that_leaves_before_the_answer_is_a_failure() -> None:
    simulation = new()
    application = simulation.outside = Application()
    dial(simulation, stream_url=URL, stream_establish_before_call_originate=True)
    simulation.advance(1)
    application.leaves(simulation)
    simulation.advance(10)
    assert names(simulation) == ["call.initiated", "streaming.failed", "call.answered"]


# Refusals


def test_a_leg_has_one_stream() -> None:
    simulation, leg = streaming(Application())
    assert code(simulation, "streaming_start", leg, stream_url=URL) == "90045"
    assert code(simulation, "fork_start", leg, rx="udp:192.0.2.1:1", tx="udp:192.0.2.1:2") == "90045"
    assert code(simulation, "siprec_start", leg) == "ok"
    assert code(simulation, "streaming_stop", leg, stream_id="4e8a1b7c-92d0-4f35-b6c1-7a3e5d0f8c29") == "90048"
    assert leg.stream is not None
    assert code(simulation, "streaming_stop", leg, stream_id=leg.stream.id) == "ok"
    assert code(simulation, "fork_start", leg, rx="udp:192.0.2.1:1", tx="udp:192.0.2.1:2") == "ok"
    assert code(simulation, "streaming_start", leg, stream_url=URL) == "90045"


@pytest.mark.parametrize(
    ("body", "outcome"),
    [
        ({}, "10004"),
        ({"stream_url": ""}, "10004"),
        ({"stream_url": "https://app.example/media"}, "90046"),
        ({"stream_url": "WS://app.example/media"}, "ok"),
        ({"stream_url": URL, "enable_dialogflow": True}, "10005"),
    ],
)
def test_what_cannot_be_streamed_to_is_refused(body: Json, outcome: str) -> None:
    simulation = new()
    assert code(simulation, "streaming_start", talk(simulation), **body) == outcome


def test_a_refusal_points_at_the_url() -> None:
    simulation = new()
    [told] = refusal(simulation, "streaming_start", talk(simulation), stream_url="shop")
    assert told["source"] == {"pointer": "/stream_url"}


# What is sent


def test_a_frame_comes_every_20_ms_and_every_25th_is_awaited() -> None:
    application = Application()
    simulation, _ = streaming(application)
    simulation.advance(2)
    frames = [awaited for message, awaited in zip(application.sent, application.awaited, strict=True)
              if message["event"] == "media"]  # fmt: skip
    assert [number for number, awaited in enumerate(frames, 1) if awaited] == [25, 50, 75, 100]
    assert not simulation.timeline.anything_near() or simulation.timeline.peek() is not None


def test_an_idle_stream_leaves_nothing_that_time_would_run_for() -> None:
    simulation, _ = streaming(Application())
    simulation.advance(5)
    assert not simulation.timeline.anything_near()
    plan = simulation.timeline.peek()
    assert plan is not None
    assert (plan.backstop, plan.beat) == (True, True)


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ({"stream_codec": "PCMA"}, ("PCMA", 8000, 160)),
        ({"stream_codec": "G722"}, ("G722", 8000, 160)),
        ({"stream_codec": "L16"}, ("L16", 8000, 320)),
        ({"stream_codec": "L16", "stream_bidirectional_sampling_rate": 24000}, ("L16", 24000, 960)),
        ({"stream_codec": "OPUS"}, ("OPUS", 8000, 3)),
        ({"stream_codec": "OPUS", "stream_bidirectional_sampling_rate": 16000}, ("OPUS", 16000, 3)),
        ({"stream_codec": "AMR-WB"}, ("AMR-WB", 16000, 2)),
    ],
)
def test_it_is_sent_in_the_codec_that_was_asked_for(body: Json, expected: tuple[str, int, int]) -> None:
    application = Application()
    streaming(application, seconds=0.4, **body)
    start, frame = application.sent[1], application.sent[2]
    encoding, rate, size = expected
    assert start["start"]["media_format"] == {"encoding": encoding, "sample_rate": rate, "channels": 1}
    assert len(b64decode(frame["media"]["payload"])) == size


def test_what_the_person_says_is_a_tone_on_the_inbound_track() -> None:
    application = Application()
    simulation, _ = streaming(application, Person(says=("x" * 10,)))
    simulation.advance(3)
    assert heard(application) == [("-", 50), ("person", 33), ("-", 67)]
    said = [entry for entry in simulation.log.entries if entry.name == "says"]
    assert [(entry.at - simulation.log.entries[0].at) / SECOND for entry in said] == [2.36]


def test_what_is_said_from_outside_is_heard_from_then_on_and_gives_time_a_reason_to_go_on() -> None:
    application = Application()
    simulation, leg = streaming(application)
    simulation.advance(2)
    conversations.said(simulation, leg, "x" * 10)
    assert simulation.timeline.anything_near()
    simulation.advance(1)
    conversations.said(simulation, leg, "x" * 10)
    simulation.advance(10)
    assert not simulation.timeline.anything_near()
    assert heard(application) == [("-", 100), ("person", 33), ("-", 17), ("person", 33), ("-", 467)]


def test_a_person_on_hold_is_not_heard() -> None:
    application = Application()
    simulation, leg = streaming(application, Person(says=("Hello.",)))
    leg.on_hold = True
    conversations.said(simulation, leg, "Hello.")
    simulation.advance(10)
    assert {who for who, _ in heard(application)} == {"-"}


def test_what_is_played_is_a_tone_on_the_outbound_track_and_there_are_no_frames_of_silence() -> None:
    application = Application()
    simulation, leg = streaming(application, stream_track="outbound_track")
    do(simulation, "speak", leg, payload="x" * 10)
    simulation.advance(3)
    assert (heard(application), heard(application, "outbound")) == ([], [("application", 33)])


def test_silence_is_sent_when_idle_if_that_is_wanted() -> None:
    simulation = new()
    application = simulation.outside = Application()
    leg = ring(simulation)
    do(simulation, "answer", leg, stream_url=URL, stream_track="both_tracks", send_silence_when_idle=True)
    simulation.advance(0.42)
    assert [(message["media"]["track"], message["media"]["chunk"]) for message in application.messages("media")] == [
        ("inbound", "1"),
        ("outbound", "1"),
    ]


def test_an_assistant_and_its_person_are_on_their_tracks() -> None:
    application = Application()
    simulation, leg = streaming(application, Person(says=("x" * 10,)), stream_track="both_tracks")
    simulation.world.assistants["a"] = Assistant(id="a", greeting="y" * 20)
    do(simulation, "ai_assistant_start", leg, assistant={"id": "a"})
    simulation.advance(10)
    assert heard(application, "outbound") == [("application", 66)]
    assert heard(application)[1] == ("person", 33)


def test_the_two_sides_of_a_bridge_hear_each_other() -> None:
    application = Application()
    simulation, leg = streaming(application, stream_track="both_tracks")
    other = talk(simulation)
    do(simulation, "bridge", leg, call_control_id=other.call_control_id)
    simulation.advance(1)
    conversations.said(simulation, other, "x" * 10)
    simulation.advance(2)
    assert heard(application, "outbound") == [("other", 33)]
    assert {who for who, _ in heard(application)} == {"-"}


# What comes back


def test_audio_is_heard_piece_after_piece_and_marks_come_back_behind_it() -> None:
    application = Application()
    simulation, leg = streaming(application, **RTP)
    application.says(simulation, "mark", mark={"name": "at once"})
    assert [message["mark"]["name"] for message in application.messages("mark")] == ["at once"]
    application.plays(simulation, SECOND_OF_SOUND)
    application.says(simulation, "mark", mark={"name": "one"})
    application.plays(simulation, SECOND_OF_SOUND[::-1])
    application.says(simulation, "mark", mark={"name": "two"})
    application.says(simulation, "mark", mark={"name": "three"})
    simulation.advance(0.5)
    assert simulation.world.heard[leg.call_control_id].heard(simulation.now) == SECOND_OF_SOUND[:4000]
    simulation.advance(0.6)
    assert [message["mark"]["name"] for message in application.messages("mark")] == ["at once", "one"]
    simulation.advance(5)
    assert [message["mark"]["name"] for message in application.messages("mark")] == ["at once", "one", "two", "three"]
    assert simulation.world.heard[leg.call_control_id].heard(simulation.now) == SECOND_OF_SOUND + SECOND_OF_SOUND[::-1]
    assert told(simulation, "person") == [(0.7, "hears_stream"), (3.2, "heard_stream")]
    assert simulation.log.entries[-1].data["seconds"] == 2.0


def test_small_pieces_are_heard_as_one() -> None:
    application = Application()
    simulation, _ = streaming(application, **RTP)
    for at in range(0, 1600, 160):
        application.plays(simulation, SECOND_OF_SOUND[at : at + 160])
        simulation.advance(0.1)
    simulation.advance(5)
    assert [name for _, name in told(simulation, "person")] == ["hears_stream", "heard_stream"]


def test_silence_that_comes_back_is_played_and_nobody_hears_it() -> None:
    application = Application()
    simulation, leg = streaming(application, Person(says=("Hello.",)), **RTP)
    application.plays(simulation, b"\xff" * 80_000)
    application.says(simulation, "mark", mark={"name": "over"})
    simulation.advance(9.9)
    assert told(simulation, "person") == []
    assert "says" in [entry.name for entry in simulation.log.entries]
    assert application.messages("mark") == []
    simulation.advance(0.1)
    assert len(application.messages("mark")) == 1
    assert simulation.world.heard[leg.call_control_id].heard(simulation.now) == b"\xff" * 80_000


def test_what_comes_back_is_on_the_outbound_track() -> None:
    application = Application()
    simulation, _ = streaming(application, stream_track="both_tracks", **RTP)
    application.plays(simulation, SECOND_OF_SOUND)
    simulation.advance(3)
    assert heard(application, "outbound") == [("application", 50)]


def test_clear_silences_it_and_gives_the_marks_back() -> None:
    application = Application()
    simulation, leg = streaming(application, **RTP)
    application.plays(simulation, SECOND_OF_SOUND)
    application.says(simulation, "mark", mark={"name": "one"})
    application.plays(simulation, SECOND_OF_SOUND)
    application.says(simulation, "mark", mark={"name": "two"})
    simulation.advance(0.25)
    application.says(simulation, '{"event": "clear"}')
    assert [message["mark"]["name"] for message in application.messages("mark")] == ["one", "two"]
    simulation.advance(5)
    assert simulation.world.heard[leg.call_control_id].heard(simulation.now) == SECOND_OF_SOUND[:2000]
    assert told(simulation, "person") == [(0.7, "hears_stream"), (1.45, "heard_stream")]
    assert simulation.log.entries[-1].data["seconds"] == 0.25
    application.says(simulation, '{"event": "clear"}')
    assert len(application.messages("mark")) == 2


def test_a_stream_that_ends_is_heard_no_more() -> None:
    application = Application()
    simulation, leg = streaming(application, **RTP)
    application.plays(simulation, SECOND_OF_SOUND)
    simulation.advance(0.5)
    do(simulation, "streaming_stop", leg)
    assert told(simulation, "person") == [(0.7, "hears_stream"), (1.2, "heard_stream")]
    assert simulation.world.heard[leg.call_control_id].heard(simulation.now + SECOND) == SECOND_OF_SOUND[:4000]


@pytest.mark.parametrize(
    ("target", "expected"), [("self", [True, False]), ("opposite", [False, True]), ("both", [True, True])]
)
def test_the_command_says_who_hears_it_in_a_bridge(target: str, expected: list[bool]) -> None:
    application = Application()
    simulation, leg = streaming(application, **RTP, stream_bidirectional_target_legs=target)
    other = talk(simulation)
    do(simulation, "bridge", leg, call_control_id=other.call_control_id)
    simulation.advance(1)
    application.plays(simulation, SECOND_OF_SOUND)
    legs.person_hangs_up(simulation, other)
    simulation.advance(5)
    assert [each.call_control_id in simulation.world.heard for each in (leg, other)] == expected


def test_only_the_last_half_minute_is_kept_and_of_few_legs() -> None:
    application = Application()
    simulation, leg = streaming(application, **RTP)
    for number in range(50):
        application.plays(simulation, bytes([number]) * 8000)
        simulation.advance(1)
    kept = simulation.world.heard[leg.call_control_id].heard(simulation.now)
    assert (kept[0], kept[-1]) == (18, 49)
    for _ in range(hearing.MOST_LEGS):
        other = talk(simulation)
        do(simulation, "streaming_start", other, **RTP)
        simulation.advance(0.3)
        application.plays(simulation, SECOND_OF_SOUND)
    assert len(simulation.world.heard) == hearing.MOST_LEGS
    assert leg.call_control_id not in simulation.world.heard


def test_files_are_heard_as_they_are() -> None:
    application = Application()
    simulation, leg = streaming(application)
    file = b"\xff\xfb\x14\xc0".ljust(96, b"\0") * 125
    application.plays(simulation, file)
    application.says(simulation, "mark", mark={"name": "over"})
    simulation.advance(2.9)
    assert application.messages("mark") == []
    simulation.advance(0.1)
    assert len(application.messages("mark")) == 1
    assert simulation.world.heard[leg.call_control_id].heard(simulation.now) == file


MP3 = b"\xff\xfb\x14\xc0".ljust(96, b"\0")
L16: Json = {**RTP, "stream_bidirectional_codec": "L16"}
TOO_MUCH = "120 seconds of audio wait already."


@pytest.mark.parametrize(
    ("body", "messages", "error"),
    [
        (RTP, [b"bytes"], (100003, "malformed_frame", "A message is a text, not bytes.")),
        (RTP, ["{"], (100003, "malformed_frame", "The message is not JSON.")),
        (RTP, ["[" * 100_000], (100003, "malformed_frame", "The message is not JSON.")),
        (RTP, ["[]"], (100003, "malformed_frame", "A message is an object with an `event`.")),
        (RTP, ['{"event": 1}'], (100003, "malformed_frame", "A message is an object with an `event`.")),
        (RTP, ['{"event": "stop"}'], (100002, "unknown_error", "There is no event 'stop' to send.")),
        (RTP, [{"event": "media"}], (100003, "malformed_frame", "The message has no media.payload.")),
        (RTP, [{"event": "media", "media": {}}], (100003, "malformed_frame", "The message has no media.payload.")),
        (RTP, [{"event": "mark", "mark": []}], (100003, "malformed_frame", "The message has no mark.name.")),
        (RTP, [{"event": "mark", "mark": {"name": 1}}], (100003, "malformed_frame", "The message has no mark.name.")),
        (RTP, ["*=*"], (100004, "invalid_media", "The payload is not Base64.")),
        (RTP, [b"x" * 159], (100004, "invalid_media", "The payload lasts 0.019875 s, not between 20 ms and 30 s.")),
        (RTP, [b"x" * 240_001], (100004, "invalid_media", "The payload lasts 30.0001 s, not between 20 ms and 30 s.")),
        (L16, [b"x" * 321], (100004, "invalid_media", "The payload is not L16.")),
        ({}, [b"x" * 160], (100004, "invalid_media", "The payload is not MP3.")),
        ({}, [MP3] * 2, (100005, "rate_limit_reached", "One MP3 file a second can be sent.")),
        (RTP, [b"x" * 240_000] * 5, (100005, "rate_limit_reached", TOO_MUCH)),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_and_the_stream_goes_on(body: Json, messages: list[Any], error: tuple[Any, ...]) -> None:
    application = Application()
    simulation, leg = streaming(application, **body)
    for message in messages:
        if message == b"bytes":
            application.says(simulation, message)
        elif isinstance(message, bytes):
            application.plays(simulation, message)
        elif message == "*=*":
            application.says(simulation, "media", media={"payload": message})
        else:
            application.says(simulation, message if isinstance(message, str) else json.dumps(message))
    [told] = application.messages("error")
    assert tuple(told["payload"].values()) == error
    assert told["stream_id"] == events(simulation, "streaming.started")[0]["stream_id"]
    assert leg.stream is not None


def test_marks_that_wait_are_bounded() -> None:
    application = Application()
    simulation, _ = streaming(application, **RTP)
    application.plays(simulation, SECOND_OF_SOUND)
    for _ in range(hearing.MOST_MARKS + 1):
        application.says(simulation, "mark", mark={"name": "x"})
    assert [told["payload"]["code"] for told in application.messages("error")] == [100005]


# The person at the other end


def test_a_person_takes_turns_with_the_application_by_ear() -> None:
    application = Application()
    person = Person(says=("x" * 10, "y" * 10), hangs_up_when_done=True)
    simulation, _ = streaming(application, person, **RTP)
    application.plays(simulation, SECOND_OF_SOUND)  # until 1.7: the person says nothing into it
    simulation.advance(4.0)
    application.plays(simulation, SECOND_OF_SOUND)  # the answer to the first line, from 4.7 to 5.7
    simulation.advance(60)
    start = simulation.log.entries[0].at
    assert [
        ((entry.at - start) / SECOND, entry.name)
        for entry in simulation.log.entries
        if entry.kind == "person" and entry.name != "calls"
    ] == [
        (0.7, "hears_stream"),
        (2.2, "heard_stream"),
        (3.86, "says"),
        (4.7, "hears_stream"),
        (6.2, "heard_stream"),
        (7.86, "says"),
        (12.86, "hangs_up"),
    ]


def test_a_person_who_is_interrupted_says_what_they_have_to_say() -> None:
    application = Application()
    simulation, _ = streaming(application, Person(says=("x" * 40,)), **RTP)
    simulation.advance(1.5)
    application.plays(simulation, SECOND_OF_SOUND)
    simulation.advance(20)
    assert [entry.name for entry in simulation.log.entries if entry.kind == "person"][1:] == [
        "hears_stream", "heard_stream", "says"
    ]  # fmt: skip


def test_who_talks_to_an_assistant_says_nothing_else() -> None:
    simulation, leg = streaming(Application(), Person(says=("Hello.", "Bye.")))
    do(simulation, "ai_assistant_start", leg)
    simulation.advance(20)
    assert [entry.data["text"] for entry in simulation.log.entries if entry.name == "says"] == ["Hello.", "Bye."]
    application = Application()
    simulation, leg = streaming(application, Person(says=("Hello.",)), **RTP)
    application.plays(simulation, SECOND_OF_SOUND)
    do(simulation, "ai_assistant_start", leg)
    simulation.advance(20)
    assert [entry.data["text"] for entry in simulation.log.entries if entry.name == "says"] == ["Hello."]


def test_a_person_is_silent_when_the_stream_is_over() -> None:
    application = Application()
    simulation, leg = streaming(application, Person(says=("x" * 40,)))
    simulation.advance(1.5)
    do(simulation, "streaming_stop", leg)
    simulation.advance(20)
    assert "says" not in [entry.name for entry in simulation.log.entries]
    assert leg.voice == (leg.created_at + round(1.7 * SECOND), leg.created_at + round(2.2 * SECOND))
