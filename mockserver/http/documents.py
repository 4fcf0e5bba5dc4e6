"""The API description as files: read when first needed, and a schema of it as one self-contained piece.

References across files (`../shared/voices.yaml#/Voice`) are followed by the file they stand in. What comes
out is plain JSON Schema 2020-12: references gathered in `$defs`, annotations dropped, and OpenAPI's
`discriminator` turned into a condition, so that a validator that does not know it decides as one that does.
"""

from __future__ import annotations

import gc
import json
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import sha256
from os import getpid
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from mockserver.sim.errors import Json

ONE_SCHEMA = frozenset(
    {"additionalProperties", "contains", "else", "if", "items", "not", "propertyNames", "then"}
    | {"unevaluatedItems", "unevaluatedProperties"}
)
LISTS_OF_SCHEMAS = frozenset({"allOf", "anyOf", "oneOf", "prefixItems"})
MAPS_OF_SCHEMAS = frozenset({"dependentSchemas", "patternProperties", "properties"})
ANNOTATIONS = frozenset(
    {"$comment", "$defs", "default", "deprecated", "description", "discriminator", "example", "examples"}
    | {"externalDocs", "readOnly", "title", "writeOnly", "xml"}
)
FORMATS = ("date", "date-time", "json-pointer", "uri", "uuid")
"""The formats whose meaning `compiled` and openapi-core share; others are not checked."""


class Node(NamedTuple):
    """A piece of a document, and the file that its references are relative to."""

    value: Any
    file: Path

    def __contains__(self, key: object) -> bool:
        return isinstance(self.value, dict) and key in self.value


class Documents:
    """The files of one API description, each read once."""

    def __init__(self, root: Path, read: Callable[[Path], Any] | None = None) -> None:
        self.root_file = root.resolve()
        self._read = read or load_yaml
        self._files: dict[Path, Any] = {}

    @property
    def root(self) -> Node:
        """The whole root file."""
        return Node(self.load(self.root_file), self.root_file)

    def load(self, file: Path) -> Any:
        """The content of a file."""
        if file not in self._files:
            self._files[file] = self._read(file)
        return self._files[file]

    def load_uri(self, uri: str) -> Any:
        """The content of a `file:` address; for libraries that follow references themselves."""
        return self.load(Path(unquote(urlsplit(uri).path)).resolve())

    def target(self, node: Node) -> tuple[Path, str]:
        """Where the reference of a node points to: a file and a JSON pointer inside it."""
        file, _, pointer = str(node.value["$ref"]).partition("#")
        return ((node.file.parent / unquote(file)).resolve() if file else node.file), pointer

    def follow(self, node: Node) -> Node:
        """What a node stands for, through references; itself if it is none."""
        seen = 0
        while "$ref" in node:
            file, pointer = self.target(node)
            node = self.at(file, pointer)
            seen += 1
            if seen > 100:
                raise ValueError(f"{file}: a reference leads back to itself: {pointer}")
        return node

    def child(self, node: Node, *keys: str | int) -> Node | None:
        """The piece under `keys`, following references on the way; None if there is none."""
        node = self.follow(node)
        for key in keys:
            try:
                node = self.follow(Node(node.value[key], node.file))
            except (KeyError, IndexError, TypeError):
                return None
        return node

    def schema(self, node: Node) -> Json:
        """A schema as one self-contained JSON Schema."""
        flat = _Flattened(self)
        schema = flat.schema(node)
        return schema if not flat.definitions else {**schema, "$defs": flat.definitions}

    def at(self, file: Path, pointer: str) -> Node:
        """The piece of a file at a JSON pointer."""
        value = self.load(file)
        for part in pointer.split("/")[1:]:
            key = unquote(part).replace("~1", "/").replace("~0", "~")
            try:
                value = value[int(key) if isinstance(value, list) else key]
            except (KeyError, IndexError, ValueError, TypeError):
                raise ValueError(f"{file}: there is nothing at #{pointer}") from None
        return Node(value, file)


class _Flattened:
    """The definitions that one schema needs; each is made once, so that cycles end."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self.definitions: dict[str, Any] = {}
        self._names: dict[tuple[Path, str], str] = {}

    def schema(self, node: Node) -> Any:
        """A schema whose references point into `definitions`."""
        value, file = node
        if not isinstance(value, dict):  # `true` and `false` are schemas
            return value
        made: Json = {}
        for key, part in value.items():
            if key in ONE_SCHEMA:
                made[key] = self.schema(Node(part, file))
            elif key in LISTS_OF_SCHEMAS:
                made[key] = [self.schema(Node(one, file)) for one in part]
            elif key in MAPS_OF_SCHEMAS:
                made[key] = {name: self.schema(Node(one, file)) for name, one in part.items()}
            elif key == "$ref":
                made[key] = self.reference(node)
            elif key not in ANNOTATIONS and not (key == "format" and part not in FORMATS):
                made[key] = part
        if value.get("nullable") is True or isinstance(
            value.get("exclusiveMinimum", value.get("exclusiveMaximum")), bool
        ):
            made = _of_3_0(made)
        return self.choice(made, node) if "discriminator" in value else made

    def reference(self, node: Node) -> str:
        """The address of what a node refers to; it is made if it is new."""
        target = file, pointer = self.documents.target(node)
        if target not in self._names:
            name = file.stem + pointer.replace("/", ".")
            self._names[target] = name if name not in self.definitions else f"{name}-{len(self._names)}"
            self.definitions[self._names[target]] = {}  # its place, while it is being made
            self.definitions[self._names[target]] = self.schema(self.documents.at(file, pointer))
        return f"#/$defs/{self._names[target]}"

    def choice(self, made: Json, node: Node) -> Json:
        """`discriminator` as a condition: the branch that the property names is what counts, and no other.

        openapi-core reads it like that too: the property is required, and so is a value that is mapped.
        """
        union = next((key for key in ("oneOf", "anyOf", "allOf") if key in made), None)
        if union is None:  # a base that others build on: nothing to choose from
            return made
        rule = node.value["discriminator"]
        name = rule["propertyName"]
        references = [str(branch["$ref"]) for branch in node.value[union] if "$ref" in branch]
        mapping = rule.get("mapping") or {ref.rpartition("/")[2]: ref for ref in references}
        branches = [
            {
                "if": {"properties": {name: {"const": value}}, "required": [name]},
                "then": {"$ref": self.reference(Node({"$ref": ref}, node.file))},
            }
            for value, ref in mapping.items()
        ]
        del made[union]
        known = {"enum": sorted(mapping)}
        chosen = {"type": "object", "required": [name], "properties": {name: known}, "allOf": branches}
        return {**made, "allOf": [*made.get("allOf", ()), chosen]}


def _of_3_0(schema: Json) -> Json:
    """A schema in the words of OpenAPI 3.0 in those of JSON Schema: `nullable`, and bounds that are exclusive."""
    made = {key: value for key, value in schema.items() if key != "nullable"}
    for exclusive, bound in (("exclusiveMinimum", "minimum"), ("exclusiveMaximum", "maximum")):
        if isinstance(made.get(exclusive), bool) and made.pop(exclusive) and bound in made:
            made[exclusive] = made.pop(bound)
    return {"anyOf": [made, {"type": "null"}]} if schema.get("nullable") is True else made


def load_yaml(file: Path) -> Any:
    """A YAML file's content, by the C loader where there is one (7 times faster)."""
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    with file.open("rb") as stream:
        return yaml.load(stream, loader)


def load_cached(file: Path, cache: Path | None) -> Any:
    """The content of a large YAML or JSON file as plain JSON; what was parsed once is kept in the folder `cache`.

    What stands there is named by the content of the file, so it is never out of date; a cache that cannot be read or
    written changes nothing but the time.
    """
    content = file.read_bytes()
    if file.suffix == ".json":
        return json.loads(content)
    kept = cache / f"{sha256(content).hexdigest()}.json" if cache is not None else None
    if kept is not None:
        try:
            return json.loads(kept.read_bytes())
        except (OSError, ValueError):
            pass
    text = json.dumps(_plain_yaml(content))
    if kept is not None:
        with suppress(OSError):
            kept.parent.mkdir(parents=True, exist_ok=True)
            part = kept.with_suffix(f".{getpid()}")
            part.write_text(text, encoding="utf-8")
            part.replace(kept)
    return json.loads(text)


def _plain_yaml(content: bytes) -> Any:
    """YAML without dates, which JSON does not have: they stay the text that they are."""
    import yaml

    base = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    resolvers = {
        first: [(tag, pattern) for tag, pattern in found if tag != "tag:yaml.org,2002:timestamp"]
        for first, found in base.yaml_implicit_resolvers.items()
    }
    loader = type("Loader", (base,), {"yaml_implicit_resolvers": resolvers})
    was_on = gc.isenabled()
    gc.disable()  # a million small objects come and all stay: looking for garbage meanwhile takes longer than parsing
    try:
        return yaml.load(content, loader)
    finally:
        if was_on:
            gc.enable()


class Shape:
    """Which fields a value may have, all branches of its schema taken together.

    It sees an unknown field, or a blank text where one is required, without asking a validator. `open`
    objects take any field.
    """

    def __init__(self, schemas: list[Any], definitions: Json) -> None:
        self.fields: dict[str, list[Any]] = {}
        self.required: dict[str, None] = {}
        self.open = False
        self._closed = False
        self._definitions = definitions
        self._items: list[Any] = []
        self._rest: list[Any] = []
        self._conditions: list[tuple[str, str, Json]] = []
        self._cache: dict[object, Shape] = {}
        for schema in schemas:
            self._take(schema)
        if not (self.fields or self._conditions or self._closed):
            self.open = True
        self.texts = tuple(name for name in self.required if self._is_text(name))
        self.nested = frozenset(name for name in self.fields if self._holds_objects(self.fields[name]))

    def at(self, key: str | int) -> Shape:
        """The shape of a field, or of a list's elements."""
        if key not in self._cache:
            schemas = self._items if isinstance(key, int) else self.fields.get(key, self._rest)
            self._cache[key] = Shape(schemas, self._definitions)
        return self._cache[key]

    def of(self, value: Json) -> Shape:
        """The shape of this very object: with the fields of the branch that it chooses."""
        if not self._conditions:
            return self
        chosen = tuple(i for i, (name, const, _) in enumerate(self._conditions) if value.get(name) == const)
        if chosen not in self._cache:
            shape = Shape([self._conditions[i][2] for i in chosen], self._definitions)
            shape.fields = {**self.fields, **shape.fields}
            shape.nested |= self.nested
            shape.required = self.required | shape.required
            shape.texts = tuple(dict.fromkeys(self.texts + shape.texts))
            shape.open = self.open or shape.open or not chosen
            self._cache[chosen] = shape
        return self._cache[chosen].of(value)

    def tidy(self, value: Any) -> bool:
        """Is there no unknown field in it, and no blank text that is required?"""
        if isinstance(value, list):
            element_shape = self.at(0)
            return all(element_shape.tidy(element) for element in value)
        if not isinstance(value, dict):
            return True
        shape = self.of(value) if self._conditions else self
        if not (shape.open or value.keys() <= shape.fields.keys()):
            return False
        for name in shape.texts:
            if isinstance(text := value.get(name), str) and not text.strip():
                return False
        names = value if shape._rest else shape.nested
        for name in names:
            if name in value and isinstance(inner := value[name], dict | list) and not shape.at(name).tidy(inner):
                return False
        return True

    def _resolve(self, schema: Any) -> list[Json]:
        """A schema and what it refers to."""
        if not isinstance(schema, dict):
            return []
        ref = schema.get("$ref")
        return [schema, *(self._resolve(self._definitions[ref.removeprefix("#/$defs/")]) if ref else ())]

    def _take(self, schema: Any) -> None:
        for one in self._resolve(schema):
            for name, field in one.get("properties", {}).items():
                self.fields.setdefault(name, []).append(field)
            self.required |= dict.fromkeys(one.get("required", ()))
            for branch in (*one.get("allOf", ()), *one.get("oneOf", ()), *one.get("anyOf", ())):
                if branch.keys() != {"required"}:  # which of several is there is no matter of any one of them
                    self._take(branch)
            if "if" in one:
                ((name, value),) = one["if"]["properties"].items()
                self._conditions.append((name, value["const"], one["then"]))
            if "items" in one:
                self._items.append(one["items"])
            rest = one.get("additionalProperties")
            self._closed |= rest is False
            self.open |= rest is True or isinstance(rest, dict)
            self._rest += [rest] if isinstance(rest, dict) else []

    def within(self, value: Any, path: Sequence[str | int]) -> Shape:
        """The shape of the object or list that a place in `value` is in."""
        shape = self
        for key in path[:-1]:
            shape = (shape.of(value) if isinstance(value, dict) else shape).at(key)
            value = value[key]
        return shape.of(value) if isinstance(value, dict) else shape

    def _is_text(self, name: str) -> bool:
        types = [one.get("type", ()) for field in self.fields.get(name, ()) for one in self._resolve(field)]
        return any(kind == "string" or "string" in kind for kind in types if not isinstance(kind, dict))

    def _holds_objects(self, schemas: list[Any]) -> bool:
        parts = [one for schema in schemas for one in self._resolve(schema)]
        keys = {"properties", "items", "additionalProperties", "allOf", "anyOf", "oneOf"}
        return any(keys & part.keys() for part in parts)
