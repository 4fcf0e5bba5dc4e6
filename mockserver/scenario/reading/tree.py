"""YAML as a tree of dicts, lists and texts, with the line of each part.

Scalars stay texts, because YAML would make a number of `+12025550143` and a boolean of `no`; whoever needs a value of
another type asks `as_json`. The tree is built from the parser's events, so that a hostile file meets its limits before
it costs anything.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import yaml

from mockserver.scenario.reading.syntax import LOADER, explained

Path = tuple[str | int, ...]

MOST_BYTES = 1_000_000
MOST_PARTS = 50_000
DEEPEST = 40

NULLS = ("", "~", "null", "Null", "NULL")
JSON_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,30})?([eE][+-]?[0-9]{1,3})?", re.ASCII)

QUOTED = re.compile(r"\"[^\"]*\"|'[^']*'")


class Plain(str):
    """A scalar that stood in the file without quotes, and so may mean a number, true, false or null."""

    __slots__ = ()


def as_json(value: Any) -> Any:
    """What a part of the tree means as JSON: `36` is a number, `"36"` and `+36` are texts."""
    if isinstance(value, dict):
        return {str(key): as_json(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_json(item) for item in value]
    if not isinstance(value, Plain):
        return value
    if value in ("true", "false"):
        return value == "true"
    number = JSON_NUMBER.fullmatch(value)
    if not number:
        return str(value)
    if number[2] is None and number[3] is None:
        return int(value)
    return float(value) if math.isfinite(float(value)) else str(value)


@dataclass(slots=True)
class Tree:
    """A file: its `root` (None when it is empty), the line of each part, and what is wrong with it as (line, text).

    It is `whole` unless something was wrong that let the reading stop. `parts` counts them, with what aliases repeat;
    `refers` says whether there is a `${` in it.
    """

    root: Any = None
    whole: bool = False
    parts: int = 0
    refers: bool = False
    lines: dict[Path, int] = field(default_factory=dict)
    problems: list[tuple[int, str]] = field(default_factory=list)

    def line(self, path: Path) -> int:
        """The line of a part, or of the nearest part around it that has one."""
        while path and path not in self.lines:
            path = path[:-1]
        return self.lines.get(path, 1)


class _Stop(Exception):
    """Reading any further makes no sense; `(line, text)`."""


@dataclass(slots=True)
class _Open:
    """A dict or list that is being read; `key` is the dict's key that waits for its value."""

    value: dict[str, Any] | list[Any]
    path: Path
    anchor: str | None
    begun_at: int
    key: str | None = None


def parse(text: str) -> Tree:
    """Read YAML; what is wrong is in `problems`, and nothing is raised."""
    tree = Tree()
    try:
        _Builder(tree).read(yaml.parse(text, Loader=LOADER))
        tree.whole = True
    except _Stop as stop:
        tree.problems.append(stop.args[0])
    except yaml.MarkedYAMLError as error:
        line, said = _unquoted(text, error.problem_mark) or explained(text, error)
        tree.problems.append((line, f"not YAML: {said}"))
    except yaml.reader.ReaderError as error:
        line = text.encode()[: error.position].count(b"\n") + 1
        character = error.character if isinstance(error.character, int) else ord(str(error.character)[:1] or "?")
        tree.problems.append((line, f"not YAML: the character U+{character:04X} is not allowed: remove it"))
    return tree


def _unquoted(text: str, mark: Any) -> tuple[int, str] | None:
    """What `{b: ${x}}` lacks: within `{ }` and `[ ]` the bracket of `${x}` is YAML's own."""
    line = "".join(text.split("\n")[mark.line : mark.line + 1]) if mark else ""
    if "${" in QUOTED.sub("", line):
        return mark.line + 1, "a text with ${...} needs quotes here: write them around it"
    return None


class _Builder:
    def __init__(self, tree: Tree) -> None:
        self.tree = tree
        self.open: list[_Open] = []
        self.anchored: dict[str, tuple[Any, int]] = {}
        self.documents = 0

    def read(self, events: Iterator[Any]) -> None:
        for event in events:
            line = event.start_mark.line + 1
            if isinstance(event, yaml.DocumentStartEvent):
                self._begin_document(line)
            elif isinstance(event, yaml.AliasEvent):
                self._alias(event.anchor or "", line)
            elif isinstance(event, yaml.ScalarEvent):
                self._scalar(event, line)
            elif isinstance(event, (yaml.MappingStartEvent, yaml.SequenceStartEvent)):
                self._collection(event, line)
            elif isinstance(event, (yaml.MappingEndEvent, yaml.SequenceEndEvent)):
                done = self.open.pop()
                if done.anchor:
                    self.anchored[done.anchor] = (done.value, self.tree.parts - done.begun_at)

    def _begin_document(self, line: int) -> None:
        self.documents += 1
        if self.documents > 1:
            raise _Stop((line, "a second document begins here: a file holds one scenario, so make it another file"))

    def _scalar(self, event: Any, line: int) -> None:
        self._count(1, line)
        self._no_tag(event, line)
        self.tree.refers = self.tree.refers or "${" in event.value
        value: str | None = str(event.value)
        if event.style in (None, ""):
            value = Plain(event.value)
        top = self.open[-1] if self.open else None
        if top is not None and isinstance(top.value, dict) and top.key is None:
            self._key(top, str(event.value), line)
            return
        if isinstance(value, Plain) and value in NULLS:
            value = None
        if event.anchor:
            self.anchored[event.anchor] = (value, 1)
        self._place(value, line)

    def _collection(self, event: Any, line: int) -> None:
        self._count(1, line)
        self._no_tag(event, line)
        if len(self.open) >= DEEPEST:
            raise _Stop((line, f"nested more than {DEEPEST} deep: a scenario needs no more than a handful"))
        value: dict[str, Any] | list[Any] = {} if isinstance(event, yaml.MappingStartEvent) else []
        path = self._place(value, line)
        self.open.append(_Open(value, path, event.anchor, self.tree.parts))

    def _alias(self, anchor: str, line: int) -> None:
        if anchor not in self.anchored:
            inside = any(part.anchor == anchor for part in self.open)
            nothing = f"refers to nothing, as no &{anchor} comes before it: a text that begins with * needs quotes"
            reason = "stands inside what it refers to: write out what is meant" if inside else nothing
            raise _Stop((line, f"the alias *{anchor} {reason}"))
        value, size = self.anchored[anchor]
        self._count(size, line)
        if len(self.open) + _depth(value) > DEEPEST:
            raise _Stop((line, f"nested more than {DEEPEST} deep by the alias *{anchor}"))
        self._place(value, line)

    def _key(self, top: _Open, key: str, line: int) -> None:
        assert isinstance(top.value, dict)
        if key in top.value:
            first = self.tree.line((*top.path, key))
            self.tree.problems.append((line, f"{key}: is there twice, first in line {first}: keep one of the two"))
        else:
            self.tree.lines[(*top.path, key)] = line
        top.key = key

    def _place(self, value: Any, line: int) -> Path:
        """Put a value where it belongs and return its path."""
        if not self.open:
            self.tree.root = value
            self.tree.lines[()] = line
            return ()
        top = self.open[-1]
        if isinstance(top.value, list):
            path: Path = (*top.path, len(top.value))
            top.value.append(value)
            self.tree.lines[path] = line
            return path
        if top.key is None:
            raise _Stop((line, "a key that is no text: keys are single words"))
        path = (*top.path, top.key)
        if top.key in top.value:  # the first one counts; this one is read for its mistakes in YAML alone
            path = (*path, "twice")
        else:
            top.value[top.key] = value
        top.key = None
        return path

    def _count(self, parts: int, line: int) -> None:
        self.tree.parts += parts
        if self.tree.parts > MOST_PARTS:
            raise _Stop((line, f"more than {MOST_PARTS:,} parts, with what aliases repeat: split the file"))

    def _no_tag(self, event: Any, line: int) -> None:
        if event.tag and event.tag != "!":
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.tree.problems.append((line, f"the tag {tag} means nothing in a scenario: remove it"))


def _depth(value: Any) -> int:
    if isinstance(value, dict):
        return 1 + max((_depth(item) for item in value.values()), default=0)
    if isinstance(value, list):
        return 1 + max((_depth(item) for item in value), default=0)
    return 0
