"""The frame of a page: one file with its style and its script in it, which may do nothing but show itself."""

from __future__ import annotations

from base64 import b64encode
from hashlib import sha256
from pathlib import Path

from mockserver.reports.page.ladder import views
from mockserver.reports.page.markup import Markup, tag

HERE = Path(__file__).parent


def document(title: str, *body: Markup) -> str:
    """A whole page with ladders in it; it can be written as UTF-8 whatever is shown."""
    style = Markup((HERE / "page.css").read_text(encoding="utf-8") + views())
    script = Markup((HERE / "page.js").read_text(encoding="utf-8"))
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=_policy(script)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("link", rel="icon", href="data:,"),
        tag("title", title),
        tag("style", style),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', *body, tag('script', script)), lang='en')}\n"


def _policy(script: str) -> str:
    """What the page may do: it asks for nothing from anywhere, and the one script that may run is known by its hash."""
    known = b64encode(sha256(script.encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'unsafe-inline'; script-src 'sha256-{known}'; img-src data:; "
        "base-uri 'none'; form-action 'none'"
    )
