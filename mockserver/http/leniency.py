"""What is forgiven: requests that the platform's own clients would not send, but whose meaning is plain.

Each rule has a name and is told to the user when it applied, as a `Forgiven`; with `--strict` nothing is
forgiven. `docs/leniency.md` is about this file. All functions are pure: what they change is a copy.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import dataclass
from typing import Any, NoReturn, Protocol

from mockserver.http.documents import Shape
from mockserver.sim.errors import (
    BODY_TOO_LARGE,
    EXPECTED_JSON,
    INVALID_CHARACTERS,
    MALFORMED_JSON,
    UNDECODABLE_BODY,
    WRONG_TYPE,
    Json,
    Refusal,
)

MAX_BODY = 1024 * 1024
MAX_DEPTH = 64

RULES = {
    "trailing-slash": "a slash at the end of the path",
    "percent-encoded-id": "an id in the path with `%3A` for its colon; --strict takes it too, HTTP says so",
    "no-content-type": "a JSON body without a Content-Type",
    "no-body": "no body at all where no field is required",
    "null-field": "`null` for a field that may be left out",
    "number-in-text": "a number in quotes",
    "boolean-in-text": '`"true"` or `"false"` in quotes',
    "unknown-field": "a field that the API does not have",
    "unknown-query-parameter": "a query parameter that the API does not have",
    "page-below-one": "a page or a page size below 1",
}

Path = Sequence[str | int]


@dataclass(frozen=True, slots=True)
class Forgiven:
    """Something that was let pass: the rule, where in the request, and a sentence for the user."""

    rule: str
    where: str
    text: str


class Failure(Protocol):
    """What we need of an error of jsonschema-rs."""

    @property
    def instance(self) -> Any: ...
    @property
    def instance_path(self) -> list[str | int]: ...
    @property
    def kind(self) -> Any: ...


def pointer(path: Path) -> str:
    """A JSON pointer."""
    return "".join("/" + str(key).replace("~", "~0").replace("/", "~1") for key in path)


def is_json(content_type: str) -> bool:
    """Is this content type JSON?"""
    main = content_type.partition(";")[0].strip().lower()
    return main == "application/json" or (main.startswith("application/") and main.endswith("+json"))


def read_body(body: bytes, content_type: str | None, max_body: int = MAX_BODY) -> Json:
    """The JSON object that a body holds; `{}` if there is no body. Raises `Refusal`, and nothing else."""
    if len(body) > max_body:
        raise Refusal(BODY_TOO_LARGE, kilobytes=max_body // 1024)
    if not body or body.isspace():
        return {}
    if content_type and not is_json(content_type):
        raise Refusal(EXPECTED_JSON)
    value = parse_json(body)
    if not isinstance(value, dict):
        raise Refusal(WRONG_TYPE, parameter="body", type="object", at="/")
    return value


def parse_json(body: bytes) -> Any:
    """JSON as the standard has it: one meaning for each key, no NaN, no number or depth that cannot be held."""
    try:
        value = _DECODER.decode(body.decode())
    except UnicodeDecodeError as error:
        raise Refusal(UNDECODABLE_BODY, position=error.start) from None
    except RecursionError:
        raise Refusal(MALFORMED_JSON, reason="It is nested too deeply.") from None
    except ValueError as error:
        reason = error.msg if isinstance(error, json.JSONDecodeError) else str(error)
        place = f" (character {error.pos})" if isinstance(error, json.JSONDecodeError) else ""
        raise Refusal(MALFORMED_JSON, reason=f"{reason}{place}.") from None
    if body.count(b"{") + body.count(b"[") > MAX_DEPTH and _depth(value) > MAX_DEPTH:
        raise Refusal(MALFORMED_JSON, reason=f"It is nested deeper than {MAX_DEPTH} levels.")
    if b"\\u" in body and not _encodable(value):
        raise Refusal(INVALID_CHARACTERS)
    return value


def without_unknown_fields(shape: Shape, body: Json, command: str) -> tuple[Json, list[Forgiven]]:
    """The body without the fields that nobody knows, each with the name it was probably meant to have."""
    body, forgiven = deepcopy(body), []
    for path in list(unknown_fields(shape, body)):
        holder: Any = body
        for key in path[:-1]:
            holder = holder[key]
        known = shape.within(body, path).fields
        del holder[path[-1]]
        text = f"{command}: unknown field {dotted(path)} ignored{meant(str(path[-1]), known)}"
        forgiven.append(Forgiven("unknown-field", pointer(path), text))
    return body, forgiven


def unknown_fields(shape: Shape, value: Any, path: tuple[str | int, ...] = ()) -> Iterable[tuple[str | int, ...]]:
    """Where in a value the fields are that its shape does not have."""
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from unknown_fields(shape.at(index), element, (*path, index))
    elif isinstance(value, dict):
        shape = shape.of(value)
        for name, field in value.items():
            if name in shape.fields or shape.open:
                yield from unknown_fields(shape.at(name), field, (*path, name))
            else:
                yield (*path, name)


def blank_texts(shape: Shape, value: Any, path: tuple[str | int, ...] = ()) -> Iterable[tuple[str | int, ...]]:
    """Where in a value the texts are that are required and blank."""
    if isinstance(value, list):
        for index, element in enumerate(value):
            yield from blank_texts(shape.at(index), element, (*path, index))
    elif isinstance(value, dict):
        shape = shape.of(value)
        for name, field in value.items():
            if name in shape.texts and isinstance(field, str) and not field.strip():
                yield (*path, name)
            elif name in shape.nested or name not in shape.fields:
                yield from blank_texts(shape.at(name), field, (*path, name))


def with_plain_meaning(
    shape: Shape, body: Json, failures: Iterable[Failure], command: str
) -> tuple[Json, list[Forgiven]]:
    """The body with the values set right that a validator did not take but whose meaning is plain."""
    body, forgiven = deepcopy(body), []
    for failure in failures:
        path = failure.instance_path
        if not path or not _is_there(body, path, failure.instance):
            continue
        holder: Any = body
        for key in path[:-1]:
            holder = holder[key]
        if failure.instance is None and isinstance(path[-1], str):
            if path[-1] not in shape.within(body, path).required:
                del holder[path[-1]]
                text = f"{command}: {dotted(path)} is null and was ignored"
                forgiven.append(Forgiven("null-field", pointer(path), text))
        elif failure.kind.name == "type" and isinstance(failure.instance, str):
            rule, value = _unquoted(failure.instance, failure.kind.types)
            if rule:
                holder[path[-1]] = value
                text = f'{command}: {dotted(path)} is "{failure.instance}" in quotes, read as {json.dumps(value)}'
                forgiven.append(Forgiven(rule, pointer(path), text))
    return body, forgiven


def dotted(path: Path) -> str:
    """A place in a body as people write it: `participant.role`, `messages.0.role`."""
    return ".".join(map(str, path))


def unknown_query_parameter(name: str, known: Iterable[str], command: str) -> Forgiven:
    """A query parameter that was ignored."""
    text = f"{command}: unknown query parameter {name} ignored{meant(name, known)}"
    return Forgiven("unknown-query-parameter", name, text)


def page_below_one(name: str, text: str, command: str) -> Forgiven:
    """A page or a page size that there is not, taken for none given."""
    return Forgiven("page-below-one", name, f"{command}: {name} is {text} and was ignored; pages count from 1")


def meant(name: str, known: Iterable[str]) -> str:
    from difflib import get_close_matches

    close = get_close_matches(name, list(known), n=1)
    return f", did you mean {close[0]}?" if close else ""


def _is_there(body: Any, path: Path, value: Any) -> bool:
    """Is a value still where a validator found it? Its paths leave out keys that are empty texts."""
    try:
        for key in path:
            body = body[key]
    except (KeyError, IndexError, TypeError):
        return False
    return bool(body == value)


def _unquoted(text: str, types: Sequence[str]) -> tuple[str, int | float | bool | None]:
    if ("integer" in types or "number" in types) and re.fullmatch(r"-?[0-9]{1,15}", text):
        return "number-in-text", int(text)
    if "number" in types and re.fullmatch(r"-?[0-9]{1,15}\.[0-9]{1,15}", text):
        return "number-in-text", float(text)
    if "boolean" in types and text in ("true", "false"):
        return "boolean-in-text", text == "true"
    return "", None


def _object(pairs: list[tuple[str, Any]]) -> Json:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise ValueError(f"The key {twice!r} is there twice")
    return made


def _finite(text: str) -> float:
    number = float(text)
    if number in (float("inf"), float("-inf")):
        raise ValueError(f"The number {text[:20]} is too large")
    return number


def _whole(text: str) -> int:
    if len(text) > 100:
        raise ValueError(f"The number {text[:20]}... is too large")
    return int(text)


def _no_constant(text: str) -> NoReturn:
    raise ValueError(f"{text} is not JSON")


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=_finite, parse_int=_whole, parse_constant=_no_constant
)


def _depth(value: Any) -> int:
    depth, level = 0, [value]
    while level:
        depth += 1
        level = [
            inner
            for outer in level
            if isinstance(outer, dict | list)
            for inner in (outer.values() if isinstance(outer, dict) else outer)
        ]
    return depth


def _encodable(value: Any) -> bool:
    try:
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:  # half of a surrogate pair: nobody could read it back
        return False
    return True
