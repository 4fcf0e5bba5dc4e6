"""Answers that are made up from the contract: valid, typed, and the same for the same request path.

A value is taken from what the schema says of itself (`const`, an example, a default, the first of an `enum`), else made
from its type and format. What the request says of itself comes back: ids of the path, fields of the body. What comes
out is held against the schema once more, and an optional field that does not pass is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mockserver.http.documents import Documents, Node
from mockserver.http.schemas import compile_schema

if TYPE_CHECKING:
    from mockserver.http.contract import Operation

MOST_DEPTH = 8
"""How deep optional fields are filled in; a description may lead back to itself."""

MOMENT = "2026-01-01T00:00:00.000000Z"

TEXTS: Mapping[str, str] = {
    "date": "2026-01-01",
    "date-time": MOMENT,
    "duration": "PT1M",
    "email": "somebody@example.com",
    "hostname": "host.example",
    "ipv4": "192.0.2.1",
    "ipv6": "2001:db8::1",
    "json-pointer": "/data",
    "time": "12:00:00Z",
    "uri": "https://example.com/",
    "url": "https://example.com/",
}
"""A text for each format that has a fixed one."""

PATTERNS: Mapping[str, str] = {"^wss?://": "wss://example.com/"}


@dataclass(slots=True)
class MadeUp:
    """What an operation answers when nothing is known that it could answer truly."""

    documents: Documents
    _cases: dict[str, _Case] = field(default_factory=dict)

    def answer(self, operation: Operation, path_params: Mapping[str, str], body: Any) -> tuple[int, Any]:
        """The status and the body of a success; None is no body."""
        case = self._cases.get(operation.name)
        if case is None:
            case = self._cases[operation.name] = _Case.of(self.documents, operation)
        if case.schema is None:
            return case.status, None
        about = "|".join((operation.name, *(f"{name}={path_params[name]}" for name in sorted(path_params))))
        made = _Maker(self.documents, about, case.example).value(case.schema, "")
        known = _known(made)
        if known is not None:
            echo(known, path_params, body)
        return case.status, case.tidied(made)


@dataclass(slots=True)
class _Case:
    """The success of one operation: its status, the schema of its body and the example that the description has of it,
    and how a value is held against it."""

    status: int
    schema: Node | None
    example: Any = None
    validator: Any = None

    @classmethod
    def of(cls, documents: Documents, operation: Operation) -> _Case:
        responses = documents.child(operation.compiled.node, "responses")
        keys = [] if responses is None else [str(key) for key in responses.value]
        key = min((key for key in keys if key[:1] == "2"), default="default" if "default" in keys else "200")
        status = int(key) if key.isdecimal() else 200
        response = responses and documents.child(responses, key)
        content = response and documents.child(response, "content")
        media = next((name for name in (content.value if content else ()) if "json" in name), None)
        schema = documents.child(content, media, "schema") if content and media else None
        if content is None or schema is None:
            return cls(status, None)
        return cls(status, schema, _example(documents, content, str(media)), compile_schema(documents.schema(schema)))

    def tidied(self, made: Any) -> Any:
        """The value without the optional fields that do not pass."""
        for _ in range(50):
            failure = next(iter(self.validator.iter_errors(made)), None) if self.validator else None
            path = list(failure.instance_path) if failure is not None else []
            if not path:
                break
            holder = made
            for key in path[:-1]:
                holder = holder[key]
            del holder[path[-1]]
        return made


def _example(documents: Documents, content: Node, media: str) -> Any:
    """The first example that stands beside a schema, or None."""
    single = documents.child(content, media, "example")
    several = documents.child(content, media, "examples")
    first = next(iter(several.value), None) if several and isinstance(several.value, dict) else None
    found = single or (several and first and documents.child(several, first, "value"))
    return found.value if found else None


def echo(known: dict[str, Any], path_params: Mapping[str, str], body: Any) -> None:
    """Let an answer tell what its request has told: ids of the path, and fields of the body of the same type."""
    told = {**body, **path_params} if isinstance(body, dict) else dict(path_params)
    if path_params:
        told.setdefault("id", list(path_params.values())[-1])
    for name, value in told.items():
        if name in known and type(known[name]) is type(value) and name not in ("data", "meta"):
            known[name] = value


def _known(made: Any) -> dict[str, Any] | None:
    """The object that an answer is about: its `data`, or the whole of it."""
    inner = made.get("data", made) if isinstance(made, dict) else None
    return inner if isinstance(inner, dict) else None


@dataclass(slots=True)
class _Maker:
    """Makes values; they depend on their place and on `about`. `example` is an answer that the description has."""

    documents: Documents
    about: str
    example: Any = None

    def value(self, node: Node, place: str, depth: int = 0) -> Any:
        """A value for a schema."""
        node = self.documents.follow(node)
        schema, file = node
        if not isinstance(schema, dict):
            return {}
        told, value = self._told(schema)
        if told:
            return value
        if "allOf" in schema:
            return self._all_of(node, place, depth)
        for union in ("oneOf", "anyOf"):
            if schema.get(union):
                return self._one_of(node, union, place, depth)
        return self._of_type(schema, file, place, depth)

    def _told(self, schema: dict[str, Any]) -> tuple[bool, Any]:
        """What the schema itself gives as a value."""
        if "const" in schema:
            return True, schema["const"]
        kind = _kind(schema)
        for name in ("example", "default"):
            if _is(kind, schema.get(name)) and schema[name] in schema.get("enum", (schema[name],)):
                return True, schema[name]
        examples = schema.get("examples")
        if isinstance(examples, list) and examples and _is(kind, examples[0]):
            return True, examples[0]
        values = [value for value in schema.get("enum", ()) if value is not None]
        return (True, values[0]) if values else (False, None)

    def _all_of(self, node: Node, place: str, depth: int) -> Any:
        schema, file = node
        parts = [self.value(Node(part, file), place, depth) for part in schema["allOf"]]
        if "properties" in schema:
            parts.append(self._object(schema, file, place, depth))
        objects = [part for part in parts if isinstance(part, dict)]
        if not objects:
            return parts[0]
        merged: dict[str, Any] = {}
        for part in objects:
            for name, value in part.items():
                both = isinstance(value, dict) and isinstance(merged.get(name), dict)
                merged[name] = {**merged[name], **value} if both else value
        return merged

    def _one_of(self, node: Node, union: str, place: str, depth: int) -> Any:
        schema, file = node
        branches = [Node(branch, file) for branch in schema[union]]
        chosen = next(
            (branch for branch in branches if _kind(self.documents.follow(branch).value) != "null"), branches[0]
        )
        made = self.value(chosen, place, depth)
        if "properties" in schema and isinstance(made, dict):
            made = {**self._object(schema, file, place, depth), **made}
        rule = schema.get("discriminator")
        if isinstance(rule, dict) and isinstance(made, dict) and "$ref" in chosen.value:
            names = {target: name for name, target in (rule.get("mapping") or {}).items()}
            made[rule["propertyName"]] = names.get(chosen.value["$ref"], chosen.value["$ref"].rpartition("/")[2])
        return made

    def _of_type(self, schema: dict[str, Any], file: Path, place: str, depth: int) -> Any:
        match _kind(schema):
            case "object":
                return self._object(schema, file, place, depth)
            case "array":
                if depth > MOST_DEPTH or "items" not in schema:
                    return []
                count = max(1, schema.get("minItems", 1))
                return [self.value(Node(schema["items"], file), f"{place}/{i}", depth + 1) for i in range(count)]
            case "integer":
                return _number(schema)
            case "number":
                return float(_number(schema))
            case "boolean":
                return True
            case "null":
                return None
            case "string":
                return self._text(schema, place)
        return {}

    def _object(self, schema: dict[str, Any], file: Path, place: str, depth: int) -> dict[str, Any]:
        required = set(schema.get("required", ()))
        return {
            name: self.value(Node(part, file), f"{place}/{name}", depth + 1)
            for name, part in schema.get("properties", {}).items()
            if depth < (2 * MOST_DEPTH if name in required else MOST_DEPTH)
        }

    def _text(self, schema: dict[str, Any], place: str) -> str:
        kind = schema.get("format", "")
        digest = sha256(f"{self.about}{place}".encode()).hexdigest()
        if kind == "uuid":
            return f"{digest[:8]}-{digest[8:12]}-4{digest[13:16]}-a{digest[17:20]}-{digest[20:32]}"
        text = TEXTS.get(kind) or PATTERNS.get(schema.get("pattern", "")) or self._shown(place)
        text = text if len(text) >= schema.get("minLength", 0) else digest.ljust(schema["minLength"], "0")
        return text[: schema.get("maxLength", len(text))]

    def _shown(self, place: str) -> str:
        """The text that the example has at a place, else the name of the field."""
        found = self.example
        for key in place.split("/")[1:]:
            if isinstance(found, list):
                found = found[0] if found else None
            else:
                found = found.get(key) if isinstance(found, dict) else None
        return found if isinstance(found, str) and found else place.rpartition("/")[2] or "text"


KINDS: Mapping[str, tuple[type, ...]] = {
    "array": (list,),
    "boolean": (bool,),
    "integer": (int,),
    "number": (int, float),
    "object": (dict,),
    "string": (str,),
}


def _kind(schema: Any) -> str:
    """The type of a schema; of several, the first that is not null. Without one, what its keywords suggest."""
    if not isinstance(schema, dict):
        return ""
    kinds = schema.get("type", ())
    kinds = [kinds] if isinstance(kinds, str) else list(kinds)
    found = next((kind for kind in kinds if kind != "null"), kinds[0] if kinds else "")
    if found:
        return str(found)
    return "object" if "properties" in schema else "array" if "items" in schema else ""


def _is(kind: str, value: Any) -> bool:
    """Is a value of a kind, and something at all?"""
    if value is None or (isinstance(value, bool) and kind != "boolean"):
        return False
    return isinstance(value, KINDS.get(kind, (object,)))


def _number(schema: dict[str, Any]) -> int:
    low, high = schema.get("minimum"), schema.get("maximum")
    number = 1 if low is None else int(low)
    if schema.get("exclusiveMinimum") is not None and number <= int(schema["exclusiveMinimum"]):
        number = int(schema["exclusiveMinimum"]) + 1
    return number if high is None or number <= high else int(high)
