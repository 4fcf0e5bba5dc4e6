"""A scenario file, read and checked: either the whole of it is right, or all its mistakes are told at once."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from mockserver.scenario.bundled import bundled, find
from mockserver.scenario.model import PARTS, Scenario
from mockserver.scenario.names import meant
from mockserver.scenario.parts.part import known_keys
from mockserver.scenario.tree import MOST_BYTES, Tree, parse
from mockserver.scenario.values import kind, quoted
from mockserver.sim.people import matches

__all__ = ["InvalidScenario", "Scenario", "bundled", "find", "load"]

WANTED = {"list_type": "a list", "model_type": "a mapping", "dict_type": "a mapping"}


class InvalidScenario(Exception):
    """A file with mistakes; each of `problems` begins with file and line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = problems


def load(source: Path | str | bytes, name: str | None = None) -> Scenario:
    """Read a scenario from a file (a Path) or from its text.

    `name` is what problems call it and, without its ending, what the scenario is called unless it says itself. Raises
    InvalidScenario with every problem there is, and OSError when the file cannot be read.
    """
    file = name or (str(source) if isinstance(source, Path) else "scenario.yaml")
    content = source.read_bytes() if isinstance(source, Path) else source
    tree = _read(content)
    problems = list(tree.problems)
    scenario: Scenario | None = None
    if tree.whole and tree.root is not None:
        scenario, more = _validated(tree, Path(file).stem or "scenario")
        problems += more
    if scenario is None or problems:
        ordered = sorted(dict.fromkeys(problems), key=lambda problem: problem[0])
        raise InvalidScenario([f"{file}:{line}: {text}" for line, text in ordered])
    return scenario


def _read(content: str | bytes) -> Tree:
    try:
        raw = content if isinstance(content, bytes) else content.encode()
        if len(raw) > MOST_BYTES:
            return Tree(problems=[(1, f"{len(raw):,} bytes, more than {MOST_BYTES:,}: split the file")])
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = error.object[: error.start].count(b"\n") + 1
        byte = error.object[error.start]
        return Tree(problems=[(line, f"the byte 0x{byte:02X} is not UTF-8: save the file in UTF-8")])
    except UnicodeEncodeError as error:
        line = error.object[: error.start].count("\n") + 1
        return Tree(problems=[(line, "half a surrogate pair is no character: remove it")])
    tree = parse(text)
    if tree.root is None and not tree.problems:
        tree.problems.append((1, "the file is empty: a scenario has people, calls, assistants, errors, expect"))
    return tree


def _validated(tree: Tree, stem: str) -> tuple[Scenario | None, list[tuple[int, str]]]:
    root = tree.root
    if not isinstance(root, dict):
        return None, [(tree.line(()), f"the file {kind(root)}: a scenario is a mapping with people, calls and so on")]
    found = [(tree.line(path), f"{place(path)}: {text}") for path, text in _between(root)]
    try:
        scenario = Scenario.model_validate({"name": stem, **root})
    except ValidationError as error:
        for wrong in error.errors(include_url=False):
            path = tuple(wrong["loc"])
            found.append((tree.line(path), f"{place(path)}: {_sentence(dict(wrong), path)}"))
        return None, found
    return scenario, found


def place(path: tuple[str | int, ...]) -> str:
    """Where in the file: `people[0].answers_after`, counted from 0."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return place.removeprefix(".") or "the file"


def _sentence(wrong: dict[str, Any], path: tuple[str | int, ...]) -> str:
    """What a model found, in the words of this program."""
    sort, seen = wrong["type"], wrong["input"]
    if sort == "value_error":
        return str(wrong["ctx"]["error"])
    if sort == "missing":
        return "is missing: add it"
    if sort == "extra_forbidden":
        part = PARTS.get(tuple(step for step in path[:-1] if isinstance(step, str)))
        return f"unknown key: {meant(str(path[-1]), known_keys(part) if part else ())}"
    if sort in WANTED:
        return f"{kind(seen)}: give {WANTED[sort]}, or leave the key out"
    return f"{wrong['msg']}, seen was {quoted(seen)}"


def _between(root: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Mistakes that only show when parts are compared, found even where other parts are wrong."""
    yield from _twice(root, "people", "number")
    yield from _twice(root, "applications", "connection_id")
    yield from _twice(root, "assistants", "id")
    yield from _twice(root, "errors", "command", "nth")
    yield from _twice(root, "audio", "url")
    yield from _twice(root, "audio", "media")
    yield from _twice(root, "recordings", "nth")
    yield from _hidden(root)
    named = [item.get("connection_id") for _, item in _items(root, "applications")]
    known = {connection for connection in named if isinstance(connection, str)}
    for index, call in _items(root, "calls"):
        connection = call.get("connection_id")
        if known and isinstance(connection, str) and connection not in known:
            yield ("calls", index, "connection_id"), f"{quoted(connection)} is none of applications: add it there"


def _twice(
    root: dict[str, Any], section: str, key: str, count: str = ""
) -> Iterator[tuple[tuple[str | int, ...], str]]:
    seen: dict[tuple[str, str], int] = {}
    for index, item in _items(root, section):
        value, nth = item.get(key, "1" if key == "nth" else None), item.get(count, "1") if count else ""
        if not isinstance(value, str) or not isinstance(nth, str):
            continue
        first = seen.setdefault((value, nth), index)
        if first != index:
            which = f"{value} number {nth}" if count else value
            yield (section, index, key), f"{which} is in {section}[{first}] already: keep one of the two"


def _hidden(root: dict[str, Any]) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """People whom nobody ever finds, because a pattern before them fits their number too."""
    patterns: list[tuple[int, str]] = []
    for index, person in _items(root, "people"):
        number = person.get("number")
        if not isinstance(number, str) or not number.strip() or len(number) > 200:
            continue
        if "*" in number:
            patterns.append((index, number))
        elif before := next(((at, pattern) for at, pattern in patterns if matches(pattern, number)), None):
            text = f"{number} is never found, because people[{before[0]}] ({before[1]}) fits it too: put this one first"
            yield ("people", index, "number"), text


def _items(root: dict[str, Any], section: str) -> Iterator[tuple[int, dict[str, Any]]]:
    items = root.get(section)
    for index, item in enumerate(items if isinstance(items, list) else ()):
        if isinstance(item, dict):
            yield index, item
