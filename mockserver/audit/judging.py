"""Holds a play against the undisturbed one and says where they differ, in sentences. Pure.

What "the same" means: for each call, and for the commands about none, the same commands with the same fields, as often.
Where the order of deliveries stays as it is, the order of commands does too. `docs/audit.md` says it for users.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from mockserver.audit.play import Play, Sent, Told
from mockserver.scenario.expecting.matching import OK

ENDED = "90018"
"""The code of a command that came when its call had ended."""

Ignored = frozenset[tuple[str, str]]
"""Fields of commands, by operation and name, that differ between undisturbed plays, such as times."""

Like = tuple[str, str, frozenset[tuple[str, str]]]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found: defects, what deserves a look, and what explains a difference that is none."""

    failures: tuple[str, ...] = ()
    warnings: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()

    def __add__(self, other: Verdict) -> Verdict:
        return Verdict(
            tuple(dict.fromkeys((*self.failures, *other.failures))),
            tuple(dict.fromkeys((*self.warnings, *other.warnings))),
            tuple(dict.fromkeys((*self.notes, *other.notes))),
        )


@dataclass(frozen=True, slots=True)
class Undisturbed:
    """The undisturbed plays, what differs between them, and whether the order of the commands of a call is the same."""

    plays: Sequence[Play]
    ignored: Ignored = frozenset()
    ordered: bool = True


def undisturbed(plays: Sequence[Play]) -> Undisturbed:
    """What can be compared with several undisturbed plays: fields that differ between them cannot."""
    first, ignored = plays[0], set[tuple[str, str]]()
    for other in plays[1:]:
        for mine, theirs in _pairs(first, other):
            differing = dict(mine.fields.items() ^ theirs.fields.items())
            ignored |= {(mine.operation, name) for name in differing}
    fixed = frozenset(ignored)
    wanted = _orders(plays[0], fixed)
    found = [(wanted.get(call, []), listed) for play in plays for call, listed in _orders(play, fixed).items()]
    shuffled = any(mine != theirs and Counter(mine) == Counter(theirs) for mine, theirs in found)
    return Undisturbed(plays, fixed, not shuffled)


def compare(base: Undisturbed, seen: Play, *, lenient: bool, ordered: bool) -> Verdict:
    """Where a play differs from the undisturbed ones: from the one that it is nearest to.

    `lenient` is for disorder that lawfully changes what happens: what came of news that the undisturbed play did not
    have is no difference, and neither is a command that only found its call ended.
    """
    verdicts = [(_Comparison(play, seen, base.ignored, lenient).verdict(), play) for play in base.plays]
    verdict, nearest = min(verdicts, key=lambda pair: len(pair[0].failures))
    if verdict.failures or verdict.notes or not ordered or not base.ordered:
        return verdict
    return verdict + Verdict(tuple(_order(nearest, seen, base.ignored)))


@dataclass(slots=True)
class _Comparison:
    """Two plays side by side. What only follows from another difference is told where there is no other one."""

    base: Play
    seen: Play
    ignored: Ignored
    lenient: bool
    roots: list[str] = field(default_factory=list)
    following: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def verdict(self) -> Verdict:
        wanted, sent = self._by_likeness(self.base), self._by_likeness(self.seen)
        missing = [one for like, several in wanted.items() for one in several[len(sent.get(like, ())) :]]
        extra = [one for like, several in sent.items() for one in _surplus(several, len(wanted.get(like, ())))]
        missing, extra = self._changed(missing, extra)
        self._extra(extra, wanted, sent)
        self._missing(missing)
        for like, several in sent.items():
            self._refused(wanted.get(like, []), several)
        if self.roots or not self.lenient:
            failures = self.roots or self.following
            count = len(self.following) if self.roots else 0
            follow = [f"{count} more difference{'s' * (count > 1)} may follow from this"] if count else []
            return Verdict(tuple(failures), notes=(*follow, *self.notes))
        return Verdict(notes=tuple(self.notes))

    def _by_likeness(self, play: Play) -> dict[Like, list[Sent]]:
        found: dict[Like, list[Sent]] = {}
        for sent in play.sent:
            found.setdefault(sent.like(self.ignored), []).append(sent)
        return found

    def _changed(self, missing: list[Sent], extra: list[Sent]) -> tuple[list[Sent], list[Sent]]:
        """Tell of commands that came with other fields; what is left of both lists."""
        left = list(extra)
        still: list[Sent] = []
        for one in missing:
            other = next((each for each in left if (each.call, each.operation) == (one.call, one.operation)), None)
            if other is None:
                still.append(one)
                continue
            left.remove(other)
            if self.lenient and self._is_new(other):
                self._note(other)
            else:
                fields = ", ".join(_fields(one, other, self.ignored))
                self.roots.append(f"{_after(other)}{one.operation} was sent{one.on_call} with {fields}")
        return still, left

    def _extra(self, extra: Sequence[Sent], wanted: dict[Like, list[Sent]], sent: dict[Like, list[Sent]]) -> None:
        known = {told.call for told in self.base.told} | {""}
        for like, several in _grouped(extra, self.ignored).items():
            counted = several
            if self.lenient:
                counted = [one for one in several if one.code != ENDED and not self._is_new(one)]
                for one in several:
                    if one not in counted:
                        self._note(one)
            if not counted:
                continue
            words = _too_often(counted, len(wanted.get(like, ())), len(sent[like]))
            (self.roots if counted[0].call in known else self.following).append(words)

    def _missing(self, missing: Sequence[Sent]) -> None:
        had, has = Counter(self.base.news()), Counter(self.seen.news())
        for one in missing:
            cause = one.cause
            if cause is not None and has[cause.news] < had[cause.news]:
                self.following.append(
                    f"{one.operation} was not sent{one.on_call}, nor did {cause} come, which leads to it"
                )
                if self.lenient:
                    self.notes.append(f"{cause} did not come{_on(cause.call)}, so neither did {one.operation}")
            elif cause is not None:
                self.roots.append(
                    f"{one.operation} was not sent{one.on_call}, although {cause} was delivered{self._how(cause.news)}"
                )
            else:
                self.roots.append(f"{one.operation} was not sent{one.on_call}")

    def _refused(self, wanted: Sequence[Sent], sent: Sequence[Sent]) -> None:
        """Commands that came as ever and got another answer."""
        for one, other in zip(wanted, sent, strict=False):
            if one.got != OK or other.got == OK:
                continue
            if other.code == ENDED and self.lenient:
                self.notes.append(f"{other.operation}{other.on_call} came when the call had ended")
            elif len(sent) <= len(wanted):
                self.roots.append(
                    f"{_after(other)}{other.operation}{other.on_call} got {other.got}, and is ok undisturbed"
                )

    def _is_new(self, sent: Sent) -> bool:
        """Was it sent because of something that did not happen in the undisturbed play?"""
        return sent.cause is not None and sent.cause.news not in self.base.news()

    def _note(self, sent: Sent) -> None:
        why = "came when the call had ended" if sent.code == ENDED else f"is another one, since {sent.cause} was"
        self.notes.append(f"{sent.operation}{sent.on_call} {why}")

    def _how(self, news: str) -> str:
        """How something was delivered that the application did nothing about."""
        told = [one for one in self.seen.told if one.news == news]
        forged = next((one for one in told if one.forged), None)
        if forged is not None:
            return " right after its forged copy"
        genuine = next((one for one in told if not one.how), None)
        if genuine is None:
            return ""
        others = [one for one in self.seen.told if not one.how and one.call == genuine.call]
        behind = next((one for one in others if one.webhook > genuine.webhook and one.seq < genuine.seq), None)
        before = next((one for one in others if one.webhook < genuine.webhook and one.seq > genuine.seq), None)
        return f", behind {behind}" if behind else f", before {before}" if before else ""


def overtaken(play: Play) -> int:
    """How many webhooks came later than one of their call that happened after them."""
    return sum(_overtaken(play, one) for one in play.told if not one.how)


def _overtaken(play: Play, told: Told) -> bool:
    others = (one for one in play.told if not one.how and one.call == told.call)
    return any(one.webhook > told.webhook and one.seq < told.seq for one in others)


def _pairs(first: Play, other: Play) -> Iterator[tuple[Sent, Sent]]:
    """The commands of two plays that are the same ones but for their fields, as often as the operation came."""
    left: dict[tuple[str, str], list[Sent]] = {}
    for sent in other.sent:
        left.setdefault((sent.call, sent.operation), []).append(sent)
    unlike: list[Sent] = []
    for sent in first.sent:
        same = left.get((sent.call, sent.operation), [])
        twin = next((one for one in same if one.like() == sent.like()), None)
        if twin is None:
            unlike.append(sent)
        else:
            same.remove(twin)
    counts = Counter((sent.call, sent.operation) for sent in unlike)
    for sent in unlike:
        same = left.get((sent.call, sent.operation), [])
        if same and counts[sent.call, sent.operation] >= len(same):
            yield sent, same.pop(0)


def _surplus(several: Sequence[Sent], wanted: int) -> list[Sent]:
    """Which of equal commands are too many: those that came of a repetition or a forgery, else the last ones."""
    too_many = max(0, len(several) - wanted)
    suspects = sorted(several, key=lambda one: (not (one.cause and one.cause.how), -one.seq))
    return sorted(suspects[:too_many], key=lambda one: one.seq)


def _grouped(several: Iterable[Sent], ignored: Ignored) -> dict[Like, list[Sent]]:
    found: dict[Like, list[Sent]] = {}
    for one in several:
        found.setdefault(one.like(ignored), []).append(one)
    return found


def _too_often(extra: Sequence[Sent], wanted: int, count: int) -> str:
    """`after the duplicate of call.answered, speak was sent twice on call A; the second got 90061 ...`"""
    one = extra[0]
    if not wanted:
        often = "was sent" if count == 1 else f"was sent {_times(count)}"
        said = f"{_after(one)}{one.operation} {often}{one.on_call}, which does not happen undisturbed"
    else:
        said = f"{_after(one)}{one.operation} was sent {_times(count)}{one.on_call}, and {_times(wanted)} undisturbed"
    return said if one.got == OK else f"{said}; this one got {one.got}"


def _times(count: int) -> str:
    return {1: "once", 2: "twice"}.get(count, f"{count} times")


def _after(sent: Sent) -> str:
    return f"after {sent.cause}{_on(sent.cause.call)}, " if sent.cause else ""


def _on(call: str) -> str:
    return f" of call {call}" if call else ""


def _fields(one: Sent, other: Sent, ignored: Ignored) -> Iterator[str]:
    """How the fields of two commands differ: `digits "2" in place of "1"`."""
    for name in sorted(one.fields.keys() | other.fields.keys()):
        mine, theirs = one.fields.get(name, "nothing"), other.fields.get(name, "nothing")
        if mine != theirs and (one.operation, name) not in ignored:
            yield f"{name} {_cut(theirs)} in place of {_cut(mine)}"


def _cut(text: str, limit: int = 80) -> str:
    return text if len(text) <= limit else text[: limit - 1] + "…"


def _orders(play: Play, ignored: Ignored) -> dict[str, list[Like]]:
    """The commands of each call in their order; those about no call have none, being of several calls.

    What was sent at the same moment because of different calls may come either way round: it stands in the order of
    these calls, not in that in which the application's threads were scheduled.
    """
    found: dict[str, list[Like]] = {}
    for sent in sorted(play.sent, key=lambda one: (one.at, one.cause.call if one.cause else "")):
        if sent.call:
            found.setdefault(sent.call, []).append(sent.like(ignored))
    return found


def _order(base: Play, seen: Play, ignored: Ignored) -> Iterator[str]:
    wanted, found = _orders(base, ignored), _orders(seen, ignored)
    for call, listed in found.items():
        if listed != wanted.get(call, listed):
            names = ", ".join(like[1] for like in listed)
            before = ", ".join(like[1] for like in wanted[call])
            yield f"the order of the commands on call {call} was {names} in place of {before}"
