"""The file of photo rules: what is shipped is whole, and every fault of another is said with its line, all at once."""

import pytest

from app.services.documents import (
    SCANS,
    PhotoRule,
    PhotoRuleError,
    SignatureRule,
    check_applicant_document,
    load_photo_rules,
)
from app.services.documents.photo_rules import INK, read_photo_rules
from tests.services.documents.portraits import fitting

PHOTO = """
rules:
  sim:
    kind: photo
    title: {id: Foto, en: Photo}
    source: "Perpol 5/2021"
    pixels: {min: [480, 640]}
    shape: {ratio: [3, 4], tolerance: 0.1}
    background: blue
    face: {width: [0.2, 0.7], across: [0.3, 0.7], down: [0.2, 0.6]}
    good: {id: Contoh., en: Example.}
"""
SIGNATURE = """
  paraf:
    kind: signature
    title: {id: Paraf, en: Initials}
    source: "Perpol 5/2021"
    pixels: {min: [300, 120]}
    looks: [{id: Hitam., en: Black.}]
    good: {id: Contoh., en: Example.}
"""


def faults(text: str) -> list[str]:
    with pytest.raises(PhotoRuleError) as caught:
        read_photo_rules("rules.yaml", text)
    return str(caught.value).splitlines()


def test_the_shipped_rules_are_whole() -> None:
    rules = load_photo_rules()
    assert rules.names >= {"sim", "skck", "skck_foreigner", "sim_international", "signature"}
    colours = {each.name: each.background for each in rules.by_name.values() if isinstance(each, PhotoRule)}
    assert colours == {"sim": "blue", "skck": "red", "skck_foreigner": "yellow", "sim_international": "white"}


def test_a_rule_is_read_as_it_stands() -> None:
    rules = read_photo_rules("rules.yaml", PHOTO + SIGNATURE)
    sim, paraf = rules.get("sim"), rules.get("paraf")
    assert isinstance(sim, PhotoRule)
    assert (sim.min_width, sim.ratio, sim.tolerance, sim.face.down) == (480, (3, 4), 0.1, (0.2, 0.6))
    assert isinstance(paraf, SignatureRule)
    assert (paraf.ink, paraf.looks[0].en) == (INK, "Black.")


def test_an_unknown_name_says_which_there_are() -> None:
    with pytest.raises(KeyError, match="'passport'; there are: paraf, sim"):
        read_photo_rules("rules.yaml", PHOTO + SIGNATURE).get("passport")


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("kind: photo", "kind: video", 3, "rule sim needs a kind: photo or signature"),
        ("background: blue", "background: pink", 9, "background is one of blue, red, yellow, white"),
        ("    background: blue\n", "", 4, "rule sim lacks 'background'"),
        ("    title: {id: Foto, en: Photo}\n", "", 4, "rule sim lacks 'title'"),
        ("en: Photo", "en: ''", 5, "title's 'en' must be words"),
        ('"Perpol 5/2021"', '""', 6, "rule sim needs a source: the law or the official page"),
        ("[480, 640]", "[480]", 7, "min is two whole numbers: [.., ..]"),
        ("[480, 640]", "[0, 640]", 7, "min's numbers must be positive"),
        ("ratio: [3, 4]", "ratio: 3:4", 8, "ratio is two whole numbers: [.., ..]"),
        ("tolerance: 0.1", "tolerance: 12", 8, "tolerance is a share between 0 and 1"),
        ("down: [0.2, 0.6]", "down: [0.6, 0.2]", 10, "down is two shares from 0 to 1, the smaller first"),
        ("good:", "glasses: no\n    good:", 11, "rule sim has an unknown key 'glasses'"),
        ("good:", "ink: [0.1, 0.2]\n    good:", 11, "rule sim has an unknown key 'ink'"),
        ("good:", "looks: yes\n    good:", 11, "looks must be a list of texts"),
        ("    good:", "    kind: photo\n    good:", 11, "'kind' stands here twice"),
        ("good: {id", "good: [id", 11, "did not find"),
    ],
)
def test_each_fault_is_said_with_its_line(old: str, new: str, line: int, what: str) -> None:
    assert old in PHOTO
    (fault,) = faults(PHOTO.replace(old, new))
    assert fault.startswith(f"rules.yaml:{line}: ")
    assert what in fault


def test_all_faults_are_said_at_once() -> None:
    wrong = PHOTO.replace("background: blue", "background: pink").replace("[480, 640]", "[480]")
    assert len(faults(wrong + SIGNATURE.replace("source", "sauce"))) == 4


@pytest.mark.parametrize("text", ["", "[]", "rules: []", "other: {}"])
def test_a_file_of_another_shape_is_refused(text: str) -> None:
    assert faults(text)


@pytest.mark.parametrize("name", [*sorted(load_photo_rules().names), None])
def test_the_tests_have_a_picture_that_fits_each_shipped_rule(name: str | None) -> None:
    rule = load_photo_rules().get(name) if name else None
    verdict = check_applicant_document(fitting(name), rule, max_bytes=10**6, wanted=SCANS)
    assert (verdict.problems, verdict.warnings) == ((), ())
