"""How each value of a scenario may be written, as JSON Schema: what editors complete, explain and mark.

An editor reads YAML in its own way: it makes a number of `2`, of `90018` and of `+12025550143`, where the loader keeps
the text (`tree`). So a shape takes whatever the loader takes, in each way in which an editor may read it; what it takes
besides is found by `telnyx-mockserver check`. Wherever a text stands, a variable may stand in it: `${number}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from mockserver.scenario import compounds, named, values
from mockserver.scenario.reading.rows import MOST as MOST_ROWS
from mockserver.scenario.reading.variables import NAME, NAMING
from mockserver.sim import errors, fault_fields

Shape = dict[str, Any]

VARIABLE = r"\$\{"
"""What every text may have in it: the loader knows only afterwards what it means."""

ANY_VARIABLE: Shape = {"title": "variable", "type": "string", "pattern": VARIABLE}
FEW = 20
"""More words than these are too many for a message."""

E164 = r"\+[1-9][0-9]{1,14}"
SIP = r"sips?:\S+"
ANSWER = "give ok, an error code or an HTTP status"
SPREAD = {
    "mean": "The mean of an exponential distribution, or with deviation of a normal one.",
    "deviation": "The standard deviation of a normal distribution.",
    "min": "It is never less.",
    "max": "It is never more.",
}
HANGS_UP = "give when_done, or {after: 30s}"


def written(title: str, pattern: str, do: str, *others: str, **limits: Any) -> Shape:
    """A text of this pattern, or what an editor makes of it (`others`, which are types); `do` is said otherwise."""
    types = ["string", *others]
    return {
        "title": title,
        "type": types if others else "string",
        "pattern": f"{pattern}|{VARIABLE}",
        **limits,
        "errorMessage": do,
        "patternErrorMessage": do,
    }


def words(title: str, choices: Iterable[str] | Mapping[str, str]) -> Shape:
    """One word of a few, each with what it means if that is known. Many words are not listed when it is another."""
    enum: Shape = {"title": title, "type": "string", "enum": list(choices)}
    if isinstance(choices, Mapping):
        enum["enumDescriptions"] = list(choices.values())
    if len(enum["enum"]) > FEW:
        enum["errorMessage"] = "there is no such name: `telnyx-mockserver check` tells which one is meant"
    return {"title": title, "anyOf": [enum, ANY_VARIABLE]}


def refer_to(name: str) -> Shape:
    """The shape of that name in `SHAPES` or, of names that the specifications know, in `schema`, which refers to it."""
    return {"refers_to": name}


def codes(say: str, **others: str) -> Shape:
    """An error code, with its title, or one of `others`.

    Written without quotes a code is a number, and that is what an editor completes.
    """
    titles: dict[str, str] = {}
    for row in sorted(errors.CATALOGUE, key=lambda row: int(row.code)):
        titles.setdefault(row.code, f"{row.status} {row.title}")
    listed = {
        "title": "error code",
        "enum": [*others, *map(int, titles)],
        "enumDescriptions": [*others.values(), *titles.values()],
        "errorMessage": say,
    }
    return {"title": "error code", "anyOf": [listed, written("error code in quotes", f"^({'|'.join(titles)})$", say)]}


def _whole(reader: values.Whole) -> Shape:
    say = f"give a whole number from {reader.lowest} to {reader.highest}"
    limits = {"minimum": reader.lowest, "maximum": reader.highest}
    return written("whole number", r"^\s*[0-9]{1,9}\s*$", say, "integer", **limits)


def _one_of(reader: values.OneOf) -> Shape:
    return words("word", reader.choices)


def _answer() -> Shape:
    """What a command gets: a code, `ok`, or an HTTP status."""
    shape = codes(ANSWER, ok="it was done")
    statuses = [
        {"type": "integer", "minimum": 100, "maximum": 599},
        written("HTTP status", "^[1-5][0-9][0-9]$", ANSWER),
    ]
    return {"title": "answer of a command", "anyOf": [*shape["anyOf"], *statuses]}


SHAPES: dict[str, Shape] = {
    "code": codes("give an error code that the platform has: `telnyx-mockserver errors` lists them"),
    "answer": _answer(),
    "text": {
        "title": "text",
        "type": ["string", "number", "boolean"],
        "minLength": 1,
        "errorMessage": "give a text, or leave the key out",
    },
    "any_text": {
        "title": "text, which may be empty",
        "type": ["string", "number", "boolean"],
        "errorMessage": 'give a text, which may be ""',
    },
    "variables": {
        "title": "names and their texts",
        "type": "object",
        "propertyNames": {"pattern": f"^{NAME.pattern}$", "patternErrorMessage": NAMING},
        "additionalProperties": refer_to("any_text"),
        "errorMessage": "give names and their texts, like {patience: 5s}",
    },
    "files": {
        "title": "file, or list of files",
        "anyOf": [refer_to("text"), {"type": "array", "items": refer_to("text")}],
    },
    "rows": {
        "title": "rows of values",
        "type": "array",
        "minItems": 1,
        "maxItems": MOST_ROWS,
        "items": refer_to("variables"),
        "errorMessage": "give a list of rows, like [{keys: 1}, {keys: 2}]",
    },
    "duration": written(
        "duration",
        r"^\s*([0-9]{1,9}ms|([0-9]{1,6}h)?([0-9]{1,6}m)?([0-9]{1,9}(\.[0-9]{1,9})?s?)?)\s*$",
        "write seconds, or 2s, 500ms, 1m30s",
        "number",
        minimum=0,
        maximum=values.LONGEST,
        minLength=1,
    ),
    "number": written("number", f"^({E164}|{SIP})$", "write it like +12025550143 or sip:ada@example.com", "integer"),
    "number_or_pattern": written(
        "number or pattern",
        rf"^({E164}|\+?[0-9]*\*[0-9*]*|{SIP})$",
        'write a number like +12025550143, or a pattern like "+1202*" or "*"',
        "integer",
    ),
    "number_or_name": {
        "title": "number, SIP URI, or name of a person",
        "type": ["string", "number", "boolean"],
        "minLength": 1,
        "errorMessage": "write a number like +12025550143, or the name of a person",
    },
    "url": written("URL", r"^[hH][tT][tT][pP][sS]?://\S+$", "write one like http://127.0.0.1:8088/webhooks"),
    "url_or_none": written(
        "URL, or an empty text for none",
        r"^([hH][tT][tT][pP][sS]?://\S+)?$",
        'write one like http://127.0.0.1:8088/webhooks, or ""',
    ),
    "keys": written(
        "keys", "^[0-9A-D*#wW]+$", "write keys 0-9 * # A-D and the pauses w W, like 1w2#", "integer", minimum=0
    ),
    "yes_or_no": written("yes or no", "^(true|false)$", "give true or false", "boolean"),
    "yes": {
        "title": "yes",
        "anyOf": [
            {"const": True, "errorMessage": "give true, or leave it out"},
            written("yes", "^true$", "give true, or leave it out"),
        ],
    },
    "ordinal": written(
        "ordinal", "^[1-9][0-9]{0,8}$", "give a whole number from 1", "integer", minimum=1, maximum=999_999_999
    ),
    "ordinal_or_every": {"title": "ordinal, or every", "anyOf": [{"const": "every"}, refer_to("ordinal")]},
    "share": written(
        "share", r"^\s*[-+0-9._eE]+%?\s*$", "write a number from 0 to 1, or 10%", "number", minimum=0, maximum=1
    ),
}
"""The shapes that stand in several places."""

READ_BY: dict[Callable[..., Any], Shape] = {
    values.text: refer_to("text"),
    values.duration: refer_to("duration"),
    values.number: refer_to("number"),
    values.number_or_pattern: refer_to("number_or_pattern"),
    named.number: refer_to("number_or_name"),
    named.number_or_pattern: refer_to("number_or_name"),
    named.somebody: refer_to("number_or_name"),
    values.url: refer_to("url"),
    values.url_or_none: refer_to("url_or_none"),
    values.file_or_pattern: refer_to("text"),
    values.keys: refer_to("keys"),
    values.yes_no: refer_to("yes_or_no"),
    values.yes: refer_to("yes"),
    values.ordinal: refer_to("ordinal"),
    values.ordinal_or_every: refer_to("ordinal_or_every"),
    values.code: refer_to("code"),
    values.trigger: refer_to("trigger"),
    values.share: refer_to("share"),
    compounds.fields: {
        "title": "fields",
        "type": "object",
        "minProperties": 1,
        "errorMessage": "give fields and their values, like {to: '+12025550143'}",
    },
    compounds.answers: {"title": "properties and what is answered", "type": "object"},
    compounds.secrets: {"title": "names and values", "type": "object", "additionalProperties": refer_to("text")},
    compounds.insight: {"title": "text or object", "anyOf": [refer_to("text"), {"type": "object"}]},
    compounds.gets: {
        "title": "answers of a command",
        "anyOf": [refer_to("answer"), {"type": "array", "minItems": 1, "items": refer_to("answer")}],
    },
    compounds.hangs_up: {
        "title": "when they hang up",
        "anyOf": [
            {
                "enum": ["when_done"],
                "enumDescriptions": ["when nothing is left to say in a conversation"],
                "errorMessage": HANGS_UP,
            },
            ANY_VARIABLE,
            {
                "type": "object",
                "required": ["after"],
                "additionalProperties": False,
                "properties": {"after": {"description": "So long after the answer.", **refer_to("duration")}},
            },
        ],
    },
    compounds.latency: {
        "title": "latency",
        "anyOf": [
            refer_to("duration"),
            {"type": "array", "minItems": 2, "maxItems": 2, "items": refer_to("duration")},
            {
                "type": "object",
                "required": ["mean"],
                "additionalProperties": False,
                "properties": {
                    name: {"description": SPREAD[name], **refer_to("duration")} for name in fault_fields.OF_SPREAD
                },
            },
        ],
    },
    compounds.rate_limit: {
        "title": "limit of requests",
        "anyOf": [
            {"const": True},
            written("yes", "^true$", "give true, or {limit: 100, reset: 1}"),
            {
                "type": "object",
                "additionalProperties": False,
                "properties": {
                    "limit": {
                        "description": "How many requests, by the headers.",
                        **_whole(values.Whole(1, 1_000_000)),
                    },
                    "reset": {
                        "description": "In how many seconds they count anew.",
                        **_whole(values.Whole(1, 1_000_000)),
                    },
                },
            },
        ],
    },
}
"""The shape of what each function of `values` reads."""

WHOLE_AUDIO: Shape = {
    "anyOf": [
        {"enum": ["fetch"], "enumDescriptions": ["all files are asked for over real HTTP"]},
        refer_to("duration"),
    ],
    "errorMessage": "give fetch, a duration, or a list",
}
SHORT: dict[Callable[..., Any], Shape] = {compounds.audio: WHOLE_AUDIO}
"""What may stand for a list or mapping, in short."""


def read_by(reader: Any) -> Shape:
    """What `reader` reads. Raises LookupError when nobody has said that."""
    if isinstance(reader, values.Whole):
        return _whole(reader)
    if isinstance(reader, values.OneOf):
        return _one_of(reader)
    if reader not in READ_BY:
        raise LookupError(f"{getattr(reader, '__name__', reader)} has no shape: add it to READ_BY in {__name__}")
    return READ_BY[reader]


def short(function: Any) -> Shape | None:
    """What may stand, in short, for what `function` turns it into; None where it is no such function."""
    if isinstance(function, compounds.ShortFor):
        return refer_to("text")
    return SHORT.get(function)
