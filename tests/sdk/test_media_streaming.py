"""Media streaming over a real WebSocket: the official SDK, an application of aiohttp, audio compared byte for byte."""

from __future__ import annotations

from base64 import b64decode, b64encode
from datetime import datetime

from telnyx.types.calls import ActionStartStreamingResponse, ActionStopStreamingResponse

from mockserver.sim import sound, voices
from mockserver.sim.events import Json
from mockserver.sim.sound import Format
from tests.sdk.live import LIMIT_SECS, Application, Simulator, serving
from tests.sdk.websocket import WebSocket

SILENCE, TONE = (sound.frame(Format(), pitch) for pitch in (0, voices.PERSON))


class Media(WebSocket):
    """The application's end of a stream."""

    kind = "event"

    def payloads(self, messages: list[Json]) -> list[str]:
        return [message["media"]["payload"] for message in messages if message["event"] == "media"]


def media(payload: str) -> Json:
    return {"event": "media", "media": {"payload": payload}}


def echo(message: Json) -> list[Json]:
    return [media(message["media"]["payload"])] if message["event"] == "media" else []


def heard(simulator: Simulator, leg: str) -> Json:
    data: Json = simulator.control("GET", f"/calls/{leg}/heard")["data"]
    return data


def test_a_person_hears_byte_for_byte_what_an_application_echoes(
    simulator: Simulator, application: Application
) -> None:
    with simulator.client(_strict_response_validation=True) as client, Media().serving(echo) as server:
        leg = simulator.ring(webhook_url=application.url, says=["Hello there."])
        application.wait_for("call.initiated", leg)
        client.calls.actions.answer(leg)
        application.wait_for("call.answered", leg)
        started = client.calls.actions.start_streaming(
            leg,
            stream_url=server.url,
            stream_bidirectional_mode="rtp",
            stream_auth_token="letmein",
            custom_parameters=[{"name": "shop", "value": "Corner Bakery"}],
        )
        assert isinstance(started, ActionStartStreamingResponse)
        assert started.data is not None
        assert started.data.result == "ok"
        assert application.wait_for("streaming.started", leg).stream_url == server.url
        while "heard_stream" not in [entry["name"] for entry in simulator.log()]:
            server.wait_for("media")
        stopped = client.calls.actions.stop_streaming(leg)
        assert isinstance(stopped, ActionStopStreamingResponse)
        application.wait_for("streaming.stopped", leg)
        assert server.wait_for("stop")["stop"]["call_control_id"] == leg
        assert server.closed.get(timeout=LIMIT_SECS) == 1000
        what = heard(simulator, leg)
        client.calls.actions.hangup(leg)
        application.wait_for("call.hangup", leg)
    connected, start = server.messages[:2]
    assert server.headers["x-telnyx-streaming-auth-token"] == "letmein"
    assert connected == {
        "event": "connected", "version": "1.0.0", "connected": {"x-telnyx-streaming-auth-token": "letmein"}
    }  # fmt: skip
    assert (start["stream_id"], start["start"]["custom_parameters"]) == (what["stream_id"], {"shop": "Corner Bakery"})
    got = server.payloads(server.messages)
    assert [got.count(frame) for frame in (TONE, SILENCE)] == [40, len(got) - 40]
    assert [message["media"]["chunk"] for message in server.messages if message["event"] == "media"] == [
        str(number) for number in range(1, len(got) + 1)
    ]
    sent = b"".join(b64decode(payload) for payload in server.payloads(server.sent))
    audio = b64decode(what["audio"])
    assert audio == sent[: len(audio)]
    assert audio.count(b64decode(TONE)) == 40
    assert (what["encoding"], what["sample_rate"]) == ("PCMU", 8000)
    assert b64decode(what["wav"])[-len(audio) :] == audio
    assert application.names(leg) == [
        "call.initiated", "call.answered", "streaming.started", "streaming.stopped", "call.hangup"
    ]  # fmt: skip


def test_keys_marks_errors_and_a_stream_from_the_answer_on(simulator: Simulator, application: Application) -> None:
    words = bytes(range(256)) * 125  # two seconds in L16 at 8,000 Hz

    def answer(message: Json) -> list[Json]:
        if message["event"] == "start":
            return [media(b64encode(words).decode()), {"event": "mark", "mark": {"name": "said"}}, {"event": "what"}]
        return []

    with simulator.client(_strict_response_validation=True) as client, Media().serving(answer) as server:
        leg = simulator.ring(webhook_url=application.url)
        application.wait_for("call.initiated", leg)
        client.calls.actions.answer(
            leg,
            stream_url=server.url,
            stream_codec="PCMA",
            stream_track="both_tracks",
            stream_bidirectional_mode="rtp",
            stream_bidirectional_codec="L16",
        )
        answered = application.wait_for("call.answered", leg)
        assert (answered.stream_url, answered.stream_track) == (server.url, "both_tracks")
        assert server.wait_for("start")["start"]["media_format"]["encoding"] == "PCMA"
        assert server.wait_for("error")["payload"]["code"] == 100002
        assert server.wait_for("mark")["mark"] == {"name": "said"}
        simulator.control("POST", f"/calls/{leg}/press", {"digits": "7"})
        assert server.wait_for("dtmf")["dtmf"] == {"digit": "7"}
        simulator.control("POST", f"/calls/{leg}/hangup", {})
        application.wait_for("call.hangup", leg)
    assert b64decode(heard(simulator, leg)["audio"]) == words
    tracks = [message["media"]["track"] for message in server.messages if message["event"] == "media"]
    assert tracks.count("outbound") == 100
    assert application.names(leg)[-2:] == ["streaming.stopped", "call.hangup"]


def test_an_application_that_is_not_there_or_goes(simulator: Simulator, application: Application) -> None:
    def leaves(message: Json) -> list[Json]:
        return [{}] if message["event"] == "media" else []

    with simulator.client() as client, Media().serving(leaves) as server:
        leg = simulator.ring(webhook_url=application.url)
        client.calls.actions.answer(leg)
        application.wait_for("call.answered", leg)
        client.calls.actions.start_streaming(leg, stream_url=server.url)
        simulator.control("POST", f"/calls/{leg}/say", {"text": "Anybody?"})
        application.wait_for("streaming.stopped", leg)
    with simulator.client() as client:
        client.calls.actions.start_streaming(leg, stream_url=server.url)
        failed = application.wait_for("streaming.failed", leg)
        assert (failed.failure_reason, failed.stream_params.stream_url) == ("connection_failed", server.url)
        client.calls.actions.hangup(leg)
        application.wait_for("call.hangup", leg)
    assert heard(simulator, leg) == {"stream_id": None, "encoding": None, "sample_rate": None, "audio": "", "wav": None}


def test_frames_follow_the_time_of_a_clock_that_is_faster_than_the_wall() -> None:
    with serving(clock="fast", factor=20.0) as simulator, Application(simulator).running() as application:
        with simulator.client() as client, Media().serving(echo) as server:
            leg = simulator.ring(webhook_url=application.url)
            client.calls.actions.answer(leg, stream_url=server.url, stream_bidirectional_mode="rtp")
            for _ in range(300):
                server.wait_for("media")
            client.calls.actions.hangup(leg)
            application.wait_for("call.hangup", leg)
            server.wait_for("stop")
        at = {entry["name"]: datetime.fromisoformat(entry["at"]) for entry in simulator.log("&kind=webhook")}
    seconds = (at["streaming.stopped"] - at["streaming.started"]).total_seconds()
    assert len(server.payloads(server.messages)) == int(seconds / 0.02)
