"""Conversations with an AI assistant: start, stop, join, add messages; and who says what when.

No language model anywhere. A conversation follows a script: `Dialogue` here, in which people say their lines and the
assistant replies with its next fitting turn, or `gathering.Gathering`, in which it asks for one property after the
other. `floor` is the plan of whoever speaks or is about to speak; only one ever does.

Sources: the published interface and the guides for the commands and webhooks; which leg the closing webhooks of a
shared conversation carry is not documented (GUESS: the one on which the assistant was started).
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from mockserver.sim import errors, timings, transcription
from mockserver.sim.clock import SECOND, iso
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import Assistant, Turn
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import CONVERSATION, NEEDS_ANSWERED, step
from mockserver.sim.world import Conversation, Leg, Member, Script

MOST_MESSAGES = 10_000
"""How much of a conversation is kept."""

# Commands of the application -----------------------------------------------------------------------------------------


def ai_assistant_start(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`ai_assistant_start`: an assistant takes over the conversation on an answered leg.

    Refusals: 90061 where the leg is in a conversation; 90015, 90018, 90034 or 90061 for a leg of `participants`.
    """
    check_free(leg)
    members = [_participant(simulation, item, index) for index, item in enumerate(body.get("participants") or ())]
    conversation = start_dialogue(simulation, leg, body)
    for member in members:
        _add(conversation, member)
    return {"result": "ok", "conversation_id": conversation.id}


def ai_assistant_stop(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`ai_assistant_stop`: end the conversation; the call stays up.

    GUESS: with none running it is accepted and does nothing.
    """
    if leg.conversation is not None:
        _end(simulation, leg.conversation)
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
    member = _member(leg, participant)
    _add(conversation, member)
    simulation.after(0, _joined, simulation, conversation, member)
    return {"result": "ok", "conversation_id": conversation.id}


def ai_assistant_add_messages(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`ai_assistant_add_messages`: put messages into the history. GUESS: 422, 10027, where no assistant runs."""
    conversation = leg.conversation
    if conversation is None:
        raise Refusal(errors.UNPROCESSABLE, reason="No AI assistant is running on this call.")
    messages = body.get("messages") or []
    _remember(conversation, messages)
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
    """Is an answer under way that starts an assistant?"""
    return leg.state == "answering" and bool((leg.options or {}).get("assistant"))


# The life of a conversation ------------------------------------------------------------------------------------------


def start_dialogue(simulation: Simulation, leg: Leg, body: Json) -> Conversation:
    """Start an open conversation with the assistant that `body` describes."""
    assistant = configured(simulation, body)
    return begin(simulation, leg, body, assistant, Dialogue(list(assistant.turns)))


def begin(simulation: Simulation, leg: Leg, body: Json, assistant: Assistant, script: Script) -> Conversation:
    """Start a conversation on a leg; `call.conversation.created` follows, never before the leg's `call.answered`.

    GUESS: the created event comes for every kind of conversation; it is documented for assistants alone.
    """
    conversation = Conversation(
        id=simulation.ids.uuid(),
        owner=leg,
        assistant=assistant,
        script=script,
        created_at=simulation.now,
    )
    _remember(conversation, body.get("message_history") or [])
    simulation.world.conversations[conversation.id] = conversation
    _add(conversation, Member(leg))
    moment = max(simulation.now, leg.due_at) + round(timings.CONVERSATION_AFTER_START * SECOND)
    conversation.floor = simulation.at(moment, _created, simulation, conversation)
    conversation.limit = simulation.after(
        # GUESS: the reason; the limit is documented, what is said at its end is not
        assistant.time_limit_secs,
        _end,
        simulation,
        conversation,
        "time_limit",
        backstop=True,
    )
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
        _end(simulation, conversation)


def said(simulation: Simulation, leg: Leg, text: str) -> None:
    """A person has said something; an assistant that listens on the leg takes it in and goes on."""
    simulation.note("person", "says", leg, text=text)
    transcription.heard_words(simulation, leg, "inbound", text)
    conversation = leg.conversation
    if conversation is None or conversation.state != "live":
        return
    take_floor(simulation, conversation)
    _remember(conversation, [{"role": "user", "content": text}])
    conversation.script.history_grew(simulation, conversation)
    conversation.script.heard(simulation, conversation, text)


def assistant_says(simulation: Simulation, conversation: Conversation, text: str) -> None:
    """The assistant speaks; when it has finished, its script goes on."""
    take_floor(simulation, conversation)
    _remember(conversation, [{"role": "assistant", "content": text}])
    simulation.note("person", "assistant_says", conversation.owner, text=text, conversation_id=conversation.id)
    conversation.floor = simulation.after(timings.speech(text), _fell_silent, simulation, conversation)
    conversation.speaking = (text, simulation.now)
    conversation.script.history_grew(simulation, conversation)


def assistant_replies(simulation: Simulation, conversation: Conversation, text: str) -> None:
    """The assistant speaks after the moment it takes to react."""
    take_floor(simulation, conversation)
    conversation.floor = simulation.after(timings.REPLY, assistant_says, simulation, conversation, text)


def take_floor(simulation: Simulation, conversation: Conversation) -> None:
    """Whoever speaks or is about to speak falls silent."""
    simulation.timeline.cancel(conversation.floor)
    conversation.floor = None
    _heard_so_far(simulation, conversation, conversation.members)
    conversation.speaking = None


def finish(simulation: Simulation, conversation: Conversation, reason: str | None) -> None:
    """End a conversation now; the legs that take part in it stay up."""
    take_floor(simulation, conversation)
    simulation.timeline.cancel(conversation.limit)
    conversation.state = step(CONVERSATION, conversation.state, "finish")
    conversation.ended_at = simulation.now
    for member in conversation.members:
        member.leg.conversation = None
    conversation.members = []
    simulation.after(timings.CONVERSATION_ENDED_AFTER, _report_end, simulation, conversation, reason)


def configured(simulation: Simulation, body: Json) -> Assistant:
    """The assistant of the world, with what a command says of it on top."""
    given: Json = body.get("assistant") or {}
    stored = simulation.world.assistants.get(given.get("id", ""), Assistant())
    return replace(
        stored,
        id=given.get("id") or stored.id,
        name=given.get("name") or stored.name,
        greeting=body.get("greeting") or given.get("greeting") or stored.greeting,
        model=given.get("model") or stored.model,
        voice=body.get("voice") or stored.voice,
        transcription_model=(body.get("transcription") or {}).get("model") or stored.transcription_model,
    )


# The script of an open conversation ----------------------------------------------------------------------------------


@dataclass(slots=True, eq=False)
class Dialogue:
    """People say their lines, taking turns; the assistant replies to each with its next fitting turn.

    Of those who have something left to say, whoever has been silent longest speaks; at first, whoever joined first.
    """

    turns: list[Turn]
    spoke: int = 0
    has_insights: bool = True
    open_to_others: bool = True

    def fell_silent(self, simulation: Simulation, conversation: Conversation) -> None:
        eager = [member for member in conversation.members if member.leg.said < len(member.leg.person.says)]
        if eager:
            speaker = min(eager, key=lambda member: member.spoke)
            self.spoke += 1
            speaker.spoke = self.spoke
            line = speaker.leg.person.says[speaker.leg.said]
            seconds = timings.THINK + timings.speech(line)
            conversation.floor = simulation.after(seconds, _says_line, simulation, conversation, speaker.leg, line)
            return
        for member in conversation.members:
            leg = member.leg
            if leg.person.hangs_up_when_done and leg.goes and "hangs_up" not in leg.plans:
                leg.plans["hangs_up"] = simulation.after(timings.THINK, leg.goes, simulation, leg)

    def heard(self, simulation: Simulation, conversation: Conversation, text: str) -> None:
        turn = next((turn for turn in self.turns if turn.fits(text)), None)
        if turn is None:
            self.fell_silent(simulation, conversation)
        else:
            self.turns.remove(turn)
            assistant_replies(simulation, conversation, turn.says)

    def history_grew(self, simulation: Simulation, conversation: Conversation) -> None:
        """GUESS: no webhook, since the name of the event behind `send_message_history_updates` is not published."""

    def cut(self, simulation: Simulation, conversation: Conversation) -> None:
        """Nothing is owed."""


# Steps of a conversation ---------------------------------------------------------------------------------------------


def _created(simulation: Simulation, conversation: Conversation) -> None:
    owner = conversation.owner
    conversation.state = step(CONVERSATION, conversation.state, "begin")
    conversation.floor = None
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


def _fell_silent(simulation: Simulation, conversation: Conversation) -> None:
    take_floor(simulation, conversation)
    conversation.script.fell_silent(simulation, conversation)


def _says_line(simulation: Simulation, conversation: Conversation, leg: Leg, line: str) -> None:
    conversation.floor = None
    if leg.conversation is conversation:
        leg.said += 1
        said(simulation, leg, line)
    else:  # gone while thinking: somebody else goes on
        conversation.script.fell_silent(simulation, conversation)


def _end(simulation: Simulation, conversation: Conversation, reason: str | None = None) -> None:
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
        simulation.after(timings.INSIGHTS_AFTER, _report_insights, simulation, conversation)
    _forget_the_oldest(simulation, conversation)


def _report_insights(simulation: Simulation, conversation: Conversation) -> None:
    assistant, ids = conversation.assistant, simulation.ids
    results = assistant.insights
    if results is None:
        summary = f"A conversation of {len(conversation.messages)} messages with {assistant.name}."
        results = ({"insight_id": ids.uuid(), "result": summary},)
    simulation.emit(
        "call.conversation_insights.generated",
        conversation.owner,
        insight_group_id=assistant.insight_group_id or ids.uuid(),
        results=[dict(result) for result in results],
    )


# Small parts ---------------------------------------------------------------------------------------------------------


def _participant(simulation: Simulation, item: Json, index: int) -> Member:
    """One entry of `participants` of a start command: an answered leg that is free, or the started leg itself."""
    leg = simulation.world.leg(item["id"], simulation.now)
    if leg is None:
        raise Refusal(errors.INVALID_CALL_CONTROL_ID, at=f"/participants/{index}/id")
    refused = NEEDS_ANSWERED.refusal(leg.state, leg.direction)
    if refused:
        raise Refusal(refused)
    check_free(leg)
    return _member(leg, item)


def _member(leg: Leg, item: Json) -> Member:
    return Member(leg, item.get("name"), item.get("on_hangup") == "end_conversation")


def _add(conversation: Conversation, member: Member) -> None:
    """Add a leg; one that is in already is told apart anew."""
    conversation.members = [other for other in conversation.members if other.leg is not member.leg]
    conversation.members.append(member)
    member.leg.conversation = conversation


def _remember(conversation: Conversation, messages: list[Json]) -> None:
    """Add to what was said; of a conversation that will not end, the latest is kept."""
    conversation.messages += [dict(message) for message in messages]
    del conversation.messages[:-MOST_MESSAGES]


def _heard_so_far(simulation: Simulation, conversation: Conversation, listeners: list[Member]) -> None:
    """Those who listen have heard what the assistant has said of what it is saying."""
    if conversation.speaking is not None:
        text, since = conversation.speaking
        said = transcription.so_far(text, (simulation.now - since) / SECOND)
        for listener in listeners:
            transcription.heard_words(simulation, listener.leg, "outbound", said)


def _forget_the_oldest(simulation: Simulation, ended: Conversation) -> None:
    """Keep no more ended conversations than ended legs."""
    world = simulation.world
    world.ended_conversations.append(ended.id)
    while len(world.ended_conversations) > world.settings.ended_legs:
        del world.conversations[world.ended_conversations.popleft()]
