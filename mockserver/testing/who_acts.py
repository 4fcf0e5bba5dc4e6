"""Who is left in this process that could still act? Where nobody is, time need not wait before it goes on.

An application acts in a thread, a task or a timer. One that has answered a webhook and has none of these at work, but
at most some that wait until another wakes them, has done all that it will do. Where it cannot be known, since the
application is in another process, time waits for its cushion.
"""

from __future__ import annotations

import asyncio
import os
import sys
from asyncio import AbstractEventLoop, Task, locks, queues, taskgroups, tasks
from collections.abc import Callable, Collection, Iterator
from concurrent.futures import thread as pools
from dataclasses import dataclass, field
from pathlib import Path
from threading import Condition, Thread, current_thread
from threading import enumerate as threads
from types import CoroutineType, FrameType
from typing import Any
from weakref import WeakSet

import mockserver

WORKS_SECS = 1.0
"""How long, in real seconds, a thread or a task is waited for that began since time last went on; later it has a
cushion like all that cannot be known, since it may go on for ever. One that sleeps for longer is not waited for."""

GLANCE_SECS = 0.001
"""When it is looked again, in real seconds; then after twice that, and so on, up to `LONGEST_GLANCE_SECS`."""

LONGEST_GLANCE_SECS = 0.01

OURS = f"{Path(mockserver.__file__).parent}{os.sep}"
"""Where the code is whose tasks never act for an application."""

WAITS = (locks.__file__, queues.__file__, tasks.__file__, taskgroups.__file__)
"""Where a task waits for another one to wake it: for an event, a lock, something in a queue, another task."""

RUNNERS = ("TestRunner._call_in_runner_task",)
"""Tasks of anyio's plugin that wait for the test."""

HOUSEKEEPERS = ("mockserver", "uvicorn", "aiohttp", "asyncio.futures")
"""Whose timers let no application act, or wake a task that is looked at itself."""

TEST_TIMEOUTS = "pytest_timeout"
"""What the names of threads begin with that end a test which takes too long."""


class OurThread(Thread):
    """A thread that this package has started; `port` is where an application listens whose event loop is `loop`."""

    port: int | None = None
    loop: AbstractEventLoop | None = None


@dataclass(slots=True)
class Patience:
    """Gives whoever may act time to do it, and returns as soon as nobody is left.

    `unseen` says whether somebody may act who is not in this process. `bystanders` are threads that act for no
    application, `waiting` gives the tasks that wait for us.
    """

    unseen: Callable[[], bool]
    waiting: Callable[[], Collection[Task[Any]]]
    bystanders: Collection[Thread] = ()
    _known: WeakSet[Task[Any] | Thread] = field(default_factory=lambda: WeakSet(threads()))

    def knows(self, known: Collection[Task[Any]]) -> None:
        """Tasks were there before: they have a cushion to act, and no more."""
        self._known.update(known)

    async def pause(self, cushion: float) -> None:
        """At most a cushion of real seconds, or `WORKS_SECS` while a thread or a task is at work that is new."""
        loop = asyncio.get_running_loop()
        waited, glance = 0.0, GLANCE_SECS  # by what was asked for: where the machine is overloaded, both sides are late
        await asyncio.sleep(0)
        while True:
            at_work = set(self._at_work(loop))
            new = any(isinstance(each, Task | Thread) and each not in self._known for each in at_work)
            limit = max(cushion, WORKS_SECS) if new else cushion if at_work or self.unseen() else 0.0
            glance = min(glance, limit - waited)
            if glance <= 0:
                break
            await asyncio.sleep(glance)
            waited, glance = waited + glance, min(2 * glance, LONGEST_GLANCE_SECS)
        at_work_tasks = {each for each in at_work if isinstance(each, Task)}
        self._known.update({*threads(), *asyncio.all_tasks(loop), *at_work_tasks})

    def _at_work(self, loop: AbstractEventLoop) -> Iterator[object]:
        """The threads, tasks and timers that go on by themselves."""
        frames = sys._current_frames()
        yield from at_work_in(loop, self.waiting())
        for thread in threads():
            if isinstance(thread, OurThread):
                if thread.loop not in (None, loop):
                    yield from at_work_in(thread.loop)
            elif not (
                thread is current_thread()
                or thread in self.bystanders
                or thread.name.startswith(TEST_TIMEOUTS)
                or _waits(frames.get(thread.ident or 0))
            ):
                yield thread


def at_work_in(loop: AbstractEventLoop, waiting: Collection[Task[Any]] = ()) -> Iterator[object]:
    """What goes on by itself in an event loop. `waiting` are tasks that wait for us."""
    timers = getattr(loop, "_scheduled", None)
    if timers is None:
        yield loop  # it hides its timers
    for timer in [*(timers or ())]:
        if timer.when() - loop.time() < WORKS_SECS and _wakes(timer, waiting):
            yield timer
    for task in asyncio.all_tasks(loop):
        if task not in waiting and _works(task):
            yield task


def is_served_here(port: int | None) -> bool:
    """Does an application in this process listen there, in a thread that was started with `serving`?"""
    return port is not None and any(isinstance(thread, OurThread) and thread.port == port for thread in threads())


def _works(task: Task[Any]) -> bool:
    """Does a task go on without another one that wakes it? One that was just woken has a future that is done."""
    if _is_ours(task):
        return False
    inner = task.get_coro()
    while isinstance(inner, CoroutineType) and isinstance(inner.cr_await, CoroutineType):
        inner = inner.cr_await
    future = getattr(task, "_fut_waiter", None)
    if not isinstance(inner, CoroutineType) or future is None or future.done():
        return True
    if isinstance(future, Task | tasks._GatheringFuture):  # type: ignore[attr-defined]
        return False
    if inner.cr_code is tasks.sleep.__code__ and inner.cr_frame is not None:
        return bool(inner.cr_frame.f_locals["delay"] < WORKS_SECS)
    return inner.cr_code.co_filename not in WAITS


def _is_ours(task: Task[Any]) -> bool:
    code = getattr(task.get_coro(), "cr_code", None)
    return code is not None and (code.co_filename.startswith(OURS) or code.co_qualname in RUNNERS)


def _wakes(timer: asyncio.TimerHandle, waiting: Collection[Task[Any]]) -> bool:
    """Does a timer let an application act? A limit on what a task does is that task's."""
    callback = getattr(timer, "_callback", None)
    if timer.cancelled() or callback is None:
        return False
    limit = getattr(callback, "__self__", None)
    task = getattr(limit, "_task", None) or getattr(limit, "_host_task", None)
    if isinstance(task, Task):
        return task not in waiting and not _is_ours(task)
    return not str(getattr(callback, "__module__", "")).startswith(HOUSEKEEPERS)


def _waits(frame: FrameType | None) -> bool:
    """Does a thread wait until another one wakes it, for a lock that is still closed or in a pool without work?"""
    if frame is None:
        return True
    there = frame.f_locals
    if frame.f_code is Condition.wait.__code__:
        timeout, waiter = there["timeout"], there.get("waiter")
        return (timeout is None or timeout >= WORKS_SECS) and waiter is not None and bool(waiter.locked())
    if frame.f_code is pools._worker.__code__:
        return _is_idle(there["executor_reference"]())
    return False


def _is_idle(pool: Any) -> bool:
    """Has a pool of threads nothing to do? What is submitted counts before a thread has woken for it."""
    return pool is None or bool(pool._work_queue.empty() and pool._idle_semaphore._value >= len(pool._threads))
