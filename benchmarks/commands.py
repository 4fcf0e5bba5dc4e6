"""Validated, state-changing commands a second through HTTP on one process, against a bare Starlette JSON endpoint.

Both servers get the same bytes from the same generator, in turns; what counts is the median of the ratios of the turns.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from contextlib import ExitStack
from statistics import median

from benchmarks.calls import answered_legs, assistants, dials, lives, updates
from benchmarks.load import Outcome, Work, drive
from benchmarks.processes import Process, our_server, own_server
from benchmarks.results import Row, paired

TARGET = 0.5
CONNECTIONS = 16

Works = Callable[[Process], list[Work]]


def dialling(server: Process) -> list[Work]:
    return [dials() for _ in range(CONNECTIONS)]


def updating(server: Process) -> list[Work]:
    return [updates(leg) for leg in answered_legs(server, CONNECTIONS)]


def assisting(server: Process) -> list[Work]:
    return [assistants(leg) for leg in answered_legs(server, CONNECTIONS)]


def living(server: Process) -> list[Work]:
    waiting: deque[tuple[float, str]] = deque()
    return [lives(waiting) for _ in range(CONNECTIONS)]


KINDS: dict[str, Works] = {
    "dial": dialling,
    "client_state_update": updating,
    "ai_assistant_start, _stop": assisting,
    "whole calls": living,
}


def measure(quick: bool) -> list[Row]:
    """One row for each kind of command, one with webhooks, one against openapi-core asked every time."""
    rounds, seconds = (3, 0.7) if quick else (7, 2.0)
    with ExitStack() as stack:
        bare = stack.enter_context(own_server("bare"))
        ours = stack.enter_context(our_server())
        rows = [_against(what, works, ours, bare, rounds, seconds) for what, works in KINDS.items()]
        naive = stack.enter_context(own_server("bare", "naive"))
        rows.append(_against_naive(ours, naive, min(rounds, 3), seconds))
    rows.append(_with_webhooks(rounds, seconds))
    return rows


def turns(works: Works, one: Process, other: Process, rounds: int, seconds: float) -> list[tuple[Outcome, Outcome]]:
    """What both servers do, in turns, after one turn that does not count."""
    for server in (one, other):
        drive(server, works(server), min(seconds, 0.7)).all_good()
    return [
        (drive(one, works(one), seconds).all_good(), drive(other, works(other), seconds).all_good())
        for _ in range(rounds)
    ]


def _against(what: str, works: Works, ours: Process, bare: Process, rounds: int, seconds: float) -> Row:
    pairs = turns(works, ours, bare, rounds, seconds)
    rates = [(one.rate, other.rate) for one, other in pairs]
    ratio, all_ratios = paired(*zip(*rates, strict=True))
    mine, theirs = (median(each) for each in zip(*rates, strict=True))
    cpu = [(one.cpu_micros, other.cpu_micros) for one, other in pairs]
    cpu_mine, cpu_theirs = (median(each) for each in zip(*cpu, strict=True))
    return Row(
        "commands",
        what,
        mine,
        theirs,
        "/s",
        ratio,
        TARGET,
        note=f"processor time of the server {cpu_mine:.0f} against {cpu_theirs:.0f} us a request",
        more={
            "ratios": [round(each, 3) for each in all_ratios],
            "cpu_us": [round(cpu_mine, 1), round(cpu_theirs, 1)],
            "cpu_ratio": round(cpu_theirs / cpu_mine, 3) if cpu_mine else None,
        },
    )


def _against_naive(ours: Process, naive: Process, rounds: int, seconds: float) -> Row:
    pairs = turns(living, ours, naive, rounds, seconds)
    ratio, _ = paired([one.rate for one, _ in pairs], [other.rate for _, other in pairs])
    mine, theirs = median(one.rate for one, _ in pairs), median(other.rate for _, other in pairs)
    return Row("commands", "whole calls, against openapi-core asked every time", mine, theirs, "/s", ratio)


def _with_webhooks(rounds: int, seconds: float) -> Row:
    """Whole calls whose webhooks are signed and delivered by the same process meanwhile."""
    with own_server("sink") as sink, own_server("bare") as bare:
        with our_server("--webhook-url", f"http://127.0.0.1:{sink.port}/webhooks") as ours:
            pairs = turns(living, ours, bare, min(rounds, 3), seconds)
    ratio, _ = paired([one.rate for one, _ in pairs], [other.rate for _, other in pairs])
    mine, theirs = median(one.rate for one, _ in pairs), median(other.rate for _, other in pairs)
    return Row(
        "commands",
        "whole calls, webhooks delivered meanwhile",
        mine,
        theirs,
        "/s",
        ratio,
        note="the process also delivers about one signed webhook for each command",
    )
