"""Papers of applicants: what an officer can read passes, and the rest is said before anybody pays."""

import numpy as np
import pytest
from PIL import Image, ImageFilter

from app.core.problems import Problem
from app.services.documents import ScanVerdict, check_scan, normalised
from tests.services.documents.portraits import as_bytes, paper, wall
from tests.services.documents.test_uploads import CATALOG, pdf

WHITE = (238, 237, 233)


def check(picture: Image.Image) -> ScanVerdict:
    return check_scan(as_bytes(picture))


def blurred(radius: float) -> Image.Image:
    return paper().filter(ImageFilter.GaussianBlur(radius))


@pytest.mark.parametrize("picture", [paper, lambda: paper((2480, 3508)), lambda: paper((900, 640), lines=14)])
def test_a_paper_that_can_be_read_passes(picture: object) -> None:
    verdict = check(picture())  # type: ignore[operator]
    assert (verdict.problems, verdict.warnings, verdict.media_type) == ((), (), "image/jpeg")


def test_a_real_page_passes_until_it_is_blurred() -> None:
    from skimage import data

    page = Image.fromarray(data.page()).convert("RGB").resize((1536, 764), Image.Resampling.BICUBIC)
    assert check(page).problems == ()
    assert [each.code for each in check(page.filter(ImageFilter.GaussianBlur(4))).problems] == ["scan-blurred"]


@pytest.mark.parametrize(
    ("picture", "code"),
    [
        (lambda: paper((600, 450), lines=10), "scan-too-small"),
        (lambda: blurred(5), "scan-blurred"),
        (lambda: wall(WHITE, (1240, 1754)), "scan-blank"),
        (lambda: wall((8, 8, 8), (1240, 1754)), "scan-too-dark"),
        (lambda: Image.fromarray((np.asarray(paper()) * 0.2).astype(np.uint8)), "scan-too-dark"),
        (lambda: Image.new("RGB", (1, 1)), "scan-too-small"),
    ],
)
def test_each_fault_is_said_alone(picture: object, code: str) -> None:
    problems = check(picture()).problems  # type: ignore[operator]
    assert [each.code for each in problems] == [code]
    assert problems[0].example.en.endswith(".")


def test_a_soft_paper_is_for_the_officer() -> None:
    verdict = check(blurred(3))
    assert ([each.code for each in verdict.warnings], verdict.fits) == (["photo-soft"], True)


def test_a_pdf_is_kept_as_it_is() -> None:
    data = pdf(CATALOG)
    verdict = check_scan(data)
    assert (verdict.problems, verdict.width, verdict.media_type) == ((), None, "application/pdf")
    assert normalised(data, verdict.media_type).data == data


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (b"", "documents-file-empty"),
        (pdf(CATALOG, b"<< /Encrypt 5 0 R >>"), "documents-pdf-locked"),
        (pdf(CATALOG, b"<< /S /JavaScript /JS (x) >>"), "documents-pdf-active"),
        (pdf(CATALOG)[:-30], "documents-pdf-unreadable"),
        (b"PK\x03\x04" + bytes(60), "documents-type-not-wanted"),
    ],
)
def test_what_is_no_paper_is_a_problem(data: bytes, code: str) -> None:
    with pytest.raises(Problem) as caught:
        check_scan(data)
    assert caught.value.type.code == code


def test_a_service_that_takes_photos_alone_refuses_a_pdf() -> None:
    with pytest.raises(Problem) as caught:
        check_scan(pdf(CATALOG), wanted=("image/jpeg",))
    assert "is PDF, whatever its name says. Send it as JPEG." in caught.value.detail("en")
