"""Conversation relays: start one, stop one, and begin one at the answer. What then happens is in `relaying`.

Sources: the published interface for the commands and what they are told. GUESS: the relay, `sessionId` of its first
frame and `conversation_id` of its webhook are one id.
"""

from __future__ import annotations

from typing import Any

from mockserver.sim import conversations, errors
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import Assistant
from mockserver.sim.relay_frames import CUT_BY
from mockserver.sim.relay_voice import Voice
from mockserver.sim.relaying import Relay
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Conversation, Leg

VOICE = "Telnyx.KokoroTTS.af"
"""Default of `voice`, documented."""


def conversation_relay_start(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`conversation_relay_start`: connect an answered leg with a WebSocket of the application.

    Refusals: 90061 where the leg is in a conversation of any kind, 10004 where no field has a URL.
    """
    conversations.check_free(leg)
    if not url_of(body):
        raise Refusal(errors.MISSING_PARAMETER, parameter="url")
    if body.get("transcription"):
        simulation.warn("conversation_relay_start", leg, "conversation_relay_start: transcription has no effect")
    return {"result": "ok", "conversation_relay_id": start(simulation, leg, body).id}


def conversation_relay_stop(simulation: Simulation, leg: Leg, body: Json) -> Json:
    """`conversation_relay_stop`: end the relay at once; the call stays up.

    GUESS: with none running it is accepted and does nothing, also to an assistant.
    """
    script = leg.conversation.script if leg.conversation is not None else None
    if isinstance(script, Relay):
        script.end(simulation, None)
    elif leg.state == "answering" and leg.options:
        leg.options = {name: value for name, value in leg.options.items() if name != "conversation_relay_config"}
    return {"result": "ok"}


def on_answer(simulation: Simulation, leg: Leg) -> None:
    """`conversation_relay_config` of dial and answer. GUESS: beside `assistant` it has no effect."""
    config = (leg.options or {}).get("conversation_relay_config")
    if config and leg.conversation is None:
        start(simulation, leg, config)
    elif config:
        text = "conversation_relay_config has no effect beside assistant: there is one conversation at a time"
        simulation.warn("conversation_relay_config", leg, text)


def start(simulation: Simulation, leg: Leg, body: Json) -> Conversation:
    """Start a relay on a leg; its connection is made a moment later, never before the leg's `call.answered`.

    GUESS: that moment is the one of an assistant. There is no `call.conversation.created`, since the published
    interface expects `call.conversation.ended` alone. GUESS: in that, `assistant_id` and `llm_model` are empty, and
    `stt_model` is the model of the transcription engine, else the engine.
    """
    engine: Json = body.get("transcription_engine_config") or {}
    assistant = Assistant(
        name="",
        greeting=body.get("greeting") or "",
        model="",
        voice=body.get("voice") or VOICE,
        transcription_model=str(engine.get("transcription_model") or body.get("transcription_engine") or "Google"),
    )
    relay = configured(body)
    relay.conversation = conversations.enter(simulation, leg, assistant, relay, relay.connect)
    relay.voice = Voice(relay.conversation, relay.spoken)
    return relay.conversation


def configured(body: Json) -> Relay:
    """A relay as its command describes it: the fields outside of `conversation_relay_settings` count first, documented.

    GUESS: `interruption_settings` lie between the two; its `enable: false` means `none` where nothing else is said.
    GUESS: `custom_parameters` count before `dynamic_variables`.
    """
    nested: Json = body.get("conversation_relay_settings") or {}
    cut: Json = body.get("interruption_settings") or {}
    otherwise = "none" if cut.get("enable") is False else "any"
    keys = [body.get(name) for name in ("dtmf_detection", "conversation_relay_dtmf_detection")]
    speech = [outside.get("interruptible") for outside in (body, cut, nested)]
    greeting = [
        body.get("interruptible_greeting"),
        cut.get("interruptible_greeting"),
        cut.get("welcome_greeting_interruptible"),
        nested.get("interruptible_greeting"),
    ]
    variables: Json = (body.get("assistant") or {}).get("dynamic_variables") or {}
    return Relay(
        url=url_of(body),
        parameters={**variables, **(body.get("custom_parameters") or {})},
        language=body.get("language") or "en",
        takes_keys=_first(*keys, nested.get("dtmf_detection"), False),
        cut_by=CUT_BY[_first(*speech, otherwise)],
        greeting_cut_by=CUT_BY[_first(*greeting, otherwise)],
    )


def url_of(body: Json) -> str:
    """The application's WebSocket, by whichever of its names, the shorter one first; empty where there is none."""
    nested: Json = body.get("conversation_relay_settings") or {}
    return body.get("url") or body.get("conversation_relay_url") or nested.get("url") or ""


def _first(*values: Any) -> Any:
    """The first value that is given."""
    return next(value for value in values if value is not None)
