"""One call of a test, and the person at the other end of it."""

from __future__ import annotations

from base64 import b64decode
from typing import TYPE_CHECKING, Any

from mockserver.sim.events import Json
from mockserver.sim.world import Leg
from mockserver.testing.happened import Happened

if TYPE_CHECKING:
    from mockserver.testing.simulated import AsyncSimulatedTelnyx


class AsyncCall:
    """One leg: `id` is its `call_control_id`. What a person does comes as soon as it makes sense."""

    def __init__(self, telnyx: AsyncSimulatedTelnyx, call_control_id: str) -> None:
        self.id = call_control_id
        self._telnyx = telnyx

    def __repr__(self) -> str:
        return f"<call {self.id[:12]} {self.state}>"

    @property
    def state(self) -> str:
        """`ringing`, `parked`, `answering`, `answered`, `ending` or `ended`; one that is forgotten has ended."""
        leg = self._leg
        return "ended" if leg is None else leg.state

    @property
    def events(self) -> list[Happened]:
        """Its webhooks."""
        return [event for event in self._telnyx.events if event.call_control_id == self.id]

    async def press(self, digits: str, *, now: bool = False) -> None:
        """Press keys: as soon as a gather asks for them, or the call is answered and nothing else goes on; or `now`."""
        if not now:
            await self._until(lambda leg: leg.keys is not None, "nobody asked for keys, and the call was not answered")
        await self._do("press", {"digits": digits})

    async def say(self, text: str, *, now: bool = False) -> None:
        """Say something: when an assistant listens, or the call is answered and nothing else goes on; or `now`."""
        if not now:
            await self._until(_is_listened_to, "nobody listened, and the call was not answered")
        await self._do("say", {"text": text})

    async def answer(self) -> None:
        """Pick up: for the leg of somebody who is dialled, before they do so by themselves."""
        await self._do("answer")

    async def hang_up(self, cause: str = "normal") -> None:
        """Hang up; before an answer `busy`, `decline` or `no_answer`."""
        await self._do("hangup", {"cause": cause})

    async def hold(self) -> None:
        """Put the call on hold, once it is answered."""
        await self._until(_is_answered, "the call was not answered")
        await self._do("hold")

    async def unhold(self) -> None:
        """Take it back."""
        await self._do("unhold")

    async def silence(self) -> None:
        """Say nothing more, and stay on the line."""
        await self._do("silence")

    async def heard(self) -> bytes:
        """What they have heard of a media stream, in its codec: the last half minute, without the pauses."""
        told = await self._telnyx.control("GET", f"/calls/{self.id}/heard")
        return b64decode(told["data"]["audio"])

    async def does(self, *acts: Json) -> None:
        """Do these besides, at a moment, an event or a silence of the call; the keys are those of `does` of a scenario.

        What they wait for is counted from now, and `at` too if the call is answered: `{"after_silence": 3, "says":
        "Hello?"}`, `{"when": "call.bridged", "after": 5, "hangs_up": True}`, with numbers for seconds.
        """
        await self._do("does", {"does": list(acts)})

    async def wait_for(self, name: str, /, **more: Any) -> Happened:
        """Let time pass until something happens on this call; see `AsyncSimulatedTelnyx.wait_for`."""
        return await self._telnyx.wait_for(name, call=self, **more)

    @property
    def _leg(self) -> Leg | None:
        return self._telnyx.world.simulation.world.legs.get(self.id)

    async def _do(self, act: str, body: Json | None = None) -> None:
        await self._telnyx.control("POST", f"/calls/{self.id}/{act}", body)

    async def _until(self, ready: Any, what: str) -> None:
        def is_ready() -> bool:
            leg = self._leg
            return leg is None or leg.state in ("ending", "ended") or ready(leg)

        def is_usual() -> bool:
            leg = self._leg
            return leg is None or _is_answered(leg)

        await self._telnyx.until(is_ready, is_usual, what)


def _is_answered(leg: Leg) -> bool:
    return leg.state == "answered"


def _is_listened_to(leg: Leg) -> bool:
    """Does an assistant listen, with nobody speaking?"""
    conversation = leg.conversation
    return conversation is not None and conversation.state == "live" and conversation.floor is None
