"""Open conversations with an assistant: how one starts, and its script, in which people and the assistant take turns.

No language model anywhere: people say their lines, the assistant replies with its next fitting turn, and uses the tool
that the turn names. `tools` does what a tool does.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import partial

from mockserver.sim import assistants, conversations, initialization, recordings, timings, tools, variables, voices
from mockserver.sim.events import Json
from mockserver.sim.people import Turn
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Conversation, Leg


def ai_assistant_start(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`ai_assistant_start`: an assistant takes over the conversation on an answered leg.

    Refusals: 90061 where the leg is in a conversation; 90015, 90018, 90034 or 90061 for a leg of `participants`.
    """
    conversations.check_free(leg)
    given = body.get("participants") or ()
    members = [conversations.participant(simulation, item, index) for index, item in enumerate(given)]
    conversation = start(simulation, leg, body)
    for member in members:
        conversations.add(conversation, member)
    return {"result": "ok", "conversation_id": conversation.id}


def start(simulation: Simulation, leg: Leg, body: Json) -> Conversation:
    """Start an open conversation with the assistant that `body` describes."""
    assistant = assistants.configured(simulation, body)
    given: Json = (body.get("assistant") or {}).get("dynamic_variables") or {}
    script = Dialogue(list(assistant.turns), given)
    return conversations.begin(simulation, leg, body, assistant, script, script.begin)


@dataclass(slots=True, eq=False)
class Dialogue:
    """People say their lines, taking turns; the assistant replies to each with its next fitting turn.

    Of those who have something left to say, whoever has been silent longest speaks; at first, whoever joined first.
    `due` is the turn whose tool is used as soon as nobody speaks, `using` is whether one is at work: then the assistant
    listens, and nobody else goes on. `late` are the turns that reply to answers which the application has brought.
    `given` are the variables of the command; `recording_id` is the recording that ends with the conversation.
    """

    turns: list[Turn]
    given: Json = field(default_factory=dict)
    spoke: int = 0
    due: Turn | None = None
    using: bool = False
    late: list[Turn] = field(default_factory=list)
    recording_id: str | None = None
    has_insights: bool = True
    open_to_others: bool = True

    def begin(self, simulation: Simulation, conversation: Conversation) -> None:
        """The first step, after the answer of the call."""
        self.recording_id = _record(simulation, conversation)
        initialization.initialize(self.given, simulation, conversation)

    def fell_silent(self, simulation: Simulation, conversation: Conversation) -> None:
        if self.using:
            return
        if self.due is not None:
            turn, self.due = self.due, None
            self._use(simulation, conversation, turn)
        elif self.late:
            self._take(simulation, conversation, self.late.pop(0))
        else:
            self._somebody_speaks(simulation, conversation)

    def heard(self, simulation: Simulation, conversation: Conversation, text: str) -> None:
        turn = None if self.using or self.due else next((turn for turn in self.turns if turn.fits(text)), None)
        if turn is None:
            self.fell_silent(simulation, conversation)
        else:
            self.turns.remove(turn)
            self._take(simulation, conversation, turn)

    def history_grew(self, simulation: Simulation, conversation: Conversation) -> None:
        """An answer of a tool that the application brings is replied to like one that came at once.

        GUESS: no webhook, since the name of the event behind `send_message_history_updates` is not published.
        """
        latest = conversation.messages[-1]
        turn = self._to_result(str(latest.get("content") or "")) if latest.get("role") == "tool" else None
        if turn is None:
            return
        self.turns.remove(turn)
        self.late.append(turn)
        if conversation.state == "live" and conversation.floor is None:
            self.fell_silent(simulation, conversation)

    def pressed(self, simulation: Simulation, conversation: Conversation, key: str) -> None:
        """An assistant hears words alone."""

    def cut(self, simulation: Simulation, conversation: Conversation) -> None:
        """Nothing is owed, but a recording may end here."""
        leg = conversation.owner
        if any(recording.id == self.recording_id for recording in leg.recordings):
            recordings.record_stop(simulation, leg, {"recording_id": self.recording_id})

    def _take(self, simulation: Simulation, conversation: Conversation, turn: Turn) -> None:
        """The assistant's turn: it speaks, or uses a tool, which with some comes after the words."""
        words = variables.fill(turn.says, conversation.variables)
        if turn.uses is not None:
            self.due = turn
        if words and (turn.uses is None or tools.is_farewell(conversation, turn.uses)):
            conversations.assistant_replies(simulation, conversation, words)
        else:
            conversations.take_floor(simulation, conversation)
            conversation.floor = simulation.after(timings.REPLY, conversations.fell_silent, simulation, conversation)

    def _use(self, simulation: Simulation, conversation: Conversation, turn: Turn) -> None:
        assert turn.uses is not None
        self.using = True
        words = "" if tools.is_farewell(conversation, turn.uses) else turn.says
        tools.use(simulation, conversation, turn.uses, partial(self._answered, simulation, conversation, words))

    def _answered(self, simulation: Simulation, conversation: Conversation, words: str, answer: str) -> None:
        """A tool has answered: the turn for such an answer comes, else the words of the turn that used it."""
        self.using = False
        turn = self._to_result(answer)
        if turn is not None:
            self.turns.remove(turn)
            self._take(simulation, conversation, turn)
        elif words:
            words = variables.fill(words, conversation.variables)
            conversations.assistant_says(simulation, conversation, words)
        else:
            self.fell_silent(simulation, conversation)

    def _to_result(self, answer: str) -> Turn | None:
        return next((turn for turn in self.turns if turn.fits_result(answer)), None)

    def _somebody_speaks(self, simulation: Simulation, conversation: Conversation) -> None:
        eager = [member for member in conversation.members if member.leg.said < len(member.leg.person.says)]
        present = [member for member in eager if not member.leg.on_hold]
        if present:
            speaker = min(present, key=lambda member: member.spoke)
            self.spoke += 1
            speaker.spoke = self.spoke
            leg, line = speaker.leg, speaker.leg.person.says[speaker.leg.said]
            seconds = timings.THINK + timings.speech(line)
            voices.will_speak(simulation, leg, line, timings.THINK)
            conversation.floor = simulation.after(seconds, conversations.says_line, simulation, conversation, leg, line)
        else:
            _nobody_speaks(simulation, conversation)
        if eager:
            return
        for member in conversation.members:
            leg = member.leg
            if leg.person.hangs_up_when_done and leg.goes and "hangs_up" not in leg.plans:
                leg.plans["hangs_up"] = simulation.after(timings.THINK, leg.goes, simulation, leg)


def _nobody_speaks(simulation: Simulation, conversation: Conversation) -> None:
    """The assistant stops after `user_idle_timeout_secs` of silence. GUESS: the reason."""
    simulation.timeline.cancel(conversation.idle)
    seconds = conversation.assistant.idle_timeout_secs
    if seconds is not None:
        conversation.idle = simulation.after(
            seconds, conversations.end, simulation, conversation, "user_idle_timeout", backstop=True
        )


def _record(simulation: Simulation, conversation: Conversation) -> str | None:
    """Record the call if its assistant is stored with recording settings; the id if that ends with the conversation.

    GUESS: without any such settings nothing is recorded; the published default of `enabled` is of the settings.
    """
    settings, leg = conversation.assistant.recording, conversation.owner
    if settings is None or settings.get("enabled") is False:
        return None
    before = leg.recordings
    wanted = {"record": "record-from-answer", "record_channels": settings.get("channels", "dual")}
    recordings.from_now(simulation, leg, {**wanted, "record_format": settings.get("format", "mp3")})
    begun = [recording.id for recording in leg.recordings if recording not in before]
    return begun[0] if begun and settings.get("stop_on_conversation_end") else None
