"""The compiled check and openapi-core say the same: yes to the same bodies, no to the same bodies."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mockserver.http.contract import Contract, Operation
from mockserver.http.documents import Node
from mockserver.sim.errors import Json

SPECS = Path(__file__).parents[2] / "specs"
CONTRACT = Contract(SPECS / "openapi.yaml")
ID = "5f0a7c52-6d0b-4e44-9a51-0f3b6a1f7d20"
WITH_BODY = [
    one
    for one in CONTRACT.operations
    if one.method != "GET" and CONTRACT.documents.child(CONTRACT.item(one), one.method.lower(), "requestBody")
]

JUNK: list[Any] = [None, True, False, 0, 1, -1, 7, 1.0, 1.5, 10**20, "", "1", "x", "x" * 50, [], [None], {}]
JUNK += [
    {"type": "x"},
    ID,
    "https://shop.example",
    "wss://shop.example",
    "2026-01-01T00:00:00Z",
]


def schema_of(operation: Operation) -> Json:
    content = CONTRACT.documents.child(operation.compiled.node, "requestBody", "content", "application/json")
    assert content is not None
    return CONTRACT.documents.schema(Node(content.value["schema"], content.file))


class Draughtsman:
    """Draws values around a schema: mostly what it demands, now and then something else."""

    def __init__(self, draw: Any, definitions: Json) -> None:
        self.draw = draw
        self.definitions = definitions

    def often(self, times: int) -> bool:
        return bool(self.draw(st.integers(0, times)))

    def value(self, schema: Any, depth: int = 0) -> Any:
        if not self.often(14) or not isinstance(schema, dict) or depth > 5:
            return self.draw(st.sampled_from(JUNK))
        made = self.plain(schema, depth)
        for branch in schema.get("allOf", ()):
            made = self.both(made, self.branch(branch, made, depth))
        for union in (schema[key] for key in ("oneOf", "anyOf") if key in schema):
            made = self.both(made, self.value(self.draw(st.sampled_from(union)), depth + 1))
        if "$ref" in schema:
            made = self.both(made, self.value(self.definitions[schema["$ref"].removeprefix("#/$defs/")], depth))
        return made

    def branch(self, branch: Any, made: Any, depth: int) -> Any:
        if "if" not in branch:
            return self.value(branch, depth)
        ((name, wanted),) = branch["if"]["properties"].items()
        if not isinstance(made, dict) or made.get(name) != wanted["const"] or depth > 4:
            return {}
        inner = self.value(branch["then"], depth)
        return {**inner, name: wanted["const"]} if isinstance(inner, dict) else inner

    def both(self, one: Any, other: Any) -> Any:
        if isinstance(one, dict) and isinstance(other, dict):
            return {**other, **one}
        return other if one in ({}, None) else one

    def plain(self, schema: Json, depth: int) -> Any:
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return self.draw(st.sampled_from(schema["enum"]))
        types = schema.get("type", ())
        kind = types if isinstance(types, str) else (self.draw(st.sampled_from(types)) if types else "")
        if kind == "object" or "properties" in schema:
            return self.fields(schema, depth)
        if kind == "array":
            return [self.value(schema.get("items", {}), depth + 1) for _ in range(self.draw(st.integers(0, 2)))]
        if kind in ("integer", "number"):
            low, high = schema.get("minimum", -2), schema.get("maximum", 40)
            return self.draw(st.sampled_from([low, high, low - 1, high + 1, 5]))
        if kind == "string":
            length = schema.get("maxLength", 8)
            fitting = [text for text in JUNK if is_text(text) and re.search(schema.get("pattern", "(?!)"), text)]
            if fitting and self.often(3):
                return self.draw(st.sampled_from(fitting))
            return self.draw(st.sampled_from(["abc", "", "x" * length, "x" * (length + 1), *filter(is_text, JUNK)]))
        return {} if not kind else self.draw(st.sampled_from([True, False]))

    def fields(self, schema: Json, depth: int) -> Json:
        known = schema.get("properties", {})
        required = schema.get("required", [])
        names = {name for name in required if self.often(25)}
        if known:
            names |= set(self.draw(st.lists(st.sampled_from(sorted(known)), max_size=4)))
        made = {name: self.value(known.get(name, {}), depth + 1) for name in sorted(names)}
        rest = schema.get("additionalProperties", {})
        if not self.often(3):
            made["other"] = self.value(rest, depth + 1)
        return made


def is_text(value: Any) -> bool:
    return isinstance(value, str)


@st.composite
def bodies(draw: Any, schema: Json) -> Any:
    return Draughtsman(draw, schema.get("$defs", {})).value(schema)


def openapi_core_accepts(operation: Operation, body: Any) -> bool:
    params = dict.fromkeys(operation.parameter_names, ID)
    try:
        found = CONTRACT.arbiter.errors(operation.method, operation.path, params, {}, json.dumps(body).encode())
    except TypeError:  # it trips over a discriminator that is a list or an object
        return False
    return not found


def edge_values(schema: Any, definitions: Json, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every field of a schema with the values at the edges of what its schema demands, field by field."""
    if not isinstance(schema, dict) or len(path) > 2:
        return
    ends = [schema[key] for key in ("minimum", "maximum") if key in schema]
    lengths = [schema[key] for key in ("minLength", "maxLength") if key in schema]
    values = [*schema.get("enum", ()), *(end + step for end in ends for step in (-1, 0, 1))]
    values += ["x" * (length + step) for length in lengths for step in (-1, 0, 1) if length + step >= 0]
    values += [[None] * (schema[key] + 1) for key in ("minItems", "maxItems") if key in schema]
    for value in (*values, *(JUNK if len(path) < 2 else JUNK[::4])):
        yield path, value
    if "$ref" in schema:
        yield from edge_values(definitions[schema["$ref"].removeprefix("#/$defs/")], definitions, path)
    for branch in (*schema.get("allOf", ()), *schema.get("oneOf", ()), *schema.get("anyOf", ())):
        yield from edge_values(branch, definitions, path)
    for name, field in schema.get("properties", {}).items():
        yield from edge_values(field, definitions, (*path, name))


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.name)
def test_they_agree_at_the_edges_of_every_field(operation: Operation) -> None:
    validator = operation.compiled.validator
    assert validator is not None
    schema = schema_of(operation)
    for path, value in edge_values(schema, schema.get("$defs", {})):
        body: Json = {"connection_id": "1", "from": "x", "to": "x", "conversation_id": "x"} if path else value
        holder = body
        for key in path[:-1]:
            holder = holder.setdefault(key, {"id": "x", "role": "user"})
        if path:
            holder[path[-1]] = value
        assert validator.is_valid(body) == openapi_core_accepts(operation, body), (path, value)


@pytest.mark.parametrize("operation", WITH_BODY, ids=lambda operation: operation.name)
def test_the_compiled_check_and_openapi_core_agree(operation: Operation) -> None:
    schema = schema_of(operation)
    validator = operation.compiled.validator
    assert validator is not None
    said: set[bool] = set()

    @settings(max_examples=120, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck), database=None)
    @given(bodies(schema))
    def agree(body: Any) -> None:
        verdict = validator.is_valid(body)
        assert openapi_core_accepts(operation, body) == verdict
        said.add(verdict)

    agree()
    assert said == {True, False}, "the generator draws bodies of one kind only"
