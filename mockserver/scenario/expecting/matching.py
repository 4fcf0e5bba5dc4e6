"""Does an entry of the log fit what somebody expects, and if not, where does it differ?"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.scenario.expecting.who import Parties, Who
from mockserver.sim.events import Entry
from mockserver.sim.matching import details, differences, shown

OK = "ok"

NOBODY = Parties()
"""Where nothing is known of calls."""


@dataclass(frozen=True, slots=True)
class Happening:
    """One kind of entry: a webhook, a command or an act of a person, by name.

    `fields` must all be in it, at any depth; a text may hold `*` for any run of characters. `gets` are the answers of
    a command that are wanted, any one of them: `ok`, an error code, or an HTTP status of three digits; None for any.
    With `who` it is about a call of theirs.
    """

    kind: str
    name: str
    fields: Mapping[str, Any] = field(default_factory=dict)
    gets: tuple[str, ...] | None = None
    who: Who | None = None

    def __str__(self) -> str:
        parts = [self.name]
        if self.who:
            parts.append(f"of {self.who.label}")
        if self.fields:
            parts.append("with " + ", ".join(f"{key}={shown(value)}" for key, value in self.fields.items()))
        if self.gets:
            parts.append("getting " + " or ".join(self.gets))
        return " ".join(parts)

    def named_by(self, entry: Entry) -> bool:
        return entry.kind == self.kind and entry.name == self.name

    def fits(self, entry: Entry, parties: Parties = NOBODY) -> bool:
        return self.named_by(entry) and next(self.differences(entry, parties), None) is None

    def differences(self, entry: Entry, parties: Parties = NOBODY) -> Iterator[str]:
        """Where an entry of this name differs, one sentence a field; `parties` knows whose calls there are."""
        if self.who and not parties.meet(self.who, entry):
            yield f"its call was {parties.told(self.who, entry)}"
        yield from differences(self.fields, details(entry))
        if self.gets and not any(_got(entry, wanted) for wanted in self.gets):
            yield f"it got {answer(entry)}"


def is_ok(entry: Entry) -> bool:
    """Was a command done? Some that make or delete something answer 201 or 204."""
    return entry.data.get("status") in (200, 201, 202, 204)


def answer(entry: Entry) -> str:
    """What a command got, in short: `ok`, or its HTTP status, code and title; a fault may leave it without any."""
    if is_ok(entry):
        return OK
    if entry.data.get("status") is None:
        return "no answer"
    reasons = " and ".join(f"{error['code']} {error['title']}" for error in entry.data.get("errors") or ())
    return f"{entry.data.get('status')} {reasons}".rstrip()


def codes(entry: Entry) -> list[str]:
    """The error codes that a command got."""
    return [str(error["code"]) for error in entry.data.get("errors") or ()]


def _got(entry: Entry, wanted: str) -> bool:
    if wanted == OK:
        return is_ok(entry)
    if len(wanted) == 3:
        return str(entry.data.get("status")) == wanted
    return wanted in codes(entry)
