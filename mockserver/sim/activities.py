"""What simply runs on a leg until it is stopped: a media fork, a SIPREC session, noise suppression.

A row says which webhooks begin and end it, what a stop is refused with when nothing runs, and what its webhooks tell.
A second start takes the place of the first. What has more life than that has a module of its own: `media`, `digits`,
`recordings`, `transcription`, `conversations`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from mockserver.sim import errors, timings
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Problem, Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.timeline import Plan
from mockserver.sim.world import Leg

SHORTEST_SESSION = 90


@dataclass(frozen=True, slots=True)
class Activity:
    """A row: the webhooks, which both tell `tells`, and the last one `at_end` besides; None is no webhook."""

    started: str | None = None
    stopped: str | None = None
    tells: Mapping[str, str] | None = None
    at_end: Mapping[str, str] | None = None
    not_running: Problem | None = None
    check: Callable[[Json], None] = lambda body: None


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


# GUESS: the words of `hangup_cause`; the interface calls it a Q.850 cause and lists none
ACTIVITIES: Mapping[str, Activity] = {
    "fork": Activity(
        "call.fork.started",
        "call.fork.stopped",
        tells={"stream_type": "decrypted"},
        not_running=errors.NOT_FORKED,
        check=_check_fork,
    ),
    "siprec": Activity(
        "siprec.started", "siprec.stopped", at_end={"hangup_cause": "normal_clearing"}, check=_check_session
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
        _end(simulation, leg, kind)
        running = Running(activity)
        leg.running = {**(leg.running or {}), kind: running}
        if activity.started:
            moment = max(simulation.now, leg.due_at) + round(timings.ACTIVITY_AFTER_COMMAND * SECOND)
            running.plan = simulation.at(moment, _begin, simulation, leg, running)
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


def _begin(simulation: Simulation, leg: Leg, running: Running) -> None:
    running.plan = None
    assert running.activity.started is not None
    simulation.emit(running.activity.started, leg, **(running.activity.tells or {}))


def _end(simulation: Simulation, leg: Leg, kind: str) -> None:
    running = leg.running.pop(kind, None) if leg.running else None
    if running is None:
        return
    if running.plan is not None:  # it had not begun: there is nothing to tell of
        simulation.timeline.cancel(running.plan)
    elif running.activity.stopped:
        activity = running.activity
        simulation.emit(running.activity.stopped, leg, **(activity.tells or {}), **(activity.at_end or {}))
