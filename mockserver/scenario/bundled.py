"""The scenarios that come with the program, by name."""

from __future__ import annotations

from difflib import get_close_matches
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]


def folder() -> Path:
    """Where they are: in the package when installed, beside it in a checkout."""
    inside = PACKAGE / "scenarios"
    return inside if inside.is_dir() else PACKAGE.parent / "scenarios"


def names() -> list[str]:
    """All of them, in alphabetical order."""
    return sorted(path.stem for path in folder().glob("*.yaml"))


def bundled(name: str) -> Path:
    """The file of a bundled scenario, named with or without `.yaml`. Raises LookupError when there is none."""
    known = names()
    stem = name.removesuffix(".yaml").removesuffix(".yml")
    if stem in known:
        return folder() / f"{stem}.yaml"
    close = get_close_matches(stem, known, 1)
    hint = f"did you mean {close[0]}?" if close else f"there are {', '.join(known)}"
    raise LookupError(f"no bundled scenario is called {name!r}: {hint}")


def find_row(file_or_name: str) -> tuple[Path, str | None]:
    """The file of `FILE`, and the row of its parameters of `FILE#row`. Raises LookupError when there is no file."""
    if Path(file_or_name).exists():
        return Path(file_or_name), None
    for at in range(1, len(file_or_name) - 1):  # either may have a # in it
        if file_or_name[at] == "#" and Path(file_or_name[:at]).exists():
            return Path(file_or_name[:at]), file_or_name[at + 1 :]
    name, _, row = file_or_name.partition("#")
    return (bundled(name), row) if row else (bundled(file_or_name), None)


def find(file_or_name: str) -> Path:
    """The file that is meant: one that exists, else a bundled scenario. Raises LookupError when there is neither."""
    path = Path(file_or_name)
    return path if path.exists() else bundled(file_or_name)
