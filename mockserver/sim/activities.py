"""What simply runs on a leg until it is stopped: a media fork, a SIPREC session, noise suppression.

A row says which webhooks begin and end it, what a stop is refused with when nothing runs, what a start is refused with
while audio is streamed, and what its webhooks tell.
A second start takes the place of the first. What has more life than that has a module of its own: `media`, `digits`,
`recordings`, `transcription`, `conversations`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mockserver.sim import errors, streams, timings
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Problem, Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.timeline import Plan
from mockserver.sim.world import Leg

SHORTEST_SESSION = 90
UNREACHABLE = "unreachable"
"""What in the name of a SIPREC connector makes its session fail."""


@dataclass(frozen=True, slots=True)
class Activity:
    """A row: the webhooks, which both tell `tells`, and the last one `at_end` besides; None is no webhook.

    `fails` tells from the command why it cannot begin, which `failed` reports in place of the first webhook.
    """

    started: str | None = None
    stopped: str | None = None
    tells: Mapping[str, str] | None = None
    at_end: Mapping[str, str] | None = None
    not_running: Problem | None = None
    check: Callable[[Json], None] = lambda body: None
    failed: str | None = None
    fails: Callable[[Json], str | None] = lambda body: None
    while_streaming: Problem | None = None


@dataclass(slots=True, eq=False)
class Running:
    """An activity of a leg; `plan` is that of its first webhook, until it is sent."""

    activity: Activity
    plan: Plan | None = None


def _check_fork(body: Json) -> None:
    """`rx` and `tx` are required of a decrypted fork, which is the only kind; the interface says so in words alone."""
    missing = [errors.MISSING_PARAMETER.raised(parameter=name) for name in ("rx", "tx") if not body.get(name)]
    if missing:
        raise Refusal.of(missing)


def _check_session(body: Json) -> None:
    """A session's timer is off (0) or at least 90 s; the interface says so in words alone."""
    seconds = body.get("session_timeout_secs", 0)
    if seconds and seconds < SHORTEST_SESSION:
        raise Refusal(
            errors.OUT_OF_RANGE, parameter="session_timeout_secs", minimum=SHORTEST_SESSION, maximum="infinity"
        )


def _unreachable(body: Json) -> str | None:
    """A connector that is said to be unreachable by its name is: there is no portal in which it could be set up."""
    return "no_route_destination" if UNREACHABLE in body.get("connector_name", "").casefold() else None


# GUESS: the words of `hangup_cause` and `failure_cause`; the interface calls them Q.850 causes and lists none
ACTIVITIES: Mapping[str, Activity] = {
    "fork": Activity(
        "call.fork.started",
        "call.fork.stopped",
        tells={"stream_type": "decrypted"},
        not_running=errors.NOT_FORKED,
        check=_check_fork,
        while_streaming=errors.STREAMING_USED,
    ),
    "siprec": Activity(
        "siprec.started",
        "siprec.stopped",
        at_end={"hangup_cause": "normal_clearing"},
        check=_check_session,
        failed="siprec.failed",
        fails=_unreachable,
    ),
    "suppression": Activity(),
}
"""By kind, in the order in which a hang-up ends them."""

OnLeg = Callable[[Simulation, Leg, Json], Json]


def start(kind: str) -> OnLeg:
    """The command that starts an activity. GUESS: one that runs already ends for it."""
    activity = ACTIVITIES[kind]

    def command(simulation: Simulation, leg: Leg, body: Json) -> Json:
        activity.check(body)
        if activity.while_streaming and streams.is_used(leg):
            raise Refusal(activity.while_streaming)
        _end(simulation, leg, kind)
        running = Running(activity)
        leg.running = {**(leg.running or {}), kind: running}
        if activity.started:
            moment = max(simulation.now, leg.due_at) + round(timings.ACTIVITY_AFTER_COMMAND * SECOND)
            running.plan = simulation.at(moment, _begin, simulation, leg, kind, running, activity.fails(body))
        return {"result": "ok"}

    return command


def stop(kind: str) -> OnLeg:
    """The command that stops an activity. GUESS: where no refusal is published, stopping nothing is accepted."""
    activity = ACTIVITIES[kind]

    def command(simulation: Simulation, leg: Leg, body: Json) -> Json:
        if activity.not_running and kind not in (leg.running or {}):
            raise Refusal(activity.not_running)
        _end(simulation, leg, kind)
        return {"result": "ok"}

    return command


def before_hangup(simulation: Simulation, leg: Leg) -> None:
    """All that runs ends, in the order of the table."""
    for kind in ACTIVITIES:
        _end(simulation, leg, kind)


def _begin(simulation: Simulation, leg: Leg, kind: str, running: Running, cause: str | None) -> None:
    running.plan = None
    activity = running.activity
    assert activity.started is not None
    if cause is None:
        simulation.emit(activity.started, leg, **(activity.tells or {}))
    else:
        assert activity.failed is not None
        del (leg.running or {})[kind]
        simulation.emit(activity.failed, leg, failure_cause=cause)


def _end(simulation: Simulation, leg: Leg, kind: str) -> None:
    running = leg.running.pop(kind, None) if leg.running else None
    if running is None:
        return
    if running.plan is not None:  # it had not begun: there is nothing to tell of
        simulation.timeline.cancel(running.plan)
    elif running.activity.stopped:
        activity = running.activity
        simulation.emit(running.activity.stopped, leg, **(activity.tells or {}), **(activity.at_end or {}))
