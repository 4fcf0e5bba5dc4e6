"""What was seen where something else was wanted, in the words of a sentence about it."""

from __future__ import annotations

from typing import Any


def quoted(value: Any) -> str:
    """What was seen, in double quotes and not too long."""
    if value is None:
        return "nothing"
    if not isinstance(value, str):
        return kind(value)
    return f'"{value}"' if len(value) <= 60 else f'"{value[:59]}…"'


def kind(value: Any) -> str:
    """What sort of thing was seen."""
    if value is None:
        return "is empty"
    if isinstance(value, dict):
        return "is a mapping" if value else "is an empty mapping"
    if isinstance(value, list):
        return "is a list" if value else "is an empty list"
    return f"is the text {quoted(value)}"
