"""The API description compiled: which operation a request is for, and whether the request is as it must be.

Fast yes, precise no: a body that the compiled schema accepts is accepted, in microseconds. Of any other, what is
forgiven is set right (`leniency.py`); what is still not accepted goes to openapi-core, whose verdict and reasons
count (`problems.py`). Nothing is compiled, and no library for it imported, before it is needed.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import unquote

from mockserver.http import leniency
from mockserver.http.documents import Documents, Node, Shape, load_yaml
from mockserver.http.leniency import Forgiven
from mockserver.http.problems import (
    FORMATS,
    Arbiter,
    broken_limits,
    field_rules,
    in_order,
    missing,
    problems,
    unknown,
)
from mockserver.sim.errors import EXPECTED_JSON, MALFORMED_JSON, UNPROCESSABLE, WRONG_TYPE, Json, Raised, Refusal

if TYPE_CHECKING:
    import jsonschema_rs

ANY_TEXT = re.compile(".*", re.DOTALL)
METHODS = ("get", "post", "put", "patch", "delete")
QUERY_TYPES: dict[str, tuple[re.Pattern[str], Callable[[str], Any]]] = {
    "integer": (re.compile(r"[+-]?[0-9]{1,15}"), int),
    "number": (re.compile(r"[+-]?[0-9]{1,15}(\.[0-9]{1,15})?"), float),
    "boolean": (re.compile(r"true|false"), "true".__eq__),
}


@dataclass(frozen=True, slots=True)
class Checked:
    """A request that is accepted: its body (None if the operation has none), its query, what was forgiven."""

    body: Json | None
    query: Json
    forgiven: tuple[Forgiven, ...] = ()


class Found(NamedTuple):
    """The operation that a request is for, and the values in its path."""

    operation: Operation
    path_params: dict[str, str]
    forgiven: tuple[Forgiven, ...] = ()


class WrongMethod(NamedTuple):
    """The path exists, but not for this method."""

    allowed: tuple[str, ...]


@dataclass(frozen=True)
class Operation:
    """One operation of the API. `built` says whether the description has its contract, so that it can be checked."""

    contract: Contract = field(repr=False, compare=False)
    method: str
    path: str
    name: str
    operation_id: str
    built: bool

    @cached_property
    def parameter_names(self) -> tuple[str, ...]:
        """The names in the path's braces."""
        return tuple(re.findall(r"{(\w+)}", self.path))

    @cached_property
    def compiled(self) -> _Compiled:
        """Its contract, made at first use."""
        return _Compiled(self)

    def check(
        self,
        path_params: Mapping[str, str],
        query: Iterable[tuple[str, str]],
        content_type: str | None,
        body: bytes,
    ) -> Checked:
        """The request as the handler may rely on it. Raises `Refusal` with all problems, and nothing else."""
        compiled, forgiven = self.compiled, list[Forgiven]()
        values, texts, raised = compiled.read_query(query, forgiven)
        value, fine = None, compiled.accepts_query(values)
        if compiled.validator is not None:
            value = compiled.read_body(body, content_type, forgiven)
            if not compiled.accepts(value):
                value, fine = compiled.forgive(value, forgiven, raised), False
        if not fine:
            raised += compiled.refused(path_params, values, texts, value)
        if raised:
            raise Refusal.of(in_order(raised, compiled.shape))
        return Checked(value, values, tuple(forgiven))


class _Compiled:
    """What it takes to check requests for one operation."""

    def __init__(self, operation: Operation) -> None:
        self.operation = operation
        self.contract = operation.contract
        documents = self.contract.documents
        item = self.contract.item(operation)
        self.node = documents.child(item, operation.method.lower()) or item
        content = documents.child(self.node, "requestBody", "content", "application/json")
        schema = documents.schema(Node(content.value["schema"], content.file)) if content else {}
        self.body_required = bool(content) and (documents.child(self.node, "requestBody", "required") or (False,))[0]
        self.validator = compile_schema(schema) if content else None
        self.shape = Shape([schema], schema.get("$defs", {}))
        self.rules = field_rules(operation.name, self.shape.fields)
        self.limits = [(name, rule.holds) for name, rule in self.rules.items() if rule.holds is not None]
        self._read_parameters(item)

    def _read_parameters(self, item: Node) -> None:
        documents = self.contract.documents
        properties: Json = {}
        definitions: Json = {}
        required: list[str] = []
        self.query_places: dict[str, tuple[tuple[str, ...], Sequence[str]]] = {}
        for holder in (item, self.node):
            for index in range(len(holder.value.get("parameters", ()))):
                parameter = documents.child(holder, "parameters", index)
                if parameter is None or parameter.value["in"] != "query":
                    continue
                name, schema = (
                    parameter.value["name"],
                    documents.schema(documents.child(parameter, "schema") or parameter),
                )
                properties[name] = schema
                definitions |= schema.pop("$defs", {})
                required += [name] if parameter.value.get("required") else []
                if parameter.value.get("style") == "deepObject":
                    for key, inner in schema.get("properties", {}).items():
                        self.query_places[f"{name}[{key}]"] = ((name, key), inner.get("type", ()))
                else:
                    self.query_places[name] = ((name,), schema.get("type", ()))
        self.query_required = bool(required)
        query = {"type": "object", "properties": properties, "required": required, "$defs": definitions}
        self.query_validator = compile_schema(query) if properties else None

    def read_query(
        self, query: Iterable[tuple[str, str]], forgiven: list[Forgiven]
    ) -> tuple[Json, dict[str, str], list[Raised]]:
        """The parameters with their types, the same as text, and what could not be read."""
        values: Json = {}
        texts: dict[str, str] = {}
        raised: list[Raised] = []
        for name, text in query:
            if name in texts:
                continue  # the first counts, as for openapi-core
            if name not in self.query_places:
                ignored = leniency.unknown_query_parameter(name, self.query_places, self.operation.name)
                if self.contract.strict:
                    raised.append(UNPROCESSABLE.raised(reason=f"The parameter '{name}' is not known.", query=name))
                forgiven.append(ignored)
                continue
            place, types = self.query_places[name]
            kind = next((kind for kind in QUERY_TYPES if kind in types), "")
            pattern, convert = QUERY_TYPES.get(kind, (ANY_TEXT, str))
            if not pattern.fullmatch(text):
                raised.append(WRONG_TYPE.raised(parameter=name, type=kind, query=name))
                continue
            texts[name] = text
            holder = values if len(place) == 1 else values.setdefault(place[0], {})
            holder[place[-1]] = convert(text)
        return values, texts, raised

    def read_body(self, body: bytes, content_type: str | None, forgiven: list[Forgiven]) -> Json:
        """The body's object; a missing one is an empty one."""
        value = leniency.read_body(body, content_type, self.contract.max_body)
        strict, name = self.contract.strict, self.operation.name
        if not body.strip():
            if self.body_required and self.accepts({}):
                if strict:
                    raise Refusal(MALFORMED_JSON, reason="The body is empty; a command without fields is {}.")
                forgiven.append(Forgiven("no-body", "", f"{name}: no body, read as {{}}"))
        elif not content_type:
            if strict:
                raise Refusal(EXPECTED_JSON)
            forgiven.append(Forgiven("no-content-type", "", f"{name}: no Content-Type, read as application/json"))
        return value

    def accepts_query(self, values: Json) -> bool:
        """The fast yes to a query."""
        if not values and not self.query_required:
            return True
        return self.query_validator is None or self.query_validator.is_valid(values)

    def accepts(self, value: Json) -> bool:
        """The fast yes to a body."""
        assert self.validator is not None
        return self.validator.is_valid(value) and self.shape.tidy(value) and not self._beyond(value)

    def forgive(self, value: Json, forgiven: list[Forgiven], raised: list[Raised]) -> Json:
        """The body with what is forgiven set right; what is not forgiven goes to `raised`."""
        assert self.validator is not None
        name = self.operation.name
        if self.contract.strict:
            raised += [unknown(tuple(path)) for path in leniency.unknown_fields(self.shape, value)]
        else:
            value, more = leniency.without_unknown_fields(self.shape, value, name)
            forgiven += more
            while not self.validator.is_valid(value):
                failures = self.validator.iter_errors(value)
                value, more = leniency.with_plain_meaning(self.shape, value, failures, name)
                forgiven += more
                if not more:
                    break
        raised += [missing(tuple(path)) for path in leniency.blank_texts(self.shape, value)]
        return value

    def refused(
        self, path_params: Mapping[str, str], values: Json, texts: Mapping[str, str], value: Json | None
    ) -> list[Raised]:
        """The precise no: openapi-core's reasons, if a compiled check does not accept; then our limits."""
        raised: list[Raised] = []
        if not self.accepts_query(values) or not (self.validator is None or self.validator.is_valid(value)):
            body = None if value is None else json.dumps(value).encode()
            operation = self.operation
            try:
                found = self.contract.arbiter.errors(operation.method, operation.path, path_params, texts, body)
            except TypeError:
                raised += self._own_reason(value)
            else:
                raised += problems(found, self.rules, self.shape, value)
        if value is not None:
            blamed = {one.pointer for one in raised}
            fine = {name: rule for name, rule in self.rules.items() if "/" + name not in blamed}
            raised += broken_limits(fine, value)
        return raised

    def _own_reason(self, value: Any) -> list[Raised]:
        # openapi-core looks a discriminator's value up in a dict, which fails if the value is a list or an object
        assert self.validator is not None
        failure = next(iter(self.validator.iter_errors(value)))
        at = leniency.pointer(failure.instance_path) or "/"
        return [UNPROCESSABLE.raised(reason=failure.message, at=at)]

    def _beyond(self, value: Json) -> bool:
        return any(not holds(value[name]) for name, holds in self.limits if name in value)


class _Branch:
    """A place in the tree of paths."""

    def __init__(self) -> None:
        self.segments: dict[str, _Branch] = {}
        self.parameter: _Branch | None = None
        self.operations: dict[str, Operation] = {}

    def grow(self, segments: Sequence[str]) -> _Branch:
        """The place for a path, made if it is new."""
        if not segments:
            return self
        if segments[0].startswith("{"):
            self.parameter = self.parameter or _Branch()
            return self.parameter.grow(segments[1:])
        return self.segments.setdefault(segments[0], _Branch()).grow(segments[1:])

    def find(self, segments: Sequence[str], values: tuple[str, ...] = ()) -> tuple[_Branch, tuple[str, ...]] | None:
        """The place of a request's path, and the values in it; a literal segment goes before a parameter."""
        if not segments:
            return (self, values) if self.operations else None
        first, rest = segments[0], segments[1:]
        if first in self.segments and (found := self.segments[first].find(rest, values)):
            return found
        return self.parameter.find(rest, (*values, first)) if self.parameter and first else None


class Contract:
    """An API description, and the operations that are only known by name.

    `root` is its root file; with a list `x-operations` in it no other file is read at start. `unbuilt` is a file
    whose `operations` are listed by method, path and name. With `strict` nothing is forgiven.
    """

    def __init__(
        self, root: Path, unbuilt: Path | None = None, *, strict: bool = False, max_body: int = leniency.MAX_BODY
    ) -> None:
        self.documents = Documents(root)
        self.strict = strict
        self.max_body = max_body
        rows = self.documents.root.value.get("x-operations") or self._rows()
        self.operations: tuple[Operation, ...] = tuple(self._operation(row, True) for row in rows)
        if unbuilt is not None:
            self.operations += tuple(self._operation(row, False) for row in load_yaml(unbuilt)["operations"])
        self._tree = _Branch()
        for operation in self.operations:
            self._tree.grow(operation.path.split("/")[1:]).operations[operation.method] = operation
        self._validators: dict[object, jsonschema_rs.Draft202012Validator | None] = {}

    @cached_property
    def arbiter(self) -> Arbiter:
        """openapi-core, imported at the first doubtful request."""
        return Arbiter(self.documents)

    @property
    def events(self) -> tuple[str, ...]:
        """The types of the events that the description has."""
        return tuple(self.documents.root.value.get("webhooks", ()))

    def find(self, method: str, path: str) -> Found | WrongMethod | None:
        """The operation for a method and a path as it was sent, still percent-encoded, without the query."""
        forgiven: list[Forgiven] = []
        if len(path) > 1 and path.endswith("/") and not self.strict:
            path = path[:-1]
            forgiven.append(Forgiven("trailing-slash", path, f"the slash at the end of {path}/ was ignored"))
        segments = path.split("/")[1:]
        escaped = "%" in path
        found = self._tree.find([unquote(segment) for segment in segments] if escaped else segments)
        if found is None:
            return None
        branch, values = found
        operation = branch.operations.get(method.upper())
        if operation is None:
            return WrongMethod(tuple(sorted(branch.operations)))
        if escaped and "%3a" in path.lower():
            text = f"{operation.name}: the id needs no percent-encoding in {path}"
            forgiven.append(Forgiven("percent-encoded-id", path, text))
        return Found(operation, dict(zip(operation.parameter_names, values, strict=True)), tuple(forgiven))

    def operation(self, name: str) -> Operation:
        """The operation of a name or operation id. Raises `KeyError`."""
        for operation in self.operations:
            if name in (operation.name, operation.operation_id):
                return operation
        raise KeyError(name)

    def response_errors(self, operation: Operation, status: int, body: Any) -> list[str]:
        """What is wrong with a response, for tests: `/data/result: "no" is not one of ...`; nothing if it is right."""
        responses = self.documents.child(operation.compiled.node, "responses")
        keys = (str(status), f"{status // 100}XX", "default")
        key = next((key for key in keys if responses is not None and key in responses), None)
        if responses is None or key is None:
            return [f"{operation.name} has no response {status}"]
        response = self.documents.child(responses, key)
        return self._errors((operation.name, key), response, body)

    def webhook_errors(self, event_type: str, body: Any) -> list[str]:
        """What is wrong with a webhook's whole body (`data` and `meta`), for tests; nothing if it is right."""
        webhook = self.documents.child(self.documents.root, "webhooks", event_type, "post", "requestBody")
        if webhook is None:
            return [f"there is no event {event_type}"]
        return self._errors(event_type, webhook, body)

    def item(self, operation: Operation) -> Node:
        """The path item that an operation is in."""
        item = self.documents.child(self.documents.root, "paths", operation.path)
        if item is None:
            raise ValueError(f"{self.documents.root_file}: no path {operation.path}")
        return item

    def _errors(self, key: object, holder: Node | None, body: Any) -> list[str]:
        if key not in self._validators:
            media = holder and self.documents.child(holder, "content", "application/json")
            schema = self.documents.schema(Node(media.value["schema"], media.file)) if media else None
            self._validators[key] = compile_schema(schema) if schema is not None else None
        validator = self._validators[key]
        if validator is None:
            return [] if body in (None, b"", "") else ["there must be no body"]
        return [f"{leniency.pointer(one.instance_path) or '/'}: {one.message}" for one in validator.iter_errors(body)]

    def _operation(self, row: Json, built: bool) -> Operation:
        name = row.get("name") or row["operation_id"]
        return Operation(self, row["method"].upper(), row["path"], name, row.get("operation_id") or name, built)

    def _rows(self) -> list[Json]:
        """The operations of a description that does not list them: all its files are read."""
        rows = []
        for path in self.documents.root.value.get("paths", ()):
            item = self.documents.child(self.documents.root, "paths", path)
            for method in METHODS:
                if item is not None and method in item:
                    rows.append({"method": method, "path": path, "operation_id": item.value[method]["operationId"]})
        return rows


def compile_schema(schema: Json) -> jsonschema_rs.Draft202012Validator:
    """A schema as a compiled validator, with the formats that openapi-core is given too."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, formats=FORMATS, ignore_unknown_formats=True
    )
