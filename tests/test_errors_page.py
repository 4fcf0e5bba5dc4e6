"""docs/errors.md is what scripts/errors.py makes of the catalogue."""

from __future__ import annotations

from mockserver.sim.errors import CATALOGUE
from scripts.errors import PAGE, page


def test_the_page_of_errors_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python scripts/errors.py"


def test_the_page_has_a_line_for_every_row_of_the_catalogue() -> None:
    lines = [line for line in page().splitlines() if line.startswith("| ") and not line.startswith("| code")]
    assert sorted(line.split(" | ")[0] for line in lines) == sorted(f"| {row.code}" for row in CATALOGUE)
