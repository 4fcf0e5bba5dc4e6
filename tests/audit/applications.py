"""One application that is right, and others that differ from it in one method: each has one defect that is often seen.

They answer a call, let the caller choose, call an agent and bridge the two. `TELNYX_MENU` names the one that is served.
"""

from __future__ import annotations

import json
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from queue import Queue
from threading import Lock, Thread
from typing import Any

from nacl.signing import VerifyKey
from telnyx import APIStatusError, Telnyx

Event = dict[str, Any]

AGENT, NUMBER = "+12025550172", "+12025550178"
ENDED = "90018"


class Correct:
    """Verifies, handles each event once, looks at the direction, and takes events in any order."""

    def __init__(self, client: Telnyx) -> None:
        self.client = client
        self.known: set[str] = set()
        self.lock = Lock()

    def take(self, body: str, headers: dict[str, str]) -> int:
        """One delivery; the status that it is answered with."""
        try:
            self.verify(body, headers)
        except ValueError:
            return 401
        event = json.loads(body)["data"]
        if self.is_new(event):
            self.handle(event)
        return 200

    def verify(self, body: str, headers: dict[str, str]) -> None:
        self.client.webhooks.unwrap(body, headers=headers)

    def is_new(self, event: Event) -> bool:
        with self.lock:
            known = event["id"] in self.known
            self.known.add(event["id"])
            return not known

    def handle(self, event: Event) -> None:
        payload = event["payload"]
        react = getattr(
            self, f"{event['event_type'].removeprefix('call.').replace('.', '_')}_{direction(payload)}", None
        )
        if react is not None:
            try:
                react(payload["call_control_id"], payload)
            except APIStatusError as error:
                self.refused(error)

    def refused(self, error: APIStatusError) -> None:
        """A caller who has hung up meanwhile is nobody's fault; and nothing else can be done about a refusal."""

    def initiated_incoming(self, call: str, payload: Event) -> None:
        self.client.calls.actions.answer(call)

    def answered_incoming(self, call: str, payload: Event) -> None:
        self.client.calls.actions.gather_using_speak(call, payload="Press 1.", voice="female", maximum_digits=1)

    def gather_ended_incoming(self, call: str, payload: Event) -> None:
        self.dial(call, payload)

    def dial(self, call: str, payload: Event) -> Any:
        state = b64encode(call.encode()).decode()
        return self.client.calls.dial(
            connection_id=payload["connection_id"], to=AGENT, from_=NUMBER, client_state=state
        )

    def answered_outgoing(self, call: str, payload: Event) -> None:
        self.client.calls.actions.bridge(
            call, call_control_id_to_bridge_with=b64decode(payload["client_state"]).decode()
        )

    def hangup_incoming(self, call: str, payload: Event) -> None:
        """The bridge ends with the caller."""


def direction(payload: Event) -> str:
    """Calls of our own carry the state that they were dialled with."""
    return "outgoing" if payload.get("client_state") else "incoming"


class Queued(Correct):
    """Answers first, and has one thread do the work; so it acts while the next webhook is already on its way."""

    def __init__(self, client: Telnyx) -> None:
        super().__init__(client)
        self.jobs: Queue[Event] = Queue()
        Thread(target=self.work, daemon=True).start()

    def work(self) -> None:
        while True:
            super().handle(self.jobs.get())

    def handle(self, event: Event) -> None:
        self.jobs.put(event)


class Trusting(Correct):
    """Verifies nothing."""

    def verify(self, body: str, headers: dict[str, str]) -> None:
        pass


class Lenient(Correct):
    """Verifies what is signed, and lets in what is not."""

    def verify(self, body: str, headers: dict[str, str]) -> None:
        if any(name.lower() == "telnyx-signature-ed25519" for name in headers):
            super().verify(body, headers)


class Timeless(Correct):
    """Verifies the signature, and does not look how old it is."""

    def verify(self, body: str, headers: dict[str, str]) -> None:
        found = {name.lower(): value for name, value in headers.items()}
        try:
            signature = b64decode(found["telnyx-signature-ed25519"])
            signed = f"{found['telnyx-timestamp']}|{body}".encode()
            VerifyKey(b64decode(self.client.public_key or "")).verify(signed, signature)
        except Exception as error:
            raise ValueError("no good signature") from error


class Rewriting(Correct):
    """Verifies JSON that it has written itself, not the bytes that came."""

    def verify(self, body: str, headers: dict[str, str]) -> None:
        super().verify(json.dumps(json.loads(body), separators=(",", ":"), ensure_ascii=False), headers)


class Poisoned(Correct):
    """Remembers the id of an event before it has verified it."""

    def take(self, body: str, headers: dict[str, str]) -> int:
        event = json.loads(body)["data"]
        if not self.is_new(event):
            return 200
        try:
            self.verify(body, headers)
        except ValueError:
            return 401
        self.handle(event)
        return 200


class Forgetful(Correct):
    """Handles every delivery, also of an event that came before."""

    def is_new(self, event: Event) -> bool:
        return True


class ForgetsWithTheCall(Correct):
    """Forgets all events of a call when it ends."""

    def is_new(self, event: Event) -> bool:
        new = super().is_new(event)
        if event["event_type"] == "call.hangup":
            self.known.clear()
        return new


class AnswersItself(Correct):
    """Answers every call, also those that it makes."""

    def initiated_outgoing(self, call: str, payload: Event) -> None:
        self.initiated_incoming(call, payload)


class TrustsTheOrder(Correct):
    """Takes no notice of an answer when it has not seen the call begin."""

    def __init__(self, client: Telnyx) -> None:
        super().__init__(client)
        self.begun: set[str] = set()

    def initiated_outgoing(self, call: str, payload: Event) -> None:
        self.begun.add(call)

    def answered_outgoing(self, call: str, payload: Event) -> None:
        if call in self.begun:
            super().answered_outgoing(call, payload)


class AwaitsTheResponse(Correct):
    """Hangs up calls that it has not got the response of, taking them for somebody else's."""

    def __init__(self, client: Telnyx) -> None:
        super().__init__(client)
        self.dialled: set[str] = set()

    def dial(self, call: str, payload: Event) -> Any:
        answer = super().dial(call, payload)
        self.dialled.add(answer.data.call_control_id)

    def initiated_outgoing(self, call: str, payload: Event) -> None:
        if call not in self.dialled:
            self.client.calls.actions.hangup(call)


class Slow(Correct):
    """Does what takes long before it answers."""

    def gather_ended_incoming(self, call: str, payload: Event) -> None:
        time.sleep(0.3)
        super().gather_ended_incoming(call, payload)


class SpeaksToTheGone(Correct):
    """Says goodbye to a caller who has hung up."""

    def hangup_incoming(self, call: str, payload: Event) -> None:
        self.client.calls.actions.speak(call, payload="Goodbye.", voice="female")


class Hasty(Correct):
    """Speaks before the call is answered."""

    def initiated_incoming(self, call: str, payload: Event) -> None:
        try:
            self.client.calls.actions.speak(call, payload="Hello.", voice="female")
        finally:
            super().initiated_incoming(call, payload)


class Moody(Correct):
    """Does something else with every other call."""

    def __init__(self, client: Telnyx) -> None:
        super().__init__(client)
        self.calls = 0

    def initiated_incoming(self, call: str, payload: Event) -> None:
        self.calls += 1
        if self.calls % 2:
            super().initiated_incoming(call, payload)
        else:
            self.client.calls.actions.hangup(call)


class Numbering(Correct):
    """Numbers its texts, which is a difference but no defect."""

    def __init__(self, client: Telnyx) -> None:
        super().__init__(client)
        self.calls = 0

    def answered_incoming(self, call: str, payload: Event) -> None:
        self.calls += 1
        text = f"You are caller number {self.calls}."
        self.client.calls.actions.gather_using_speak(call, payload=text, voice="female", maximum_digits=1)


@contextmanager
def serving(kind: type[Correct], client: Telnyx, port: int) -> Iterator[None]:
    """An application that listens on a port as long as the block runs."""
    _ = client.calls.actions, client.webhooks  # the SDK imports these when they are first used
    application = kind(client)

    class Webhooks(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"])).decode()
            self.send_response(application.take(body, dict(self.headers.items())))
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
            """Nothing."""

    class Server(ThreadingHTTPServer):
        daemon_threads = True

    with Server(("127.0.0.1", port), Webhooks) as server:
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield
        finally:
            server.shutdown()
            thread.join()
