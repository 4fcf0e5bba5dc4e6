"""Validated, state-changing commands a second through HTTP on one process, against a bare Starlette JSON endpoint.

Both servers get the same bytes from the same generator, in turns; what counts is the median of the ratios of the turns.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from statistics import median

from benchmarks.calls import ANSWERED_AFTER, Waiting, answered_legs, assistants, dials, lives, updates
from benchmarks.load import Outcome, Work, drive
from benchmarks.processes import Process, our_server, own_server
from benchmarks.results import Row, paired

TARGET = 0.5
CONNECTIONS = 16


@dataclass(frozen=True, slots=True)
class Side:
    """A server, an answered leg on it for each connection, and the legs of whole calls that were begun."""

    server: Process
    legs: list[str]
    waiting: Waiting = field(default_factory=deque)

    @classmethod
    def of(cls, server: Process) -> Side:
        return cls(server, answered_legs(server, CONNECTIONS))

    def run(self, works: Works, seconds: float) -> Outcome:
        """What it does in so many seconds; raises `RuntimeError` unless all was answered with 200."""
        return drive(self.server, works(self), seconds).all_good()


Works = Callable[[Side], list[Work]]
"""What the connections to a side do."""


def dialling(side: Side) -> list[Work]:
    return [dials() for _ in side.legs]


def updating(side: Side) -> list[Work]:
    return [updates(leg) for leg in side.legs]


def assisting(side: Side) -> list[Work]:
    return [assistants(leg) for leg in side.legs]


def living(side: Side) -> list[Work]:
    return [lives(side.waiting) for _ in side.legs]


KINDS: dict[str, Works] = {
    "dial": dialling,
    "client_state_update": updating,
    "ai_assistant_start, _stop": assisting,
    "whole calls": living,
}


def measure(quick: bool) -> list[Row]:
    """One row for each kind of command, one with webhooks, one against openapi-core asked every time."""
    rounds, seconds = (3, 0.35) if quick else (7, 2.0)
    with ExitStack() as stack:
        bare = Side.of(stack.enter_context(own_server("bare")))
        ours = Side.of(stack.enter_context(our_server()))
        rows = [_against(what, works, ours, bare, rounds, seconds) for what, works in KINDS.items()]
        naive = Side.of(stack.enter_context(own_server("bare", "naive")))
        what = "whole calls, against openapi-core asked each time"
        rows.append(_informing(_against(what, living, ours, naive, min(rounds, 3), seconds)))
    rows.append(_with_webhooks(min(rounds, 3), seconds))
    return rows


def turns(works: Works, one: Side, other: Side, rounds: int, seconds: float) -> list[tuple[Outcome, Outcome]]:
    """What both servers do, in turns, after one turn that does not count."""
    for side in (one, other):
        side.run(works, 0.5)
    time.sleep(ANSWERED_AFTER)
    return [(one.run(works, seconds), other.run(works, seconds)) for _ in range(rounds)]


def _against(what: str, works: Works, ours: Side, reference: Side, rounds: int, seconds: float) -> Row:
    """Commands per second of the server's processor time: what it does alone on a core, whoever else is at work."""
    pairs = turns(works, ours, reference, rounds, seconds)
    ratio, ratios = paired([one.pace for one, _ in pairs], [other.pace for _, other in pairs])
    wall, _ = paired([one.rate for one, _ in pairs], [other.rate for _, other in pairs])
    mine, theirs = median(one.rate for one, _ in pairs), median(other.rate for _, other in pairs)
    return Row(
        "commands",
        what,
        median(one.pace for one, _ in pairs),
        median(other.pace for _, other in pairs),
        "/s",
        ratio,
        TARGET,
        note=f"by the wall clock of this machine {mine:,.0f}/s against {theirs:,.0f}/s, ratio {wall:.2f}",
        more={"ratios": [round(each, 3) for each in ratios], "wall": [mine, theirs], "wall_ratio": round(wall, 3)},
    )


def _informing(row: Row, note: str = "") -> Row:
    """The same row without a target."""
    return replace(row, target=None, note="; ".join(filter(None, (row.note, note))))


def _with_webhooks(rounds: int, seconds: float) -> Row:
    """Whole calls whose webhooks are signed and delivered by the same process meanwhile."""
    with ExitStack() as stack:
        sink, bare = stack.enter_context(own_server("sink")), Side.of(stack.enter_context(own_server("bare")))
        url = f"http://127.0.0.1:{sink.port}/webhooks"
        ours = Side.of(stack.enter_context(our_server("--webhook-url", url)))
        row = _against("whole calls, webhooks delivered meanwhile", living, ours, bare, rounds, seconds)
    return _informing(row, "the same process delivers about one signed webhook for each command")
