"""Recordings: when they begin and end, what is told of them, and what is kept."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import conversations, legs
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.kept_recordings import signature
from mockserver.sim.people import Person
from mockserver.sim.recordings import MOST_RUNNING, MOST_UTTERANCES, Recording
from mockserver.sim.simulation import Simulation
from mockserver.sim.timings import speech
from tests.sim.telling import CALLEE, code, dial, do, events, names, new, refusal, ring, story, talk

MP3 = {"format": "mp3", "channels": "dual"}
SAVED = "call.recording.saved"
NO_SUCH = "0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61"


def kept(simulation: Simulation) -> list[Recording]:
    """The recordings of which the application was told."""
    return list(simulation.world.recordings.values())


def lengths(simulation: Simulation) -> list[float]:
    return [recording.seconds for recording in kept(simulation)]


def test_a_recording_that_is_stopped_is_told_of_half_a_second_later() -> None:
    simulation = new()
    leg = talk(simulation)
    begun = simulation.log.last_seq
    do(simulation, "record_start", leg, **MP3)
    simulation.advance(7)
    do(simulation, "record_stop", leg, client_state="QQ==")
    simulation.advance(10)
    assert story(simulation, begun) == [
        ("0.400", "app", "record_start"),
        ("7.400", "app", "record_stop"),
        ("7.900", "telnyx", "call.recording.saved"),
    ]
    (recording,) = kept(simulation)
    (payload,) = events(simulation, SAVED)
    expires = EPOCH // SECOND + 7 + 600
    where = f"http://127.0.0.1:12111/_mock/recordings/{recording.id}.mp3"
    assert payload == {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "calling_party_type": "pstn",
        "channels": "dual",
        "client_state": "QQ==",
        "connection_id": leg.connection_id,
        "end_time": "2026-01-01T00:00:07.400000Z",
        "flow_destination": "telnyx_number_cc_app",
        "format": "mp3",
        "public_recording_urls": {},
        "recording_ended_at": "2026-01-01T00:00:07.400000Z",
        "recording_id": recording.id,
        "recording_started_at": "2026-01-01T00:00:00.400000Z",
        "recording_urls": {"mp3": f"{where}?expires={expires}&signature={signature(recording, str(expires))}"},
        "start_time": "2026-01-01T00:00:00.000000Z",
    }
    assert (recording.seconds, recording.name, leg.recordings) == (7.0, leg.call_leg_id, ())


def test_a_hang_up_ends_a_recording_which_is_told_of_after_the_end_of_the_conversation() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "ai_assistant_start", leg)
    do(simulation, "record_start", leg, **MP3, transcription=True)
    simulation.advance(5)
    begun = simulation.log.last_seq
    legs.person_hangs_up(simulation, leg)
    simulation.advance(10)
    assert story(simulation, begun) == [
        ("5.400", "person", "hangs_up normal"),
        ("5.400", "telnyx", "call.hangup normal_clearing caller 200"),
        ("5.450", "telnyx", "call.conversation.ended"),
        ("5.900", "telnyx", "call.recording.saved"),
        ("6.900", "telnyx", "call.recording.transcription.saved completed"),
        ("8.450", "telnyx", "call.conversation_insights.generated"),
    ]
    (payload,) = events(simulation, SAVED)
    assert payload["end_time"] == payload["recording_ended_at"] == "2026-01-01T00:00:05.400000Z"
    assert lengths(simulation) == [5.0]


def test_what_is_heard_during_a_pause_is_left_out() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "record_start", leg, **MP3, max_length=6, transcription=True)
    for name, words in [
        ("record_resume", "One."),
        ("record_pause", "Two."),
        ("record_pause", "Three."),
        ("record_resume", "Four."),
        ("record_resume", "Five."),
    ]:
        do(simulation, name, leg)
        conversations.said(simulation, leg, words)
        simulation.advance(2)
    assert lengths(simulation) == []
    begun = simulation.log.last_seq
    simulation.advance(2)
    assert story(simulation, begun) == [
        ("10.900", "telnyx", "call.recording.saved"),
        ("11.900", "telnyx", "call.recording.transcription.saved completed"),
    ]
    assert lengths(simulation) == [6.0]
    (payload,) = events(simulation, "call.recording.transcription.saved")
    assert payload["transcription_text"] == "One. Four. Five."


def test_the_transcript_has_what_all_sides_said_and_of_what_was_cut_only_what_was_heard() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "record_start", leg, **MP3, transcription=True)
    do(simulation, "speak", leg, payload="<speak>Welcome <break/>here.</speak>", voice="female")
    simulation.advance(3)
    conversations.said(simulation, leg, "Thanks.")
    do(simulation, "speak", leg, payload="This is going to be cut off here.", voice="female")
    simulation.advance(1.5)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(3)
    (saved,) = events(simulation, SAVED)
    (payload,) = events(simulation, "call.recording.transcription.saved")
    assert payload["transcription_text"] == "Welcome here. Thanks. This is going"
    assert payload["recording_id"] == saved["recording_id"]
    assert (payload["status"], kept(simulation)[0].words) == ("completed", kept(simulation)[0].words.__class__())


def test_a_recording_knows_only_the_side_that_it_records() -> None:
    simulation = new()
    leg = talk(simulation)
    for track in ("inbound", "outbound"):
        do(simulation, "record_start", leg, **MP3, recording_track=track, transcription=True)
    conversations.said(simulation, leg, "Hello.")
    do(simulation, "speak", leg, payload="Good morning.", voice="female")
    simulation.advance(5)
    do(simulation, "record_stop", leg)
    simulation.advance(5)
    texts = [payload["transcription_text"] for payload in events(simulation, "call.recording.transcription.saved")]
    assert texts == ["Hello.", "Good morning."]
    assert [payload["channels"] for payload in events(simulation, SAVED)] == ["single", "single"]


def test_silence_after_speech_ends_a_recording_that_waits_for_it() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "record_start", leg, **MP3, timeout_secs=3)
    simulation.advance(60)
    for _ in range(2):
        conversations.said(simulation, leg, "Well.")
        simulation.advance(2)
    do(simulation, "record_pause", leg)
    simulation.advance(10)
    do(simulation, "record_resume", leg)
    simulation.advance(10)
    conversations.said(simulation, leg, "Bye.")
    begun = simulation.log.last_seq
    simulation.advance(10)
    assert story(simulation, begun) == [("87.900", "telnyx", "call.recording.saved")]
    assert lengths(simulation) == [77.0]


def test_several_recordings_run_and_are_told_apart_by_their_ids() -> None:
    simulation = new()
    leg, other = talk(simulation), talk(simulation)
    do(simulation, "record_start", leg, **MP3)
    do(simulation, "record_start", leg, format="wav", channels="single")
    first, second = leg.recordings
    for name in ("record_pause", "record_resume", "record_stop"):
        (error,) = refusal(simulation, name, other, recording_id=first.id)
        assert (error["code"], error["title"], error["source"]) == (
            "10005",
            "Recording not found",
            {"pointer": "/recording_id"},
        )
    do(simulation, "record_pause", leg, recording_id=first.id)
    simulation.advance(4)
    do(simulation, "record_stop", leg, recording_id=second.id)
    assert code(simulation, "record_stop", leg, recording_id=second.id) == "10005"
    do(simulation, "record_resume", leg, recording_id=first.id)
    simulation.advance(1)
    do(simulation, "record_stop", leg)
    simulation.advance(1)
    assert {recording.id: recording.seconds for recording in kept(simulation)} == {first.id: 1.0, second.id: 4.0}


@pytest.mark.parametrize("name", ["record_stop", "record_pause", "record_resume"])
def test_with_nothing_recorded_a_command_without_id_does_nothing(name: str) -> None:
    simulation = new()
    leg = talk(simulation)
    begun = simulation.log.last_seq
    assert code(simulation, name, leg) == "ok"
    assert code(simulation, name, leg, recording_id=NO_SUCH) == "10005"
    simulation.advance(10)
    assert names(simulation)[-1] == "call.answered"
    assert len(story(simulation, begun)) == 2


# From the answer on


def test_a_dialled_call_is_recorded_from_its_answer_on() -> None:
    simulation = new(Person(CALLEE, hangs_up_after=5.0))
    leg = dial(
        simulation,
        record="record-from-answer",
        record_format="wav",
        record_channels="single",
        record_custom_file_name="sales",
        record_max_length=4,
    )
    (waiting,) = leg.recordings
    simulation.advance(30)
    assert story(simulation, 1) == [
        ("0.300", "telnyx", "call.initiated"),
        ("2.300", "person", "answers"),
        ("2.300", "telnyx", "call.answered"),
        ("6.800", "telnyx", "call.recording.saved"),
        ("7.300", "person", "hangs_up normal"),
        ("7.300", "telnyx", "call.hangup normal_clearing callee 200"),
    ]
    (payload,) = events(simulation, SAVED)
    assert (payload["recording_id"], payload["format"], payload["channels"]) == (waiting.id, "wav", "single")
    assert list(payload["recording_urls"]) == ["wav"]
    assert (waiting.name, waiting.seconds) == ("sales", 4.0)


def test_the_answer_names_the_recording_that_begins_with_it() -> None:
    simulation = new()
    leg = ring(simulation)
    data = do(simulation, "answer", leg, record="record-from-answer", record_track="inbound")
    assert data == {"result": "ok", "recording_id": leg.recordings[0].id}
    assert code(simulation, "record_start", leg, **MP3) == "90020"
    for name in ("record_pause", "record_resume"):
        do(simulation, name, leg)
    simulation.advance(0.4)
    assert code(simulation, "record_start", leg, **MP3) == "ok"
    legs.person_hangs_up(simulation, leg)
    simulation.advance(1)
    told = [(payload["format"], payload["channels"]) for payload in events(simulation, SAVED)]
    assert told == [("mp3", "single"), ("mp3", "dual")]


def test_a_transfer_records_the_leg_that_it_calls() -> None:
    simulation = new(Person(CALLEE, hangs_up_after=3.0))
    leg = talk(simulation)
    do(simulation, "transfer", leg, to=CALLEE, record="record-from-answer", record_format="wav")
    simulation.advance(20)
    (payload,) = events(simulation, SAVED)
    assert (payload["format"], lengths(simulation)) == ("wav", [3.0])
    assert payload["call_control_id"] != leg.call_control_id
    assert payload["call_session_id"] == leg.call_session_id


def test_dial_names_the_recording_in_its_response() -> None:
    simulation = new()
    body = {"to": CALLEE, "from_": "+12025550100", "connection_id": "1"}
    assert "recording_id" not in do(simulation, "dial", **body)
    data = do(simulation, "dial", **body, record="record-from-answer")
    leg = simulation.world.legs[data["call_control_id"]]
    assert data["recording_id"] == leg.recordings[0].id


@pytest.mark.parametrize("how", ["nobody answers", "stopped before the answer"])
def test_a_recording_that_never_began_leaves_nothing_behind(how: str) -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg, record="record-from-answer")
    if how == "nobody answers":
        legs.person_hangs_up(simulation, leg)
    else:
        do(simulation, "record_stop", leg, recording_id=leg.recordings[0].id)
    simulation.advance(5)
    assert SAVED not in names(simulation)
    assert (leg.recordings, kept(simulation)) == ((), [])


# What is refused, and what has no effect


@pytest.mark.parametrize(("more", "outcome"), [({"timeout_secs": 5}, "90053"), ({"timeout_secs": 0}, "ok"), ({}, "ok")])
def test_silence_is_not_waited_for_while_the_call_is_transcribed(more: dict[str, Any], outcome: str) -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "transcription_start", leg)
    assert code(simulation, "record_start", leg, **MP3, **more) == outcome
    assert len(leg.recordings) == (outcome == "ok")


def test_the_number_of_recordings_of_a_call_is_bounded() -> None:
    simulation = new()
    leg = talk(simulation)
    codes = [code(simulation, "record_start", leg, **MP3) for _ in range(MOST_RUNNING + 1)]
    assert codes == ["ok"] * MOST_RUNNING + ["10027"]


def test_no_more_recordings_are_kept_than_ended_calls_and_no_more_words_than_fit() -> None:
    simulation = new(ended_legs=2)
    leg = talk(simulation)
    for seconds in (1, 2, 3):
        do(simulation, "record_start", leg, **MP3, transcription=True)
        simulation.advance(seconds)
        do(simulation, "record_stop", leg)
        simulation.advance(1)
    assert lengths(simulation) == [2.0, 3.0]
    do(simulation, "record_start", leg, **MP3, transcription=True)
    for _ in range(MOST_UTTERANCES + 1):
        conversations.said(simulation, leg, "Yes.")
    assert len(leg.recordings[0].words) == MOST_UTTERANCES


TEN = "Good day. "
"""Ten characters, but said without the last: 0.594 s."""


def test_a_trimmed_recording_is_as_long_as_there_was_something_to_hear() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "record_start", leg, **MP3, trim="trim-silence")
    simulation.advance(2)
    conversations.said(simulation, leg, TEN)
    simulation.advance(0.3)
    conversations.said(simulation, leg, TEN)  # at the same time as somebody else: 0.3 s more
    do(simulation, "speak", leg, payload="Which one?", voice="female")
    simulation.advance(20)
    do(simulation, "playback_start", leg, audio_url="https://media.example/a.mp3")
    simulation.advance(20)
    do(simulation, "record_stop", leg)
    simulation.advance(1)
    assert lengths(simulation) == [round(speech(TEN.strip()) + 0.3 + speech("Which one?") + 10, 3)]


@pytest.mark.parametrize(("pauses", "length"), [(False, 5.5), (True, 3.5)])
def test_what_still_plays_at_the_end_or_at_a_pause_is_part_of_a_trimmed_recording(pauses: bool, length: float) -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "record_start", leg, **MP3, trim="trim-silence")
    do(simulation, "playback_start", leg, audio_url="https://media.example/a.mp3", loop="infinity")
    simulation.advance(3)
    if pauses:
        do(simulation, "record_pause", leg)
    simulation.advance(2)
    do(simulation, "record_resume", leg)
    simulation.advance(1)
    do(simulation, "record_stop", leg)
    simulation.advance(1)
    assert lengths(simulation) == [length]


def test_a_trimmed_recording_of_one_side_has_nothing_of_the_other_one_or_of_what_waits_to_be_heard() -> None:
    simulation = new()
    leg = talk(simulation)
    do(simulation, "record_start", leg, **MP3, recording_track="inbound", trim="trim-silence")
    do(simulation, "playback_start", leg, audio_url="https://media.example/a.mp3")
    simulation.advance(0.2)
    do(simulation, "record_pause", leg)
    do(simulation, "record_resume", leg)
    simulation.advance(4)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(1)
    assert lengths(simulation) == [0.0]


def test_a_recording_that_cannot_be_kept_is_told_of_and_nothing_comes_after_it() -> None:
    simulation = new()
    simulation.world.failing_recordings = {2: "Unsupported backend"}
    leg = talk(simulation)
    dial(simulation, record="record-from-answer")
    for _ in range(2):
        do(simulation, "record_start", leg, **MP3, transcription=True)
    simulation.advance(1)
    do(simulation, "record_stop", leg)
    simulation.advance(1.7)
    assert [name for name in names(simulation, leg) if "record" in name] == [
        SAVED,
        "call.recording.error",
        "call.recording.transcription.saved",
    ]
    assert [error["reason"] for error in events(simulation, "call.recording.error")] == ["Unsupported backend"]
    assert len(kept(simulation)) == 1
    assert simulation.world.failing_recordings == {}


def test_the_url_begins_with_where_the_server_is() -> None:
    simulation = new(base_url="http://127.0.0.1:8080")
    leg = talk(simulation)
    do(simulation, "record_start", leg, **MP3)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(1)
    assert events(simulation, SAVED)[0]["recording_urls"]["mp3"].startswith("http://127.0.0.1:8080/_mock/recordings/")
