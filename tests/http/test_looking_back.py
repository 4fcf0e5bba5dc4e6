"""Recordings, texts, call events, deliveries and the public key over HTTP: shapes, pages, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from mockserver.settings import Config
from mockserver.sim.events import Json
from tests.http.asking import HOOKS, KEY, Simulator, simulating

pytestmark = pytest.mark.anyio

NO_ID = "0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61"
PATHS = ("/v2/recordings", "/v2/recording_transcriptions", "/v2/call_events", "/v2/webhook_deliveries")


async def recorded(simulator: Simulator) -> Json:
    """A call that was recorded with a text; the recording as it is listed."""
    leg = await simulator.dialled()
    await simulator.command("record_start", leg, format="wav", channels="dual", transcription=True)
    await simulator.advance(5)
    await simulator.command("record_stop", leg)
    await simulator.advance(3)
    (recording,) = (await simulator.do("GET", "/v2/recordings"))["data"]
    found: Json = recording
    return found


async def test_a_recording_can_be_fetched_until_it_is_deleted(simulator: Simulator) -> None:
    recording = await recorded(simulator)
    urls = [recording["download_urls"]["wav"]]
    await simulator.advance(60)
    path = f"/v2/recordings/{recording['id']}"
    urls.append((await simulator.do("GET", path))["download_urls"]["wav"])
    assert urls[0] != urls[1]
    places = [url.removeprefix("http://127.0.0.1:12111") for url in urls]
    assert [(await simulator.http.get(place)).status_code for place in places] == [200, 200]
    await simulator.advance(560)
    assert [(await simulator.http.get(place)).status_code for place in places] == [403, 200]
    assert (await simulator.do("DELETE", path))["id"] == recording["id"]
    assert [(await simulator.http.get(place)).status_code for place in places] == [404, 404]
    assert await simulator.refused("GET", path) == [("404", "")]


async def test_several_recordings_are_deleted_at_once(simulator: Simulator) -> None:
    recording = await recorded(simulator)
    where = "/v2/recordings/actions/delete"
    assert await simulator.refused("POST", where, {"ids": [recording["id"], NO_ID]}) == [("404", "")]
    assert await simulator.refused("POST", where, {}) == [("10004", "/ids")]
    assert await simulator.do("POST", where, {"ids": [recording["id"]]}) == {"status": "ok"}
    assert (await simulator.do("GET", "/v2/recordings"))["data"] == []


async def test_the_text_of_a_recording_is_listed_and_deleted(simulator: Simulator) -> None:
    recording = await recorded(simulator)
    listed = await simulator.do("GET", f"/v2/recording_transcriptions?filter[recording_id]={recording['id']}")
    assert listed["meta"] == {"cursors": {}, "page_number": 1, "total_pages": 1}
    path = f"/v2/recording_transcriptions/{listed['data'][0]['id']}"
    assert await simulator.do("DELETE", path) == listed["data"][0]
    assert await simulator.refused("GET", path) == [("404", "")]
    assert await simulator.refused("DELETE", "/v2/recording_transcriptions/none") == [("404", "")]


async def test_what_leads_to_another_page_of_texts_leads_there(simulator: Simulator) -> None:
    await recorded(simulator)
    await simulator.dialled()
    world = simulator.world().simulation
    (text,) = world.world.recording_texts.values()
    world.world.recording_texts[NO_ID] = text
    since = {"filter[created_at][gte]": "2026-01-01T01:00:00+01:00", "page[size]": "1"}
    first = await simulator.do("GET", "/v2/recording_transcriptions", params=since)
    second = await simulator.do("GET", first["meta"]["next"])
    assert (len(second["data"]), "next" in second["meta"]) == (1, False)
    assert (await simulator.do("GET", second["meta"]["previous"])) == first


async def test_bad_credentials_are_refused_in_the_words_of_the_service(simulator: Simulator) -> None:
    for path in (*PATHS[:2], f"/v2/recordings/{NO_ID}"):
        response = await simulator.ask("GET", path, key=None)
        expected = {"errors": [{"code": "401", "title": "Unauthorized", "detail": "Unauthorized"}]}
        assert (response.status_code, response.json()) == (401, expected)
    for path in PATHS[2:]:
        assert await simulator.refused("GET", path, key=None) == [("10009", "")]


@pytest.mark.parametrize("path", PATHS)
async def test_a_filter_that_is_none_is_refused(simulator: Simulator, path: str) -> None:
    assert await simulator.refused("GET", f"{path}?filter[colour]=red") == [("10031", "filter[colour]")]


@pytest.mark.parametrize(
    ("query", "blamed"),
    [
        ("recordings?filter[created_at]=2026", ("10031", "filter[created_at]")),
        ("recordings?filter[created_at][gt]=2026-01-01", ("10031", "filter[created_at][gt]")),
        ("recordings?filter[end_time][lte]=now", ("10031", "filter[end_time][lte]")),
        ("recordings?page[size]=251", ("10033", "page[size]")),
        ("recording_transcriptions?filter[recording_id]=7", ("10031", "filter[recording_id]")),
        ("call_events?filter[type]=song", ("10031", "filter[type]")),
        ("call_events?filter[failed]=perhaps", ("10026", "filter[failed]")),
        (
            "call_events?filter[occurred_at][gt]=2026-01-01&filter[occurred_at][lt]=2026-01-02",
            ("10031", "filter[occurred_at]"),
        ),
        ("call_events?page[after]=x", ("10015", "page[after]")),
        ("webhook_deliveries?filter[status]=failed", ("10031", "filter[status]")),
        ("webhook_deliveries?filter[status][eq]=lost", ("10031", "filter[status][eq]")),
        (f"webhook_deliveries/{NO_ID}", ("10005", "/")),
    ],
)
async def test_what_is_refused(simulator: Simulator, query: str, blamed: tuple[str, str]) -> None:
    assert await simulator.refused("GET", f"/v2/{query}") == [blamed]


async def test_a_call_is_looked_back_at(simulator: Simulator) -> None:
    leg = await simulator.ring()
    await simulator.command("answer", leg)
    await simulator.advance(1)
    listed = await simulator.do("GET", "/v2/call_events?filter[type]=webhook&page[size]=1&page[number]=2")
    (event,) = listed["data"]
    assert listed["meta"] == {"page_number": 2, "page_size": 1, "total_pages": 2, "total_results": 2}
    assert (event["name"], event["metadata"]["delivered_to"], event["metadata"]["status"]) == (
        "call.answered",
        HOOKS,
        "delivered",
    )
    (answer,) = (await simulator.do("GET", "/v2/call_events?filter[name]=answer"))["data"]
    assert (answer["type"], answer["call_leg_id"]) == ("command", event["call_leg_id"])
    delivery = await simulator.do("GET", f"/v2/webhook_deliveries/{event['metadata']['event']['id']}")
    assert (delivery["status"], delivery["webhook"]) == ("delivered", event["metadata"]["event"])
    found = await simulator.do("GET", "/v2/webhook_deliveries?filter[status][eq]=delivered&filter[event_type]=call.x")
    assert found["data"] == []


@pytest.mark.parametrize(
    ("options", "key"),
    [
        ({}, "mW78UZGIDeXVPZcxrm2jtSqhe/2i20n2SDQrIhl59lY="),
        ({"signing_key": "00" * 32}, "O2onvM62pC1io6jQKm8Nc2UyFXcd4kOmOsBIoYtZ2ik="),
    ],
)
async def test_the_public_key_is_that_of_the_signatures(options: dict[str, Any], key: str) -> None:
    async with simulating(**options) as simulator:
        assert await simulator.do("GET", "/v2/public_key") == {"public": key}
        assert await simulator.refused("GET", "/v2/public_key", key=None) == [("10009", "")]


async def test_other_keys_see_nothing_of_it(simulator: Simulator) -> None:
    recording = await recorded(simulator)
    assert Config().default_key != KEY
    for path in PATHS:
        assert (await simulator.do("GET", path, key="KEY_other"))["data"] == []
    path = f"/v2/recordings/{recording['id']}"
    assert await simulator.refused("DELETE", path, key="KEY_other") == [("404", "")]
