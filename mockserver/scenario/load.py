"""A scenario file, read and checked: either the whole of it is right, or all its mistakes are told at once."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

from pydantic import ValidationError

from mockserver.scenario.bundled import bundled, find
from mockserver.scenario.model import Scenario
from mockserver.scenario.named import Numbers, numbers_by_name
from mockserver.scenario.reading.files import File, Files, Mistake
from mockserver.scenario.reading.merging import merged
from mockserver.scenario.reading.rows import Row, check_use, chosen, read_rows
from mockserver.scenario.reading.sentences import place_of, sentence
from mockserver.scenario.reading.tree import Path as Place
from mockserver.scenario.reading.variables import Defined, Variables, from_outside, mentioned, read_variables
from mockserver.scenario.seen import quoted
from mockserver.sim.cues import MOST as MOST_CUES
from mockserver.sim.faults import MOST as MOST_FAULTS
from mockserver.sim.people import Person, matches

__all__ = ["InvalidScenario", "Scenario", "bundled", "find", "load", "load_all"]

NONE: Mapping[str, str] = MappingProxyType({})


PLACE = re.compile(r"([^\s:]+): (.*)", re.DOTALL)


class Problem(NamedTuple):
    """What is wrong with a file. Its `text` begins with the place, like `people[0].name`, if it is about a part."""

    file: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.text}"

    def as_json(self) -> dict[str, str | int]:
        """For programs: `place` apart from what is wrong there, and left out where there is none."""
        found = PLACE.fullmatch(self.text)
        said: dict[str, str | int] = {"place": found[1], "text": found[2]} if found else {"text": self.text}
        return {"file": self.file, "line": self.line, **said}


class InvalidScenario(Exception):
    """A file with mistakes: `found`, and as `problems` in lines that begin with file and line."""

    def __init__(self, found: Sequence[Problem]) -> None:
        self.found = tuple(found)
        self.problems = [str(problem) for problem in found]
        super().__init__("\n".join(self.problems))


def load(
    source: Path | str | bytes,
    name: str | None = None,
    environment: Mapping[str, str] | None = None,
    sets: Mapping[str, str] = NONE,
    row: str | int | None = None,
    people: Sequence[Person] = (),
) -> Scenario:
    """Read a scenario from a file (a Path) or from its text.

    `name` is what problems call it and, without its ending, what the scenario is called unless it says itself. `sets`
    override its variables; `environment` is what `${env:NAME}` finds, which may be used in no file without it. Of a
    file with `parameters`, `row` chooses one, by its name or by its number from 1. `people` are there already, and may
    be named. Raises InvalidScenario with every problem there is, and OSError when the file cannot be read.
    """
    files = Files.read(source, _called(source, name))
    rows = _prepared(files)
    wanted = None
    if files.all[0].tree.whole and (rows or "parameters" not in files.all[0].root):
        wanted = chosen(files.all[0], rows, row)
    [scenario] = _loaded(files, [wanted], environment, sets, people)
    return scenario


def load_all(
    source: Path | str | bytes,
    environment: Mapping[str, str] | None = None,
    sets: Mapping[str, str] = NONE,
    name: str | None = None,
) -> list[Scenario]:
    """Read all scenarios of a file: one for each row of its `parameters`, or the only one. The rest is as in `load`."""
    files = Files.read(source, _called(source, name))
    return _loaded(files, _prepared(files) or [None], environment, sets)


def _called(source: Path | str | bytes, name: str | None) -> str:
    return name or (str(source) if isinstance(source, Path) else "scenario.yaml")


def _prepared(files: Files) -> list[Row]:
    """Note the variables of files; the rows of the first of them."""
    for file in files.all:
        read_variables(file)
    for file in files.all[1:]:
        if "parameters" in file.root:
            told = "only the file that is loaded has rows, not one that it includes: move them there"
            file.wrong(("parameters",), told)
    rows = read_rows(files.all[0])
    if rows and not files.are_missing and not files.all[0].tree.problems:
        check_use(files.all[0], rows, mentioned(files.all))
    return rows


def _loaded(
    files: Files,
    rows: Sequence[Row | None],
    environment: Mapping[str, str] | None,
    sets: Mapping[str, str],
    people: Sequence[Person] = (),
) -> list[Scenario]:
    """A scenario for each row. Raises InvalidScenario with what is wrong with any; what is in all is told once."""
    known = [mistake for file in files.all for mistake in file.mistakes]
    scenarios: list[Scenario] = []
    found: dict[Mistake, list[str]] = {}
    if files.all[0].tree.whole:
        for row in rows:
            are_missing = files.are_missing or (row is None and "parameters" in files.all[0].root)
            variables = Variables(definitions(files.all, row, sets), environment, are_missing)
            scenario, mistakes = _one(files.all, row, variables, people)
            scenarios += [scenario] if scenario else []
            for mistake in dict.fromkeys(mistakes):
                found.setdefault(mistake, []).append(row.label if row else "")
    for mistake, labels in found.items():
        told = "" if len(labels) == len(rows) else f" (row {', '.join(labels[:3])}{', …' if labels[3:] else ''})"
        known.append(mistake._replace(text=mistake.text + told))
    if known:
        ordered = sorted(dict.fromkeys(known), key=lambda mistake: mistake[:2])
        raise InvalidScenario([Problem(files.all[number].name, line, text) for number, line, text in ordered])
    return scenarios


def definitions(files: Sequence[File], row: Row | None, sets: Mapping[str, str]) -> dict[str, Defined]:
    """The variables of a run. The command line comes first, then the row, the file, and what it includes in order.

    What the command line sets and no file knows is left out.
    """
    found: dict[str, Defined] = {}
    if row is not None:
        found = {name: Defined(text, files[0], ("parameters", row.index, name)) for name, text in row.values.items()}
    for file in files:
        for name, text in file.variables.items():
            found.setdefault(name, Defined(text, file, ("variables", name)))
    known = found.keys() | mentioned(files) if sets else ()
    return found | {name: Defined(from_outside(text)) for name, text in sets.items() if name in known}


def _one(
    files: Sequence[File], row: Row | None, variables: Variables, people: Sequence[Person]
) -> tuple[Scenario | None, list[Mistake]]:
    """The scenario of one row, and what is wrong with it."""
    values = variables.values()
    filled = [variables.put_into(file) for file in files]
    numbers = numbers_by_name([root for root, _ in filled], people)
    across = [] if variables.are_missing else list(_across([root for root, _ in filled]))
    scenarios, mistakes = [], variables.mistakes
    for file, (root, wrong) in zip(files, filled, strict=True):
        scenario, found = _validated(file, root, numbers)
        found += [(path, text) for number, path, text in across if number == file.number]
        mistakes += [file.mistake(path, text) for path, text in _besides(wrong, found)]
        scenarios += [scenario] if scenario else []
    if len(scenarios) < len(files):
        return None, mistakes
    whole = merged(scenarios)
    if len(whole.faults) > MOST_FAULTS:
        told = f"{len(whole.faults):,} faults with those that are included, more than {MOST_FAULTS:,}: make them fewer"
        mistakes.append(files[0].mistake(("include",), told))
    waiting = sum(call.when is not None for call in whole.calls)
    if waiting > MOST_CUES:
        told = f"{waiting:,} wait for something to happen, more than {MOST_CUES:,}: make them fewer"
        mistakes.append(Mistake(0, files[0].tree.line(("calls",)), f"calls: {told}"))
    called = f"{whole.name} [{row.label}]" if row else whole.name
    chosen_row = [{**row.values, "name": row.label}] if row else []
    return whole.model_copy(update={"name": called, "variables": values, "parameters": chosen_row}), mistakes


def _besides(wrong: Collection[Place], found: Sequence[tuple[Place, str]]) -> list[tuple[Place, str]]:
    """What was found that does not come from a text that could not be filled in."""
    around = {path[:length] for path in wrong for length in range(len(path))}
    within = ((path, text) for path, text in found if path not in around)
    return [(path, text) for path, text in within if not any(path[:end] in wrong for end in range(len(path) + 1))]


def _validated(file: File, root: dict[str, Any], numbers: Numbers) -> tuple[Scenario | None, list[tuple[Place, str]]]:
    """What a file says, its references filled in, and what is wrong with it by the place."""
    if not isinstance(file.tree.root, dict) or not file.tree.whole:
        return None, []
    found: list[tuple[Place, str]] = list(_between(root))
    try:
        named = {"name": Path(file.name).stem or "scenario", **root}
        return Scenario.model_validate(named, context=numbers), found
    except ValidationError as error:
        for wrong in error.errors(include_url=False):
            path = place_of(dict(wrong))
            found.append((path, sentence(dict(wrong), path)))
        return None, found


def _between(root: dict[str, Any]) -> Iterator[tuple[Place, str]]:
    """Mistakes that only show when parts are compared, found even where other parts are wrong."""
    yield from _twice(root, "people", "number")
    yield from _twice(root, "applications", "connection_id")
    yield from _twice(root, "assistants", "id")
    yield from _twice(root, "errors", "command", "nth")
    yield from _twice(root, "audio", "url")
    yield from _twice(root, "audio", "media")
    yield from _twice(root, "recordings", "nth")
    yield from _hidden(root)


def _across(roots: Sequence[dict[str, Any]]) -> Iterator[tuple[int, Place, str]]:
    """The same for what one file may say of what is in another, with the number of the file."""
    named = [item.get("connection_id") for root in roots for _, item in _items(root, "applications")]
    known = {connection for connection in named if isinstance(connection, str)}
    for number, root in enumerate(roots):
        for index, call in _items(root, "calls"):
            connection = call.get("connection_id")
            if known and isinstance(connection, str) and connection not in known:
                text = f"{quoted(connection)} is none of applications: add it there"
                yield number, ("calls", index, "connection_id"), text


def _twice(root: dict[str, Any], section: str, key: str, count: str = "") -> Iterator[tuple[Place, str]]:
    seen: dict[tuple[str, str], int] = {}
    for index, item in _items(root, section):
        value, nth = item.get(key, "1" if key == "nth" else None), item.get(count, "1") if count else ""
        if not isinstance(value, str) or not isinstance(nth, str):
            continue
        first = seen.setdefault((value, nth), index)
        if first != index:
            which = f"{value} number {nth}" if count else value
            yield (section, index, key), f"{which} is in {section}[{first}] already: keep one of the two"


def _hidden(root: dict[str, Any]) -> Iterator[tuple[Place, str]]:
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
