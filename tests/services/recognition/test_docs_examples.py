"""What docs/add-a-recogniser.md and docs/recognisers.md show can be copied as it stands."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import yaml

from app.core.problems import UPSTREAM_UNAVAILABLE, Problem
from app.core.safe_xml import parse_small
from app.services.recognition import Box, Hints, PlateReading, RecogniserConfig
from app.services.recognition.backends import remote
from app.services.recognition.backends.pictures import Picture
from app.services.recognition.choice import builder_of
from app.services.recognition.configuration import RecogniserFile
from app.services.recognition.problems import RECOGNISER_BUSY
from app.services.recognition.reading import VehicleTraits
from tests.loopback import Loopback, Reply
from tests.services.recognition.test_backends import PICTURE

DOCS = Path(__file__).parents[3] / "docs"


def blocks(page: str, language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", (DOCS / page).read_text(), flags=re.DOTALL)


async def test_the_class_of_the_how_to_is_a_whole_recogniser() -> None:
    (code,) = blocks("add-a-recogniser.md", "python")
    (told,) = re.findall(r"answers `(\{.*?\})`:", (DOCS / "add-a-recogniser.md").read_text())
    asked: list[tuple[str, bytes]] = []
    answers = [Reply(200, told.encode()), Reply(200, b'{"plates":[{"text":"B1A"}]}')]

    async def answer(_method: str, path: str, _headers: dict[str, str], body: bytes) -> Reply:
        asked.append((path, body))
        return answers[len(asked) - 1]

    module: dict = {"__name__": "my_reader"}
    exec(code, module)
    async with Loopback(answer) as server:
        recogniser = module["build"](RecogniserConfig("ours", server.url, options={"country": "my"}))
        (best,) = (await recogniser.read(PICTURE)).results
        problem = None
        try:
            await recogniser.read(PICTURE)
        except Problem as refused:
            problem = refused.type
        await recogniser.aclose()
    assert (best.plate, best.confidence, best.box) == ("B1234XYZ", 0.93, Box(148, 478, 288, 480))
    assert problem is UPSTREAM_UNAVAILABLE
    assert asked[0] == ("/read?country=my", PICTURE)


def test_the_files_of_the_pages_are_taken() -> None:
    whole, *parts = (yaml.safe_load(block) for block in blocks("recognisers.md", "yaml"))
    for text in (whole, yaml.safe_load(blocks("add-a-recogniser.md", "yaml")[0])):
        assert RecogniserFile.model_validate(text).default.read
    inference, house_made = parts[0]["options"], parts[1]["house-made"]
    for kind, options in (("open-inference", inference), (house_made["kind"], house_made["options"])):
        builder_of(kind)(RecogniserConfig(kind, "http://127.0.0.1:9", options=options))


class _Xml:
    """A dialect that uses what the table of the how-to names beside its class."""

    path, most_bytes = "anpr", remote.MIB

    async def ask(self, picture: Picture, hints: Hints) -> dict[str, Any]:
        return {"files": {"image": ("image.jpg", picture.data)}, "data": {"camera": hints.camera or ""}}

    def plates(self, answer: httpx.Response, picture: Picture) -> Iterator[PlateReading]:
        if answer.status_code != 200:
            raise remote.refusal("ours", answer.status_code, retry_after="7")
        if answer.content.startswith(b"["):
            answer.json().get("plates")
        for each in parse_small(answer.content).iter("plate"):
            raw = each.get("text", "")
            plate = remote.canonical(raw)
            yield PlateReading(
                plate=plate,
                confidence=remote.unit(float(each.get("sure", "0"))),
                box=picture.box(1, 2, 3, 4),
                region="id",
                alternatives=remote.alternatives([("B1234XYI", 0.1), (plate, 0.9)], plate),
                raw=raw,
                characters=remote.characters([float(one) for one in each.get("sures", "").split()], raw, plate),
                vehicle=VehicleTraits(colour="black"),
            )


async def test_what_else_the_how_to_names_does_what_it_says() -> None:
    xml = b'<a><plate text="D 1 AB" sure="1.2" sures="0.9 0 0.8 0 0.7 0.6"/></a>'
    answers = [Reply(200, xml), Reply(200, b"<html>busy<p></html>"), Reply(200, b"[]"), Reply(429, b"")]
    asked: list[dict[str, str]] = []

    async def answer(_method: str, _path: str, headers: dict[str, str], _body: bytes) -> Reply:
        asked.append(headers)
        return answers[len(asked) - 1]

    problems: list[Problem] = []
    async with Loopback(answer) as server:
        config = RecogniserConfig("ours", server.url, token="secret")
        ours = remote.RemoteRecogniser(config, _Xml(), headers={"Authorization": f"Bearer {config.token}"})
        (best,) = (await ours.read(PICTURE)).results
        for _ in range(3):
            try:
                await ours.read(PICTURE)
            except Problem as problem:
                problems.append(problem)
        await ours.aclose()
    assert (best.plate, best.confidence, best.characters) == ("D1AB", 1.0, (0.9, 0.8, 0.7, 0.6))
    assert [each.plate for each in best.alternatives] == ["B1234XYI"]
    assert {each["authorization"] for each in asked} == {"Bearer secret"}
    assert [each.type for each in problems] == [UPSTREAM_UNAVAILABLE, UPSTREAM_UNAVAILABLE, RECOGNISER_BUSY], (
        "no XML, JSON of another form, and a full server"
    )
    assert problems[2].headers["Retry-After"] == "7"
