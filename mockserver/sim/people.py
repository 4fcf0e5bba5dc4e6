"""The people at the other end: whoever is called and whoever calls, and what they do without being told.

People are values. A scenario names some by number or pattern; everybody else is `ANYBODY`, who answers after two
seconds, or one of the `MAGIC_NUMBERS`, who bring about every other outcome with no set-up at all.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from mockserver.sim import errors, timings
from mockserver.sim.errors import Problem

MACHINES = ("beep", "no_beep", "fax")
"""What may answer instead of a person: an answering machine with or without a beep after its greeting, or a fax."""

OUTCOMES = ("answer", "busy", "decline", "no_answer", "unassigned")


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with a telephone.

    `number` is a number, a SIP URI or a pattern with `*` for any run of characters. Times are seconds: `answers_after`
    from the first ring, `hangs_up_after` from the answer, `gives_up_after` from the moment they start to call.
    `answers` gives, by the name of a property, what they reply to an assistant that gathers it: one value for each
    time they are asked, the last one for ever after, `None` for silence. `presses` are the keys they enter, one entry
    for each time a gather asks, and then no more. `machine` is what answers in their place: one of `MACHINES`.
    `refused` is the error with which the platform refuses to dial them at all.
    """

    number: str = "*"
    name: str = ""
    outcome: str = "answer"
    answers_after: float = timings.RING
    hangs_up_after: float | None = None
    hangs_up_when_done: bool = False
    gives_up_after: float | None = None
    says: tuple[str, ...] = ()
    answers: Mapping[str, tuple[Any, ...]] = field(default_factory=dict)
    silent: bool = False
    presses: tuple[str, ...] = ()
    machine: str = ""
    refused: Problem | None = None
    about: str = ""


ANYBODY = Person(about="rings 2 s and answers")

MAGIC_NUMBERS: tuple[Person, ...] = (
    Person("+15005550001", "Busy", outcome="busy", about="is busy: user_busy, 486"),
    Person("+15005550002", "Decliner", outcome="decline", about="declines after 2 s: call_rejected, 603"),
    Person("+15005550003", "Nobody", outcome="no_answer", about="lets it ring until timeout_secs: timeout"),
    Person("+15005550004", "Unassigned", outcome="unassigned", about="does not exist: not_found, 404"),
    Person("+15005550005", "Brief", hangs_up_after=3.0, about="answers and hangs up after 3 s: normal_clearing"),
    Person("+15005550006", "Late", answers_after=20.0, about="answers after 20 s"),
    Person("+15005550007", "Instant", answers_after=0.0, about="answers at the first ring"),
    Person("+15005550008", "Silent", silent=True, about="answers, and never says a word"),
    Person("+15005550009", "Presser", presses=("1",) * 1_000, about="answers, and presses 1 whenever a gather asks"),
    Person("+15005550010", "Machine", machine="beep", about="is an answering machine: a greeting of 6 s, then a beep"),
    Person("+15005550011", "No beep", machine="no_beep", about="is an answering machine that never beeps"),
    Person("+15005550012", "Fax", machine="fax", about="is a fax"),
    Person(
        "+15005550403",
        "Not allowed",
        refused=errors.DESTINATION_NOT_ALLOWED,
        about="dial is refused: 403, 10010, a country that is not whitelisted (D13)",
    ),
    Person(
        "+15005550041",
        "Channel limit",
        refused=errors.CHANNEL_LIMIT,
        about="dial is refused: 422, 90041, the account has no channel left",
    ),
)


def matches(pattern: str, number: str) -> bool:
    """Does `number` fit `pattern`, in which `*` stands for any run of characters?"""
    if "*" not in pattern:
        return pattern == number
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), number) is not None


def find(number: str, known: Iterable[Person]) -> Person:
    """Who has `number`: the first that fits of `known` and of the magic numbers, else anybody."""
    for person in known:
        if matches(person.number, number):
            return person
    return next((person for person in MAGIC_NUMBERS if person.number == number), ANYBODY)


@dataclass(frozen=True, slots=True)
class Turn:
    """What an assistant says in reply; with `hears`, only to an utterance that contains it, whatever its case."""

    says: str
    hears: str | None = None

    def fits(self, utterance: str) -> bool:
        return self.hears is None or self.hears.casefold() in utterance.casefold()


@dataclass(frozen=True, slots=True)
class Assistant:
    """What an assistant is and says. The fields that a start command leaves out are taken from here.

    `insights` are the results of `call.conversation_insights.generated`, one `{"insight_id", "result"}` each; None
    means one short summary.
    """

    id: str = ""
    name: str = "Assistant"
    greeting: str = ""
    model: str = "Qwen/Qwen3-235B-A22B"
    voice: str = "Telnyx.KokoroTTS.af"
    transcription_model: str = "deepgram/flux"
    turns: tuple[Turn, ...] = ()
    insights: tuple[Mapping[str, Any], ...] | None = None
    insight_group_id: str | None = None
    time_limit_secs: float = timings.ASSISTANT_LIMIT


@dataclass(frozen=True, slots=True)
class Injected:
    """A refusal that a scenario wants: the `nth` command called `command` gets `problem`."""

    command: str
    nth: int
    problem: Problem
