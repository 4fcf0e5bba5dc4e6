"""How an audit came out, for the terminal and for machines."""

from __future__ import annotations

from collections.abc import Sequence
from textwrap import fill

from mockserver.audit.auditing import Result, failed
from mockserver.audit.naming import Roster
from mockserver.scenario.report import DIM, GREEN, RED, painted
from mockserver.sim.events import Json

YELLOW = "\x1b[33m"

MARKS = {"passed": ("ok    ", GREEN), "warned": ("WARNED", YELLOW), "failed": ("FAILED", RED)}

MOST_TOLD = 6
"""How many sentences of a kind the terminal shows for a check; the files and `--json` have all."""

INDENT, WIDTH = " " * 7, 110


def line(result: Result, again: str = "", colour: bool = False) -> str:
    """A check that is done: its row, and below it what was found. `again` is the command line that repeats it alone."""
    words, paint = MARKS[result.outcome]
    check, verdict = result.check, result.verdict
    rows = [f"{painted(words, paint, colour)} {check.name:<17} {check.title:<58} {result.seconds:6.1f} s"]
    rows += _listed(verdict.failures, RED, colour) + _listed(verdict.warnings, YELLOW, colour)
    rows += _listed(verdict.notes, DIM, colour)
    if verdict.failures or verdict.warnings:
        rows.append(fill(f"what to do: {check.advice}", WIDTH, initial_indent=INDENT, subsequent_indent=INDENT))
    if verdict.failures and again:
        rows.append(f"{INDENT}again: {again}")
    return "\n".join(rows)


def ending(results: Sequence[Result], roster: Roster) -> str:
    """What all came to, and which calls the letters stand for where anything was found."""
    wrong, warned = failed(results), sum(result.outcome == "warned" for result in results)
    plural = "" if len(results) == 1 else "s"
    words = f"{len(wrong)} of {len(results)} check{plural} failed" if wrong else f"{len(results)} check{plural} passed"
    found = wrong or warned
    legend = ["", *roster.legend()] if found else []
    return "\n".join([*legend, "", words + (f", {warned} with warnings" if warned else "")])


def as_json(results: Sequence[Result], roster: Roster, scenario: str) -> Json:
    """The same for machines: `passed`, `calls`, and `checks` with a row for each."""
    return {
        "scenario": scenario,
        "passed": not failed(results),
        "seconds": round(sum(result.seconds for result in results), 3),
        "calls": roster.legend(),
        "checks": [
            {
                "name": result.check.name,
                "title": result.check.title,
                "outcome": result.outcome,
                "seed": result.seed,
                "seconds": round(result.seconds, 3),
                "failures": list(result.verdict.failures),
                "warnings": list(result.verdict.warnings),
                "notes": list(result.verdict.notes),
                "advice": result.check.advice,
            }
            for result in results
        ],
    }


def _listed(sentences: Sequence[str], paint: str, colour: bool) -> list[str]:
    more = len(sentences) - MOST_TOLD
    shown = [*sentences[:MOST_TOLD], *([f"and {more} more"] if more > 0 else [])]
    return [f"{INDENT}{painted(sentence, paint, colour)}" for sentence in shown]
