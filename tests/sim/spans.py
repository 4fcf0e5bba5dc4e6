"""What begins and ends on legs and in conferences, as the log tells it: each once, and what excludes what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from mockserver.sim.events import Entry, Json

LEG, CONFERENCE = "call_control_id", "conference_id"
GATHERS = ("gather", "gather_using_speak", "gather_using_audio", "conference_gather_using_audio")


@dataclass(frozen=True)
class Span:
    """Something that begins with one webhook or granted command and ends with another.

    `of` are the fields that tell one from another; with `once` there is never a second one of the same. At no time do
    two run with the same `alone` and the same fields `where`. One that is `untold` may end without a word of its
    beginning. One that `outlasts` its leg need not end: a call can be kept in a queue after its hang-up.
    """

    begins: tuple[str, ...]
    ends: tuple[str, ...]
    of: tuple[str, ...]
    alone: str
    where: tuple[str, ...] = (LEG,)
    once: bool = False
    untold: bool = False
    outlasts: bool = False


def _span(begins: str, ends: str, of: tuple[str, ...], alone: str, where: tuple[str, ...], once: bool = False) -> Span:
    return Span((begins,), (ends,), of, alone, where, once)


MEMBER = (CONFERENCE, LEG)
SPANS = (
    _span("call.speak.started", "call.speak.ended", (LEG, "speak_id"), "sound", (LEG, "overlay"), once=True),
    _span("call.playback.started", "call.playback.ended", (LEG, "overlay"), "sound", (LEG, "overlay")),
    _span("call.fork.started", "call.fork.stopped", (LEG,), "media", (LEG,)),
    _span("streaming.started", "streaming.stopped", ("stream_id",), "media", (LEG,), once=True),
    _span("siprec.started", "siprec.stopped", (LEG,), "siprec", (LEG,)),
    Span(("call.enqueued",), ("call.dequeued",), (LEG, "queue"), "queue", outlasts=True),
    _span("conference.created", "conference.ended", (CONFERENCE,), "conference", (CONFERENCE,), once=True),
    _span("conference.participant.joined", "conference.participant.left", MEMBER, "participation", (LEG,)),
    *(
        _span(f"conference.{who}{what}.started", f"conference.{who}{what}.ended", where, f"{who}sound", where)
        for what in ("speak", "playback")
        for who, where in (("", (CONFERENCE,)), ("participant.", MEMBER))
    ),
    Span(GATHERS, ("call.gather.ended",), (LEG,), "gather"),
    Span(
        ("call.conversation.created",),
        ("call.conversation.ended",),
        ("conversation_id",),
        "conversation",
        once=True,
        untold=True,
    ),
    Span(("transcription_start",), ("transcription_stop", "call.hangup"), (LEG,), "transcription", untold=True),
    Span((), ("call.recording.saved", "conference.recording.saved"), ("recording_id",), "", once=True, untold=True),
)
BEGINNINGS = {name: span for span in SPANS for name in span.begins}
ENDS = {name: span for span in SPANS for name in span.ends}

Known = tuple[Span, tuple[str, ...]]


def check(told: Iterable[Entry]) -> None:
    """Does all that begins end exactly once and not before, with no two at a time of what excludes one another?"""
    running: dict[Known, tuple[str, ...]] = {}
    over: set[Known] = set()
    for entry in told:
        fields = _fields(entry)
        begun, ended = BEGINNINGS.get(entry.name), ENDS.get(entry.name)
        if fields is None:
            continue
        if begun is not None:
            known, place = (begun, _values(fields, begun.of)), (begun.alone, *_values(fields, begun.where))
            assert place not in running.values(), f"{place} is taken: {entry}"
            assert known not in over, f"a second time: {entry}"
            running[known] = place
        if ended is not None:
            known = (ended, _values(fields, ended.of))
            assert known in running or (ended.untold and known not in over), f"it did not run: {entry}"
            running.pop(known, None)
            if ended.once:
                over.add(known)
    left = [known for known in running if not known[0].outlasts]
    assert not left, f"it never ended: {left}"


def _fields(entry: Entry) -> Json | None:
    """What of an entry tells one thing from another; None if it brings nothing about."""
    if entry.kind == "webhook":
        payload: Json = entry.data["payload"]
        return payload
    if entry.kind != "command" or "errors" in entry.data or entry.data.get("repeated"):
        return None
    return {LEG: entry.call_control_id}


def _values(fields: Json, names: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(str(fields.get(name) or "") for name in names)
