"""Every command in the simulation, through HTTP and with the official SDK, held to one table."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest
from telnyx.resources.calls.actions import AsyncActionsResource

from mockserver.sim.commands import COMMANDS, LegCommand, Retrieval
from tests.commands.hands import METHODS, WAYS, Hands, Told
from tests.commands.table import BODIES, OUTCOMES, PATHS, STORIES
from tests.sim.telling import what_is_told

Way = Callable[[], AbstractAsyncContextManager[Hands]]
SECONDS_TOLD = 100.0

pytestmark = pytest.mark.anyio

each_way = pytest.mark.parametrize("way", WAYS, ids=lambda way: way.__name__)


@each_way
@pytest.mark.parametrize("name", OUTCOMES)
async def test_a_command_is_taken_or_refused_by_the_state_of_its_leg_whichever_way(name: str, way: Way) -> None:
    async with way() as hands:
        outcomes = {}
        for column, path in PATHS.items():
            await hands.take(path)
            outcomes[column] = await hands.code(name, BODIES.get(name, {}))
    assert outcomes == OUTCOMES[name]


@each_way
@pytest.mark.parametrize("name", STORIES)
async def test_a_command_is_followed_by_its_events_whichever_way(name: str, way: Way) -> None:
    story = STORIES[name]
    async with way() as hands:
        await hands.take(story.given)
        leg, sent_at, before = hands.legs[-1], hands.now, len(await hands.told())
        await hands.send(name, BODIES.get(name, {}) if story.body is None else story.body)
        await hands.take(story.then)
        await hands.advance(SECONDS_TOLD)
        told = (await hands.told())[before:]
    assert tale(told, leg, sent_at) == list(story.events)


def tale(told: list[Told], leg: str, since: str) -> list[str]:
    """Events as a story has them. Those of two legs at the same time may come in any order."""
    numbers = {known: number for number, known in enumerate(dict.fromkeys([leg, *(event.leg for event in told)]), 1)}
    return [
        " ".join(
            [
                event.since(since),
                *([str(numbers[event.leg])] if event.leg != leg else []),
                what_is_told(event.event_type, event.payload),
            ]
        )
        for event in sorted(told, key=lambda event: (event.at, numbers[event.leg]))
    ]


async def test_the_table_covers_every_command_on_a_leg() -> None:
    on_legs = {name for name, row in COMMANDS.items() if isinstance(row, LegCommand | Retrieval)}
    assert set(OUTCOMES) == on_legs
    assert set(STORIES) == on_legs


async def test_the_table_covers_every_method_that_the_sdk_has_for_a_call() -> None:
    offered = {name for name, method in vars(AsyncActionsResource).items() if name[0] != "_" and callable(method)}
    not_simulated = {"pay"} - set(COMMANDS)
    assert {METHODS.get(name, name) for name in OUTCOMES} - {"retrieve_call"} == offered - not_simulated
