"""Who is still at work in this process, and how long time waits for them."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from queue import Queue
from typing import Any

import pytest

from mockserver.testing import who_acts
from mockserver.testing.who_acts import Patience, at_work_in

pytestmark = pytest.mark.anyio

BRIEFLY, CUSHION = 0.1, 0.05


@pytest.fixture
def over() -> Iterator[threading.Event]:
    """Set at the end of the test: whoever waits for it goes."""
    over = threading.Event()
    yield over
    over.set()


@pytest.fixture(autouse=True)
def others() -> list[threading.Thread]:
    """What other tests have left behind."""
    return threading.enumerate()


def patience(others: list[threading.Thread], unseen: bool = False) -> Patience:
    """Of this test, whose own task waits for what it pauses for."""
    test = asyncio.current_task()
    assert test is not None
    return Patience(lambda: unseen, lambda: [test], others)


async def paused(mine: Patience, cushion: float = CUSHION) -> float:
    loop = asyncio.get_running_loop()
    began = loop.time()
    await mine.pause(cushion)
    return loop.time() - began


def tasks_at_work() -> list[object]:
    test = asyncio.current_task()
    assert test is not None
    return [each for each in at_work_in(asyncio.get_running_loop(), [test]) if isinstance(each, asyncio.Task)]


async def test_where_nobody_is_left_there_is_no_pause(others: list[threading.Thread]) -> None:
    assert await paused(patience(others)) < CUSHION / 2


async def test_where_nothing_is_known_it_is_the_whole_cushion(others: list[threading.Thread]) -> None:
    assert await paused(patience(others, unseen=True)) >= CUSHION


async def test_a_thread_that_began_meanwhile_is_waited_for_longer_than_a_cushion(
    others: list[threading.Thread], over: threading.Event
) -> None:
    mine = patience(others)
    thread = threading.Thread(target=over.wait, args=(2 * CUSHION,))
    thread.start()
    await mine.pause(CUSHION)
    assert not thread.is_alive()


async def test_a_thread_that_goes_on_for_ever_has_a_cushion(
    others: list[threading.Thread], over: threading.Event
) -> None:
    def tick() -> None:
        while not over.wait(0.001):
            pass

    threading.Thread(target=tick).start()
    assert CUSHION <= await paused(patience(others)) < who_acts.WORKS_SECS


async def test_a_task_that_began_meanwhile_is_waited_for_and_later_has_a_cushion(
    others: list[threading.Thread],
) -> None:
    mine = patience(others)
    await mine.pause(CUSHION)
    tick: asyncio.Task[Any] = asyncio.ensure_future(_ticking())
    assert await paused(mine) >= who_acts.WORKS_SECS
    assert CUSHION <= await paused(mine) < who_acts.WORKS_SECS
    tick.cancel()


async def _ticking() -> None:
    while True:  # noqa: ASYNC110  that is what it is about
        await asyncio.sleep(0.001)


async def test_threads_that_wait_for_others_are_not_waited_for(
    others: list[threading.Thread], over: threading.Event
) -> None:
    work: Queue[None] = Queue()
    worker = threading.Thread(target=work.get)
    idle = threading.Thread(target=over.wait)
    sleeper = threading.Thread(target=over.wait, args=(60,))
    with ThreadPoolExecutor(1) as pool:
        pool.submit(int).result()
        for thread in (worker, idle, sleeper):
            thread.start()
        await asyncio.sleep(0.01)
        assert await paused(patience(others)) < CUSHION / 2
        pool.submit(over.wait, BRIEFLY)
        assert await paused(patience(others)) >= CUSHION / 2
    work.put(None)


@pytest.mark.parametrize("of", ["event", "queue", "task", "group", "gathered", "waited", "sleep"])
async def test_tasks_that_wait_for_others_are_not_at_work(of: str) -> None:
    event, queue = asyncio.Event(), asyncio.Queue[None]()
    sleeper = asyncio.ensure_future(asyncio.sleep(60))

    async def in_group() -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(event.wait())

    async def gathered() -> None:
        await asyncio.gather(event.wait(), queue.get())

    async def of_a_task() -> None:
        await sleeper

    work: Any = {
        "event": event.wait,
        "queue": queue.get,
        "task": of_a_task,
        "group": in_group,
        "gathered": gathered,
        "waited": lambda: asyncio.wait_for(event.wait(), 60),
        "sleep": lambda: asyncio.sleep(60),
    }[of]
    waits: asyncio.Task[Any] = asyncio.ensure_future(work())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert tasks_at_work() == []
    for task in (waits, sleeper):
        task.cancel()
    await asyncio.wait([waits, sleeper])


async def test_a_task_that_was_woken_is_at_work() -> None:
    event = asyncio.Event()
    task = asyncio.ensure_future(event.wait())
    await asyncio.sleep(0)
    event.set()
    assert tasks_at_work() == [task]
    await task


async def test_a_task_that_sleeps_briefly_or_awaits_the_network_is_at_work() -> None:
    asleep = asyncio.ensure_future(asyncio.sleep(BRIEFLY))
    answer: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    async def receive() -> None:
        await answer

    receiving = asyncio.ensure_future(receive())
    await asyncio.sleep(0)
    assert set(tasks_at_work()) == {asleep, receiving}
    answer.set_result(None)
    asleep.cancel()
    await asyncio.wait([asleep, receiving])


async def test_timers_and_limits_of_an_application_are_at_work_if_they_are_near() -> None:
    loop = asyncio.get_running_loop()

    async def limited(limit: float) -> None:
        async with asyncio.timeout(limit):
            await asyncio.Event().wait()

    waits = [asyncio.ensure_future(limited(limit)) for limit in (BRIEFLY, 60)]
    timers = [loop.call_later(seconds, print) for seconds in (BRIEFLY, 60)]
    await asyncio.sleep(0)
    at_work = [*at_work_in(loop, {asyncio.current_task()} - {None})]  # type: ignore[arg-type]
    assert len(at_work) == 2
    assert timers[0] in at_work
    for timer in timers:
        timer.cancel()
    for task in waits:
        task.cancel()
    await asyncio.wait(waits)


async def test_an_event_loop_that_hides_its_timers_may_always_act() -> None:
    class Hiding(asyncio.SelectorEventLoop):
        def __init__(self) -> None:
            super().__init__()
            self.hidden, self._scheduled = self._scheduled, None  # type: ignore[has-type]

    hiding = Hiding()
    assert [*at_work_in(hiding)] == [hiding]
    hiding._scheduled = hiding.hidden
    hiding.close()
