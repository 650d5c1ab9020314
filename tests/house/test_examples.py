"""Every JSON body and answer of the API is shown by an example that its own schema accepts."""

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator

from app.cli.openapi import document
from app.routers.http import examples

IN_ANOTHERS_WORDS = {
    "post /v1/anpr/hooks/{vendor} 200": "a vendor's own answer",
    "post /v1/plate-reader/ 201": "Plate Recognizer's API",
}


@cache
def drawn() -> dict[str, Any]:
    """The document as it is published."""
    found: dict[str, Any] = json.loads(json.dumps(document(), default=str))
    return found


def doors() -> Iterator[tuple[str, dict[str, Any]]]:
    """Every body and answer of our own doors, with its media type object."""
    return ((door, media) for door, media in examples.json_parts(drawn()) if door.split()[1].startswith("/v1"))


def shown(media: dict[str, Any]) -> list[Any]:
    """The examples of a body: its own, or those of the schema that it names."""
    if "example" in media:
        return [media["example"]]
    schema = media.get("schema", {})
    if "$ref" in schema:
        schema = drawn()["components"]["schemas"][schema["$ref"].removeprefix(examples.REFERENCE)]
    return list(schema.get("examples", ()))


def faults(schema: dict[str, Any], example: object) -> list[str]:
    """What the schema has against an example."""
    whole = {**schema, "components": drawn()["components"]}
    return [f"{error.json_path}: {error.message}" for error in Draft202012Validator(whole).iter_errors(example)]


def test_every_json_body_and_answer_has_an_example_that_fits() -> None:
    seen = 0
    for door, media in doors():
        if door in IN_ANOTHERS_WORDS:
            continue
        seen += 1
        assert shown(media), f"{door} has no example"
        for example in shown(media):
            assert f'"{examples.UNKNOWN}"' not in json.dumps(example), f"{door}: say what it looks like: {example}"
            assert faults(media["schema"], example) == [], (door, example)
    assert seen > 200
    assert set(IN_ANOTHERS_WORDS) <= {door for door, _ in doors()}, "no exception any more"


def test_every_line_of_the_file_is_of_a_field_that_there_is() -> None:
    known = yaml.safe_load(examples.FILE.read_text("utf-8"))
    schemas = drawn()["components"]["schemas"]
    fields = {f"{owner}.{name}" for owner, schema in schemas.items() for name in schema.get("properties", {})}
    names = {each.partition(".")[2] for each in fields}
    for section in ("fields", "numbers", "truths"):
        unknown = [each for each in known[section] if each not in (fields if "." in each else names)]
        assert unknown == [], section
    assert set(known["doors"]) <= {door for door, _ in examples.json_parts(drawn())}


@pytest.mark.parametrize(
    ("schema", "example"),
    [
        ({"$ref": "#/components/schemas/Inner"}, {"name": "Budi", "next": None}),
        ({"type": "array", "items": {"enum": ["a", "b"]}}, ["a"]),
        ({"anyOf": [{"type": "null"}, {"type": "string", "format": "date"}]}, "2026-11-30"),
        ({"type": "string", "examples": ["x"]}, "x"),
        ({"type": "string"}, examples.UNKNOWN),
    ],
)
def test_an_example_is_put_together_from_its_parts(schema: dict[str, Any], example: object) -> None:
    inner = {
        "type": "object",
        "properties": {
            "name": {"type": "string"},
            "next": {"anyOf": [{"$ref": "#/components/schemas/Inner"}, {"type": "null"}]},
            "left": {"type": "string"},
        },
        "required": ["name", "next"],
    }
    made = {
        "paths": {"/x": {"get": {"responses": {"200": {"content": {"application/json": {"schema": schema}}}}}}},
        "components": {"schemas": {"Inner": inner}},
    }
    known = {"fields": {"Inner.name": "Budi"}, "numbers": {}, "truths": {}, "doors": {}}
    assert examples._Drawn({"Inner": inner}, known).of(schema, "x", ()) == example
    examples.add_examples(made)
    assert made["components"]["schemas"]["Inner"]["examples"][0]["next"] is None  # type: ignore[index]
