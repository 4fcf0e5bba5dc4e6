"""100,000 live legs: what memory they take, and that a command costs the same however many there are."""

from __future__ import annotations

import gc
import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice
from statistics import median

from benchmarks.calls import INSTANT, answered_legs, dial_body, updates
from benchmarks.load import Work, drive, request
from benchmarks.processes import ROOT, Process, our_server, rss
from benchmarks.results import Row
from mockserver.sim.commands import Request, execute
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Settings

SIZES, QUICK_SIZES = (100, 10_000, 100_000), (100, 1_000, 5_000)
LIMIT_MEGABYTES, FULL = 1_000.0, 100_000
GROWTH = 1.5
"""How much dearer a command may be with the most legs than with the fewest. Constant means 1; caches cost the rest."""

CONNECTIONS = 16


def measure(quick: bool) -> list[Row]:
    """Memory and costs, in process (a fresh one, for its memory) and through the server."""
    sizes = QUICK_SIZES if quick else SIZES
    inside = json.loads(
        subprocess.run(
            [sys.executable, "-m", "benchmarks.legs", *map(str, sizes)],
            cwd=ROOT,
            stdout=subprocess.PIPE,
            check=True,
        ).stdout
    )
    outside = through_the_server(sizes, 0.5 if quick else 2.0)
    rows = [_memory("in process", inside["memory"], sizes[-1]), _memory("of the server", outside["memory"], sizes[-1])]
    rows += [_cost(f"execute, {name}", inside[name], sizes) for name in ("client_state_update", "dial", "step")]
    return [*rows, _cost("HTTP, client_state_update", outside["update"], sizes)]


def _memory(where: str, measured: list[float], legs: int) -> Row:
    """Memory of the most legs; fewer than 100,000 are extrapolated."""
    megabytes = (measured[-1] - measured[0]) * FULL / legs
    note = (
        "" if legs == FULL else f"from {legs:,} legs: too high, since the log is bounded and counted as if it grew on"
    )
    ratio = megabytes / LIMIT_MEGABYTES
    what = f"{FULL:,} live, memory {where}"
    return Row("legs", what, megabytes, LIMIT_MEGABYTES, "MB", ratio, 1.0, "at most", note=note)


def _cost(what: str, micros: list[float], sizes: tuple[int, ...]) -> Row:
    """What one costs with the most legs, against with the fewest."""
    steps = ", ".join(f"{cost:.1f} us at {size:,}" for size, cost in zip(sizes, micros, strict=True))
    ratio = micros[-1] / micros[0]
    return Row("legs", what, micros[-1], micros[0], "us", ratio, GROWTH, "at most", note=steps)


# Through the server --------------------------------------------------------------------------------------------------


def through_the_server(sizes: tuple[int, ...], seconds: float) -> dict[str, list[float]]:
    """Memory before and at each size, and processor time of a command at each."""
    with our_server() as server:
        legs = answered_legs(server, CONNECTIONS)
        memory, update, live = [server.rss], [], len(legs)
        for size in sizes:
            _dial(server, size - live)
            live = size
            memory.append(server.rss)
            costs = [drive(server, map(updates, legs), seconds / 2).all_good() for _ in range(3)]
            update.append(median(cost.cpu_micros for cost in costs))
    return {"memory": memory, "update": update}


def _dial(server: Process, number: int) -> None:
    """Dial so many legs that stay up, and wait until they are."""
    wanted = iter(range(number))
    dial = request("POST", "/v2/calls", dial_body(INSTANT))

    def work() -> Work:
        yield dial
        for _ in wanted:
            yield dial

    connections = list(islice(wanted, CONNECTIONS))
    drive(server, [work() for _ in connections]).all_good()
    time.sleep(1.0)


# In process ----------------------------------------------------------------------------------------------------------


def in_process(sizes: tuple[int, ...]) -> dict[str, list[float]]:
    """The same without HTTP; `step` is one step of the timeline: a person who picks up."""
    simulation = Simulation(Settings(loop_guard=0))
    results: dict[str, list[float]] = {"memory": [rss()], "client_state_update": [], "dial": [], "step": []}
    for size in sizes:
        for _ in range(size - simulation.world.live_legs):
            execute(simulation, Request("dial", dial_body(INSTANT)))
        simulation.advance(1.0)
        gc.collect()
        results["memory"].append(rss())
        results["client_state_update"].append(_micros(_updating(simulation)))
        results["dial"].append(_micros(_dialling(simulation)))
        results["step"].append(_micros(_stepping(simulation)))
        simulation.advance(5.0)
    return results


def _micros(work: Callable[[], Iterator[None]], times: int = 400) -> float:
    """The least that each of some rounds takes, in microseconds of processor time a step.

    The least, since nothing but the work itself is in every round: full passes of the garbage collector are not.
    """
    rounds = []
    for _ in range(15):
        steps = work()
        began = time.process_time()
        done = sum(1 for _ in islice(steps, times))
        rounds.append((time.process_time() - began) / done * 1e6)
    return min(rounds)


def _updating(simulation: Simulation) -> Callable[[], Iterator[None]]:
    up = (leg.call_control_id for leg in simulation.world.legs.values() if leg.state == "answered")
    legs = list(islice(up, 100))
    body = {"client_state": "aGVsbG8="}

    def work() -> Iterator[None]:
        while True:
            for leg in legs:
                execute(simulation, Request("client_state_update", body, leg))
                yield

    return work


def _dialling(simulation: Simulation) -> Callable[[], Iterator[None]]:
    def work() -> Iterator[None]:
        while True:
            execute(simulation, Request("dial", dial_body("+15005550001")))
            yield

    return work


def _stepping(simulation: Simulation) -> Callable[[], Iterator[None]]:
    """Steps of the timeline: the dials of before are reported, and are over."""

    def work() -> Iterator[None]:
        while (due := simulation.timeline.next_at()) is not None and simulation.timeline.anything_near():
            before = simulation.timeline.take_due(due)
            assert before is not None
            simulation.now = max(simulation.now, before.at)
            before.action(*before.args)
            yield

    return work


if __name__ == "__main__":
    print(json.dumps(in_process(tuple(map(int, sys.argv[1:])))))
