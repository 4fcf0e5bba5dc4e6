"""A real browser that opens the page from a disk: Debian's chromium, with nothing downloaded."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Request, sync_playwright

from mockserver.reports.html import page as written
from mockserver.reports.played import Played

CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome") or ""

ARGUMENTS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-dev-shm-usage")
"""For root, in a container, and so that the browser itself asks for nothing."""

Open = Callable[..., Page]


def pytest_collection_modifyitems(items: Sequence[pytest.Item]) -> None:
    here = Path(__file__).parent
    for item in items:
        if not CHROMIUM and item.path.parent == here:
            item.add_marker(pytest.mark.skip(reason="needs a browser: apt-get install chromium"))


@pytest.fixture(scope="module", name="browser")
def browser_fixture() -> Iterator[Browser]:
    """One browser for a file of tests, and not longer: while it runs, this thread can have no other event loop."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=list(ARGUMENTS))
        yield browser
        browser.close()


@pytest.fixture(name="show")
def show_fixture(browser: Browser, tmp_path: Path) -> Iterator[Open]:
    """`show(*runs)`: the page for some runs, opened from a file. It must ask for nothing, and complain of nothing."""
    wrong: list[str] = []
    contexts = []

    def watch(request: Request) -> None:
        if not request.url.startswith(("file:", "data:")):
            wrong.append(f"asked for {request.url}")

    def show(*runs: Played, width: int = 1280, dark: bool = False, script: bool = True, place: str = "") -> Page:
        file = tmp_path / "page.html"
        file.write_text(written(runs), encoding="utf-8")
        context = browser.new_context(
            viewport={"width": width, "height": 900},
            color_scheme="dark" if dark else "light",
            java_script_enabled=script,
        )
        contexts.append(context)
        opened = context.new_page()
        opened.on("request", watch)
        opened.on("console", lambda message: wrong.append(f"console: {message.text}"))
        opened.on("pageerror", lambda error: wrong.append(f"error: {error}"))
        opened.goto(file.as_uri() + place)
        return opened

    yield show
    for context in contexts:
        context.close()
    assert wrong == []
