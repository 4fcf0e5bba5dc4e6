"""Runs for the page to show, made in the simulation alone: one that held, one that did not, hostile and long ones."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from mockserver.reports.played import Played
from mockserver.scenario.expecting.expect import Expectation, check
from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.model import Scenario
from mockserver.sim import digits, legs
from mockserver.sim.clock import EPOCH, SECOND
from mockserver.sim.events import Entry, Json
from mockserver.sim.people import Person
from mockserver.sim.simulation import Simulation
from tests.sim import telling

URL = "http://127.0.0.1:8088/webhooks"

HOSTILE = (
    "</script></title><img src=x onerror=\"window.hurt=1\"><b id='in'>'\" &lt; \u202egnp.exe \x1b[2J\x00 \ud800 שלום"
)
"""Everything at once that a page can trip over."""

MET = (
    Expectation(Happening("command", "gather_using_speak", {"valid_digits": "12"}, ("ok",))),
    Expectation(Happening("webhook", "call.gather.ended", {"digits": "2"})),
    Expectation(Happening("command", "transfer", gets=("ok",))),
    Expectation(Happening("webhook", "call.hangup", {"from": telling.CALLER})),
)
MISSED = Expectation(Happening("webhook", "call.speak.ended", {"status": "cancelled"}))
NEVER = Expectation(Happening("command", "speak", gets=("90018",)), never=True)


def held() -> Played:
    """Ada is transferred to Grace, and everything is as expected."""
    return played("menu", "Ada presses 2 and is transferred to Grace.", _menu(), MET, seconds=0.4)


def broken() -> Played:
    """The same with something missing, something that never must, a warning, a fault and a webhook that gets lost."""
    simulation = _menu(lost="call.bridged")
    leg = next(iter(simulation.world.legs.values()))
    telling.code(simulation, "speak", leg, payload="Are you still there?", voice="female")
    simulation.warn("loop guard", leg, "the application answered one webhook with 50 commands")
    return played(
        "broken", "The same, and it goes wrong.", simulation, (*MET[:2], MISSED, *MET[2:], NEVER), seconds=1.2
    )


def hostile() -> Played:
    """A run in which every text that comes from outside is out to hurt."""
    log = [
        Entry(1, EPOCH, "person", "calls", HOSTILE, {"from": HOSTILE, "to": HOSTILE}),
        Entry(2, EPOCH, "webhook", HOSTILE, HOSTILE, {"id": HOSTILE, "payload": {"from": HOSTILE, HOSTILE: HOSTILE}}),
        _delivery(Entry(3, EPOCH, "delivery", HOSTILE, HOSTILE, {"id": HOSTILE}), url=HOSTILE, reason=HOSTILE),
        Entry(4, EPOCH, "command", HOSTILE, HOSTILE, {"request": HOSTILE, "status": 422, **_errors(HOSTILE)}),
        Entry(5, EPOCH, "person", "says", HOSTILE, {"text": HOSTILE * 100}),
        Entry(6, EPOCH, "warning", HOSTILE, None, {"text": HOSTILE, "fault": HOSTILE}),
    ]
    expected = Expectation(Happening("webhook", HOSTILE, {HOSTILE: HOSTILE * 10}))
    report = check([expected], log)
    scenario = Scenario(name="name").model_copy(update={"name": HOSTILE, "description": HOSTILE * 30})
    return Played(scenario, report, tuple(log), stopped=HOSTILE)


def long(count: int = 10_000) -> Played:
    """A run of so many entries, one of which, in the middle, was refused."""
    log = []
    for seq in range(1, count + 1):
        payload = {
            "call_control_id": f"v3:{seq % 50}",
            "from": telling.CALLER,
            "to": telling.APP,
            "client_state": "x" * 200,
        }
        data: Json = {"id": str(seq), "event_type": "call.answered", "payload": payload, "record_type": "event"}
        log.append(Entry(seq, EPOCH + seq * SECOND, "webhook", "call.answered", f"v3:{seq % 50}", data))
    middle = count // 2
    refused = {"request": {}, "status": 422, **_errors("Call has already ended")}
    log[middle] = replace(log[middle], kind="command", name="speak", data=refused)
    return Played(Scenario(name="long"), check([], log), tuple(log))


def played(
    name: str, description: str, simulation: Simulation, expected: tuple[Expectation, ...], **more: Any
) -> Played:
    """A run of what has happened in a simulation."""
    log = tuple(simulation.log.entries)
    people = [{"number": telling.CALLER, "name": "Ada"}, {"number": telling.CALLEE, "name": "Grace"}]
    scenario = Scenario.model_validate({"name": name, "description": description, "people": people})
    return Played(scenario, check(expected, log), log, **more)


def _menu(lost: str = "") -> Simulation:
    """Ada calls, chooses from a menu and is transferred; the webhook `lost` is not delivered, in two attempts."""
    simulation = telling.new(Person(telling.CALLER, "Ada"), Person(telling.CALLEE, "Grace"))
    simulation.log.subscribe(lambda entry: _deliver(simulation, entry, lost))
    leg = telling.talk(simulation, Person(telling.CALLER, "Ada"))
    telling.do(simulation, "gather_using_speak", leg, payload="Press 1 or 2.", voice="female", valid_digits="12")
    simulation.advance(2)
    digits.person_presses(simulation, leg, "2")
    simulation.advance(6)
    telling.do(simulation, "transfer", leg, to=telling.CALLEE)
    simulation.advance(30)
    legs.person_hangs_up(simulation, leg)
    simulation.advance(1)
    return simulation


def _deliver(simulation: Simulation, entry: Entry, lost: str) -> None:
    """Write to the log how a webhook was delivered, as the sender does."""
    if entry.kind != "webhook":
        return
    bad: Json = {
        "outcome": "failed",
        "reason": "answered 503 Service Unavailable",
        "status": 503,
        "fault": "status 503",
    }
    tries: list[Json] = [{**bad, "outcome": "retrying"}, {**bad, "attempt": 2}] if entry.name == lost else [{}]
    for one in tries:
        delivery = _delivery(entry, **one)
        simulation.log.append(simulation.now, "delivery", entry.name, entry.call_control_id, delivery.data)


def _delivery(entry: Entry, **more: Any) -> Entry:
    data = {"event_id": entry.data["id"], "url": URL, "method": "POST", "attempt": 1, "status": 200, "ms": 3.2}
    return replace(entry, kind="delivery", data={**data, "outcome": "delivered", "code": None, "reason": None, **more})


def _errors(title: str) -> Json:
    return {"errors": [{"code": "90018", "title": title, "detail": title}]}
