"""`parameters`: rows of values, one run for each of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from mockserver.scenario.reading.files import File
from mockserver.scenario.reading.tree import Path
from mockserver.scenario.reading.variables import NAME, NAMING
from mockserver.scenario.seen import kind, quoted

MOST = 200
LONGEST_LABEL = 60
MOST_NAMED = 20
"""How many rows a mistake names."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: its place in the list, from 0; what it is called; its values as they are written."""

    index: int
    label: str
    values: dict[str, str]


def read_rows(file: File) -> list[Row]:
    """The rows of a file; none, and in the file what is wrong, where anything is wrong with one of them."""
    known = len(file.tree.problems)
    given = file.root.get("parameters")
    if "parameters" not in file.root:
        return []
    if not isinstance(given, list) or not given:
        file.wrong(("parameters",), f"{kind(given)}: give a list of rows, like [{{keys: 1}}, {{keys: 2}}]")
        return []
    if len(given) > MOST:
        file.wrong(("parameters",), f"{len(given):,} rows, more than {MOST}: split the file")
        return []
    rows = [row for index, item in enumerate(given) if (row := _row(file, index, item))]
    for row in rows[1:]:
        _compare(file, rows[0], row)
    first: dict[str, Row] = {}
    for row in rows:
        same = first.setdefault(row.label, row)
        if same is not row:
            named = f"{row.label} is the name of parameters[{same.index}] already: give each row a name of its own"
            file.wrong(("parameters", row.index), named)
    return rows if len(file.tree.problems) == known else []


def _row(file: File, index: int, item: Any) -> Row | None:
    path: Path = ("parameters", index)
    if not isinstance(item, dict) or not item:
        file.wrong(path, f"{kind(item)}: give a mapping of names to texts, like {{keys: 1}}")
        return None
    for key, value in item.items():
        if not isinstance(value, str):
            file.wrong((*path, key), f'{kind(value)}: give a text, which may be ""')
        if not NAME.fullmatch(key):
            file.wrong((*path, key), f"{quoted(key)} is no name of a variable: {NAMING}")
    if not all(isinstance(value, str) for value in item.values()):
        return None
    values = {key: value for key, value in item.items() if key != "name"}
    label = item.get("name", ", ".join(f"{key}={value}" for key, value in values.items()))
    if not label.strip():
        file.wrong((*path, "name"), "is empty: give a text, or leave the key out")
    return Row(index, _short(label), values)


def _short(label: str) -> str:
    """What a row is called: in one line, and not too long."""
    line = " ".join(label.split())
    return line if len(line) <= LONGEST_LABEL else f"{line[: LONGEST_LABEL - 1]}…"


def _compare(file: File, first: Row, row: Row) -> None:
    """All rows have the same keys, so that none plays with a value that was meant for another."""
    path = ("parameters", row.index)
    for key in first.values:
        if key not in row.values:
            file.wrong(path, f"has no {key}, as parameters[{first.index}] has: give every row the same keys")
    for key in row.values:
        if key not in first.values:
            file.wrong((*path, key), f"is not in parameters[{first.index}]: give every row the same keys")


def check_use(file: File, rows: Sequence[Row], mentioned: set[str]) -> None:
    """Note what the rows say for nobody."""
    for row in rows[:1]:
        for key in row.values.keys() - mentioned:
            close = get_close_matches(key, sorted(mentioned), 1)
            hint = f"did you mean {close[0]}?" if close else f"write ${{{key}}} where it belongs, or leave it out"
            file.wrong(("parameters", row.index, key), f"nothing in the file has ${{{key}}}: {hint}")


def chosen(file: File, rows: Sequence[Row], wanted: str | int | None) -> Row | None:
    """The row that is wanted, by its name or its number from 1. None, and a mistake in the file, if there is none."""
    if wanted is None:
        if rows:
            how = f"name one, as {file.name}#{_said(rows[0])} or row={_said(rows[0])}"
            file.wrong(("parameters",), f"{len(rows)} rows, and none is chosen: {how}; {_known(rows)}")
        return None
    for row in rows:
        if isinstance(wanted, str) and row.label == _short(wanted):
            return row
    if str(wanted).isascii() and str(wanted).isdigit() and 1 <= int(str(wanted)[:9]) <= len(rows):
        return rows[int(wanted) - 1]
    if not rows:
        file.wrong(("parameters",), f"there are none, and thus no row {quoted(str(wanted))}: choose none")
        return None
    close = get_close_matches(str(wanted)[:100], [row.label for row in rows], 1)
    told = f"did you mean {close[0]}?" if close else _known(rows)
    file.wrong(("parameters",), f"{quoted(str(wanted))} is no row: {told}")
    return None


def _said(row: Row) -> str:
    """The shortest that a command line can say for a row."""
    return row.label if NAME.fullmatch(row.label) else str(row.index + 1)


def _known(rows: Sequence[Row]) -> str:
    named = ", ".join(f"{number} ({row.label})" for number, row in enumerate(rows[:MOST_NAMED], 1))
    return f"there are {named}{f' and {len(rows) - MOST_NAMED} more' if len(rows) > MOST_NAMED else ''}"
