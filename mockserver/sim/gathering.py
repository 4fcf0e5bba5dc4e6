"""gather_using_ai: an assistant asks for the properties of a JSON Schema, and the person on the leg answers.

How often an assistant asks again, and in what words, is not documented (GUESS: three times for a value that does not
fit; after a silence it asks once whether somebody is there, then gives up).
"""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from mockserver.sim import assistants, errors, timings, voices
from mockserver.sim.conversations import (
    assistant_replies,
    assistant_says,
    begin,
    check_free,
    finish,
    said,
)
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Conversation, Leg

TRIES = 3
SILENCES = 2
STILL_THERE = "Are you still there?"
CLASSIC_VOICES = ("female", "male")

MADE_UP: dict[str, Any] = {
    "string": "blue",
    "integer": 1,
    "number": 1.5,
    "boolean": True,
    "array": [],
    "object": {},
    "null": None,
}
"""What a person answers whom nobody told what to say: a value of the wanted type."""


class Silence:
    """The answer of a person who gives none; the class itself, so that a copy of the world has the same."""


def gather_using_ai(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`gather_using_ai`: collect the values of a JSON Schema in a conversation.

    With no `required` it ends after the first value, as documented. Refusals: 90061, and 90012 for a classic voice.
    """
    check_free(leg)
    if str(body.get("voice", "")).casefold() in CLASSIC_VOICES:
        raise Refusal(errors.INVALID_VOICE)
    properties = body["parameters"].get("properties")
    properties = properties if isinstance(properties, dict) else {}
    required = body["parameters"].get("required")
    names = [str(name) for name in required] if isinstance(required, list) and required else list(properties)[:1]
    assistant = assistants.configured(simulation, body)
    script = Gathering(
        properties={name: schema for name, schema in properties.items() if isinstance(schema, dict)},
        wanted=names,
        timeout_secs=body.get("user_response_timeout_ms", timings.USER_RESPONSE_TIMEOUT * 1000) / 1000,
        goodbye=body.get("gather_ended_speech") or "",
        partial_results=bool(body.get("send_partial_results")),
        history_updates=bool(body.get("send_message_history_updates")),
        asked=bool(assistant.greeting),
    )
    conversation = begin(simulation, leg, body, assistant, script)
    return {"result": "ok", "conversation_id": conversation.id}


@dataclass(slots=True, eq=False)
class Gathering:
    """The script of a gathering: what is still wanted, what came, and how often the open question failed.

    `asked` is whether a question is open; a greeting counts as the first one.
    """

    properties: dict[str, Json]
    wanted: list[str]
    timeout_secs: float
    goodbye: str = ""
    partial_results: bool = False
    history_updates: bool = False
    asked: bool = False
    result: Json = field(default_factory=dict)
    misses: int = 0
    silences: int = 0
    over: bool = False
    has_insights: bool = False
    open_to_others: bool = False

    def fell_silent(self, simulation: Simulation, conversation: Conversation) -> None:
        if not self.wanted:
            self._end(simulation, conversation, "valid")
        elif self.asked:
            self._wait(simulation, conversation)
        else:
            self.asked = True
            assistant_says(simulation, conversation, self._question())

    def heard(self, simulation: Simulation, conversation: Conversation, text: str) -> None:
        if self.wanted:
            self._take(simulation, conversation, spoken(self._schema(), text))
        else:
            self.fell_silent(simulation, conversation)

    def history_grew(self, simulation: Simulation, conversation: Conversation) -> None:
        if self.history_updates:
            self._emit(simulation, conversation, "call.ai_gather.message_history_updated")

    def pressed(self, simulation: Simulation, conversation: Conversation, key: str) -> None:
        """An assistant hears words alone."""

    def cut(self, simulation: Simulation, conversation: Conversation) -> None:
        if not self.over:
            self._report(simulation, conversation, "invalid")

    def _question(self) -> str:
        description = self._schema().get("description")
        return str(description) if description else f"What is your {self.wanted[0].replace('_', ' ')}?"

    def _schema(self) -> Json:
        return self.properties.get(self.wanted[0], {})

    def _wait(self, simulation: Simulation, conversation: Conversation) -> None:
        """Let the person think and answer, or the silence last until the time for a response is over."""
        leg = conversation.owner
        in_time = self.timeout_secs >= timings.THINK and not leg.on_hold
        answer = next_answer(leg, self.wanted[0], self._schema()) if in_time else Silence
        if answer is Silence:
            conversation.floor = simulation.after(self.timeout_secs, self._nobody_spoke, simulation, conversation)
        else:
            words = in_words(answer)
            seconds = timings.THINK + timings.speech(words)
            voices.will_speak(simulation, leg, words, timings.THINK)
            conversation.floor = simulation.after(seconds, self._answers, simulation, conversation, words)

    def _answers(self, simulation: Simulation, conversation: Conversation, words: str) -> None:
        leg = conversation.owner
        if not leg.person.silent:
            said(simulation, leg, words)
        if not leg.can_be_heard:
            self._wait(simulation, conversation)

    def _nobody_spoke(self, simulation: Simulation, conversation: Conversation) -> None:
        self.silences += 1
        if self.silences < SILENCES:
            assistant_says(simulation, conversation, STILL_THERE)
        else:
            self._end(simulation, conversation, "invalid")

    def _take(self, simulation: Simulation, conversation: Conversation, value: Any) -> None:
        """A value has come for the open question: keep it if it fits, else ask again, until it has been enough."""
        if not simulation.fits(self._schema(), value):
            self.misses += 1
            if self.misses < TRIES:
                assistant_replies(simulation, conversation, f"Sorry, I did not get that. {self._question()}")
            else:
                self._end(simulation, conversation, "invalid")
            return
        self.result[self.wanted.pop(0)] = value
        self.misses = self.silences = 0
        if self.partial_results:
            self._emit(simulation, conversation, "call.ai_gather.partial_results", partial_results=dict(self.result))
        if self.wanted:
            assistant_replies(simulation, conversation, self._question())
        elif self.goodbye:
            assistant_replies(simulation, conversation, self.goodbye)
        else:
            self._end(simulation, conversation, "valid")

    def _end(self, simulation: Simulation, conversation: Conversation, status: str) -> None:
        self._report(simulation, conversation, status)
        finish(simulation, conversation, None)

    def _report(self, simulation: Simulation, conversation: Conversation, status: str) -> None:
        self.over = True
        self._emit(simulation, conversation, "call.ai_gather.ended", result=dict(self.result), status=status)

    def _emit(self, simulation: Simulation, conversation: Conversation, event_type: str, **details: Any) -> None:
        owner = conversation.owner
        simulation.emit(
            event_type,
            owner,
            **{"from": owner.from_},
            message_history=history(conversation),
            **details,
            to=owner.to,
        )


def next_answer(leg: Leg, name: str, schema: Json) -> Any:
    """What the person on a leg answers when asked for a property: by name, else their next line, else made up.

    `Silence` where they say nothing.
    """
    person = leg.person
    if name in person.answers:
        leg.asked = leg.asked or {}
        count = leg.asked[name] = leg.asked.get(name, 0) + 1
        values = person.answers[name]
        value = values[min(count, len(values)) - 1] if values else None
        return Silence if value is None else value
    if leg.said < len(person.says):
        leg.said += 1
        return person.says[leg.said - 1]
    if person.silent or person.says:
        return Silence
    return made_up(schema)


def made_up(schema: Json) -> Any:
    """A value that a schema asks for: its example, default or first choice, else any of its type."""
    for key in ("const", "example", "default"):
        if key in schema:
            return schema[key]
    choices = schema.get("enum") or schema.get("examples")
    if isinstance(choices, list) and choices:
        return choices[0]
    kind = schema.get("type", "string")
    kind = kind[0] if isinstance(kind, list) and kind else kind
    return schema.get("minimum", MADE_UP[kind]) if kind in ("integer", "number") else MADE_UP.get(str(kind), "blue")


def in_words(value: Any) -> str:
    """How a person says a value."""
    return value if isinstance(value, str) else json.dumps(value)


def spoken(schema: Json, text: str) -> Any:
    """What spoken words mean where a schema wants a value: "36" is a number where a number is wanted."""
    choices = [schema["const"]] if "const" in schema else schema.get("enum")
    for choice in choices if isinstance(choices, list) else ():
        if in_words(choice) == text:
            return choice
    kinds = schema.get("type", "string")
    if kinds == "string" or (isinstance(kinds, list) and "string" in kinds):
        return text
    with suppress(ValueError, RecursionError):
        return json.loads(text, parse_float=_finite, parse_constant=_finite)
    return {"yes": True, "no": False}.get(text.casefold(), text)


def _finite(text: str) -> float:
    """A number that can be written as JSON again."""
    value = float(text)
    if not isfinite(value):
        raise ValueError(text)
    return value


def history(conversation: Conversation) -> list[Json]:
    """What was said so far, in the form of the gathering webhooks: users and assistants only, and only words."""
    return [
        {"content": str(message.get("content") or ""), "role": message["role"]}
        for message in conversation.messages
        if message.get("role") in ("assistant", "user")
    ]
