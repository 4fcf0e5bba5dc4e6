"""100,000 conferences and as many waits in queues, made and ended: the process is no larger than when the first were.

What an ended one may leave behind is bounded and filled by the first tenth; the rest must add nothing.
"""

from __future__ import annotations

import gc
import json
import subprocess
import sys

from benchmarks.calls import INSTANT, dial_body
from benchmarks.processes import ROOT, rss
from benchmarks.results import Row
from mockserver.sim.commands import Request, execute
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Settings

ROOMS, QUICK_ROOMS = 100_000, 12_000
LIMIT_MEGABYTES = 16.0
"""The stated bound of growth from the first tenth to the end: what a memory allocator scatters, and nothing more."""

KEPT = 300
"""How many ended calls, and thus conferences, the world keeps here: full long before the first measurement."""


def measure(quick: bool) -> list[Row]:
    """One row, from a fresh process."""
    rooms = QUICK_ROOMS if quick else ROOMS
    command = [sys.executable, "-m", "benchmarks.rooms", str(rooms)]
    early, late = json.loads(subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout)
    return [
        Row(
            "rooms",
            f"{rooms:,} conferences and queue entries, growth",
            late - early,
            LIMIT_MEGABYTES,
            "MB",
            (late - early) / LIMIT_MEGABYTES,
            1.0,
            "at most",
            note=f"{early:.0f} MB after a tenth, {late:.0f} MB at the end",
        )
    ]


def in_process(rooms: int) -> tuple[float, float]:
    """Memory after a tenth of the rooms, and after all."""
    simulation = Simulation(Settings(loop_guard=0, ended_legs=KEPT))
    early = 0.0
    for number in range(rooms):
        come_and_go(simulation, number)
        if number + 1 == rooms // 10:
            gc.collect()
            early = rss()
    gc.collect()
    return early, rss()


def come_and_go(simulation: Simulation, number: int) -> None:
    """Two calls wait in a queue, meet in a conference, and it is ended by force."""
    legs = [execute(simulation, Request("dial", dial_body(INSTANT)))["data"]["call_control_id"] for _ in range(2)]
    simulation.advance(1.0)
    for leg in legs:
        execute(simulation, Request("enqueue", {"queue_name": f"queue {number % 500}"}, leg))
    simulation.advance(1.0)
    execute(simulation, Request("create_conference", {"call_control_id": legs[0], "name": f"room {number}"}))
    room = {"id": f"room {number}"}
    execute(simulation, Request("conference_join", {"call_control_id": legs[1]}, params=room))
    execute(simulation, Request("conference_end", {}, params=room))
    simulation.advance(1.0)


if __name__ == "__main__":
    print(json.dumps(in_process(int(sys.argv[1]))))
