"""A conversation relay at work: the platform hears and speaks, and the application's WebSocket thinks.

`Relay` is the third script of a conversation, beside `conversations.Dialogue` and `gathering.Gathering`. Its voice says
the turns of the application one after the other. When it has fallen silent, the person says their next line; then they
wait for an answer, for as long as an application may take: what becomes of it if none comes is a backstop.

Sources: the published channel description for the frames (`relay_frames`), and for the end after ten invalid ones.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from mockserver.sim import conversations, costs, digits, relay_frames, relay_voice, timings, voices
from mockserver.sim.events import Json
from mockserver.sim.media import Item
from mockserver.sim.outside import NoSocket, Socket
from mockserver.sim.relay_frames import Invalid
from mockserver.sim.relay_voice import Utterance, Voice
from mockserver.sim.simulation import Simulation
from mockserver.sim.states import CONVERSATION, step
from mockserver.sim.world import Conversation, Leg

MOST_INVALID = 10
"""After so many invalid frames, one after the other, the platform closes the connection. Documented."""

FAILED = ("failed", "file_not_found")
"""How a file ends that could not be played."""


@dataclass(slots=True, eq=False)
class Relay:
    """The script of a relay, and the listener of its WebSocket.

    `parameters` go into the first frame; `cut_by` is what cuts the voice, and `greeting_cut_by` its greeting. `turn` is
    what came of a turn whose last token did not. `owes` is whether the application has heard the person and not
    answered yet, `part_heard` whether it has heard part of what the person is saying, `ending` whether it has asked for
    the end; `invalid` counts its invalid frames since the last good one.
    """

    url: str
    parameters: Json
    language: str
    takes_keys: bool
    cut_by: frozenset[str]
    greeting_cut_by: frozenset[str]
    conversation: Conversation = field(init=False)
    voice: Voice = field(init=False)
    socket: Socket = field(default_factory=NoSocket)
    turn: str = ""
    owes: bool = False
    part_heard: bool = False
    ending: bool = False
    invalid: int = 0
    has_insights: bool = False
    open_to_others: bool = False

    @property
    def leg(self) -> Leg:
        return self.conversation.owner

    def connect(self, simulation: Simulation, conversation: Conversation) -> None:
        """Open the WebSocket."""
        conversation.floor = None
        self.socket = simulation.outside.connect(simulation, self.url, {}, self)

    def end(self, simulation: Simulation, reason: str | None) -> None:
        """End the conversation. GUESS: no reason is known but that of a connection that was closed."""
        self.cut(simulation, self.conversation)
        conversations.finish(simulation, self.conversation, reason)

    # What the connection says

    def opened(self, simulation: Simulation) -> None:
        """The application is there: it is told of the call, and the greeting is said."""
        if self.conversation.state != "starting":
            return
        self.conversation.state = step(CONVERSATION, self.conversation.state, "begin")
        costs.turn(simulation, self.leg, "assistant", 1)
        self.socket.send(relay_frames.setup(self.leg, self.conversation.id, self.parameters))
        greeting = self.conversation.assistant.greeting
        if greeting:
            self._say(simulation, Utterance(relay_voice.speech(greeting), self.greeting_cut_by))
        else:
            self._wait(simulation)

    def received(self, simulation: Simulation, message: str | bytes) -> None:
        """A frame of the application. One that is invalid is answered and changes nothing else."""
        if self.conversation.state != "live" or self.ending:
            return
        try:
            frame = relay_frames.read(message)
            TAKES[frame["type"]](self, simulation, frame)
        except Invalid as invalid:
            self._refuse(simulation, str(invalid))
        else:
            self.invalid = 0

    def closed(self, simulation: Simulation, problem: str) -> None:
        """The connection is gone, or there never was one.

        GUESS: one that could not be made is reported like one that was closed.
        """
        if self.conversation.state == "ended" or self.ending:
            return
        if self.conversation.state == "starting":
            simulation.warn("conversation relay", self.leg, f"no connection to {self.url}: {problem}")
        self.end(simulation, "customer_disconnect")

    def _refuse(self, simulation: Simulation, description: str) -> None:
        simulation.warn("conversation relay", self.leg, f"a frame of the application was refused: {description}")
        self.socket.send({"type": "error", "description": description})
        self.invalid += 1
        if self.invalid >= MOST_INVALID:
            self.end(simulation, None)

    # What the application sends

    def text(self, simulation: Simulation, frame: Json) -> None:
        """A token of a turn; with the last one the whole turn is said. A turn of nothing leaves it to the person."""
        turn = self.turn + frame["token"]
        if len(turn) > relay_frames.LONGEST_TURN:
            self.turn = ""
            raise Invalid("Invalid message: the turn is too long")
        if not frame.get("last"):
            self.turn = turn
        elif turn.strip():
            self._say(simulation, self._utterance(relay_voice.speech(turn), frame))
        else:
            self.turn, self.owes = "", False
            self.fell_silent(simulation, self.conversation)

    def play(self, simulation: Simulation, frame: Json) -> None:
        """A file to play, behind what is to be said."""
        item = relay_voice.audio(frame["source"], frame.get("loop") or 1)
        self._say(simulation, self._utterance(item, frame))

    def send_digits(self, simulation: Simulation, frame: Json) -> None:
        """Keys for the person to hear."""
        digits.hear(simulation, self.leg, frame["digits"])

    def change_language(self, simulation: Simulation, frame: Json) -> None:
        """What the person speaks from now on. GUESS: any language will do, whether `languages` has it or not."""
        self.language = frame.get("transcriptionLanguage") or self.language

    def end_gracefully(self, simulation: Simulation, frame: Json) -> None:
        """The end. GUESS: gracefully means that what is still to be said is said first."""
        self.ending = True
        self.fell_silent(simulation, self.conversation)

    # What the person does

    def heard(self, simulation: Simulation, conversation: Conversation, text: str) -> None:
        """GUESS: what is said over a voice that it does not cut reaches the application all the same."""
        self._cut(simulation, "speech")
        if self.ending:
            return
        if not self.part_heard:
            self._tell_part(first_half(text))
        self.part_heard = False
        self.socket.send(relay_frames.prompt(text, self.language, True))
        self.owes = True
        if self.voice.current is None:
            self._wait(simulation)

    def pressed(self, simulation: Simulation, conversation: Conversation, key: str) -> None:
        """GUESS: without `dtmf_detection` a key does not cut the voice either."""
        if conversation.state != "live" or not self.takes_keys:
            return
        is_cut = self._cut(simulation, "dtmf")
        if self.ending:
            return
        self.socket.send({"type": "dtmf", "digit": key})
        if is_cut:
            self.owes = True
            self._wait(simulation)

    def history_grew(self, simulation: Simulation, conversation: Conversation) -> None:
        """The application keeps its own."""

    def cut(self, simulation: Simulation, conversation: Conversation) -> None:
        """The voice falls silent, and the connection is closed. What is kept of the conversation is small."""
        self.voice.silence(simulation)
        self.socket.close()
        self.socket, self.turn, self.parameters = NoSocket(), "", {}

    def _cut(self, simulation: Simulation, by: str) -> bool:
        """The person cuts the voice short, if it lets them; in what was to be said before the end, that ends it."""
        so_far = self.voice.cut(simulation, by)
        if so_far is None:
            return False
        self.turn = ""
        if self.ending:
            self.end(simulation, None)
        else:
            self.socket.send(relay_frames.interrupt(*so_far))
        return True

    def _tell_part(self, part: str) -> None:
        """GUESS: the application hears once of what is being said, when half of the words are."""
        if part:
            self.socket.send(relay_frames.prompt(part, self.language, False))

    # Who speaks next

    def fell_silent(self, simulation: Simulation, conversation: Conversation) -> None:
        """The voice says what comes next, or the relay ends, or the person waits or goes on."""
        if self.voice.current is not None:
            return
        conversations.take_floor(simulation, conversation)
        if self.voice.waiting:
            self.part_heard = False
            self.voice.speak(simulation)
        elif self.ending:
            self.end(simulation, None)
        elif self.owes or self.turn:
            self._wait(simulation)
        else:
            self._person_goes_on(simulation)

    def spoken(self, simulation: Simulation, utterance: Utterance, status: str) -> None:
        """GUESS: a file that cannot be had is told in an error frame, which does not count as one for a bad frame."""
        if status in FAILED:
            self.socket.send({"type": "error", "description": f"Play failed: {utterance.item.status_detail}"})
        self.fell_silent(simulation, self.conversation)

    def _say(self, simulation: Simulation, utterance: Utterance) -> None:
        if not self.voice.has_room:
            raise Invalid("Invalid message: too much waits to be said")
        self.turn, self.owes = "", False
        self.voice.add(simulation, utterance)
        self.fell_silent(simulation, self.conversation)

    def _utterance(self, item: Item, frame: Json) -> Utterance:
        cut_by = relay_frames.cut_by(frame.get("interruptible"), self.cut_by)
        return Utterance(item, cut_by, bool(frame.get("preemptible")))

    def _wait(self, simulation: Simulation) -> None:
        """The person waits for the application, which may think for as long as it likes in real time."""
        self.conversation.floor = simulation.after(timings.PATIENCE, self._person_goes_on, simulation, backstop=True)

    def _person_goes_on(self, simulation: Simulation) -> None:
        """The person thinks and says their next line, or hangs up if that is what they do when they have none."""
        self.conversation.floor = None
        self.part_heard = False
        leg, person = self.leg, self.leg.person
        if leg.on_hold:
            return
        if leg.said < len(person.says):
            line = person.says[leg.said]
            seconds = timings.THINK + timings.speech(first_half(line))
            voices.will_speak(simulation, leg, line, timings.THINK)
            self.conversation.floor = simulation.after(seconds, self._person_speaks, simulation, line)
        elif person.hangs_up_when_done and leg.goes and "hangs_up" not in leg.plans:
            leg.plans["hangs_up"] = simulation.after(timings.THINK, leg.goes, simulation, leg)

    def _person_speaks(self, simulation: Simulation, line: str) -> None:
        part = first_half(line)
        if self.leg.can_be_heard:
            self._tell_part(part)
            self.part_heard = True
        seconds = timings.speech(line) - timings.speech(part)
        self.conversation.floor = simulation.after(seconds, self._person_has_spoken, simulation, line)

    def _person_has_spoken(self, simulation: Simulation, line: str) -> None:
        self.conversation.floor = None
        if self.leg.can_be_heard:
            self.leg.said += 1
            conversations.said(simulation, self.leg, line)


TAKES: Mapping[str, Callable[[Relay, Simulation, Json], None]] = {
    "text": Relay.text,
    "play": Relay.play,
    "sendDigits": Relay.send_digits,
    "language": Relay.change_language,
    "end": Relay.end_gracefully,
}
"""Who takes which frame."""


def first_half(text: str) -> str:
    """The first half of the words of a text; nothing of a single one."""
    words = text.split()
    return " ".join(words[: len(words) // 2])
