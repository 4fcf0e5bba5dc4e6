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
    Arbiter,
    broken_limits,
    field_rules,
    in_order,
    missing,
    problems,
    unknown,
)
from mockserver.http.queries import Query
from mockserver.http.schemas import compile_schema
from mockserver.sim.errors import (
    EXPECTED_JSON,
    MALFORMED_JSON,
    UNPROCESSABLE,
    Json,
    Raised,
    Refusal,
)

if TYPE_CHECKING:
    import jsonschema_rs

METHODS = ("get", "post", "put", "patch", "delete")


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
        return tuple(re.findall(r"{([^/}]+)}", self.path))

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
        values, texts, raised = compiled.query.read(query, forgiven)
        value, fine = None, compiled.query.accepts(values)
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
        self.rules = {} if self.contract.plain else field_rules(operation.name, self.shape.fields)
        self.limits = [(name, rule.holds) for name, rule in self.rules.items() if rule.holds is not None]
        contract = self.contract
        self.query = Query(documents, (item, self.node), operation.name, contract.strict, contract.exact)

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

    def accepts(self, value: Json) -> bool:
        """The fast yes to a body."""
        assert self.validator is not None
        return self.validator.is_valid(value) and self.shape.tidy(value) and not self._beyond(value)

    def forgive(self, value: Json, forgiven: list[Forgiven], raised: list[Raised]) -> Json:
        """The body with what is forgiven set right; what is not forgiven goes to `raised`."""
        assert self.validator is not None
        name = self.operation.name
        if self.contract.strict or self.contract.exact:
            raised += [
                unknown(tuple(path), leniency.meant(str(path[-1]), self.shape.within(value, path).fields))
                for path in leniency.unknown_fields(self.shape, value)
            ]
        else:
            value, more = leniency.without_unknown_fields(self.shape, value, name)
            forgiven += more
        if not self.contract.strict:
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
        raised: list[Raised] = self.query.bad_filters(values)
        if raised:
            values = {name: value for name, value in values.items() if name != "filter"}
            texts = {name: text for name, text in texts.items() if not name.startswith("filter[")}
        if not self.query.accepts(values) or not (self.validator is None or self.validator.is_valid(value)):
            body = None if value is None else json.dumps(value).encode()
            operation = self.operation
            if self.contract.plain:
                return [*self._own_reasons(self.query.validator, values), *self._own_reasons(self.validator, value)]
            try:
                found = self.contract.arbiter.errors(operation.method, operation.path, path_params, texts, body)
            except TypeError:
                raised += self._own_reasons(self.validator, value)[:1]
            else:
                raised += problems(found, self.rules, self.shape, value)
        if value is not None:
            blamed = {one.pointer for one in raised}
            fine = {name: rule for name, rule in self.rules.items() if "/" + name not in blamed}
            raised += broken_limits(fine, value)
        return raised

    def _own_reasons(self, validator: jsonschema_rs.Draft202012Validator | None, value: Any) -> list[Raised]:
        """What a compiled schema says itself.

        openapi-core looks a discriminator's value up in a dict, which fails if the value is a list or an object.
        """
        found = validator.iter_errors(value) if validator is not None else ()
        return [
            UNPROCESSABLE.raised(reason=failure.message, at=leniency.pointer(failure.instance_path) or "/")
            for failure in found
        ]

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
        if segments[0].startswith("{") and segments[0].endswith("}"):
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
    whose `operations` are listed by method, path and name. With `strict` nothing is forgiven; with `exact` everything
    but names that nobody knows. `read` loads a file, by default as YAML. A `plain` description is anybody's: the
    platform's own rules for fields do not hold for it, and since it may not be valid by the letter, the reasons for a
    refusal are not left to openapi-core.
    """

    def __init__(
        self,
        root: Path,
        unbuilt: Path | None = None,
        *,
        strict: bool = False,
        max_body: int = leniency.MAX_BODY,
        read: Callable[[Path], Any] | None = None,
        plain: bool = False,
        exact: bool = False,
    ) -> None:
        self.documents = Documents(root, read)
        self.plain = plain
        self.strict, self.exact = strict, exact
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
        """What is wrong with a response, for tests: `/data/result: "no" is not one of ...`; nothing if it is right.

        Refusals that any operation may get are not published for each: such a one has to be as those of dial are.
        """
        responses = self.documents.child(operation.compiled.node, "responses")
        keys = (str(status), f"{status // 100}XX", "default")
        key = next((key for key in keys if responses is not None and key in responses), None)
        if responses is None or key is None:
            usual = next((one for one in self.operations if one.name == "dial"), operation)
            if status >= 400 and usual is not operation:
                return self.response_errors(usual, status, body)
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
                    named = item.value[method].get("operationId") or f"{method} {path}"
                    rows.append({"method": method, "path": path, "operation_id": named})
        return rows
