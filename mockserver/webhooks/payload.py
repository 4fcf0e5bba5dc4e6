"""The request of a webhook: its body, or its query when the method is GET."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode, urlsplit, urlunsplit

from mockserver.webhooks.signing import Signer

Json = dict[str, Any]

USER_AGENT = "telnyx-webhooks"

# Live payloads have their keys in alphabetical order in every object.
_RAW = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode
_ESCAPED = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode


@dataclass(frozen=True, slots=True)
class Outgoing:
    """One request to an application, complete: whoever posts it adds what HTTP needs and nothing else.

    `deadline_secs` is in real seconds. The sender enforces it: whoever posts may be cancelled.
    """

    method: str
    url: str
    headers: Mapping[str, str]
    body: bytes
    deadline_secs: float


def to_json(value: object) -> bytes:
    """Compact JSON in UTF-8 with sorted keys, as the platform writes it."""
    try:
        return _RAW(value).encode()
    except UnicodeEncodeError:  # half a surrogate pair has no UTF-8; a request can bring one in, escaped
        return _ESCAPED(value).encode()


def envelope(data: bytes, attempt: int, url: str) -> bytes:
    """The body of one attempt; `data` is the event's `data` object as JSON, made once for all attempts."""
    return b'{"data":%b,"meta":{"attempt":%d,"delivered_to":%b}}' % (data, attempt, to_json(url))


def outgoing(
    signer: Signer, data: bytes, method: str, url: str, attempt: int, deadline_secs: float, timestamp: int
) -> Outgoing:
    """The signed request of one attempt. A GET has no body; what is signed then is `timestamp|`."""
    if method == "GET":
        signed = {"User-Agent": USER_AGENT, **signer.headers(timestamp, b"")}
        return Outgoing("GET", with_query(url, json.loads(data)), signed, b"", deadline_secs)
    body = envelope(data, attempt, url)
    signed = {
        "Content-Type": "application/json",
        "User-Agent": USER_AGENT,
        **signer.headers(timestamp, body),
    }
    return Outgoing(method, url, signed, body, deadline_secs)


def with_query(url: str, data: Json) -> str:
    """`url` with the event in its query.

    GUESS: the flattening is not published. Here: every key of the payload, plus `event_type`, `id` and
    `occurred_at` of the event, sorted; null is left out; true and false in lower case; lists and objects as
    compact JSON. A query that the URL already has comes first; a fragment is dropped. `meta` is not sent.
    """
    flat = {**data.get("payload", {}), **{key: data.get(key) for key in ("event_type", "id", "occurred_at")}}
    query = urlencode([(key, _as_text(value)) for key, value in sorted(flat.items()) if value is not None])
    parts = urlsplit(url)
    return urlunsplit(parts._replace(query=f"{parts.query}&{query}" if parts.query else query, fragment=""))


def _as_text(value: object) -> bytes:
    return value.encode("utf-8", "replace") if isinstance(value, str) else to_json(value)
