"""The page of runs as a document: whole, escaped, bounded, and asking for nothing."""

from __future__ import annotations

import re
import time
from base64 import b64encode
from collections import Counter
from hashlib import sha256
from html.parser import HTMLParser

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mockserver.reports.html import first_reason, page, verdict
from mockserver.reports.page.markup import VOID, joined, lasting, pretty, shown, tag
from mockserver.reports.page.room import Room
from mockserver.reports.page.rows import MOST_TELLING, Gap, LeftOut, Missing, Row, pick, pieces, story
from mockserver.reports.played import Played
from mockserver.scenario.expecting.expect import AtEnd, Expectation, check
from mockserver.scenario.expecting.matching import Happening
from mockserver.scenario.model import Scenario
from mockserver.sim.clock import EPOCH
from mockserver.sim.events import Entry
from tests.browser import runs


class Document(HTMLParser):
    """What is in a page: its elements, ids, links and texts. Whatever is not closed as it should be is `wrong`."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.wrong: list[str] = []
        self._texts: list[str] = []
        self._open: list[str] = []
        self.feed(html)
        self.close()
        self.wrong += self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))
        if tag not in VOID:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        if not self._open or self._open.pop() != tag:
            self.wrong.append(tag)

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] not in ("script", "style"):
            self._texts.append(data)

    @property
    def text(self) -> str:
        return "".join(self._texts)

    def all(self, attribute: str) -> list[str]:
        return [found for _, attributes in self.elements if (found := attributes.get(attribute)) is not None]


def unreachable() -> Played:
    return Played(Scenario(name="away"), check([], ()), (), unreachable="the application cannot be reached")


ALL = (runs.held(), runs.broken(), runs.hostile(), runs.long(300), unreachable())


def test_the_document_is_whole_and_every_link_in_it_leads_somewhere() -> None:
    document = Document(page([*ALL, runs.long(2_300)]))
    assert document.wrong == []
    ids = Counter(document.all("id"))
    assert ids.most_common(1)[0][1] == 1
    links = document.all("href")
    assert "data:," in links
    assert {link for link in links if link != "data:,"} <= {f"#{name}" for name in ids}
    assert document.all("src") == []


def test_a_page_without_runs_says_so() -> None:
    document = Document(page([]))
    assert document.wrong == []
    assert "Nothing was run" in document.text


def test_only_the_one_script_may_run() -> None:
    html = page(ALL)
    policy = re.search(r"script-src &#x27;sha256-([^&]+)&#x27;", html)
    script = re.search(r"<script>(.*?)</script>", html, re.DOTALL)
    assert policy
    assert script
    assert policy[1] == b64encode(sha256(script[1].encode()).digest()).decode()
    assert html.count("<script") == 1
    assert "default-src &#x27;none&#x27;" in html


def test_what_comes_from_outside_is_escaped_and_can_be_written_to_a_file() -> None:
    html = page([runs.hostile()])
    html.encode("utf-8")
    assert "<img" not in html
    assert "</script></title>" not in html
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202e\ud800-\udfff]", html)
    document = Document(html)
    assert document.wrong == []
    assert not [one for one in document.elements if any(name.startswith("on") for name in one[1])]
    assert "\\u202egnp.exe \\u001b[2J\\u0000 \\ud800 שלום" in document.text


@given(st.text())
def test_any_text_comes_out_of_a_document_as_it_was_or_as_json_writes_it(text: str) -> None:
    html = tag("p", text, title=text)
    html.encode("utf-8")
    document = Document(html)
    assert document.wrong == []
    assert [name for name, _ in document.elements] == ["p"]
    if text.isprintable():
        assert document.text == text
        assert document.all("title") == [text]


def test_the_same_runs_give_the_same_page() -> None:
    assert page(ALL) == page([runs.held(), runs.broken(), runs.hostile(), runs.long(300), unreachable()])


def test_runs_that_did_not_hold_come_first_with_their_first_reason() -> None:
    html = page([runs.held(), runs.broken(), unreachable()])
    document = Document(html)
    assert [link for link in document.all("href") if link.startswith("#run-")] == ["#run-2", "#run-3", "#run-1"]
    assert "2 of 3 runs did not hold" in document.text
    assert first_reason(runs.broken()).startswith("expectation 3, call.speak.ended with status=cancelled: ")
    assert first_reason(unreachable()) == "the application cannot be reached"
    assert first_reason(runs.held()) == ""


@pytest.mark.parametrize(
    ("played", "told"),
    [
        ([runs.held()], "menu held"),
        ([runs.broken()], "broken did not hold"),
        ([runs.held(), runs.held()], "All 2 runs held"),
        ([runs.held(), runs.broken()], "1 of 2 runs did not hold"),
        ([], "Nothing was run"),
    ],
)
def test_the_verdict_is_a_few_words(played: list[Played], told: str) -> None:
    assert verdict(played) == told


def drawn(run: Played) -> list[tuple[str, ...]]:
    """The ladder of a run in words."""
    told: list[tuple[str, ...]] = []
    for piece in pieces(story(run)):
        if isinstance(piece, Row):
            about = " ".join(f"{'ok' if result.held else 'no'} {result.number}" for result in piece.about)
            told.append(
                (f"{piece.at:.3f}", piece.letter, piece.way, f"{piece.label} {piece.note}".strip(), piece.state, about)
            )
        elif isinstance(piece, Missing):
            more = f" and {piece.more} more" if piece.more else ""
            told.append(("missing", piece.way, f"{piece.result.expectation}{more}"))
        elif isinstance(piece, Gap) and piece.call is None:
            told.append((f"{piece.seconds:g} s",))
    return told


def test_the_ladder_has_everything_that_happened_and_what_did_not() -> None:
    told = drawn(runs.broken())
    assert told[:6] == [
        ("0.000", "A", "left", "Ada: calls", "", ""),
        ("0.000", "A", "left", "call.initiated", "", ""),
        ("0.000", "A", "right", "answer", "", ""),
        ("0.400", "A", "left", "call.answered", "", ""),
        ("0.400", "A", "right", "gather_using_speak", "", "ok 1"),
        ("2 s",),
    ]
    at = next(index for index, row in enumerate(told) if row[0] == "missing")
    assert told[at] == ("missing", "left", "call.speak.ended with status=cancelled")
    assert told[at - 1][3:] == ("call.gather.ended valid 2", "", "ok 2")
    lost = [row for row in told if len(row) > 3 and "call.bridged" in row[3]]
    assert [row[3:5] for row in lost[:3]] == [
        ("call.bridged not delivered", "bad"),
        ("call.bridged, attempt 1 retrying: answered 503 Service Unavailable", "poor"),
        ("call.bridged, attempt 2 failed: answered 503 Service Unavailable", "bad"),
    ]
    refused = next(row for row in told if row[3:4] == ("speak 422 90018 Call has already ended",))
    assert refused[4:] == ("bad", "no 6")
    assert told[-1][3:5] == ("warning: the application answered one webhook with 50 commands", "poor")


def test_a_delivery_that_went_well_has_no_row_but_is_told_of_in_that_of_its_webhook() -> None:
    told = story(runs.held())
    initiated = next(row for row in told.rows if row.label == "call.initiated")
    assert [attempt.data["outcome"] for attempt in initiated.attempts] == ["delivered"]
    assert not [row for row in drawn(runs.held()) if "attempt" in " ".join(row)]


def test_a_repeated_command_and_one_without_an_answer_say_so() -> None:
    log = (
        Entry(1, EPOCH, "command", "answer", "v3:a", {"request": {}, "status": 200, "response": {}, "repeated": True}),
        Entry(2, EPOCH, "command", "dial", None, {"request": {"to": "+1"}, "status": None, "errors": []}),
        Entry(3, EPOCH, "command", "dial", "v3:b", {"request": {"to": "+1"}, "status": 200, "response": {}}),
        Entry(4, EPOCH, "scenario", "note", None, {}),
    )
    told = drawn(Played(Scenario(name="x"), check([], log), log))
    assert [row[3] for row in told] == ["answer repeated", "dial no answer", "dial to +1", "scenario: note"]


def test_the_first_few_of_many_missing_things_are_drawn_and_what_must_be_at_the_end_stands_there() -> None:
    says = Expectation(Happening("person", "assistant_says"))
    log = runs.held().entries
    told = drawn(
        Played(Scenario(name="x"), check([runs.MISSED, says, *[runs.MISSED] * 5, AtEnd({"calls": 3})], log), log)
    )
    assert told[:3] == [
        ("missing", "left", "call.speak.ended with status=cancelled"),
        ("missing", "right", "assistant_says"),
        ("missing", "left", "call.speak.ended with status=cancelled and 4 more"),
    ]
    assert told[-1] == ("missing", "", "at the end 3 calls")


@given(st.lists(st.booleans(), max_size=300), st.integers(0, 40))
def test_the_first_and_the_last_are_picked_and_between_them_what_tells_most(items: list[bool], most: int) -> None:
    found = list(pick(items, most, bool))
    left_out = [piece.count for piece in found if isinstance(piece, LeftOut)]
    kept = [piece for piece in found if not isinstance(piece, LeftOut)]
    assert len(kept) + sum(left_out) == len(items)
    assert min(most, len(items)) <= len(kept) <= 2 * most
    if items.count(True) <= most:
        assert kept.count(True) == items.count(True)


def test_no_more_than_so_many_telling_rows_are_drawn_in_the_middle() -> None:
    kept = [piece for piece in pick([True] * 5_000, 1_000, bool) if piece is True]
    assert len(kept) == 1_000 + MOST_TELLING


def test_a_run_of_ten_thousand_entries_is_a_page_of_a_few_megabytes() -> None:
    began = time.process_time()
    html = page([runs.long()])
    assert time.process_time() - began < 10
    assert len(html) < 3_000_000
    assert "4,000 rows are not drawn here" in html
    assert "speak" in html


def test_many_long_runs_share_the_room_of_a_page_and_it_says_what_is_left_out() -> None:
    html = page([runs.long(3_000)] * 8)
    assert len(html) < 20_000_000
    assert 10_000 <= html.count('<li class="row') <= 10_000 + MOST_TELLING
    assert "none of them drawn: this page has no room for more" in html


def test_bodies_are_cut_and_bounded_in_all() -> None:
    entry = Entry(1, EPOCH, "webhook", "call.initiated", "v3:a", {"payload": {"client_state": "x" * 100_000}})
    html = page([Played(Scenario(name="x"), check([], [entry]), (entry,))])
    assert len(html) < 60_000
    assert re.search(r"… 9\d,\d{3} more characters are left out", html)
    room = Room(bodies=10)
    assert room.holds("x" * 10)
    assert not room.holds("x")


def test_a_thousand_runs_have_a_section_and_the_others_are_counted() -> None:
    html = page([unreachable()] * 1_003)
    assert html.count("<section") == 1_000
    assert "3 runs are not shown" in html


def test_keys_of_json_are_marked_and_texts_in_it_are_not() -> None:
    assert pretty({"a": 'b": <c'}) == '{\n  <b>"a"</b>: "b\\": &lt;c"\n}'


def test_what_is_too_long_is_cut() -> None:
    assert shown("x" * 5_000).endswith("x…")
    assert len(shown("x" * 5_000)) == 2_000


def test_lists_texts_and_nothing_can_be_joined() -> None:
    assert joined("<", None, ["&", tag("br")]) == "&lt;&amp;<br></br>"


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (0, "0 s"),
        (0.44, "0.4 s"),
        (20, "20 s"),
        (200, "3 min 20 s"),
        (180, "3 min"),
        (7_500, "2 h 5 min"),
        (7_200, "2 h"),
    ],
)
def test_a_length_of_time_is_told_in_short(seconds: float, told: str) -> None:
    assert lasting(seconds) == told
