"""The frames of a conversation relay: what the application may send, held against a table, and what it is sent.

Sources: the published channel description for types, fields and two of the descriptions of errors.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from mockserver.sim.digits import KEYS_AND_PAUSES
from mockserver.sim.events import Json
from mockserver.sim.world import Leg

LONGEST_TURN = 10_000
"""How many characters a turn may have, eleven minutes of speech. GUESS: the platform's own limit is not published."""

ACCOUNT = "5d1a8b6f-12c4-4abc-9def-0a37c6e2b118"
"""The account that `setup` names, in every world the same."""

DIRECTIONS = {"incoming": "inbound", "outgoing": "outbound"}

CUT_BY: Mapping[Any, frozenset[str]] = {
    "any": frozenset({"speech", "dtmf"}),
    "speech": frozenset({"speech"}),
    "dtmf": frozenset({"dtmf"}),
    "none": frozenset(),
}
"""What cuts the voice short, by the word for it."""


class Invalid(Exception):
    """A frame that is none. The text is the description of the error frame."""


def is_text(value: Any) -> bool:
    return isinstance(value, str)


def is_bool(value: Any) -> bool:
    return isinstance(value, bool)


def is_cut_by(value: Any) -> bool:
    return is_bool(value) or (is_text(value) and value in CUT_BY)


@dataclass(frozen=True, slots=True)
class Frame:
    """A row: the fields that have to be there, and what each field has to look like. Others are let pass."""

    required: tuple[str, ...] = ()
    fields: Mapping[str, Callable[[Any], bool]] | None = None


# GUESS: `loop` is 1 to 100, as of playback_start; a text frame may have `interruptible` and `preemptible` like a play
# frame, and either takes the words of the command for `interruptible` as well as true and false
FRAMES: Mapping[str, Frame] = {
    "text": Frame(("token",), {"token": is_text, "last": is_bool, "interruptible": is_cut_by, "preemptible": is_bool}),
    "play": Frame(
        ("source",),
        {
            "source": lambda value: is_text(value) and value != "",
            "loop": lambda value: type(value) is int and 1 <= value <= 100,
            "interruptible": is_cut_by,
            "preemptible": is_bool,
        },
    ),
    "sendDigits": Frame(
        ("digits",), {"digits": lambda value: is_text(value) and KEYS_AND_PAUSES.fullmatch(value) is not None}
    ),
    "language": Frame((), {"ttsLanguage": is_text, "transcriptionLanguage": is_text}),
    "end": Frame((), {"handoffData": is_text}),
}
"""What the application may send, by `type`."""


def read(message: str | bytes) -> Json:
    """A frame of the application. Raises `Invalid` for anything else.

    GUESS: the words, but for those of an unknown type and of a missing field, and that a binary message will do.
    """
    try:
        frame = json.loads(message)
    except (ValueError, RecursionError):
        raise Invalid("Invalid message: not JSON") from None
    if not isinstance(frame, dict):
        raise Invalid("Invalid message: not an object")
    kind = frame.get("type")
    if kind is None:
        raise Invalid("Invalid message: missing required field: type")
    row = FRAMES.get(kind) if is_text(kind) else None
    if row is None:
        raise Invalid(f"Invalid message: unknown type: {str(kind)[:100]}")
    for name in row.required:
        if frame.get(name) is None:
            raise Invalid(f"Invalid message: missing required field: {name}")
    for name, fits in (row.fields or {}).items():
        if frame.get(name) is not None and not fits(frame[name]):
            raise Invalid(f"Invalid message: invalid value of field: {name}")
    if kind == "language" and not (frame.get("ttsLanguage") or frame.get("transcriptionLanguage")):
        raise Invalid("Invalid message: missing required field: ttsLanguage or transcriptionLanguage")
    return frame


def cut_by(value: Any, otherwise: frozenset[str]) -> frozenset[str]:
    """What cuts the voice short, from a frame's `interruptible`: true is `any`, false is `none`, documented."""
    if value is None:
        return otherwise
    return CUT_BY[{True: "any", False: "none"}.get(value, value)]


def setup(leg: Leg, session_id: str, parameters: Json) -> Json:
    """The first frame: who calls whom."""
    return {
        "type": "setup",
        "sessionId": session_id,
        "accountSid": ACCOUNT,
        "callSid": leg.call_control_id,
        "callControlId": leg.call_control_id,
        "callSessionId": leg.call_session_id,
        "callLegId": leg.call_leg_id,
        "from": leg.from_,
        "to": leg.to,
        "direction": DIRECTIONS[leg.direction],
        "callerName": leg.from_display_name or "",
        "callStatus": "active",
        "customParameters": parameters,
    }


def prompt(text: str, language: str, last: bool) -> Json:
    """What the person says, so far or to its end."""
    return {"type": "prompt", "voicePrompt": text, "lang": language, "last": last}


def interrupt(said: str, seconds: float) -> Json:
    """The person has cut the voice short, after so many words."""
    return {
        "type": "interrupt",
        "utteranceUntilInterrupt": said,
        "durationUntilInterruptMs": round(seconds * 1000),
    }
