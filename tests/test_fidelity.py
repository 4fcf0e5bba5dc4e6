"""docs/fidelity.md lists every guess of the code, and no other."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parent.parent


def test_every_guess_of_the_code_is_a_row_of_the_page_and_the_other_way_round() -> None:
    marked = Counter[str]()
    for file in (ROOT / "mockserver").rglob("*.py"):
        count = file.read_text(encoding="utf-8").count("GUESS:")
        if count:
            marked[str(file.relative_to(ROOT))] = count
    page = (ROOT / "docs" / "fidelity.md").read_text(encoding="utf-8")
    listed = Counter(re.findall(r"^\| `(mockserver/[\w/.]+)` \|", page, re.MULTILINE))
    assert listed == marked
