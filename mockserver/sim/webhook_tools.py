"""What a webhook tool sends to the application, and what becomes of the answer; all pure.

Sources: the published interface for the fields; the documentation for the syntax of secrets and for `Submitted`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any

from mockserver.sim.events import Json
from mockserver.sim.outside import Ask, Reply
from mockserver.sim.variables import in_text

SECRET = re.compile(r"\{\{#integration_secret\}\}\s*(.*?)\s*\{\{/integration_secret\}\}")
SUBMITTED = "Submitted"
SUBMITTED_AFTER_MS = 300
"""Default of `async_timeout_ms`, documented."""
TIMEOUT_MS = 5_000
"""Default of `timeout_ms`. GUESS: only its bounds are published."""
MOST_BYTES = 65_536
"""How long an answer may be. GUESS: no limit is published."""
UNRESERVED = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~")
PLACES = ("path_parameters", "query_parameters", "body_parameters")


def request(settings: Json, arguments: Json, headers: Mapping[str, str]) -> Ask:
    """The request: arguments in the path, the query and the body, by where the tool declares them."""
    path, query, body = (_declared(settings, place, arguments) for place in PLACES)
    filled = {name: _percent(value) for name, value in path.items()}
    url = re.sub(r"\{(\w+)\}", lambda found: filled.get(found[1], found[0]), settings["url"])
    if query:
        joined = "&".join(f"{_percent(name)}={_percent(value)}" for name, value in query.items())
        url += f"{'&' if '?' in url else '?'}{joined}"
    has_body = settings.get("body_parameters") is not None
    return Ask(
        url=url,
        method=settings.get("method", "POST"),
        headers={**headers, "Content-Type": "application/json"} if has_body else headers,
        body=json.dumps(body, separators=(",", ":")).encode() if has_body else b"",
        signed=True,
        timeout_secs=settings.get("timeout_ms", TIMEOUT_MS) / 1000,
        most=MOST_BYTES,
    )


def undeclared(settings: Json, arguments: Json) -> list[str]:
    """The arguments for which the tool has no parameter; they are sent nowhere."""
    known = {name for place in PLACES for name in _properties(settings, place)}
    return [name for name in arguments if name not in known]


def headers(settings: Json, secrets: Mapping[str, str]) -> tuple[dict[str, str], list[str]]:
    """The tool's own headers with the secrets that they name, and the secrets that nobody knows."""
    unknown: list[str] = []

    def secret(found: re.Match[str]) -> str:
        if found[1] not in secrets:
            unknown.append(found[1])
        return secrets.get(found[1], "")

    given = {str(row.get("name") or ""): str(row.get("value") or "") for row in settings.get("headers") or ()}
    return {name: SECRET.sub(secret, value) for name, value in given.items() if name}, unknown


def told(reply: Reply) -> str:
    """What the assistant is told: the body as it came, or what went wrong. GUESS: the form of the latter."""
    text = reply.body.decode("utf-8", "replace")
    if reply.is_success:
        return text
    return json.dumps({"error": reply.problem or f"HTTP {reply.status}", **({"body": text} if text else {})})


def understood(answer: str) -> Any:
    """An answer as a value: JSON if it is that, else the text."""
    try:
        return json.loads(answer)
    except (ValueError, RecursionError):
        return answer


def _properties(settings: Json, place: str) -> Json:
    properties = (settings.get(place) or {}).get("properties")
    return properties if isinstance(properties, dict) else {}


def _declared(settings: Json, place: str, arguments: Json) -> Json:
    return {name: arguments[name] for name in _properties(settings, place) if name in arguments}


def _percent(value: Any) -> str:
    """A value in a URL."""
    return "".join(
        chr(byte) if byte in UNRESERVED else f"%{byte:02X}" for byte in in_text(value).encode("utf-8", "replace")
    )
