"""Plays made by hand: what an application was told and what it sent, in the order in which it is written."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

from mockserver.audit.judging import Undisturbed, undisturbed
from mockserver.audit.play import Play, Sent, Told


def told(event: str, call: str = "A", how: str = "", says: str = "", **more: Any) -> Told:
    """A delivery that was answered at once with a 200, unless more is said."""
    given = {"webhook": 0, "seq": 0, "began": 0, "status": 200, "ms": 1.0, "reason": None, **more}
    return Told(call, event, f"{event} {call} {says}", how, **given)


def sent(operation: str, cause: Told | None = None, call: str = "A", got: str = "ok", **fields: Any) -> Sent:
    """A command that was obeyed, unless it got a code and a title."""
    written = {name: json.dumps(value) for name, value in fields.items()}
    code = "" if got == "ok" else got.split()[0]
    return Sent(call, operation, written, got, code, 0, 0, cause=cause)


def play(*happened: Told | Sent) -> Play:
    """A play in which this happened one after the other; a delivery whose entries have no numbers is one at once."""
    numbered = [
        replace(one, seq=number * 10, webhook=one.webhook or number * 10 - 5)
        if isinstance(one, Told)
        else replace(one, seq=number * 10 - 1)
        for number, one in enumerate(happened, 1)
    ]
    deliveries = [one for one in numbered if isinstance(one, Told)]
    ends = {one.call: one.seq for one in deliveries if one.event == "call.hangup"}
    return Play(deliveries, [one for one in numbered if isinstance(one, Sent)], ends)


def base(*happened: Told | Sent) -> Undisturbed:
    """The same twice, undisturbed."""
    return undisturbed([play(*happened), play(*happened)])
