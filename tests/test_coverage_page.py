"""docs/coverage.md is what scripts/coverage.py makes of the specifications."""

from __future__ import annotations

from scripts.coverage import PAGE, page


def test_the_coverage_page_is_up_to_date() -> None:
    assert PAGE.read_text(encoding="utf-8") == page(), "run: python scripts/coverage.py"
