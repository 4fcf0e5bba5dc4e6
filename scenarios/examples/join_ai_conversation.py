"""Bring a second person into a running conversation with an AI assistant.

Played with by ../join_ai_conversation.yaml:

    PORT=8088 python join_ai_conversation.py
"""

from __future__ import annotations

from telnyx import Telnyx
from webhook_server import Payload, pack, serve, unpack

ASSISTANT = "assistant-6f1f2bb4-2c43-4c8e-9d1e-0a4f3f7e5b21"
GUEST = "+15555550100"


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook. What has to be remembered travels in `client_state`, so any number of calls may run."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        print(f"{payload['from']} calls: answering", flush=True)
        client.calls.actions.answer(call)
    elif event_type == "call.answered":
        state = unpack(payload)
        if "conversation_id" in state:
            join(client, call, state["conversation_id"])
        else:
            start_and_dial(client, payload)
    elif event_type == "call.hangup":
        print(f"{payload['from']} -> {payload['to']} is over: {payload['hangup_cause']}", flush=True)
    elif event_type == "call.conversation.ended":
        print(f"the conversation is over after {payload['duration_sec']} s", flush=True)
    elif event_type == "call.conversation_insights.generated":
        for insight in payload["results"]:
            print(f"insight: {insight['result']}", flush=True)


def start_and_dial(client: Telnyx, payload: Payload) -> None:
    """The caller is through: start the assistant, and dial the guest while the two begin to talk."""
    started = client.calls.actions.start_ai_assistant(payload["call_control_id"], assistant={"id": ASSISTANT})
    assert started.data is not None
    conversation_id = started.data.conversation_id or ""
    print(f"the assistant talks in conversation {conversation_id}: dialling {GUEST}", flush=True)
    client.calls.dial(
        connection_id=payload["connection_id"],
        to=GUEST,
        from_=payload["to"],
        client_state=pack(conversation_id=conversation_id),
    )


def join(client: Telnyx, call: str, conversation_id: str) -> None:
    """The guest has answered, and only now may join. The id of the path and of the participant are the same leg."""
    client.calls.actions.join_ai_assistant(
        call,
        conversation_id=conversation_id,
        participant={"id": call, "role": "user", "name": "Grace", "on_hangup": "continue_conversation"},
    )
    print("the guest has joined", flush=True)


if __name__ == "__main__":
    serve(handle)
