"""Let an AI assistant book an appointment through a tool of the application, and bring the specialist in.

Played with by ../book_appointment.yaml:

    PORT=8088 python book_appointment.py
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

from telnyx import Telnyx
from webhook_server import Payload, pack, serve, unpack

ASSISTANT = "assistant-0d4c6f0e-52a7-4d2b-8a53-6a0f1e7b9c21"
SPECIALIST = "+15555550100"

Talk = dict[str, str]
TALKS: dict[str, Talk] = {}
"""By call: the conversation on it, and from where to call others. A real application would keep this in a database."""


def handle(client: Telnyx, event_type: str, payload: Payload, tools_url: str = "http://127.0.0.1:8089") -> None:
    """React to one webhook."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered":
        conversation_id = unpack(payload).get("conversation_id")
        if conversation_id:
            participant: Any = {"id": call, "role": "user", "name": "Grace"}
            client.calls.actions.join_ai_assistant(call, conversation_id=conversation_id, participant=participant)
            print("the specialist has joined", flush=True)
        else:
            start(client, payload, tools_url)
    elif event_type == "call.hangup":
        TALKS.pop(call, None)


def start(client: Telnyx, payload: Payload, tools_url: str) -> None:
    """Start the assistant with a tool. What is not said here, such as its greeting, is as stored."""
    assistant: Any = {"id": ASSISTANT, "tools": [booking_tool(tools_url)], "dynamic_variables": {"shop": "Good Teeth"}}
    started = client.calls.actions.start_ai_assistant(payload["call_control_id"], assistant=assistant)
    assert started.data is not None
    TALKS[payload["call_control_id"]] = {
        "conversation_id": started.data.conversation_id or "",
        "connection_id": payload["connection_id"],
        "from": payload["to"],
    }


def booking_tool(tools_url: str) -> dict[str, Any]:
    """A tool as the assistant is told of it: what it is for, where it is asked, and what it wants to know."""
    day = {"type": "string", "description": "A day of the week."}
    return {
        "type": "webhook",
        "webhook": {
            "name": "book_appointment",
            "description": "Books an appointment for the caller.",
            "url": f"{tools_url}/appointments/{{day}}",
            "method": "PUT",
            "headers": [
                {"name": "x-key", "value": "{{#integration_secret}}calendar_key{{/integration_secret}}"},
            ],
            "path_parameters": {"type": "object", "properties": {"day": day}, "required": ["day"]},
            "body_parameters": {"type": "object", "properties": {"name": {"type": "string"}}},
        },
    }


def use(client: Telnyx, call: str, path: str, arguments: dict[str, Any]) -> dict[str, Any]:
    """The tool is used on a call: book the appointment, and call the specialist, who joins when they answer."""
    talk = TALKS[call]
    day = path.rpartition("/")[2]
    client.calls.dial(
        connection_id=talk["connection_id"],
        to=SPECIALIST,
        from_=talk["from"],
        client_state=pack(conversation_id=talk["conversation_id"]),
    )
    print(f"booked {day} for {arguments.get('name')}: dialling {SPECIALIST}", flush=True)
    return {"appointment": {"day": day, "time": "ten o'clock"}}


@contextmanager
def tool_server(client: Telnyx) -> Iterator[str]:
    """The server that the assistant asks, in a thread of its own; its URL."""

    class Tools(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", "0"))).decode()
            try:
                client.webhooks.unwrap(body, headers=dict(self.headers.items()))  # signed as webhooks are
                answer = use(client, self.headers["x-telnyx-call-control-id"], self.path, json.loads(body))
                self._answer(200, answer)
            except (KeyError, ValueError) as error:
                self._answer(400, {"error": str(error)})

        def _answer(self, status: int, answer: dict[str, Any]) -> None:
            content = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """The tool prints what matters."""

    with ThreadingHTTPServer(("127.0.0.1", int(os.environ.get("TOOLS_PORT", "0"))), Tools) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


if __name__ == "__main__":
    with tool_server(Telnyx()) as tools_url:
        serve(partial(handle, tools_url=tools_url))
