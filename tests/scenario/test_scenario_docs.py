"""The pages about scenarios say what is true."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from mockserver.scenario import bundled
from mockserver.scenario.load import load_all
from mockserver.scenario.model import PARTS
from mockserver.scenario.names import ACTS
from mockserver.scenario.parts.part import known_keys
from mockserver.sim.people import MAGIC_NUMBERS, OUTCOMES
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY

DOCS = Path(__file__).parents[2] / "docs"
PAGES = [DOCS / "scenarios.md", *sorted((DOCS / "scenarios").glob("*.md"))]
TEXT = "\n".join(page.read_text(encoding="utf-8") for page in PAGES)
VERBS = sorted(known_keys(PARTS[()]) - {"name", "description"} | {"does"})

EXAMPLES = [block for block in re.findall(r"```yaml\n(.*?)```", TEXT, re.DOTALL) if not block.startswith(" ")]


def test_the_table_of_magic_numbers_is_the_one_of_the_code() -> None:
    lines = (DOCS / "magic-numbers.md").read_text(encoding="utf-8").splitlines()
    table = [line for line in lines if line.startswith("| `")]
    assert table == [f"| `{person.number}` | {person.name} | {person.about} |" for person in MAGIC_NUMBERS]


OUTSIDE = {"CONNECTION_ID": "1", "CALENDAR_KEY": "secret"}
"""The environment that an example has."""


@pytest.mark.parametrize("text", EXAMPLES)
def test_an_example_of_the_pages_is_valid(text: str, tmp_path: Path) -> None:
    for other in EXAMPLES:
        if named := re.match(r"# (\S+\.yaml)\n", other):
            (tmp_path / named[1]).write_text(other, encoding="utf-8")
    file = tmp_path / "example.yaml"
    file.write_text(text, encoding="utf-8")
    assert load_all(file, OUTSIDE)


@pytest.mark.parametrize("place", PARTS)
def test_the_pages_name_every_key(place: tuple[str, ...]) -> None:
    assert [key for key in sorted(known_keys(PARTS[place])) if not re.search(rf"\b{key}\b", TEXT)] == []


@pytest.mark.parametrize("verb", VERBS)
def test_a_verb_has_a_page_and_the_index_names_it(verb: str) -> None:
    assert (DOCS / "scenarios" / f"{verb}.md").read_text(encoding="utf-8").startswith(f"# `{verb}`: ")
    assert f"| [`{verb}`](scenarios/{verb}.md) |" in (DOCS / "scenarios.md").read_text(encoding="utf-8")


def test_the_pages_name_every_bundled_scenario_and_every_word() -> None:
    words = [*bundled.names(), *ACTS, *OUTCOMES, DEFAULT_PUBLIC_KEY]
    assert [word for word in words if word not in TEXT] == []
