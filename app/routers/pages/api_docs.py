"""The API's documentation as plain pages: every operation of the OpenAPI document, every kind of problem.

The usual viewers load scripts from other hosts, which the security policy forbids and an offline counter cannot reach.
The words come from the document itself (English); `/openapi.json` is the same for programs.
"""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fastapi import APIRouter, FastAPI
from starlette.responses import Response

from app.core import problems
from app.core.problems import NOT_FOUND
from app.routers.http.guards import public
from app.routers.pages.visit import TheVisit

router = APIRouter(include_in_schema=False, dependencies=[public()])
METHODS = ("get", "post", "put", "patch", "delete")
REFERENCE = "#/components/schemas/"
DEEPEST = 3

Schema = dict[str, Any]


@dataclass(frozen=True)
class Field:
    """One thing that is sent or answered: `name` with dots for what lies inside."""

    name: str
    kind: str
    required: bool
    words: str


@dataclass(frozen=True)
class Answer:
    """One status with what it means and holds."""

    status: str
    words: str
    fields: tuple[Field, ...]
    example: str = ""


@dataclass(frozen=True)
class Operation:
    """One method of one path."""

    id: str
    method: str
    path: str
    words: str
    sent: tuple[Field, ...]
    answers: tuple[Answer, ...]
    example: str = ""


@router.get("/docs")
async def overview(visit: TheVisit) -> Response:
    """All operations by subject."""
    return visit.show("pages/api_overview.html", subjects=_subjects(visit.request.app))


@router.get("/docs/problems")
async def problem_types(visit: TheVisit) -> Response:
    """Every kind of refusal (RFC 9457 `type`), with its words and status."""
    return visit.show("pages/api_problems.html", types=problems.catalogue())


@router.get("/docs/{subject}")
async def subject_page(subject: str, visit: TheVisit) -> Response:
    """The operations of one subject in full."""
    operations = _subjects(visit.request.app).get(subject)
    if operations is None:
        raise NOT_FOUND()
    return visit.show("pages/api_subject.html", subject=subject, operations=operations)


def _subjects(app: FastAPI) -> dict[str, list[Operation]]:
    """The operations by their first tag, in the order of the document."""
    document = app.openapi()
    schemas = document.get("components", {}).get("schemas", {})
    subjects: dict[str, list[Operation]] = {}
    for path, methods in document["paths"].items():
        for method in METHODS:
            if method in methods:
                found = methods[method]
                subject = (found.get("tags") or ["other"])[0]
                subjects.setdefault(subject, []).append(_operation(method, path, found, schemas))
    return subjects


def _operation(method: str, path: str, found: Schema, schemas: Schema) -> Operation:
    sent = [
        Field(
            each["name"],
            f"{_kind(each.get('schema', {}))}, {each['in']}",
            each.get("required", False),
            each.get("description", ""),
        )
        for each in found.get("parameters", [])
    ]
    body = _content(found.get("requestBody", {}))
    sent += _fields(body, schemas)
    answers = tuple(
        Answer(
            status,
            answer.get("description", ""),
            tuple(_fields(_content(answer), schemas)),
            _example(answer, schemas),
        )
        for status, answer in found.get("responses", {}).items()
    )
    words = found.get("description") or found.get("summary", "")
    example = _example(found.get("requestBody", {}), schemas)
    return Operation(found["operationId"], method.upper(), path, words, tuple(sent), answers, example)


def _content(part: Schema) -> Schema:
    """The schema of a body, of whichever media type comes first."""
    media: Schema = next(iter(part.get("content", {}).values()), {})
    schema: Schema = media.get("schema", {})
    return schema


def _example(part: Schema, schemas: Schema) -> str:
    """What a JSON body looks like; empty for one that is no JSON."""
    media = next((each for name, each in part.get("content", {}).items() if "json" in name), None)
    if media is None:
        return ""
    shown = media.get("example", next(iter(_resolved(media.get("schema", {}), schemas).get("examples", ())), None))
    return "" if shown is None else json.dumps(shown, ensure_ascii=False, indent=2)


def _fields(schema: Schema, schemas: Schema, prefix: str = "", depth: int = 0) -> Iterator[Field]:
    shape = _resolved(schema, schemas)
    for name, member in shape.get("properties", {}).items():
        required = name in shape.get("required", [])
        yield Field(prefix + name, _kind(member), required, member.get("description", ""))
        if depth < DEEPEST:
            inner = member.get("items", member)
            dots = f"{prefix}{name}[]." if "items" in member else f"{prefix}{name}."
            yield from _fields(inner, schemas, dots, depth + 1)


def _resolved(schema: Schema, schemas: Schema) -> Schema:
    """The schema itself, behind references and behind 'this or null'."""
    if "anyOf" in schema:
        schema = next((each for each in schema["anyOf"] if each.get("type") != "null"), {})
    if "$ref" in schema:
        found: Schema = schemas.get(schema["$ref"].removeprefix(REFERENCE), {})
        return found
    return schema


def _kind(schema: Schema) -> str:
    """The kind of a value in a few words."""
    if "anyOf" in schema:
        return " | ".join(dict.fromkeys(_kind(each) for each in schema["anyOf"]))
    if "$ref" in schema:
        return "object"
    if "enum" in schema:
        return " | ".join(str(each) for each in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    if schema.get("type") == "array":
        return f"array of {_kind(schema.get('items', {}))}"
    return str(schema.get("format") or schema.get("type") or "any")
