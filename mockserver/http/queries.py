"""The query of a request: parameters with their types, filters and pages in brackets, and what is wrong with them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from mockserver.http import leniency
from mockserver.http.documents import Documents, Node
from mockserver.http.leniency import Forgiven
from mockserver.http.schemas import compile_schema
from mockserver.sim.errors import INVALID_FILTER, UNPROCESSABLE, WRONG_TYPE, Json, Raised

ANY_TEXT = re.compile(".*", re.DOTALL)
PAGES = ("page[number]", "page[size]")
TYPES: dict[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "integer": (re.compile(r"[+-]?[0-9]{1,15}"), int),
    "number": (re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?"), float),
    "boolean": (re.compile(r"true|false"), "true".__eq__),
}

Place = tuple[str, ...]


class Query:
    """The query that an operation takes. `holders` are those with a list `parameters`: path item and operation."""

    def __init__(self, documents: Documents, holders: Sequence[Node], command: str, strict: bool, exact: bool) -> None:
        self._command = command
        self._strict, self._exact = strict, exact
        self._places: dict[str, tuple[Place, Sequence[str]]] = {}
        properties: Json = {}
        definitions: Json = {}
        required: list[str] = []
        for parameter in _parameters(documents, holders):
            name = parameter.value["name"]
            schema = documents.schema(documents.child(parameter, "schema") or parameter)
            properties[name] = schema
            definitions |= schema.pop("$defs", {})
            required += [name] if parameter.value.get("required") else []
            places: dict[str, tuple[Place, Json]] = {name: ((name,), schema)}
            if parameter.value.get("style") == "deepObject":
                places = _below(name, (name,), schema, definitions)
            for full, (place, inner) in places.items():
                self._places[full] = (place, _resolved(inner, definitions).get("type", ()))
        self._required = bool(required)
        self._has_filters = "filter" in properties
        whole = {"type": "object", "properties": properties, "required": required, "$defs": definitions}
        self.validator = compile_schema(whole) if properties else None

    def read(
        self, query: Iterable[tuple[str, str]], forgiven: list[Forgiven]
    ) -> tuple[Json, dict[str, str], list[Raised]]:
        """The parameters with their types, the same as text, and what could not be read."""
        values: Json = {}
        texts: dict[str, str] = {}
        raised: list[Raised] = []
        for name, text in query:
            if name in texts:
                continue  # the first counts, as for openapi-core
            if name not in self._places:
                raised += self._unknown(name, forgiven)
                continue
            place, types = self._places[name]
            kind = next((kind for kind in TYPES if kind in types), "")
            pattern, convert = TYPES.get(kind, (ANY_TEXT, str))
            if not pattern.fullmatch(text):
                raised.append(WRONG_TYPE.raised(parameter=name, type=kind, query=name))
                continue
            value = convert(text)
            if name in PAGES and value < 1 and not self._strict:
                forgiven.append(leniency.page_below_one(name, text, self._command))
                continue
            texts[name] = text
            holder = values
            for key in place[:-1]:
                holder = holder.setdefault(key, {})
            holder[place[-1]] = value
        return values, texts, raised

    def accepts(self, values: Json) -> bool:
        """The fast yes to a query."""
        if not values and not self._required:
            return True
        return self.validator is None or self.validator.is_valid(values)

    def bad_filters(self, values: Json) -> list[Raised]:
        """The filters whose value is not as it must be; openapi-core does not look into those with two brackets."""
        if "filter" not in values or self.validator is None or self.accepts(values):
            return []
        paths = [failure.instance_path for failure in self.validator.iter_errors(values)]
        names = ["filter" + "".join(f"[{key}]" for key in path[1:]) for path in paths if path[:1] == ["filter"]]
        return [INVALID_FILTER.raised(parameter=name, query=name) for name in dict.fromkeys(names)]

    def _unknown(self, name: str, forgiven: list[Forgiven]) -> list[Raised]:
        """An unknown filter is refused, documented; any other unknown parameter is forgiven."""
        if self._has_filters and name.startswith("filter["):
            return [INVALID_FILTER.raised(parameter=name, query=name)]
        forgiven.append(leniency.unknown_query_parameter(name, self._places, self._command))
        if not (self._strict or self._exact):
            return []
        return [UNPROCESSABLE.raised(reason=f"The parameter '{name}' is not known.", query=name)]


def _parameters(documents: Documents, holders: Sequence[Node]) -> Iterable[Node]:
    for holder in holders:
        for index in range(len(holder.value.get("parameters", ()))):
            parameter = documents.child(holder, "parameters", index)
            if parameter is not None and parameter.value["in"] == "query":
                yield parameter


def _below(name: str, place: Place, schema: Json, definitions: Json) -> dict[str, tuple[Place, Json]]:
    """The parameters of an object in brackets, at any depth: `filter[created_at][gte]`; their places and schemas."""
    found: dict[str, tuple[Place, Json]] = {}
    for key, inner in _resolved(schema, definitions).get("properties", {}).items():
        full, deeper = f"{name}[{key}]", (*place, key)
        found |= _below(full, deeper, inner, definitions) or {full: (deeper, inner)}
    return found


def _resolved(schema: Json, definitions: Json) -> Json:
    """A schema, or what it refers to."""
    while "$ref" in schema:
        schema = definitions[schema["$ref"].removeprefix("#/$defs/")]
    return schema
