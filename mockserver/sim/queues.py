"""Queues: calls that wait in the order of their coming, and the ways in which a call leaves.

A call comes by `enqueue` and leaves when it is bridged (by whatever command), transferred or referred, when it is told
to, when its time is over, or when it ends. What an application can ask for is in `queue_commands`.

Sources: the published interface for fields, reasons, sizes and what is refused.

GUESS: calls that keep their place after their hang-up count like others in sizes, positions and averages; they are not
reported as dequeued, since they are not, and what becomes of them later is not reported at all.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from mockserver.sim import errors, timings
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Refusal
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import OVER
from mockserver.sim.timeline import Plan
from mockserver.sim.world import Leg


@dataclass(slots=True, eq=False)
class Queue:
    """A queue. `calls` are those in it by their `call_control_id`, the first one first.

    `lasting` is a queue that was created by itself, not by a call that came; `left` and `waited` count the calls that
    have left and the microseconds that they waited; `goes` is the plan by which the queue disappears.
    """

    id: str
    name: str
    max_size: int
    created_at: int
    updated_at: int
    lasting: bool = False
    calls: OrderedDict[str, Waiting] = field(default_factory=OrderedDict)
    left: int = 0
    waited: int = 0
    goes: Plan | None = None


@dataclass(slots=True, eq=False)
class Waiting:
    """A call in a queue, since when, and until when if it has kept its place beyond its end."""

    leg: Leg
    queue: Queue
    since: int
    keep_after_hangup: bool = False
    reported: bool = False
    until: int | None = None

    def waited(self, now: int) -> int:
        """For how long it has waited, in microseconds."""
        return (now if self.until is None else self.until) - self.since

    @property
    def position(self) -> int:
        """Its place in the queue; 1 is the first."""
        return next(place for place, one in enumerate(self.queue.calls.values(), 1) if one is self)


def average(waits: Iterable[int]) -> int:
    """The mean of waits in microseconds, in full seconds; 0 where nobody waits."""
    known = list(waits)
    return sum(known) // (len(known) * SECOND) if known else 0


def create(simulation: Simulation, name: str, max_size: int, lasting: bool) -> Queue:
    """A new queue. GUESS: where there are as many as `Settings.queues`, the oldest that is empty and not lasting goes.

    Refusals: 10027 (too many queues, and none that could go).
    """
    world, now = simulation.world, simulation.now
    if len(world.queues) >= world.settings.queues:
        idle = next((queue for queue in world.queues.values() if not queue.calls and not queue.lasting), None)
        if idle is None:
            raise Refusal(errors.UNPROCESSABLE, reason=f"There are {len(world.queues):,} queues already.")
        delete(simulation, idle)
    queue = world.queues[name] = Queue(simulation.ids.time_uuid(now), name, max_size, now, now, lasting)
    return queue


def delete(simulation: Simulation, queue: Queue) -> None:
    """An empty queue is no more."""
    simulation.timeline.cancel(queue.goes)
    del simulation.world.queues[queue.name]


def enter(simulation: Simulation, leg: Leg, queue: Queue, wait: float | None, keep_after_hangup: bool) -> None:
    """The leg goes to the end of the queue, for `wait` seconds if so many are given; `call.enqueued` follows."""
    simulation.timeline.cancel(queue.goes)
    waiting = leg.waiting = Waiting(leg, queue, simulation.now, keep_after_hangup)
    queue.calls[leg.call_control_id] = waiting
    soon = max(simulation.now, leg.due_at) + round(timings.ACTIVITY_AFTER_COMMAND * SECOND)
    leg.plans["enqueued"] = simulation.at(soon, _report, simulation, waiting)
    if wait is not None:
        leg.plans["queue"] = simulation.after(wait, leave, simulation, leg, "timeout")


def leave(simulation: Simulation, leg: Leg, reason: str) -> None:
    """The leg leaves its queue, if it is in one, and stays up: `call.dequeued`.

    `reason` is `bridged`, `bridging-in-process`, `hangup`, `leave` or `timeout`.
    """
    waiting = leg.waiting
    if waiting is None:
        return
    _report(simulation, waiting)
    for name in ("enqueued", "queue"):
        simulation.timeline.cancel(leg.plans.pop(name, None))
    position, leg.waiting = waiting.position, None
    remove(simulation, waiting)
    simulation.emit(
        "call.dequeued",
        leg,
        queue=waiting.queue.name,
        queue_position=position,
        reason=reason,
        wait_time_secs=waiting.waited(simulation.now) // SECOND,
    )


def remove(simulation: Simulation, waiting: Waiting) -> None:
    """Take a call out of its queue without a word; a queue that nobody made by itself goes when it stays empty."""
    queue = waiting.queue
    del queue.calls[waiting.leg.call_control_id]
    simulation.world.queued_beyond_end.pop(waiting.leg.call_control_id, None)
    queue.left += 1
    queue.waited += waiting.waited(simulation.now)
    if not queue.calls and not queue.lasting:
        queue.goes = simulation.after(timings.QUEUE_KEPT, delete, simulation, queue, backstop=True)


def next_in_line(simulation: Simulation, name: str, leg: Leg) -> Leg:
    """The first call of a queue, for `leg` to be bridged with; it leaves the queue even if it turns out to be over.

    `call.dequeued` says `bridged` when both are answered, so that the bridge comes at once, else `bridging-in-process`
    (GUESS: the difference of the two is not published).

    Refusals: 10027 (nobody waits there, or the leg itself is the first; GUESS: the code), 90018 (the call is over;
    GUESS: the code, and that its parties are told in the detail).
    """
    queue = simulation.world.queues.get(name)
    if queue is None or not queue.calls:
        raise Refusal(errors.UNPROCESSABLE, reason=f"No call waits in the queue '{name}'.", at="/queue")
    first = next(iter(queue.calls.values()))
    other = first.leg
    if other is leg:
        raise Refusal(errors.UNPROCESSABLE, reason="A call is not bridged with itself.", at="/queue")
    if first.until is not None:
        remove(simulation, first)
    else:
        at_once = leg.state == other.state == "answered"
        leave(simulation, other, "bridged" if at_once else "bridging-in-process")
    if other.state in OVER:
        ended = errors.CALL_ENDED.raised()
        parties = f"It came from {other.from_} to {other.to} on connection {other.connection_id}."
        raise Refusal(replace(ended, detail=f"{ended.detail} {parties}"))
    return other


def before_hangup(simulation: Simulation, leg: Leg) -> None:
    """A call that ends leaves its queue, unless it keeps its place: then the oldest of too many such calls goes."""
    waiting = leg.waiting
    if waiting is None or not waiting.keep_after_hangup:
        leave(simulation, leg, "hangup")
        return
    _report(simulation, waiting)
    leg.waiting, waiting.until = None, simulation.now
    kept = simulation.world.queued_beyond_end
    kept[leg.call_control_id] = waiting
    if len(kept) > simulation.world.settings.ended_legs:
        remove(simulation, next(iter(kept.values())))


def _report(simulation: Simulation, waiting: Waiting) -> None:
    """`call.enqueued`, once. GUESS: the average is of the calls that have left the queue so far."""
    if waiting.reported:
        return
    waiting.reported, queue = True, waiting.queue
    simulation.emit(
        "call.enqueued",
        waiting.leg,
        current_position=waiting.position,
        queue=queue.name,
        queue_avg_wait_time_secs=queue.waited // (queue.left * SECOND) if queue.left else 0,
    )
