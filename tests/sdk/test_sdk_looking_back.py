"""Recordings, their texts, call events and deliveries with the official SDK, against a simulator on a real socket."""

from __future__ import annotations

from typing import Any

import pytest
import telnyx

from tests.sdk.live import APP, BOTH_CLIENTS, CALLER, CONNECTION, Application, Simulator

pytestmark = BOTH_CLIENTS

NO_ID = "0d5f7a0e-14e3-4c83-a1de-5d0c2b7f9a61"
PAST, FUTURE = "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"


def recorded(client: telnyx.Telnyx, simulator: Simulator, application: Application, count: int = 1) -> str:
    """A call that is recorded so often, each time with a text, and then over; the leg's id."""
    leg = simulator.ring(webhook_url=application.url)
    client.calls.actions.answer(leg)
    application.wait_for("call.answered", leg)
    for number in range(1, count + 1):
        client.calls.actions.start_recording(leg, channels="dual", format="wav", transcription=True)
        client.calls.actions.speak(leg, payload=f"Number {number}.", voice="female")
        application.wait_for("call.speak.ended", leg, number)
        client.calls.actions.stop_recording(leg)
        application.wait_for("call.recording.transcription.saved", leg, number)
    client.calls.actions.hangup(leg)
    application.wait_for("call.hangup", leg)
    return leg


def test_recordings_are_listed_fetched_and_deleted(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        leg = recorded(client, simulator, application, 3)
        recordings = list(client.recordings.list(page_size=2))
        assert [recording.call_control_id for recording in recordings] == [leg] * 3
        first = recordings[0]
        assert (first.from_, first.to, first.source, first.channels) == (CALLER, APP, "call", "dual")
        assert first.id is not None
        shown = client.recordings.retrieve(first.id).data
        assert shown is not None
        assert shown.duration_millis == first.duration_millis
        deleted = client.recordings.delete(first.id).data
        assert deleted is not None
        assert deleted.id == first.id
        with pytest.raises(telnyx.NotFoundError, match="Page not found"):
            client.recordings.retrieve(first.id)
        ids = [recording.id or "" for recording in recordings[1:]]
        with pytest.raises(telnyx.NotFoundError):
            client.recordings.actions.delete(ids=[*ids, NO_ID])
        assert client.recordings.actions.delete(ids=ids).status == "ok"
        assert list(client.recordings.list()) == []


RECORDING_FILTERS: list[tuple[dict[str, Any], bool]] = [
    ({"call_control_id": "{call_control_id}"}, True),
    ({"call_leg_id": "{call_leg_id}"}, True),
    ({"call_session_id": "{call_session_id}"}, True),
    ({"call_session_id": NO_ID}, False),
    ({"conference_id": NO_ID}, False),
    ({"conference_region": "US"}, False),
    ({"connection_id": CONNECTION}, True),
    ({"from": CALLER}, True),
    ({"to": CALLER}, False),
    ({"sip_call_id": "1"}, False),
    ({"start_time": {"gte": PAST, "lte": FUTURE}}, True),
    ({"start_time": {"gte": FUTURE}}, False),
    ({"end_time": {"lte": FUTURE}}, True),
    ({"end_time": {"lte": PAST}}, False),
    ({"created_at": {"gte": PAST}}, True),
    ({"created_at": {"lte": PAST}}, False),
]

EVENT_FILTERS: list[tuple[dict[str, Any], bool]] = [
    ({"leg_id": "{call_leg_id}"}, True),
    ({"leg_id": NO_ID}, False),
    ({"application_session_id": "{call_session_id}"}, True),
    ({"connection_id": CONNECTION}, True),
    ({"connection_id": "1"}, False),
    ({"product": "call_control"}, True),
    ({"product": "texml"}, False),
    ({"failed": False}, True),
    ({"failed": True}, False),
    ({"from": CALLER}, True),
    ({"to": CALLER}, False),
    ({"name": "call.hangup"}, True),
    ({"name": "record_start"}, True),
    ({"name": "streaming_start"}, False),
    ({"type": "command"}, True),
    ({"type": "webhook"}, True),
    ({"status": "completed"}, True),
    ({"status": "in_progress"}, False),
    ({"occurred_at": {"gte": PAST}}, True),
    ({"occurred_at": {"gt": FUTURE}}, False),
    ({"occurred_at": {"lt": PAST}}, False),
    ({"occurred_at": {"lte": FUTURE}}, True),
    ({"occurred_at": {"eq": PAST}}, False),
    ({"application_name": {"contains": "no such"}}, False),
    ({"outbound_outbound_voice_profile_id": "1"}, False),
]

DELIVERY_FILTERS: list[tuple[dict[str, Any], bool]] = [
    ({"status": {"eq": "delivered"}}, True),
    ({"status": {"eq": "failed"}}, False),
    ({"event_type": "call.answered,call.hangup"}, True),
    ({"event_type": "call.bridged"}, False),
    ({"webhook": {"contains": "{call_control_id}"}}, True),
    ({"webhook": {"contains": "nothing"}}, False),
    ({"attempts": {"contains": "/webhooks"}}, True),
    ({"attempts": {"contains": "nothing"}}, False),
    ({"started_at": {"gte": PAST, "lte": FUTURE}}, True),
    ({"started_at": {"gte": FUTURE}}, False),
    ({"finished_at": {"gte": PAST}}, True),
    ({"finished_at": {"lte": PAST}}, False),
]


def filled(value: Any, facts: dict[str, str]) -> Any:
    """A filter with what is known of the call in the place of the names."""
    if isinstance(value, dict):
        return {name: filled(inner, facts) for name, inner in value.items()}
    return value.format(**facts) if isinstance(value, str) else value


def test_every_filter_is_understood_as_the_client_sends_it(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        leg = recorded(client, simulator, application)
        settled(simulator)
        call = client.calls.retrieve_status(leg).data
        assert call is not None
        facts = {name: getattr(call, name) for name in ("call_control_id", "call_leg_id", "call_session_id")}
        wrong = []
        for resource, table in (
            (client.recordings, RECORDING_FILTERS),
            (client.call_events, EVENT_FILTERS),
            (client.webhook_deliveries, DELIVERY_FILTERS),
        ):
            for wish, found in table:
                listed = list(resource.list(filter=filled(wish, facts)))
                wrong += [] if bool(listed) is found else [(wish, listed)]
        assert wrong == []
        with pytest.raises(telnyx.UnprocessableEntityError, match="10031"):
            client.call_events.list(filter=filled({"colour": "red"}, facts))


def settled(simulator: Simulator) -> None:
    """Let everything happen that is under way, deliveries included."""
    simulator.control("POST", "/clock/advance", {"seconds": 1})


def test_the_texts_of_recordings_are_listed_and_deleted(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        recorded(client, simulator, application, 5)
        texts = list(client.recording_transcriptions.list(page_size=2))
        assert [text.transcription_text for text in texts] == [f"Number {number}." for number in (5, 4, 3, 2, 1)]
        first = texts[0]
        assert first.id is not None
        assert first.recording_id is not None
        shown = client.recording_transcriptions.retrieve(first.id).data
        assert shown is not None
        assert shown.transcription_text == "Number 5."
        for wish, count in (
            ({"recording_id": first.recording_id}, 1),
            ({"recording_id": NO_ID}, 0),
            ({"created_at": {"gte": PAST}}, 5),
            ({"created_at": {"lte": PAST}}, 0),
        ):
            assert len(list(client.recording_transcriptions.list(filter=wish))) == count  # type: ignore[arg-type]
        deleted = client.recording_transcriptions.delete(first.id).data
        assert deleted is not None
        assert deleted.id == first.id
        with pytest.raises(telnyx.NotFoundError, match="Page not found"):
            client.recording_transcriptions.retrieve(first.id)


def test_call_events_are_read_page_by_page(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        recorded(client, simulator, application)
        settled(simulator)
        events = list(client.call_events.list(page_size=3))
        assert [event.name for event in events][:4] == ["call.initiated", "answer", "call.answered", "record_start"]
        assert len(events) > 9
        assert events == list(client.call_events.list(page_size=250))
        assert [event.event_timestamp for event in events] == sorted(event.event_timestamp for event in events)


def test_deliveries_are_read_page_by_page_and_one_by_one(simulator: Simulator, application: Application) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        application.status = 404
        recorded(client, simulator, application)
        settled(simulator)
        deliveries = list(client.webhook_deliveries.list(page_size=2))
        assert [delivery.status for delivery in deliveries] == ["failed"] * len(deliveries)
        assert len(deliveries) > 4
        assert deliveries[-1].webhook is not None
        assert deliveries[-1].webhook.event_type == "call.initiated"
        assert deliveries[0].id is not None
        shown = client.webhook_deliveries.retrieve(deliveries[0].id).data
        assert shown is not None
        assert shown.attempts is not None
        assert [attempt.errors for attempt in shown.attempts] == [[75404]]
        http = shown.attempts[0].http
        assert http is not None
        assert http.request is not None
        assert http.response is not None
        assert (http.request.url, http.response.status) == (application.url, 404)
        with pytest.raises(telnyx.NotFoundError, match="10005"):
            client.webhook_deliveries.retrieve(NO_ID)
