"""HTML out of data: everything is escaped except what is marked as HTML already.

What is shown comes from applications, from scenario files and from the network, so it may hold anything. A `Markup` is
made by `tag` and by nothing else; every other text is escaped where it is put in.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from html import escape
from typing import Any

UNSEEN = re.compile(
    "[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff\ufeff\ufffe\uffff]"
)
"""Control characters, halves of surrogate pairs, which no file can hold, and what turns the direction of text."""

LONGEST = 2_000
"""How many characters of one text are shown."""

LONGEST_JSON = 8_000
"""How many characters of one body are shown."""

KEY = re.compile(r'^( *)("(?:[^"\\]|\\.)*"):', re.MULTILINE)
"""A key at the beginning of a line of JSON. It cannot be in a text, since a line break in a text is written `\\n`."""

VOID = frozenset({"input", "link", "meta"})
"""Elements that have no end tag."""


class Markup(str):
    """Text that is HTML already."""

    __slots__ = ()


def shown(text: str, most: int = LONGEST, quote: bool = False) -> Markup:
    """Text as the page shows it: cut, what cannot be seen written as in JSON (`\\u202e`), and escaped.

    `quote` is for attributes, whose quotes are escaped too.
    """
    cut = text if len(text) <= most else f"{text[: most - 1]}…"
    return Markup(escape(UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", cut), quote))


def tag(name: str, /, *inside: str | Iterable[str] | None, **attributes: str | int | bool | None) -> Markup:
    """An element. Texts are escaped, None is left out; `class_` is `class`, `aria_label` is `aria-label`."""
    said = "".join(
        _attribute(key, value) for key, value in attributes.items() if value is not None and value is not False
    )
    if name in VOID:
        return Markup(f"<{name}{said}>")
    return Markup(f"<{name}{said}>{joined(*inside)}</{name}>")


def joined(*inside: str | Iterable[str] | None) -> Markup:
    """Elements and texts, one after the other."""
    pieces: list[str] = []
    for one in inside:
        if isinstance(one, str):
            pieces.append(one if isinstance(one, Markup) else shown(one))
        elif one is not None:
            pieces += [piece if isinstance(piece, Markup) else shown(piece) for piece in one]
    return Markup("".join(pieces))


def pretty(value: Any) -> Markup:
    """A value as JSON for people to read, with its keys marked, cut where it is too long."""
    written = json.dumps(value, indent=2, ensure_ascii=False, default=str)
    more = len(written) - LONGEST_JSON
    left_out = f"\n… {more:,} more characters are left out" if more > 0 else ""
    return Markup(KEY.sub(r"\1<b>\2</b>:", shown(written, LONGEST_JSON)) + left_out)


def count(number: int, noun: str, nouns: str = "") -> str:
    """`1 call`, `2 calls`."""
    return f"{number:,} {noun if number == 1 else nouns or noun + 's'}"


def lasting(seconds: float) -> str:
    """A length of time in short: `0.4 s`, `20 s`, `3 min 20 s`, `2 h 5 min`."""
    if seconds < 60:
        return f"{seconds:.1f}".removesuffix(".0") + " s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s" if rest else f"{minutes} min"
    return f"{minutes // 60:,} h {minutes % 60} min" if minutes % 60 else f"{minutes // 60:,} h"


def _attribute(key: str, value: str | int | bool | None) -> str:
    name = key.rstrip("_").replace("_", "-")
    return f" {name}" if value is True else f' {name}="{shown(str(value), quote=True)}"'
