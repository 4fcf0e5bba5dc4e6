"""Dynamic variables: `{{name}}` in what an assistant says and in the tools that it uses.

Sources: the documentation for the syntax, for what counts before what, and for the names of the system's variables.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mockserver.sim.clock import iso
from mockserver.sim.events import Json
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg

PLACEHOLDER = re.compile(r"\{\{\s*([\w.\-]+)\s*\}\}")
CHANNEL = "phone_call"


def fill(text: str, variables: Mapping[str, Any]) -> str:
    """A text with its placeholders filled; one that has no value stays as it stands, documented.

    `{{result.day}}` is `day` of the object `result`, unless there is a variable of that very name.
    """

    def value(found: re.Match[str]) -> str:
        known, value = look_up(variables, found[1])
        return in_text(value) if known else found[0]

    return PLACEHOLDER.sub(value, text)


def fill_in(value: Any, variables: Mapping[str, Any]) -> Any:
    """The same for all texts in a JSON value. A text that is one placeholder and no more becomes its value."""
    if isinstance(value, str):
        whole = PLACEHOLDER.fullmatch(value)
        known, found = look_up(variables, whole[1]) if whole else (False, None)
        return found if known else fill(value, variables)
    if isinstance(value, Mapping):
        return {key: fill_in(item, variables) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [fill_in(item, variables) for item in value]
    return value


def look_up(variables: Any, path: str) -> tuple[bool, Any]:
    """Whether there is a value at a path of names and places joined by dots, and which."""
    if isinstance(variables, Mapping) and path in variables:
        return True, variables[path]
    value = variables
    for part in path.split("."):
        if isinstance(value, Mapping) and part in value:
            value = value[part]
        elif isinstance(value, list) and part.isdecimal() and int(part[:9]) < len(value):
            value = value[int(part[:9])]
        else:
            return False, None
    return True, value


def in_text(value: Any) -> str:
    """A value as it stands in a text."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def in_order(system: Json, stored: Mapping[str, Any], webhook: Json, headers: Json, given: Json) -> Json:
    """All variables: those of the command count first, then headers, webhook and what is stored. Documented.

    GUESS: those of the system count last.
    """
    return {**system, **stored, **webhook, **headers, **given}


def of_system(simulation: Simulation, leg: Leg, assistant_id: str) -> Json:
    """The variables that every call has. GUESS: the time in UTC, as webhooks write it."""
    return {**initial(leg, assistant_id), "telnyx_current_time": iso(simulation.now)}


def initial(leg: Leg, assistant_id: str) -> Json:
    """What the variables' webhook is told of a call; its numbers are told by whose they are."""
    agent, person = (leg.to, leg.from_) if leg.direction == "incoming" else (leg.from_, leg.to)
    return {
        "telnyx_conversation_channel": CHANNEL,
        "telnyx_agent_target": agent,
        "telnyx_end_user_target": person,
        "telnyx_end_user_target_verified": False,
        "call_control_id": leg.call_control_id,
        "assistant_id": assistant_id,
    }


def of_headers(leg: Leg) -> Json:
    """The variables that come with a call as SIP headers: `X-Full-Name` is `full_name`. Documented."""
    named = {header["name"].lower(): header["value"] for header in leg.custom_headers or ()}
    return {
        name.removeprefix("x-").replace("-", "_"): value
        for name, value in named.items()
        if name.startswith("x-") and not name.startswith("x-telnyx")
    }
