"""The specifications, read once for all tests of a process."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING

from mockserver.server import Platform
from mockserver.settings import Config

if TYPE_CHECKING:
    from mockserver.webhooks.sender import Post


class Specs:
    """Makes platforms that share what they have read of the specifications; strict and lenient ones apart."""

    def __init__(self) -> None:
        self._first: dict[bool, Platform] = {}

    def platform(
        self, config: Config, post: Post | None = None, pause: Callable[[float], Awaitable[None]] | None = None
    ) -> Platform:
        """A platform, which reads the less the more there were before it."""
        platform = Platform(config, post=post, like=self._first.get(config.strict), pause=pause)
        self._first.setdefault(config.strict, platform)
        return platform
