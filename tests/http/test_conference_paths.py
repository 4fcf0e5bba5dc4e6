"""Conferences over HTTP: ids and names in paths, filters in the query, and what the contract refuses."""

from __future__ import annotations

from typing import Any

import pytest

from tests.http.asking import UNKNOWN, Simulator

pytestmark = pytest.mark.anyio

ACTIONS = "/v2/conferences/standup/actions"
NAMES = [
    ("standup", "standup"),
    ("Frühbesprechung am Montag", "Fr%C3%BChbesprechung%20am%20Montag"),
    ("50 % off/today?", "50%20%25%20off%2Ftoday%3F"),
]


async def created(simulator: Simulator, name: str = "standup") -> tuple[Any, str]:
    """A conference, and the leg that it is made of."""
    leg = await simulator.dialled()
    return await simulator.do("POST", "/v2/conferences", {"name": name, "call_control_id": leg}), leg


@pytest.mark.parametrize(("name", "path"), NAMES)
async def test_a_conference_is_known_by_its_name_whatever_is_in_it(simulator: Simulator, name: str, path: str) -> None:
    conference, leg = await created(simulator, name)
    assert await simulator.do("GET", f"/v2/conferences/{path}") == conference
    (member,) = (await simulator.do("GET", f"/v2/conferences/{path}/participants"))["data"]
    assert (member["call_control_id"], member["conference"]["name"]) == (leg, name)
    alone = f"/v2/conferences/{conference['id']}/participants/{member['id']}"
    assert (await simulator.do("PATCH", alone, {"end_conference_on_exit": True}))["end_conference_on_exit"] is True
    assert (await simulator.do("GET", alone))["status"] == "joining"
    assert await simulator.do("POST", f"/v2/conferences/{path}/actions/mute", {}) == {"result": "ok"}
    assert await simulator.do("POST", f"/v2/conferences/{conference['id']}/actions/end", {}) == {"result": "ok"}
    assert await simulator.refused("POST", f"/v2/conferences/{path}/actions/mute", {}) == [("90019", "")]


@pytest.mark.parametrize(
    ("method", "path", "body", "expected"),
    [
        ("POST", "/v2/conferences", {}, [("10004", "/call_control_id"), ("10004", "/name")]),
        ("POST", "/v2/conferences", {"call_control_id": UNKNOWN, "name": "x"}, [("90015", "/call_control_id")]),
        ("POST", f"{ACTIONS}/speak", {"voice": "female", "payload": 5}, [("90010", "/payload")]),
        ("POST", f"{ACTIONS}/play", {"audio_url": "a", "loop": 1.5}, [("90009", "/loop")]),
        ("POST", f"{ACTIONS}/record_start", {"format": "ogg"}, [("90000", "/format")]),
        ("POST", f"{ACTIONS}/record_start", {"format": "mp3", "channels": "two"}, [("90001", "/channels")]),
        ("POST", f"{ACTIONS}/unhold", {}, [("10004", "/call_control_ids")]),
        ("POST", f"{ACTIONS}/update", {"call_control_id": UNKNOWN}, [("10004", "/supervisor_role")]),
        ("POST", f"{ACTIONS}/join", {"call_control_id": UNKNOWN, "client_state": "?"}, [("90017", "/client_state")]),
        ("GET", "/v2/conferences?filter[nonsense]=1", None, [("10031", "filter[nonsense]")]),
        ("GET", "/v2/conferences?filter[occurred_at][since]=1", None, [("10031", "filter[occurred_at][since]")]),
        ("GET", "/v2/conferences/nothing", None, [("90058", "")]),
        ("POST", "/v2/conferences/nothing/actions/mute", {}, [("90058", "")]),
    ],
)
async def test_what_is_refused(
    simulator: Simulator, method: str, path: str, body: Any, expected: list[tuple[str, str]]
) -> None:
    await created(simulator)
    assert sorted(await simulator.refused(method, path, body)) == expected


async def test_filters_are_written_with_brackets(simulator: Simulator) -> None:
    await created(simulator, "one")
    await created(simulator, "two")
    for query, found in (
        ("filter[name]=one", ["one"]),
        ("filter[name]=one&filter[status]=completed", []),
        ("filter[occurred_at][gte]=2020-01-01T00:00:00Z&page[size]=1&page[number]=2", ["one"]),
    ):
        answer = await simulator.do("GET", f"/v2/conferences?{query}")
        assert [conference["name"] for conference in answer["data"]] == found
    for query, count in (("filter[muted]=true", 0), ("filter[on_hold]=false&filter[whispering]=false", 1)):
        answer = await simulator.do("GET", f"/v2/conferences/one/participants?{query}")
        assert len(answer["data"]) == count
