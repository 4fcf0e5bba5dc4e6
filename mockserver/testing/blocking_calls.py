"""One call of a test that is a plain function: each verb returns when it is done."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from mockserver.sim.events import Json
from mockserver.testing.calls import AsyncCall
from mockserver.testing.happened import Happened

if TYPE_CHECKING:
    from mockserver.testing.blocking import SimulatedTelnyx


class Call:
    """One leg: `id` is its `call_control_id`. What a person does comes as soon as it makes sense."""

    def __init__(self, telnyx: SimulatedTelnyx, call: AsyncCall) -> None:
        self.id = call.id
        self.asynchronous = call
        self._telnyx = telnyx

    def __repr__(self) -> str:
        return f"<call {self.id[:12]}>"

    @property
    def state(self) -> str:
        """`ringing`, `parked`, `answering`, `answered`, `ending` or `ended`; one that is forgotten has ended."""
        return self._telnyx.look(lambda: self.asynchronous.state)

    @property
    def events(self) -> list[Happened]:
        """Its webhooks."""
        return self._telnyx.look(lambda: self.asynchronous.events)

    def press(self, digits: str, *, now: bool = False) -> None:
        """Press keys: as soon as a gather asks for them, or the call is answered and nothing else goes on; or `now`."""
        __tracebackhide__ = True
        self._telnyx.run(self.asynchronous, "press", digits, now=now)

    def say(self, text: str, *, now: bool = False) -> None:
        """Say something: when an assistant listens, or the call is answered and nothing else goes on; or `now`."""
        __tracebackhide__ = True
        self._telnyx.run(self.asynchronous, "say", text, now=now)

    def answer(self) -> None:
        """Pick up: for the leg of somebody who is dialled, before they do so by themselves."""
        __tracebackhide__ = True
        self._telnyx.run(self.asynchronous, "answer")

    def hang_up(self, cause: str = "normal") -> None:
        """Hang up; before an answer `busy`, `decline` or `no_answer`."""
        __tracebackhide__ = True
        self._telnyx.run(self.asynchronous, "hang_up", cause)

    def hold(self) -> None:
        """Put the call on hold, once it is answered."""
        __tracebackhide__ = True
        self._telnyx.run(self.asynchronous, "hold")

    def unhold(self) -> None:
        """Take it back."""
        __tracebackhide__ = True
        self._telnyx.run(self.asynchronous, "unhold")

    def silence(self) -> None:
        """Say nothing more, and stay on the line."""
        __tracebackhide__ = True
        self._telnyx.run(self.asynchronous, "silence")

    def heard(self) -> bytes:
        """What they have heard of a media stream, in its codec: the last half minute, without the pauses."""
        __tracebackhide__ = True
        heard: bytes = self._telnyx.run(self.asynchronous, "heard")
        return heard

    def does(self, *acts: Json) -> None:
        """Do these besides, at a moment, an event or a silence of the call; see `AsyncCall.does`."""
        __tracebackhide__ = True
        self._telnyx.run(self.asynchronous, "does", *acts)

    def wait_for(self, name: str, /, **more: Any) -> Happened:
        """Let time pass until something happens on this call; see `SimulatedTelnyx.wait_for`."""
        __tracebackhide__ = True
        return self._telnyx.wait_for(name, call=self, **more)
