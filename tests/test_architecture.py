"""Imports run one way, the simulation stays pure, and nothing heavy is imported before it is needed."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = "mockserver"

LAYERS = (
    ("preload",),  # runs in other programs, whatever they have
    ("sim",),
    ("driver",),
    ("holds",),
    ("worlds",),
    ("http", "webhooks", "scenario"),
    ("printer", "settings", "outside", "tls"),
    ("tail", "reports"),
    ("listening",),
    ("server",),
    ("launch",),
    ("program",),
    ("runner",),
    ("audit",),
    ("testing",),
    ("cli", "pytest_plugin"),
    ("__main__",),
)
"""The parts of the package from the bottom up; a part imports itself and what lies below it."""

PURE = frozenset(
    {
        "__future__",
        "base64",
        "binascii",
        "bisect",
        "collections",
        "contextlib",
        "copy",
        "dataclasses",
        "decimal",
        "difflib",
        "functools",
        "heapq",
        "itertools",
        "json",
        "math",
        "operator",
        "random",
        "re",
        "struct",
        "typing",
        "uuid",
    }
)
"""What the simulation may import of the standard library; anything else could reach outside."""
CLOCK = frozenset({"time", "datetime"})
"""What its clock may import besides."""

HEAVY = ("nacl", "aiohttp", "openapi_core", "jsonschema_rs", "pydantic", "trustme", "cryptography")
"""Libraries that take long to load, so that they are imported when they are first needed."""


class Import(NamedTuple):
    """One import: where it stands and what it imports, as `mockserver.sim.errors` or `json`."""

    path: Path
    line: int
    name: str

    @property
    def importer(self) -> str:
        """The part of the package that imports: `sim`, `cli`; empty for the package itself."""
        return part(module_name(self.path))

    def told(self, why: str) -> str:
        return f"{self.path.relative_to(ROOT)}:{self.line}: imports {self.name}: {why}"


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


def part(module: str) -> str:
    """The part of the package that a module belongs to."""
    _, _, rest = module.partition(".")
    return rest.partition(".")[0]


def sources(*folders: str) -> list[Path]:
    return sorted(path for path in (ROOT / PACKAGE).joinpath(*folders).rglob("*.py"))


def is_package(dotted: str) -> bool:
    return (ROOT / Path(*dotted.split("."))).is_dir()


def imports_of(path: Path, source: str | None = None) -> Iterator[Import]:
    """Every import of a file, also those inside functions and those for type checkers."""
    tree = ast.parse(path.read_text(encoding="utf-8") if source is None else source)
    name = module_name(path)
    package = name if path.name == "__init__.py" else name.rpartition(".")[0]
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (Import(path, node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            module = ".".join([*above, *([node.module] if node.module else [])])
            # `from package import module` imports the module; `from module import name` the module alone
            whole = is_package(module)
            yield from (
                Import(path, node.lineno, f"{module}.{alias.name}" if whole else module) for alias in node.names
            )


def ours(found: Import) -> bool:
    return found.name.split(".")[0] == PACKAGE


def all_imports() -> list[Import]:
    return [found for path in sources() for found in imports_of(path)]


def wrong_way(found: Import) -> str | None:
    """Why an import of ours must not be, or None."""
    height = {name: number for number, names in enumerate(LAYERS) for name in names}
    importer, imported = found.importer, part(found.name)
    if not ours(found) or imported == importer or imported.startswith("__") or not imported:
        return None
    if importer == "":
        return "the package itself imports nothing of ours"
    if not {importer, imported} <= height.keys():
        return None  # told by `test_every_part_of_the_package_has_its_place`
    if height[imported] < height[importer]:
        return None
    return f"{importer} must not know {imported}, which is not below it"


def impure(found: Import) -> str | None:
    """Why the simulation must not import something, or None."""
    name = found.name.split(".")[0]
    if ours(found):
        return None if part(found.name) == "sim" else "the simulation imports nothing of ours outside itself"
    allowed = PURE | CLOCK if found.path == ROOT / PACKAGE / "sim" / "clock.py" else PURE
    return None if name in allowed else "the simulation does no I/O and asks only its clock for the time"


def environment_reads(path: Path, source: str | None = None) -> list[int]:
    """The lines of a file on which environment variables are read."""
    tree = ast.parse(path.read_text(encoding="utf-8") if source is None else source)
    names = {"environ", "environb", "getenv", "getenvb"}
    lines = [
        node.lineno
        for node in ast.walk(tree)
        if (isinstance(node, ast.Attribute) and node.attr in names)
        or (isinstance(node, ast.ImportFrom) and node.module == "os" and names & {alias.name for alias in node.names})
    ]
    return sorted(set(lines))


def test_every_part_of_the_package_has_its_place() -> None:
    known = {name for names in LAYERS for name in names}
    parts = {part(module_name(path)) for path in sources()} - {""}
    assert parts <= known, f"no place in LAYERS of {Path(__file__).name}: {', '.join(sorted(parts - known))}"


def test_the_page_about_the_architecture_shows_every_part() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    parts = {part(module_name(path)) for path in sources()} - {"", "__main__"}
    hidden = [name for name in sorted(parts) if not re.search(rf"`(?:{PACKAGE}/)?{name}(?:/|\.py)", page)]
    assert hidden == []


def test_every_file_that_the_page_about_the_architecture_names_is_there() -> None:
    page = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
    files = [f"/{path.relative_to(ROOT)}" for path in sources()]
    named = set(re.findall(r"`([\w/]+\.py)", page)) - {"tests/test_architecture.py"}
    assert sorted(name for name in named if not any(file.endswith(f"/{name}") for file in files)) == []


def test_imports_run_one_way() -> None:
    wrong = [found.told(why) for found in all_imports() if (why := wrong_way(found))]
    assert not wrong, "\n".join(wrong)


def test_requests_and_webhooks_never_import_each_other() -> None:
    wrong = [
        found.told("they meet in the log")
        for found in all_imports()
        if ours(found) and {found.importer, part(found.name)} == {"http", "webhooks"}
    ]
    assert not wrong, "\n".join(wrong)


def test_the_simulation_is_pure() -> None:
    wrong = [found.told(why) for path in sources("sim") for found in imports_of(path) if (why := impure(found))]
    assert not wrong, "\n".join(wrong)


def test_environment_variables_are_read_by_the_command_line_alone() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: reads an environment variable; cli alone does, and hands it on"
        for path in sources()
        if not path.is_relative_to(ROOT / PACKAGE / "cli")
        and path.parts[-3:-1] != ("preload", "python")  # not our process
        for line in environment_reads(path)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("module", ["mockserver.server", "mockserver.cli"])
def test_nothing_heavy_is_imported_before_it_is_needed(module: str) -> None:
    if find_spec(module) is None:
        pytest.skip(f"there is no {module} yet")
    script = f"import sys, {module}; print(*sorted(set(sys.modules) & set({HEAVY!r})))"
    done = subprocess.run([sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert not done.stdout.split(), f"importing {module} imports {done.stdout.strip()}"


# The checks find what they are there to find


@pytest.mark.parametrize(
    ("path", "source", "told"),
    [
        (
            "sim/calls.py",
            "import mockserver.driver",
            "sim/calls.py:1: imports mockserver.driver: sim must not know driver",
        ),
        (
            "sim/calls.py",
            "\nfrom .. import server",
            "sim/calls.py:2: imports mockserver.server: sim must not know server",
        ),
        ("http/api.py", "from mockserver import webhooks", "imports mockserver.webhooks: http must not know webhooks"),
        ("webhooks/post.py", "from mockserver.http.api import a", "webhooks must not know http"),
        ("driver.py", "def f():\n  from mockserver.cli import main", "driver.py:2: imports mockserver.cli"),
        ("__init__.py", "from mockserver import sim", "the package itself imports nothing of ours"),
        ("http/api.py", "from mockserver.sim.errors import Refusal", None),
        ("http/api.py", "from .contract import Contract", None),
        ("http/api.py", "from mockserver import __version__", None),
        ("scenario/model.py", "from mockserver.sim import people", None),
        ("server.py", "from mockserver import http, webhooks", None),
        ("server.py", "import json", None),
    ],
)
def test_an_import_upwards_is_found(path: str, source: str, told: str | None) -> None:
    found = [item.told(why) for item in imports_of(ROOT / PACKAGE / path, source) if (why := wrong_way(item))]
    assert [told in text for text in found if told] == ([True] if told else []), found


@pytest.mark.parametrize(
    ("path", "source", "is_impure"),
    [
        ("sim/calls.py", "import socket", True),
        ("sim/calls.py", "from datetime import UTC", True),
        ("sim/calls.py", "import urllib.parse", True),
        ("sim/calls.py", "import json, os.path", True),
        ("sim/calls.py", "import yaml", True),
        ("sim/calls.py", "from mockserver import driver", True),
        ("sim/clock.py", "import time", False),
        ("sim/clock.py", "import asyncio", True),
        ("sim/calls.py", "from collections.abc import Mapping", False),
        ("sim/calls.py", "from mockserver.sim import errors", False),
        ("sim/calls.py", "from . import errors", False),
    ],
)
def test_what_reaches_outside_is_found(path: str, source: str, is_impure: bool) -> None:
    assert any(impure(item) for item in imports_of(ROOT / PACKAGE / path, source)) == is_impure


@pytest.mark.parametrize(
    ("source", "lines"),
    [
        ("import os\nos.environ['A']", [2]),
        ("import os\nx = os.getenv('A')\ny = os.environ.get('B')", [2, 3]),
        ("from os import environ", [1]),
        ("from os import path", []),
    ],
)
def test_a_read_of_the_environment_is_found(source: str, lines: list[int]) -> None:
    assert environment_reads(ROOT / PACKAGE / "server.py", source) == lines


def test_every_file_of_tests_has_a_name_of_its_own() -> None:
    """Pytest imports them by their bare names: of two that are called the same it can only have one."""
    names = [path.name for path in (ROOT / "tests").rglob("test_*.py") if "node_modules" not in path.parts]
    assert sorted(set(names)) == sorted(names)
