"""Calls that come to the application."""

from __future__ import annotations

from pydantic import (
    Field,
)

from mockserver.scenario.parts.part import (
    Duration,
    Number,
    Part,
    Text,
    Url,
)


class HeaderPart(Part):
    """A SIP header."""

    name: Text
    value: Text


class CallPart(Part):
    """Somebody calls the application, `at` so many seconds from the start."""

    from_: Number = Field(alias="from")
    to: Number
    at: Duration = 0.0
    connection_id: Text | None = None
    from_display_name: Text | None = None
    custom_headers: list[HeaderPart] = Field(default_factory=list)
    webhook_url: Url | None = None
