"""The page of runs as people use it: seen, by keyboard, filtered, without JavaScript, small, dark, and attacked."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page

from tests.browser import runs

Open = Callable[..., Page]

RED = re.compile(r"rgb\((?P<red>\d+), (?P<green>\d+), (?P<blue>\d+)\)")


def colour(place: Locator, what: str = "color", part: str = "") -> tuple[int, int, int]:
    """A colour as it is computed, of an element or of a part of it (`::before`)."""
    told = place.evaluate("(one, [what, part]) => getComputedStyle(one, part || null)[what]", [what, part])
    found = RED.match(told)
    assert found, told
    return int(found["red"]), int(found["green"]), int(found["blue"])


def contrast(front: tuple[int, int, int], back: tuple[int, int, int]) -> float:
    """How far apart two colours are, as WCAG counts: 1 to 21, and 4.5 is enough to read."""

    def light(one: tuple[int, int, int]) -> float:
        parts = [part / 255 for part in one]
        red, green, blue = (part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts)
        return 0.2126 * red + 0.7152 * green + 0.0722 * blue

    bright, dark = sorted((light(front), light(back)), reverse=True)
    return (bright + 0.05) / (dark + 0.05)


def is_red(one: tuple[int, int, int]) -> bool:
    return one[0] > 1.5 * one[1] and one[0] > 1.5 * one[2]


def overflows(page: Page) -> bool:
    return bool(page.evaluate("document.documentElement.scrollWidth > innerWidth"))


def visible_rows(page: Page) -> list[str]:
    """The labels of the rows that are there to be seen."""
    return visible(page, ".row .label")


def visible_gaps(page: Page) -> list[str]:
    return visible(page, ".gap")


def visible(page: Page, selector: str) -> list[str]:
    shown = "all => all.filter(one => one.checkVisibility()).map(one => one.textContent)"
    found: list[str] = page.locator(selector).evaluate_all(shown)
    return found


def test_the_arrow_of_what_is_missing_or_refused_is_there_and_red(show: Open) -> None:
    page = show(runs.broken())
    missing = page.locator(".row.missing .lane")
    refused = page.locator(".row.command.bad .lane")
    assert "call.speak.ended with status=cancelled" in missing.inner_text()
    assert "90018 Call has already ended" in refused.inner_text()
    for arrow, way in ((missing, "left"), (refused, "right")):
        assert arrow.is_visible()
        assert way in (arrow.get_attribute("class") or "")
        assert is_red(colour(arrow, "borderTopColor", "::before"))
        assert is_red(colour(arrow.locator(".label")))
    assert not is_red(colour(page.locator(".row.webhook:not(.bad) .lane").first, "borderTopColor", "::before"))


def test_arrows_end_at_the_lifelines(show: Open) -> None:
    page = show(runs.held())
    first, second = (line.bounding_box() for line in page.locator(".lines i").all())
    assert first is not None
    assert second is not None
    for row in page.locator(".row").all():
        lane = row.locator(".lane")
        box = lane.bounding_box()
        assert box is not None
        line = first if "app" in (lane.get_attribute("class") or "") else second
        assert box["x"] == pytest.approx(line["x"], abs=3)
        assert box["x"] + box["width"] == pytest.approx(line["x"] + line["width"], abs=3)


def test_a_row_is_opened_with_the_keyboard(show: Open) -> None:
    page = show(runs.held())
    row = page.locator(".row.command").first
    row.locator("summary").focus()
    assert not row.locator("pre").first.is_visible()
    page.keyboard.press("Enter")
    assert [one.inner_text() for one in row.locator("h4").all()] == ["request", "answer: 200"]
    assert '"result": "ok"' in row.locator("pre").last.inner_text()
    page.keyboard.press("Enter")
    assert not row.locator("pre").first.is_visible()


def test_everything_that_can_be_used_is_reached_with_the_tab_key_and_shows_it(show: Open) -> None:
    page = show(runs.broken())
    seen = set()
    for _ in range(90):
        page.keyboard.press("Tab")
        seen.add(page.evaluate("document.activeElement.tagName"))
        outline = page.evaluate(
            "(() => { const one = document.activeElement; const label = one.closest('label.view');"
            " return getComputedStyle(label || one).outlineStyle })()"
        )
        assert outline != "none" or page.evaluate("document.activeElement === document.body")
    assert {"A", "SUMMARY", "INPUT", "BUTTON", "DIV"} <= seen


def test_the_filter_leaves_the_rows_that_have_all_its_words(show: Open) -> None:
    page = show(runs.broken())
    everything = visible_rows(page)
    page.fill(".filter", "GATHER valid_digits")
    assert visible_rows(page) == ["gather_using_speak"]
    assert page.locator(".found").inner_text() == f"1 of {len(everything)} rows"
    page.fill(".filter", "")
    assert visible_rows(page) == everything
    page.check(".failures")
    assert len(visible_rows(page)) == page.locator(".row.bad").count() < len(everything)


def test_all_rows_are_opened_and_closed_at_once(show: Open) -> None:
    page = show(runs.held())
    page.click(".open")
    assert page.locator(".row details:not([open])").count() == 0
    page.click(".close")
    assert page.locator(".row details[open]").count() == 0


def test_without_javascript_the_ladder_is_read_call_by_call_too(show: Open) -> None:
    page = show(runs.broken(), script=False)
    assert not page.locator(".tools").is_visible()
    everything = visible_rows(page)
    assert everything[0] == "Ada: calls"
    assert visible_gaps(page) == ["… 2 s …", "… 5 s …", "… 2 s …", "… 27.7 s …"]
    page.locator("label.view", has_text="Grace").click()
    of_grace = visible_rows(page)
    assert "Grace: answers" in of_grace
    assert "Ada: calls" not in of_grace
    assert visible_gaps(page) == ["… 2 s …", "… 27.8 s …"]
    page.locator(".row.webhook:visible summary").first.click()
    assert '"event_type": "call.initiated"' in page.locator(".row.webhook:visible pre").first.inner_text()


def test_an_expectation_leads_to_its_place_in_the_ladder(show: Open) -> None:
    page = show(runs.broken())
    page.locator("label.view", has_text="Grace").click()
    page.locator(".expectations li", has_text="gather_using_speak").locator("a").click()
    row = page.locator(".row:target")
    assert row.locator(".label").text_content() == "gather_using_speak"
    assert row.locator("pre").first.is_visible()
    row.locator(".body a").click()
    assert "gather_using_speak" in (page.locator(".expectations li:target").text_content() or "")


def test_a_run_that_held_is_folded_and_a_link_unfolds_it(show: Open) -> None:
    page = show(runs.held(), runs.broken())
    assert [row.locator("td").first.inner_text() for row in page.locator(".runs tbody tr").all()] == ["failed", "held"]
    assert is_red(colour(page.locator(".runs tbody tr").first))
    assert not page.locator("#run-1 .ladder").is_visible()
    assert page.locator("#run-2 .ladder").is_visible()
    page.click(".runs a >> text=menu")
    assert page.locator("#run-1 .ladder").is_visible()


def test_what_comes_from_outside_is_shown_and_not_obeyed(show: Open) -> None:
    page = show(runs.hostile(), runs.held())
    page.click(".open >> nth=0")
    assert page.evaluate("window.hurt") is None
    assert page.locator("img, b#in").count() == 0
    assert page.locator("script").count() == 1
    assert "<img src=x onerror=" in page.locator("h2").first.inner_text()
    assert "\\u202e" in page.locator("h2").first.inner_text()
    assert not overflows(page)


@pytest.mark.parametrize("width", [1280, 700, 400])
def test_nothing_sticks_out_sideways(show: Open, width: int) -> None:
    page = show(runs.broken(), runs.held(), runs.hostile(), width=width)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    assert not overflows(page)
    opened = page.locator(".body").first.bounding_box()
    assert opened is not None
    assert opened["x"] >= 0
    assert opened["x"] + opened["width"] <= width


@pytest.mark.parametrize("dark", [False, True])
def test_everything_can_be_read_by_day_and_by_night(show: Open, dark: bool) -> None:
    page = show(runs.broken(), runs.held(), dark=dark)
    page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    back = colour(page.locator("body"), "backgroundColor")
    assert (sum(back) < 150) == dark
    surface, sunk = (colour(page.locator(one).first, "backgroundColor") for one in (".ladder", ".body"))
    red = colour(page.locator(".expectations li.bad").first, "backgroundColor")
    amber = colour(page.locator(".row.poor .fault").first, "backgroundColor")
    for what, behind in (
        ("h1", back),
        (".title", back),
        ("section p.dim", back),
        (".expectations .good div", back),
        (".expectations .good .verdict", back),
        (".expectations a", back),
        (".expectations .bad .why li", red),
        (".runs tr.bad td", red),
        (".runs tr.good td.verdict", surface),
        (".row .label", surface),
        (".row .at", surface),
        (".row .note", surface),
        (".gap.all span", surface),
        (".row.bad .label", red),
        (".row.poor .label", surface),
        (".fault", amber),
        (".body pre", sunk),
        (".body pre b", sunk),
        (".facts", sunk),
    ):
        assert contrast(colour(page.locator(what).first), behind) >= 4.5, what
    for chip in page.locator(".view .chip").all():
        assert contrast(colour(chip), surface) >= 4.5


def test_a_run_of_ten_thousand_entries_is_still_used_with_ease(show: Open) -> None:
    page = show(runs.long())
    assert page.locator(".row").count() == 2_001
    assert [one.inner_text() for one in page.locator(".leftout").all()] == [
        "… 4,000 rows are not drawn here …",
        "… 3,999 rows are not drawn here …",
    ]
    millis = page.evaluate(
        """() => {
          const began = performance.now(), field = document.querySelector('.filter');
          field.value = 'speak';
          field.dispatchEvent(new Event('input'));
          document.body.offsetHeight;
          return performance.now() - began;
        }"""
    )
    assert millis < 5_000
    assert visible_rows(page) == ["speak"]


def test_it_can_be_printed(show: Open, tmp_path: Path) -> None:
    page = show(runs.broken())
    page.emulate_media(media="print")
    assert not page.locator(".tools").is_visible()
    assert page.locator(".row.missing").is_visible()
    page.pdf(path=tmp_path / "page.pdf")
    assert (tmp_path / "page.pdf").read_bytes().startswith(b"%PDF")
