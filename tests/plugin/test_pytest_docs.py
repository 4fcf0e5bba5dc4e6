"""The examples of docs/pytest.md are tests, and pass."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.plugin.inner import run

PAGE = (Path(__file__).parents[2] / "docs" / "pytest.md").read_text(encoding="utf-8")
FILES = dict(re.findall(r"```python\n# (\w+\.py)\n(.*?)```", PAGE, re.DOTALL))


def test_every_example_has_a_file() -> None:
    assert len(FILES) == PAGE.count("```python") > 4


def test_the_examples_pass(tmp_path: Path) -> None:
    for name, text in FILES.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    tests = sum(text.count("\ndef test_") + text.count("\nasync def test_") for text in FILES.values())
    assert run(tmp_path).tells(passed=tests)


@pytest.mark.parametrize("name", ["webhook_url", "seed", "strict", "clock", "factor", "timeout", "cushion"])
def test_every_setting_is_told(name: str) -> None:
    assert f"| `telnyx_{name}` |" in PAGE
