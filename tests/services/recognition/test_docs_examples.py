"""What docs/add-a-recogniser.md and docs/recognisers.md show can be copied as it stands."""

import re
from pathlib import Path

import yaml

from app.core.problems import UPSTREAM_UNAVAILABLE, Problem
from app.services.recognition import Box, RecogniserConfig
from app.services.recognition.choice import builder_of
from app.services.recognition.configuration import RecogniserFile
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
