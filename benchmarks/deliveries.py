"""Signed deliveries a second to a fast sink, against what bare aiohttp posts of equal bodies with the same concurrency.

Ours is the whole way: an event of a simulated leg is emitted, logged, signed, posted, and its delivery logged and
printed. Both run in this process in turns, with uvloop, the sink in another.
"""

from __future__ import annotations

import asyncio
import os
import time
from pathlib import Path
from statistics import median

import uvloop
from aiohttp import ClientSession, DummyCookieJar, TCPConnector

from benchmarks.processes import own_server
from benchmarks.results import Row, paired
from mockserver.printer import Printer
from mockserver.server import Platform
from mockserver.settings import DEFAULT_KEY, Config
from mockserver.sim.parties import place_call
from mockserver.sim.people import ANYBODY
from mockserver.webhooks.payload import envelope, to_json
from mockserver.webhooks.policy import DeliverySettings
from mockserver.worlds import World

TARGET, ENOUGH = 0.6, 5_000
LEGS = 500


def measure(quick: bool) -> list[Row]:
    """One row."""
    rounds, number = (3, 1_500) if quick else (7, 8_000)
    with own_server("sink") as sink:
        url = f"http://127.0.0.1:{sink.port}/webhooks"
        with Path(os.devnull).open("w") as nowhere:
            pairs = uvloop.run(_turns(url, Printer(out=nowhere), rounds, number))
    # Per second of processor time: the sink and others share the machine, and this process does nothing else.
    ratio, ratios = paired([one[1] for one, _ in pairs], [other[1] for _, other in pairs])
    mine, theirs = median(one[0] for one, _ in pairs), median(other[0] for _, other in pairs)
    return [
        Row(
            "deliveries",
            f"signed, or {ENOUGH:,} a second",
            mine,
            theirs,
            "/s",
            ratio,
            TARGET,
            held_anyway=mine >= ENOUGH,
            note="the ratio is of deliveries per second of processor time",
            more={"ratios": [round(each, 3) for each in ratios], "wall_ratio": round(mine / theirs, 3)},
        )
    ]


Rates = tuple[float, float]
"""Per second of the wall, and per second of processor time."""


async def _turns(url: str, printer: Printer, rounds: int, number: int) -> list[tuple[Rates, Rates]]:
    platform = Platform(Config(webhook_url=url, loop_guard=0), printer.exchange, printer.entry)
    world = platform.worlds.of(DEFAULT_KEY)
    for _ in range(LEGS):
        place_call(world.simulation, "+12025550117", "+12025550162", ANYBODY)
    await world.idle()
    body = _a_body(world, url)
    await ours(world, number // 4)
    await bare(url, body, number // 4)
    pairs = [(await ours(world, number), await bare(url, body, number)) for _ in range(rounds)]
    await platform.close()
    return pairs


async def ours(world: World, number: int) -> Rates:
    """How fast our sender delivers so many events of `LEGS` legs."""
    legs = list(world.simulation.world.legs.values())
    before = _delivered(world)
    cpu, began = time.process_time(), time.perf_counter()
    for index in range(number):
        leg = legs[index % len(legs)]
        world.simulation.emit("call.answered", leg, **{"from": leg.from_}, to=leg.to, state="answered")
    await world.idle()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    failed = [
        entry for entry in world.simulation.log.entries if entry.kind == "delivery" and entry.data["status"] != 200
    ]
    if failed or before == _delivered(world):
        raise RuntimeError(f"a delivery failed: {failed[:1]}")
    return number / seconds, number / cpu


async def bare(url: str, body: bytes, number: int) -> Rates:
    """How fast aiohttp posts so many bodies, as many at a time as our sender."""
    headers = {"Content-Type": "application/json", "User-Agent": "bare"}
    todo = iter(range(number))

    async def work(session: ClientSession) -> None:
        for _ in todo:
            async with session.post(url, data=body, headers=headers, allow_redirects=False) as response:
                await response.read()
                assert response.status == 200

    async with ClientSession(connector=TCPConnector(limit=0), cookie_jar=DummyCookieJar()) as session:
        cpu, began = time.process_time(), time.perf_counter()
        await asyncio.gather(*(work(session) for _ in range(DeliverySettings().max_in_flight)))
        return number / (time.perf_counter() - began), number / (time.process_time() - cpu)


def _delivered(world: World) -> int:
    return max((entry.seq for entry in world.simulation.log.entries if entry.kind == "delivery"), default=0)


def _a_body(world: World, url: str) -> bytes:
    event = next(entry for entry in world.simulation.log.entries if entry.kind == "webhook")
    return envelope(to_json(event.data), 1, url)
