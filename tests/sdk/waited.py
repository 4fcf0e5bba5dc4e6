"""The SDK's asynchronous client behind the face of its synchronous one, so that a test can be run with both."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Iterator
from typing import Any, Self

import telnyx


class Waited:
    """Whatever belongs to an asynchronous client: what it returns is waited for, and what it yields is iterated."""

    def __init__(self, inner: Any, runner: asyncio.Runner) -> None:
        self._inner, self._runner = inner, runner

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        if callable(found) or type(found).__module__.startswith("telnyx.resources"):
            return Waited(found, self._runner)
        return found

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        returned = self._inner(*args, **kwargs)
        if not inspect.isawaitable(returned):
            return returned
        result = self._runner.run(_waited(returned))
        return Page(result, self._runner) if hasattr(result, "get_next_page") else result


class Client(Waited):
    """The client itself, closed at the end of a `with` block."""

    def __init__(self, inner: telnyx.AsyncTelnyx) -> None:
        super().__init__(inner, asyncio.Runner())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._inner.close())
        self._runner.close()


class Page(Waited):
    """One page of a list; whoever iterates over it is led through those that follow, too."""

    def __iter__(self) -> Iterator[Any]:
        async def all_of_them() -> list[Any]:
            return [item async for item in self._inner]

        return iter(self._runner.run(all_of_them()))


async def _waited(awaited: Any) -> Any:
    return await awaited
