"""Photos of applicants: a good one passes in every colour, and each fault is said with what is wanted instead."""

import contextlib
import io
import os
from functools import cache

import numpy as np
import pillow_heif
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFilter

from app.core.problems import Problem
from app.services.documents import (
    SCANS,
    PhotoRule,
    PhotoVerdict,
    check_applicant_document,
    check_applicant_photo,
    load_photo_rules,
    normalised,
)
from app.services.documents.faces import find_faces
from tests.services.documents.portraits import BLUE, RED, SIZE, WHITE, YELLOW, as_bytes, portrait, sitter, wall
from tests.services.documents.test_uploads import pdf, png_of

RULES = load_photo_rules()
TALL = (480, 720)


def rule(name: str = "sim") -> PhotoRule:
    found = RULES.get(name)
    assert isinstance(found, PhotoRule)
    return found


def check(picture: Image.Image | bytes, name: str = "sim") -> PhotoVerdict:
    return check_applicant_photo(picture if isinstance(picture, bytes) else as_bytes(picture), rule(name))


def codes(picture: Image.Image | bytes, name: str = "sim") -> list[str]:
    return [each.code for each in check(picture, name).problems]


def warnings(picture: Image.Image | bytes, name: str = "sim") -> list[str]:
    verdict = check(picture, name)
    assert verdict.fits, verdict.problems
    return [each.code for each in verdict.warnings]


def refusal(data: bytes) -> Problem:
    with pytest.raises(Problem) as caught:
        check(data)
    assert caught.value.detail("id") != caught.value.detail("en")
    return caught.value


def dimmed(picture: Image.Image, share: float) -> Image.Image:
    return Image.fromarray((np.asarray(picture) * share).astype(np.uint8))


def striped(wide: int, other: tuple[int, int, int]) -> Image.Image:
    behind = wall(BLUE, SIZE)
    draw = ImageDraw.Draw(behind)
    for x in range(0, SIZE[0], 2 * wide):
        draw.rectangle((x, 0, x + wide, SIZE[1]), fill=other)
    return portrait(behind=behind)


# --- what fits
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "colour", "size", "scale"),
    [
        ("sim", BLUE, SIZE, 1.0),
        ("sim", (0, 114, 198), SIZE, 1.3),
        ("skck", RED, TALL, 1.0),
        ("skck_foreigner", YELLOW, TALL, 1.0),
        ("sim_international", WHITE, SIZE, 0.8),
    ],
)
def test_a_good_photo_passes_without_a_word(
    name: str, colour: tuple[int, int, int], size: tuple[int, int], scale: float
) -> None:
    verdict = check(portrait(colour, size=size, scale=scale, at=(0.5, max(1.0, 1 + (scale - 1) * 0.8))), name)
    assert (verdict.problems, verdict.warnings) == ((), ())
    assert (verdict.width, verdict.height, verdict.media_type) == (*size, "image/jpeg")


@pytest.mark.parametrize("share", [0.55, 0.8])
@pytest.mark.parametrize(("name", "colour", "size"), [("sim", BLUE, SIZE), ("skck", RED, TALL)])
def test_a_shadow_on_a_coloured_wall_does_not_matter(
    name: str, colour: tuple[int, int, int], size: tuple[int, int], share: float
) -> None:
    behind = wall(colour, size)
    edge = round(size[0] * 0.72)
    behind.paste(dimmed(behind.crop((edge, 0, *size)), share), (edge, 0))
    assert codes(portrait(size=size, behind=behind), name) == []


def test_an_uneven_lamp_and_a_cheap_camera_do_not_matter() -> None:
    assert codes(portrait(light=0.5)) == []
    assert codes(portrait(noise=8.0)) == []
    assert codes(as_bytes(portrait(), quality=55)) == []


def test_a_dark_face_in_good_light_is_no_fault() -> None:
    person, mask = sitter()
    picture = wall(BLUE, SIZE)
    shape = (480, round(480 * 453 / 340))
    picture.paste(dimmed(person, 0.45).resize(shape), (0, 640 - shape[1]), mask.resize(shape))
    assert codes(picture) == []


# --- what has to be mended
# ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "picture", "code"),
    [
        ("sim", lambda: portrait(WHITE), "photo-background-colour"),
        ("skck", lambda: portrait(BLUE, size=TALL), "photo-background-colour"),
        ("sim", lambda: striped(3, WHITE), "photo-background-not-plain"),
        ("sim", lambda: striped(60, WHITE), "photo-background-not-plain"),
        ("sim", lambda: striped(8, (20, 50, 130)), "photo-background-not-plain"),
        ("sim", lambda: striped(20, (20, 50, 130)), "photo-background-not-plain"),
        ("sim_international", lambda: portrait((110, 108, 106)), "photo-background-shadow"),
        ("sim_international", lambda: portrait(WHITE).convert("L").convert("RGB"), "photo-no-colour"),
        ("sim", lambda: portrait(scale=0.6, at=(0.5, 0.8)), "photo-face-too-small"),
        ("sim", lambda: portrait(at=(0.75, 1.0)), "photo-face-place"),
        ("sim", lambda: portrait().filter(ImageFilter.GaussianBlur(3)), "photo-blurred"),
        ("sim", lambda: dimmed(portrait(), 0.3), "photo-too-dark"),
        ("sim", lambda: portrait().resize((240, 320)), "photo-too-small"),
        ("sim", lambda: portrait(size=(640, 640), at=(0.5, 1.25)), "photo-wrong-shape"),
    ],
)
def test_each_fault_is_said_alone(name: str, picture: object, code: str) -> None:
    verdict = check(picture(), name)  # type: ignore[operator]
    assert [each.code for each in verdict.problems] == [code]
    problem = verdict.problems[0]
    for text in (problem.says, problem.example):
        assert text.id.endswith(".")
        assert text.en.endswith(".")
        assert text.id != text.en
        assert "{" not in text.id + text.en


def test_the_sentence_names_what_is_seen_and_what_is_wanted() -> None:
    (wrong,) = check(portrait(WHITE)).problems
    assert wrong.says.en == "The background looks white; it has to be blue."
    assert wrong.says.id == "Latar belakang terlihat putih; yang diminta biru."
    assert wrong.example == rule().good


def test_all_faults_are_said_at_once() -> None:
    assert codes(portrait(WHITE, scale=0.5, size=(400, 640))) == [
        "photo-too-small",
        "photo-wrong-shape",
        "photo-face-too-small",
        "photo-face-place",
        "photo-background-colour",
    ]


def test_two_people_are_one_too_many() -> None:
    picture = portrait(scale=0.5, at=(0.27, 0.8))
    person, mask = sitter()
    shape = (240, 320)
    picture.paste(person.resize(shape), (240, 192), mask.resize(shape))
    assert "photo-several-faces" in codes(picture)


def test_a_burnt_out_face_glares() -> None:
    person, mask = sitter()
    flash = Image.fromarray(np.clip(np.asarray(person) * 2.4, 0, 255).astype(np.uint8))
    picture, shape = wall(BLUE, SIZE), (480, 640)
    picture.paste(flash.resize(shape), (0, 0), mask.resize(shape))
    assert codes(picture) == ["photo-glare"]


# --- where the machine may err, it warns
# ---------------------------------------------------------------------------------------------


def test_a_face_that_is_not_found_is_for_the_officer() -> None:
    hidden = portrait()
    ImageDraw.Draw(hidden).ellipse((165, 60, 320, 265), fill=(205, 160, 140))
    assert "photo-no-face-found" in warnings(hidden)
    assert "photo-no-face-found" in warnings(wall(BLUE, SIZE))


def test_a_background_without_a_trace_of_light_is_for_the_officer() -> None:
    flat = Image.new("RGB", SIZE, BLUE)
    assert warnings(as_bytes(portrait(behind=flat), "PNG")) == ["photo-background-edited"]
    assert warnings(as_bytes(portrait(behind=flat), quality=80)) == ["photo-background-edited"]


def test_a_soft_picture_is_for_the_officer() -> None:
    assert warnings(portrait().filter(ImageFilter.GaussianBlur(2))) == ["photo-soft"]


@cache
def patches() -> np.ndarray:
    import skimage.data

    return np.load(os.path.join(os.path.dirname(skimage.data.__file__), "lfw_subset.npy"))  # type: ignore[no-any-return]


def drawn(patch: np.ndarray, side: int) -> Image.Image:
    """A patch of LFW, enlarged, as the face of somebody before a wall."""
    face = Image.fromarray((patch * 255).astype(np.uint8)).resize((side, side), Image.Resampling.BICUBIC)
    tinted = Image.merge("RGB", [face, face.point(lambda v: v * 0.82), face.point(lambda v: v * 0.72)])
    mask = Image.new("L", (side, side))
    ImageDraw.Draw(mask).ellipse((-0.12 * side, -0.12 * side, 1.12 * side, 1.12 * side), fill=255)
    picture = wall(BLUE, (360, 480))
    picture.paste(tinted, ((360 - side) // 2, 120), mask)
    return picture


@pytest.mark.parametrize("side", [90, 180])
def test_the_face_finder_is_as_good_as_its_docs_say(side: int) -> None:
    """A tenth of what was measured (the whole takes a minute): 95 of 100 are found surely, and none where none is."""
    faces = [find_faces(drawn(each, side)) for each in patches()[:100:10]]
    others = [find_faces(drawn(each, side)) for each in patches()[100::10]]
    assert sum(each.main is not None and each.main.sure for each in faces) >= 9
    assert sum(each.others for each in faces) == 0
    assert sum(each.main is not None and each.main.sure for each in others) == 0


# --- files that are no photos
# ---------------------------------------------------------------------------------------------


def heic(picture: Image.Image) -> bytes:
    out = io.BytesIO()
    pillow_heif.from_pillow(picture).save(out, quality=80)
    return out.getvalue()


def test_a_phones_heic_is_taken_and_kept_as_jpeg() -> None:
    data = heic(portrait())
    verdict = check(data)
    assert (verdict.problems, verdict.media_type) == ((), "image/heic")
    kept = normalised(data, verdict.media_type)
    assert kept.media_type == "image/jpeg"
    assert Image.open(io.BytesIO(kept.data)).size == SIZE


@pytest.mark.parametrize("share", [0.01, 0.5, 0.99])
def test_a_heic_that_is_cut_off_is_said_to_be(share: float) -> None:
    data = heic(portrait())
    assert refusal(data[: max(40, int(len(data) * share))]).type.code == "documents-image-unreadable"


@pytest.mark.parametrize(
    ("data", "status", "word"),
    [
        (b"", 422, "holds nothing"),
        (b"PK\x03\x04 word/document.xml", 415, "Word, Excel, ZIP"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", 415, "old Word"),
        (b"\0\0\0\x1cftypavif\0\0\0\0avifmif1", 415, "AVIF"),
        (b"\0\0\0\x18ftypmp42\0\0\0\0mp42isom", 415, "a film"),
        (b"<svg onload=alert(1)>", 415, "SVG"),
        (b"GIF89a" + bytes(50), 415, "GIF"),
        (b"MZ" + bytes(90), 415, "a program"),
        (pdf(b"<< /Type /Catalog >>"), 415, "PDF"),
        (bytes(1000), 415, "unknown kind"),
        (png_of(20_000, 20_000), 422, "50 megapixels"),
        (as_bytes(portrait())[:9000], 422, "cut off"),
    ],
)
def test_what_is_no_photo_is_named(data: bytes, status: int, word: str) -> None:
    problem = refusal(data)
    assert problem.type.status == status
    assert word in problem.detail("en")


def test_a_picture_of_one_pixel_is_too_small_and_nothing_else() -> None:
    assert codes(as_bytes(Image.new("RGB", (1, 1)), "PNG")) == ["photo-too-small", "photo-wrong-shape"]


def test_a_kind_that_the_service_does_not_take_is_named() -> None:
    with pytest.raises(Problem) as caught:
        check_applicant_document(
            as_bytes(portrait(), "WEBP"), rule(), max_bytes=10**6, wanted=("image/jpeg", "image/png")
        )
    assert "is WebP, whatever its name says. Send it as JPEG or PNG." in caught.value.detail("en")


def test_too_many_bytes_is_413() -> None:
    with pytest.raises(Problem) as caught:
        check_applicant_photo(as_bytes(portrait()), rule(), max_bytes=10_000)
    assert caught.value.type.status == 413


def test_a_jpeg_of_hundreds_of_passes_is_refused_at_once() -> None:
    """Each pass costs 31 bytes here and a walk over 16 megapixels: two hundred of them took 20 seconds to decode."""
    out = io.BytesIO()
    Image.new("RGB", (4000, 4000), BLUE).save(out, "JPEG", progressive=True)
    whole = out.getvalue()
    end, last = whole.rindex(b"\xff\xd9"), whole.rindex(b"\xff\xda")
    bomb = whole[:end] + whole[last:end] * 200 + whole[end:]
    assert refusal(bomb).type.code == "documents-image-unreadable"
    with pytest.raises(Problem):
        normalised(bomb, "image/jpeg")


def test_a_film_behind_the_picture_is_neither_counted_nor_kept() -> None:
    data = as_bytes(portrait(), progressive=True) + b"\xff\xda MARKER" * 300
    assert codes(data) == []
    assert b"MARKER" not in normalised(data, "image/jpeg").data


def test_the_place_where_it_was_taken_is_not_kept() -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010E] = 6, "MARKER"
    data = as_bytes(portrait().rotate(90, expand=True), exif=exif)
    assert codes(data) == [], "turned as its Exif says"
    kept = normalised(data, "image/jpeg").data
    assert b"MARKER" not in kept
    assert Image.open(io.BytesIO(kept)).size == SIZE


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    beginning=st.sampled_from(
        [
            b"",
            b"\xff\xd8\xff",
            b"\x89PNG\r\n\x1a\n",
            b"RIFF\0\0\0\0WEBP",
            b"%PDF-1.7\n",
            b"\0\0\0\x18ftypheic\0\0\0\0mif1",
        ]
    ),
    rest=st.binary(max_size=300),
)
def test_random_bytes_are_a_problem_and_never_a_crash(beginning: bytes, rest: bytes) -> None:
    for name in ("sim", "signature", None):
        with contextlib.suppress(Problem):
            found = RULES.get(name) if name else None
            check_applicant_document(beginning + rest, found, max_bytes=10**6, wanted=SCANS)


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(kind=st.sampled_from(["JPEG", "PNG", "WEBP", "HEIF"]), data=st.data())
def test_damaged_pictures_are_a_problem_or_a_verdict(kind: str, data: st.DataObject) -> None:
    small = portrait(size=(96, 128))
    whole = bytearray(heic(small) if kind == "HEIF" else as_bytes(small, kind))
    for _ in range(data.draw(st.integers(1, 10))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(Problem):
        verdict = check_applicant_document(bytes(whole), rule(), max_bytes=10**6, wanted=SCANS)
        assert normalised(bytes(whole), verdict.media_type).media_type == "image/jpeg"
