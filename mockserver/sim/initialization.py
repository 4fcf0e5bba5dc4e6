"""The first step of a conversation with an assistant: its dynamic variables, some of which a webhook may know.

Sources: the documentation for the request, its answer, and that a call goes on without one; the published interface for
its time limit.
"""

from __future__ import annotations

import json
from dataclasses import replace
from functools import partial
from typing import Any

from mockserver.sim import conversations, variables
from mockserver.sim.clock import iso
from mockserver.sim.events import Json
from mockserver.sim.outside import Ask, Reply
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Conversation

MOST_BYTES = 65_536
"""How long an answer may be. GUESS: no limit is published."""


def initialize(given: Json, simulation: Simulation, conversation: Conversation) -> None:
    """Begin a conversation, asking the webhook for variables first if there is one; `given` are the command's.

    GUESS: it is asked before `call.conversation.created`, which waits for its answer.
    """
    assistant = conversation.assistant
    conversation.floor = None
    if not assistant.variables_url:
        _begin(simulation, conversation, given, {})
        return
    body = json.dumps(_question(simulation, conversation), separators=(",", ":")).encode()
    wanted = Ask(
        url=assistant.variables_url,
        method="POST",
        headers={"Content-Type": "application/json"},
        body=body,
        signed=True,
        timeout_secs=assistant.variables_timeout_ms / 1000,
        most=MOST_BYTES,
    )
    simulation.outside.ask(simulation, wanted, partial(_told, simulation, conversation, given))


def _question(simulation: Simulation, conversation: Conversation) -> Json:
    return {
        "data": {
            "record_type": "event",
            "id": simulation.ids.uuid(),
            "event_type": "assistant.initialization",
            "occurred_at": iso(simulation.now),
            "payload": variables.initial(conversation.owner, conversation.assistant.id),
        }
    }


def _told(simulation: Simulation, conversation: Conversation, given: Json, reply: Reply) -> None:
    """The webhook has answered, or not; a call goes on either way, documented."""
    if conversation.state != "starting":
        return
    answer = _understood(reply)
    if answer is None:
        why = reply.problem or ("its answer is no JSON object" if reply.is_success else f"it answered {reply.status}")
        text = f"no dynamic variables from {conversation.assistant.variables_url}: {why}"
        simulation.warn("dynamic variables", conversation.owner, text)
    _begin(simulation, conversation, given, answer or {})


def _understood(reply: Reply) -> Json | None:
    if not reply.is_success:
        return None
    try:
        answer = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return answer if isinstance(answer, dict) else None


def _begin(simulation: Simulation, conversation: Conversation, given: Json, answer: Json) -> None:
    """All variables are known. The `memory` of an answer is for a language model, which there is none of."""
    assistant, leg = conversation.assistant, conversation.owner
    conversation.variables = variables.in_order(
        variables.of_system(simulation, leg, assistant.id),
        assistant.dynamic_variables,
        _object(answer.get("dynamic_variables")),
        variables.of_headers(leg),
        given,
    )
    notes = _object(_object(answer.get("conversation")).get("metadata"))
    conversation.transcript.metadata |= {name: variables.in_text(value) for name, value in notes.items()}
    conversation.assistant = replace(
        assistant,
        greeting=variables.fill(assistant.greeting, conversation.variables),
        instructions=variables.fill(assistant.instructions, conversation.variables),
    )
    conversations.created(simulation, conversation)


def _object(value: Any) -> Json:
    return value if isinstance(value, dict) else {}
