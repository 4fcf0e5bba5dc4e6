"""The files that the URLs of recordings lead to."""

from __future__ import annotations

import io
import wave
from itertools import pairwise
from struct import unpack
from typing import Any

import httpx
import pytest

from mockserver.http.recordings import LOUDNESS, RATE, WAV_LIMIT, sound
from mockserver.settings import Config
from mockserver.sim.clock import SECOND
from mockserver.sim.events import Json
from mockserver.sim.kept_recordings import signature
from mockserver.sim.recordings import Recording
from tests.http.asking import KEY, Simulator, simulating

pytestmark = pytest.mark.anyio

HOUR = 3_600


async def record(simulator: Simulator, seconds: float, **body: Any) -> str:
    """Record a call for so long; where the recording can be fetched."""
    leg = await simulator.dialled()
    await simulator.command("record_start", leg, **body)
    await simulator.advance(seconds)
    await simulator.command("record_stop", leg)
    await simulator.advance(1)
    payload: Json = (await simulator.events(name="call.recording.saved"))[-1]["data"]["payload"]
    url: str = payload["recording_urls"][body["format"]]
    assert url.startswith("http://127.0.0.1:12111/_mock/recordings/")
    return url.removeprefix("http://127.0.0.1:12111")


def a_recording(**facts: Any) -> Recording:
    known = {"id": "r", "name": "n", "format": "wav", "channels": "dual", "track": "both", "secret": "s"}
    more = {"max_length": 0, "timeout_secs": 0, "transcription": False}
    return Recording(**{**known, **more, **facts})


def crossings(samples: list[int]) -> int:
    """How often a tone begins anew: its pitch, if it is a second long."""
    return sum(one < 0 <= other for one, other in pairwise(samples))


@pytest.mark.parametrize("seconds", [0.00001, 1.0, 12.3456])
@pytest.mark.parametrize(("channels", "count"), [("single", 1), ("dual", 2)])
async def test_a_wav_has_the_length_and_the_channels_of_the_recording(
    quiet: Simulator, seconds: float, channels: str, count: int
) -> None:
    url = await record(quiet, seconds, format="wav", channels=channels, custom_file_name="à la carte")
    response = await quiet.http.get(url)
    assert (response.status_code, response.headers["content-type"]) == (200, "audio/wav")
    assert response.headers["content-disposition"] == 'attachment; filename="--la-carte-1767225603.wav"'
    assert int(response.headers["content-length"]) == len(response.content)
    with wave.open(io.BytesIO(response.content)) as file:
        assert (file.getnchannels(), file.getframerate(), file.getsampwidth()) == (count, RATE, 2)
        assert file.getnframes() == round(seconds * RATE)
        frames = file.readframes(file.getnframes())
    assert len(frames) == round(seconds * RATE) * 2 * count


@pytest.mark.parametrize(
    ("facts", "pitches"),
    [
        ({"channels": "dual"}, [400, 500]),
        ({"channels": "single", "track": "inbound"}, [400]),
        ({"channels": "single", "track": "outbound"}, [500]),
    ],
)
async def test_each_side_has_its_own_quiet_tone(facts: Json, pitches: list[int]) -> None:
    content = b"".join([chunk async for chunk in sound(a_recording(recorded=SECOND, **facts)).chunks()])
    samples = unpack(f"<{RATE * len(pitches)}h", content[44:])
    assert max(map(abs, samples)) == LOUDNESS
    heard = [list(samples[number :: len(pitches)]) for number in range(len(pitches))]
    assert [crossings(side) + 1 for side in heard] == pitches


@pytest.mark.parametrize(("channels", "mode"), [("single", 0b11), ("dual", 0b00)])
async def test_an_mp3_is_frames_of_silence_for_as_long_as_the_recording_is(
    quiet: Simulator, channels: str, mode: int
) -> None:
    url = await record(quiet, 6.0, format="mp3", channels=channels)
    response = await quiet.http.get(url)
    assert (response.status_code, response.headers["content-type"]) == (200, "audio/mpeg")
    frames = [response.content[at : at + 96] for at in range(0, len(response.content), 96)]
    assert len(frames) == 250  # of 24 ms
    assert {frame[:3] for frame in frames} == {b"\xff\xfb\x14"}
    assert {frame[3] >> 6 for frame in frames} == {mode}
    assert {frame[4:] for frame in frames} == {bytes(92)}


@pytest.mark.parametrize("kind", ["wav", "mp3"])
async def test_hours_of_sound_come_in_pieces_of_one_size(kind: str) -> None:
    file = sound(a_recording(format=kind, recorded=12 * HOUR * SECOND))
    sizes = [len(chunk) async for chunk in file.chunks()]
    assert sum(sizes) == file.size
    assert max(sizes) <= 65_536


def test_a_wav_ends_where_its_header_can_say_no_more() -> None:
    file = sound(a_recording(recorded=100 * HOUR * SECOND))
    assert file.size - 44 == WAV_LIMIT
    assert unpack("<I", file.head[4:8])[0] == file.size - 8


async def test_a_head_request_tells_the_size_alone(quiet: Simulator) -> None:
    url = await record(quiet, 2.0, format="wav", channels="single")
    response = await quiet.http.head(url)
    assert (response.status_code, response.content) == (200, b"")
    assert (response.headers["content-length"], response.headers["content-type"]) == ("32044", "audio/wav")


async def test_a_part_of_a_file_can_be_had(quiet: Simulator) -> None:
    url = await record(quiet, 20.0, format="wav", channels="dual")
    whole = await quiet.http.get(url)
    size = len(whole.content)
    assert whole.headers["accept-ranges"] == "bytes"
    for wanted, first, last in [
        ("bytes=0-0", 0, 0),
        ("bytes=10-50", 10, 50),
        ("bytes=44-", 44, size - 1),
        ("bytes=-7", size - 7, size - 1),
        (f"bytes=-{size + 9}", 0, size - 1),
        (f"bytes=70001-{size + 9}", 70_001, size - 1),
        ("Bytes=12345-200000", 12_345, 200_000),
    ]:
        response = await quiet.http.get(url, headers={"range": wanted})
        assert response.status_code == 206
        assert response.headers["content-range"] == f"bytes {first}-{last}/{size}"
        assert int(response.headers["content-length"]) == last - first + 1
        assert response.content == whole.content[first : last + 1]


@pytest.mark.parametrize(
    "headers",
    [
        {"range": "bytes=0-1,4-5"},
        {"range": "bytes=5-4"},
        {"range": "bytes=-"},
        {"range": "lines=0-1"},
        {"range": "bytes=0-1", "if-range": '"another"'},
    ],
)
async def test_a_range_that_is_not_one_or_of_another_file_gets_the_whole(quiet: Simulator, headers: Json) -> None:
    url = await record(quiet, 1.0, format="wav", channels="single")
    response = await quiet.http.get(url, headers=headers)
    assert (response.status_code, len(response.content)) == (200, 16_044)
    assert "content-range" not in response.headers


@pytest.mark.parametrize("wanted", ["bytes=16044-", "bytes=16044-16050", "bytes=-0"])
async def test_bytes_that_are_not_there_are_refused(quiet: Simulator, wanted: str) -> None:
    url = await record(quiet, 1.0, format="wav", channels="single")
    response = await quiet.http.get(url, headers={"range": wanted})
    assert (response.status_code, response.headers["content-range"]) == (416, "bytes */16044")
    assert "<Code>InvalidRange</Code>" in response.text


async def test_a_file_that_somebody_has_already_is_not_sent_again(quiet: Simulator) -> None:
    url = await record(quiet, 1.0, format="wav", channels="single")
    tag = (await quiet.http.get(url)).headers["etag"]
    for known in (tag, f'"x", W/{tag}', "*"):
        for method in ("GET", "HEAD"):
            response = await quiet.http.request(method, url, headers={"if-none-match": known})
            assert (response.status_code, response.content, response.headers["etag"]) == (304, b"", tag)
    response = await quiet.http.get(url, headers={"if-none-match": '"x"', "if-range": tag, "range": "bytes=0-3"})
    assert (response.status_code, response.content) == (206, b"RIFF")


async def test_a_url_expires_after_ten_minutes_of_simulated_time(quiet: Simulator) -> None:
    url = await record(quiet, 1.0, format="wav", channels="single")
    await quiet.advance(598)
    assert (await quiet.http.get(url)).status_code == 200
    await quiet.advance(2)
    response = await quiet.http.get(url)
    assert (response.status_code, response.headers["content-type"]) == (403, "application/xml")
    assert "<Code>AccessDenied</Code>" in response.text
    assert (await quiet.http.head(url)).status_code == 403


@pytest.mark.parametrize(
    ("how", "status", "code"),
    [
        ("credentials", 400, "InvalidArgument"),
        ("another signature", 403, "SignatureDoesNotMatch"),
        ("no signature", 403, "SignatureDoesNotMatch"),
        ("a longer life", 403, "SignatureDoesNotMatch"),
        ("another format", 404, "NoSuchKey"),
        ("another name", 404, "NoSuchKey"),
        ("post", 405, "MethodNotAllowed"),
    ],
)
async def test_what_is_not_the_url_that_was_given_out_is_refused(
    quiet: Simulator, how: str, status: int, code: str
) -> None:
    url = await record(quiet, 1.0, format="wav", channels="single")
    path, _, query = url.partition("?")
    asked = {
        "another signature": url[:-1] + ("0" if url[-1] != "0" else "1"),
        "no signature": path,
        "a longer life": url.replace("expires=", "expires=9"),
        "another format": f"{path[:-3]}mp3?{query}",
        "another name": f"/_mock/recordings/nothing.wav?{query}",
    }.get(how, url)
    headers = {"authorization": f"Bearer {KEY}"} if how == "credentials" else {}
    response = await quiet.http.request("POST" if how == "post" else "GET", asked, headers=headers)
    assert (response.status_code, f"<Code>{code}</Code>" in response.text) == (status, True)
    watched = quiet.exchanges[-1]
    assert (watched.name, watched.status, watched.path) == ("recording", status, asked.partition("?")[0])
    assert [problem.partition(":")[0] for problem in watched.problems] == [code]


async def test_the_url_names_where_the_server_listens() -> None:
    from mockserver.server import running

    async with running(Config(port=0, clock="manual")) as (platform, url), httpx.AsyncClient(base_url=url) as http:
        assert platform.base_url == url
        world = platform.worlds.of(KEY)
        assert world.simulation.world.settings.base_url == url
        recording = a_recording(recorded=SECOND)
        world.simulation.world.recordings["r"] = recording
        expires = world.simulation.now // SECOND + 9
        where = f"/_mock/recordings/r.wav?expires={expires}&signature={signature(recording, str(expires))}"
        response = await http.get(where)
        assert (response.status_code, len(response.content)) == (200, 44 + 2 * 2 * RATE)


async def test_the_url_names_where_others_reach_the_server_if_that_is_said() -> None:
    async with simulating(webhook_url=None, public_url="https://calls.example/mock") as simulator:
        leg = await simulator.dialled()
        await simulator.command("record_start", leg, format="mp3", channels="single")
        await simulator.do("POST", f"/_mock/calls/{leg}/hangup", {})
        await simulator.advance(1)
        (saved,) = await simulator.events(name="call.recording.saved")
        url = saved["data"]["payload"]["recording_urls"]["mp3"]
        assert url.startswith("https://calls.example/mock/_mock/recordings/")


async def test_a_recording_that_cannot_be_kept_is_told_as_specified() -> None:
    async with simulating() as simulator:
        scenario = "recordings: [{nth: 2, problem: Unsupported backend}]\nname: no room"
        await simulator.do("POST", "/_mock/scenarios", scenario.encode(), headers={"content-type": "application/yaml"})
        leg = await simulator.dialled()
        for _ in range(3):
            await simulator.command("record_start", leg, format="mp3", channels="single")
        await simulator.do("POST", f"/_mock/calls/{leg}/hangup", {})
        await simulator.advance(1)
        events = [event for event in await simulator.events(kind="webhook") if "recording" in event["name"]]
        assert [event["name"] for event in events] == [
            "call.recording.saved",
            "call.recording.error",
            "call.recording.saved",
        ]
        assert events[1]["data"]["payload"]["reason"] == "Unsupported backend"


async def test_the_webhook_that_tells_of_a_recording_is_as_specified() -> None:
    async with simulating() as simulator:  # holds every webhook that it posts against its specification
        leg = await simulator.ring()
        answered = await simulator.command("answer", leg, record="record-from-answer", transcription=True)
        await simulator.advance(1)
        await simulator.command("record_start", leg, format="wav", channels="dual", transcription=True)
        await simulator.do("POST", f"/_mock/calls/{leg}/say", {"text": "Hello."})
        await simulator.advance(5)
        await simulator.do("POST", f"/_mock/calls/{leg}/hangup", {})
        await simulator.advance(5)
        events = await simulator.events(kind="webhook")
        saved = [event["data"]["payload"] for event in events if event["name"] == "call.recording.saved"]
        assert [payload["format"] for payload in saved] == ["mp3", "wav"]
        assert saved[0]["recording_id"] == answered["recording_id"]
        names = [event["name"] for event in events]
        assert {"call.transcription", "call.recording.transcription.saved"} <= set(names)


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [("timeout_secs", -1, "90049"), ("max_length", 14_401, "10033"), ("max_length", -1, "10033")],
)
async def test_limits_that_the_schema_does_not_state_hold(quiet: Simulator, field: str, value: int, code: str) -> None:
    leg = await quiet.dialled()
    body = {"format": "wav", "channels": "dual", field: value}
    blamed = await quiet.refused("POST", f"/v2/calls/{leg}/actions/record_start", body)
    assert blamed == [(code, f"/{field}")]
