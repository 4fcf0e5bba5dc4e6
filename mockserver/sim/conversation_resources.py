"""Conversations with assistants as resources: those that calls have made, and those that were begun without a call.

Sources: the published interface for objects, filters and pages. A new one is not inside `data`, as published.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from mockserver.sim import conversation_filters, errors
from mockserver.sim.clock import iso, moment
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.listings import numbered
from mockserver.sim.simulation import Simulation
from mockserver.sim.transcripts import Insights, Transcript, forget_the_oldest

SHOWN_ROLES = ("assistant", "tool", "user")
"""The roles that the published interface has for a message that is shown."""

OTHER_PARAMETERS = ("limit", "or", "order")

Params = Mapping[str, str]


def create_conversation(simulation: Simulation, params: Params, body: Json) -> Json:
    """`POST /ai/conversations`: a conversation in which nobody speaks by themselves; kept like one that is over."""
    transcript = Transcript(
        id=simulation.ids.uuid(),
        created_at=simulation.now,
        name=body.get("name"),
        metadata=dict(body.get("metadata") or {}),
    )
    simulation.world.transcripts[transcript.id] = transcript
    forget_the_oldest(simulation.world, transcript.id)
    return _shown(transcript)


def list_conversations(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /ai/conversations`: those that all conditions let through, in the order wanted, else the oldest first.

    Refusals: 10031 for a condition or an order that cannot be understood.
    """
    tests = [
        conversation_filters.condition(name, text, name) for name, text in query.items() if name not in OTHER_PARAMETERS
    ]
    if "or" in query:
        tests.append(conversation_filters.any_of(query["or"], "or"))
    known = simulation.world.transcripts.values()
    found = [transcript for transcript in known if all(test(transcript) for test in tests)]
    found = conversation_filters.ordered(found, query.get("order", ""))
    return {"data": [_shown(transcript) for transcript in found[: query.get("limit")]]}


def retrieve_conversation(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /ai/conversations/{conversation_id}`. Refusals: 10005."""
    return {"data": _shown(_find(simulation, params))}


def update_conversation(simulation: Simulation, params: Params, body: Json) -> Json:
    """`PUT /ai/conversations/{conversation_id}`: other notes. Refusals: 10005.

    GUESS: they are added to those that are there, so that the platform's own ones stay.
    """
    transcript = _find(simulation, params)
    transcript.metadata.update(body.get("metadata") or {})
    return {"data": _shown(transcript)}


def delete_conversation(simulation: Simulation, params: Params, body: Json) -> Json:
    """`DELETE /ai/conversations/{conversation_id}`: nothing of it can be seen any more. Refusals: 10005.

    GUESS: one that goes on, on a call, goes on unseen.
    """
    del simulation.world.transcripts[_find(simulation, params).id]
    return {}


def list_messages(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /ai/conversations/{conversation_id}/messages`: what was said, in pages by number. Refusals: 10005.

    GUESS: messages of other roles, such as `system`, are left out, since the published answer has no such role.
    """
    transcript = _find(simulation, params)
    said = zip(transcript.messages, transcript.times, strict=True)
    shown = [(message, at) for message, at in said if message.get("role") in SHOWN_ROLES]
    return numbered(shown, query, lambda pair: _message(*pair), largest=100)


def add_message(simulation: Simulation, params: Params, body: Json) -> Json:
    """`POST /ai/conversations/{conversation_id}/message`: put a message down; nobody answers it. Refusals: 10005."""
    _find(simulation, params).add(simulation.now, [body])
    return {}


def list_insights(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /ai/conversations/{conversation_id}/conversations-insights`: none before its end. Refusals: 10005."""
    insights = _find(simulation, params).insights
    return numbered([] if insights is None else [insights], query, _insights)


def _find(simulation: Simulation, params: Params) -> Transcript:
    transcript = simulation.world.transcripts.get(params["conversation_id"].lower())
    if transcript is None:
        raise Refusal(errors.URL_NOT_FOUND)
    return transcript


def _shown(transcript: Transcript) -> Json:
    named = {} if transcript.name is None else {"name": transcript.name}
    return {
        "id": transcript.id,
        **named,
        "metadata": dict(transcript.metadata),
        "created_at": iso(transcript.created_at),
        "last_message_at": iso(transcript.last_message_at),
    }


def _message(message: Json, at: int) -> Json:
    """A message as it is shown, without the tool calls of an application that are none by the published interface."""
    calls = [call for call in message.get("tool_calls") or () if _is_call(call)]
    return {
        "role": message["role"],
        "text": _text(message.get("content")),
        **({"tool_calls": calls} if calls else {}),
        "created_at": iso(at),
        "sent_at": _sent_at(message.get("sent_at"), at),
    }


def _text(content: Any) -> str:
    return content if isinstance(content, str) else "" if content is None else json.dumps(content)


def _sent_at(given: Any, at: int) -> str:
    """When it was sent, if the application said so in a way that can be understood."""
    try:
        return iso(moment(given))
    except (TypeError, ValueError, OverflowError):
        return iso(at)


def _is_call(call: Any) -> bool:
    function = call.get("function") if isinstance(call, dict) else None
    texts = (call.get("id"), function.get("name"), function.get("arguments")) if isinstance(function, dict) else (None,)
    return all(isinstance(text, str) for text in texts) and call.get("type") == "function"


def _insights(insights: Insights) -> Json:
    """What was made out of a conversation; objects are JSON in a text, as published."""
    results = insights.results or ()
    return {
        "id": insights.id,
        "status": "pending" if insights.results is None else "completed",
        "created_at": iso(insights.created_at),
        "conversation_insights": [
            {"insight_id": result["insight_id"], "result": _text(result["result"])} for result in results
        ],
    }
