"""Examples for the OpenAPI document: each JSON body and answer is shown once as it looks, for whoever writes an app.

What a field looks like stands at the field, or by its name in `app/data/openapi_examples.yaml`; a whole example is put together
from these, so that no door has to be told of one, and none is forgotten (`tests/house/test_examples.py`).
"""

from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import yaml

FILE = Path(__file__).resolve().parents[2] / "data" / "openapi_examples.yaml"
REFERENCE = "#/components/schemas/"
JSON = ("application/json", "application/merge-patch+json")
METHODS = ("get", "post", "put", "patch", "delete")
UNKNOWN = "?"
"""What a text looks like of which nobody has said it."""
_BY_FORMAT = {
    "date": "2026-11-30",
    "date-time": "2026-11-30T08:00:00+07:00",
    "uuid": "0199f0a2-5c7e-7d44-9d0b-2f6a1f3f9a01",
}

Schema = dict[str, Any]


def add_examples(document: Schema) -> None:
    """Give an example to each schema of the document that has none, and to each JSON body and answer whose schema has no name."""
    schemas: dict[str, Schema] = document.get("components", {}).get("schemas", {})
    drawn = _Drawn(schemas, _known())
    for name, schema in schemas.items():
        if schema.get("type") == "object" and "examples" not in schema and not name.startswith("Body_"):
            schema["examples"] = [drawn.object_of(schema, name, (name,))]
    for door, media in json_parts(document):
        if "$ref" not in media.get("schema", {}) and "example" not in media:
            found = drawn.known["doors"].get(door) or drawn.of(media.get("schema", {}), door, ())
            if found not in (None, {}):
                media["example"] = found


def json_parts(document: Schema) -> Iterator[tuple[str, Schema]]:
    """Every JSON body and answer of success, by door: ``post /v1/applications 201``, with ``body`` for what is sent."""
    for path, methods in document["paths"].items():
        for method in METHODS:
            operation = methods.get(method, {})
            parts = {"body": operation.get("requestBody", {})}
            parts |= {status: part for status, part in operation.get("responses", {}).items() if status.startswith("2")}
            for which, part in parts.items():
                for media_type, media in part.get("content", {}).items():
                    if media_type in JSON:
                        yield f"{method} {path} {which}", media


class _Drawn:
    """Examples of schemas: what the schema itself shows, else what its parts do."""

    def __init__(self, schemas: dict[str, Schema], known: dict[str, dict[str, Any]]) -> None:
        self.schemas, self.known = schemas, known

    def object_of(self, schema: Schema, owner: str, within: tuple[str, ...]) -> dict[str, Any]:
        """An object with all that it must have, and what the file or a default gives it beside that."""
        needed = set(schema.get("required", ()))
        return {
            name: self._field(member, owner, name, within)
            for name, member in schema.get("properties", {}).items()
            if name in needed or f"{owner}.{name}" in self.known["fields"] or member.get("default")
        }

    def of(self, schema: Schema, name: str, within: tuple[str, ...]) -> Any:
        """What a value of this schema looks like; `within` are the objects around it, which an example leaves out."""
        if "$ref" in schema:
            owner = schema["$ref"].removeprefix(REFERENCE)
            named = self.schemas.get(owner, {})
            if owner in within:
                return None
            if "properties" in named and "examples" not in named:
                return self.object_of(named, owner, (*within, owner))
            return self.of(named, owner, (*within, owner))
        if shown := schema.get("examples"):
            return shown[0]
        if schema.get("default"):
            return schema["default"]
        if "const" in schema or "enum" in schema:
            return schema.get("const", next(iter(schema.get("enum", ())), None))
        for choice in ("anyOf", "oneOf", "allOf"):
            if choice in schema:
                return self.of(next(each for each in schema[choice] if each.get("type") != "null"), name, within)
        return self._plain(schema, name, within)

    def _field(self, schema: Schema, owner: str, name: str, within: tuple[str, ...]) -> Any:
        fields = self.known["fields"]
        if f"{owner}.{name}" in fields:
            return fields[f"{owner}.{name}"]
        drawn = self.of(schema, name, within)
        if name not in fields or not _is_open(drawn):
            return drawn
        return [fields[name]] if isinstance(drawn, list) and not isinstance(fields[name], list) else fields[name]

    def _plain(self, schema: Schema, name: str, within: tuple[str, ...]) -> Any:
        match schema.get("type"):
            case "object":
                if "properties" in schema:
                    return self.object_of(schema, name, within)
                more = schema.get("additionalProperties")
                return {} if not isinstance(more, dict) or not more else {UNKNOWN: self.of(more, name, within)}
            case "array":
                inner = self.of(schema.get("items", {}), name, within)
                return [] if inner is None else [inner]
            case "string":
                return _BY_FORMAT.get(schema.get("format", ""), UNKNOWN)
            case "integer" | "number":
                return self.known["numbers"].get(name, schema.get("minimum", 1))
            case "boolean":
                return self.known["truths"].get(name, True)
            case _:
                return {}


def _is_open(drawn: Any) -> bool:
    """Whether nobody has said what it looks like."""
    if isinstance(drawn, list):
        return all(map(_is_open, drawn))
    return drawn == UNKNOWN or (isinstance(drawn, dict) and (not drawn or UNKNOWN in drawn))


@cache
def _known() -> dict[str, dict[str, Any]]:
    read: dict[str, dict[str, Any]] = yaml.safe_load(FILE.read_text("utf-8"))
    return read
