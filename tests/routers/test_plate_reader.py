"""Plate Recognizer's Snapshot API, as its clients speak it and as they read the answers."""

import base64
import io
import json
from dataclasses import replace
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from PIL import Image

from app.core.actor import SYSTEM
from app.core.house import House
from app.main import create_app
from app.routers.plate_reader import MOST_BODY_BYTES, MOST_IMAGE_BYTES
from app.services.identity import credentials
from app.services.recognition import (
    NO_HINTS,
    Box,
    Hints,
    PlateReading,
    Reading,
    Recogniser,
    VehicleTraits,
)
from tests import make
from tests.routers.test_anpr import kept

PICTURE = make.photograph()
pytestmark = pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
EMPTY = io.BytesIO()
Image.new("RGB", (320, 200), "grey").save(EMPTY, "JPEG")


def token(camera: make.Camera) -> dict[str, str]:
    return {"Authorization": f"Token {camera.key}"}


def check_shape(answer: dict[str, Any]) -> None:
    """What the vendor's own clients index without asking."""
    assert {"processing_time", "filename", "camera_id", "timestamp", "results"} <= answer.keys()
    for result in answer["results"]:
        assert {"xmin", "ymin", "xmax", "ymax"} == result["box"].keys() == result["vehicle"]["box"].keys()
        assert result["plate"] == result["plate"].lower() == result["candidates"][0]["plate"]
        assert 0 < result["score"] <= 1
        assert {"dscore", "region"} <= result.keys()
        assert {"code", "score"} == result["region"].keys()
        assert {"score", "type", "box"} == result["vehicle"].keys()


async def test_every_way_in_which_clients_send_a_picture(house: House, client: httpx.AsyncClient) -> None:
    camera = await make.camera(house, client)
    async with house.db.begin(SYSTEM) as tx:
        by_path = await credentials.add_camera(tx, "Kamera", unit="PMJ", path_only=True)
    text = base64.b64encode(PICTURE).decode()
    fields: dict[str, Any] = {"regions": ["id", "my"], "camera_id": "gate-1", "mmc": "True", "config": "{}", "x": "y"}
    as_file: dict[str, Any] = {"data": fields, "files": {"upload": ("1554_x.jpg", PICTURE, "application/octet-stream")}}
    form = {"Content-Type": "application/x-www-form-urlencoded", **token(camera)}
    ways: list[tuple[str, dict[str, Any]]] = [
        ("/v1/plate-reader/", {**as_file, "headers": token(camera)}),
        ("/v1/plate-reader", {**as_file, "headers": token(camera)}),
        (f"/k/{by_path.secret}/v1/plate-reader/", as_file),
        ("/v1/plate-reader/", {"content": f"upload={quote(text, safe='')}&regions=id", "headers": form}),
        ("/v1/plate-reader/", {"content": f"upload={text}", "headers": form}),
        ("/v1/plate-reader/", {"data": {"upload": f"data:image/jpeg;base64,{text}"}, "headers": token(camera)}),
        ("/v1/plate-reader/", {"files": {"upload": (None, text)}, "headers": token(camera)}),
    ]
    for number, (path, way) in enumerate(ways):
        answer = await client.post(path, **way)
        assert answer.status_code == 201, (number, answer.text[:300])
        check_shape(answer.json())
        assert answer.json()["results"][0]["plate"] == make.PLATE.lower(), number
        if number == 0:
            assert (answer.json()["filename"], answer.json()["camera_id"]) == ("1554_x.jpg", "gate-1")
            assert answer.json()["results"][0]["model_make"] == []
    nothing = await client.post("/v1/plate-reader/", files={"upload": EMPTY.getvalue()}, headers=token(camera))
    assert (nothing.status_code, nothing.json()["results"]) == (201, [])
    objects = {"upload": PICTURE, "config": (None, json.dumps({"detection_mode": "vehicle"}))}
    second = (await client.post("/v1/plate-reader/", files=objects, headers=token(camera))).json()["results"][0]
    assert second["plate"]["props"]["plate"][0]["value"] == make.PLATE.lower()
    assert second["vehicle"]["props"] == {}
    usage = await client.get("/v1/statistics/", headers=token(camera))
    assert usage.json()["usage"] == {"month": 3, "year": 2026, "calls": 8, "resets_on": "2026-04-01T00:00:00Z"}
    assert usage.json()["total_calls"] > 8
    assert (await client.get("/v1/statistics")).status_code == 200  # the public figures stand beside it
    assert await kept(house) == (0, 0)


async def test_refusals_are_in_the_vendors_words(house: House, client: httpx.AsyncClient) -> None:
    camera = await make.camera(house, client)
    for headers in ({}, {"Authorization": "Token wrong"}):
        answer = await client.post("/v1/plate-reader/", files={"upload": PICTURE}, headers=headers)
        assert answer.status_code == 401
        assert answer.json().keys() == {"detail"}
    form = {"Content-Type": "application/x-www-form-urlencoded", **token(camera)}
    large = PICTURE + bytes(MOST_IMAGE_BYTES - len(PICTURE) + 1)
    other = {"Content-Type": "multipart/form-data; boundary=b; charset=undefined", **token(camera)}
    for status, way in [
        (
            400,
            {"content": b'--b\r\nContent-Disposition: form-data; name="upload"\r\n\r\nAA==\r\n--b--', "headers": other},
        ),
        (400, {"data": {"regions": "id"}}),
        (400, {"data": {"upload_url": "http://169.254.169.254/"}}),
        (400, {"data": {"upload": "no picture!"}}),
        (400, {"files": {"upload": b"<svg/>"}}),
        (400, {"files": {"upload": PICTURE[:500]}}),
        (400, {"files": {"upload": PICTURE}, "data": {"config": "{"}}),
        (400, {"files": [("upload", PICTURE), ("upload", PICTURE)]}),
        (413, {"files": {"upload": large}}),
        (413, {"content": b"upload=" + bytes(MOST_BODY_BYTES), "headers": form}),
    ]:
        answer = await client.post("/v1/plate-reader/", **{"headers": token(camera), **way})  # type: ignore[arg-type]
        assert answer.status_code == status, (way.keys(), answer.text[:200])
        assert answer.json().keys() == {"error"}
        assert len(answer.json()["error"]) > 10


class Foreign:
    """A recogniser that sees the vehicle too, and tells what it was asked."""

    def __init__(self) -> None:
        self.asked = NO_HINTS

    async def warm_up(self) -> None: ...

    async def aclose(self) -> None: ...

    async def read(self, _image: bytes, hints: Hints = NO_HINTS) -> Reading:
        self.asked = hints
        seen = VehicleTraits(kind="Sedan", make="Toyota", colour="black", orientation="Rear")
        plate = PlateReading("B1234XYZ", 0.9, Box(1, 2, 30, 9), "id", (), "B1234XYZ", vehicle=seen)
        return Reading((plate,), "foreign", 12)


async def test_the_recogniser_of_the_camera_is_asked_and_what_it_sees_of_the_vehicle_is_told(house: House) -> None:
    foreign = Foreign()
    other = replace(house, parts={**house.parts, Recogniser: foreign})
    transport = httpx.ASGITransport(app=create_app(other), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        camera = await make.camera(house, client)
        files: dict[str, Any] = {"upload": PICTURE}
        fields = {"mmc": "true", "regions": ["ID", "my"]}
        answer = await client.post("/v1/plate-reader/", files=files, data=fields, headers=token(camera))
        assert foreign.asked.regions == ("id", "my")
        files["config"] = (None, '{"detection_mode": "vehicle"}')
        second = await client.post("/v1/plate-reader/", files=files, data={"mmc": "true"}, headers=token(camera))
    check_shape(answer.json())
    result = answer.json()["results"][0]
    assert result["vehicle"]["type"] == "Sedan"
    assert (result["model_make"][0]["make"], result["color"][0]["color"]) == ("Toyota", "black")
    props = second.json()["results"][0]["vehicle"]["props"]
    assert (props["make_model"][0]["model"], props["orientation"][0]["value"]) == ("Unknown", "Rear")
    assert (foreign.asked.polda, foreign.asked.regions) == ("PMJ", ("id",))
    assert foreign.asked.camera is not None
    assert foreign.asked.camera.startswith("cam-")
