"""THE TABLE OF CONTENTS: which handler does a command, and what the command needs of its leg.

One more command is its operation in `specs/`, a handler, and a row here. Route, validation, 401, 404 and 422, repeats
by `command_id` and the refusals by state come from the specification and the row.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace

from mockserver.sim import (
    acting,
    activities,
    application_commands,
    assistants,
    bridges,
    call_events,
    calls,
    conference_commands,
    conference_lists,
    conference_recordings,
    conference_sound,
    conferences,
    conversation_resources,
    conversations,
    deliveries,
    dialogues,
    digits,
    errors,
    faults,
    gathering,
    listings,
    media,
    queue_commands,
    races,
    recording_resources,
    recordings,
    relays,
    streams,
    supervision,
    timings,
    transcription,
    transfers,
)
from mockserver.sim.clock import SECOND
from mockserver.sim.errors import Refusal, Unsupported
from mockserver.sim.event_types import EMITTED
from mockserver.sim.events import Json
from mockserver.sim.faults import Fault
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import ALIVE, ANSWERED_OR_INCOMING, INCOMING, INCOMING_UNANSWERED, NEEDS_ANSWERED, Condition
from mockserver.sim.world import Leg

LOGGED_BYTES = 16_384


@dataclass(frozen=True, slots=True)
class Request:
    """What an application asks for, already valid by the specification.

    `name` is the command's short name (`answer`), `call_control_id` that of the path if the path has one, `params` the
    other path parameters and `query` the query's. `forgiven` is what the contract let pass, `size` the body's bytes.
    `fault` is what it suffers, `faults.NONE` if that is nothing; without one the rules of the world are asked.
    """

    name: str
    body: Json = field(default_factory=dict)
    call_control_id: str | None = None
    params: Mapping[str, str] = field(default_factory=dict)
    query: Json = field(default_factory=dict)
    forgiven: tuple[str, ...] = ()
    size: int = 0
    fault: Fault | None = None

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

    It returns the whole response body, which goes out with `status`; an empty one is none at all. `scope` says where a
    `command_id` counts.
    """

    handler: OnResource
    status: int = 200
    scope: Callable[[Simulation, Mapping[str, str]], str] | None = None


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
    "switch_supervisor_role": LegCommand(supervision.switch_supervisor_role, ALIVE),
    "refer": LegCommand(transfers.refer, ALIVE),
    "send_sip_info": LegCommand(transfers.send_sip_info, ALIVE),
    "ai_assistant_start": LegCommand(dialogues.ai_assistant_start, NEEDS_ANSWERED),
    "ai_assistant_stop": LegCommand(conversations.ai_assistant_stop, NEEDS_ANSWERED),
    "ai_assistant_join": LegCommand(conversations.ai_assistant_join, NEEDS_ANSWERED),
    "ai_assistant_add_messages": LegCommand(conversations.ai_assistant_add_messages, NEEDS_ANSWERED),
    "gather_using_ai": LegCommand(gathering.gather_using_ai, NEEDS_ANSWERED),
    "conversation_relay_start": LegCommand(relays.conversation_relay_start, NEEDS_ANSWERED),
    "conversation_relay_stop": LegCommand(relays.conversation_relay_stop, NEEDS_ANSWERED),
    "fork_start": LegCommand(activities.start("fork"), NEEDS_ANSWERED),
    "fork_stop": LegCommand(activities.stop("fork"), NEEDS_ANSWERED),
    "streaming_start": LegCommand(streams.streaming_start, NEEDS_ANSWERED),
    "streaming_stop": LegCommand(streams.streaming_stop, NEEDS_ANSWERED),
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
    "create_conference": ResourceCommand(conference_commands.create),
    "list_conferences": Question(conference_lists.list_conferences),
    "retrieve_conference": Question(conference_lists.retrieve_conference),
    "list_conference_participants": Question(conference_lists.list_participants),
    "retrieve_conference_participant": Question(conference_lists.retrieve_participant),
    "update_conference_participant": ResourceCommand(conference_commands.update_participant),
    "conference_join": ResourceCommand(conference_commands.join, scope=conferences.scope),
    "conference_leave": ResourceCommand(conference_commands.leave, scope=conferences.scope),
    "conference_end": ResourceCommand(conference_commands.end, scope=conferences.scope),
    "conference_mute": ResourceCommand(conference_commands.mute, scope=conferences.scope),
    "conference_unmute": ResourceCommand(conference_commands.unmute, scope=conferences.scope),
    "conference_hold": ResourceCommand(conference_commands.hold, scope=conferences.scope),
    "conference_unhold": ResourceCommand(conference_commands.unhold, scope=conferences.scope),
    "conference_update": ResourceCommand(conference_commands.update, scope=conferences.scope),
    "conference_play": ResourceCommand(conference_sound.play, scope=conferences.scope),
    "conference_speak": ResourceCommand(conference_sound.speak, scope=conferences.scope),
    "conference_stop": ResourceCommand(conference_sound.stop, scope=conferences.scope),
    "conference_send_dtmf": ResourceCommand(conference_sound.send_dtmf, scope=conferences.scope),
    "conference_gather_using_audio": ResourceCommand(conference_sound.gather_using_audio, scope=conferences.scope),
    "conference_record_start": ResourceCommand(conference_recordings.record_start, scope=conferences.scope),
    "conference_record_stop": ResourceCommand(conference_recordings.record_stop, scope=conferences.scope),
    "conference_record_pause": ResourceCommand(conference_recordings.record_pause, scope=conferences.scope),
    "conference_record_resume": ResourceCommand(conference_recordings.record_resume, scope=conferences.scope),
    "list_assistants": Question(assistants.list_assistants),
    "create_assistant": ResourceCommand(assistants.create_assistant),
    "retrieve_assistant": Question(assistants.retrieve_assistant),
    "update_assistant": ResourceCommand(assistants.update_assistant),
    "delete_assistant": ResourceCommand(assistants.delete_assistant),
    "list_conversations": Question(conversation_resources.list_conversations),
    "create_conversation": ResourceCommand(conversation_resources.create_conversation),
    "retrieve_conversation": Question(conversation_resources.retrieve_conversation),
    "update_conversation": ResourceCommand(conversation_resources.update_conversation),
    "delete_conversation": ResourceCommand(conversation_resources.delete_conversation),
    "list_conversation_messages": Question(conversation_resources.list_messages),
    "add_conversation_message": ResourceCommand(conversation_resources.add_message),
    "list_conversation_insights": Question(conversation_resources.list_insights),
    "enqueue": LegCommand(queue_commands.enqueue, NEEDS_ANSWERED),
    "leave_queue": LegCommand(queue_commands.leave_queue, ALIVE),
    "list_queues": Question(queue_commands.list_queues),
    "create_queue": ResourceCommand(queue_commands.create_queue),
    "retrieve_queue": Question(queue_commands.retrieve_queue),
    "update_queue": ResourceCommand(queue_commands.update_queue),
    "delete_queue": ResourceCommand(queue_commands.delete_queue, status=204),
    "list_queue_calls": Question(queue_commands.list_queue_calls),
    "retrieve_queue_call": Question(queue_commands.retrieve_queue_call),
    "update_queue_call": ResourceCommand(queue_commands.update_queue_call, status=204),
    "remove_queue_call": ResourceCommand(queue_commands.remove_queue_call, status=204),
    "list_recordings": Question(recording_resources.list_recordings),
    "retrieve_recording": Question(recording_resources.retrieve_recording),
    "delete_recording": ResourceCommand(recording_resources.delete_recording),
    "delete_recordings": ResourceCommand(recording_resources.delete_recordings),
    "list_recording_transcriptions": Question(recording_resources.list_recording_transcriptions),
    "retrieve_recording_transcription": Question(recording_resources.retrieve_recording_transcription),
    "delete_recording_transcription": ResourceCommand(recording_resources.delete_recording_transcription),
    "list_call_events": Question(call_events.list_call_events),
    "list_webhook_deliveries": Question(deliveries.list_webhook_deliveries),
    "retrieve_webhook_delivery": Question(deliveries.retrieve_webhook_delivery),
    "retrieve_public_key": Question(deliveries.retrieve_public_key),
    "list_applications": Question(application_commands.list_applications),
    "create_application": ResourceCommand(application_commands.create_application, status=201),
    "retrieve_application": Question(application_commands.retrieve_application),
    "update_application": ResourceCommand(application_commands.update_application),
    "delete_application": ResourceCommand(application_commands.delete_application),
    "list_connections": Question(application_commands.list_connections),
    "retrieve_connection": Question(application_commands.retrieve_connection),
    "retrieve_connection_count": Question(application_commands.retrieve_connection_count),
}


def is_command(name: str) -> bool:
    """Is it a command, which the log tells of, and not a question? What is not simulated is taken for a command."""
    return not isinstance(COMMANDS.get(name), Retrieval | Question)


def can_be_waited_for(name: str) -> bool:
    """Can a person wait for it: is it a webhook, a command, or something else that `acting` sees?"""
    return name in EMITTED or name in acting.SEEN or (name in COMMANDS and is_command(name))


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
    fault = request.fault or fault_of(simulation, request)
    if isinstance(row, Question):
        _refuse(fault)
        return row.handler(simulation, request.params, request.query)
    if isinstance(row, Retrieval):
        leg = find_leg(simulation, request.call_control_id)
        _refuse(fault)
        return {"data": row.handler(simulation, leg, request.body)}
    if fault is not request.fault and fault is not faults.NONE:
        request = replace(request, fault=fault)
    try:
        body, repeated = _obey(simulation, row, request, fault)
    except (Refusal, Unsupported) as refusal:
        refused(simulation, request, refusal)
        raise
    data: Json = {"request": request.logged, "status": status_of(request.name), "response": body, **_besides(request)}
    if repeated:
        data["repeated"] = True
    simulation.log.append(simulation.now, "command", request.name, about(request, body), data)
    return body


def about(request: Request, body: Json) -> str | None:
    """The leg that a command was about, as far as its path, its body or its response tells."""
    answered = body.get("data")
    named = answered.get("call_control_id") if isinstance(answered, dict) else None
    return request.call_control_id or named or request.body.get("call_control_id")


def refused(simulation: Simulation, request: Request, refusal: Refusal | Unsupported) -> None:
    """Write to the log that a command was refused, here or by the contract before it got here."""
    data: Json = {"request": request.logged, "status": refusal.status, **refusal.body(), **_besides(request)}
    simulation.log.append(simulation.now, "command", request.name, request.call_control_id, data)


def lost(simulation: Simulation, request: Request, status: int | None, problems: list[Json]) -> None:
    """Write to the log that a command suffered a fault before it was done, and was not done; None is no answer."""
    data: Json = {"request": request.logged, "status": status, "errors": problems, **_besides(request)}
    simulation.log.append(simulation.now, "command", request.name, request.call_control_id, data)


def fault_of(simulation: Simulation, request: Request) -> Fault:
    """The fault that the rules of the world have for a request, or `faults.NONE`; asking counts."""
    return faults.of_request(simulation, request.name, request.call_control_id, request.body) or faults.NONE


def made_up(simulation: Simulation, request: Request, status: int, body: Json | None) -> None:
    """Write to the log that a command on what is not there was answered as if it were, which changes nothing."""
    data: Json = {"request": request.logged, "status": status, "response": body, "made_up": True}
    simulation.log.append(simulation.now, "command", request.name, request.call_control_id, data)


def find_leg(simulation: Simulation, call_control_id: str | None) -> Leg:
    """The leg of an id; 90015 where there is none, or none any more."""
    leg = simulation.world.leg(call_control_id, simulation.now)
    if leg is None:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID)
    return leg


def _obey(simulation: Simulation, row: Command, request: Request, fault: Fault) -> tuple[Json, bool]:
    """The response body, and whether it is the repetition of an earlier one."""
    leg = find_leg(simulation, request.call_control_id) if isinstance(row, LegCommand) else None
    if fault.race and leg is not None:
        races.lose(simulation, fault.race, leg, fault.ms)
    calls.check_client_state(request.body)
    scope = _scope(simulation, row, request)
    earlier = _answer_to(simulation, scope)
    if earlier is not None:
        return earlier, True
    _refuse(fault)
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
        simulation.timeline.cancel(leg.plans.pop("first_command", None))
    _remember(simulation, scope, body)
    return body, False


def _refuse(fault: Fault) -> None:
    """Refuse what a fault refuses."""
    if fault.refusal is not None:
        raise Refusal(fault.refusal)


def _besides(request: Request) -> Json:
    """What else the log says of a request: what was forgiven in it, and the fault that it suffered."""
    besides: Json = {"forgiven": list(request.forgiven)} if request.forgiven else {}
    if request.fault is not None and request.fault is not faults.NONE:
        besides["fault"] = request.fault.told()
    return besides


def _scope(simulation: Simulation, row: Command, request: Request) -> tuple[str, str] | None:
    """Where a `command_id` counts: on its leg or conference whatever the command, for dial and what else has neither on
    the account. Documented."""
    command_id = request.body.get("command_id")
    if not command_id:
        return None
    if isinstance(row, ResourceCommand) and row.scope is not None:
        return row.scope(simulation, request.params), command_id
    return request.call_control_id or request.params.get("id") or request.name, command_id


def _answer_to(simulation: Simulation, scope: tuple[str, str] | None) -> Json | None:
    """The response to an earlier command with the same `command_id`; repeating it is a GUESS: not published."""
    known = simulation.world.command_ids.get(scope) if scope else None
    if known is None or simulation.now - known[0] > timings.COMMAND_ID_WINDOW * SECOND:
        return None
    body: Json = known[1]
    return body


def _remember(simulation: Simulation, scope: tuple[str, str] | None, body: Json) -> None:
    if scope is None:
        return
    seen = simulation.world.command_ids
    seen.pop(scope, None)
    seen[scope] = (simulation.now, body)
    if len(seen) > simulation.world.settings.command_ids:
        seen.popitem(last=False)
