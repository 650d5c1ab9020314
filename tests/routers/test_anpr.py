"""The cameras' door over HTTP: what is taken, what is refused and in which words, and that a refusal leaves nothing."""

import asyncio
import hashlib
import io
import json
import struct
import zlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageFont
from sqlalchemy import func, select, text

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.routers.anpr import MOST_CAPTURE_BYTES, MOST_IMAGE_BYTES
from app.services.cameras import MOST_IMAGES
from app.services.cameras.models import Capture, EvidenceFile
from tests import make
from tests.drain import drain

MIB = 1024 * 1024
PICTURE = make.photograph()
ON_SQLITE = pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
"""For refusals that never come near a table but the credentials'; each database costs seconds."""


def metadata(house: House, **changes: Any) -> dict[str, Any]:
    at = house.clock.now() - timedelta(minutes=2)
    told = {"captured_at": at.isoformat(), "violation": "287-2-APILL", "location": make.LOCATION, **changes}
    return {name: value for name, value in told.items() if value is not ...}


async def send(
    camera: make.Camera, told: dict[str, Any] | str | None, *images: bytes, path: str = "captures", **headers: str
) -> httpx.Response:
    data = {} if told is None else {"metadata": told if isinstance(told, str) else json.dumps(told)}
    return await camera.client.post(
        f"/v1/anpr/{path}",
        headers={"X-Api-Key": camera.key, "Accept-Language": "en", **headers},
        files=[("image", ("capture.jpg", image, "image/jpeg")) for image in images],
        data=data,
    )


async def kept(house: House) -> tuple[int, int]:
    async with house.db.read() as connection:
        captures = (await connection.execute(select(func.count()).select_from(Capture))).scalar_one()
        files = (await connection.execute(select(func.count()).select_from(EvidenceFile))).scalar_one()
    return captures, files


async def assert_refused(
    house: House, answer: httpx.Response, status: int, code: str, *images: bytes
) -> dict[str, Any]:
    """The right problem, and neither a row nor a file nor a job was left behind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    problem: dict[str, Any] = answer.json()
    assert problem["code"] == code, problem
    assert problem["detail"].endswith((".", ". ")), "it says what to do"
    assert await kept(house) == (0, 0)
    assert await drain(house) == []
    assert [each async for each in house.storage.list_names()] == [] or not images
    return problem


@pytest.fixture
async def camera(house: House, client: httpx.AsyncClient) -> make.Camera:
    return await make.camera(house, client)


# What is taken -----------------------------------------------------------------------------------------------------


async def test_a_capture_is_kept_byte_for_byte_and_read_later(house: House, camera: make.Camera) -> None:
    other = make.photograph(seed=2)
    answer = await send(camera, metadata(house, speed_kmh=71, limit_kmh=50, capture_id="7"), PICTURE, other)
    assert answer.status_code == 202
    accepted = answer.json()
    assert accepted == {"id": accepted["id"], "state": "received"}
    shown = await camera.client.get(answer.headers["location"], headers={"X-Api-Key": camera.key})
    assert shown.status_code == 200
    hashes = [hashlib.sha256(image).hexdigest() for image in (PICTURE, other)]
    assert [image["sha256"] for image in shown.json()["images"]] == hashes
    assert await make.original(house, hashes[0]) == PICTURE
    assert not await house.storage.exists(hashes[0]), "it lies sealed, under another name"
    assert "etle.read_capture" in await drain(house)
    shown = await camera.client.get(answer.headers["location"], headers={"X-Api-Key": camera.key})
    assert shown.json()["state"] == "read"


def film(seconds: float, *, cut: int = 0) -> bytes:
    """An MP4 with an index and no frames: nothing decodes it here."""

    def box(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body) + 8) + kind + body

    mvhd = box(b"mvhd", bytes(12) + struct.pack(">II", 1000, round(seconds * 1000)) + bytes(80))
    tkhd = box(b"tkhd", bytes(76) + struct.pack(">II", 1280 << 16, 720 << 16))
    whole = box(b"ftyp", b"isom\0\0\2\0isom") + box(b"mdat", bytes(64)) + box(b"moov", mvhd + box(b"trak", tkhd))
    return whole[: len(whole) - cut]


@ON_SQLITE
async def test_a_short_film_is_kept_beside_the_pictures_and_not_read(house: House, camera: make.Camera) -> None:
    data = {"metadata": json.dumps(metadata(house, capture_id="F-1"))}
    headers = {"X-Api-Key": camera.key}

    async def hand_in(video: bytes) -> httpx.Response:
        files = [("image", ("a.jpg", PICTURE)), ("video", ("a.mp4", video, "application/octet-stream"))]
        return await camera.client.post("/v1/anpr/captures", headers=headers, files=files, data=data)

    for video, status in [(film(31), 422), (film(3, cut=9), 415), (PICTURE, 415), (b"", 415)]:
        assert (await hand_in(video)).status_code == status
    assert await kept(house) == (0, 0)
    answer = await hand_in(film(3))
    again = await hand_in(film(3))
    assert (answer.status_code, again.json()["id"]) == (202, answer.json()["id"])
    assert (await hand_in(film(4))).status_code == 409
    assert (await drain(house)).count("etle.read_capture") == 1
    shown = (await camera.client.get(answer.headers["location"], headers=headers)).json()
    assert (shown["state"], len(shown["images"])) == ("read", 1)
    sha256 = hashlib.sha256(film(3)).hexdigest()
    assert shown["video"] == {"sha256": sha256, "media_type": "video/mp4", "width": 1280, "height": 720}
    assert await make.original(house, sha256) == film(3)


@pytest.mark.parametrize("capture_id", ["000123", ...], ids=["with-id", "without-id"])
async def test_a_repeated_capture_is_the_same_one(house: House, camera: make.Camera, capture_id: object) -> None:
    told = metadata(house, capture_id=capture_id)
    first = await send(camera, told, PICTURE)
    again = await send(camera, {**told, "firmware": "9.1"}, PICTURE)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]
    assert await kept(house) == (1, 1)
    assert (await drain(house)).count("etle.read_capture") == 1


async def test_metadata_may_come_as_a_file(house: House, camera: make.Camera) -> None:
    files = {"image": PICTURE, "metadata": ("metadata.json", json.dumps(metadata(house)), "application/json")}
    answer = await camera.client.post("/v1/anpr/captures", headers={"X-Api-Key": camera.key}, files=files)
    assert answer.status_code == 202


async def test_a_capture_id_with_other_bytes_is_a_conflict(house: House, camera: make.Camera) -> None:
    first = await send(camera, metadata(house, capture_id="7"), PICTURE)
    assert first.status_code == 202
    answer = await send(camera, metadata(house, capture_id="7"), make.photograph(seed=3))
    assert answer.status_code == 409
    assert answer.json()["code"] == "cameras-capture-differs"
    assert await kept(house) == (1, 1)


async def test_a_camera_sees_its_own_captures_alone(
    house: House, client: httpx.AsyncClient, camera: make.Camera
) -> None:
    accepted = (await send(camera, metadata(house), PICTURE)).json()
    other = await make.camera(house, client)
    for key, status in [(camera.key, 200), (other.key, 404), ("", 401), ("lk_cam-none_00", 401)]:
        answer = await client.get(f"/v1/anpr/captures/{accepted['id']}", headers={"X-Api-Key": key})
        assert answer.status_code == status


async def test_a_picture_is_read_and_not_kept(house: House, camera: make.Camera) -> None:
    answer = await send(camera, None, PICTURE, path="recognitions")
    assert answer.status_code == 200
    read = answer.json()
    assert read["backend"] == "embedded"
    assert read["elapsed_ms"] > 0
    best = read["results"][0]
    assert best["plate"] == make.PLATE
    assert 0.5 < best["confidence"] <= 1
    assert set(best["box"]) == {"x_min", "y_min", "x_max", "y_max"}
    assert isinstance(best["alternatives"], list)
    assert await kept(house) == (0, 0)
    assert not await house.storage.exists(hashlib.sha256(PICTURE).hexdigest())


# What is refused ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("path", ["captures", "recognitions"])
@pytest.mark.parametrize("key", [None, "", "nonsense", "lk_cam-000000000000_" + "0" * 48, "lk__", "k" * 10_000])
@ON_SQLITE
async def test_without_a_good_key_nothing_opens(
    house: House, client: httpx.AsyncClient, path: str, key: str | None
) -> None:
    answer = await client.post(
        f"/v1/anpr/{path}",
        headers={} if key is None else {"X-Api-Key": key},
        files={"image": PICTURE},
        data={"metadata": json.dumps(metadata(house))},
    )
    await assert_refused(house, answer, 401, "sign-in-needed", PICTURE)


@ON_SQLITE
async def test_a_key_is_taken_from_either_header(house: House, camera: make.Camera) -> None:
    """Clients of Plate Recognizer send ``Authorization: Token KEY``."""
    files, data = {"image": PICTURE}, {"metadata": json.dumps(metadata(house))}
    for headers in ({"Authorization": f"Token {camera.key}"}, {"X-Api-Key": camera.key}):
        answer = await camera.client.post("/v1/anpr/captures", headers=headers, files=files, data=data)
        assert answer.status_code == 202, answer.text
    wrong = {"Authorization": f"Token {camera.key[:-1]}x"}
    assert (await camera.client.post("/v1/anpr/captures", headers=wrong, files=files, data=data)).status_code == 401


@pytest.mark.parametrize("path", ["captures", "recognitions"])
@ON_SQLITE
async def test_a_stranger_s_upload_is_refused_before_it_is_taken_in(
    house: House, client: httpx.AsyncClient, path: str
) -> None:
    taken = 0

    async def upload() -> AsyncIterator[bytes]:
        nonlocal taken
        for _ in range(20):
            taken += 1
            yield b"\0" * MIB

    headers = {"X-Api-Key": "lk_cam-none_00", "Content-Type": "multipart/form-data; boundary=x"}
    answer = await client.post(f"/v1/anpr/{path}", headers=headers, content=upload())
    await assert_refused(house, answer, 401, "sign-in-needed")
    assert taken == 0


def png_bomb() -> bytes:
    """A PNG of 60,000 by 60,000 pixels in a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    header = struct.pack(">IIBBBBB", 60_000, 60_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", zlib.compress(b"\0" * MIB)) + chunk(b"IEND", b"")
    )


async def test_what_was_accepted_stays_so_however_late_it_is_repeated(
    house: House, camera: make.Camera, clock: FixedClock
) -> None:
    told = metadata(house, capture_id="LAMA-1")
    first = await send(camera, told, PICTURE)
    clock.advance(timedelta(days=30))  # beyond the policy's oldest capture
    again = await send(camera, {**told, "sent_at": house.clock.now().isoformat()}, PICTURE)
    assert (first.status_code, again.status_code) == (202, 202)
    assert again.json()["id"] == first.json()["id"]
    assert await kept(house) == (1, 1)
    other = await send(camera, {**told, "violation": "287-5-SPEED"}, PICTURE)
    assert (other.status_code, other.json()["code"]) == (422, "cameras-capture-too-old")
    assert await kept(house) == (1, 1)


BAD_PICTURES = {
    "text": (b"this is no picture at all", 415, "documents-not-an-image"),
    "html": (b"<html><script>alert(1)</script></html>", 415, "documents-not-an-image"),
    "svg": (b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>', 415, "documents-not-an-image"),
    "pdf": (b"%PDF-1.7\n%%EOF", 415, "documents-not-an-image"),
    "empty": (b"", 422, "documents-file-empty"),
    "half": (PICTURE[: len(PICTURE) // 2], 422, "documents-image-unreadable"),
    "stump": (PICTURE[:4], 422, "documents-image-unreadable"),
    "bomb": (png_bomb(), 422, "documents-too-many-pixels"),
    "large": (PICTURE + b"\0" * (MOST_IMAGE_BYTES - len(PICTURE) + 1), 413, "documents-file-too-large"),
}


@pytest.mark.parametrize("path", ["captures", "recognitions"])
@pytest.mark.parametrize("kind", BAD_PICTURES)
@ON_SQLITE
async def test_what_is_no_good_picture(house: House, camera: make.Camera, kind: str, path: str) -> None:
    image, status, code = BAD_PICTURES[kind]
    answer = await send(camera, metadata(house) if path == "captures" else None, image, path=path)
    await assert_refused(house, answer, status, code, image)


async def test_one_bad_picture_refuses_the_whole_capture(house: House, camera: make.Camera) -> None:
    answer = await send(camera, metadata(house), PICTURE, b"no picture")
    await assert_refused(house, answer, 415, "documents-not-an-image", PICTURE, b"no picture")


@pytest.mark.parametrize("path", ["captures", "recognitions"])
@ON_SQLITE
async def test_sixty_megabytes_are_not_even_read(house: House, camera: make.Camera, path: str) -> None:
    assert MOST_CAPTURE_BYTES < 60 * MIB
    answer = await send(camera, metadata(house), b"\xff\xd8\xff" + b"\0" * 60 * MIB, path=path)
    problem = await assert_refused(house, answer, 413, "request-too-large")
    assert "MB" in problem["detail"]


async def test_no_picture_at_all(house: House, camera: make.Camera) -> None:
    for path in ("captures", "recognitions"):
        for answer in (
            await send(camera, metadata(house), path=path),
            await camera.client.post(
                f"/v1/anpr/{path}", headers={"X-Api-Key": camera.key, "Accept-Language": "en"}, json=metadata(house)
            ),
        ):
            problem = await assert_refused(house, answer, 422, "request-invalid")
            assert "/image" in [error["pointer"] for error in problem["errors"]]


async def test_too_many_pictures(house: House, camera: make.Camera) -> None:
    small = io.BytesIO()
    Image.new("RGB", (32, 32)).save(small, "JPEG")
    answer = await send(camera, metadata(house), *[small.getvalue()] * (MOST_IMAGES + 1))
    problem = await assert_refused(house, answer, 422, "cameras-image-count", small.getvalue())
    assert f"1 to {MOST_IMAGES}" in problem["detail"]


async def test_a_script_in_exif_is_evidence_and_nothing_more(house: House, camera: make.Camera) -> None:
    """The original is kept as it came; nobody gets these bytes without a reason, what is shown is re-encoded."""
    exif = Image.Exif()
    exif[0x010E] = "<script>alert(1)</script>"
    made = io.BytesIO()
    Image.open(io.BytesIO(PICTURE)).save(made, "JPEG", exif=exif)
    answer = await send(camera, metadata(house), made.getvalue())
    assert answer.status_code == 202
    assert "script" not in answer.text
    shown = await camera.client.get(answer.headers["location"], headers={"X-Api-Key": camera.key})
    assert "script" not in shown.text
    assert await make.original(house, hashlib.sha256(made.getvalue()).hexdigest()) == made.getvalue()


@pytest.mark.parametrize(
    ("told", "code"),
    [
        ("", "request-invalid"),
        ("no json", "cameras-metadata-not-json"),
        ("[]", "cameras-metadata-not-json"),
        ("{" * 5_000, "cameras-metadata-not-json"),
        ('{"a":"' + "x" * 20_000 + '"}', "cameras-metadata-not-json"),
        ('{"a":"' + "x" * 2_000_000 + '"}', "request-invalid"),
        ("{}", "cameras-metadata-invalid"),
    ],
    ids=["empty", "text", "list", "deep", "long", "longest", "bare"],
)
@ON_SQLITE
async def test_metadata_that_are_none(house: House, camera: make.Camera, told: str, code: str) -> None:
    await assert_refused(house, await send(camera, told, PICTURE), 422, code, PICTURE)


@pytest.mark.parametrize(
    ("changes", "pointer"),
    [
        ({"captured_at": ...}, "captured_at"),
        ({"captured_at": "2026-03-02T09:58:00"}, "captured_at"),
        ({"location": "Sarinah\x00"}, "location"),
        ({"location": "x" * 10_000}, "location"),
        ({"capture_id": "x" * 10_000}, "capture_id"),
        ({"violation": "x" * 10_000}, "violation"),
        ({"latitude": 181}, "latitude"),
        ({"speed_kmh": "fast"}, "speed_kmh"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
@ON_SQLITE
async def test_a_field_that_does_not_fit_is_named(
    house: House, camera: make.Camera, changes: dict[str, Any], pointer: str
) -> None:
    answer = await send(camera, metadata(house, **changes), PICTURE)
    problem = await assert_refused(house, answer, 422, "cameras-metadata-invalid", PICTURE)
    assert [error["pointer"] for error in problem["errors"]] == [f"/metadata/{pointer}"]


async def test_a_wrong_clock_is_told_its_difference(house: House, camera: make.Camera) -> None:
    now = house.clock.now()
    for off, code, words in [
        (timedelta(hours=7), "cameras-capture-in-future", "7 hours 0 minutes"),
        (timedelta(days=2), "cameras-capture-in-future", "2 days 0 hours"),
        (timedelta(days=-400), "cameras-capture-too-old", "400 days 0 hours"),
    ]:
        answer = await send(camera, metadata(house, captured_at=(now + off).isoformat()), PICTURE)
        problem = await assert_refused(house, answer, 422, code, PICTURE)
        assert words in problem["detail"]
    answer = await send(camera, metadata(house, sent_at=(now - timedelta(hours=7)).isoformat()), PICTURE)
    problem = await assert_refused(house, answer, 422, "cameras-clock-off", PICTURE)
    assert "7 hours" in problem["detail"]
    assert "UTC" in problem["detail"]


async def test_an_unknown_violation_code_says_where_the_codes_are(house: House, camera: make.Camera) -> None:
    answer = await send(camera, metadata(house, violation="999-UNKNOWN"), PICTURE)
    problem = await assert_refused(house, answer, 422, "reference-violation-not-found", PICTURE)
    assert "999-UNKNOWN" in problem["detail"]
    assert "/v1/violations" in problem["detail"]


@pytest.mark.parametrize("id", ["1", "x" * 10_000, "%00", "019582d0-0000-7000-8000-00000000000g"])
@ON_SQLITE
async def test_an_id_that_is_none_is_refused(house: House, camera: make.Camera, id: str) -> None:
    answer = await camera.client.get(f"/v1/anpr/captures/{id}", headers={"X-Api-Key": camera.key})
    assert answer.status_code in (404, 422)
    assert answer.headers["content-type"] == "application/problem+json"


def foreign_plate(text: str) -> bytes:
    """A picture of nothing but a plate that is no Indonesian one."""
    picture = Image.new("RGB", (800, 600), (90, 90, 90))
    draw = ImageDraw.Draw(picture)
    draw.rectangle((200, 260, 620, 350), fill=(20, 20, 20))
    draw.text((215, 270), text, fill=(240, 240, 240), font=ImageFont.load_default(size=66))
    jpeg = io.BytesIO()
    picture.save(jpeg, "JPEG")
    return jpeg.getvalue()


async def test_a_plate_of_another_country_is_never_a_sure_plate(house: House, camera: make.Camera) -> None:
    image = foreign_plate("SGX 1234 A")
    answer = await send(camera, None, image, path="recognitions")
    assert answer.status_code == 200
    assert all(result["confidence"] < 0.5 for result in answer.json()["results"])
    assert (await send(camera, metadata(house), image)).status_code == 202  # a person looks at it
    assert "etle.read_capture" in await drain(house)


@given(
    told=st.one_of(
        st.text(max_size=200),
        st.dictionaries(
            st.sampled_from(["captured_at", "violation", "location", "latitude", "lane", "capture_id"]),
            st.one_of(st.none(), st.text(max_size=30), st.floats(), st.integers(), st.lists(st.integers(), max_size=2)),
        ).map(json.dumps),
    )
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@ON_SQLITE
async def test_no_metadata_is_ever_a_crash(house: House, camera: make.Camera, told: str) -> None:
    answer = await send(camera, told.encode("utf-8", "replace").decode(), PICTURE)
    assert answer.status_code == 422, answer.text
    assert await kept(house) == (0, 0)


@given(image=st.one_of(st.binary(max_size=400), st.integers(3, len(PICTURE) - 1).map(lambda cut: PICTURE[:cut])))
@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@ON_SQLITE
async def test_no_file_is_ever_a_crash(house: House, camera: make.Camera, image: bytes) -> None:
    answer = await send(camera, metadata(house), image)
    assert answer.status_code in (415, 422), answer.text
    assert await kept(house) == (0, 0)


async def test_a_database_that_is_busy_for_too_long_says_when_to_come_back(
    house: House, client: httpx.AsyncClient
) -> None:
    """A capture is not lost by a 500 that a camera takes for final: nothing was changed, and the same is good a little later."""
    camera, told = await make.camera(house, client), metadata(house)
    held, answered = asyncio.Event(), asyncio.Event()

    async def hold() -> None:
        async with house.db.begin(SYSTEM) as tx:
            on_sqlite = "UPDATE captures SET unit = unit"  # it has one place to write
            lock = "LOCK TABLE captures IN ACCESS EXCLUSIVE MODE"
            await tx.session.execute(text(lock if house.db.dialect == "postgresql" else on_sqlite))
            held.set()
            await answered.wait()

    async def knock() -> httpx.Response:
        await held.wait()
        try:
            return await send(camera, told, PICTURE)
        finally:
            answered.set()

    _, busy = await asyncio.gather(hold(), knock())
    assert (busy.status_code, busy.json()["code"]) == (503, "busy")
    assert busy.headers["Retry-After"].isdigit()
    assert (await send(camera, told, PICTURE)).status_code == 202
