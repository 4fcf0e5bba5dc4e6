"""A whole audit of applications with one defect each, and of one that is right: each defect is found by its check."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from xml.etree import ElementTree

import pytest
from telnyx import Telnyx

from mockserver.audit import files, report
from mockserver.audit.auditing import Audit, Result
from mockserver.audit.checks import CHECKS
from mockserver.audit.naming import Roster
from mockserver.runner import stage
from mockserver.scenario.load import load
from mockserver.scenario.model import Scenario
from mockserver.settings import DEFAULT_KEY, Config
from mockserver.webhooks.signing import DEFAULT_PUBLIC_KEY
from tests.audit import applications
from tests.audit.applications import Correct
from tests.processes import free_port

pytestmark = pytest.mark.anyio

MENU = load(Path(__file__).with_name("menu.yaml"))
TWO_CALLERS = load(Path(__file__).with_name("two_callers.yaml"))
QUICK = Config(port=0, clock="auto", webhook_timeout=10.0, cushion=0.01)
"""The applications act before they answer, so that they need next to no time for afterwards."""


async def audited(
    kind: type[Correct],
    only: Sequence[str] = (),
    patience_secs: float = 10.0,
    seed: int = 0,
    scenario: Scenario = MENU,
    config: Config = QUICK,
) -> tuple[list[Result], Roster]:
    """The results of an audit, and its calls."""
    port = free_port()
    async with stage(config, f"http://127.0.0.1:{port}/webhooks") as built:
        client = Telnyx(
            api_key=DEFAULT_KEY, public_key=DEFAULT_PUBLIC_KEY, base_url=f"{built.platform.base_url}/v2", max_retries=0
        )
        with client, applications.serving(kind, client, port):
            audit = Audit(scenario, built, seed, patience_secs)
            return [result async for result in audit.results(only)], audit.roster


def outcomes(results: Sequence[Result], outcome: str = "failed") -> list[str]:
    return [result.check.name for result in results if result.outcome == outcome]


async def test_an_application_that_is_right_passes_every_check() -> None:
    results, _ = await audited(Correct)
    assert [(result.check.name, result.verdict.failures, result.verdict.warnings) for result in results] == [
        (name, (), ()) for name in CHECKS
    ]
    overtaken = next(result for result in results if result.check.name == "late").verdict.notes
    assert any("overtaken" in note for note in overtaken)


@pytest.mark.parametrize("kind", [Correct, applications.Queued])
async def test_two_callers_at_once_who_get_the_same_agent_are_no_defect(kind: type[Correct]) -> None:
    wanted = ["undisturbed", "duplicates", "reordered", "late", "wrong_signature"]
    results, roster = await audited(kind, wanted, seed=1, scenario=TWO_CALLERS, config=QUICK.on(cushion=0.05))
    assert [(result.check.name, result.verdict.failures) for result in results] == [(name, ()) for name in wanted]
    assert roster.legend()[-1].endswith("+12025550172, number 2 of these")


FORGERIES = ["wrong_signature", "no_signature", "stale_signature", "changed_body", "rewritten_body"]
REPETITIONS = ["duplicates", "late_duplicates", "retries"]
FREE = [name for name, check in CHECKS.items() if not check.plays]
"""Checks that play nothing of their own."""


@pytest.mark.parametrize(
    ("kind", "found"),
    [
        (applications.Trusting, FORGERIES),
        (applications.Lenient, ["no_signature"]),
        (applications.Timeless, ["stale_signature"]),
        (applications.Rewriting, ["rewritten_body"]),
        (applications.Poisoned, ["wrong_signature"]),
        (applications.Forgetful, REPETITIONS),
        (applications.ForgetsWithTheCall, ["late_duplicates"]),
        (applications.AnswersItself, ["outgoing_calls"]),
        (applications.AwaitsTheResponse, ["early"]),
        (applications.SpeaksToTheGone, ["ended_calls"]),
        (applications.Hasty, ["refused_commands"]),
        (applications.Moody, ["undisturbed"]),
    ],
    ids=lambda one: one.__name__ if isinstance(one, type) else "",
)
async def test_a_defect_is_found_by_its_check(kind: type[Correct], found: list[str]) -> None:
    results, _ = await audited(kind, [*FREE, *found])
    assert outcomes(results) == found
    assert outcomes(results, "passed") == [name for name in FREE if name not in found]


async def test_who_trusts_the_order_of_events_is_found_and_the_seed_finds_it_again() -> None:
    seeds = range(CHECKS["reordered"].seeds)
    tried = [(await audited(applications.TrustsTheOrder, ["reordered"], seed=seed))[0] for seed in seeds]
    found = [result for (result,) in tried if result.verdict.failures]
    assert {result.verdict.failures for result in found} == {
        ("bridge was not sent on call B, although call.answered was delivered, before call.initiated",)
    }
    assert all(len(result.played) == 1 and result.seed == result.first for result in found)


async def test_what_is_found_is_said_in_sentences_with_what_to_do_and_the_calls() -> None:
    results, roster = await audited(applications.Forgetful, ["duplicates"])
    told = report.line(results[0], "telnyx-mockserver audit menu.yaml --only duplicates --seed 0")
    assert told.startswith("FAILED duplicates        a webhook that comes twice counts once ")
    sentence = "after the duplicate of call.answered of call B, bridge was sent twice on call B, and once undisturbed"
    assert sentence in told
    assert "what to do: Remember the `id` of each event" in told
    assert told.endswith("       again: telnyx-mockserver audit menu.yaml --only duplicates --seed 0")
    assert report.ending(results, roster).splitlines()[1:3] == [
        "A = incoming, +12025550143 -> +12025550178",
        "B = outgoing, +12025550178 -> +12025550172",
    ]
    assert report.ending(results, roster).endswith("1 of 1 check failed")


async def test_an_answer_that_takes_too_long_is_found() -> None:
    results, _ = await audited(applications.Slow, ["in_time"], patience_secs=0.25)
    assert any("call.gather.ended was answered after" in sentence for sentence in results[-1].verdict.failures)


async def test_fields_that_differ_without_a_disturbance_are_not_compared() -> None:
    results, _ = await audited(applications.Numbering, ["undisturbed", "duplicates"])
    assert outcomes(results, "passed") == ["undisturbed", "duplicates"]
    note = "gather_using_speak: payload differs between undisturbed plays, and is not compared"
    assert note in results[0].verdict.notes


async def test_where_undisturbed_plays_differ_that_is_told_first_whatever_was_asked_for() -> None:
    results, _ = await audited(applications.Moody, ["duplicates"])
    assert [(result.check.name, result.outcome) for result in results] == [
        ("undisturbed", "failed"),
        ("duplicates", "passed"),
    ]


async def test_the_files_have_every_check_and_the_play_of_those_that_failed() -> None:
    results, roster = await audited(applications.Lenient, ["undisturbed", "no_signature"])
    suite = ElementTree.fromstring(files.junit(results, "menu")).find("testsuite")
    assert suite is not None
    assert (suite.get("name"), suite.get("tests"), suite.get("failures")) == ("audit of menu", "2", "1")
    cases = {case.get("name"): case for case in suite}
    failure = cases["no_signature: what is not signed is refused"].find("failure")
    assert failure is not None
    assert (failure.get("message") or "").startswith("10 of 10 forged deliveries were accepted: call.initiated (200)")
    assert "gather_using_speak A: ok" in (
        cases["no_signature: what is not signed is refused"].findtext("system-out") or ""
    )
    page = files.page(results, roster, "<menu>")
    assert "&lt;menu&gt;" in page
    assert "<menu>" not in page
    assert "1 of 2 checks failed" in page
    assert 'id="no_signature"' in page
    told = report.as_json(results, roster, "menu")
    assert (told["passed"], [check["outcome"] for check in told["checks"]]) == (False, ["passed", "failed"])
