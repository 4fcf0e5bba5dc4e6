"""Why an expectation did not hold: what was seen instead, in sentences."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from mockserver.scenario.expecting.hints import Miss, Run, hints, moment
from mockserver.scenario.expecting.listed import Expectation, Result, times
from mockserver.scenario.expecting.matching import Happening, answer, is_ok
from mockserver.scenario.expecting.order import Group
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Entry

NOUNS = {"webhook": ("event", "came"), "command": ("command", "was sent"), "person": ("act", "was seen")}

MOST_MOMENTS = 5
"""How many times of the same are told."""


def missing(what: Happening, run: Run, last: Result | None, taken: Mapping[int, int]) -> tuple[str, ...]:
    """Why something did not come behind what was met `last`: it came too early, nearly came, or what came instead.

    `taken` are the entries that were taken for others in the same place, by their `seq`: the numbers of those.
    """
    after = last.entry if last else None
    told = _taken(what, run, taken) or _early(what, run, last) or _nearest(what, run, after) or _nothing(what, run.log)
    return (told, *_refused(what, run), *hints(Miss(what, run, after)))


def late(group: Group, member: int, entry: Entry, run: Run, last: Result | None) -> str:
    """By how much an entry came too late."""
    deadline = group.deadline(member)
    assert deadline is not None
    since = _named(last) if last else "the beginning"
    over, within = (entry.at - deadline) / SECOND, group.members[member].within
    return f"it came at {moment(entry.at, run.start)}, {over:g} s too late: at most {within:g} s after {since}"


def too_few(expectation: Expectation, seen: Sequence[Entry], run: Run, last: Result | None) -> tuple[str, ...]:
    """Why something did not come often enough: when it did, and what else was near."""
    after = last.entry if last else None
    what = expectation.what
    if not seen:
        told = _nearest(what, run, after) or _nothing(what, run.log)
        return (told, *_refused(what, run), *hints(Miss(what, run, after)))
    others = [entry for entry in run.log if what.named_by(entry) and not what.fits(entry, run.parties)]
    near = [_nearest_of(what, run, others, after)] if others else []
    return (moments(seen, run.start), *near, *_refused(what, run), *hints(Miss(what, run, after)))


def moments(seen: Sequence[Entry], start: int) -> str:
    """When something came: `it came 2 times, at 00:00:01.000 and 00:00:02.000`."""
    told = [moment(entry.at, start) for entry in seen[:MOST_MOMENTS]]
    if len(seen) > MOST_MOMENTS:
        told.append(f"{len(seen) - MOST_MOMENTS} times more")
    return f"it came {times(len(seen))}, at {_and(told)}"


def _taken(what: Happening, run: Run, taken: Mapping[int, int]) -> str | None:
    """Whatever fits was taken for others of its group."""
    seen = [entry for entry in run.log if entry.seq in taken and what.fits(entry, run.parties)]
    if not seen:
        return None
    numbers = [str(taken[entry.seq]) for entry in seen]
    return f"{moments(seen, run.start)}, and was taken for number {_and(numbers)}"


def _early(what: Happening, run: Run, last: Result | None) -> str | None:
    """It came, but before what it had to come behind."""
    early = next((entry for entry in run.log if what.fits(entry, run.parties)), None)
    if early is None:
        return None
    if last is None or last.entry is None:
        return f"it came at {moment(early.at, run.start)}, which is entry {early.seq}, not after entry {run.since}"
    if early.seq == last.entry.seq:
        return f"it came once, at {moment(early.at, run.start)}, and was taken for number {last.number}"
    return f"it came at {moment(early.at, run.start)}, but before {_named(last)}"


def _nearest(what: Happening, run: Run, after: Entry | None) -> str | None:
    """Of what has the right name, what differs least."""
    named = [entry for entry in run.log if what.named_by(entry)]
    return _nearest_of(what, run, named, after) if named else None


def _nearest_of(what: Happening, run: Run, named: Sequence[Entry], after: Entry | None) -> str:
    nearest, differences = Miss(what, run, after).nearest_of(named)
    return f"the nearest was at {moment(nearest.at, run.start)}: {'; '.join(differences)}"


def _nothing(what: Happening, log: Sequence[Entry]) -> str:
    noun, verb = NOUNS[what.kind]
    seen = Counter(entry.name for entry in log if entry.kind == what.kind)
    if not seen:
        return f"no `{what.name}` {verb}, nor any other {noun}"
    listed = ", ".join(name if count == 1 else f"{name} ({count} times)" for name, count in seen.items())
    return f"no `{what.name}` {verb}; what {verb}: {listed}"


def _refused(what: Happening, run: Run) -> list[str]:
    """The commands that were refused, which may be why nothing came of them."""
    if what.kind == "command" and what.gets and what.gets != ("ok",):
        return []
    refused = [entry for entry in run.log if entry.kind == "command" and not is_ok(entry)]
    return [f"{entry.name} got {answer(entry)} at {moment(entry.at, run.start)}" for entry in refused[:3]]


def _named(result: Result) -> str:
    """What was met, in a sentence about something else."""
    met = result.expectation
    return f"`{met.what if isinstance(met, Expectation) else met}`, which is number {result.number}"


def _and(words: Sequence[str]) -> str:
    return " and ".join(filter(None, [", ".join(words[:-1]), *words[-1:]]))
