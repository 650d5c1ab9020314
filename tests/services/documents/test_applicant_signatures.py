"""Photographed signatures: dark ink on plain white paper passes, and each other thing is said."""

import numpy as np
import pytest
from PIL import Image, ImageDraw, ImageFilter

from app.services.documents import PhotoVerdict, SignatureRule, check_signature, load_photo_rules
from tests.services.documents.portraits import as_bytes, paper, portrait, signature, wall

Picture = Image.Image


def check(picture: Picture) -> PhotoVerdict:
    rule = load_photo_rules().get("signature")
    assert isinstance(rule, SignatureRule)
    return check_signature(as_bytes(picture), rule)


def ruled(picture: Picture, *, tilt: float = 0.0, squared: bool = False, step: int = 40) -> Picture:
    lines = Image.new("L", picture.size)
    draw, slope = ImageDraw.Draw(lines), np.tan(np.radians(tilt))
    for at in range(-200, max(picture.size) + 200, step):
        draw.line((0, at, picture.width, at + picture.width * slope), fill=255, width=2)
        if squared:
            draw.line((at, 0, at - picture.height * slope, picture.height), fill=255, width=2)
    picture.paste((200, 208, 224), (0, 0), lines)
    return picture


def shaded(picture: Picture, share: float) -> Picture:
    """A hand's shadow over one corner."""
    rows, columns = np.mgrid[: picture.height, : picture.width]
    corner = Image.fromarray(((rows + columns > picture.width * 0.85) * 255).astype(np.uint8))
    soft = np.asarray(corner.filter(ImageFilter.GaussianBlur(12)), dtype=float) / 255
    return Image.fromarray((np.asarray(picture) * (1 - (1 - share) * soft[..., None])).astype(np.uint8))


def underlined() -> Picture:
    picture = signature()
    ImageDraw.Draw(picture).line((90, 380, 810, 340), fill=(28, 27, 32), width=6)
    return picture


def on_a_screen() -> Picture:
    picture = Image.new("RGB", (500, 220), "white")
    ImageDraw.Draw(picture).line([(100, 100), (200, 160), (300, 60), (400, 150)], fill="black", width=5)
    return picture


@pytest.mark.parametrize(
    "picture",
    [
        signature,
        underlined,
        on_a_screen,
        lambda: signature((3000, 2000), width=26),
        lambda: signature((300, 150), width=3),
        lambda: signature(width=2),
        lambda: signature(light=0.4),
        lambda: signature(paper=(170, 168, 165)),
        lambda: signature(paper=(240, 225, 200)),
        lambda: shaded(signature(), 0.8),
    ],
)
def test_ink_on_white_paper_passes(picture: object) -> None:
    verdict = check(picture())  # type: ignore[operator]
    assert (verdict.problems, verdict.warnings) == ((), ())


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (lambda: ruled(signature()), "signature-lined-paper"),
        (lambda: ruled(signature(), tilt=7), "signature-lined-paper"),
        (lambda: ruled(signature(), tilt=3, squared=True), "signature-lined-paper"),
        (lambda: ruled(signature((2400, 1200), width=20), step=110), "signature-lined-paper"),
        (lambda: wall((240, 239, 236), (900, 450)), "signature-too-little-ink"),
        (paper, "signature-too-much-ink"),
        (lambda: signature().crop((250, 0, 900, 450)), "signature-touches-edge"),
        (lambda: signature(ink=(165, 165, 168)), "signature-faint"),
        (lambda: signature(ink=(120, 120, 125)), "signature-faint"),
        (lambda: shaded(signature(), 0.45), "signature-shadow"),
        (lambda: signature(paper=(90, 88, 85), ink=(10, 10, 12)), "signature-paper-not-white"),
        (lambda: signature(paper=(240, 220, 140)), "signature-paper-not-white"),
        (lambda: signature((200, 100), width=2), "photo-too-small"),
    ],
)
def test_each_fault_is_said_alone(picture: object, code: str) -> None:
    assert [each.code for each in check(picture()).problems] == [code]  # type: ignore[operator]


def test_blue_ink_is_for_the_officer() -> None:
    verdict = check(signature(ink=(30, 50, 150)))
    assert ([each.code for each in verdict.warnings], verdict.fits) == (["signature-coloured-ink"], True)


def test_a_photo_of_a_person_is_no_signature() -> None:
    assert not check(portrait()).fits
