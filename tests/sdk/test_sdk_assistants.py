"""Assistants and their conversations with the official SDK, unmodified, against a simulator on a real socket."""

from __future__ import annotations

import json
import queue
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest
import telnyx

from mockserver.sim.events import Json
from tests.sdk.live import APP, BOTH_CLIENTS, CALLER, Application, Simulator

pytestmark = BOTH_CLIENTS

SCENARIO = """
people:
  - {number: "+12025550143", says: ["I need an appointment on Friday."], hangs_up: when_done}
assistants:
  - name: Reception
    turns:
      - {hears: friday, uses: {tool: book, arguments: {day: Friday}}, says: "Booked at {{time}}."}
    insights: [An appointment was booked.]
secrets: {calendar_key: open-sesame}
"""

Asked = queue.Queue[tuple[str, dict[str, str], Json]]


@contextmanager
def tools(simulator: Simulator, asked: Asked) -> Iterator[str]:
    """The application's tools and its variables' webhook; every request is verified with the SDK."""
    client = simulator.client()

    class Tools(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            headers = {name.lower(): value for name, value in self.headers.items()}
            client.webhooks.unwrap(body, headers=headers)
            asked.put((self.path, headers, json.loads(body)))
            answer: Json = {"time": "ten"}
            if self.path == "/variables":
                answer = {"dynamic_variables": {"shop": "Good Teeth"}, "conversation": {"metadata": {"customer": "7"}}}
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: Any) -> None:
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Tools) as server, client:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, name="tools")
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_address[1]}"
        finally:
            server.shutdown()
            thread.join()


def booking(url: str) -> Any:
    day = {"type": "object", "properties": {"day": {"type": "string"}}, "required": ["day"]}
    secret = "{{#integration_secret}}calendar_key{{/integration_secret}}"
    return {
        "type": "webhook",
        "webhook": {
            "name": "book",
            "description": "Books an appointment.",
            "url": f"{url}/book",
            "headers": [{"name": "X-Key", "value": secret}],
            "body_parameters": day,
            "timeout_ms": 5000,
            "store_fields_as_variables": [{"name": "time", "value_path": "time"}],
        },
    }


def test_an_assistant_is_stored_changed_and_deleted(simulator: Simulator) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        made = client.ai.assistants.create(
            name="Front desk",
            instructions="You answer for {{shop}}.",
            model="Qwen/Qwen3-235B-A22B",
            greeting="Hello!",
            dynamic_variables={"shop": "Corner Bakery"},
            enabled_features=["telephony"],
            tools=[{"type": "hangup", "hangup": {}}, booking("https://shop.example")],
            telephony_settings={"time_limit_secs": 600},
            voice_settings={"voice": "Telnyx.KokoroTTS.af"},
            insight_settings={"insight_group_id": "6c2e9b4d-0a85-4f1e-b3d7-58f6a1c09e24"},
        )
        assert client.ai.assistants.retrieve(made.id).greeting == "Hello!"
        assert client.ai.assistants.update(made.id, greeting="Good morning!").greeting == "Good morning!"
        assert [one.id for one in client.ai.assistants.list().data] == [made.id]
        assert client.ai.assistants.delete(made.id).deleted is True
        with pytest.raises(telnyx.NotFoundError) as missing:
            client.ai.assistants.retrieve(made.id)
        assert missing.value.body == {"detail": "The requested resource or URL could not be found."}
        with pytest.raises(telnyx.UnprocessableEntityError, match="field required"):
            client.ai.assistants.create(name="Nobody", instructions=None)  # type: ignore[arg-type]


def test_an_assistant_acts_and_its_conversation_can_be_read(simulator: Simulator, application: Application) -> None:
    asked: Asked = queue.Queue()
    simulator.control("POST", "/scenarios", {"yaml": SCENARIO})
    with simulator.client(_strict_response_validation=True) as client, tools(simulator, asked) as url:
        made = client.ai.assistants.create(
            name="Reception",
            instructions="You book.",
            greeting="This is {{shop}}.",
            dynamic_variables_webhook_url=f"{url}/variables",
            tools=[booking(url)],
        )
        leg = simulator.ring(webhook_url=application.url)
        client.calls.actions.answer(leg)
        application.wait_for("call.answered", leg)
        started = client.calls.actions.start_ai_assistant(leg, assistant={"id": made.id})
        application.wait_for("call.conversation_insights.generated", leg)
        assert started.data is not None
        conversation_id = started.data.conversation_id or ""
        assert [path for path, _, _ in asked.queue] == ["/variables", "/book"]
        _, headers, body = asked.queue[1]
        assert (headers["x-telnyx-call-control-id"], headers["x-key"], body) == (leg, "open-sesame", {"day": "Friday"})
        found = client.ai.conversations.list(metadata_call_control_id=f"eq.{leg}").data
        assert [one.id for one in found] == [conversation_id]
        assert client.ai.conversations.list(metadata_call_control_id="eq.v3:none").data == []
        told = client.ai.conversations.retrieve(conversation_id).data
        assert told is not None
        assert (told.metadata["telnyx_agent_target"], told.metadata["telnyx_end_user_target"]) == (APP, CALLER)
        assert (told.metadata["customer"], told.metadata["assistant_id"]) == ("7", made.id)
        messages = client.ai.conversations.messages.list(conversation_id)
        assert [(message.role, message.text) for message in messages] == [
            ("assistant", "This is Good Teeth."),
            ("user", "I need an appointment on Friday."),
            ("assistant", ""),
            ("tool", '{"time": "ten"}'),
            ("assistant", "Booked at ten."),
        ]
        [insights] = client.ai.conversations.retrieve_conversations_insights(conversation_id).data
        assert (insights.status, insights.conversation_insights[0].result) == (
            "completed",
            "An appointment was booked.",
        )


def test_a_conversation_without_a_call(simulator: Simulator) -> None:
    with simulator.client(_strict_response_validation=True) as client:
        made = client.ai.conversations.create(name="Order", metadata={"customer": "4711"})
        client.ai.conversations.add_message(made.id, role="user", content="A cake for Friday.")
        updated = client.ai.conversations.update(made.id, metadata={"done": "yes"}).data
        assert updated is not None
        assert updated.metadata == {"customer": "4711", "done": "yes"}
        [message] = client.ai.conversations.messages.list(made.id, page_size=1)
        assert (message.role, message.text) == ("user", "A cake for Friday.")
        assert [one.name for one in client.ai.conversations.list(name="eq.Order", order="created_at.desc").data] == [
            "Order"
        ]
        client.ai.conversations.delete(made.id)
        with pytest.raises(telnyx.NotFoundError):
            client.ai.conversations.retrieve(made.id)
