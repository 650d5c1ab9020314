"""Each backend against a server of its protocol: what is asked, what is understood, and what every failure means."""

import asyncio
import io
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import numpy as np
import pytest
from PIL import Image
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.core.problems import BUSY, UPSTREAM_UNAVAILABLE, Problem, ProblemType
from app.services.recognition import (
    PICTURE_NOT_READABLE,
    RECOGNISER_BUSY,
    RECOGNISER_REFUSED,
    Alternative,
    Box,
    Hints,
    Recogniser,
    RecogniserFault,
    VehicleTraits,
)
from app.services.recognition.choice import builder_of
from app.services.recognition.configuration import RecogniserConfig
from tests.services.recognition.vendor_servers import KINDS, OPTIONS, Known, Reads, VendorServer

SIZE = (640, 480)
PLATE = Known("B1234XYZ", 0.9, (148, 378, 288, 479), others=(("B1234XYZ", 0.9), ("B1Z34XYZ", 0.5)))
WITH_ALTERNATIVES = {"plate-recognizer", "openalpr", "http-json"}
WITH_REGION = {"plate-recognizer", "openalpr", "omni-lpr", "http-json"}
VEHICLES = {
    "plate-recognizer": VehicleTraits("Sedan", "Toyota", "Avanza", "black", "rear"),
    "openalpr": VehicleTraits(colour="black"),
    "http-json": VehicleTraits(make="Toyota"),
}


def picture(size: tuple[int, int] = SIZE, *, noisy: bool = False, turned: int | None = None) -> bytes:
    """A JPEG; noise makes it large, `turned` is its EXIF orientation."""
    pixels = np.random.default_rng(1).integers(0, 255, (size[1], size[0], 3), np.uint8) if noisy else None
    image = Image.new("RGB", size, (90, 120, 90)) if pixels is None else Image.fromarray(pixels)
    exif = Image.Exif()
    if turned is not None:
        exif[0x0112] = turned
    out = io.BytesIO()
    image.save(out, "JPEG", quality=95, exif=exif)
    return out.getvalue()


PICTURE = picture()


@asynccontextmanager
async def serving(
    kind: str,
    reads: Reads = lambda _image: [PLATE],
    *,
    fails: Response | None = None,
    token: str = "",
    options: dict[str, Any] | None = None,
    timeout_s: float = 5.0,
) -> AsyncIterator[tuple[VendorServer, Recogniser]]:
    async with VendorServer(kind, reads, fails=fails, token=token) as server:
        chosen = OPTIONS.get(kind, {}) | (options or {})
        config = RecogniserConfig(kind, server.url + "/", token, timeout_s=timeout_s, options=chosen)
        recogniser = builder_of(kind)(config)
        try:
            yield server, recogniser
        finally:
            await recogniser.aclose()


@pytest.mark.parametrize("kind", KINDS)
async def test_what_a_server_says_becomes_the_one_form(kind: str) -> None:
    others = [Known("sgx\x7f1234a", 0.2, (600, 10, 900, 9)), Known("  ", 0.99, (0, 0, 9, 9))]
    token = "key" if kind in ("openalpr", "http-json") else ""
    async with serving(kind, lambda image: [*others, PLATE] if image == PICTURE else None, token=token) as (
        server,
        recogniser,
    ):
        reading = await recogniser.read(PICTURE, Hints(camera="cam-1"))
    assert server.picture == PICTURE
    assert reading.backend == kind
    best, foreign = reading.results
    assert (best.plate, round(best.confidence, 6), best.box) == ("B1234XYZ", 0.9, Box(148, 378, 288, 479))
    assert best.alternatives == ((Alternative("B1Z34XYZ", 0.5),) if kind in WITH_ALTERNATIVES else ())
    assert best.region == ("id" if kind in WITH_REGION else "")
    assert best.vehicle == VEHICLES.get(kind)
    assert best.raw.upper() == "B1234XYZ"
    assert (foreign.plate, foreign.box) == ("SGX1234A", Box(600, 9, 640, 10))  # within the picture, right way round


@pytest.mark.parametrize("kind", KINDS)
async def test_an_empty_street_is_an_answer_and_what_is_no_picture_is_never_sent(kind: str) -> None:
    async with serving(kind, lambda _image: [], token="key" if kind == "openalpr" else "") as (server, recogniser):
        assert (await recogniser.read(PICTURE)).results == ()
        server.picture = b""
        for nothing in (b"", b"picture", b"\xff\xd8\xff\xe0" + b"\0" * 50):
            with pytest.raises(Problem) as refused:
                await recogniser.read(nothing)
            assert refused.value.type is PICTURE_NOT_READABLE
        assert server.picture == b""


THROTTLED = {"detail": "Request was throttled. Expected available in 7 seconds.", "status_code": 429}
FAILURES: list[tuple[str, Response, ProblemType, str | None]] = [
    ("plate-recognizer", JSONResponse({"detail": "bad image"}, 400), PICTURE_NOT_READABLE, None),
    ("plate-recognizer", JSONResponse({"error": "too large"}, 413), PICTURE_NOT_READABLE, None),
    ("plate-recognizer", JSONResponse({"detail": "licence"}, 403, headers={"X-Note": "é"}), RECOGNISER_REFUSED, None),
    ("plate-recognizer", HTMLResponse("moved", 302, headers={"Location": "/login"}), RECOGNISER_REFUSED, None),
    ("plate-recognizer", JSONResponse(THROTTLED, 429), RECOGNISER_BUSY, "7"),
    ("plate-recognizer", JSONResponse({}, 429, headers={"Retry-After": "99999"}), RECOGNISER_BUSY, "3600"),
    ("plate-recognizer", JSONResponse({"error": "no licence"}, 200), UPSTREAM_UNAVAILABLE, "10"),
    ("plate-recognizer", JSONResponse({"results": [{"plate": "b1a"}]}, 200), UPSTREAM_UNAVAILABLE, "10"),
    ("openalpr", JSONResponse({"error": "key"}, 401), RECOGNISER_REFUSED, None),
    ("openalpr", JSONResponse({"error": "quota"}, 402), RECOGNISER_REFUSED, None),
    ("openalpr", JSONResponse({"error": "rate"}, 403, headers={"X-RateLimit-Reset": "30"}), RECOGNISER_BUSY, "30"),
    ("openalpr", JSONResponse({"error": "rate"}, 403, headers={"X-RateLimit-Reset": "1790000000"}), RECOGNISER_BUSY, "10"),
    ("openalpr", JSONResponse({"error": "image"}, 400), PICTURE_NOT_READABLE, None),
    ("codeproject-ai", JSONResponse({"success": False, "error": "The queue is full"}), UPSTREAM_UNAVAILABLE, "10"),
    ("codeproject-ai", JSONResponse({"error": "no route"}, 404), UPSTREAM_UNAVAILABLE, "10"),
    ("omni-lpr", JSONResponse({"error": {"code": "VALIDATION_ERROR"}}, 400), RECOGNISER_REFUSED, None),
    ("omni-lpr", JSONResponse({"error": {"code": "INTERNAL_SERVER_ERROR"}}, 500), UPSTREAM_UNAVAILABLE, "10"),
    ("omni-lpr", JSONResponse({"content": []}), UPSTREAM_UNAVAILABLE, "10"),
    ("open-inference", JSONResponse({"error": "unknown model"}, 404), UPSTREAM_UNAVAILABLE, "10"),
    ("open-inference", JSONResponse({"error": "no such tensor"}, 400), RECOGNISER_REFUSED, None),
    ("open-inference", JSONResponse({"outputs": []}), UPSTREAM_UNAVAILABLE, "10"),
    ("open-inference", JSONResponse({"outputs": [{"name": each, "datatype": "FP32", "shape": [1], "data": [None]} for each in ("TEXT", "CONFIDENCE", "BOX")]}), UPSTREAM_UNAVAILABLE, "10"),
    ("open-inference", Response(b"{}", headers={"Inference-Header-Content-Length": "x"}), UPSTREAM_UNAVAILABLE, "10"),
    ("http-json", JSONResponse({"status": "full"}), UPSTREAM_UNAVAILABLE, "10"),
    ("http-json", JSONResponse({"status": "ok", "cars": [{"text": "B1A"}]}), UPSTREAM_UNAVAILABLE, "10"),
    ("http-json", JSONResponse({}, 429, headers={"Retry-After": "3"}), RECOGNISER_BUSY, "3"),
    ("http-json", JSONResponse({}, 401), RECOGNISER_REFUSED, None),
    *((kind, HTMLResponse("<h1>proxy</h1>", 200), UPSTREAM_UNAVAILABLE, "10") for kind in KINDS),
    *((kind, JSONResponse({"error": "engine"}, 502), UPSTREAM_UNAVAILABLE, "10") for kind in KINDS),
]  # fmt: skip


@pytest.mark.parametrize("kind", KINDS)
async def test_every_failure_has_its_problem_and_says_when_to_come_again(kind: str) -> None:
    async with serving(kind) as (server, recogniser):
        for response, problem, retry_after in [case[1:] for case in FAILURES if case[0] == kind]:
            server.fails = response
            with pytest.raises(Problem) as refused:
                await recogniser.read(PICTURE)
            told = (refused.value.type, refused.value.headers.get("Retry-After"))
            assert told == (problem, retry_after), response.body
            if problem is RECOGNISER_REFUSED:
                assert kind in refused.value.detail("en")


async def test_a_key_is_sent_where_the_vendor_wants_it_and_only_when_there_is_one() -> None:
    places = {
        "plate-recognizer": ("Token abc", lambda server: server.headers.get("authorization")),
        "openalpr": ("abc", lambda server: server.query.get("secret_key")),
        "open-inference": ("Bearer abc", lambda server: server.headers.get("authorization")),
        "http-json": ("abc", lambda server: server.headers.get("x-key")),
    }
    for kind, (expected, place) in places.items():
        async with serving(kind, token="abc") as (server, recogniser):
            await recogniser.read(PICTURE)
            assert place(server) == expected
            if kind in OPTIONS:
                continue
            without = builder_of(kind)(RecogniserConfig(kind, server.url))
            with pytest.raises(Problem) as refused:  # 403 there, 401 here
                await without.read(PICTURE)
            await without.aclose()
            assert (place(server), refused.value.type) == (None, RECOGNISER_REFUSED)
    assert "abc" not in repr(RecogniserConfig("x", token="abc"))


async def test_hints_and_options_reach_the_server_that_knows_them() -> None:
    hints = Hints(camera="cam-7", regions=("id", "my"))
    options = {"mmc": True, "config": {"region": "strict"}}
    async with serving("plate-recognizer", options=options) as (server, recogniser):
        await recogniser.read(PICTURE, hints)
    assert server.fields == {
        "regions": ["id", "my"], "camera_id": ["cam-7"], "mmc": ["true"], "config": ['{"region":"strict"}']
    }  # fmt: skip
    async with serving("openalpr", token="k", options={"vehicle": True, "country": "eu"}) as (server, recogniser):
        await recogniser.read(PICTURE, hints)
    assert server.query | {"topn": "5"} == server.query
    assert (server.query["country"], server.query["recognize_vehicle"], server.query["return_image"]) == (
        "eu",
        "1",
        "0",
    )
    async with serving("omni-lpr", options={"ocr_model": "cct-s-v1-global-model"}) as (server, recogniser):
        await recogniser.read(PICTURE, hints)
    assert server.fields == {"ocr_model": ["cct-s-v1-global-model"]}
    async with serving("http-json") as (server, recogniser):
        await recogniser.read(PICTURE, hints)
    assert server.fields == {"land": ["ID"]}


async def test_snapshot_in_its_second_shape_is_the_same_plate() -> None:
    plate = {"type": "Plate", "score": 0.7, "box": {"xmin": 1, "ymin": 2, "xmax": 30, "ymax": 40}}
    plate["props"] = {
        "plate": [{"value": "b1234xyz", "score": 0.9}, {"value": "b1z34xyz", "score": 0.3}],
        "region": [{"value": "id", "score": 1}],
    }
    vehicle = {
        "type": "Sedan",
        "score": 0.8,
        "box": {},
        "props": {"make_model": [], "color": [{"value": "red", "score": 0.5}]},
    }
    results = [{"plate": None, "vehicle": vehicle}, {"plate": plate, "vehicle": vehicle, "direction": 210}]
    async with serving("plate-recognizer", fails=JSONResponse({"results": results})) as (_, recogniser):
        (best,) = (await recogniser.read(PICTURE)).results
    assert (best.plate, best.confidence, best.region, best.box) == ("B1234XYZ", 0.9, "id", Box(1, 2, 30, 40))
    assert best.alternatives == (Alternative("B1Z34XYZ", 0.3),)
    assert best.vehicle == VehicleTraits(kind="Sedan", colour="red")


async def test_a_picture_over_the_limit_is_sent_smaller_and_its_box_is_still_that_of_the_original() -> None:
    large = picture((2560, 1920), noisy=True)
    assert len(large) > 5 * 2**20
    sent: list[tuple[int, int]] = []

    def reads(image: bytes) -> list[Known]:
        sent.append(Image.open(io.BytesIO(image)).size)
        width, height = sent[-1]
        return [Known("B1234XYZ", 0.9, (width // 4, height // 4, width // 2, height // 2))]

    for kind in ("plate-recognizer", "omni-lpr"):  # 3 MB and 5 MB: the servers refuse more
        async with serving(kind, reads) as (_, recogniser):
            box = (await recogniser.read(large)).results[0].box
        assert all(
            abs(told - true) < 8
            for told, true in zip((box.x_min, box.y_min, box.x_max, box.y_max), (640, 480, 1280, 960), strict=True)
        )
    assert sent[0] < (2560, 1920)
    assert sent[0] < sent[1]


async def test_a_picture_that_is_turned_by_its_exif_alone_is_turned_before_it_is_sent() -> None:
    lying = picture((480, 640), turned=6)
    async with serving(
        "codeproject-ai", lambda image: [Known("B1A", 0.9, (0, 0, *Image.open(io.BytesIO(image)).size))]
    ) as (server, recogniser):
        (best,) = (await recogniser.read(lying)).results
    assert best.box == Box(0, 0, 640, 480)
    assert Image.open(io.BytesIO(server.picture)).getexif() == {}


@pytest.mark.filterwarnings("ignore::UserWarning")
async def test_damaged_notes_inside_a_picture_do_not_keep_it_from_being_read() -> None:
    for notes in (
        b"Exif\0\0garbage",
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x02\xff\xff\xff\xff",
    ):
        damaged = PICTURE[:2] + b"\xff\xe1" + (len(notes) + 2).to_bytes(2, "big") + notes + PICTURE[2:]
        async with serving("codeproject-ai") as (server, recogniser):
            assert (await recogniser.read(damaged)).results[0].plate == "B1234XYZ"
        assert server.picture == damaged


async def test_confidence_per_character_is_kept_where_there_is_one_for_each() -> None:
    scores = (0.99, 0.98, 0.97, 0.99, 0.9, 0.8, 0.95, 1.0)
    async with serving("omni-lpr", lambda _image: [Known("B1234XYZ", 0, PLATE.box, characters=scores)]) as (
        server,
        reads,
    ):
        (best,) = (await reads.read(PICTURE)).results
        assert (best.characters, best.confidence) == (scores, pytest.approx(sum(scores) / 8))
        found = {"detection": {"bounding_box": {"x1": 1, "y1": 2, "x2": 30, "y2": 40}}}
        for said, kept, mean in (
            (0.75, (), 0.75),
            ([0.5, 0.7], (), 0.6),
            ([0.9, 0, 0.8, 0, 0.7], (0.9, 0.8, 0.7), 0.48),
        ):
            ocr = {"text": "B 1 A", "confidence": said, "region": None}
            server.fails = JSONResponse({"content": [{"type": "json", "data": [{**found, "ocr": ocr}]}]})
            (best,) = (await reads.read(PICTURE)).results
            assert (best.plate, best.characters, round(best.confidence, 6)) == ("B1A", kept, mean)


async def test_half_a_picture_is_unreadable_for_a_model_of_pixels_so_that_the_next_recogniser_is_asked() -> None:
    async with serving("open-inference", options={"pixels": {"width": 64, "height": 32}}) as (_server, recogniser):
        with pytest.raises(Problem) as refused:
            await recogniser.read(PICTURE[: len(PICTURE) // 2])
    assert refused.value.type is PICTURE_NOT_READABLE


@pytest.mark.parametrize("binary", [True, False])
async def test_a_model_gets_pixels_as_it_was_trained_on_them(binary: bool) -> None:
    red_left = Image.new("RGB", SIZE, (255, 0, 0))
    red_left.paste((0, 0, 255), (320, 0, 640, 480))
    out = io.BytesIO()
    red_left.save(out, "PNG")
    pixels = {"width": 64, "height": 32, "colours": "bgr", "layout": "nchw"}
    reads: Reads = lambda _image: [Known("B1234XYZ", 0.9, (16, 8, 32, 16))]  # noqa: E731
    async with serving("open-inference", reads, options={"pixels": pixels, "binary": binary}) as (server, recogniser):
        (best,) = (await recogniser.read(out.getvalue())).results
    assert server.head["inputs"][0]["shape"] == [1, 3, 32, 64]
    blue, green, red = np.frombuffer(server.picture, np.uint8).reshape(3, 32, 64)
    assert (blue[5, 5], green[5, 5], red[5, 5]) == (0, 0, 255)
    assert (blue[5, 60], red[5, 60]) == (255, 0)
    assert best.box == Box(160, 120, 320, 240)  # from the squeezed picture back to the picture


async def test_a_model_may_be_given_floats_and_answer_in_shares() -> None:
    pixels = {"width": 16, "height": 16, "datatype": "FP32", "scale": 1 / 255}
    answer = {
        "outputs": [
            {"name": "TEXT", "datatype": "BYTES", "shape": [1, 1], "data": [["B 1 A"]]},
            {"name": "CONFIDENCE", "datatype": "FP32", "shape": [1, 3], "data": [[0.9, 0.8, 0.7]]},
            {"name": "BOX", "datatype": "FP32", "shape": [1, 1, 4], "data": [[[0.25, 0.5, 0.5, 1.0]]]},
        ]
    }
    chosen = {"pixels": pixels, "boxes": "shares", "version": "2"}
    async with serving("open-inference", fails=JSONResponse(answer), options=chosen) as (server, recogniser):
        with pytest.raises(Problem) as away:  # the server has no second version
            await recogniser.read(PICTURE)
    assert away.value.type is UPSTREAM_UNAVAILABLE
    async with serving("open-inference", fails=JSONResponse(answer), options=chosen | {"version": ""}) as (
        server,
        recogniser,
    ):
        (best,) = (await recogniser.read(PICTURE)).results
    assert np.frombuffer(server.picture, "<f4").max() <= 1.0
    assert (best.plate, round(best.confidence, 6), best.box) == ("B1A", 0.8, Box(160, 240, 320, 480))


async def test_a_slow_server_costs_its_time_out_and_a_full_one_nothing() -> None:
    async with VendorServer("codeproject-ai", lambda _image: [PLATE], holds=asyncio.Event()) as server:
        config = RecogniserConfig("slow", server.url, timeout_s=0.3, max_concurrent=1)
        recogniser = builder_of("codeproject-ai")(config)
        first = asyncio.create_task(recogniser.read(PICTURE))
        await asyncio.sleep(0)
        with pytest.raises(Problem) as full:
            await recogniser.read(PICTURE)
        with pytest.raises(Problem) as slow:
            await first
        assert server.holds is not None
        server.holds.set()
        await recogniser.aclose()
    assert (full.value.type, slow.value.type) == (BUSY, UPSTREAM_UNAVAILABLE)
    dead = builder_of("codeproject-ai")(RecogniserConfig("dead", "http://127.0.0.1:9"))
    with pytest.raises(Problem) as gone:
        await dead.read(PICTURE)
    await dead.aclose()
    assert gone.value.type is UPSTREAM_UNAVAILABLE


@pytest.mark.parametrize(
    ("kind", "options", "words"),
    [
        ("plate-recognizer", {"region": "id"}, "region: Extra inputs"),
        ("open-inference", {}, "model: Field required"),
        ("http-json", {"plates": "answer.cars.map("}, "plates: .*CEL"),
        ("embedded", {"threads": 4}, "threads"),
    ],
)
def test_a_mistake_in_the_options_is_told_at_the_start(kind: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(RecogniserFault, match=words):
        builder_of(kind)(RecogniserConfig(kind, "http://127.0.0.1:9", options=options))


def test_a_server_without_an_address_is_told_at_the_start() -> None:
    with pytest.raises(RecogniserFault, match="url"):
        builder_of("codeproject-ai")(RecogniserConfig("reader"))
