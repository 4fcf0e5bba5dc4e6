"""Files that the application serves, asked for over real HTTP: their length is the playback's, in simulated time."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from mockserver.server import Platform, running
from mockserver.settings import Config
from mockserver.sim import parties
from mockserver.sim.clock import SECOND
from mockserver.sim.commands import Request
from mockserver.sim.people import Person
from mockserver.sim.world import Leg
from tests.sim.test_audio_files import SILENCE, wav

pytestmark = pytest.mark.anyio

KEY = "KEY_audio"
FILES = {"/hold.wav": wav(1.5), "/hold.mp3": SILENCE * 125}


@asynccontextmanager
async def application() -> AsyncIterator[tuple[str, list[str]]]:
    """A web server with a few files; its URL, and which paths it was asked for."""
    asked: list[str] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        path = head.split()[1].decode()
        asked.append(path)
        body = FILES.get(path, b"")
        status = b"200 OK" if body else b"404 Not Found"
        writer.write(
            b"HTTP/1.1 " + status + f"\r\nContent-Length: {len(body)}\r\n".encode() + b"Connection: close\r\n\r\n"
        )
        writer.write(body)
        await writer.drain()
        writer.close()
        await writer.wait_closed()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    async with server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", asked


def nobody() -> str:
    """A URL at which nobody listens."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{probe.getsockname()[1]}/hold.wav"


async def played(platform: Platform, url: str) -> list[tuple[str, str, float]]:
    """Play a file on a call of its own: the webhooks of it, with status and seconds since the one before."""
    world = platform.worlds.of(KEY)
    driver, simulation = world.driver, world.simulation
    leg: Leg = driver.act(parties.place_call, simulation, "+12025550143", "+12025550100", Person())
    driver.execute(Request("answer", {}, leg.call_control_id))
    await driver.advance(1)
    began, since = simulation.log.last_seq, simulation.now
    driver.execute(Request("playback_start", {"audio_url": url}, leg.call_control_id))
    await driver.advance(30)
    driver.execute(Request("hangup", {}, leg.call_control_id))
    await driver.advance(1)
    story: list[tuple[str, str, float]] = []
    for entry in simulation.log.after(began):
        if entry.kind == "webhook" and "playback" in entry.name:
            payload: dict[str, Any] = entry.data["payload"]
            story.append((entry.name, payload.get("status", ""), round((entry.at - since) / SECOND, 3)))
            since = entry.at
    return story


async def test_a_playback_lasts_as_long_as_the_file_that_the_application_serves() -> None:
    async with (
        application() as (url, asked),
        running(Config(port=0, clock="manual", fetch_audio=True)) as (platform, _),
    ):
        assert await played(platform, f"{url}/hold.wav") == [
            ("call.playback.started", "", 0.5),
            ("call.playback.ended", "completed", 1.5),
        ]
        assert await played(platform, f"{url}/hold.mp3") == [
            ("call.playback.started", "", 0.5),
            ("call.playback.ended", "completed", 3.0),
        ]
        await played(platform, f"{url}/hold.wav")
        assert asked == ["/hold.wav", "/hold.mp3"]


async def test_a_file_that_is_not_there_or_that_nobody_serves_ends_as_the_platform_reports_it() -> None:
    async with application() as (url, _), running(Config(port=0, clock="manual", fetch_audio=True)) as (platform, _):
        assert await played(platform, f"{url}/none.wav") == [("call.playback.ended", "file_not_found", 0.5)]
        assert await played(platform, nobody()) == [("call.playback.ended", "failed", 0.5)]


async def test_a_server_that_was_not_told_to_asks_nobody() -> None:
    async with application() as (url, asked), running(Config(port=0, clock="manual")) as (platform, _):
        assert (await played(platform, f"{url}/hold.wav"))[-1] == ("call.playback.ended", "completed", 10.0)
        assert asked == []
