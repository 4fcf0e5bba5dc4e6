"""Why a request is not accepted: openapi-core's reasons in the platform's own words and codes.

openapi-core is the arbiter; it is imported when the first request is doubtful, since it takes long to load. What
it finds is told by two tables: `KEYWORDS` by what the schema demands, `FIELDS` by the field, where the platform
has a code for the field or a limit that only its prose states.
"""

from __future__ import annotations

import binascii
import re
from base64 import b64decode
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any, Protocol
from urllib.parse import urlsplit

from mockserver.http.documents import Documents, Shape
from mockserver.http.leniency import dotted, pointer
from mockserver.sim import errors as e
from mockserver.sim.errors import Json, Problem, Raised


class SchemaError(Protocol):
    """What we need of an error of jsonschema."""

    @property
    def validator(self) -> Any: ...
    @property
    def validator_value(self) -> Any: ...
    @property
    def instance(self) -> Any: ...
    @property
    def schema(self) -> Any: ...
    @property
    def absolute_path(self) -> Iterable[str | int]: ...
    @property
    def schema_path(self) -> Any: ...
    @property
    def context(self) -> Any: ...
    @property
    def message(self) -> str: ...


# --- Fields with a code or a limit of their own ---------------------------------------------------------------


def is_base64(value: Any) -> bool:
    """Base64 as RFC 4648 has it: padded, no line breaks; the empty text is fine."""
    try:
        b64decode(value, validate=True)
    except (binascii.Error, ValueError, TypeError):
        return False
    return len(value) % 4 == 0


def is_web_address(value: Any) -> bool:
    """Is it an http or https URL that the platform would take?"""
    try:
        parts = urlsplit(value)
    except (ValueError, AttributeError, TypeError):
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and len(value) <= 2000 and " " not in value


def between(low: float, high: float) -> Callable[[Any], bool]:
    """Is the number, or the text's length, in these bounds?"""
    return lambda value: low <= (len(value) if isinstance(value, str) else value) <= high


@dataclass(frozen=True, slots=True)
class FieldRule:
    """A field at the top of a body: the code for a wrong value, and a limit that the schema does not state."""

    name: str
    problem: Problem
    commands: frozenset[str] = frozenset()
    holds: Callable[[Any], bool] | None = None
    values: Mapping[str, Any] = field(default_factory=dict)


def _rule(name: str, problem: Problem, commands: str = "", holds: Any = None, **values: object) -> FieldRule:
    return FieldRule(name, problem, frozenset(commands.split()), holds, values)


_DIAL = "dial transfer"
_GATHER = "gather gather_using_audio gather_using_speak conference_gather_using_audio"
_PROMPT = "gather_using_audio gather_using_speak conference_gather_using_audio"
_SPEAK = "speak gather_using_speak conference_speak"
_PLAY = "playback_start speak conference_play"
_RECORD = "record_start conference_record_start"
_DTMF = "send_dtmf conference_send_dtmf"
_APPLICATION = "create_application update_application"

FIELDS = (
    _rule("client_state", e.INVALID_CLIENT_STATE, holds=is_base64),
    _rule("target_leg_client_state", e.INVALID_CLIENT_STATE, holds=is_base64),
    _rule("webhook_url", e.INVALID_URL, _DIAL + " answer", is_web_address),
    _rule("webhook_event_url", e.INVALID_URL, _APPLICATION, is_web_address),
    _rule("webhook_event_failover_url", e.INVALID_URL, _APPLICATION, lambda url: not url or is_web_address(url)),
    _rule("timeout_secs", e.INVALID_TIMEOUT_SECS, _DIAL, between(5, 600), minimum=5, maximum=600),
    _rule("time_limit_secs", e.INVALID_TIME_LIMIT_SECS, _DIAL, minimum=30, maximum=14400),
    _rule("record_timeout_secs", e.INVALID_RECORD_TIMEOUT_SECS, "", between(0, float("inf"))),
    _rule("record_max_length", e.OUT_OF_RANGE, "", between(0, 43200), minimum=0, maximum=43200),
    _rule("from_display_name", e.LENGTH_OUT_OF_RANGE, "", between(0, 128), minimum=0, maximum=128),
    _rule("greeting", e.LENGTH_OUT_OF_RANGE, "", between(0, 3000), minimum=0, maximum=3000),
    _rule("voice", e.INVALID_VOICE, "gather_using_ai", lambda voice: voice not in ("female", "male")),
    _rule("voice", e.INVALID_VOICE, _SPEAK),
    _rule("format", e.INVALID_FORMAT, _RECORD),
    _rule("channels", e.INVALID_CHANNELS, _RECORD),
    _rule("timeout_secs", e.INVALID_RECORD_TIMEOUT_SECS, "record_start", between(0, float("inf"))),
    _rule("max_length", e.OUT_OF_RANGE, "record_start", between(0, 14400), minimum=0, maximum=14400),
    _rule("recording_track", e.INVALID_RECORDING_TRACK, "record_start"),
    _rule("terminating_digit", e.INVALID_TERMINATING_DIGIT, _GATHER),
    _rule("valid_digits", e.INVALID_VALID_DIGITS, _GATHER),
    _rule("minimum_digits", e.INVALID_MINIMUM_DIGITS, _GATHER, minimum=1, maximum=128),
    _rule("maximum_digits", e.INVALID_MAXIMUM_DIGITS, _GATHER, minimum=1, maximum=128),
    _rule("maximum_tries", e.INVALID_MAXIMUM_TRIES, _PROMPT, minimum=1, maximum=128),
    _rule("timeout_millis", e.INVALID_TIMEOUT_MILLIS, _GATHER, minimum=1, maximum=120000),
    _rule("inter_digit_timeout_millis", e.INVALID_INTER_DIGIT_TIMEOUT_MILLIS, _GATHER, minimum=1, maximum=120000),
    _rule("initial_timeout_millis", e.INVALID_INITIAL_TIMEOUT_MILLIS, "gather", minimum=1, maximum=120000),
    _rule("payload", e.INVALID_PAYLOAD, _SPEAK, minimum=1, maximum=3000),
    _rule("payload_type", e.INVALID_PAYLOAD_TYPE, _SPEAK),
    _rule("language", e.INVALID_LANGUAGE, _SPEAK),
    _rule("service_level", e.INVALID_SERVICE_LEVEL, _SPEAK),
    _rule("loop", e.INVALID_LOOP, _PLAY),
    _rule("stop", e.INVALID_STOP, "playback_start playback_stop speak"),
    _rule("digits", e.INVALID_DIGITS, _DTMF),
    _rule("duration_millis", e.INVALID_DURATION_MILLIS, _DTMF, minimum=100, maximum=500),
)


def field_rules(command: str, fields: Collection[str]) -> dict[str, FieldRule]:
    """The rules for the fields of a command."""
    return {
        rule.name: rule for rule in FIELDS if rule.name in fields and (command in rule.commands or not rule.commands)
    }


def broken_limits(rules: Mapping[str, FieldRule], body: Json) -> list[Raised]:
    """What is wrong by the limits that only the platform's prose states; the schema has been satisfied."""
    return [
        _by_rule(rule, body[name])
        for name, rule in rules.items()
        if name in body and rule.holds is not None and not rule.holds(body[name])
    ]


def _by_rule(rule: FieldRule, value: Any) -> Raised:
    length = len(value) if isinstance(value, str) else 0
    return rule.problem.raised(parameter=rule.name, at="/" + rule.name, length=length, **rule.values)


# --- What a schema demands ------------------------------------------------------------------------------------


def _bounds(schema: Json, low: str, high: str, lowest: object = "-infinity") -> dict[str, Any]:
    """The two ends of a range, exclusive ones as they stand."""
    exclusive = {name: f"exclusive{name[0].upper()}{name[1:]}" for name in (low, high)}
    return {
        "minimum": schema.get(low, schema.get(exclusive[low], lowest)),
        "maximum": schema.get(high, schema.get(exclusive[high], "infinity")),
    }


def _types(wanted: Any) -> str:
    return wanted if isinstance(wanted, str) else " or ".join(wanted)


def _enum(error: SchemaError, **at: Any) -> Raised:
    values = error.validator_value if error.validator == "enum" else [error.validator_value]
    return e.NOT_IN_ENUM.raised(values=", ".join(sorted(str(value) for value in values)), **at)


def _form(error: SchemaError, **at: Any) -> Raised:
    wanted = str(error.validator_value)
    if wanted == "uri" or "://" in wanted:
        return e.INVALID_URL.raised(**at)
    if wanted == "uuid":
        return e.INVALID_ID.raised(**at)
    return e.UNPROCESSABLE.raised(reason=f"'{at['parameter']}' does not have the form {wanted}.", **at)


def _elements(error: SchemaError, **at: Any) -> Raised:
    ends = _bounds(error.schema, "minItems", "maxItems", 0)
    text = f"'{at['parameter']}' must have {ends['minimum']} to {ends['maximum']} elements"
    return e.UNPROCESSABLE.raised(reason=f"{text}, but has {len(error.instance)}.", **at)


def _range(error: SchemaError, **at: Any) -> Raised:
    return e.OUT_OF_RANGE.raised(**_bounds(error.schema, "minimum", "maximum"), **at)


def _length(error: SchemaError, **at: Any) -> Raised:
    ends = _bounds(error.schema, "minLength", "maxLength", 0)
    return e.LENGTH_OUT_OF_RANGE.raised(length=len(error.instance), **ends, **at)


KEYWORDS: Mapping[str, Callable[..., Raised]] = {
    "type": lambda error, **at: e.WRONG_TYPE.raised(type=_types(error.validator_value), **at),
    "enum": _enum,
    "const": _enum,
    "minimum": _range,
    "maximum": _range,
    "exclusiveMinimum": _range,
    "exclusiveMaximum": _range,
    "minLength": _length,
    "maxLength": _length,
    "minItems": _elements,
    "maxItems": _elements,
    "pattern": _form,
    "format": _form,
}


def missing(path: tuple[str | int, ...]) -> Raised:
    """A required field is not there, or blank."""
    return e.MISSING_PARAMETER.raised(parameter=dotted(path), at=pointer(path))


def unknown(path: tuple[str | int, ...], hint: str = "") -> Raised:
    """A field that the API does not have. GUESS: the platform's own answer to one is not published."""
    reason = f"The field '{dotted(path)}' is not known{hint or '.'}"
    return e.UNPROCESSABLE.raised(parameter=dotted(path), reason=reason, at=pointer(path))


def describe(error: SchemaError) -> Iterable[Raised]:
    """One error of a schema as problems of the platform."""
    path = tuple(error.absolute_path)
    name = dotted(path)
    if error.validator == "required":
        yield from (missing((*path, key)) for key in error.validator_value if key not in error.instance)
    elif error.validator == "additionalProperties":
        known = error.schema.get("properties", {})
        yield from (unknown((*path, key)) for key in error.instance if key not in known)
    elif error.validator in ("oneOf", "anyOf", "allOf"):
        yield from _branches(error, path)
    elif (told := KEYWORDS.get(str(error.validator))) is not None:
        yield told(error, parameter=name, at=pointer(path) or "/")
    else:
        yield e.UNPROCESSABLE.raised(reason=error.message, at=pointer(path) or "/")


def _branches(error: SchemaError, path: tuple[str | int, ...]) -> Iterable[Raised]:
    """Why no branch fits: by the discriminator, or by the branch that comes closest."""
    name, at = dotted(path), pointer(path) or "/"
    chooser = error.schema.get("discriminator", {}).get("propertyName")
    if chooser and not isinstance(error.instance, dict):
        yield e.WRONG_TYPE.raised(parameter=name, type="object", at=at)
    elif chooser and not error.instance.get(chooser):
        yield missing((*path, chooser))
    elif chooser:
        values = ", ".join(sorted(error.schema["discriminator"].get("mapping", {})))
        yield e.NOT_IN_ENUM.raised(values=values, at=pointer((*path, chooser)))
    elif not error.context:
        yield e.UNPROCESSABLE.raised(reason=f"'{name}' fits several descriptions at once.", at=at)
    else:
        branches: dict[Any, list[SchemaError]] = {}
        for inner in error.context:
            branches.setdefault(inner.schema_path[0], []).append(inner)
        wrong_types = [_kind_refused(errors, len(path)) for errors in branches.values()]
        if all(wrong_types):
            yield e.WRONG_TYPE.raised(parameter=name, type=" or ".join(dict.fromkeys(wrong_types)), at=at)
            return
        fitting = [errors for errors in branches.values() if not _kind_refused(errors, len(path))]
        for inner in min(fitting, key=len):
            yield from describe(inner)


def _kind_refused(errors: list[SchemaError], depth: int) -> str:
    """The type that a branch wants, if it is the type of the value itself that it does not take."""
    for error in errors:
        if error.validator == "type" and len(tuple(error.absolute_path)) == depth:
            return _types(error.validator_value)
    return ""


# --- The arbiter ----------------------------------------------------------------------------------------------


def _of_form(pattern: str, parse: Callable[[str], object] = str) -> Callable[[object], bool]:
    """A check of a text: it has the form, and it means something. What is not text is not its business."""
    form = re.compile(pattern)

    def check(value: object) -> bool:
        if not isinstance(value, str):
            return True
        try:
            return form.fullmatch(value) is not None and parse(value) is not None
        except ValueError:
            return False

    return check


FORMATS: dict[str, Callable[[object], bool]] = {
    "date": _of_form(r"\d{4}-\d\d-\d\d", date.fromisoformat),
    "date-time": _of_form(
        r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", lambda text: date.fromisoformat(text[:10])
    ),
    "json-pointer": _of_form(r"(/.*)?"),
    "uri": _of_form(r"[A-Za-z][A-Za-z0-9+.-]*:\S+", urlsplit),
    "uuid": _of_form(r"[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}"),
}
"""One meaning of each format, for the compiled check and for openapi-core alike."""


@dataclass(slots=True)
class DoubtfulRequest:
    """A request in the form in which openapi-core wants it."""

    method: str
    host_url: str
    path: str
    path_pattern: str
    parameters: Any
    body: bytes | None
    content_type: str = "application/json"


class Arbiter:
    """openapi-core over one API description."""

    def __init__(self, documents: Documents) -> None:
        from jsonschema_path import SchemaPath
        from openapi_core import V31RequestValidator

        root = documents.root
        spec = SchemaPath.from_dict(root.value, base_uri=root.file.as_uri(), handlers={"file": documents.load_uri})
        self._validator = V31RequestValidator(spec, extra_format_validators=FORMATS)
        server = urlsplit(root.value.get("servers", [{"url": "http://localhost"}])[0]["url"])
        self._host, self._prefix = f"{server.scheme}://{server.netloc}", server.path.rstrip("/")

    def errors(
        self,
        method: str,
        path: str,
        path_params: Mapping[str, str],
        query: Mapping[str, str],
        body: bytes | None,
    ) -> list[Exception]:
        """What openapi-core has against a request; nothing if it accepts it."""
        from openapi_core.datatypes import RequestParameters
        from werkzeug.datastructures import Headers, ImmutableMultiDict

        pattern = self._prefix + path
        parameters = RequestParameters(
            query=ImmutableMultiDict(query),
            header=Headers({"Authorization": "Bearer was-checked-before"}),
            path=dict(path_params),
        )
        request = DoubtfulRequest(method.lower(), self._host, pattern, pattern, parameters, body)
        return list(self._validator.iter_errors(request))


def problems(found: Iterable[Exception], rules: Mapping[str, FieldRule], shape: Shape, body: Any) -> list[Raised]:
    """openapi-core's reasons as problems, in the order of the schema's fields, one for each place."""
    raised: list[Raised] = []
    for error in found:
        name, cause = getattr(error, "name", None), error.__cause__
        for schema_error in getattr(cause, "schema_errors", ()):
            for problem in describe(schema_error):
                raised.append(
                    _in_query(problem, name) if name else _specific(problem, schema_error, rules, shape, body)
                )
        if not getattr(cause, "schema_errors", ()):
            raised.append(_other(error, name))
    return in_order(raised, shape)


def in_order(raised: Iterable[Raised], shape: Shape) -> list[Raised]:
    """Problems sorted by the field they are about, the first for each place."""
    first: dict[object, Raised] = {}
    for problem in raised:
        first.setdefault(problem.query or problem.pointer, problem)
    order = {name: index for index, name in enumerate((*shape.required, *shape.fields))}
    return sorted(first.values(), key=lambda one: order.get((one.pointer or "//").split("/")[1], len(order)))


def _specific(problem: Raised, error: SchemaError, rules: Mapping[str, FieldRule], shape: Shape, body: Any) -> Raised:
    """The problem with the code of its field, if it has one; a required field that is null is a missing one."""
    path = tuple(error.absolute_path)
    if problem.problem is e.MISSING_PARAMETER or not path:
        return problem
    if error.instance is None and path[-1] in shape.within(body, path).required:
        return missing(path)
    rule = rules.get(str(path[0])) if len(path) == 1 else None
    return problem if rule is None else _by_rule(rule, error.instance)


def _in_query(problem: Raised, name: str) -> Raised:
    inside = "".join(f"[{part}]" for part in (problem.pointer or "").split("/")[1:] if part)
    return replace(problem, pointer=None, query=name + inside)


def _other(error: Exception, name: str | None) -> Raised:
    kind = type(error).__name__
    if name and kind == "MissingRequiredParameter":
        return e.MISSING_PARAMETER.raised(parameter=name, query=name)
    return e.UNPROCESSABLE.raised(reason=str(error.__cause__ or error), query=name)
