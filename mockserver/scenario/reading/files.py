"""A scenario file and the files that it includes, read and parsed, but not understood yet.

They come in the order in which they count: a file, then what it includes, one after the other, each with what it
includes itself. A file that two others include is read once.
"""

from __future__ import annotations

import os.path
from collections.abc import Iterator
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path as FilePath
from typing import Any, NamedTuple

from mockserver.scenario.reading.from_json import as_yaml
from mockserver.scenario.reading.tree import MOST_BYTES, MOST_PARTS, Path, Tree, parse
from mockserver.scenario.seen import kind, quoted

MOST_FILES = 100
DEEPEST = 10
"""How many files one run is made of, and how many of them lead to the last."""

ASIDE = ("variables", "include", "parameters")
"""The keys that are about the file, and done with before its parts are looked at."""


class Mistake(NamedTuple):
    """What is wrong, by the number and the line of the file."""

    file: int
    line: int
    text: str


@dataclass(slots=True)
class File:
    """One file: what problems call it, what is in it, and its variables as they are written (None: a mistake)."""

    number: int
    name: str
    tree: Tree
    variables: dict[str, str | None] = field(default_factory=dict)

    @property
    def root(self) -> dict[str, Any]:
        """What is in it; nothing where it is no mapping."""
        root = self.tree.root
        return root if self.tree.whole and isinstance(root, dict) else {}

    @property
    def parts(self) -> dict[str, Any]:
        """Its people, calls and so on."""
        return {key: value for key, value in self.root.items() if key not in ASIDE}

    def wrong(self, path: Path, text: str) -> None:
        """Note a mistake at a place."""
        self.tree.problems.append(self.mistake(path, text)[1:])

    def mistake(self, path: Path, text: str) -> Mistake:
        """A mistake at a place."""
        return Mistake(self.number, self.tree.line(path), f"{place(path)}: {text}")

    @property
    def mistakes(self) -> list[Mistake]:
        """What was wrong with it from the start."""
        return [Mistake(self.number, line, text) for line, text in self.tree.problems]


def place(path: Path) -> str:
    """Where in the file: `people[0].answers_after`, counted from 0."""
    place = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return place.removeprefix(".") or "the file"


@dataclass(slots=True)
class Files:
    """What a scenario is made of. `are_missing` once one that is included cannot be had."""

    all: list[File] = field(default_factory=list)
    are_missing: bool = False
    _paths: set[FilePath] = field(default_factory=set)
    _chain: list[tuple[FilePath, str]] = field(default_factory=list)
    _bytes: int = 0
    _parts: int = 0

    @classmethod
    def read(cls, source: FilePath | str | bytes, name: str) -> Files:
        """A file with all that it includes, or a text, which includes nothing. Raises OSError for the file itself."""
        files = cls()
        if isinstance(source, FilePath):
            content = source.read_bytes()
            files._paths.add(source.resolve())
            files._add(content, name, source)
        else:
            files._add(source, name, None)
        return files

    def _add(self, content: str | bytes, name: str, path: FilePath | None) -> None:
        file = File(len(self.all), name, _read(content))
        self.all.append(file)
        self._bytes += len(content)
        self._parts += file.tree.parts
        if path is None:
            if "include" in file.root:
                told = "a text has no folder to find files in: write all in one text, or load it from a file"
                self._missing(file, ("include",), told)
            return
        self._chain.append((path.resolve(), name))
        for place_, written in self._wanted(file):
            self._include(file, place_, written, path.parent)
        self._chain.pop()

    def _wanted(self, file: File) -> Iterator[tuple[Path, str]]:
        """The files that a file includes, as they are written there."""
        wanted = file.root.get("include", [])
        listed = isinstance(wanted, list)
        for index, written in enumerate(wanted if listed else [wanted]):
            path: Path = ("include", index) if listed else ("include",)
            if not isinstance(written, str) or not written.strip():
                seen = "is empty" if isinstance(written, str) else kind(written)
                self._missing(file, path, f"{seen}: give a file, or a list of files")
            elif "${" in written:
                self._missing(file, path, f"{quoted(written)}: files are named as they are, without ${{...}}")
            else:
                yield path, written

    def _include(self, file: File, at: Path, written: str, folder: FilePath) -> None:
        path = folder / written
        try:
            known = path.resolve()
        except (OSError, ValueError, RuntimeError):
            known = path
        if circle := [name for other, name in self._chain if other == known]:
            names = [name for _, name in self._chain]
            round_ = " -> ".join([*names[names.index(circle[0]) :], circle[0]])
            self._missing(file, at, f"{round_} goes round in a circle: leave one of these out")
        elif known in self._paths:
            return
        elif len(self._chain) >= DEEPEST:
            self._missing(file, at, f"{quoted(written)} is included by {DEEPEST} files in a row: make them fewer")
        elif len(self.all) >= MOST_FILES:
            self._missing(file, at, f"{quoted(written)} is one more than {MOST_FILES} files: make them fewer")
        else:
            self._read_included(file, at, written, path, known)

    def _read_included(self, file: File, at: Path, written: str, path: FilePath, known: FilePath) -> None:
        left = MOST_BYTES - self._bytes
        try:
            if not path.is_file():
                self._missing(file, at, f"{quoted(written)} {_not_there(path)}")
                return
            with path.open("rb") as opened:
                content = opened.read(left + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or error
            self._missing(file, at, f"{quoted(written)} cannot be read: {why}")
            return
        if len(content) > left:
            self._missing(file, at, f"with {quoted(written)} it is more than {MOST_BYTES:,} bytes in all: write less")
            return
        self._paths.add(known)
        self._add(content, os.path.normpath(path), path)
        self.are_missing = self.are_missing or not self.all[-1].tree.whole
        if self._parts > MOST_PARTS:
            self._missing(file, at, f"with {quoted(written)} it is more than {MOST_PARTS:,} parts in all: write less")

    def _missing(self, file: File, path: Path, text: str) -> None:
        self.are_missing = True
        file.wrong(path, text)


def _not_there(path: FilePath) -> str:
    if path.is_dir():
        return "is a folder: name its files one by one"
    beside = {each.stem: each.name for each in path.parent.glob("*.y*ml")} if path.parent.is_dir() else {}
    close = get_close_matches(path.stem, sorted(beside), 1)
    return (
        f"is not there: did you mean {beside[close[0]]}?"
        if close
        else f"is not there: no file {os.path.normpath(path)}"
    )


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
    tree = parse(as_yaml(text))
    if tree.root is None and not tree.problems:
        tree.problems.append((1, "the file is empty: a scenario has people, calls, assistants, errors, expect"))
    elif tree.whole and tree.root is not None and not isinstance(tree.root, dict):
        text = f"the file {kind(tree.root)}: a scenario is a mapping with people, calls and so on"
        tree.problems.append((tree.line(()), text))
    return tree
