"""Long walks through a world of fifty legs: the rules of `test_world`, thousands of steps, a fixed set of seeds.

Each walk takes its steps from pools that Hypothesis fills once, the same every time.
"""

from __future__ import annotations

from collections import Counter
from contextlib import suppress
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import INVARIANT_MARKER

from mockserver.sim import conversations, digits, holding, legs
from mockserver.sim.commands import Request, execute
from mockserver.sim.errors import Refusal
from mockserver.sim.events import Json
from mockserver.sim.people import Person
from mockserver.sim.world import Leg
from tests.commands.table import BODIES, OUTCOMES
from tests.sim.test_world import (
    AnyWorld,
    Play,
    Step,
    anybody,
    bodies,
    commands,
    conference_commands,
    dials,
    which,
    which_conference,
)

LEGS = 50
STEPS = 2_000
CHECKED_EVERY = 100
POOL = 400
"""How many steps of a kind there are to choose from."""

PATIENT = Person(says=("Hello.", "36"), presses=("1", "12#"))

PLAIN: dict[str, Json] = {
    **{name: {} for name in OUTCOMES if name.endswith("_stop") or name in ("gather", "siprec_start", "leave_queue")},
    **{name: {} for name in ("transcription_start", "suppression_start", "ai_assistant_start", "record_pause")},
    **{name: BODIES[name] for name in ("speak", "playback_start", "gather_using_speak", "gather_using_audio")},
    **{name: BODIES[name] for name in ("fork_start", "record_start", "enqueue", "gather_using_ai", "transfer")},
    "streaming_start": {"stream_url": "wss://a.example/listens"},
    "conversation_relay_start": {"url": "wss://a.example/talks"},
}
"""Commands that are good if their leg is."""


def on_leg(command: tuple[str, Json], number: int = 0) -> Step:
    return "command", command[0], number, command[1]


def on_conference(command: tuple[str, Json], conference: str, number: int) -> Step:
    return "confer", command[0], conference, number, command[1]


some_commands = st.tuples(commands, which).map(lambda drawn: on_leg(*drawn))
some_confer = st.tuples(conference_commands, which_conference, which).map(lambda drawn: on_conference(*drawn))
some_meet = st.tuples(
    st.sampled_from([("create_conference", {}), ("conference_join", {})]), which_conference, which
).map(lambda drawn: on_conference(*drawn))
acts: list[Step] = [
    *(("person", conversations.said, 0, text) for text in ("Hello.", "36", "yes")),
    *(("person", digits.person_presses, 0, keys) for keys in ("1", "12#", "W3wA")),
    *(("person", act, 0) for act in (holding.person_holds, holding.person_unholds)),
]
leaving: list[Step] = [("person", legs.person_hangs_up, 0, outcome) for outcome in ("normal", "busy")]
passing: list[Step] = [("advance", time) for time in (0.0, 0.1, 0.15, 0.3, 0.5, 1.0, 3.0, 11.0)]

KINDS: dict[str, tuple[int, st.SearchStrategy[Step]]] = {
    "any command": (10, some_commands),
    "a plain command": (20, st.sampled_from(sorted(PLAIN.items())).map(on_leg)),
    "a conference": (5, some_confer),
    "a meeting": (3, some_meet),
    "dial": (1, dials.map(lambda body: ("dial", body))),
    "a call": (1, anybody.map(lambda person: ("ring", person))),
    "an answer": (2, bodies("answer").map(lambda body: on_leg(("answer", body)))),
    "a bridge": (1, st.integers(1, 4).map(lambda other: on_leg(("bridge", {"call_control_id": other})))),
    "time": (5, st.sampled_from(passing)),
    "an act": (4, st.sampled_from(acts)),
    "a farewell": (1, st.sampled_from(leaving)),
}
"""The kinds of steps, how often each is taken, and what there is of it."""


@cache
def pool(kind: str) -> list[Step]:
    """Steps of a kind: as Hypothesis draws them, in the same way every time."""
    drawn: list[Step] = []

    @settings(
        max_examples=POOL,
        derandomize=True,
        database=None,
        phases=[Phase.generate],
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )
    @given(KINDS[kind][1])
    def draw(step: Step) -> None:
        drawn.append(step)

    draw()
    return drawn


class Crowd(Play):
    """A play with many legs: steps are about those around one that is chosen anew now and then."""

    keep = 1_000_000

    def __init__(self, *setting: Any) -> None:
        super().__init__(*setting)
        self.up: list[Leg] = []
        self.sent = 0
        self.middle = 0

    def gather_around(self, number: int) -> None:
        """The next steps are about a leg and its neighbours, or the leg that ended last."""
        ended = [leg for leg in self.legs if leg.state == "ended"][-1:]
        self.up = ended + [leg for leg in self.legs if leg.state != "ended"]
        self.middle = number

    def leg(self, number: int) -> Leg:
        return self.up[(self.middle - number) % len(self.up)]

    def do(self, request: Request) -> Json | None:
        """To compare the whole world before and after takes long, so it is done now and then."""
        self.sent += 1
        if self.sent % CHECKED_EVERY == 0:
            return super().do(request)
        with suppress(Refusal):
            return execute(self.simulation, request)
        return None


class Walk(AnyWorld):
    """One walk: the invariants of any world, checked now and then and at its end."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.setting = (seed, "wide", ())
        self.play = self.crowd = Crowd(*self.setting)
        self.steps: list[Step] = []
        self.seen = self.time = 0
        self.random = Random(seed)

    def go(self) -> None:
        kinds, weights = list(KINDS), [weight for weight, _ in KINDS.values()]
        for number in range(STEPS):
            self.fill_up()
            if self.random.random() < 0.3:
                self.take("gather_around", self.random.randrange(LEGS))
            self.take(*self.random.choice(pool(self.random.choices(kinds, weights)[0])))
            if number % CHECKED_EVERY == 0:
                self.check()
        self.take("gather_around", 0)
        self.teardown()
        self.every_recording_that_was_started_was_saved()

    def fill_up(self) -> None:
        """There are always fifty legs."""
        while self.crowd.simulation.world.live_legs < LEGS:
            self.take("ring", PATIENT)
            self.take("gather_around", -1)
            if self.random.random() < 0.9:
                self.take("command", "answer", 0, {})

    def every_recording_that_was_started_was_saved(self) -> None:
        log = self.play.simulation.log.entries
        saved = Counter(entry.call_control_id for entry in log if entry.name == "call.recording.saved")
        asked = [entry for entry in log if entry.name == "record_start" and "errors" not in entry.data]
        begun = Counter(entry.call_control_id for entry in asked if not entry.data.get("repeated"))
        assert {leg: count for leg, count in begun.items() if count > saved[leg]} == {}

    def check(self) -> None:
        for invariant in vars(AnyWorld).values():
            if hasattr(invariant, INVARIANT_MARKER):
                invariant(self)


@pytest.mark.parametrize("seed", range(12))
def test_fifty_legs_stay_sound_through_a_thousand_steps(seed: int) -> None:
    Walk(seed).go()
