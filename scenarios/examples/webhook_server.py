"""What the examples share: an HTTP server that checks the signature of each webhook and hands each event on once.

It reads, as the official SDK does, TELNYX_API_KEY, TELNYX_PUBLIC_KEY (the key that signatures are checked with) and
TELNYX_BASE_URL (the simulator's; leave it out and the same code talks to Telnyx). PORT is where it listens.
"""

from __future__ import annotations

import json
import os
import traceback
from base64 import b64decode, b64encode
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Lock
from typing import Any

from telnyx import APIStatusError, Telnyx

Payload = dict[str, Any]
Handler = Callable[[Telnyx, str, Payload], None]

MOST_KNOWN = 10_000


class Known:
    """The ids of the latest events. An event may come twice, and comes again when its answer was lost on the way."""

    def __init__(self) -> None:
        self._ids: dict[str, None] = {}  # the oldest first
        self._lock = Lock()

    def is_new(self, event_id: str) -> bool:
        """Is it the first time? It is known from now on."""
        with self._lock:
            if event_id in self._ids:
                return False
            self._ids[event_id] = None
            if len(self._ids) > MOST_KNOWN:
                del self._ids[next(iter(self._ids))]
            return True

    def forget(self, event_id: str) -> None:
        """Let it be new again: handling it has failed, and the platform will send it once more."""
        with self._lock:
            self._ids.pop(event_id, None)


def serve(handle: Handler) -> None:
    """Listen for POST /webhooks and call `handle(client, event_type, payload)` for each; until Ctrl-C."""
    port = int(os.environ.get("PORT", "8088"))
    with make_server(handle, Telnyx(), port) as server:
        print(f"listening on http://127.0.0.1:{port}/webhooks", flush=True)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            print("bye", flush=True)


def make_server(handle: Handler, client: Telnyx, port: int) -> ThreadingHTTPServer:
    """The server, not running yet. Each webhook has a thread of its own."""
    if not client.api_key or not client.public_key:
        raise SystemExit("set TELNYX_API_KEY and TELNYX_PUBLIC_KEY")
    _ = client.calls.actions, client.webhooks  # the SDK imports these when first used, which takes a moment
    known = Known()

    class Webhooks(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            if self.path.partition("?")[0] != "/webhooks":
                self._answer(404)
                return
            # The signature is over the bytes as they came: check it before anything else touches them.
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            try:
                client.webhooks.unwrap(body, headers=dict(self.headers.items()))
            except ValueError as error:
                print(f"refused a webhook: {error}", flush=True)
                self._answer(400)
                return
            # Only now that it is verified: else a forgery would make the genuine event look like a repetition.
            data = json.loads(body)["data"]
            if not known.is_new(data["id"]):
                self._answer(200)
                return
            # Short work is done before the answer: what fails is answered 500, and the platform sends it again. What
            # takes seconds is better handed to a queue first, since the platform does not wait long.
            try:
                handle(client, data["event_type"], data["payload"])
            except Exception:
                traceback.print_exc()
                known.forget(data["id"])
                self._answer(500)
            else:
                self._answer(200)

        def _answer(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()
            self.wfile.flush()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """The handlers print what matters."""

    return ThreadingHTTPServer(("127.0.0.1", port), Webhooks)


def error_code(error: APIStatusError) -> str:
    """The platform's own code of a refusal, like 90018; the HTTP status says much less."""
    body = error.body
    reasons = body.get("errors") if isinstance(body, dict) else None
    return str(reasons[0]["code"]) if isinstance(reasons, list) and reasons else ""


def pack(**state: str) -> str:
    """State for `client_state`: it comes back with every later webhook of the call, so nothing need be stored."""
    return b64encode(json.dumps(state).encode()).decode()


def unpack(payload: Payload) -> dict[str, str]:
    """The state that a webhook carries; empty if nobody gave any."""
    state = payload.get("client_state")
    return dict(json.loads(b64decode(state))) if state else {}
