"""Another lawful order of deliveries: the platform promises neither when a webhook comes, nor that one comes before the
next. Pure: from a seed and the number of a run come the faults that make its order.
"""

from __future__ import annotations

from random import Random

from mockserver.sim.faults import Fault, Latency

LONGEST_SECS = 2.0
"""No webhook is later than that, in simulated time."""


def shuffled(seed: int, run: int) -> tuple[Fault, ...]:
    """The faults of run number `run`, from 1: some webhooks come behind the next one of their call, others are late.

    How many, and how late, differs from run to run; whom it meets is chance, which has to begin with `luck`.
    """
    random = Random(luck(seed, run))
    return (
        Fault(
            event="*",
            probability=round(random.uniform(0.1, 0.5), 2),
            delivery="reorder",
            within=round(random.uniform(0.1, LONGEST_SECS), 2),
        ),
        Fault(
            event="*",
            probability=round(random.uniform(0.2, 0.8), 2),
            latency=Latency(0.0, round(random.uniform(0.05, LONGEST_SECS), 2)),
        ),
    )


def luck(seed: int, run: int) -> str:
    """What chance begins with in a run."""
    return f"{seed}:{run}"
