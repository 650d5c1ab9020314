"""Files that people hand in: whole ones pass, and each kind of bad one is refused in words that help."""

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from app.core.problems import Problem
from app.services.documents import check_attachment, check_image, off_loop, reencode_image

MB = 1024 * 1024


def picture(size: tuple[int, int] = (320, 200), kind: str = "JPEG", mode: str = "RGB", **options: object) -> bytes:
    image = Image.new(mode, size)
    if mode == "RGB":
        draw = ImageDraw.Draw(image)
        for x in range(0, size[0], 7):
            draw.line((x, 0, size[0] - x, size[1]), fill=(x % 255, 120, 255 - x % 255))
    out = io.BytesIO()
    image.save(out, kind, **options)
    return out.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A valid PNG header that claims any size, with hardly any data: what a decompression bomb looks like."""

    def chunk(name: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\0" * 1000))
        + chunk(b"IEND", b"")
    )


def refusal(data: bytes, check: object = check_image, **limits: int) -> Problem:
    with pytest.raises(Problem) as caught:
        check(data, **({"max_bytes": MB} | limits))  # type: ignore[operator]
    assert caught.value.detail("id") != caught.value.detail("en")
    return caught.value


def status_of(check: Callable[[], object]) -> int:
    try:
        check()
    except Problem as problem:
        return problem.type.status
    return 200


@pytest.mark.parametrize(("kind", "media_type"), [("JPEG", "image/jpeg"), ("PNG", "image/png"), ("WEBP", "image/webp")])
def test_a_whole_picture_passes_with_its_true_type_and_size(kind: str, media_type: str) -> None:
    info = check_image(picture(kind=kind), max_bytes=MB)
    assert (info.media_type, info.width, info.height) == (media_type, 320, 200)


def test_size_is_as_a_person_sees_the_picture() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    data = picture(exif=exif)
    info = check_image(data, max_bytes=MB)
    assert (info.width, info.height) == (200, 320)
    assert Image.open(io.BytesIO(reencode_image(data, max_side=1000))).size == (200, 320)


@pytest.mark.parametrize(
    "data",
    [
        b"hello",
        b"<svg onload=alert(1)>",
        b"MZ" + b"\0" * 100,
        b"GIF89a" + b"\0" * 50,
        b"%PDF-1.7\n%%EOF",
        b"\0",
    ],
)
def test_what_is_no_picture_is_415(data: bytes) -> None:
    assert refusal(data).type.status == 415


def test_too_many_bytes_is_413_and_names_the_limit() -> None:
    problem = refusal(picture(), max_bytes=1000)
    assert problem.type.status == 413
    assert refusal(b"x" * (MB + 1)).detail("en").startswith("The limit is 1 MB")


def test_an_empty_file_is_said_to_be_empty() -> None:
    assert refusal(b"").type.code == "documents-file-empty"


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_picture_is_422(kind: str, share: float) -> None:
    data = picture(kind=kind)
    assert refusal(data[: int(len(data) * share)]).type.code == "documents-image-unreadable"


@pytest.mark.parametrize("size", [(30_000, 30_000), (60_000, 60_000), (2**31 - 1, 2**31 - 1), (1, 2**31 - 1)])
def test_a_decompression_bomb_is_refused_by_its_header(size: tuple[int, int]) -> None:
    problem = refusal(png_of(*size))
    assert (problem.type.code, problem.type.status) == ("documents-too-many-pixels", 422)
    assert "50 mega" in problem.detail("id")
    assert "?" not in problem.detail("id") + problem.detail("en")


def test_an_animation_is_no_photograph() -> None:
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]
    out = io.BytesIO()
    frames[0].save(out, "WEBP", save_all=True, append_images=frames[1:])
    assert refusal(out.getvalue()).type.code == "documents-image-moves"


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("L", "PNG"),
        ("P", "PNG"),
        ("RGBA", "PNG"),
        ("LA", "PNG"),
        ("I;16", "PNG"),
        ("1", "PNG"),
        ("CMYK", "JPEG"),
    ],
)
def test_every_kind_of_colour_becomes_a_plain_jpeg(mode: str, kind: str) -> None:
    fresh = reencode_image(picture(kind=kind, mode=mode), max_side=100)
    image = Image.open(io.BytesIO(fresh))
    assert (image.format, image.mode, max(image.size)) == ("JPEG", "RGB", 100)


def test_nothing_but_pixels_survives_reencoding() -> None:
    exif = Image.Exif()
    exif[0x010E] = "<script>alert('exif')</script>"
    exif[0x9286] = "MARKER-PLACE"
    data = picture(exif=exif, comment=b"MARKER-COMMENT") + b"MARKER-TRAILER <?php ?>"
    assert b"<script>" in data
    fresh = reencode_image(data, max_side=300)
    assert b"script" not in fresh
    assert b"MARKER" not in fresh
    assert not Image.open(io.BytesIO(fresh)).getexif()


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_damaged_bytes_are_a_problem_or_a_picture_and_never_a_crash(kind: str, data: st.DataObject) -> None:
    whole = bytearray(picture((64, 48), kind=kind))
    for _ in range(data.draw(st.integers(1, 12))):
        whole[data.draw(st.integers(0, len(whole) - 1))] = data.draw(st.integers(0, 255))
    damaged = bytes(whole[: data.draw(st.integers(1, len(whole)))])
    assert status_of(lambda: check_image(damaged, max_bytes=MB, max_pixels=1_000_000)) in (200, 415, 422)
    assert status_of(lambda: reencode_image(damaged, max_side=50)) in (200, 415, 422)


# --- attachments
# ---------------------------------------------------------------------------------------------


def pdf(*objects: bytes, head: bytes = b"%PDF-1.7\n") -> bytes:
    body = b"".join(b"%d 0 obj\n%s\nendobj\n" % (number, each) for number, each in enumerate(objects, 1))
    return head + body + b"trailer << /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"


CATALOG = b"<< /Type /Catalog /Pages 2 0 R >>"


def packed(objects: bytes, extra: bytes = b"/Filter /FlateDecode", name: bytes = b"/ObjStm") -> bytes:
    body = zlib.compress(objects)
    return (
        b"<< /Type "
        + name
        + b" /N 1 /First 4 "
        + extra
        + b" /Length %d >>\nstream\n" % len(body)
        + body
        + b"\nendstream"
    )


def attachment_refusal(data: bytes) -> str:
    return refusal(data, check_attachment).type.code


def test_a_plain_pdf_and_a_picture_are_taken() -> None:
    assert check_attachment(pdf(CATALOG)).media_type == "application/pdf"
    assert check_attachment(pdf(CATALOG, packed(b"3 0 << /Type /Page >>"))).media_type == "application/pdf"
    assert check_attachment(picture()).width == 320


@pytest.mark.parametrize(
    "active",
    [
        b"<< /S /JavaScript /JS (app.alert\\(1\\)) >>",
        b"<< /S /Java#53cript /JS 3 0 R >>",
        b"<< /S /Launch /F (cmd.exe) >>",
        b"<< /Type /Filespec /EF << /F 9 0 R >> >> << /Type /EmbeddedFile >>",
        b"<< /Names << /EmbeddedFiles 4 0 R >> >>",
        b"<< /S /SubmitForm >>",
        b"<< /AcroForm << /XFA 4 0 R >> >>",
        packed(b"3 0 << /S /JavaScript /JS (x) >>"),
        packed(b"3 0 << /S /#4aavaScript /JS (x) >>", name=b"/Obj#53tm"),
        packed(b"3 0 << /S /JavaScript >>", extra=b"/Filter /Flate#44ecode"),
        packed(b"3 0 << /S /JavaScript >>", extra=b"/Note (1 0 obj endobj) /Filter /FlateDecode"),
    ],
)
def test_a_pdf_in_which_something_runs_is_refused(active: bytes) -> None:
    assert attachment_refusal(pdf(CATALOG, active)) == "documents-pdf-active"


@pytest.mark.parametrize(
    "odd",
    [
        pdf(CATALOG)[:-30],
        b"%PDF-1.4 %%EOF",
        b"%PDF-1.4\n" + b"paper " * 200 + b"\nstartxref\n0\n%%EOF\n",
        pdf(CATALOG).replace(b"/Root", b"/Toor"),
        pdf(CATALOG).replace(b"startxref", b"nothing"),
        pdf(CATALOG, packed(b"x", extra=b"/Filter [/ASCII85Decode /FlateDecode]")),
        pdf(CATALOG, packed(b"x", extra=b"/Filter /FlateDecode /DecodeParms << /Predictor 12 >>")),
        pdf(CATALOG, b"<< /Type /ObjStm /Filter /BrotliDecode >>\nstream\nnot deflate\nendstream"),
        pdf(CATALOG, packed(b"\0" * (40 * MB))),
        pdf(CATALOG, packed(b"3 0 << /S /JavaScript >>").replace(b"stream\n", b"stream\r", 1)),
        pdf(CATALOG, packed(b"3 0 << /S /JavaScript >>").replace(b"stream\n", b"stream \n", 1)),
        pdf(CATALOG, packed(b"3 0 << /S /JavaScript >>").replace(b"/N 1", b"/X (" + b"x" * 5_000 + b")", 1)),
    ],
)
def test_a_pdf_that_cannot_be_looked_into_is_refused(odd: bytes) -> None:
    assert attachment_refusal(odd) == "documents-pdf-unreadable"


def test_a_pdf_with_a_password_is_said_to_have_one() -> None:
    assert attachment_refusal(pdf(CATALOG, b"<< /Encrypt 5 0 R >>")) == "documents-pdf-locked"
    assert attachment_refusal(pdf(CATALOG, b"<< /Enc#72ypt 5 0 R >>")) == "documents-pdf-locked"


def test_names_inside_a_packed_picture_are_no_alarm() -> None:
    noise = (
        b"<< /Type /XObject /Filter /FlateDecode /Length 9 >>\nstream\n"
        + zlib.compress(b"/JavaScript")
        + b"\nendstream"
    )
    check_attachment(pdf(CATALOG, noise))


def test_other_types_are_415_and_too_large_is_413() -> None:
    assert attachment_refusal(b"PK\x03\x04 application.apk") == "documents-not-an-attachment"
    with pytest.raises(Problem) as caught:
        check_attachment(pdf(CATALOG), max_bytes=20)
    assert caught.value.type.status == 413


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=400))
def test_any_bytes_behind_a_pdf_head_are_answered(tail: bytes) -> None:
    data = b"%PDF-1.7\n" + tail + b"\nstream\n" + tail + b"%%EOF"
    assert status_of(lambda: check_attachment(data)) in (200, 422)


async def test_heavy_checks_run_beside_the_loop_and_keep_their_problem() -> None:
    assert (await off_loop(check_image, picture(), max_bytes=MB)).width == 320
    with pytest.raises(Problem):
        await off_loop(check_image, b"no", max_bytes=MB)
