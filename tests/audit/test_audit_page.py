"""docs/audit.md says of every check what it does, what must hold and what to do, in the words of the table."""

from __future__ import annotations

from pathlib import Path

import pytest

from mockserver.audit.checks import CHECKS, Check
from mockserver.sim import fault_fields, faults

PAGE = (Path(__file__).parents[2] / "docs" / "audit.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.name)
def test_the_page_says_what_a_check_does_what_must_hold_and_what_to_do(check: Check) -> None:
    _, _, rest = PAGE.partition(f"### `{check.name}`: {check.title}\n")
    section = " ".join(rest.partition("\n#")[0].split())
    assert section == f"{check.does} **Must hold:** {check.must} **What to do:** {check.advice}"


def test_the_page_has_the_checks_in_their_order_and_no_others() -> None:
    headings = [line for line in PAGE.splitlines() if line.startswith("### ")]
    assert headings == [f"### `{check.name}`: {check.title}" for check in CHECKS.values()]


@pytest.mark.parametrize("check", CHECKS.values(), ids=lambda check: check.name)
def test_the_faults_of_a_check_can_be_written_by_anybody(check: Check) -> None:
    for fault in check.faults:
        assert fault_fields.read(faults.as_json(fault)) == fault
