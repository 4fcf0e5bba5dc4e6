"""Conversations with an AI assistant: stop, join, add messages; how one begins and ends, and who speaks when.

No language model anywhere. A conversation follows a script: `dialogues.Dialogue`, in which people say their lines and
the assistant replies with its next fitting turn, or `gathering.Gathering`, in which it asks for one property after the
other. `floor` is the plan of whoever speaks or is about to speak; only one ever does.

Sources: the published interface and the guides for the commands and webhooks; which leg the closing webhooks of a
shared conversation carry is not documented (GUESS: the one on which the assistant was started).
"""

from __future__ import annotations

from collections.abc import Callable

from mockserver.sim import costs, errors, timings, transcription, variables, voices
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import Assistant
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import CONVERSATION, NEEDS_ANSWERED, step
from mockserver.sim.transcripts import Insights, Transcript, forget_the_oldest
from mockserver.sim.world import Conversation, Leg, Member, Script

First = Callable[[Simulation, Conversation], None]

# Commands of the application -----------------------------------------------------------------------------------------


def ai_assistant_stop(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`ai_assistant_stop`: end the conversation; the call stays up.

    GUESS: with none running it is accepted and does nothing.
    """
    if leg.conversation is not None:
        end(simulation, leg.conversation)
    elif comes_with_answer(leg):
        leg.options = {name: value for name, value in (leg.options or {}).items() if name != "assistant"}
    return {"result": "ok"}


def ai_assistant_join(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`ai_assistant_join`: bring one more answered leg into a running conversation.

    Refusals: 90061 where the leg is in a conversation. GUESS: 90015 where `participant.id` is not the leg of the path.
    GUESS: 404 where there is no such conversation, or none any more, or one that gathers.
    """
    participant = body["participant"]
    if participant["id"] != leg.call_control_id:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID, at="/participant/id")
    check_free(leg)
    conversation = simulation.world.conversations.get(body["conversation_id"])
    if conversation is None or conversation.state == "ended" or not conversation.script.open_to_others:
        raise Refusal(errors.URL_NOT_FOUND, at="/conversation_id")
    member = member_of(leg, participant)
    add(conversation, member)
    simulation.after(0, _joined, simulation, conversation, member)
    return {"result": "ok", "conversation_id": conversation.id}


def ai_assistant_add_messages(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`ai_assistant_add_messages`: put messages into the history. GUESS: 422, 10027, where no assistant runs."""
    conversation = leg.conversation
    if conversation is None:
        raise Refusal(errors.UNPROCESSABLE, reason="No AI assistant is running on this call.")
    messages = body.get("messages") or []
    remember(simulation, conversation, messages)
    if messages:
        conversation.script.history_grew(simulation, conversation)
    return {"result": "ok"}


def check_free(leg: Leg) -> None:
    """Refuse a leg that is in a conversation of any kind: only one at a time, documented (90061).

    One that comes with the answer counts as soon as the answer is under way.
    """
    if leg.conversation is not None or comes_with_answer(leg):
        raise Refusal(errors.ASSISTANT_IN_PROGRESS)


def comes_with_answer(leg: Leg) -> bool:
    """Is an answer under way that starts an assistant or a relay?"""
    options = leg.options or {}
    return leg.state == "answering" and bool(options.get("assistant") or options.get("conversation_relay_config"))


# The life of a conversation ------------------------------------------------------------------------------------------


def begin(
    simulation: Simulation, leg: Leg, body: Json, assistant: Assistant, script: Script, first: First | None = None
) -> Conversation:
    """Start a conversation on a leg; `call.conversation.created` follows, never before the leg's `call.answered`.

    GUESS: the created event comes for a gathering too; it is documented for assistants alone.
    GUESS: a gathering is one of the conversations of `/ai/conversations`, a relay is none.
    """
    conversation = enter(simulation, leg, assistant, script, first or created)
    conversation.transcript.metadata = _metadata(leg, assistant)
    simulation.world.transcripts[conversation.id] = conversation.transcript
    remember(simulation, conversation, body.get("message_history") or [])
    conversation.limit = simulation.after(
        # GUESS: the reason; the limit is documented, what is said at its end is not
        assistant.time_limit_secs,
        end,
        simulation,
        conversation,
        "time_limit",
        backstop=True,
    )
    return conversation


def enter(simulation: Simulation, leg: Leg, assistant: Assistant, script: Script, first: First) -> Conversation:
    """Put a leg into a new conversation, whose `first` step comes a moment later, never before `call.answered`."""
    transcript = Transcript(simulation.ids.uuid(), simulation.now)
    conversation = Conversation(
        id=transcript.id,
        owner=leg,
        assistant=assistant,
        script=script,
        created_at=simulation.now,
        transcript=transcript,
    )
    simulation.world.conversations[conversation.id] = conversation
    add(conversation, Member(leg))
    moment = max(simulation.now, leg.due_at) + round(timings.CONVERSATION_AFTER_START * SECOND)
    conversation.floor = simulation.at(moment, first, simulation, conversation)
    return conversation


def before_hangup(simulation: Simulation, leg: Leg) -> None:
    """What is said before the `call.hangup` of a leg: a gathering on it ends without all its values."""
    conversation = leg.conversation
    if conversation is not None and conversation.owner is leg:
        conversation.script.cut(simulation, conversation)


def after_hangup(simulation: Simulation, leg: Leg) -> None:
    """What follows the `call.hangup` of a leg: it leaves its conversation, which may end with it.

    It does when the last one leaves, or whoever was to end it. GUESS: and when its owner leaves before it began, since
    after `call.hangup` nothing more begins on a leg.
    """
    conversation = leg.conversation
    if conversation is None:
        return
    left = next(member for member in conversation.members if member.leg is leg)
    _heard_so_far(simulation, conversation, [left])
    conversation.members.remove(left)
    leg.conversation = None
    unborn = conversation.owner is leg and conversation.state == "starting"
    if left.ends_it or not conversation.members or unborn:
        end(simulation, conversation)


def said(simulation: Simulation, leg: Leg, text: str) -> None:
    """A person has said something; an assistant that listens on the leg takes it in and goes on."""
    simulation.note("person", "says", leg, text=text)
    if leg.on_hold:
        return
    voices.has_said(simulation, leg, text)
    transcription.heard_words(simulation, leg, "inbound", text)
    conversation = leg.conversation
    if conversation is None or conversation.state != "live" or not _lets_speak(conversation):
        return
    take_floor(simulation, conversation)
    remember(simulation, conversation, [{"role": "user", "content": text}])
    conversation.script.history_grew(simulation, conversation)
    conversation.script.heard(simulation, conversation, text)


def returns(simulation: Simulation, leg: Leg) -> None:
    """A person has taken back a call that was on hold: where nobody speaks, somebody goes on."""
    conversation = leg.conversation
    if conversation is not None and conversation.state == "live" and conversation.floor is None:
        conversation.script.fell_silent(simulation, conversation)


def assistant_says(simulation: Simulation, conversation: Conversation, text: str) -> None:
    """The assistant speaks; when it has finished, its script goes on."""
    take_floor(simulation, conversation)
    remember(simulation, conversation, [{"role": "assistant", "content": text}])
    simulation.note("person", "assistant_says", conversation.owner, text=text, conversation_id=conversation.id)
    conversation.floor = simulation.after(timings.speech(text), fell_silent, simulation, conversation)
    conversation.speaking = (text, simulation.now)
    conversation.script.history_grew(simulation, conversation)


def assistant_replies(simulation: Simulation, conversation: Conversation, text: str) -> None:
    """The assistant speaks after the moment it takes to react."""
    take_floor(simulation, conversation)
    conversation.floor = simulation.after(timings.REPLY, assistant_says, simulation, conversation, text)


def take_floor(simulation: Simulation, conversation: Conversation) -> None:
    """Whoever speaks or is about to speak falls silent."""
    for member in conversation.members:
        voices.fall_silent(simulation, member.leg)
    for plan in (conversation.floor, conversation.idle):
        simulation.timeline.cancel(plan)
    conversation.floor = conversation.idle = None
    _heard_so_far(simulation, conversation, conversation.members)
    if conversation.speaking is not None:
        conversation.speaking = None
        voices.sound_ends(simulation, [member.leg for member in conversation.members])


def finish(simulation: Simulation, conversation: Conversation, reason: str | None) -> None:
    """End a conversation now; the legs that take part in it stay up."""
    take_floor(simulation, conversation)
    simulation.timeline.cancel(conversation.limit)
    if conversation.state == "live":
        costs.turn(simulation, conversation.owner, "assistant", -1)
    conversation.state = step(CONVERSATION, conversation.state, "finish")
    conversation.ended_at = simulation.now
    for member in conversation.members:
        member.leg.conversation = None
    conversation.members = []
    simulation.after(timings.CONVERSATION_ENDED_AFTER, _report_end, simulation, conversation, reason)


# Steps of a conversation ---------------------------------------------------------------------------------------------


def created(simulation: Simulation, conversation: Conversation) -> None:
    """The conversation begins, with a greeting if there is one."""
    owner = conversation.owner
    conversation.state = step(CONVERSATION, conversation.state, "begin")
    conversation.floor = None
    costs.turn(simulation, owner, "assistant", 1)
    simulation.emit(
        "call.conversation.created", owner, conversation_id=conversation.id, **{"from": owner.from_}, to=owner.to
    )
    if conversation.assistant.greeting:
        assistant_says(simulation, conversation, conversation.assistant.greeting)
    else:
        conversation.script.fell_silent(simulation, conversation)


def _joined(simulation: Simulation, conversation: Conversation, member: Member) -> None:
    if member.leg.conversation is not conversation:
        return
    simulation.note("person", "joins", member.leg, conversation_id=conversation.id, name=member.name)
    if conversation.state == "live" and conversation.floor is None:
        conversation.script.fell_silent(simulation, conversation)


def fell_silent(simulation: Simulation, conversation: Conversation) -> None:
    """Whoever spoke, or was about to do something, is done: the script goes on."""
    take_floor(simulation, conversation)
    conversation.script.fell_silent(simulation, conversation)


def says_line(simulation: Simulation, conversation: Conversation, leg: Leg, line: str) -> None:
    """A person says the line that they had in mind."""
    conversation.floor = None
    if leg.conversation is conversation and leg.can_be_heard:
        leg.said += 1
        said(simulation, leg, line)
    else:  # gone or silent while thinking: somebody else goes on
        conversation.script.fell_silent(simulation, conversation)


def end(simulation: Simulation, conversation: Conversation, reason: str | None = None) -> None:
    """End a conversation before its script is through."""
    conversation.script.cut(simulation, conversation)
    finish(simulation, conversation, reason)


def _report_end(simulation: Simulation, conversation: Conversation, reason: str | None) -> None:
    owner, assistant = conversation.owner, conversation.assistant
    provider, model, voice = (*assistant.voice.split(".", 2), "", "")[:3]
    simulation.emit(
        "call.conversation.ended",
        owner,
        {"created_at": iso(simulation.now)},
        assistant_id=assistant.id,
        conversation_id=conversation.id,
        duration_sec=((conversation.ended_at or simulation.now) - conversation.created_at) // SECOND,
        **{"from": owner.from_},
        llm_model=assistant.model,
        reason=reason,
        stt_model=assistant.transcription_model,
        to=owner.to,
        tts_model_id=model,
        tts_provider=provider.lower(),
        tts_voice_id=voice,
    )
    if conversation.script.has_insights:  # GUESS: always; at the platform only where an insight group is configured
        insights = conversation.transcript.insights = Insights(simulation.ids.uuid(), simulation.now)
        simulation.after(timings.INSIGHTS_AFTER, _report_insights, simulation, conversation, insights)
    forget_the_oldest(simulation.world, conversation.id)


def _report_insights(simulation: Simulation, conversation: Conversation, insights: Insights) -> None:
    assistant, ids = conversation.assistant, simulation.ids
    results = assistant.insights
    if results is None:
        summary = f"A conversation of {len(conversation.messages)} messages with {assistant.name}."
        results = ({"insight_id": ids.uuid(), "result": summary},)
    insights.results = tuple(dict(result) for result in results)
    simulation.emit(
        "call.conversation_insights.generated",
        conversation.owner,
        insight_group_id=assistant.insight_group_id or ids.uuid(),
        results=[dict(result) for result in insights.results],
    )


# Small parts ---------------------------------------------------------------------------------------------------------


def participant(simulation: Simulation, item: Json, index: int) -> Member:
    """One entry of `participants` of a start command: an answered leg that is free, or the started leg itself."""
    leg = simulation.world.leg(item["id"], simulation.now)
    if leg is None:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID, at=f"/participants/{index}/id")
    refused = NEEDS_ANSWERED.refusal(leg.state, leg.direction)
    if refused:
        raise Refusal(refused)
    check_free(leg)
    return member_of(leg, item)


def member_of(leg: Leg, item: Json) -> Member:
    return Member(leg, item.get("name"), item.get("on_hangup") == "end_conversation")


def add(conversation: Conversation, member: Member) -> None:
    """Add a leg; one that is in already is told apart anew."""
    conversation.members = [other for other in conversation.members if other.leg is not member.leg]
    conversation.members.append(member)
    member.leg.conversation = conversation


def remember(simulation: Simulation, conversation: Conversation, messages: list[Json]) -> None:
    """Add to what was said."""
    conversation.transcript.add(simulation.now, messages)


def _lets_speak(conversation: Conversation) -> bool:
    """Does the assistant listen just now? GUESS: over words that may not be interrupted it takes nothing in."""
    if conversation.speaking is None:
        return True
    assistant = conversation.assistant
    greets = conversation.speaking[0] == assistant.greeting
    return assistant.interruptible and not (greets and assistant.finishes_greeting)


def _metadata(leg: Leg, assistant: Assistant) -> dict[str, str]:
    """The notes that the platform makes about a conversation on a call."""
    told = variables.initial(leg, assistant.id)
    return {name: value for name, value in told.items() if value and isinstance(value, str)}


def _heard_so_far(simulation: Simulation, conversation: Conversation, listeners: list[Member]) -> None:
    """Those who listen have heard what the assistant has said of what it is saying."""
    if conversation.speaking is not None:
        text, since = conversation.speaking
        said = transcription.so_far(text, (simulation.now - since) / SECOND)
        for listener in listeners:
            transcription.heard_words(simulation, listener.leg, "outbound", said)
