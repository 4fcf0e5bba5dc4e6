"""A pytest plugin: the official SDK's tests against a server are shipped marked as skipped; this lifts that mark."""

from __future__ import annotations

import pytest

REASON = "Mock server tests are disabled"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Drop the mark of those tests, and of no others."""
    for item in items:
        item.own_markers = [
            mark for mark in item.own_markers if mark.name != "skip" or mark.kwargs.get("reason") != REASON
        ]
