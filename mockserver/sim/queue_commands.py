"""What an application can ask of queues: put a call into one, take it out, and look after the queues themselves.

Sources: the published interface for fields, defaults and conditions; its queue objects have times in milliseconds.
"""

from __future__ import annotations

from collections.abc import Mapping

from mockserver.sim import bridges, errors, queues
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.listings import numbered
from mockserver.sim.queues import Queue, Waiting
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

SIZE = 300
"""Default of `max_size` of a queue that is created by itself, documented."""

SIZE_BY_ENQUEUE = 100
"""Default of `max_size` of a queue that is created because a call comes, documented."""

Params = Mapping[str, str]


def enqueue(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`enqueue`: let the leg wait in a queue, which is created if need be; a bridged leg is parted from the other one.

    GUESS: a leg that waits in another queue or takes part in a conference leaves it, the queue with `reason` `leave`.

    Refusals: 90038 (it waits in this queue), 90037 (the queue has another size), 90036 (the queue is full), 10025 (a
    name that is too long), 10033 (a size or a wait of less than 1; GUESS: nothing is published), 10027 (too many
    queues).
    """
    name, size, wait = body["queue_name"], body.get("max_size"), body.get("max_wait_time_secs")
    queue = simulation.world.queues.get(name)
    _check_enqueue(leg, body, queue)
    queue = queue or queues.create(simulation, name, size or SIZE_BY_ENQUEUE, lasting=False)
    bridges.part(simulation, leg)
    queues.leave(simulation, leg, "leave")
    if leg.participation is not None:
        leg.participation.leaves(simulation, leg.participation)
    queues.enter(simulation, leg, queue, wait, bool(body.get("keep_after_hangup")))
    return {"result": "ok"}


def leave_queue(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`leave_queue`: take the leg out of its queue; it stays up. Refusals: 90035 (it is in none)."""
    if leg.waiting is None:
        raise Refusal(errors.NOT_IN_QUEUE)
    queues.leave(simulation, leg, "leave")
    return {"result": "ok"}


def list_queues(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /queues`: all queues, the oldest first, in pages by number."""
    return numbered(list(simulation.world.queues.values()), query, lambda queue: _queue(simulation, queue))


def create_queue(simulation: Simulation, params: Params, body: Json) -> Json:
    """`POST /queues`: a queue that stays until it is deleted.

    Refusals: 10012 (there is one of this name; GUESS: the code), 10027 (too many queues).
    """
    name = body["queue_name"]
    if name in simulation.world.queues:
        raise Refusal(errors.DUPLICATE_RESOURCE, at="/queue_name")
    return {"data": _queue(simulation, queues.create(simulation, name, body.get("max_size", SIZE), lasting=True))}


def retrieve_queue(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /queues/{queue_name}`. Refusals: 10005."""
    return {"data": _queue(simulation, _find(simulation, params))}


def update_queue(simulation: Simulation, params: Params, body: Json) -> Json:
    """`POST /queues/{queue_name}`: another `max_size`; who waits already stays. Refusals: 10005."""
    queue = _find(simulation, params)
    queue.max_size, queue.updated_at = body["max_size"], simulation.now
    return {"data": _queue(simulation, queue)}


def delete_queue(simulation: Simulation, params: Params, body: Json) -> Json:
    """`DELETE /queues/{queue_name}`. Refusals: 10005, 90050 (calls are in it)."""
    queue = _find(simulation, params)
    if queue.calls:
        raise Refusal(errors.QUEUE_NOT_EMPTY)
    queues.delete(simulation, queue)
    return {}


def list_queue_calls(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /queues/{queue_name}/calls`: the calls in a queue, the first one first, in pages by number.

    Refusals: 10005.
    """
    waiting = list(enumerate(_find(simulation, params).calls.values(), 1))
    return numbered(waiting, query, lambda placed: _queue_call(simulation, placed[1], placed[0]))


def retrieve_queue_call(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /queues/{queue_name}/calls/{call_control_id}`. Refusals: 10005."""
    waiting = _find_call(simulation, params)
    return {"data": _queue_call(simulation, waiting, waiting.position)}


def update_queue_call(simulation: Simulation, params: Params, body: Json) -> Json:
    """`PATCH /queues/{queue_name}/calls/{call_control_id}`: change `keep_after_hangup`. Refusals: 10005."""
    waiting = _find_call(simulation, params)
    waiting.keep_after_hangup = bool(body.get("keep_after_hangup", waiting.keep_after_hangup))
    return {}


def remove_queue_call(simulation: Simulation, params: Params, body: Json) -> Json:
    """`DELETE /queues/{queue_name}/calls/{call_control_id}`: for calls that are over. Refusals: 10005.

    GUESS: a call that is up leaves the queue too, as by `leave_queue`.
    """
    waiting = _find_call(simulation, params)
    if waiting.until is None:
        queues.leave(simulation, waiting.leg, "leave")
    else:
        queues.remove(simulation, waiting)
    return {}


def _check_enqueue(leg: Leg, body: Json, queue: Queue | None) -> None:
    for name in ("max_size", "max_wait_time_secs"):
        if body.get(name) is not None and body[name] < 1:
            raise Refusal(errors.OUT_OF_RANGE, parameter=name, minimum=1, maximum=2**31 - 1)
    length = len(body["queue_name"])
    if length > 255:
        raise Refusal(errors.LENGTH_OUT_OF_RANGE, parameter="queue_name", minimum=1, maximum=255, length=length)
    if queue is None:
        return
    if leg.waiting is not None and leg.waiting.queue is queue:
        raise Refusal(errors.ALREADY_IN_QUEUE)
    if body.get("max_size") not in (None, queue.max_size):
        raise Refusal(errors.QUEUE_SIZE_FIXED)
    if len(queue.calls) >= queue.max_size:
        raise Refusal(errors.QUEUE_FULL, queue_name=queue.name)


def _find(simulation: Simulation, params: Params) -> Queue:
    queue = simulation.world.queues.get(params["queue_name"])
    if queue is None:
        raise Refusal(errors.URL_NOT_FOUND)
    return queue


def _find_call(simulation: Simulation, params: Params) -> Waiting:
    waiting = _find(simulation, params).calls.get(params["call_control_id"])
    if waiting is None:
        raise Refusal(errors.URL_NOT_FOUND)
    return waiting


def _queue(simulation: Simulation, queue: Queue) -> Json:
    """A queue as it is shown; `average_wait_time_secs` is of the calls that are in it now. Documented."""
    return {
        "average_wait_time_secs": queues.average(one.waited(simulation.now) for one in queue.calls.values()),
        "created_at": _moment(queue.created_at),
        "current_size": len(queue.calls),
        "id": queue.id,
        "max_size": queue.max_size,
        "name": queue.name,
        "record_type": "queue",
        "updated_at": _moment(queue.updated_at),
    }


def _queue_call(simulation: Simulation, waiting: Waiting, position: int) -> Json:
    leg = waiting.leg
    return {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "connection_id": leg.connection_id,
        "enqueued_at": _moment(waiting.since),
        "from": leg.from_,
        "is_alive": waiting.until is None,
        "queue_id": waiting.queue.id,
        "queue_position": position,
        "record_type": "queue_call",
        "to": leg.to,
        "wait_time_secs": waiting.waited(simulation.now) // SECOND,
    }


def _moment(at: int) -> str:
    """A moment with three digits behind the second, as the published examples of these objects have it."""
    return f"{iso(at)[:-4]}Z"
