"""The page of each verb of a scenario is whole, and its mistakes are told as the loader tells them."""

from __future__ import annotations

import re

import pytest

from tests.scenario.test_scenario_broken import FILES, expected
from tests.scenario.test_scenario_docs import DOCS, VERBS

SAID = {line.partition(": ")[2] for file in FILES for line in expected(file)}
"""What is said of the files with mistakes, from the place on."""


@pytest.mark.parametrize("verb", VERBS)
def test_the_page_of_a_verb_has_an_example_a_table_and_mistakes_as_they_are_told(verb: str) -> None:
    said, _, mistakes = (DOCS / "scenarios" / f"{verb}.md").read_text(encoding="utf-8").partition("\n## Mistakes\n")
    told = re.findall(r"^\| `(.+?)` \| ", mistakes, re.MULTILINE)
    assert ("```yaml\n" in said, "|---|" in said, len(told) >= 2) == (True, True, True)
    assert [one for one in told if one not in SAID] == []
