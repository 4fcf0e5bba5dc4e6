"""The tools of an assistant: what each kind does when a turn uses it, and what the assistant is told of it.

Sources: the published interface for the kinds and their fields; the documentation for what a webhook tool is sent.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from mockserver.sim import conversations, variables, webhook_tools
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import Use
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Conversation

Then = Callable[[str], None]
"""Is told what a tool has answered, unless the conversation is over by then."""

Done = Callable[..., None]
"""Takes the answer of a tool; with `over`, the conversation ends with it."""

Tool = Callable[[Simulation, Conversation, Json, Json, Done], None]
"""Uses a tool, given its configuration and its arguments."""


def use(simulation: Simulation, conversation: Conversation, wanted: Use, then: Then) -> None:
    """Use a tool: the call goes into the history, and later its answer.

    The answer is the variable `result`, an object if it is JSON, and its fields become the variables that the tool's
    configuration wants.
    """
    leg, tool = conversation.owner, find(conversation, wanted.tool)
    arguments: Json = variables.fill_in(wanted.arguments, conversation.variables)
    call_id = f"call_{simulation.ids.uuid().replace('-', '')[:24]}"
    function = {"name": wanted.tool, "arguments": json.dumps(arguments, ensure_ascii=False)}
    asked = {
        "role": "assistant",
        "content": "",
        "tool_calls": [{"id": call_id, "type": "function", "function": function}],
    }
    conversations.remember(simulation, conversation, [asked])
    simulation.note(
        "person", "assistant_uses", leg, tool=wanted.tool, arguments=arguments, conversation_id=conversation.id
    )
    kind = str(tool.get("type")) if tool else ""
    settings: Json = (tool or {}).get(kind) or {}
    done = partial(_answered, simulation, conversation, wanted.tool, call_id, settings, then)
    if tool is None:
        simulation.warn("tool", leg, f"the assistant has no tool {wanted.tool}: {_names(conversation)}")
        done(_failure(f"There is no tool {wanted.tool}."))
    elif kind not in KINDS:
        simulation.warn("tool", leg, f"a tool of the kind {kind} has no effect yet")
        done(_failure("not simulated"))
    else:
        KINDS[kind](simulation, conversation, settings, arguments, done)


def find(conversation: Conversation, name: str) -> Mapping[str, Any] | None:
    """The tool of a name, else of a kind."""
    known = conversation.assistant.tools
    named = next((tool for tool in known if _name(tool) == name), None)
    return named or next((tool for tool in known if tool.get("type") == name), None)


def is_farewell(conversation: Conversation, wanted: Use) -> bool:
    """Is it a tool after which the assistant has nothing more to say, so that it speaks first?"""
    return ((find(conversation, wanted.tool) or {}).get("type")) in ("hangup", "transfer")


def _names(conversation: Conversation) -> str:
    known = [_name(tool) or str(tool.get("type")) for tool in conversation.assistant.tools]
    return f"it has {', '.join(known)}" if known else "it has none"


def _name(tool: Mapping[str, Any]) -> str:
    """The name that a tool's configuration gives it, if it does."""
    return str((tool.get(str(tool.get("type"))) or {}).get("name") or "")


def _answered(
    simulation: Simulation,
    conversation: Conversation,
    name: str,
    call_id: str,
    settings: Json,
    then: Then,
    answer: str,
    over: bool = False,
) -> None:
    if conversation.state != "live":
        return
    conversations.remember(simulation, conversation, [{"role": "tool", "content": answer, "tool_call_id": call_id}])
    result = webhook_tools.understood(answer)
    told = {"tool": name, "result": result, "conversation_id": conversation.id}
    simulation.note("person", "tool_answers", conversation.owner, **told)
    conversation.variables["result"] = result
    for row in settings.get("store_fields_as_variables") or ():
        known, value = variables.look_up(result, row["value_path"])
        if known:
            conversation.variables[row["name"]] = value
    if over:
        conversations.end(simulation, conversation)
    else:
        then(answer)


# The kinds -----------------------------------------------------------------------------------------------------------


def _webhook(simulation: Simulation, conversation: Conversation, settings: Json, arguments: Json, done: Done) -> None:
    """Ask the application; an asynchronous tool is answered by `Submitted` in any case.

    GUESS: also when the application answers sooner than within `async_timeout_ms`.
    """
    leg = conversation.owner
    settings = variables.fill_in(settings, conversation.variables)
    left_out = webhook_tools.undeclared(settings, arguments)
    if left_out:
        simulation.warn("tool", leg, f"the tool declares no parameter {', '.join(left_out)}: left out")
    headers, unknown = webhook_tools.headers(settings, simulation.world.secrets)
    if unknown:
        simulation.warn("tool", leg, f"no secret {', '.join(unknown)}: name it under `secrets` of the scenario")
    headers["x-telnyx-call-control-id"] = leg.call_control_id
    wanted = webhook_tools.request(settings, arguments, headers)
    if settings.get("async"):
        simulation.outside.ask(simulation, wanted, lambda reply: None)
        wait = settings.get("async_timeout_ms", webhook_tools.SUBMITTED_AFTER_MS) / 1000
        simulation.after(wait, done, webhook_tools.SUBMITTED)
    else:
        simulation.outside.ask(simulation, wanted, lambda reply: done(webhook_tools.told(reply)))


def _hangup(simulation: Simulation, conversation: Conversation, settings: Json, arguments: Json, done: Done) -> None:
    """End the call. GUESS: of everybody who takes part."""
    for member in list(conversation.members):
        assert member.leg.let_go is not None
        member.leg.let_go(simulation, member.leg)


def _transfer(simulation: Simulation, conversation: Conversation, settings: Json, arguments: Json, done: Done) -> None:
    """Call one of the targets, the one that `to` or `name` of the arguments says, else the first.

    GUESS: the assistant is silent until somebody answers, and its conversation ends with the bridge; where nobody does,
    it goes on.
    """
    from mockserver.sim import transfers  # lies above: whoever places a call knows of conversations

    legs = [member.leg for member in conversation.members]
    leg = conversation.owner if conversation.owner in legs else legs[0]
    settings = variables.fill_in(settings, conversation.variables)
    target = _target(settings, arguments)
    if target is None:
        simulation.warn("tool", leg, "the transfer tool has no such target")
        done(_failure("There is no such target."))
        return
    body = {"to": target, "from": settings.get("from"), "custom_headers": settings.get("custom_headers")}
    try:
        transfers.transfer(simulation, leg, {name: value for name, value in body.items() if value})
    except Refusal as refusal:
        simulation.warn("tool", leg, f"the transfer to {target} was refused: {refusal}")
        done(_failure(str(refusal)))
        return
    assert leg.called is not None
    assert leg.called.meeting is not None
    leg.called.meeting = replace(leg.called.meeting, told=partial(_transferred, done))


def _transferred(done: Done, bridged: bool) -> None:
    """Whoever was called has come, or never will."""
    if bridged:
        done(json.dumps({"status": "transferred"}), over=True)
    else:
        done(_failure("Nobody answered."))


def _target(settings: Json, arguments: Json) -> str | None:
    targets = settings.get("targets")
    targets = [{"to": targets}] if isinstance(targets, str) else targets
    known = [target for target in targets or () if isinstance(target, dict)]
    wanted = arguments.get("to") or arguments.get("name")
    fitting = [target for target in known if wanted in (None, target.get("to"), target.get("name"))]
    return str(fitting[0].get("to")) if fitting else None


def _failure(text: str) -> str:
    return json.dumps({"error": text}, ensure_ascii=False)


KINDS: Mapping[str, Tool] = {"webhook": _webhook, "hangup": _hangup, "transfer": _transfer}
"""The kinds of tools that do something; any other is a warning."""
