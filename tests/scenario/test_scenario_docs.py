"""The pages about scenarios say what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mockserver.scenario import bundled
from mockserver.scenario.load import load
from mockserver.scenario.model import PARTS
from mockserver.scenario.names import ACTS
from mockserver.scenario.parts.part import known_keys
from mockserver.sim.people import MAGIC_NUMBERS, OUTCOMES
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY

DOCS = Path(__file__).parents[2] / "docs"
PAGE = (DOCS / "scenarios.md").read_text(encoding="utf-8")
EXAMPLES = [block for block in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL) if not block.startswith(" ")]


def test_the_table_of_magic_numbers_is_the_one_of_the_code() -> None:
    lines = (DOCS / "magic-numbers.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| `")]
    assert table == [f"| `{person.number}` | {person.name} | {person.about} |" for person in MAGIC_NUMBERS]


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_the_page_is_valid(text: str) -> None:
    assert load(text)


@pytest.mark.parametrize("place", PARTS)
def test_the_page_names_every_key(place: tuple[str, ...]) -> None:
    assert [key for key in sorted(known_keys(PARTS[place])) if not re.search(rf"\b{key}\b", PAGE)] == []


def test_the_page_names_every_bundled_scenario_and_every_word() -> None:
    words = [*bundled.names(), *ACTS, *OUTCOMES, DEFAULT_PUBLIC_KEY]
    assert [word for word in words if word not in PAGE] == []
