"""Assistants that are stored: made, looked at, changed and deleted by the application, and what a call takes from one.

Sources: the published interface for fields and defaults. What the simulation has a use for is in `MEANT`; the rest is
kept and shown as it was given.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mockserver.sim import errors
from mockserver.sim.clock import iso
from mockserver.sim.errors import Refusal, Unsupported
from mockserver.sim.events import Json
from mockserver.sim.people import Assistant
from mockserver.sim.simulation import Simulation

MOST_ASSISTANTS = 1_000

Params = Mapping[str, str]

MEANT: Mapping[str, tuple[str, ...]] = {
    "name": ("name",),
    "greeting": ("greeting",),
    "instructions": ("instructions",),
    "model": ("model",),
    "voice": ("voice_settings", "voice"),
    "transcription_model": ("transcription", "model"),
    "insight_group_id": ("insight_settings", "insight_group_id"),
    "time_limit_secs": ("telephony_settings", "time_limit_secs"),
    "idle_timeout_secs": ("telephony_settings", "user_idle_timeout_secs"),
    "interruptible": ("interruption_settings", "enable"),
    "finishes_greeting": ("interruption_settings", "disable_greeting_interruption"),
    "recording": ("telephony_settings", "recording_settings"),
    "tools": ("tools",),
    "dynamic_variables": ("dynamic_variables",),
    "variables_url": ("dynamic_variables_webhook_url",),
    "variables_timeout_ms": ("dynamic_variables_webhook_timeout_ms",),
}
"""Where in a configuration the fields of `Assistant` stand."""

WITHOUT_EFFECT = ("conversation_flow", "tool_ids", "mcp_servers", "integrations")
"""What is kept and shown, and would make the assistant act otherwise at the platform; giving some is a warning."""


def create_assistant(simulation: Simulation, params: Params, body: Json) -> Json:
    """`POST /ai/assistants`: store an assistant. Refusals: 10027 (too many)."""
    if len(simulation.world.assistants) >= MOST_ASSISTANTS:
        raise Refusal(errors.UNPROCESSABLE, reason=f"There are {MOST_ASSISTANTS} assistants already.", at="/name")
    assistant = Assistant(id=f"assistant-{simulation.ids.uuid()}", created_at=simulation.now)
    return shown(_store(simulation, assistant, body))


def list_assistants(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /ai/assistants`: all of them, those of a scenario too, the oldest first."""
    return {"data": [shown(assistant) for assistant in simulation.world.assistants.values()]}


def retrieve_assistant(simulation: Simulation, params: Params, query: Json) -> Json:
    """`GET /ai/assistants/{assistant_id}`. Refusals: 10005 (GUESS: what an unknown id gets is not published)."""
    assistant = _find(simulation, params)
    if query.get("fetch_dynamic_variables_from_webhook"):
        raise Unsupported("retrieve_assistant with fetch_dynamic_variables_from_webhook")
    return shown(assistant)


def update_assistant(simulation: Simulation, params: Params, body: Json) -> Json:
    """`POST /ai/assistants/{assistant_id}`: change what is given, for the conversations that begin from now on.

    GUESS: of settings that are objects, what is left out stays too. GUESS: with `promote_to_main: false` the new
    version is shown in the answer and kept nowhere. Refusals: 10005.
    """
    assistant = _find(simulation, params)
    changes = {name: _merged(name, assistant.stored.get(name), value) for name, value in body.items()}
    promoted = changes.pop("promote_to_main", True)
    if promoted:
        return shown(_store(simulation, assistant, changes))
    return shown(_version(simulation, assistant, changes))


def delete_assistant(simulation: Simulation, params: Params, body: Json) -> Json:
    """`DELETE /ai/assistants/{assistant_id}`; its conversations go on. Refusals: 10005."""
    assistant = _find(simulation, params)
    del simulation.world.assistants[assistant.id]
    return {"id": assistant.id, "object": "assistant", "deleted": True}


def configured(simulation: Simulation, body: Json) -> Assistant:
    """The assistant of the world, with what a command says of it on top.

    GUESS: an id that nobody knows is taken for an assistant with the platform's defaults. One that the application has
    stored says what the scenario has written for an assistant of its name.
    """
    given: Json = body.get("assistant") or {}
    stored = simulation.world.assistants.get(given.get("id", ""), Assistant())
    written = stored if stored.turns else _namesake(simulation, stored)
    interruptions: Json = body.get("interruption_settings") or {}
    return replace(
        stored,
        id=given.get("id") or stored.id,
        name=given.get("name") or stored.name,
        greeting=body.get("greeting") or given.get("greeting") or stored.greeting,
        instructions=given.get("instructions") or stored.instructions,
        model=given.get("model") or stored.model,
        voice=body.get("voice") or stored.voice,
        transcription_model=(body.get("transcription") or {}).get("model") or stored.transcription_model,
        interruptible=interruptions.get("enable", stored.interruptible),
        tools=given.get("tools") or stored.tools,
        turns=written.turns,
        insights=written.insights,
    )


def shown(assistant: Assistant) -> Json:
    """An assistant as its resource: what was written, and what holds where nothing was."""
    return {
        "id": assistant.id,
        "name": assistant.name,
        "instructions": assistant.instructions,
        "model": assistant.model,
        "greeting": assistant.greeting,
        "dynamic_variables": dict(assistant.dynamic_variables),
        "tools": list(assistant.tools),
        "voice_settings": {"voice": assistant.voice},
        "enabled_features": ["telephony"],
        "version_name": "New assistant",
        **assistant.stored,
        "version_id": assistant.version_id or assistant.id.removeprefix("assistant-"),
        "version_created_at": iso(assistant.version_at or assistant.created_at),
        "created_at": iso(assistant.created_at),
    }


def _find(simulation: Simulation, params: Params) -> Assistant:
    assistant = simulation.world.assistants.get(params["assistant_id"])
    if assistant is None:
        raise Refusal(errors.URL_NOT_FOUND)
    return assistant


def _store(simulation: Simulation, assistant: Assistant, fields: Json) -> Assistant:
    for name in WITHOUT_EFFECT:
        if fields.get(name):
            simulation.warn("assistant", None, f"{name} of an assistant is kept and has no effect")
    changed = _version(simulation, assistant, fields)
    simulation.world.assistants[changed.id] = changed
    return changed


def _version(simulation: Simulation, assistant: Assistant, fields: Json) -> Assistant:
    """The assistant with some fields changed, as a new version of it."""
    fields = dict(fields)
    if "enabled_features" in fields:
        fields["enabled_features"] = list(dict.fromkeys(fields["enabled_features"]))
    stored = {**assistant.stored, **fields}
    found = {name: _at(stored, path) for name, path in MEANT.items()}
    meant = {name: value for name, value in found.items() if value is not None}
    return replace(assistant, **meant, stored=stored, version_at=simulation.now, version_id=simulation.ids.uuid())


def _merged(name: str, before: Any, value: Any) -> Any:
    settings = name.endswith("_settings") or name == "transcription"
    return {**before, **value} if settings and before and isinstance(value, dict) else value


def _at(fields: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        fields = fields.get(name) if isinstance(fields, Mapping) else None
    return fields


def _namesake(simulation: Simulation, stored: Assistant) -> Assistant:
    """The assistant of a scenario that has the name of one that the application has stored."""
    if not stored.stored:
        return stored
    others = simulation.world.assistants.values()
    return next((other for other in others if other.turns and other.name == stored.name), stored)
