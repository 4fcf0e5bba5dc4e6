"""The server that the example applications share, on a real socket."""

from __future__ import annotations

import importlib
import io
import json
import threading
import time
import wave
from collections.abc import Callable, Iterator
from queue import Queue
from typing import Any

import httpx
import pytest
from telnyx import Telnyx

from mockserver.webhooks.signing import Signer

SIGNER = Signer.from_text()
EVENT = {"event_type": "call.answered", "id": "one", "payload": {"call_control_id": "v3:ü"}}
BODY = json.dumps({"data": EVENT}).encode()

Told = Queue[tuple[str, dict[str, Any]]]


@pytest.fixture
def told() -> Told:
    return Queue()


@pytest.fixture
def url(told: Told, example: Callable[[str], Any]) -> Iterator[str]:
    """A running server whose webhooks arrive in `told`."""
    example("start_twice")  # makes the folder importable
    make_server = importlib.import_module("webhook_server").make_server
    client = Telnyx(api_key="KEY", public_key=SIGNER.public_key)
    with make_server(lambda client, event_type, payload: told.put((event_type, payload)), client, 0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}/webhooks"
        server.shutdown()
        thread.join()
    client.close()


def signed(body: bytes) -> dict[str, str]:
    return SIGNER.headers(int(time.time()), body)


def test_a_signed_webhook_is_handed_on(url: str, told: Told) -> None:
    assert httpx.post(url, content=BODY, headers=signed(BODY)).status_code == 200
    assert told.get(timeout=5) == ("call.answered", {"call_control_id": "v3:ü"})


def test_a_webhook_that_comes_twice_is_handed_on_once(url: str, told: Told) -> None:
    answers = [httpx.post(url, content=BODY, headers=signed(BODY)).status_code for _ in range(2)]
    assert (answers, told.qsize()) == ([200, 200], 1)


def test_a_webhook_that_could_not_be_handled_is_handed_on_again(example: Callable[[str], Any]) -> None:
    example("start_twice")
    known = importlib.import_module("webhook_server").Known()
    assert [known.is_new("one"), known.is_new("one")] == [True, False]
    known.forget("one")
    assert known.is_new("one")


def test_the_oldest_of_many_webhooks_are_forgotten(example: Callable[[str], Any]) -> None:
    example("start_twice")
    server = importlib.import_module("webhook_server")
    known = server.Known()
    assert all(known.is_new(str(number)) for number in range(server.MOST_KNOWN + 1))
    assert (known.is_new("0"), known.is_new(str(server.MOST_KNOWN))) == (True, False)


def test_a_webhook_that_somebody_else_signed_is_not(url: str, told: Told) -> None:
    assert httpx.post(url, content=BODY, headers=signed(BODY + b" ")).status_code == 400
    assert httpx.post(url, content=BODY).status_code == 400
    assert told.empty()


def test_nothing_else_is_there(url: str) -> None:
    assert httpx.post(url + "/other", content=BODY, headers=signed(BODY)).status_code == 404


def test_state_travels_in_client_state(example: Callable[[str], Any]) -> None:
    example("start_twice")
    server = importlib.import_module("webhook_server")
    assert server.unpack({"client_state": server.pack(conversation_id="x")}) == {"conversation_id": "x"}
    assert server.unpack({"client_state": None}) == {}


def test_a_recording_of_another_length_than_was_told_is_noticed(example: Callable[[str], Any]) -> None:
    example("voicemail")
    check = importlib.import_module("voicemail").check
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setparams((1, 2, 8_000, 0, "NONE", ""))
        file.writeframes(bytes(2 * 8_000 * 3))
    times = {"recording_started_at": "2026-01-01T00:00:00Z", "recording_ended_at": "2026-01-01T00:00:03.05Z"}
    check(content.getvalue(), times)
    with pytest.raises(ValueError, match="lasts 3"):
        check(content.getvalue(), {**times, "recording_ended_at": "2026-01-01T00:00:04Z"})


def test_a_queue_that_nobody_ever_entered_has_nobody_waiting(example: Callable[[str], Any]) -> None:
    example("call_centre")
    transport = httpx.MockTransport(lambda request: httpx.Response(404, json={"errors": []}))
    with Telnyx(api_key="KEY", http_client=httpx.Client(transport=transport)) as client:
        assert importlib.import_module("call_centre").waiting(client) == 0
