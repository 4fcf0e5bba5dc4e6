"""Memory is bounded: 1,000,000 commands against one process leave it no larger than a stated limit.

Calls of all kinds, each ten commands with ids of their own: five that change something, a conversation begun and ended,
refusals before and after the end. Half of them on four API keys, so that what a world may keep is reached; half on
5,000 keys in turn, so that worlds come and go.
"""

from __future__ import annotations

import time
from collections import Counter, deque
from collections.abc import Iterator
from itertools import count

from benchmarks.calls import ANSWERED_AFTER, INSTANT, STATE, action, assistant_body, dial_body, dialled
from benchmarks.load import Outcome, Work, drive, request
from benchmarks.processes import our_server
from benchmarks.results import Row

LIMIT_MEGABYTES = 1_500.0
"""The stated limit for one process after this mix. Mostly the logs: at most 20,000 entries in each world."""

COMMANDS, QUICK_COMMANDS = 1_000_000, 15_000
STEADY_KEYS, PASSING_KEYS, CALLS_IN_A_ROW = 4, 5_000, 10
COMMANDS_OF_A_CALL = 10
CONNECTIONS = 16
NEXT_STATE = "eyJzdGVwIjogInRhbGtpbmcifQ=="

Waiting = deque[tuple[float, str, str]]
"""Legs that were dialled: from when on they are up, their ids and their API keys."""


def measure(quick: bool) -> list[Row]:
    """One row: the memory at the end, and in the note on the way."""
    commands = QUICK_COMMANDS if quick else COMMANDS
    calls, waiting = iter(range(commands // COMMANDS_OF_A_CALL)), Waiting()
    statuses: Counter[int] = Counter()
    with our_server() as server:
        megabytes = [server.rss]
        for share in (0.1, 0.4, 0.5):
            portion = iter([next(calls) for _ in range(round(commands * share) // COMMANDS_OF_A_CALL)])
            outcome = drive(server, [many_calls(portion, waiting) for _ in range(CONNECTIONS)])
            statuses += _plausible(outcome).statuses
            megabytes.append(server.rss)
    done = statuses.total()
    note = "at the start, 10 %, 50 % and the end: " + ", ".join(f"{each:.0f}" for each in megabytes) + " MB"
    return [
        Row(
            "memory",
            f"after {done:,} commands",
            megabytes[-1],
            LIMIT_MEGABYTES,
            "MB",
            megabytes[-1] / LIMIT_MEGABYTES,
            1.0,
            "at most",
            note=note,
            more={"megabytes": megabytes, "statuses": dict(statuses)},
        )
    ]


def many_calls(calls: Iterator[int], waiting: Waiting) -> Work:
    """Dial the calls that are left, and lead those that are up to their end."""
    ids = (f"command-{number}-{id(waiting)}" for number in count())
    for number in calls:
        key = key_of(number)
        body = dial_body(INSTANT, command_id=f"dial-{number}")
        answer = yield request("POST", "/v2/calls", body, key)
        waiting.append((time.monotonic() + ANSWERED_AFTER, dialled(answer), key))
        while waiting and waiting[0][0] <= time.monotonic():
            yield from rest_of_a_call(*waiting.popleft()[1:], ids)
    while waiting:
        up_at, leg, key = waiting.popleft()
        time.sleep(max(0.0, up_at - time.monotonic()))
        yield from rest_of_a_call(leg, key, ids)


def rest_of_a_call(leg: str, key: str, ids: Iterator[str]) -> Work:
    """Nine commands: six that are obeyed and three that are refused."""
    for name, body in (
        ("client_state_update", {"client_state": STATE}),
        ("client_state_update", {"client_state": NEXT_STATE}),
        ("ai_assistant_start", assistant_body()),
        ("ai_assistant_start", {}),
        ("ai_assistant_stop", {}),
        ("answer", {}),
        ("client_state_update", {"client_state": STATE}),
        ("hangup", {}),
        ("ai_assistant_start", {}),
    ):
        yield action(leg, name, {**body, "command_id": next(ids)}, key)


def key_of(call: int) -> str:
    """The API key of a call: half of the calls on a few keys, half on many, some calls in a row on each."""
    half, turn = divmod(call, 2)[::-1]
    if half:
        return f"KEY_steady_{turn % STEADY_KEYS}"
    return f"KEY_passing_{turn // CALLS_IN_A_ROW % PASSING_KEYS}"


def _plausible(outcome: Outcome) -> Outcome:
    """The same; raises `RuntimeError` unless three in ten commands were refused, and all in the expected way."""
    refused = outcome.requests - outcome.statuses[200]
    if outcome.statuses.keys() - {200, 422} or abs(refused / outcome.requests - 0.3) > 0.02:
        raise RuntimeError(f"unexpected answers: {dict(outcome.statuses)}, {outcome.last_refusal!r}")
    return outcome
