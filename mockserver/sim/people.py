"""The people at the other end: whoever is called and whoever calls, and what they do without being told.

People are values. A scenario names some by number or pattern; everybody else is `ANYBODY`, who answers after two
seconds, or one of the `MAGIC_NUMBERS`, who bring about every other outcome with no set-up at all.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from mockserver.sim import errors, timings
from mockserver.sim.errors import Problem
from mockserver.sim.matching import like

MACHINES = ("beep", "no_beep", "fax")
"""What may answer instead of a person: an answering machine with or without a beep after its greeting, or a fax."""

OUTCOMES = ("answer", "busy", "decline", "no_answer", "unassigned")

ACTS = ("presses", "says", "silent", "holds", "unholds", "hangs_up")
"""What people may be told to do at a moment of their call."""

EVERY = 0
"""The `nth` of an act that is done each time."""

MOST_ACTS = 1_000
"""How many acts a person may have, and how many they do in one call."""


@dataclass(frozen=True, slots=True)
class Act:
    """Something that a person does: `does` is one of `ACTS`, `what` the keys or the words, if it needs any.

    It comes `after` seconds after `when` has happened on their leg for the `nth` time: a webhook, a command of the
    application, or `assistant_says`. With `after_silence` it comes when they have heard nothing for so many seconds,
    the `nth` time that a silence lasts so long, and `when` is none.
    """

    does: str
    what: str = ""
    when: str = "call.answered"
    nth: int = 1
    after: float = 0.0
    after_silence: float | None = None


@dataclass(frozen=True, slots=True)
class Person:
    """Someone with a telephone.

    `number` is a number, a SIP URI or a pattern with `*` for any run of characters. Times are seconds: `answers_after`
    from the first ring, `hangs_up_after` from the answer, `gives_up_after` from the moment they start to call.
    `answers` gives, by the name of a property, what they reply to an assistant that gathers it: one value for each
    time they are asked, the last one for ever after, `None` for silence. `presses` are the keys they enter, one entry
    for each time a gather asks, and then no more. `machine` is what answers in their place: one of `MACHINES`. The
    voice of somebody `fake` is a synthetic one. `acts` are what they do besides.
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
    fake: bool = False
    acts: tuple[Act, ...] = ()
    refused: Problem | None = None
    about: str = ""


BEING_SPOKEN_TO = ("assistant_says", "call.speak.started", "call.playback.started")

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
        "+15005550013",
        "Holder",
        acts=(Act("holds", after=3.0), Act("unholds", after=8.0)),
        about="answers, puts the call on hold after 3 s and takes it back 5 s later",
    ),
    Person(
        "+15005550014",
        "Interrupter",
        acts=tuple(Act("says", "Hello?", when, EVERY, 0.5) for when in BEING_SPOKEN_TO),
        about="answers, and says “Hello?” half a second into whatever is said or played",
    ),
    Person(
        "+15005550015",
        "Leaver",
        acts=tuple(Act("hangs_up", when=when, after=1.0) for when in BEING_SPOKEN_TO),
        about="answers, and hangs up a second into the first thing that is said or played",
    ),
    Person(
        "+15005550016",
        "Talker",
        says=("Hello.", "Goodbye."),
        hangs_up_when_done=True,
        about="answers, says “Hello.” and “Goodbye.” to an assistant or a stream, and hangs up",
    ),
    Person(
        "+15005550017",
        "Hasty",
        acts=tuple(Act("presses", "1", when, EVERY, 1.0) for when in ("gather_using_speak", "gather_using_audio")),
        about="answers, and presses 1 over every prompt that asks for keys, after 1 s",
    ),
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
    return like(pattern, number)


def find(number: str, known: Iterable[Person]) -> Person:
    """Who has `number`: the first that fits of `known` and of the magic numbers, else anybody."""
    for person in known:
        if matches(person.number, number):
            return person
    return next((person for person in MAGIC_NUMBERS if person.number == number), ANYBODY)


def number_of(name: str, known: Iterable[Person]) -> str | None:
    """The number of whoever has a name; None where nobody has it, or several have, or the number is a pattern."""
    numbers = {person.number for person in known if person.name == name}
    number = numbers.pop() if len(numbers) == 1 else "*"
    return None if "*" in number else number


@dataclass(frozen=True, slots=True)
class Use:
    """A tool that an assistant uses, by its name or else its kind (`hangup`), with the arguments that it chooses."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Turn:
    """What an assistant says in reply; with `hears`, only to an utterance that contains it, whatever its case.

    With `uses` it uses a tool. With `hears_result` it replies to no utterance, but to what a tool has answered.
    """

    says: str = ""
    hears: str | None = None
    uses: Use | None = None
    hears_result: str | None = None

    def fits(self, utterance: str) -> bool:
        return self.hears_result is None and (self.hears is None or self.hears.casefold() in utterance.casefold())

    def fits_result(self, answer: str) -> bool:
        return self.hears_result is not None and self.hears_result.casefold() in answer.casefold()


@dataclass(frozen=True, slots=True)
class Assistant:
    """What an assistant is and says. The fields that a start command leaves out are taken from here.

    `insights` are the results of `call.conversation_insights.generated`, one `{"insight_id", "result"}` each; None
    means one short summary. `stored` is its configuration as an application has written it, `created_at` and
    `version_at` are when it was made and last changed. `recording` says how its calls are recorded, None that they are
    not. One that is not `interruptible` speaks on whatever a person says, with `finishes_greeting` while it greets.
    """

    id: str = ""
    name: str = "Assistant"
    greeting: str = ""
    instructions: str = ""
    model: str = "Qwen/Qwen3-235B-A22B"
    voice: str = "Telnyx.KokoroTTS.af"
    transcription_model: str = "deepgram/flux"
    turns: tuple[Turn, ...] = ()
    insights: tuple[Mapping[str, Any], ...] | None = None
    insight_group_id: str | None = None
    time_limit_secs: float = timings.ASSISTANT_LIMIT
    idle_timeout_secs: float | None = None
    interruptible: bool = True
    finishes_greeting: bool = False
    recording: Mapping[str, Any] | None = None
    tools: Sequence[Mapping[str, Any]] = ()
    dynamic_variables: Mapping[str, Any] = field(default_factory=dict)
    variables_url: str = ""
    variables_timeout_ms: int = 1_500
    stored: Mapping[str, Any] = field(default_factory=dict)
    created_at: int = 0
    version_at: int = 0
    version_id: str = ""
