"""Recordings and their texts, looked at, listed and deleted."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from mockserver.http.contract import Contract
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.kept_recordings import signature
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Leg
from tests.sim.conferring import confer, create
from tests.sim.telling import APP, CALLEE, CALLER, CONNECTION, dial, do, events, new, ring, talk

SPECS = Contract(Path(__file__).parents[2] / "specs" / "openapi.yaml")
WAV = {"format": "wav", "channels": "dual"}
NO_ID = "0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61"


def asked(simulation: Simulation, name: str, query: Json | None = None, body: Json | None = None, **params: str) -> Any:
    """The whole response, which is as the specification has it."""
    answer = execute(simulation, Request(name, body or {}, params=params, query=query or {}))
    assert SPECS.response_errors(SPECS.operation(name), 200, answer) == []
    return answer


def refusal(
    simulation: Simulation, name: str, query: Json | None = None, body: Json | None = None, **params: str
) -> Json:
    with pytest.raises(Refusal) as raised:
        execute(simulation, Request(name, body or {}, params=params, query=query or {}))
    assert SPECS.response_errors(SPECS.operation(name), raised.value.status, raised.value.body()) == []
    (error,) = raised.value.body()["errors"]
    found: Json = error
    return found


def record(simulation: Simulation, leg: Leg, seconds: float = 4, **options: Any) -> str:
    """Record a leg for so long; the recording's id."""
    do(simulation, "record_start", leg, **{**WAV, **options})
    simulation.advance(seconds)
    do(simulation, "record_stop", leg)
    simulation.advance(1)
    return str(events(simulation, "call.recording.saved")[-1]["recording_id"])


def test_a_recording_tells_all_that_is_published_of_it() -> None:
    simulation = new()
    leg = talk(simulation)
    recording_id = record(simulation, leg, 4.5)
    (recording,) = simulation.world.recordings.values()
    expires = str(EPOCH // SECOND + 5 + 600)
    where = f"http://127.0.0.1:12111/_mock/recordings/{recording_id}.wav"
    assert asked(simulation, "retrieve_recording", recording_id=recording_id)["data"] == {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "channels": "dual",
        "connection_id": CONNECTION,
        "created_at": "2026-01-01T00:00:05.400000Z",
        "download_urls": {"wav": f"{where}?expires={expires}&signature={signature(recording, expires)}"},
        "duration_millis": 4500,
        "from": CALLER,
        "id": recording_id,
        "initiated_by": "StartCallRecordingAPI",
        "record_type": "recording",
        "recording_ended_at": "2026-01-01T00:00:04.900000Z",
        "recording_started_at": "2026-01-01T00:00:00.400000Z",
        "source": "call",
        "status": "completed",
        "to": APP,
        "updated_at": "2026-01-01T00:00:05.400000Z",
    }


def test_every_look_at_a_recording_gives_a_url_that_is_good_from_then_on() -> None:
    simulation = new()
    recording_id = record(simulation, talk(simulation))
    urls = set()
    for _ in range(3):
        shown = asked(simulation, "retrieve_recording", recording_id=recording_id)["data"]
        assert asked(simulation, "list_recordings")["data"] == [shown]
        urls.add(shown["download_urls"]["wav"])
        simulation.advance(3600)
    assert len(urls) == 3


@pytest.mark.parametrize(
    ("how", "begun_by"),
    [("dial", "OutboundAPI"), ("answer", "StartCallRecordingAPI"), ("bridge", "StartCallRecordingAPI")],
)
def test_what_began_a_recording_is_told(how: str, begun_by: str) -> None:
    simulation = new()
    wish = {"record": "record-from-answer"}
    if how == "dial":
        leg = dial(simulation, **wish)
    elif how == "answer":
        leg = ring(simulation)
        do(simulation, "answer", leg, **wish)
    else:
        leg, other = talk(simulation), talk(simulation)
        do(simulation, "bridge", leg, call_control_id=other.call_control_id, **wish)
    simulation.advance(5)
    do(simulation, "hangup", leg)
    simulation.advance(5)
    (shown,) = asked(simulation, "list_recordings")["data"]
    assert (shown["initiated_by"], shown["call_control_id"]) == (begun_by, leg.call_control_id)


def test_the_recording_of_a_conference_names_it_and_the_leg_that_it_was_made_of() -> None:
    simulation = new()
    leg = talk(simulation)
    conference = create(simulation, leg, region="US")
    confer(simulation, "record_start", format="mp3")
    simulation.advance(2)
    confer(simulation, "record_stop")
    simulation.advance(1)
    (shown,) = asked(simulation, "list_recordings")["data"]
    assert (shown["source"], shown["initiated_by"]) == ("conference", "StartConferenceRecordingAPI")
    assert (shown["conference_id"], shown["call_leg_id"]) == (conference.id, leg.call_leg_id)
    for region, found in (("us", 1), ("Europe", 0)):
        listed = asked(simulation, "list_recordings", {"filter": {"conference_region": region}})["data"]
        assert len(listed) == found


def test_recordings_are_listed_newest_first_in_pages_by_number() -> None:
    simulation = new()
    leg = talk(simulation)
    ids = [record(simulation, leg, 1) for _ in range(5)][::-1]
    assert [shown["id"] for shown in asked(simulation, "list_recordings")["data"]] == ids
    page = asked(simulation, "list_recordings", {"page": {"number": 2, "size": 2}})
    assert [shown["id"] for shown in page["data"]] == ids[2:4]
    assert page["meta"] == {"page_number": 2, "page_size": 2, "total_pages": 3, "total_results": 5}


FILTERS = [
    ("call_control_id", "{call_control_id}", [0]),
    ("call_leg_id", "{call_leg_id}", [0]),
    ("call_session_id", "{call_session_id}", [0]),
    ("conference_id", "{call_leg_id}", []),
    ("conference_region", "us", []),
    ("connection_id", CONNECTION, [1, 0]),
    ("connection_id", "5", []),
    ("sip_call_id", "5", []),
    ("from", CALLER, [0]),
    ("to", APP, [0]),
    ("to", CALLEE, [1]),
    ("start_time", {"gte": "2026-01-01T00:00:05Z"}, [1]),
    ("start_time", {"lte": "2026-01-01T00:00:05Z"}, [0]),
    ("end_time", {"gte": "2026-01-01T00:00:04.4Z", "lte": "2026-01-01T01:00:04.4+01:00"}, [0]),
    ("created_at", {"gte": "2026-01-01T00:00:04.9Z"}, [1, 0]),
    ("created_at", {"lte": "2026-01-01"}, []),
]


@pytest.mark.parametrize(("name", "value", "found"), FILTERS)
def test_recordings_are_filtered(name: str, value: Any, found: list[int]) -> None:
    simulation = new()
    first = talk(simulation)
    ids = [record(simulation, first)]
    second = dial(simulation)
    simulation.advance(3)
    ids.append(record(simulation, second))
    facts = {key: getattr(first, key) for key in ("call_control_id", "call_leg_id", "call_session_id")}
    value = value.format(**facts) if isinstance(value, str) else value
    listed = asked(simulation, "list_recordings", {"filter": {name: value}})["data"]
    assert [ids.index(shown["id"]) for shown in listed] == found


def test_a_recording_that_is_deleted_is_told_once_more_and_then_gone() -> None:
    simulation = new()
    recording_id = record(simulation, talk(simulation))
    shown = asked(simulation, "retrieve_recording", recording_id=recording_id)
    assert asked(simulation, "delete_recording", recording_id=recording_id) == shown
    assert (simulation.world.recordings, asked(simulation, "list_recordings")["data"]) == ({}, [])
    for name in ("retrieve_recording", "delete_recording"):
        assert refusal(simulation, name, recording_id=recording_id) == {
            "code": "404",
            "title": "Not Found",
            "detail": "Page not found",
        }


def test_several_recordings_are_deleted_at_once_or_none_of_them() -> None:
    simulation = new()
    leg = talk(simulation)
    one, two, three = (record(simulation, leg, 1) for _ in range(3))
    assert refusal(simulation, "delete_recordings", body={"ids": [one, NO_ID]})["code"] == "404"
    assert list(simulation.world.recordings) == [one, two, three]
    assert asked(simulation, "delete_recordings", body={"ids": [three, one, one]}) == {"status": "ok"}
    assert asked(simulation, "delete_recordings", body={"ids": []}) == {"status": "ok"}
    assert list(simulation.world.recordings) == [two]


def texts(simulation: Simulation, count: int = 1) -> list[str]:
    """So many recordings with a text; the ids of the recordings."""
    leg = talk(simulation)
    ids = []
    for number in range(count):
        do(simulation, "record_start", leg, **WAV, transcription=True)
        do(simulation, "speak", leg, payload=f"This is number {number}.", voice="female")
        simulation.advance(5)
        do(simulation, "record_stop", leg)
        simulation.advance(2)
        ids.append(events(simulation, "call.recording.saved")[-1]["recording_id"])
    return ids


def test_the_text_of_a_recording_is_kept_when_it_has_been_told() -> None:
    simulation = new()
    (recording_id,) = texts(simulation)
    (told,) = events(simulation, "call.recording.transcription.saved")
    text_id = told["recording_transcription_id"]
    text = asked(simulation, "retrieve_recording_transcription", recording_transcription_id=text_id)["data"]
    assert text == {
        "created_at": "2026-01-01T00:00:06.900000Z",
        "duration_millis": 5000,
        "id": text_id,
        "record_type": "recording_transcription",
        "recording_id": recording_id,
        "status": "completed",
        "transcription_text": "This is number 0.",
        "updated_at": "2026-01-01T00:00:06.900000Z",
    }
    asked(simulation, "delete_recording", recording_id=recording_id)
    assert asked(simulation, "delete_recording_transcription", recording_transcription_id=text_id)["data"] == text
    for name in ("retrieve_recording_transcription", "delete_recording_transcription"):
        assert refusal(simulation, name, recording_transcription_id=text_id)["code"] == "404"


def test_texts_are_listed_newest_first_with_cursors_and_numbers() -> None:
    simulation = new()
    ids = texts(simulation, 5)[::-1]
    since = {"created_at": {"gte": "2026-01-01T01:00:00+01:00"}}
    pages = [
        asked(simulation, "list_recording_transcriptions", {"filter": since, "page": {"number": number, "size": 2}})
        for number in (1, 2, 3, 4)
    ]
    assert [[text["recording_id"] for text in page["data"]] for page in pages] == [ids[:2], ids[2:4], ids[4:], []]
    first, second, third = ([text["id"] for text in page["data"]] for page in pages[:3])
    where = (
        "/v2/recording_transcriptions?filter[created_at][gte]=2026-01-01T01:00:00%2B01:00&page[number]={}&page[size]=2"
    )
    assert [page["meta"] for page in pages] == [
        {"page_number": 1, "total_pages": 3, "cursors": {"after": first[1]}, "next": where.format(2)},
        {
            "page_number": 2,
            "total_pages": 3,
            "cursors": {"before": second[0], "after": second[1]},
            "previous": where.format(1),
            "next": where.format(3),
        },
        {"page_number": 3, "total_pages": 3, "cursors": {"before": third[0]}, "previous": where.format(2)},
        {"page_number": 4, "total_pages": 3, "cursors": {}},
    ]


@pytest.mark.parametrize(
    ("value", "found"),
    [
        ({"recording_id": "{0}"}, [0]),
        ({"recording_id": NO_ID}, []),
        ({"created_at": {"gte": "2026-01-01T00:00:07Z"}}, [1]),
        ({"created_at": {"lte": "2026-01-01T00:00:07Z"}}, [0]),
    ],
)
def test_texts_are_filtered(value: Json, found: list[int]) -> None:
    simulation = new()
    ids = texts(simulation, 2)
    wanted = {name: given.format(*ids) if isinstance(given, str) else given for name, given in value.items()}
    listed = asked(simulation, "list_recording_transcriptions", {"filter": wanted})["data"]
    assert [ids.index(text["recording_id"]) for text in listed] == found


def test_no_more_recordings_and_texts_are_kept_than_ended_calls() -> None:
    simulation = new(ended_legs=3)
    ids = texts(simulation, 5)
    assert list(simulation.world.recordings) == ids[2:]
    assert [text.recording_id for text in simulation.world.recording_texts.values()] == ids[2:]


@pytest.mark.parametrize(
    ("name", "wanted", "blamed"),
    [
        ("list_recordings", {"colour": "red"}, "filter[colour]"),
        ("list_recordings", {"created_at": {"gte": "yesterday"}}, "filter[created_at][gte]"),
        ("list_recording_transcriptions", {"call_leg_id": NO_ID}, "filter[call_leg_id]"),
    ],
)
def test_a_filter_that_is_none_is_refused(name: str, wanted: Json, blamed: str) -> None:
    error = refusal(new(), name, {"filter": wanted})
    assert (error["code"], error["source"]) == ("10031", {"parameter": blamed})
