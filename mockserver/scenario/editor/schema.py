"""The JSON Schema of scenario files, made of the models: for editors, which complete, explain and mark by it.

It is draft-07, which every version of the YAML language server and of other editors understands. What it refuses the
loader refuses too; the loader finds more, since a schema cannot compare one part with another. Keywords of editors are
used where they help: `errorMessage`, `patternErrorMessage`, `enumDescriptions`.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from typing import Any

import yaml
from pydantic.json_schema import GenerateJsonSchema

from mockserver.scenario.editor import shapes
from mockserver.scenario.editor.descriptions import DESCRIPTIONS, TITLES
from mockserver.scenario.editor.shapes import Shape, words
from mockserver.scenario.model import PARTS, Scenario
from mockserver.scenario.names import ACTS, published, specifications
from mockserver.scenario.parts.part import Part
from mockserver.sim.acting import SEEN
from mockserver.sim.commands import COMMANDS, is_command

NARROWER = {
    ("Scenario", "variables"): "variables",
    ("Scenario", "include"): "files",
    ("Scenario", "parameters"): "rows",
    ("HappeningPart", "event"): "any_event",
    ("ExpectationPart", "event"): "event",
    ("MemberPart", "event"): "event",
    ("HappeningPart", "command"): "any_command",
    ("HappeningPart", "person"): "act",
    ("ErrorPart", "command"): "command",
    ("FaultPart", "operation"): "operation_or_pattern",
    ("FaultPart", "event"): "event_or_pattern",
    ("FaultPart", "before_response"): "event_or_pattern",
}
"""What is less than its model says, by part and key: texts that are names, and what `load` reads by itself."""

DRAFT = "http://json-schema.org/draft-07/schema#"


class _OfModels(GenerateJsonSchema):
    """What pydantic knows of the models, with the shapes of their values."""

    def function_plain_schema(self, schema: Any) -> Shape:
        return shapes.read_by(schema["function"]["function"])

    def function_before_schema(self, schema: Any) -> Shape:
        inner = self.generate_inner(schema["schema"])
        short = shapes.short(schema["function"]["function"])
        if not short:
            return inner
        say = {"errorMessage": short["errorMessage"]} if "errorMessage" in short else {}
        return {"anyOf": [{**inner, **say}, short]}

    def list_schema(self, schema: Any) -> Shape:
        return {**super().list_schema(schema), "errorMessage": "give a list, or leave the key out"}

    def nullable_schema(self, schema: Any) -> Shape:
        return self.generate_inner(schema["schema"])

    def default_schema(self, schema: Any) -> Shape:
        return self.generate_inner(schema["schema"])

    def field_title_should_be_set(self, schema: Any) -> bool:
        return False


def schema() -> Shape:
    """The whole schema, as JSON has it."""
    made: Shape = Scenario.model_json_schema(
        by_alias=True, ref_template="#/definitions/{model}", schema_generator=_OfModels
    )
    parts = made.pop("$defs")
    parts["Scenario"] = made
    for part in PARTS.values():
        _explain(parts[part.__name__], part)
    root = parts.pop("Scenario")
    definitions = {**parts, **_names(), **shapes.SHAPES}
    whole: Shape = _plain({"$schema": DRAFT, **root, "definitions": dict(sorted(definitions.items()))})
    return whole


def text() -> str:
    """The same as the text of a file."""
    return json.dumps(schema(), indent=1, ensure_ascii=False) + "\n"


def _explain(made: Shape, part: type[Part]) -> None:
    """Put in what is said about a part and its keys."""
    made["title"] = TITLES[part.__name__]
    made.pop("description", None)
    said = described(part)
    made["required"] = [key for key in made.get("required", ()) if (part, key) != (Scenario, "name")]
    for key, shape in made["properties"].items():
        name = next((NARROWER[base.__name__, key] for base in part.__mro__ if (base.__name__, key) in NARROWER), None)
        shape = shapes.refer_to(name) if name else shape
        made["properties"][key] = {"description": said.get(key, ""), **shape}
    for choices in part.CHOICES:
        _exactly_one(made, choices)


def _exactly_one(made: Shape, choices: tuple[str, ...]) -> None:
    """Of each of these there is one key. An editor tells it at the second, where `oneOf` would mark the whole part."""
    needed = [{"required": [key], "errorMessage": f"give one of {', '.join(choices)}"} for key in choices]
    made.setdefault("allOf", []).append({"anyOf": needed})
    for key in choices:
        others = {other: False for other in choices if other != key}
        made.setdefault("dependencies", {})[key] = {"properties": others, "errorMessage": f"{key} is there already"}


def described(part: type[Part]) -> dict[str, str]:
    """What is said of the keys of a part, and of what it builds on."""
    return {key: text for base in part.__mro__ for key, text in DESCRIPTIONS.get(base.__name__, {}).items()}


def _plain(made: Any) -> Any:
    """References in the words of JSON Schema, and no list of required keys that is empty."""
    if isinstance(made, list):
        return [_plain(item) for item in made]
    if not isinstance(made, dict):
        return made
    plain = {key: _plain(value) for key, value in made.items() if (key, value) != ("required", [])}
    if isinstance(plain.get("refers_to"), str):
        plain["$ref"] = "#/definitions/" + plain.pop("refers_to")
    return plain


def _names() -> dict[str, Shape]:
    """The names of events, commands and acts, with what the specifications say of them.

    Each list is whole, since the message of an editor would name all words of two lists that are tried together.
    """
    about, known = _summaries(), published()
    events = sorted(known.events)
    commands = sorted(name for name in COMMANDS if is_command(name))

    def listed(title: str, names: Iterable[str], *others: Shape) -> Shape:
        shape = words(title, {name: about.get(name, "") for name in names})
        return {**shape, "anyOf": [*shape["anyOf"], *others]}

    pattern = {"title": "pattern", "type": "string", "pattern": r"\*"}
    return {
        "event": listed("event", events),
        "any_event": listed("event", [*events, *sorted(known.unbuilt_events)]),
        "event_or_pattern": listed("event", events, pattern),
        "command": listed("command", commands),
        "any_command": listed("command", [*commands, *sorted(known.unbuilt_commands)]),
        "operation_or_pattern": listed("operation", sorted(COMMANDS), pattern),
        "act": words("what a person does", ACTS),
        "trigger": listed("event, command or act", [*events, *SEEN, *commands]),
    }


def _summaries() -> dict[str, str]:
    """What the specifications say of each operation and webhook, in a sentence."""
    folder = specifications()
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

    def read(file: str) -> Any:
        return yaml.load((folder / file).read_bytes(), loader)

    root = read("openapi.yaml")
    about = {row["name"]: read(row["file"])[row["method"].lower()]["summary"] for row in root["x-operations"]}
    return about | {name: read(webhook["$ref"])["post"]["summary"] for name, webhook in root["webhooks"].items()}
