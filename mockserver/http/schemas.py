"""JSON Schemas compiled."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mockserver.http.problems import FORMATS
from mockserver.sim.errors import Json

if TYPE_CHECKING:
    import jsonschema_rs


def compile_schema(schema: Json) -> jsonschema_rs.Draft202012Validator:
    """A schema as a compiled validator, with the formats that openapi-core is given too."""
    import jsonschema_rs

    return jsonschema_rs.Draft202012Validator(
        schema, validate_formats=True, formats=FORMATS, ignore_unknown_formats=True
    )
