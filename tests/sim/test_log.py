"""The log: what happened, in order, for whoever reads along."""

from __future__ import annotations

from mockserver.sim.commands import Request, execute
from mockserver.sim.events import Entry, Log
from mockserver.sim.simulation import Simulation
from tests.sim.telling import new, ring


def fill(log: Log, count: int) -> None:
    for number in range(count):
        log.append(number, "warning", f"entry {number + 1}", None, {})


def test_entries_are_numbered_from_one_without_gaps() -> None:
    log = Log()
    fill(log, 3)
    assert [(entry.seq, entry.name) for entry in log.entries] == [(1, "entry 1"), (2, "entry 2"), (3, "entry 3")]
    assert (log.last_seq, log.dropped) == (3, 0)


def test_the_oldest_entries_are_dropped_and_counted() -> None:
    log = Log(keep=2)
    fill(log, 5)
    assert [entry.seq for entry in log.entries] == [4, 5]
    assert (log.last_seq, log.dropped) == (5, 3)


def test_what_follows_an_entry_can_be_read_later() -> None:
    log = Log(keep=3)
    fill(log, 5)
    told = {seq: [entry.seq for entry in log.after(seq)] for seq in (-1, 0, 2, 3, 4, 5, 9)}
    assert told == {-1: [3, 4, 5], 0: [3, 4, 5], 2: [3, 4, 5], 3: [4, 5], 4: [5], 5: [], 9: []}


def test_readers_are_told_in_the_order_they_came_until_they_leave() -> None:
    log, heard = Log(), list[str]()
    leave = log.subscribe(lambda entry: heard.append(f"first {entry.seq}"))
    log.subscribe(lambda entry: heard.append(f"second {entry.seq}"))
    fill(log, 1)
    leave()
    leave()
    fill(log, 1)
    assert heard == ["first 1", "second 1", "second 2"]


def test_a_reader_that_leaves_while_it_is_told_takes_nobody_along() -> None:
    log, heard = Log(), list[str]()

    def once(entry: Entry) -> None:
        heard.append("once")
        leave()

    leave = log.subscribe(once)
    log.subscribe(lambda entry: heard.append("always"))
    fill(log, 2)
    assert heard == ["once", "always", "always"]


def test_a_warning_is_for_the_user_and_about_a_leg_or_about_none() -> None:
    simulation = Simulation()
    entry = simulation.warn("loop", None, "Look out.")
    assert (entry.kind, entry.name, entry.call_control_id, entry.data) == (
        "warning",
        "loop",
        None,
        {"text": "Look out."},
    )


def test_a_simulation_without_a_validator_takes_every_value() -> None:
    assert Simulation().fits({"type": "integer"}, "text")


def test_a_body_too_long_to_be_kept_is_named_by_its_size() -> None:
    simulation = new()
    leg = ring(simulation)
    execute(simulation, Request("answer", {"client_state": "AAAA" * 5_000}, leg.call_control_id, size=20_019))
    assert simulation.log.entries[-1].data["request"] == {"omitted": "a body of 20,019 bytes"}
    assert leg.client_state == "AAAA" * 5_000


def test_whoever_watches_a_call_is_told_of_that_one_alone_until_they_stop() -> None:
    log, heard = Log(), list[str]()
    log.watch("one", lambda entry: heard.append(entry.name))
    for name, call in (("a", "one"), ("b", "two"), ("c", None), ("d", "one")):
        log.append(0, "webhook", name, call, {})
    log.unwatch("one")
    log.unwatch("one")
    log.append(0, "webhook", "e", "one", {})
    assert heard == ["a", "d"]
