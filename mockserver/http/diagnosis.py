"""`/_mock/diagnose`: why does nothing happen? What the world tells of itself, and what time tells."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict
from typing import TYPE_CHECKING

from mockserver.http.clock import situation
from mockserver.sim.diagnosis import Finding, counts, findings, legs_by_state
from mockserver.sim.events import Json
from mockserver.worlds import World

if TYPE_CHECKING:
    from mockserver.http.control import Asked, Control


async def diagnose(control: Control, world: World, asked: Asked) -> tuple[int, Json]:
    world.driver.catch_up()
    found = findings(world.simulation, [*_of_time(world), *_of_others(control, world)])
    kept = {**counts(world.simulation), "snapshots": len(world.snapshots), "streams": len(control.streams)}
    return 200, {
        "data": {
            "findings": [asdict(each) for each in found],
            "time": situation(world),
            "legs": legs_by_state(world.simulation),
            "kept": kept,
        }
    }


HANDLERS = {"mock_diagnose": diagnose}


def _of_time(world: World) -> Iterator[Finding]:
    driver = world.driver
    coming = driver.coming(1)
    if driver.holds:
        do = "GET /_mock/clock/holds lists those of clients; a delivery holds until the application answers."
        yield Finding("info", "Time is held.", ", ".join(driver.holds), do)
    if driver.clock.mode == "manual" and coming:
        seen = f"next comes: {coming[0][1]}"
        do = "POST /_mock/clock/advance moves it; or start with --clock auto."
        yield Finding("warning", "Time stands still: the clock is moved by hand.", seen, do)


def _of_others(control: Control, world: World) -> Iterator[Finding]:
    others = [each for each in control.worlds.all() if each is not world and each.simulation.log.last_seq]
    if others and not world.simulation.log.last_seq:
        do = "Ask with the API key that the application uses, in the Authorization header (--api-key)."
        yield Finding("warning", "Something happens, but in worlds of other API keys.", f"{len(others)} worlds", do)
