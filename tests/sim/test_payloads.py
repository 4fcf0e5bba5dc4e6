"""What webhooks look like: their keys, their ids, their times."""

from __future__ import annotations

import json
import re
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest

from mockserver.sim import holding
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.conversations import said
from mockserver.sim.digits import person_presses
from mockserver.sim.event_types import EMITTED, EVENT_TYPES
from mockserver.sim.events import Entry
from mockserver.sim.people import Assistant, Person
from mockserver.sim.simulation import Simulation
from mockserver.sim.world import Ids
from tests.sim.conferring import confer, create
from tests.sim.telling import APP, CALLEE, CALLER, CONNECTION, dial, do, events, new, ring, talk
from tests.sim.websocket import Application

IDS = {"call_control_id", "call_leg_id", "call_session_id", "calling_party_type", "client_state", "connection_id"}
PARTIES = {"from", "to"}
QUALITY = {
    "inbound": {"jitter_max_variance", "jitter_packet_count", "mos", "packet_count", "skip_packet_count"},
    "outbound": {"packet_count", "skip_packet_count"},
}

# Documented and recorded keys together; headers and tags come only when there are some.
KEYS = {
    "call.initiated incoming": IDS
    | PARTIES
    | {"caller_id_name", "connection_codecs", "direction", "from_sip_uri", "offered_codecs", "start_time", "state"}
    | {"to_sip_uri"},
    "call.initiated outgoing": IDS | PARTIES | {"direction", "state"},
    "call.answered": IDS | PARTIES | {"codec", "sampling_rate", "start_time", "state"},
    "call.hangup": IDS
    | PARTIES
    | {"call_quality_stats", "end_time", "hangup_cause", "hangup_source", "sip_hangup_cause", "start_time", "state"},
    "call.bridged": IDS | PARTIES | {"start_time", "state"},
    "call.recording.saved": IDS
    | {"channels", "end_time", "flow_destination", "format", "public_recording_urls", "recording_ended_at"}
    | {"recording_id", "recording_started_at", "recording_urls", "start_time"},
    "call.recording.error": IDS | {"reason"},
    "call.recording.transcription.saved": IDS
    | {"recording_id", "recording_transcription_id", "status", "transcription_text"},
    "call.enqueued": IDS | {"current_position", "queue", "queue_avg_wait_time_secs"},
    "call.dequeued": IDS | {"queue", "queue_position", "reason", "wait_time_secs"},
    "streaming.failed": IDS | {"failure_reason", "stream_id", "stream_params", "stream_type"},
    "streaming.started": IDS | {"stream_id", "stream_url"},
    "streaming.stopped": IDS | {"stream_id", "stream_url"},
    "call.refer.completed": IDS | PARTIES | {"sip_notify_response"},
    "call.refer.failed": IDS | PARTIES | {"sip_notify_response"},
    "call.refer.started": IDS | PARTIES | {"sip_notify_response"},
    "call.conversation.created": IDS | PARTIES | {"conversation_id"},
    "call.conversation.ended": IDS
    | PARTIES
    | {"assistant_id", "conversation_id", "duration_sec", "llm_model", "reason", "stt_model", "tts_model_id"}
    | {"tts_provider", "tts_voice_id"},
    "call.conversation_insights.generated": IDS | {"insight_group_id", "results"},
    "call.transcription": IDS | {"transcription_data"},
    "call.cost": IDS
    | {"billed_duration_secs", "billing_group_id", "cost_parts", "occurred_at", "status", "total_cost"},
    "call.deepfake_detection.error": IDS | {"error_message"},
    "call.deepfake_detection.result": IDS | {"consistency", "result", "score"},
    "call.hold": IDS | PARTIES,
    "call.unhold": IDS | PARTIES,
    "call.dtmf.received": IDS | PARTIES | {"digit"},
    "call.gather.ended": IDS | PARTIES | {"digits", "gather_id", "status"},
    "call.ai_gather.ended": IDS | PARTIES | {"message_history", "result", "status"},
    "call.ai_gather.message_history_updated": IDS | PARTIES | {"message_history"},
    "call.ai_gather.partial_results": IDS | PARTIES | {"message_history", "partial_results"},
}
OF_A_LEG = IDS - {"calling_party_type"}
OF_ALL = {"conference_id", "connection_id", "creator_call_session_id", "occurred_at"}
CONFERENCE_KEYS = {
    "conference.created": OF_A_LEG | {"conference_id", "occurred_at"},
    "conference.ended": OF_A_LEG | {"conference_id", "occurred_at", "reason"},
    "conference.floor.changed": OF_A_LEG | {"conference_id", "occurred_at"},
    "conference.participant.joined": OF_A_LEG | {"conference_id"},
    "conference.participant.left": OF_A_LEG | {"conference_id"},
    "conference.participant.playback.started": OF_A_LEG | OF_ALL | {"media_name"},
    "conference.participant.playback.ended": OF_A_LEG | OF_ALL | {"media_name"},
    "conference.participant.speak.started": OF_A_LEG | OF_ALL,
    "conference.participant.speak.ended": OF_A_LEG | OF_ALL,
    "conference.playback.started": OF_ALL | {"media_url"},
    "conference.playback.ended": OF_ALL | {"media_url"},
    "conference.speak.started": OF_ALL,
    "conference.speak.ended": OF_ALL,
    "conference.recording.saved": OF_A_LEG - {"call_leg_id"}
    | {"channels", "conference_id", "format", "public_recording_urls", "recording_ended_at", "recording_id"}
    | {"recording_started_at", "recording_urls"},
}
STATES = {"call.initiated incoming": "parked", "call.initiated outgoing": "bridging", "call.answered": "answered",
          "call.bridged": "bridged", "call.hangup": "hangup"}  # fmt: skip
ENVELOPE = {"event_type", "id", "occurred_at", "payload", "record_type"}

UUID1 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-1[0-9a-f]{3}-[89ab][0-9a-f]{3}-02420a[0-9a-f]{6}")
UUID4 = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")
CALL_CONTROL_ID = re.compile(r"v3:[A-Za-z0-9_-]{54}")
MOMENT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z")


def everything() -> Simulation:
    """A simulation in which every event there is has happened, on both kinds of legs."""
    simulation = new(
        Person(CALLEE, hangs_up_after=30.0), Person("sip:desk@*"), Person("*", outcome="busy"), call_cost=True
    )
    simulation.world.assistants["assistant-1"] = Assistant(id="assistant-1", greeting="Hi.")
    incoming = ring(simulation, Person(hangs_up_after=60.0))
    dial(simulation, assistant={"id": "assistant-1"}, deepfake_detection={"enabled": True})
    dial(simulation, CALLER)
    one, other = ring(simulation), ring(simulation)
    for leg in (incoming, one, other):
        do(simulation, "answer", leg, deepfake_detection={"enabled": leg is other, "rtp_timeout": 5})
    do(
        simulation,
        "gather_using_ai",
        incoming,
        parameters={"properties": {"name": {"type": "string"}}},
        send_partial_results=True,
        send_message_history_updates=True,
    )
    simulation.advance(1)
    holding.person_holds(simulation, other)
    simulation.advance(19)
    holding.person_unholds(simulation, other)
    do(simulation, "gather", incoming)
    person_presses(simulation, incoming, "1#")
    do(simulation, "ai_assistant_start", incoming)
    simulation.advance(200)
    do(simulation, "transcription_start", one)
    simulation.world.failing_recordings[2] = "Unsupported backend"
    do(simulation, "record_start", one, format="mp3", channels="dual", transcription=True)
    do(simulation, "record_start", one, format="mp3", channels="dual")
    said(simulation, one, "Hello.")
    simulation.advance(1)
    do(simulation, "record_stop", one)
    simulation.advance(2)
    do(simulation, "enqueue", other, queue_name="support")
    simulation.advance(1)
    do(simulation, "bridge", one, queue="support")
    simulation.advance(1)
    for simulation.outside in (Application(problem="refused"), Application()):
        do(simulation, "streaming_start", one, stream_url="wss://app.example/media")
        simulation.advance(1)
    for address in ("sip:busy@shop.example", "sip:desk@shop.example"):
        do(simulation, "refer", other, sip_address=address)
        simulation.advance(5)
    return simulation


def a_conference() -> Simulation:
    """A simulation in which every event of a conference has happened."""
    simulation = new()
    leg = talk(simulation)
    create(simulation, leg)
    confer(simulation, "record_start", format="mp3")
    for body in ({}, {"call_control_ids": [leg]}):
        confer(simulation, "speak", payload="Hello.", voice="female", **body)
    confer(simulation, "play", audio_url="https://media.example/a.mp3")
    confer(simulation, "play", media_name="a", call_control_ids=[leg])
    said(simulation, leg, "Hello.")
    simulation.advance(30)
    confer(simulation, "end")
    simulation.advance(1)
    return simulation


def webhooks(simulation: Simulation) -> list[Entry]:
    return [entry for entry in simulation.log.entries if entry.kind == "webhook"]


def name(entry: Entry) -> str:
    direction = entry.data["payload"].get("direction")
    return f"{entry.name} {direction}" if direction else entry.name


@pytest.fixture(scope="module")
def happened() -> list[Entry]:
    return webhooks(everything())


def test_every_event_has_exactly_the_documented_and_the_recorded_keys(happened: list[Entry]) -> None:
    assert {name(entry) for entry in happened} == KEYS.keys()
    for entry in happened:
        assert (name(entry), set(entry.data["payload"])) == (name(entry), KEYS[name(entry)])


def test_every_event_of_a_conference_has_exactly_the_documented_keys() -> None:
    told = [entry for entry in webhooks(a_conference()) if entry.name.startswith("conference.")]
    assert {entry.name for entry in told} == CONFERENCE_KEYS.keys()
    for entry in told:
        payload = entry.data["payload"]
        assert (entry.name, set(payload)) == (entry.name, CONFERENCE_KEYS[entry.name])
        assert (set(entry.data), payload.get("occurred_at", entry.data["occurred_at"])) == (
            ENVELOPE,
            entry.data["occurred_at"],
        )
        assert entry.call_control_id == payload.get("call_control_id")
        assert UUID4.fullmatch(payload["conference_id"])


def test_only_the_end_of_a_conversation_has_a_moment_of_its_creation_beside_the_payload(happened: list[Entry]) -> None:
    for entry in happened:
        extra = {"created_at"} if entry.name == "call.conversation.ended" else set()
        assert (entry.name, set(entry.data)) == (entry.name, ENVELOPE | extra)
        assert entry.data.get("created_at", entry.data["occurred_at"]) >= entry.data["occurred_at"]


def test_an_envelope_repeats_the_name_and_the_moment_of_the_entry(happened: list[Entry]) -> None:
    for entry in happened:
        assert (entry.data["event_type"], entry.data["record_type"]) == (entry.name, "event")
        moment = datetime.fromisoformat(entry.data["occurred_at"])
        assert round(moment.timestamp() * SECOND) == entry.at
        assert entry.call_control_id == entry.data["payload"]["call_control_id"]


def test_identifiers_have_their_formats(happened: list[Entry]) -> None:
    for entry in happened:
        payload = entry.data["payload"]
        assert UUID4.fullmatch(entry.data["id"])
        assert CALL_CONTROL_ID.fullmatch(payload["call_control_id"])
        assert UUID1.fullmatch(payload["call_leg_id"])
        assert UUID1.fullmatch(payload["call_session_id"])
        assert UUID4.fullmatch(payload.get("conversation_id", entry.data["id"]))
        assert UUID4.fullmatch(payload.get("gather_id", entry.data["id"]))
        assert re.fullmatch(r"[0-9]{16,19}", payload["connection_id"])
    assert len({entry.data["id"] for entry in happened}) == len(happened)


def test_times_have_six_digits_and_are_utc(happened: list[Entry]) -> None:
    for entry in happened:
        known = {**entry.data, **entry.data["payload"]}
        times = [known[key] for key in ("occurred_at", "created_at", "start_time", "end_time") if key in known]
        assert all(MOMENT.fullmatch(text) for text in times)


def test_states_are_named_as_the_platform_names_them(happened: list[Entry]) -> None:
    seen = {name(entry): entry.data["payload"]["state"] for entry in happened if "state" in entry.data["payload"]}
    assert seen == STATES


def test_a_call_starts_when_its_leg_is_made_not_when_it_is_answered(happened: list[Entry]) -> None:
    for entry in happened:
        if entry.name in ("call.answered", "call.hangup"):
            assert entry.data["payload"]["start_time"] == "2026-01-01T00:00:00.000000Z"
        if entry.name == "call.hangup":
            assert entry.data["payload"]["end_time"] == entry.data["occurred_at"]
        if name(entry) == "call.initiated incoming":
            assert entry.data["payload"]["start_time"] == entry.data["occurred_at"]


def test_the_quality_of_a_call_is_told_in_strings_and_only_of_an_answered_one(happened: list[Entry]) -> None:
    hangups = [entry.data["payload"] for entry in happened if entry.name == "call.hangup"]
    busy, outgoing, incoming, *_ = hangups
    assert busy["call_quality_stats"] is None
    for payload, seconds in ((outgoing, 30), (incoming, 60)):
        stats = payload["call_quality_stats"]
        assert {key: set(values) for key, values in stats.items()} == QUALITY
        assert all(isinstance(value, str) for values in stats.values() for value in values.values())
        assert stats["inbound"]["packet_count"] == str(50 * seconds)


def test_the_first_webhook_of_an_incoming_call_in_full() -> None:
    simulation = new()
    leg = ring(simulation)
    assert webhooks(simulation)[0].data["payload"] == {
        "call_control_id": leg.call_control_id,
        "call_leg_id": leg.call_leg_id,
        "call_session_id": leg.call_session_id,
        "caller_id_name": CALLER,
        "calling_party_type": "pstn",
        "client_state": None,
        "connection_codecs": "PCMA,PCMU,VP8,H264",
        "connection_id": CONNECTION,
        "direction": "incoming",
        "from": CALLER,
        "from_sip_uri": f"{CALLER[1:]}@203.0.113.10:5060",
        "offered_codecs": "PCMU,G729",
        "start_time": "2026-01-01T00:00:00.000000Z",
        "state": "parked",
        "to": APP,
        "to_sip_uri": f"{APP}@192.0.2.20:5060",
    }


def test_from_and_to_are_those_of_the_call_in_every_event(happened: list[Entry]) -> None:
    directions = {
        entry.call_control_id: (entry.data["payload"]["from"], entry.data["payload"]["to"])
        for entry in happened
        if entry.name == "call.initiated"
    }
    for entry in happened:
        payload = entry.data["payload"]
        if "from" in payload:
            assert (payload["from"], payload["to"]) == directions[entry.call_control_id]


def test_the_webhooks_of_a_conversation_and_the_response_name_the_same_one() -> None:
    simulation = everything()
    created = [payload["conversation_id"] for payload in events(simulation, "call.conversation.created")]
    ended = [payload["conversation_id"] for payload in events(simulation, "call.conversation.ended")]
    assert sorted(created) == sorted(ended) == sorted(simulation.world.conversations)


# Identifiers


def test_leg_and_session_are_minted_within_a_millisecond_of_each_other_by_the_same_node() -> None:
    simulation = new()
    leg = ring(simulation)
    one, session = UUID(leg.call_leg_id), UUID(leg.call_session_id)
    assert (one.version, one.node, one.time - session.time < 10_000) == (1, session.node, True)
    assert one.clock_seq != session.clock_seq
    unix = (one.time - 0x01B21DD213814000) // 10
    assert unix == EPOCH


@pytest.mark.parametrize("seed", [0, 1, "text"])
def test_the_same_seed_gives_the_same_ids(seed: Any) -> None:
    def some(ids: Ids) -> list[str]:
        return [ids.call_control_id(), ids.time_uuid(EPOCH), ids.uuid(), ids.uuid()]

    first, again, other = some(Ids(seed)), some(Ids(seed)), some(Ids(f"not {seed}"))
    assert first == again
    assert not set(first) & set(other)
    assert [UUID(first[2]).version, UUID(first[1]).variant] == [4, "specified in RFC 4122"]


def test_everything_in_the_log_is_json() -> None:
    for entry in everything().log.entries:
        assert json.loads(json.dumps(entry.data, allow_nan=False)) == entry.data


def test_the_events_that_are_said_to_be_emitted_are_those_that_the_code_names() -> None:
    sim = Path(__file__).parent.parent.parent / "mockserver" / "sim"
    code = "".join(file.read_text(encoding="utf-8") for file in sim.glob("*.py") if file.name != "event_types.py")
    assert {name for name in EVENT_TYPES if f'"{name}"' in code} == EMITTED
