"""The names that a scenario may use: of commands, of events, of what people do."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path

import yaml

from mockserver.sim.acting import SEEN
from mockserver.sim.commands import COMMANDS, can_be_waited_for, is_command
from mockserver.sim.event_types import EMITTED

PACKAGE = Path(__file__).resolve().parents[1]

ACTS = (
    *("answers", "assistant_says", "assistant_uses", "calls", "goes_silent", "hangs_up", "heard_stream"),
    *(
        "hears_audio",
        "hears_digits",
        "hears_stream",
        "holds",
        "joins",
        "presses",
        "says",
        "tool_answers",
        "turns_down",
        "unholds",
    ),
)
"""What people do, as the log names it."""

NEWER_EVENTS = ("call.conversation.start_failed",)
"""Published after the interface that `specs/` follows, and never emitted."""


@dataclass(frozen=True, slots=True)
class Published:
    """What the platform has: built here, or not yet."""

    events: frozenset[str]
    unbuilt_events: frozenset[str]
    unbuilt_commands: frozenset[str]


def specifications() -> Path:
    """The folder `specs`: in the package when installed, beside it in a checkout."""
    inside = PACKAGE / "specs"
    return inside if inside.is_dir() else PACKAGE.parent / "specs"


@cache
def published() -> Published:
    """The names in `specs/`, read when first needed."""
    specs = specifications()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    built = yaml.load((specs / "openapi.yaml").read_bytes(), loader)
    unbuilt = yaml.load((specs / "unbuilt.yaml").read_bytes(), loader)
    operations = [*built["x-operations"], *unbuilt["operations"]]
    return Published(
        events=EMITTED,
        unbuilt_events=frozenset((*built["webhooks"], *unbuilt["events"], *NEWER_EVENTS)) - EMITTED,
        unbuilt_commands=frozenset(row["name"] for row in operations) - COMMANDS.keys(),
    )


def command_problem(name: str) -> str | None:
    """Why `name` is no command that the log tells of, or None."""
    if not is_command(name):
        return f"{name} is a question, which the log does not tell of: name a command"
    if name in COMMANDS:
        return None
    if name in published().unbuilt_commands:
        return f"{name} is not simulated yet: the server answers 501 to it"
    if name in published().events:
        return f"{name} is an event, and no command: name a command like answer"
    commands = [name for name in COMMANDS if is_command(name)]
    return f'"{name}" is no command: {meant(name, commands)}'


def event_problem(name: str, never: bool) -> str | None:
    """Why the webhook `name` cannot come, or None; one that must `never` come may be any that the platform has."""
    known = published()
    if name in known.events or (never and name in known.unbuilt_events):
        return None
    if name in known.unbuilt_events:
        return f"{name} is not simulated yet, so it never comes"
    if name in COMMANDS:
        return f"{name} is a command, and no event: name an event like call.answered"
    return f'"{name}" is no event: {meant(name, known.events | (known.unbuilt_events if never else frozenset()))}'


def trigger_problem(name: str) -> str | None:
    """Why nobody can wait for `name` to happen on their call, or None."""
    if can_be_waited_for(name):
        return None
    if name in COMMANDS:
        return f"{name} is a question, for which nobody can wait: name a command or a webhook"
    if name in published().unbuilt_events:
        return f"{name} is not simulated yet, so it never comes"
    known = [*published().events, *SEEN, *(name for name in COMMANDS if is_command(name))]
    close = get_close_matches(name[:100], known, 1)
    hint = f"did you mean {close[0]}?" if close else "write one like call.speak.started, transfer or assistant_says"
    return f'"{name}" is no webhook and no command that can come: {hint}'


def meant(word: str, known: Iterable[str]) -> str:
    """What somebody who wrote `word` probably meant, else all there is."""
    choices = sorted(known)
    close = get_close_matches(word[:100], choices, 1)
    return f"did you mean {close[0]}?" if close else f"known are {', '.join(choices)}"
