"""The bytes of a webhook, and its query when the method is GET."""

from __future__ import annotations

import json
import time
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from hypothesis import given, settings
from hypothesis import strategies as st
from telnyx import Telnyx

from mockserver.webhooks.payload import outgoing, to_json, with_query
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY, Signer, check

SIGNER = Signer.from_text()
DATA = {
    "record_type": "event",
    "event_type": "call.initiated",
    "id": "6f1b",
    "occurred_at": "2026-01-01T00:00:00.000000Z",
    "payload": {"to": "+15551230002", "from": "sip:zoë@example.com", "client_state": None},
}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


def test_the_body_is_compact_sorted_utf_8() -> None:
    request = outgoing(SIGNER, to_json(DATA), "POST", "http://127.0.0.1:8000/hooks", 2, 2.0, 1_767_225_600)
    assert request.body == (
        b'{"data":{"event_type":"call.initiated","id":"6f1b","occurred_at":"2026-01-01T00:00:00.000000Z",'
        b'"payload":{"client_state":null,"from":"sip:zo\xc3\xab@example.com","to":"+15551230002"},'
        b'"record_type":"event"},"meta":{"attempt":2,"delivered_to":"http://127.0.0.1:8000/hooks"}}'
    )
    assert (request.method, request.url, request.deadline_secs) == ("POST", "http://127.0.0.1:8000/hooks", 2.0)
    assert {**request.headers, "Telnyx-Signature-Ed25519": "..."} == {
        "Content-Type": "application/json",
        "User-Agent": "telnyx-webhooks",
        "Telnyx-Signature-Ed25519": "...",
        "Telnyx-Timestamp": "1767225600",
    }


def test_half_a_surrogate_pair_is_escaped() -> None:
    assert to_json({"b": "é", "a": "\ud83d"}) == b'{"a":"\\ud83d","b":"\\u00e9"}'


def test_a_get_carries_the_event_in_its_query_and_signs_an_empty_body() -> None:
    data = {**DATA, "payload": {**DATA["payload"], "tags": ["a", "b"], "ok": True, "secs": 3}}  # type: ignore[dict-item]
    request = outgoing(SIGNER, to_json(data), "GET", "http://127.0.0.1/hooks?x=1#part", 1, 2.0, 1_767_225_600)
    assert request.body == b""
    assert parse_qsl(urlsplit(request.url).query) == [
        ("x", "1"),
        ("event_type", "call.initiated"),
        ("from", "sip:zoë@example.com"),
        ("id", "6f1b"),
        ("occurred_at", "2026-01-01T00:00:00.000000Z"),
        ("ok", "true"),
        ("secs", "3"),
        ("tags", '["a","b"]'),
        ("to", "+15551230002"),
    ]
    assert set(request.headers) == {"User-Agent", "Telnyx-Signature-Ed25519", "Telnyx-Timestamp"}
    signature = request.headers["Telnyx-Signature-Ed25519"]
    assert check(DEFAULT_PUBLIC_KEY, "1767225600", signature, b"") is None


def test_a_query_without_a_payload_has_the_event_alone() -> None:
    assert with_query("http://a/b", {"event_type": "x", "id": "\ud83d"}) == "http://a/b?event_type=x&id=%3F"


@settings(deadline=None)  # the first use imports half of the SDK
@given(payload=st.dictionaries(st.text(), JSON, max_size=5), attempt=st.integers(1, 9))
def test_whatever_an_event_holds_the_official_sdk_accepts_it(payload: dict[str, Any], attempt: int) -> None:
    data = {**DATA, "payload": payload}
    request = outgoing(SIGNER, to_json(data), "POST", "http://127.0.0.1/ü", attempt, 2.0, int(time.time()))
    client = Telnyx(api_key="KEY", public_key=DEFAULT_PUBLIC_KEY)
    client.webhooks.unwrap(request.body.decode(), headers=request.headers)
    assert json.loads(request.body) == {
        "data": data,
        "meta": {"attempt": attempt, "delivered_to": "http://127.0.0.1/ü"},
    }
