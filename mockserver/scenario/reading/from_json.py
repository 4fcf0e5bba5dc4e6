"""A scenario written as JSON, which is nearly YAML: what YAML would read otherwise is written in its own way.

JSON writes a character beyond U+FFFF as two halves, which YAML does not join, and may have characters in its texts that
end a line in YAML. Texts alone are written anew, so each part stays in its line.
"""

from __future__ import annotations

import json
import re

TEXT = re.compile(r'"(?:[^"\\]|\\.)*"')
"""A text with its quotes: nothing else in JSON has any."""

ESCAPED_OTHERWISE = re.compile("([\x7f\U00010000-\U0010ffff])")
"""What YAML wants escaped, and not as JSON does it."""


def as_yaml(written: str) -> str:
    """JSON as YAML that means the same; what is no JSON object stays as it is."""
    if not written.lstrip().startswith("{"):
        return written
    try:
        json.loads(written)
    except (ValueError, RecursionError):
        return written
    return TEXT.sub(lambda text: _quoted(json.loads(text[0])), written)


def _quoted(text: str) -> str:
    """A text as YAML quotes it, in ASCII alone."""
    parts = ESCAPED_OTHERWISE.split(text)
    parts[::2] = [json.dumps(part)[1:-1] for part in parts[::2]]
    parts[1::2] = [f"\\U{ord(part):08x}" for part in parts[1::2]]
    return f'"{"".join(parts)}"'
