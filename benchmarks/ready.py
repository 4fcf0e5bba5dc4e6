"""From the start of the process to the first 200, against bare Starlette under uvicorn, in turns."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median

from benchmarks import processes
from benchmarks.results import Row, paired

TARGET = 2.0


def measure(quick: bool) -> list[Row]:
    """Two rows: until it says that it is up, and until it has answered from a world, which imports the simulation."""
    rounds = 5 if quick else 15
    once()
    pairs = [once() for _ in range(rounds)]
    ratio, ratios = paired([one for one, _ in pairs], [other for _, other in pairs])
    mine, theirs = median(one for one, _ in pairs), median(other for _, other in pairs)
    more = {"ratios": [round(each, 3) for each in ratios]}
    world = median(to_a_world() for _ in range(rounds))
    return [
        Row("ready", "start to first 200", mine, theirs, "s", ratio, TARGET, "at most", more=more),
        Row("ready", "start to first answer from a world", world, theirs, "s", world / theirs),
    ]


def to_a_world() -> float:
    """Seconds until ours has answered what needs a world."""
    port = processes.free_port()
    return seconds(processes.ours(port=port), port, "/_mock/scenarios")


def once() -> tuple[float, float]:
    """Seconds that ours takes, then the bare one."""
    port, other = processes.free_port(), processes.free_port()
    return (
        seconds(processes.ours(port=port), port, "/_mock/health"),
        seconds(processes.own("bare", port=other), other, "/"),
    )


def seconds(command: Sequence[str], port: int, path: str) -> float:
    """How long a command takes until it answers."""
    began = time.perf_counter()
    process = processes.start(command)
    try:
        processes.wait_until_ready(process, port, path)
        return time.perf_counter() - began
    finally:
        processes.stop(process)
