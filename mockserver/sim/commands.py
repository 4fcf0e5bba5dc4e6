"""THE TABLE OF CONTENTS: which handler does a command, and what the command needs of its leg.

One more command is its operation in `specs/`, a handler, and a row here. Route, validation, 401, 404 and 422, repeats
by `command_id` and the refusals by state come from the specification and the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mockserver.sim import (
    activities,
    bridges,
    calls,
    conversations,
    digits,
    errors,
    gathering,
    listings,
    media,
    recordings,
    timings,
    transcription,
    transfers,
)
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Problem, Refusal, Unsupported
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import ALIVE, ANSWERED_OR_INCOMING, INCOMING, INCOMING_UNANSWERED, NEEDS_ANSWERED, Condition
from mockserver.sim.world import Leg

LOGGED_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Request:
    """What an application asks for, already valid by the specification.

    `name` is the command's short name (`answer`), `call_control_id` that of the path if the path has one, `params` the
    other path parameters and `query` the query's. `forgiven` is what the contract let pass, `size` the body's bytes.
    """

    name: str
    body: Json = field(default_factory=dict)
    call_control_id: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    forgiven: tuple[str, ...] = ()
    size: int = 0

    @property
    def logged(self) -> Json:
        """The body as the log keeps it: whole, unless it is so long that a full log would fill the machine."""
        return self.body if self.size <= LOGGED_BYTES else {"omitted": f"a body of {self.size:,} bytes"}


OnLeg = Callable[[Simulation, Leg, Json], Json]
OnAccount = Callable[[Simulation, Json], Json]
OnResource = Callable[[Simulation, Mapping[str, str], Json], Json]


@dataclass(frozen=True, slots=True)
class LegCommand:
    """A command on a leg; its handler returns `data` of the response."""

    handler: OnLeg
    needs: Condition


@dataclass(frozen=True, slots=True)
class AccountCommand:
    """A command on the account; its handler returns `data` of the response."""

    handler: OnAccount


@dataclass(frozen=True, slots=True)
class ResourceCommand:
    """A command on what the path names, or on a collection; its handler is given the path's parameters and the body.

    It returns the whole response body, which goes out with `status`; with 204 it is empty.
    """

    handler: OnResource
    status: int = 200


@dataclass(frozen=True, slots=True)
class Retrieval:
    """A question about one leg, which changes nothing."""

    handler: OnLeg


@dataclass(frozen=True, slots=True)
class Question:
    """Any other question, which changes nothing; its handler is given the path's parameters and the query.

    It returns the whole response body.
    """

    handler: OnResource


Command = LegCommand | AccountCommand | ResourceCommand

COMMANDS: Mapping[str, Command | Retrieval | Question] = {
    "dial": AccountCommand(calls.dial),
    "retrieve_call": Retrieval(calls.retrieve_call),
    "list_active_calls": Question(listings.active_calls),
    "answer": LegCommand(calls.answer, INCOMING),
    "hangup": LegCommand(calls.hangup, ALIVE),
    "reject": LegCommand(calls.reject, INCOMING_UNANSWERED),
    "client_state_update": LegCommand(calls.client_state_update, ALIVE),
    "bridge": LegCommand(bridges.bridge, NEEDS_ANSWERED),
    "transfer": LegCommand(transfers.transfer, ANSWERED_OR_INCOMING),
    "refer": LegCommand(transfers.refer, ALIVE),
    "send_sip_info": LegCommand(transfers.send_sip_info, ALIVE),
    "ai_assistant_start": LegCommand(conversations.ai_assistant_start, NEEDS_ANSWERED),
    "ai_assistant_stop": LegCommand(conversations.ai_assistant_stop, NEEDS_ANSWERED),
    "ai_assistant_join": LegCommand(conversations.ai_assistant_join, NEEDS_ANSWERED),
    "ai_assistant_add_messages": LegCommand(conversations.ai_assistant_add_messages, NEEDS_ANSWERED),
    "gather_using_ai": LegCommand(gathering.gather_using_ai, NEEDS_ANSWERED),
    "fork_start": LegCommand(activities.start("fork"), NEEDS_ANSWERED),
    "fork_stop": LegCommand(activities.stop("fork"), NEEDS_ANSWERED),
    "siprec_start": LegCommand(activities.start("siprec"), NEEDS_ANSWERED),
    "siprec_stop": LegCommand(activities.stop("siprec"), NEEDS_ANSWERED),
    "suppression_start": LegCommand(activities.start("suppression"), NEEDS_ANSWERED),
    "suppression_stop": LegCommand(activities.stop("suppression"), NEEDS_ANSWERED),
    "speak": LegCommand(media.speak, NEEDS_ANSWERED),
    "playback_start": LegCommand(media.playback_start, NEEDS_ANSWERED),
    "playback_stop": LegCommand(media.playback_stop, NEEDS_ANSWERED),
    "record_start": LegCommand(recordings.record_start, NEEDS_ANSWERED),
    "record_stop": LegCommand(recordings.record_stop, NEEDS_ANSWERED),
    "record_pause": LegCommand(recordings.record_pause, NEEDS_ANSWERED),
    "record_resume": LegCommand(recordings.record_resume, NEEDS_ANSWERED),
    "transcription_start": LegCommand(transcription.transcription_start, NEEDS_ANSWERED),
    "transcription_stop": LegCommand(transcription.transcription_stop, NEEDS_ANSWERED),
    "send_dtmf": LegCommand(digits.send_dtmf, NEEDS_ANSWERED),
    "gather": LegCommand(digits.gather, NEEDS_ANSWERED),
    "gather_using_speak": LegCommand(digits.gather_using_speak, NEEDS_ANSWERED),
    "gather_using_audio": LegCommand(digits.gather_using_audio, NEEDS_ANSWERED),
    "gather_stop": LegCommand(digits.gather_stop, NEEDS_ANSWERED),
}


def is_command(name: str) -> bool:
    """Is it a command, which the log tells of, and not a question? What is not simulated is taken for a command."""
    return not isinstance(COMMANDS.get(name), Retrieval | Question)


def is_on_leg(name: str) -> bool:
    """Is it about a leg, which has to exist before anything else is looked at?"""
    return isinstance(COMMANDS.get(name), LegCommand | Retrieval)


def status_of(name: str) -> int:
    """The HTTP status of its success."""
    row = COMMANDS.get(name)
    return row.status if isinstance(row, ResourceCommand) else 200


def execute(simulation: Simulation, request: Request) -> Json:
    """Do what is asked and return the response body of its success, which has the status `status_of`.

    Raises `Refusal` with the platform's reasons, having changed nothing but the log, and `Unsupported` for a command
    that has no row. Commands are written to the log either way; questions are not.
    """
    row = COMMANDS.get(request.name)
    if row is None:
        raise Unsupported(request.name)
    if isinstance(row, Question):
        return row.handler(simulation, request.params, request.query)
    if isinstance(row, Retrieval):
        return {"data": row.handler(simulation, find_leg(simulation, request.call_control_id), request.body)}
    try:
        body, repeated = _obey(simulation, row, request)
    except (Refusal, Unsupported) as refusal:
        refused(simulation, request, refusal)
        raise
    data: Json = {"request": request.logged, "status": status_of(request.name), "response": body}
    if repeated:
        data["repeated"] = True
    if request.forgiven:
        data["forgiven"] = list(request.forgiven)
    simulation.log.append(simulation.now, "command", request.name, about(request, body), data)
    return body


def about(request: Request, body: Json) -> str | None:
    """The leg that a command was about, as far as its path, its body or its response tells."""
    answered = body.get("data")
    named = answered.get("call_control_id") if isinstance(answered, dict) else None
    return request.call_control_id or named or request.body.get("call_control_id")


def refused(simulation: Simulation, request: Request, refusal: Refusal | Unsupported) -> None:
    """Write to the log that a command was refused, here or by the contract before it got here."""
    data: Json = {"request": request.logged, "status": refusal.status, **refusal.body()}
    if request.forgiven:
        data["forgiven"] = list(request.forgiven)
    simulation.log.append(simulation.now, "command", request.name, request.call_control_id, data)


def find_leg(simulation: Simulation, call_control_id: str | None) -> Leg:
    """The leg of an id; 90015 where there is none, or none any more."""
    leg = simulation.world.leg(call_control_id, simulation.now)
    if leg is None:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID)
    return leg


def _obey(simulation: Simulation, row: Command, request: Request) -> tuple[Json, bool]:
    """The response body, and whether it is the repetition of an earlier one."""
    injected = _injected(simulation, request.name)
    leg = find_leg(simulation, request.call_control_id) if isinstance(row, LegCommand) else None
    calls.check_client_state(request.body)
    earlier = _answer_to(simulation, request)
    if earlier is not None:
        return earlier, True
    if injected is not None:
        raise Refusal(injected)
    if isinstance(row, AccountCommand):
        body = {"data": row.handler(simulation, request.body)}
    elif isinstance(row, ResourceCommand):
        body = row.handler(simulation, request.params, request.body)
    else:
        assert leg is not None
        problem = row.needs.refusal(leg.state, leg.direction)
        if problem is not None:
            raise Refusal(problem)
        before, given = leg.client_state, request.body.get("client_state")
        leg.client_state = before if given is None else given  # first, since a handler may emit what carries it
        try:
            body = {"data": row.handler(simulation, leg, request.body)}
        except (Refusal, Unsupported):
            leg.client_state = before
            raise
    _remember(simulation, request, body)
    return body, False


def _injected(simulation: Simulation, name: str) -> Problem | None:
    """The refusal that a scenario wants for this very command, counted by its name from 1."""
    world = simulation.world
    if not world.injected:
        return None
    count = world.commands_seen[name] = world.commands_seen.get(name, 0) + 1
    for fault in world.injected:
        if fault.command == name and fault.nth == count:
            return fault.problem
    return None


def _scope(request: Request) -> tuple[str, str] | None:
    """Where a `command_id` counts: on its leg or conference whatever the command, for dial and what else has neither on
    the account. Documented."""
    command_id = request.body.get("command_id")
    return (request.call_control_id or request.params.get("id") or request.name, command_id) if command_id else None


def _answer_to(simulation: Simulation, request: Request) -> Json | None:
    """The response to an earlier command with the same `command_id`; repeating it is a GUESS: not published."""
    scope = _scope(request)
    known = simulation.world.command_ids.get(scope) if scope else None
    if known is None or simulation.now - known[0] > timings.COMMAND_ID_WINDOW * SECOND:
        return None
    body: Json = known[1]
    return body


def _remember(simulation: Simulation, request: Request, body: Json) -> None:
    scope = _scope(request)
    if scope is None:
        return
    seen = simulation.world.command_ids
    seen.pop(scope, None)
    seen[scope] = (simulation.now, body)
    if len(seen) > simulation.world.settings.command_ids:
        seen.popitem(last=False)
