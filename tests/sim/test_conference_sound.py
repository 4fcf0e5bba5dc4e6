"""What is heard in a conference: its members, what is played and said to all or to some, and what is recorded of it."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.sim import voices
from mockserver.sim.audio_files import Said
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.conversations import said
from mockserver.sim.digits import person_presses
from mockserver.sim.kept_recordings import signature
from mockserver.sim.legs import person_hangs_up
from mockserver.sim.outside import Ask, Nowhere, Reply, Then
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.conferring import NAME, confer, create, refused, since, three
from tests.sim.telling import code, do, events, new, ring, talk

AUDIO = "https://media.example/a.mp3"


class Slow(Nowhere):
    """A world outside that answers when a test does."""

    def __init__(self) -> None:
        self.asked: list[Then] = []

    def ask(self, simulation: Simulation, wanted: Ask, then: Then) -> None:
        self.asked.append(then)


# Who hears whom


def heard(simulation: Simulation, legs: list[Leg], speaker: int) -> list[int]:
    """Somebody says something; the numbers of the others on whose legs it is transcribed."""
    for leg in legs:
        if leg.transcription is None:
            do(simulation, "transcription_start", leg, transcription_tracks="outbound")
    before = len(events(simulation, "call.transcription"))
    said(simulation, legs[speaker], "Hello.")
    simulation.advance(1)
    found = [payload["call_control_id"] for payload in events(simulation, "call.transcription")[before:]]
    return sorted([leg.call_control_id for leg in legs].index(one) for one in found)


@pytest.mark.parametrize(
    ("command", "body", "who_hears_the_third", "who_hears_the_first"),
    [
        (None, {}, [0, 1], [1, 2]),
        ("mute", {"call_control_ids": [2]}, [], [1, 2]),
        ("mute", {}, [], []),
        ("hold", {"call_control_ids": [2]}, [], [1]),
        ("hold", {"call_control_ids": []}, [], []),
        ("update", {"call_control_id": 2, "supervisor_role": "monitor"}, [], [1, 2]),
        ("update", {"call_control_id": 2, "supervisor_role": "barge"}, [0, 1], [1, 2]),
        ("update", {"call_control_id": 2, "supervisor_role": "none"}, [0, 1], [1, 2]),
        ("update", {"call_control_id": 2, "supervisor_role": "whisper"}, [], [1, 2]),
        (
            "update",
            {"call_control_id": 2, "supervisor_role": "whisper", "whisper_call_control_ids": [1]},
            [1],
            [1, 2],
        ),
    ],
)
def test_who_hears_whom(
    command: str | None, body: dict[str, Any], who_hears_the_third: list[int], who_hears_the_first: list[int]
) -> None:
    simulation = new()
    _, legs = three(simulation)
    if command:
        confer(simulation, command, **{key: _legs(legs, value) for key, value in body.items()})
    assert heard(simulation, legs, 2) == who_hears_the_third
    assert heard(simulation, legs, 0) == who_hears_the_first


def _legs(legs: list[Leg], value: Any) -> Any:
    if isinstance(value, int):
        return legs[value]
    return [legs[one] for one in value] if isinstance(value, list) else value


def test_a_whisper_that_is_muted_or_on_hold_is_heard_by_nobody() -> None:
    simulation = new()
    _, legs = three(simulation)
    confer(
        simulation,
        "update",
        call_control_id=legs[2],
        supervisor_role="whisper",
        whisper_call_control_ids=[legs[0]],
    )
    assert heard(simulation, legs, 2) == [0]
    confer(simulation, "mute", call_control_ids=[legs[2]])
    assert heard(simulation, legs, 2) == []
    confer(simulation, "unmute", call_control_ids=[legs[2]])
    confer(simulation, "hold", call_control_ids=[legs[2]])
    assert heard(simulation, legs, 2) == []
    confer(simulation, "unhold", call_control_ids=[])
    assert heard(simulation, legs, 2) == [0]


def test_members_join_muted_on_hold_or_as_supervisors() -> None:
    simulation = new()
    first, muted, held = talk(simulation), talk(simulation), talk(simulation)
    create(simulation, first)
    confer(simulation, "join", call_control_id=muted, mute=True)
    confer(simulation, "join", call_control_id=held, hold=True)
    whisper = talk(simulation)
    confer(
        simulation,
        "join",
        call_control_id=whisper,
        supervisor_role="whisper",
        whisper_call_control_ids=[first],
    )
    legs = [first, muted, held, whisper]
    assert [heard(simulation, legs, number) for number in range(4)] == [[1, 3], [], [], [0]]


def test_nobody_is_heard_while_the_conference_waits() -> None:
    simulation = new()
    legs = [talk(simulation), talk(simulation)]
    create(simulation, legs[0], start_conference_on_create=False)
    confer(simulation, "join", call_control_id=legs[1])
    assert heard(simulation, legs, 0) == []
    assert events(simulation, "conference.floor.changed") == []


def test_the_floor_changes_when_somebody_else_speaks() -> None:
    simulation = new()
    _, legs = three(simulation)
    told = simulation.log.last_seq
    for number in (0, 0, 1, 0):
        said(simulation, legs[number], "Yes.")
    confer(simulation, "mute", call_control_ids=[legs[2]])
    said(simulation, legs[2], "No.")
    confer(simulation, "leave", call_control_id=legs[0])
    assert since(simulation, told) == [
        ("2.200", "person", "says Yes."),
        ("2.200", "telnyx", "conference.floor.changed"),
        ("2.200", "person", "says Yes."),
        ("2.200", "person 2", "says Yes."),
        ("2.200", "telnyx 2", "conference.floor.changed"),
        ("2.200", "person", "says Yes."),
        ("2.200", "telnyx", "conference.floor.changed"),
        ("2.200", "app", "conference_mute"),
        ("2.200", "person 3", "says No."),
        ("2.200", "telnyx", "conference.participant.left"),
        ("2.200", "app", "conference_leave"),
    ]


def test_a_stream_of_a_member_carries_what_the_others_say_and_what_is_played() -> None:
    simulation = new()
    _, legs = three(simulation)
    silent, other, application = 0, voices.OTHER, voices.APPLICATION

    def heard_now() -> list[int]:
        return [voices.heard_by_person(simulation, leg, simulation.now) for leg in legs]

    assert heard_now() == [silent, silent, silent]
    voices.will_speak(simulation, legs[0], "Good day.")
    confer(simulation, "hold", call_control_ids=[legs[2]])
    assert heard_now() == [silent, other, silent]
    simulation.advance(1)
    confer(simulation, "speak", payload="Good day.", voice="female")
    simulation.advance(0.6)
    assert heard_now() == [application, application, silent]
    simulation.advance(10)
    confer(simulation, "play", audio_url=AUDIO, call_control_ids=[legs[0]])
    simulation.advance(0.6)
    assert heard_now() == [application, silent, silent]


# Speech and audio


def test_what_is_for_all_is_played_one_after_the_other() -> None:
    simulation = new()
    _, legs = three(simulation)
    do(simulation, "transcription_start", legs[1], transcription_tracks="outbound")
    confer(simulation, "hold", call_control_ids=[legs[2]])
    do(simulation, "transcription_start", legs[2], transcription_tracks="outbound")
    told = simulation.log.last_seq
    confer(simulation, "speak", payload="Good day.", voice="female")
    confer(simulation, "play", audio_url=AUDIO, loop=2)
    simulation.advance(60)
    assert since(simulation, told) == [
        ("2.200", "app", "conference_speak"),
        ("2.200", "app", "conference_play"),
        ("2.700", "telnyx", "conference.speak.started"),
        ("3.294", "telnyx", "conference.speak.ended"),
        ("3.594", "telnyx 2", "call.transcription"),
        ("3.794", "telnyx", "conference.playback.started"),
        ("23.794", "telnyx", "conference.playback.ended"),
    ]
    (payload,) = events(simulation, "conference.playback.started")
    assert payload == {
        "conference_id": simulation.world.conference_names[NAME].id,
        "connection_id": legs[0].connection_id,
        "creator_call_session_id": legs[0].call_session_id,
        "media_url": AUDIO,
        "occurred_at": "2026-01-01T00:00:03.794000Z",
    }


def test_what_is_for_some_is_told_for_each_of_them() -> None:
    simulation = new()
    _, legs = three(simulation)
    do(simulation, "transcription_start", legs[0], transcription_tracks="outbound")
    told = simulation.log.last_seq
    confer(simulation, "speak", payload="Good day.", voice="female", call_control_ids=legs[:2])
    confer(simulation, "play", media_name="a", call_control_ids=[legs[1], legs[1]])
    simulation.advance(60)
    assert since(simulation, told) == [
        ("2.200", "app", "conference_speak"),
        ("2.200", "app", "conference_play"),
        ("2.700", "telnyx", "conference.participant.speak.started"),
        ("2.700", "telnyx 2", "conference.participant.speak.started"),
        ("3.294", "telnyx", "conference.participant.speak.ended"),
        ("3.294", "telnyx 2", "conference.participant.speak.ended"),
        ("3.594", "telnyx", "call.transcription"),
        ("3.794", "telnyx 2", "conference.participant.playback.started"),
        ("13.794", "telnyx 2", "conference.participant.playback.ended"),
    ]
    (payload,) = events(simulation, "conference.participant.playback.started")
    assert (payload["media_name"], payload["creator_call_session_id"]) == ("a", legs[0].call_session_id)


def test_stop_cuts_what_plays_for_all_or_for_some() -> None:
    simulation = new()
    _, legs = three(simulation)
    confer(simulation, "play", audio_url=AUDIO, loop="infinity")
    confer(simulation, "play", audio_url=AUDIO)
    for leg in legs[:2]:
        confer(simulation, "play", audio_url=AUDIO, loop="infinity", call_control_ids=[leg])
    simulation.advance(100)
    told = simulation.log.last_seq
    confer(simulation, "stop", call_control_ids=[legs[1], legs[2]])
    simulation.advance(1)
    confer(simulation, "stop")
    confer(simulation, "stop")
    simulation.advance(100)
    assert since(simulation, told) == [
        ("102.200", "telnyx 2", "conference.participant.playback.ended"),
        ("102.200", "app", "conference_stop"),
        ("103.200", "telnyx", "conference.participant.playback.ended"),
        ("103.200", "telnyx", "conference.playback.ended"),
        ("103.200", "app", "conference_stop"),
        ("103.200", "app", "conference_stop"),
    ]


def test_what_never_began_has_no_webhooks() -> None:
    simulation = new()
    three(simulation)
    told = simulation.log.last_seq
    confer(simulation, "speak", payload="Good day.", voice="female")
    simulation.advance(0.4)
    confer(simulation, "stop")
    simulation.advance(10)
    assert [row[2] for row in since(simulation, told)] == ["conference_speak", "conference_stop"]


def test_what_plays_ends_with_its_member_or_its_conference() -> None:
    simulation = new()
    _, legs = three(simulation)
    confer(simulation, "play", audio_url=AUDIO, loop="infinity")
    confer(simulation, "play", audio_url=AUDIO, loop="infinity", call_control_ids=legs)
    simulation.advance(1)
    told = simulation.log.last_seq
    person_hangs_up(simulation, legs[2])
    confer(simulation, "leave", call_control_id=legs[1])
    confer(simulation, "end")
    simulation.advance(1)
    assert [row[1:] for row in since(simulation, told)] == [
        ("person 3", "hangs_up normal"),
        ("telnyx 3", "conference.participant.playback.ended"),
        ("telnyx 3", "call.hangup normal_clearing caller 200"),
        ("telnyx 3", "conference.participant.left"),
        ("telnyx 2", "conference.participant.playback.ended"),
        ("telnyx 2", "conference.participant.left"),
        ("app 2", "conference_leave"),
        ("app", "conference_end"),
        ("telnyx", "conference.participant.playback.ended"),
        ("telnyx", "call.hangup time_limit unknown 200"),
        ("telnyx", "conference.participant.left"),
        ("telnyx", "conference.playback.ended"),
        ("telnyx", "conference.ended host_left"),
    ]


def test_speech_for_all_that_is_cut_was_heard_so_far() -> None:
    simulation = new()
    _, legs = three(simulation)
    do(simulation, "transcription_start", legs[1], transcription_tracks="outbound")
    confer(simulation, "speak", payload="Good day to all of you.", voice="female")
    simulation.advance(0.5 + 0.7)
    confer(simulation, "stop")
    simulation.advance(1)
    (payload,) = events(simulation, "call.transcription")
    assert payload["transcription_data"]["transcript"] == "Good day"


def test_a_file_that_cannot_be_had_begins_and_ends_at_once() -> None:
    simulation = new()
    simulation.world.audio = [Said(url=AUDIO, problem="not_found")]
    three(simulation)
    told = simulation.log.last_seq
    confer(simulation, "play", audio_url=AUDIO)
    simulation.advance(10)
    assert since(simulation, told) == [
        ("2.200", "app", "conference_play"),
        ("2.700", "telnyx", "conference.playback.started"),
        ("2.700", "telnyx", "conference.playback.ended"),
    ]


def test_a_file_that_comes_too_late_is_not_played() -> None:
    simulation = new(fetch_audio=True)
    slow = Slow()
    simulation.outside = slow
    three(simulation)
    told = simulation.log.last_seq
    confer(simulation, "play", audio_url=AUDIO)
    simulation.advance(1)
    confer(simulation, "stop")
    (then,) = slow.asked
    then(Reply(404))
    simulation.advance(10)
    assert [row[2] for row in since(simulation, told)] == ["conference_play", "conference_stop"]


def test_a_leg_that_is_being_answered_hears_nothing_before() -> None:
    simulation = new()
    leg = ring(simulation)
    do(simulation, "answer", leg)
    create(simulation, leg)
    confer(simulation, "speak", payload="Good day.", voice="female")
    told = simulation.log.last_seq
    simulation.advance(2)
    assert since(simulation, told)[:4] == [
        ("0.400", "telnyx", "call.answered"),
        ("0.600", "telnyx", "conference.created"),
        ("0.600", "telnyx", "conference.participant.joined"),
        ("0.900", "telnyx", "conference.speak.started"),
    ]


@pytest.mark.parametrize(
    ("command", "body", "outcome"),
    [
        ("play", {}, "10004"),
        ("play", {"audio_url": AUDIO, "media_name": "a"}, "10027"),
        ("play", {"audio_url": AUDIO, "loop": 0}, "90009"),
        ("speak", {"payload": "", "voice": "female"}, "90010"),
        ("speak", {"payload": "x" * 3001, "voice": "female"}, "90010"),
        ("send_dtmf", {"digits": "x"}, "90014"),
        ("send_dtmf", {"digits": "1", "duration_millis": 99}, "90027"),
        ("record_stop", {"recording_id": "nothing"}, "10005"),
        ("record_pause", {"recording_id": "nothing"}, "10005"),
        ("record_resume", {"recording_id": "nothing"}, "10005"),
    ],
)
def test_what_is_refused(command: str, body: dict[str, Any], outcome: str) -> None:
    simulation = new()
    three(simulation)
    assert refused(simulation, command, **body) == outcome


def test_nobody_who_could_hear_it_is_a_refusal() -> None:
    simulation = new()
    leg = talk(simulation)
    create(simulation, leg)
    do(simulation, "hangup", leg)
    assert refused(simulation, "play", audio_url=AUDIO) == "90033"
    assert refused(simulation, "speak", payload="Hello.", voice="female") == "90033"
    assert refused(simulation, "send_dtmf", digits="1") == "ok"


def test_only_so_much_may_wait_to_be_played() -> None:
    simulation = new()
    _, legs = three(simulation)
    for body in ({}, {"call_control_ids": [legs[0]]}):
        for _ in range(1_001):
            confer(simulation, "play", audio_url=AUDIO, **body)
        assert refused(simulation, "play", audio_url=AUDIO, **body) == "10027"


# Keys


def test_keys_are_sent_to_all_or_some() -> None:
    simulation = new()
    _, legs = three(simulation)
    told = simulation.log.last_seq
    confer(simulation, "send_dtmf", digits="12", call_control_ids=[legs[1]], client_state="QQ==")
    simulation.advance(1)
    assert since(simulation, told) == [
        ("2.200", "app", "conference_send_dtmf"),
        ("2.200", "person 2", "hears 12"),
    ]
    assert [leg.client_state for leg in legs] == [None, "QQ==", None]


def test_keys_of_a_member_are_gathered_on_its_leg() -> None:
    simulation = new()
    _, legs = three(simulation)
    told = simulation.log.last_seq
    confer(
        simulation,
        "gather_using_audio",
        call_control_id=legs[1],
        audio_url=AUDIO,
        gather_id="pin",
        client_state="QQ==",
        initial_timeout_millis=1000,
        maximum_tries=1,
    )
    simulation.advance(1)
    person_presses(simulation, legs[1], "1#")
    simulation.advance(1)
    assert [row[2] for row in since(simulation, told)] == [
        "conference_gather_using_audio",
        "call.playback.started",
        "presses 1#",
        "call.dtmf.received 1",
        "call.playback.ended cancelled",
        "call.dtmf.received #",
        "call.gather.ended valid 1",
    ]
    (payload,) = events(simulation, "call.gather.ended")
    assert (payload["gather_id"], payload["client_state"]) == ("pin", "QQ==")


def test_a_key_may_leave_the_prompt_alone() -> None:
    simulation = new()
    _, legs = three(simulation)
    asked = {"call_control_id": legs[1], "audio_url": AUDIO, "maximum_digits": 2, "minimum_digits": 2}
    told = simulation.log.last_seq
    confer(simulation, "gather_using_audio", **asked, inter_digit_timeout_millis=20_000, stop_playback_on_dtmf=False)
    simulation.advance(5)
    person_presses(simulation, legs[1], "1")
    simulation.advance(10)
    person_presses(simulation, legs[1], "#")
    simulation.advance(1)
    person_presses(simulation, legs[1], "12")
    simulation.advance(1)
    assert since(simulation, told) == [
        ("2.200", "app 2", "conference_gather_using_audio"),
        ("2.700", "telnyx 2", "call.playback.started"),
        ("7.200", "person 2", "presses 1"),
        ("7.200", "telnyx 2", "call.dtmf.received 1"),
        ("12.700", "telnyx 2", "call.playback.ended completed"),
        ("17.200", "person 2", "presses #"),
        ("17.200", "telnyx 2", "call.dtmf.received #"),
        ("17.700", "telnyx 2", "call.playback.started"),
        ("18.200", "person 2", "presses 12"),
        ("18.200", "telnyx 2", "call.dtmf.received 1"),
        ("18.450", "telnyx 2", "call.dtmf.received 2"),
        ("18.450", "telnyx 2", "call.gather.ended valid 12"),
        ("18.450", "telnyx 2", "call.playback.ended cancelled"),
    ]


def test_the_first_key_of_a_gather_may_take_so_long() -> None:
    simulation = new()
    _, legs = three(simulation)
    asked = {"call_control_id": legs[1], "audio_url": AUDIO, "maximum_tries": 1}
    confer(simulation, "gather_using_audio", **asked, initial_timeout_millis=1000)
    simulation.advance(12)
    assert [payload["status"] for payload in events(simulation, "call.gather.ended")] == ["timeout"]
    assert refused(simulation, "gather_using_audio", **asked, initial_timeout_millis=0) == "90025"


# Recordings


def test_a_recording_is_saved_when_it_is_stopped() -> None:
    simulation = new()
    conference, legs = three(simulation)
    told = simulation.log.last_seq
    confer(simulation, "record_start", format="wav", custom_file_name="mine")
    simulation.advance(5)
    confer(simulation, "record_pause")
    simulation.advance(5)
    confer(simulation, "record_pause")
    confer(simulation, "record_resume")
    confer(simulation, "record_resume")
    simulation.advance(1)
    (running,) = conference.recordings
    confer(simulation, "record_stop", recording_id=running.id, client_state="QQ==")
    simulation.advance(1)
    assert since(simulation, told)[-1] == ("13.700", "telnyx", "conference.recording.saved")
    (payload,) = events(simulation, "conference.recording.saved")
    recording = simulation.world.recordings[running.id]
    where = f"http://127.0.0.1:12111/_mock/recordings/{recording.id}.wav"
    expires = EPOCH // SECOND + 13 + 600
    assert payload == {
        "call_control_id": legs[0].call_control_id,
        "call_session_id": legs[0].call_session_id,
        "channels": "single",
        "client_state": "QQ==",
        "conference_id": conference.id,
        "connection_id": legs[0].connection_id,
        "format": "wav",
        "public_recording_urls": {},
        "recording_ended_at": "2026-01-01T00:00:13.200000Z",
        "recording_id": recording.id,
        "recording_started_at": "2026-01-01T00:00:02.200000Z",
        "recording_urls": {"wav": f"{where}?expires={expires}&signature={signature(recording, str(expires))}"},
    }
    assert (recording.seconds, recording.name) == (6.0, "mine")


def test_every_recording_ends_with_its_conference() -> None:
    simulation = new()
    conference, _ = three(simulation)
    for _ in range(2):
        confer(simulation, "record_start", format="mp3", channels="dual")
    simulation.advance(2)
    told = simulation.log.last_seq
    confer(simulation, "end")
    simulation.advance(2)
    assert [row[2] for row in since(simulation, told)][-3:] == [
        "conference.ended host_left",
        "conference.recording.saved",
        "conference.recording.saved",
    ]
    assert conference.recordings == ()


def test_silence_is_left_out_of_a_recording_that_is_trimmed() -> None:
    simulation = new()
    _, legs = three(simulation)
    confer(simulation, "record_start", format="mp3", trim="trim-silence")
    simulation.advance(5)
    said(simulation, legs[0], "x" * 30)
    confer(simulation, "speak", payload="y" * 50, voice="female")
    simulation.advance(20)
    confer(simulation, "record_stop")
    simulation.advance(1)
    (recording,) = simulation.world.recordings.values()
    assert recording.seconds == pytest.approx(80 * 0.066)


def test_only_so_many_recordings_run() -> None:
    simulation = new()
    three(simulation)
    for _ in range(20):
        confer(simulation, "record_start", format="mp3")
    assert refused(simulation, "record_start", format="mp3") == "10027"
    confer(simulation, "record_stop")
    confer(simulation, "record_stop")
    assert refused(simulation, "record_start", format="mp3") == "ok"


def test_what_is_said_on_a_leg_by_the_application_is_not_heard_by_the_others() -> None:
    simulation = new()
    _, legs = three(simulation)
    do(simulation, "transcription_start", legs[1], transcription_tracks="both")
    assert code(simulation, "speak", legs[0], payload="Only you.", voice="female") == "ok"
    simulation.advance(5)
    assert events(simulation, "call.transcription") == []
