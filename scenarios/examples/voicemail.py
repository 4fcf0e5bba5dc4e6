"""Call somebody back; leave a message after the beep if an answering machine answers, and check its recording.

Played with by ../voicemail.yaml:

    PORT=8088 python voicemail.py
"""

from __future__ import annotations

import wave
from collections.abc import Callable
from datetime import datetime
from io import BytesIO
from urllib.request import urlopen

from telnyx import Telnyx
from webhook_server import Payload, serve

MESSAGE = "This is the bakery. Your cake is ready, you can fetch it until six."


def fetch(url: str) -> bytes:
    """The file behind a URL, which is signed already and wants no credentials."""
    with urlopen(url, timeout=10) as response:
        content: bytes = response.read()
        return content


def handle(client: Telnyx, event_type: str, payload: Payload, download: Callable[[str], bytes] = fetch) -> None:
    """React to one webhook."""
    call = payload["call_control_id"]
    if event_type == "call.initiated" and payload["direction"] == "incoming":
        client.calls.actions.reject(call, cause="USER_BUSY")
        client.calls.dial(
            connection_id=payload["connection_id"],
            to=payload["from"],
            from_=payload["to"],
            answering_machine_detection="detect_beep",
        )
    elif is_time_to_speak(event_type, payload):
        client.calls.actions.start_recording(call, format="wav", channels="single")
        client.calls.actions.speak(call, payload=MESSAGE, voice="female")
    elif event_type == "call.speak.ended" and payload["status"] == "completed":
        client.calls.actions.stop_recording(call)
    elif event_type == "call.recording.saved":
        check(download(payload["recording_urls"]["wav"]), payload)
        client.calls.actions.hangup(call)


def is_time_to_speak(event_type: str, payload: Payload) -> bool:
    """A person listens at once, a machine after its beep."""
    if event_type == "call.machine.detection.ended":
        return bool(payload["result"] != "machine")
    return event_type == "call.machine.greeting.ended"


def check(content: bytes, payload: Payload) -> None:
    """Is the file as long as the platform says that it has recorded?"""
    with wave.open(BytesIO(content)) as file:
        seconds = file.getnframes() / file.getframerate()
    began, ended = (datetime.fromisoformat(payload[name]) for name in ("recording_started_at", "recording_ended_at"))
    print(f"a message of {seconds:.1f} s was left", flush=True)
    if abs(seconds - (ended - began).total_seconds()) > 0.1:
        raise ValueError(f"the recording lasts {seconds} s, from {began} to {ended}")


if __name__ == "__main__":
    serve(handle)
