"""Who reads: what the setting and its file say, who steps in for whom, and how votes are counted."""

from collections.abc import Mapping
from importlib.metadata import EntryPoint, EntryPoints
from pathlib import Path
from typing import Any

import pytest

from app.core.config import Settings
from app.core.problems import BUSY, UPSTREAM_UNAVAILABLE, Problem, ProblemType
from app.services.recognition import (
    NO_HINTS,
    PICTURE_NOT_READABLE,
    RECOGNISER_BUSY,
    RECOGNISER_REFUSED,
    Alternative,
    Box,
    Hints,
    PlannedRecogniser,
    PlateReading,
    Reading,
    RecogniserFault,
    Vote,
    choose_recogniser,
)
from app.services.recognition.backends.embedded import EmbeddedRecogniser
from app.services.recognition.backends.remote import RemoteRecogniser
from app.services.recognition.configuration import RecogniserFile

LEFT, RIGHT = Box(0, 0, 100, 40), Box(500, 0, 600, 40)
REFUSALS: dict[ProblemType, dict[str, Any]] = {
    UPSTREAM_UNAVAILABLE: {"name": "x"},
    BUSY: {"name": "x", "retry_after": 1},
    RECOGNISER_BUSY: {"retry_after": 1},
    RECOGNISER_REFUSED: {"name": "x", "status": 403},
    PICTURE_NOT_READABLE: {},
}


def plate(text: str, confidence: float, box: Box = LEFT, *others: str) -> PlateReading:
    return PlateReading(text, confidence, box, "id", tuple(Alternative(each, 0.1) for each in others), text)


class Says:
    """A recogniser that always says the same."""

    def __init__(self, name: str, answer: ProblemType | Exception | tuple[PlateReading, ...]) -> None:
        self.name, self.answer, self.asked = name, answer, 0

    decodes_elsewhere = False

    async def warm_up(self) -> None:
        raise RuntimeError("no model")

    async def aclose(self) -> None: ...

    async def read(self, image: bytes, hints: Hints = NO_HINTS) -> Reading:
        self.asked += 1
        if isinstance(self.answer, ProblemType):
            raise self.answer(**REFUSALS[self.answer])
        if isinstance(self.answer, Exception):
            raise self.answer
        return Reading(self.answer, self.name, 1)


def planned(
    plan: dict[str, Any], answers: Mapping[str, ProblemType | Exception | tuple[PlateReading, ...]], **more: Any
) -> tuple[PlannedRecogniser, dict[str, Says]]:
    readers = {name: Says(name, answer) for name, answer in answers.items()}
    entries = {name: {"kind": "embedded"} for name in answers}
    file = RecogniserFile.model_validate({"recognisers": entries, "default": plan, **more})
    return PlannedRecogniser(readers, file), readers


@pytest.mark.parametrize("away", REFUSALS)
async def test_the_next_one_reads_when_the_first_cannot(away: ProblemType) -> None:
    answers = {"first": away, "second": (plate("B1A", 0.9),), "third": (plate("B2B", 0.9),)}
    recogniser, readers = planned({"read": ["first", "second", "third"]}, answers)
    await recogniser.warm_up()  # what cannot warm up may still be asked
    assert (await recogniser.read(b"")).backend == "second"
    assert [each.asked for each in readers.values()] == [1, 1, 0]


async def test_nothing_on_the_street_is_an_answer_that_nobody_steps_in_for() -> None:
    recogniser, readers = planned({"read": ["first", "second"]}, {"first": (), "second": (plate("B1A", 0.9),)})
    assert (await recogniser.read(b"")).results == ()
    assert readers["second"].asked == 0


async def test_a_bug_is_not_hidden_by_stepping_in() -> None:
    for plan in ({"read": ["first", "second"]}, {"read": [{"vote": ["first", "second"]}, "second"]}):
        recogniser, _ = planned(plan, {"first": RuntimeError("bug"), "second": ()})
        with pytest.raises(RuntimeError, match="bug"):
            await recogniser.read(b"")


async def test_when_none_reads_the_picture_is_bad_only_if_all_say_so() -> None:
    """A capture is read again later rather than given up while one reader has not seen it."""
    for answers, told in [
        ((PICTURE_NOT_READABLE, UPSTREAM_UNAVAILABLE), UPSTREAM_UNAVAILABLE),
        ((RECOGNISER_REFUSED, RECOGNISER_BUSY), RECOGNISER_BUSY),
        ((PICTURE_NOT_READABLE, RECOGNISER_REFUSED), RECOGNISER_REFUSED),
        ((PICTURE_NOT_READABLE, PICTURE_NOT_READABLE), PICTURE_NOT_READABLE),
    ]:
        recogniser, _ = planned({"read": ["a", "b"]}, dict(zip("ab", answers, strict=True)))
        with pytest.raises(Problem) as refused:
            await recogniser.read(b"")
        assert refused.value.type is told


async def test_a_camera_goes_before_its_polda_and_that_before_the_rest() -> None:
    answers = {name: (plate(f"B{n}A", 0.9),) for n, name in enumerate(("rest", "polda", "camera", "watcher"), start=1)}
    recogniser, _ = planned(
        {"read": ["rest"]},
        answers,
        poldas={"PMJ": {"read": ["polda"], "shadow": "watcher"}},
        cameras={"cam-1": {"read": ["camera"]}},
    )
    for hints, reader in [
        (Hints(camera="cam-1", polda="PMJ"), "camera"),
        (Hints(camera="cam-2", polda="PMJ"), "polda"),
        (Hints(camera="cam-2", polda="JABAR"), "rest"),
        (NO_HINTS, "rest"),
    ]:
        assert (await recogniser.read(b"", hints)).backend == reader
    assert recogniser.shadow_for(Hints(polda="PMJ")) == "watcher"
    assert recogniser.shadow_for(Hints(camera="cam-1", polda="PMJ")) is None


async def test_agreement_adds_nothing_and_disagreement_takes_away() -> None:
    vote = {"read": [{"vote": ["a", "b", "c"]}]}
    agreed, _ = planned(vote, {name: (plate("B1A", 0.8),) for name in "abc"})
    best = (await agreed.read(b"")).results[0]
    assert (best.plate, best.confidence) == ("B1A", 0.8)

    split, _ = planned(
        vote, {"a": (plate("B1A", 0.6, LEFT, "B1R"),), "b": (plate("B1R", 0.99),), "c": (plate("B1A", 0.9),)}
    )
    reading = await split.read(b"")
    (best,) = reading.results
    assert (best.plate, best.confidence) == ("B1A", 0.6)  # two thirds of the surest that says so
    assert best.alternatives == (Alternative("B1R", 0.33),)
    assert reading.votes == (Vote("a", "B1A", 0.6), Vote("b", "B1R", 0.99), Vote("c", "B1A", 0.9))
    assert reading.backend == "vote(a,b,c)"


async def test_what_a_majority_did_not_see_is_doubtful_and_other_vehicles_stay() -> None:
    vote = {"read": [{"vote": ["a", "b", "c"]}]}
    recogniser, _ = planned(
        vote, {"a": (plate("B1A", 0.9), plate("D2D", 0.6, RIGHT)), "b": (plate("D2D", 0.9, RIGHT),), "c": ()}
    )
    reading = await recogniser.read(b"")
    assert [(each.plate, each.confidence, each.box) for each in reading.results] == [
        ("D2D", 0.6, RIGHT),  # the one that most saw, though it was best for one of them only
        ("B1A", 0.3, LEFT),
    ]
    assert [vote.plate for vote in reading.votes] == ["B1A", "D2D", None]


async def test_one_answer_is_no_vote() -> None:
    answers = {
        "a": UPSTREAM_UNAVAILABLE,
        "b": (plate("B1A", 0.9),),
        "c": PICTURE_NOT_READABLE,
        "d": (plate("B9Z", 0.9),),
    }
    alone, _ = planned({"read": [{"vote": ["a", "b", "c"]}]}, answers)
    with pytest.raises(Problem) as refused:
        await alone.read(b"")
    assert refused.value.type is UPSTREAM_UNAVAILABLE
    helped, _ = planned({"read": [{"vote": ["a", "b", "c"]}, "d"]}, answers)
    assert (await helped.read(b"")).backend == "d"
    two_of_three, _ = planned({"read": [{"vote": ["a", "b", "d"]}]}, answers)
    assert len((await two_of_three.read(b"")).votes) == 2


def settings(recogniser: str, **more: Any) -> Settings:
    return Settings(_env_file=None, recogniser=recogniser, **more)


async def test_a_word_or_an_address_is_one_recogniser_that_reads_everything() -> None:
    for setting, name, kind in [
        ("embedded", "embedded", EmbeddedRecogniser),
        ("http://127.0.0.1:8080", "plate-recognizer", RemoteRecogniser),
    ]:
        chosen = choose_recogniser(settings(setting))
        assert {key: type(reader) for key, reader in chosen.readers.items()} == {name: kind}
        assert chosen.plan_for(NO_HINTS).read == [name]
        await chosen.aclose()
    point = EntryPoint("own", "app.services.recognition.backends.embedded:build", "loket.recognisers")
    chosen = choose_recogniser(settings("own"), installed=EntryPoints([point]))
    assert list(chosen.readers) == ["own"]
    await chosen.aclose()
    with pytest.raises(RecogniserFault, match=r"'tesseract'.*embedded.*omni-lpr"):
        choose_recogniser(settings("tesseract"))


FILE = """
recognisers:
  own: {kind: embedded}
  cloud:
    kind: plate-recognizer
    url: https://reader.example
    token_file: cloud.token
    timeout_s: 4
    options: {regions: [id, my]}
default: {read: [cloud, own]}
poldas:
  PMJ: {read: [{vote: [cloud, own]}, own], shadow: cloud}
"""


async def test_a_file_names_them_all(tmp_path: Path) -> None:
    (tmp_path / "cloud.token").write_text("a-secret\n")
    path = tmp_path / "recognisers.yaml"
    path.write_text(FILE)
    chosen = choose_recogniser(settings(str(path)))
    cloud = chosen.readers["cloud"]
    assert isinstance(cloud, RemoteRecogniser)
    assert cloud._upstream._client.headers["Authorization"] == "Token a-secret"
    assert chosen.shadow_for(Hints(polda="PMJ")) == "cloud"
    await chosen.aclose()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("default: {read: [cloud, own]}", "default: {read: [cloud, sky]}"), "sky is named in a plan"),
        (("vote: [cloud, own]", "vote: [own, own]"), "one vote"),
        (("kind: embedded", "kind: tesseract"), "'tesseract' is no recogniser"),
        (("token_file: cloud.token", "token: a-secret"), "recognisers.cloud.token: Extra inputs"),
        (("token_file: cloud.token", "token_file: nowhere"), "nowhere cannot be read"),
        (("url: https://reader.example", "url: ftp://a-secret"), "recognisers.cloud.url"),
        (("regions: [id, my]", "regoins: [id]"), "recogniser cloud: regoins"),
        (("default:", "default: ["), "is no YAML"),
        (("timeout_s: 4", "timeout_s: 4000"), "timeout_s"),
    ],
)
def test_a_mistake_in_the_file_is_told_with_its_place_and_without_secrets(
    tmp_path: Path, change: tuple[str, str], words: str
) -> None:
    (tmp_path / "cloud.token").write_text("a-secret")
    path = tmp_path / "recognisers.yaml"
    path.write_text(FILE.replace(*change))
    with pytest.raises(RecogniserFault, match=words) as told:
        choose_recogniser(settings(str(path)))
    assert "a-secret" not in str(told.value)
    with pytest.raises(RecogniserFault, match="cannot be read"):
        choose_recogniser(settings(str(tmp_path / "none.yaml")))
