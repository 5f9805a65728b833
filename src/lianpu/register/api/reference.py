"""The interface's description: as the document that is kept in ``docs/reference``, and as a page."""

import json
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Operation:
    """One end point as the page shows it."""

    verb: str
    path: str
    summary: str
    description: str
    fields: list[tuple[str, str]]  # what is sent: name, meaning
    statuses: list[str]


def description() -> dict[str, Any]:
    """The OpenAPI description of this version, the same on every installation."""
    from lianpu.register.api import the_api

    return the_api().get_openapi_schema(path_prefix="/api/")


def document() -> str:
    """The description as it is committed."""
    return json.dumps(description(), ensure_ascii=False, indent=1, default=str) + "\n"


def operations() -> dict[str, list[Operation]]:
    """Every end point by tag."""
    told = description()
    parts = told["components"]["schemas"]
    found: dict[str, list[Operation]] = {}
    for path, verbs in told["paths"].items():
        for verb, one in verbs.items():
            body = one.get("requestBody", {}).get("content", {}).get("application/json", {}).get("schema", {})
            schema = parts.get(body.get("$ref", "").rpartition("/")[2], {})
            operation = Operation(
                verb.upper(),
                path,
                one.get("summary", ""),
                one.get("description", ""),
                [(name, field.get("description", "")) for name, field in schema.get("properties", {}).items()],
                sorted(map(str, one.get("responses", {}))),
            )
            for tag in one.get("tags", ["公共"]):
                found.setdefault(tag, []).append(operation)
    return found
