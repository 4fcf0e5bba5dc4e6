"""A call centre: a queue with music, and agents who are called one after the other for whoever waits.

Played with by ../call_centre.yaml:

    PORT=8088 python call_centre.py
"""

from __future__ import annotations

from threading import Lock

from telnyx import NotFoundError, Telnyx, UnprocessableEntityError
from webhook_server import Payload, error_code, pack, serve, unpack

QUEUE = "support"
MUSIC = "https://shop.example/music.mp3"
NO_LONGER_THERE = ("90018", "90035")  # the call has ended, or has left the queue

free = ["+12025550171", "+12025550172"]
"""The agents who are not called or talking; with several processes this is in a database."""
lock = Lock()


def handle(client: Telnyx, event_type: str, payload: Payload) -> None:
    """React to one webhook; a caller may be gone by then."""
    try:
        if unpack(payload):
            of_agent(client, event_type, payload)
        else:
            of_caller(client, event_type, payload)
    except UnprocessableEntityError as error:
        if error_code(error) not in NO_LONGER_THERE:
            raise


def of_caller(client: Telnyx, event_type: str, payload: Payload) -> None:
    """A caller hears music in the queue, and may leave it with #."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.answer(call)
    elif event_type == "call.answered":
        client.calls.actions.enqueue(call, queue_name=QUEUE)
    elif event_type == "call.enqueued":
        client.calls.actions.start_playback(call, audio_url=MUSIC, loop="infinity")
        call_agent(client, payload["connection_id"])
    elif event_type == "call.dtmf.received" and payload["digit"] == "#":
        client.calls.actions.leave_queue(call)
    elif event_type == "call.dequeued" and payload["reason"] == "leave":
        client.calls.actions.speak(call, payload="We will call you back.", voice="female", stop="all")
    elif event_type == "call.speak.ended" and payload["status"] == "completed":
        client.calls.actions.hangup(call)


def of_agent(client: Telnyx, event_type: str, payload: Payload) -> None:
    """An agent gets the first caller of the queue, and is free again after the call."""
    call = payload["call_control_id"]
    if event_type == "call.answered":
        try:
            client.calls.actions.bridge(call, call_control_id_to_bridge_with="", queue=QUEUE)
        except UnprocessableEntityError:  # nobody waits any more
            client.calls.actions.hangup(call)
    elif event_type == "call.hangup":
        with lock:
            free.append(unpack(payload)["agent"])
            free.sort()
        if waiting(client):
            call_agent(client, payload["connection_id"])


def call_agent(client: Telnyx, connection_id: str) -> None:
    """Call somebody who is free, if there is anybody."""
    with lock:
        agent = free.pop(0) if free else None
    if agent is not None:
        client.calls.dial(
            connection_id=connection_id, to=agent, from_="+12025550178", client_state=pack(agent=agent), timeout_secs=20
        )


def waiting(client: Telnyx) -> int:
    """How many wait; a queue that nobody ever entered does not exist."""
    try:
        queue = client.queues.retrieve(QUEUE).data
    except NotFoundError:
        return 0
    return queue.current_size if queue else 0


if __name__ == "__main__":
    serve(handle)
