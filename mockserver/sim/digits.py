"""Keys: what a person presses, what the application presses, and the gathers that collect what comes.

An entry is over when its last key came, or when no further one comes in time; then it is judged. A gather with a prompt
asks again after an entry that is not valid; a plain one has a single try.

Sources: the published interface for fields, defaults and statuses; a key cuts the prompt, which of speech says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

from mockserver.sim import errors, media, streams, timings
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Problem, Raised, Refusal
from mockserver.sim.events import Json
from mockserver.sim.media import Item
from mockserver.sim.simulation import Simulation
from mockserver.sim.timeline import Plan
from mockserver.sim.world import Leg

PAUSES = {"w": 0.5, "W": 1.0}
"""Seconds; documented."""

KEYS_AND_PAUSES = re.compile(r"[0-9A-D*#wW]+", re.ASCII)
VALID_DIGITS = re.compile(r"[0-9*#]+", re.ASCII)
TERMINATING_DIGIT = re.compile(r"[0-9*#]", re.ASCII)

NUMBERS: Mapping[str, tuple[int, int, Problem]] = {
    "minimum_digits": (1, 128, errors.INVALID_MINIMUM_DIGITS),
    "maximum_digits": (128, 128, errors.INVALID_MAXIMUM_DIGITS),
    "timeout_millis": (60_000, 120_000, errors.INVALID_TIMEOUT_MILLIS),
    "inter_digit_timeout_millis": (5_000, 120_000, errors.INVALID_INTER_DIGIT_TIMEOUT_MILLIS),
    "initial_timeout_millis": (5_000, 120_000, errors.INVALID_INITIAL_TIMEOUT_MILLIS),
    "maximum_tries": (3, 128, errors.INVALID_MAXIMUM_TRIES),
}
"""Default, highest value (the lowest is 1), and the refusal of any other. Documented."""

MOST_ON_ANSWER = 64
"""How many keys can be sent at the answer, documented."""

OF_EVERY_GATHER = ("minimum_digits", "maximum_digits", "timeout_millis", "inter_digit_timeout_millis")


# Commands of the application -----------------------------------------------------------------------------------------


def send_dtmf(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`send_dtmf`: press keys, for the person at the other end to hear. Refusals: 90014, 90027.

    A leg that a leg is bridged with does not hear them: they go out to the person, not across the bridge.
    """
    wrong = [] if KEYS_AND_PAUSES.fullmatch(body["digits"]) else [errors.INVALID_DIGITS.raised()]
    if not 100 <= body.get("duration_millis", 250) <= 500:
        wrong.append(errors.INVALID_DURATION_MILLIS.raised(minimum=100, maximum=500))
    if wrong:
        raise Refusal.of(wrong)
    sending = f"sends {simulation.log.last_seq}"
    leg.plans[sending] = simulation.at(leg.due_at, _hears, simulation, leg, body["digits"], sending)
    return {"result": "ok"}


def gather(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`gather`: collect keys. Refusals: 90007, 90008, 90022, 90023, 90025, 90026, 90056 for fields out of bounds."""
    numbers = _numbers(body, "initial_timeout_millis")
    keys = _gather(body, numbers)
    _supersede(simulation, leg, body, keys)
    begins = max(simulation.now, leg.due_at)
    keys.wait(simulation, leg, begins, numbers["initial_timeout_millis"] / 1000)
    keys.limit = simulation.at(begins + round(keys.timeout * SECOND), keys.over, simulation, leg)
    return {"result": "ok"}


def gather_using_speak(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`gather_using_speak`: say a text and collect keys. Refusals: those of gather but 90056, and 90010, 90024."""
    numbers = _numbers(body, "maximum_tries")
    prompt = media.speech(body["payload"], silent=True)
    again = body.get("invalid_payload")
    if again and len(again) > media.LONGEST_PAYLOAD:
        limits = {"minimum": 1, "maximum": media.LONGEST_PAYLOAD}
        raise Refusal(errors.INVALID_PAYLOAD, at="/invalid_payload", **limits)
    keys = _gather(body, numbers, prompt, media.speech(again, silent=True) if again else prompt)
    _supersede(simulation, leg, body, keys)
    keys.ask(simulation, leg, "timeout")
    return {"result": "ok"}


def gather_using_audio(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`gather_using_audio`: play a file and collect keys.

    Refusals: those of gather but 90056, and 90024; 10004 with no file to play, 10027 with two.
    """
    numbers = _numbers(body, "maximum_tries")
    prompt = media.audio({name: body.get(name) for name in ("audio_url", "media_name")})
    has_another = body.get("invalid_audio_url") or body.get("invalid_media_name")
    keys = _gather(body, numbers, prompt, media.audio(body, prefix="invalid_") if has_another else prompt)
    _supersede(simulation, leg, body, keys)
    keys.ask(simulation, leg, "timeout")
    return {"result": "ok"}


def gather_stop(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`gather_stop`: collect no more. GUESS: with no gather running it is accepted and does nothing."""
    if leg.keys is not None:
        leg.keys.end(simulation, leg, "cancelled")
    return {"result": "ok"}


# What people press ---------------------------------------------------------------------------------------------------


def person_presses(simulation: Simulation, leg: Leg, digits: str) -> None:
    """The person presses keys, `0-9 * # A-D`, one after the other; `w` and `W` are pauses."""
    if leg.state == "ended" or not digits:
        return
    simulation.note("person", "presses", leg, digits=digits)
    _press(simulation, leg, f"presses {simulation.log.last_seq}", digits)


def check_on_answer(body: Json) -> None:
    """Refuse what cannot be sent at the answer: 90014, and 10025 for more than 64 keys."""
    digits = body.get("send_digits_on_answer")
    if digits is None:
        return
    limits = {"minimum": 0, "maximum": MOST_ON_ANSWER}
    if len(digits) > MOST_ON_ANSWER:
        raise Refusal(errors.LENGTH_OUT_OF_RANGE, parameter="send_digits_on_answer", **limits, length=len(digits))
    if digits and not KEYS_AND_PAUSES.fullmatch(digits):
        raise Refusal(errors.INVALID_DIGITS, at="/send_digits_on_answer")


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """The keys that a command sends at the answer are heard."""
    digits = (leg.options or {}).get("send_digits_on_answer")
    if digits:
        hear(simulation, leg, digits)


def hear(simulation: Simulation, leg: Leg, keys: str) -> None:
    """The person at the far end hears keys, unless they have the call on hold. No webhook tells of it."""
    if not leg.on_hold:
        simulation.note("person", "hears_digits", leg, digits=keys)


def before_hangup(simulation: Simulation, leg: Leg) -> None:
    """What is said before the `call.hangup` of a leg: a gather on it ends, before its prompt does."""
    if leg.keys is not None:
        leg.keys.end(simulation, leg, "call_hangup")


def _hears(simulation: Simulation, leg: Leg, keys: str, name: str) -> None:
    del leg.plans[name]
    hear(simulation, leg, keys)


def _press(simulation: Simulation, leg: Leg, name: str, keys: str) -> None:
    """Press the first of some keys, and plan the rest under a name of its own."""
    leg.plans.pop(name, None)
    key, rest = keys[0], keys[1:]
    if key not in PAUSES:
        _arrived(simulation, leg, key)
    if rest:
        pause = PAUSES.get(key, timings.KEY)
        leg.plans[name] = simulation.after(pause, _press, simulation, leg, name, rest)


def _arrived(simulation: Simulation, leg: Leg, key: str) -> None:
    """A key is heard by the application, and across a bridge by the other person, unless `mute_dtmf` spares them.

    GUESS: a key that is pressed before the answer is not heard.
    """
    if leg.answered_at is None or leg.on_hold:
        return
    streams.pressed(simulation, leg, key)
    simulation.emit("call.dtmf.received", leg, digit=key, **{"from": leg.from_}, to=leg.to)
    other = leg.bridged_with
    if other is not None and not other.spared_tones:
        hear(simulation, other, key)
    if leg.keys is not None:
        leg.keys.take(simulation, leg, key)
    if leg.conversation is not None:
        leg.conversation.script.pressed(simulation, leg.conversation, key)


# The life of a gather ------------------------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class KeyGather:
    """A gather that runs on a leg. Times are seconds.

    `prompts` gives what is played by how the entry before it ended, with `timeout` for the first time too; without one,
    `timeout` counts from the beginning and ends the gather. `tries` is how many entries are still to come. Without
    `cuts` a key does not cut the prompt, only the end of the entry does.
    """

    minimum: int
    maximum: int
    terminating: str
    valid: str
    timeout: float
    inter_digit: float
    tries: int = 1
    cuts: bool = True
    prompts: Mapping[str, Item] = field(default_factory=dict)
    id: str = ""
    digits: str = ""
    playing: Item | None = None
    timer: Plan | None = None
    limit: Plan | None = None
    person: Plan | None = None

    def ask(self, simulation: Simulation, leg: Leg, after: str) -> None:
        """Play the prompt that is due."""
        self.playing = replace(self.prompts[after], then=self.asked)
        media.play(simulation, leg, self.playing)

    def asked(self, simulation: Simulation, leg: Leg, status: str) -> None:
        """The prompt is at its end, or was stopped: now there is so much time for the first key."""
        self.playing = None
        if not self.digits:
            self.wait(simulation, leg, simulation.now, self.timeout)

    def wait(self, simulation: Simulation, leg: Leg, since: int, seconds: float) -> None:
        """Let the person think and press what they have in mind, or the time for the first key be over."""
        if leg.entered < len(leg.person.presses):
            self.person = simulation.at(since + round(timings.THINK * SECOND), _person_enters, simulation, leg)
        self.timer = simulation.at(since + round(seconds * SECOND), self.over, simulation, leg)

    def take(self, simulation: Simulation, leg: Leg, key: str) -> None:
        """A key has come: it cuts the prompt, and whatever the person was about to press."""
        self._rest(simulation)
        if self.cuts:
            self._cut(simulation, leg)
        if key == self.terminating:
            self.over(simulation, leg, terminated=True)
            return
        self.digits += key
        if len(self.digits) >= self.maximum:
            self.over(simulation, leg)
        else:
            self.timer = simulation.after(self.inter_digit, self.over, simulation, leg)

    def over(self, simulation: Simulation, leg: Leg, terminated: bool = False) -> None:
        """The entry is over: judge it, and end or ask again.

        GUESS: however it came to its end, enough keys that are all valid are `valid`, any others `invalid`; `timeout`
        is when none came. GUESS: after several tries the last one gives status and digits.
        """
        self._rest(simulation)
        status = "invalid" if self.digits or terminated else "timeout"
        if len(self.digits) >= self.minimum and set(self.digits) <= set(self.valid):
            status = "valid"
        self.tries -= 1
        if status == "valid" or self.tries < 1:
            self.end(simulation, leg, status)
        else:
            self.digits = ""
            self._cut(simulation, leg)
            self.ask(simulation, leg, status)

    def end(self, simulation: Simulation, leg: Leg, status: str) -> None:
        """`call.gather.ended`, and the prompt is cut; at a hang-up `media` does that."""
        leg.keys = None
        self._rest(simulation)
        simulation.timeline.cancel(self.limit)
        simulation.emit(
            "call.gather.ended",
            leg,
            digits=self.digits,
            **{"from": leg.from_},
            gather_id=self.id,
            status=status,
            to=leg.to,
        )
        if status != "call_hangup":
            self._cut(simulation, leg, "cancelled_amd" if status == "cancelled_amd" else "cancelled")

    def _rest(self, simulation: Simulation) -> None:
        simulation.timeline.cancel(self.timer)
        simulation.timeline.cancel(self.person)

    def _cut(self, simulation: Simulation, leg: Leg, status: str = "cancelled") -> None:
        item, self.playing = self.playing, None
        if item is not None:
            item.then = None
            media.cut(simulation, leg, item, status)


def _person_enters(simulation: Simulation, leg: Leg) -> None:
    """The person presses the next of what they have in mind."""
    leg.entered += 1
    person_presses(simulation, leg, leg.person.presses[leg.entered - 1])


def _supersede(simulation: Simulation, leg: Leg, body: Json, keys: KeyGather) -> None:
    """Put a gather on a leg. GUESS: one that runs already is cancelled."""
    if leg.keys is not None:
        leg.keys.end(simulation, leg, "cancelled")
    leg.keys = keys
    keys.id = body.get("gather_id") or simulation.ids.uuid()


def _gather(body: Json, numbers: Mapping[str, int], prompt: Item | None = None, again: Item | None = None) -> KeyGather:
    """A gather as its command describes it; `again` is the prompt after an entry that is not valid."""
    return KeyGather(
        minimum=numbers["minimum_digits"],
        maximum=numbers["maximum_digits"],
        terminating=body.get("terminating_digit", "#"),
        valid=body.get("valid_digits", "0123456789#*"),
        timeout=numbers["timeout_millis"] / 1000,
        inter_digit=numbers["inter_digit_timeout_millis"] / 1000,
        tries=numbers.get("maximum_tries", 1),
        cuts=body.get("stop_playback_on_dtmf", True),
        prompts={"timeout": prompt, "invalid": again} if prompt and again else {},
    )


def _numbers(body: Json, *more: str) -> dict[str, int]:
    """The numbers of a gather, `more` its own, with their defaults; refuses all that is wrong in the body at once.

    GUESS: a `minimum_digits` above `maximum_digits` is refused as out of bounds.
    """
    numbers = {name: body.get(name, NUMBERS[name][0]) for name in (*OF_EVERY_GATHER, *more)}
    wrong: list[Raised] = []
    for name, number in numbers.items():
        highest, problem = NUMBERS[name][1:]
        if not 1 <= number <= highest:
            wrong.append(problem.raised(minimum=1, maximum=highest))
    if not TERMINATING_DIGIT.fullmatch(body.get("terminating_digit", "#")):
        wrong.append(errors.INVALID_TERMINATING_DIGIT.raised())
    if not VALID_DIGITS.fullmatch(body.get("valid_digits", "0")):
        wrong.append(errors.INVALID_VALID_DIGITS.raised())
    lowest, highest = numbers["minimum_digits"], numbers["maximum_digits"]
    if not wrong and lowest > highest:
        wrong.append(errors.INVALID_MINIMUM_DIGITS.raised(minimum=1, maximum=highest))
    if wrong:
        raise Refusal.of(wrong)
    return numbers
