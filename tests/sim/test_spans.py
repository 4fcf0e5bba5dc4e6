"""What `spans.check` takes for sound, and what it does not."""

from __future__ import annotations

import pytest

from mockserver.sim.events import Entry
from tests.sim import spans

GOOD = [
    "call.speak.started call.speak.ended call.speak.started:2 call.speak.ended:2",
    "call.playback.started call.playback.ended call.playback.started call.playback.ended",
    "call.fork.started call.fork.stopped streaming.started streaming.stopped",
    "gather call.gather.ended gather_using_speak call.gather.ended",
    "transcription_start transcription_stop transcription_stop transcription_start call.hangup",
    "call.conversation.ended call.conversation.created:2 call.conversation.ended:2",
    "call.recording.saved call.recording.saved:2",
    "call.enqueued call.dequeued call.enqueued:2 call.hangup",
]
BAD = [
    ("call.speak.started", "it never ended"),
    ("call.speak.ended", "it did not run"),
    ("call.speak.started call.speak.ended call.speak.ended", "it did not run"),
    ("call.speak.started call.speak.ended call.speak.started call.speak.ended", "a second time"),
    ("call.speak.started call.playback.started", "is taken"),
    ("call.fork.started streaming.started", "is taken"),
    ("gather gather_using_audio", "is taken"),
    ("transcription_start transcription_start", "is taken"),
    ("conference.participant.joined conference.participant.joined:2", "is taken"),
    ("call.enqueued call.enqueued:2", "is taken"),
    ("call.conversation.created call.conversation.created:2", "is taken"),
    ("call.conversation.ended call.conversation.ended", "it did not run"),
    ("call.recording.saved call.recording.saved", "it did not run"),
]
IDS = ("speak_id", "stream_id", "conversation_id", "recording_id", "conference_id", "queue")


def log(text: str) -> list[Entry]:
    """Entries by name, all of one leg; a number behind a name tells what they are about from another."""
    told = []
    for seq, word in enumerate(text.split(), 1):
        name, _, number = word.partition(":")
        payload = {"call_control_id": "v3:leg", **dict.fromkeys(IDS, number or "1")}
        kind, data = ("webhook", {"payload": payload}) if "." in name else ("command", {"request": {}})
        told.append(Entry(seq, seq, kind, name, "v3:leg", data))
    return told


@pytest.mark.parametrize("text", GOOD)
def test_what_begins_and_ends_in_turn_is_sound(text: str) -> None:
    spans.check(log(text))


@pytest.mark.parametrize(("text", "why"), BAD)
def test_what_ends_twice_or_never_or_runs_beside_another_is_not(text: str, why: str) -> None:
    with pytest.raises(AssertionError, match=why):
        spans.check(log(text))
