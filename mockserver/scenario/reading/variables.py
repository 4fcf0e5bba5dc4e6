"""`${name}`: a text of a file that stands for another one, put in before anything is made of the values.

`$${` is a `${` of its own; `{{name}}` is the platform's and stays as it is. A scalar that is nothing but one reference
becomes the variable's own scalar, so that `36` stays a number where numbers count; keys are never looked at.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

from mockserver.scenario.reading.files import File, Mistake
from mockserver.scenario.reading.tree import NULLS, Path, Plain
from mockserver.scenario.seen import kind, quoted

MOST_MADE = 1_000_000
"""Characters that all references of a run become, so that a small file cannot become a huge one."""

LONGEST_CHAIN = 50
"""Variables of which each refers to the next."""

MOST = 1_000
"""Variables of a file."""

MOST_NAMED = 20
MOST_HINTS = 20
"""How many of the variables that there are a mistake names, and how many mistakes say what was probably meant."""

NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,99}", re.ASCII)
FROM_OUTSIDE = re.compile(r"env:([A-Za-z_][A-Za-z0-9_]{0,199})(?::-(.*))?", re.ASCII | re.DOTALL)
REFERENCE = re.compile(r"\$\$\{|\$\{([^{}]*)(\}?)")
NAMING = "write a letter or _, then letters, digits, _ and -"


@dataclass(frozen=True, slots=True)
class Defined:
    """A variable: what stands for it, and where; `value` is None where that is a mistake, told already.

    Without a file it comes from the command line, whose texts are taken as they are.
    """

    value: str | None
    file: File | None = None
    path: Path = ()


class _Wrong(Exception):
    """A text cannot be filled in; why is told already, or is `args[0]`."""


def read_variables(file: File) -> None:
    """Note the `variables` of a file, and what is wrong with their names and shapes."""
    mapping = file.root.get("variables", {})
    if not isinstance(mapping, dict):
        file.wrong(("variables",), f"{kind(mapping)}: give names and their texts, like {{patience: 5s}}")
        return
    if len(mapping) > MOST:
        file.wrong(("variables",), f"{len(mapping):,} variables, more than {MOST:,}: make them fewer")
    for name, value in mapping.items():
        path = ("variables", name)
        text = value if isinstance(value, str) else None
        if text is None:
            file.wrong(path, f'{kind(value)}: give a text, which may be ""')
        if NAME.fullmatch(name):
            file.variables[name] = text
        else:
            file.wrong(path, f"{quoted(name)} is no name of a variable: {NAMING}")


def mentioned(files: Sequence[File]) -> set[str]:
    """The names that any text of the files refers to."""
    referring = [file.root for file in files if file.tree.refers]
    return {found[1] for root in referring for text in _texts(root) for found in REFERENCE.finditer(text) if found[1]}


def from_outside(text: str) -> str:
    """A text of the command line or of the environment: as if it stood in the file, where it may mean a number."""
    return Plain(text) if text else ""


def _texts(value: Any) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, (dict, list)):
        for item in value.values() if isinstance(value, dict) else value:
            yield from _texts(item)


@dataclass(slots=True)
class Variables:
    """The variables of one run, and what was found wrong with them and with what refers to them.

    `environment` is None where it is not to be had. Where some `are_missing`, because what has them cannot be read, a
    name that nobody knows is no mistake.
    """

    defined: Mapping[str, Defined]
    environment: Mapping[str, str] | None = None
    are_missing: bool = False
    mistakes: list[Mistake] = field(default_factory=list)
    _values: dict[str, str | None] = field(default_factory=dict)
    _within: list[str] = field(default_factory=list)
    _made: int = 0
    _unknowns: int = 0

    def values(self) -> dict[str, str]:
        """All of them; those with a mistake are left out."""
        for name in self.defined:
            try:
                self._value(name)
            except _Wrong:
                continue
        return {name: value for name, value in self._values.items() if value is not None}

    def put_into(self, file: File) -> tuple[dict[str, Any], set[Path]]:
        """The parts of a file with all references filled in, and the places where that was not possible."""
        wrong: set[Path] = set()
        if not file.tree.refers:
            return file.parts, wrong
        return {key: self._filled(value, file, (key,), wrong) for key, value in file.parts.items()}, wrong

    def _filled(self, value: Any, file: File, path: Path, wrong: set[Path]) -> Any:
        if isinstance(value, dict):
            return {key: self._filled(item, file, (*path, key), wrong) for key, item in value.items()}
        if isinstance(value, list):
            return [self._filled(item, file, (*path, index), wrong) for index, item in enumerate(value)]
        if not isinstance(value, str) or "${" not in value:
            return value
        try:
            text = self._text(value, file, path)
        except _Wrong:
            wrong.add(path)
            return value
        return None if isinstance(text, Plain) and text in NULLS else text

    def _text(self, text: str, file: File, path: Path) -> str:
        """A text with its references filled in. Raises `_Wrong` once what is wrong is noted."""
        try:
            return self._replaced(text)
        except _Wrong as wrong:
            if wrong.args:
                self.mistakes.append(file.mistake(path, wrong.args[0]))
            raise

    def _replaced(self, text: str) -> str:
        pieces: list[str] = []
        end = 0
        for found in REFERENCE.finditer(text):
            value = "${" if found[0] == "$${" else self._referred(found[1], bool(found[2]))
            if found[0] == text and found[0] != "$${":
                return value
            pieces += text[end : found.start()], value
            end = found.end()
        joined = "".join((*pieces, text[end:]))
        return Plain(joined) if isinstance(text, Plain) else joined

    def _referred(self, inside: str, is_closed: bool) -> str:
        """What `${inside}` stands for."""
        if not is_closed:
            inside = inside.rstrip("$")  # of the next `${`
            raise _Wrong(f"{quoted('${' + inside)} goes on without a }}: close it, or write $${{ for a ${{ of its own")
        if inside.startswith("env:"):
            value = self._of_environment(inside)
        elif NAME.fullmatch(inside):
            value = self._value(inside)
        elif ":-" in inside:
            told = "has a default, which only ${env:NAME:-text} may have: give it a text under variables"
            raise _Wrong(f"{quoted('${' + inside + '}')} {told}")
        else:
            raise _Wrong(f"{quoted('${' + inside + '}')} names no variable: {NAMING}, or $${{ for a ${{ of its own")
        if self._made > MOST_MADE:
            raise _Wrong
        self._made += len(value)
        if self._made > MOST_MADE:
            raise _Wrong(f"what is put in for ${{...}} is more than {MOST_MADE:,} characters by now: write less")
        return value

    def _of_environment(self, inside: str) -> str:
        found = FROM_OUTSIDE.fullmatch(inside)
        if not found:
            raise _Wrong(f"{quoted('${' + inside + '}')} is not like ${{env:NAME}} or ${{env:NAME:-text}}")
        name, default = found[1], found[2]
        value = (self.environment or {}).get(name)
        if value is None or (not value and default is not None):  # as a shell has it
            value = default
        if value is not None:
            return from_outside(value)
        if self.environment is None:
            told = "the environment is there only for files that the command line loads: write the text itself"
            raise _Wrong(f"${{env:{name}}}: {told}, or a default like ${{env:{name}:-text}}")
        raise _Wrong(f"{name} is not set in the environment: set it, or give a default like ${{env:{name}:-text}}")

    def _value(self, name: str) -> str:
        """A variable's value, worked out when first asked for."""
        if name not in self.defined:
            raise _Wrong() if self.are_missing else _Wrong(self._unknown(name))
        if name not in self._values:
            self._values[name] = self._worked_out(name)
        value = self._values[name]
        if value is None:
            raise _Wrong
        return value

    def _worked_out(self, name: str) -> str | None:
        defined = self.defined[name]
        if defined.value is None or defined.file is None or "${" not in defined.value:
            return defined.value
        if name in self._within:
            circle = " -> ".join([*self._within[self._within.index(name) :], name])
            raise _Wrong(f"{circle} goes round in a circle: let one of them refer to none of the others")
        if len(self._within) >= LONGEST_CHAIN:
            raise _Wrong(f"refers to the next of more than {LONGEST_CHAIN} variables in a row: make them fewer")
        self._within.append(name)
        try:
            return self._text(defined.value, defined.file, defined.path)
        except _Wrong:
            return None
        finally:
            self._within.pop()

    def _unknown(self, name: str) -> str:
        said = f"${{{name}}} is no variable"
        self._unknowns += 1
        if self._unknowns > MOST_HINTS:
            return f"{said}: add it to variables"
        if close := get_close_matches(name, self.defined, 1):
            return f"{said}: did you mean ${{{close[0]}}}?"
        if name in (self.environment or {}):
            return f"{said}: did you mean ${{env:{name}}}?"
        if not self.defined:
            return f"{said}, and there are none: add it to variables, or write $${{ for a ${{ of its own"
        known = sorted(self.defined)
        more = f" and {len(known) - MOST_NAMED} more" if len(known) > MOST_NAMED else ""
        return f"{said}: known are {', '.join(known[:MOST_NAMED])}{more}"
