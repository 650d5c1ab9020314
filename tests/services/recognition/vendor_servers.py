"""Loopback servers that speak each vendor's protocol, as strict as the vendor is, and can be told to fail in its way.

What is read is given from outside: `reads` says which plates stand in the bytes of a picture, None when they are no picture.
"""

import asyncio
import base64
import json
import socket
import struct
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

MIB = 2**20


@dataclass(frozen=True)
class Known:
    """A plate in a picture: text as the vendor writes it, confidence 0 to 1, box in pixels of what was sent."""

    plate: str
    confidence: float
    box: tuple[int, int, int, int]
    others: tuple[tuple[str, float], ...] = ()
    characters: tuple[float, ...] = ()


Reads = Callable[[bytes], Sequence[Known] | None]
Answers = Callable[["VendorServer", Request], Awaitable[Response]]


@dataclass
class VendorServer:
    """``async with VendorServer("openalpr", reads) as server``: answers at `server.url` as that kind does. With `fails` it
    always gives that answer instead, after it has checked the request."""

    kind: str
    reads: Reads
    fails: Response | None = None
    token: str = ""
    url: str = ""
    fields: dict[str, list[str]] = field(default_factory=dict)
    headers: dict[str, str] = field(default_factory=dict)
    query: dict[str, str] = field(default_factory=dict)
    picture: bytes = b""
    head: dict[str, Any] = field(default_factory=dict)
    holds: asyncio.Event | None = None

    async def __aenter__(self) -> "VendorServer":
        listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        path, _ = KINDS[self.kind]
        app = Starlette(routes=[Route(path, self._answer, methods=["POST"])])
        self._server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        with suppress(asyncio.CancelledError):
            await self._serving

    async def _answer(self, request: Request) -> Response:
        self.headers, self.query = dict(request.headers), dict(request.query_params)
        if self.holds is not None:
            await self.holds.wait()
        answer = await KINDS[self.kind][1](self, request)
        return answer if self.fails is None else self.fails

    async def form(self, request: Request) -> bytes:
        """The first file of a form; the other fields are noted."""
        async with request.form() as form:
            self.fields = {key: [str(each) for each in form.getlist(key)] for key in form}
            files = {key: value for key, value in form.items() if isinstance(value, UploadFile)}
            for name in files:
                del self.fields[name]
            ((self.head["file"], upload),) = files.items()
            self.picture = await upload.read()
            return self.picture


def _sides(known: Known, *names: str) -> dict[str, int]:
    return dict(zip(names, known.box, strict=True))


async def _snapshot(server: VendorServer, request: Request) -> Response:
    if request.headers.get("Authorization", "") != (f"Token {server.token}" if server.token else ""):
        return JSONResponse({"detail": "Invalid token."}, 403)
    picture = await server.form(request)
    if server.head["file"] != "upload":
        return JSONResponse({"upload": ["required"]}, 400)
    if len(picture) > 3 * MIB:
        return JSONResponse({"error": "File size too large"}, 413)
    found = server.reads(picture)
    if found is None:
        return JSONResponse({"detail": "not an image"}, 400)
    results = [
        {
            "plate": each.plate.lower(),
            "score": each.confidence,
            "dscore": 0.74,
            "box": _sides(each, "xmin", "ymin", "xmax", "ymax"),
            "region": {"code": "id", "score": 0.948},
            "candidates": [{"plate": text.lower(), "score": score} for text, score in each.others],
            "vehicle": {"type": "Sedan", "score": 0.84, "box": {"xmin": 60, "ymin": 200, "xmax": 640, "ymax": 700}},
            "model_make": [{"make": "Toyota", "model": "Avanza", "score": 0.43}],
            "color": [{"color": "black", "score": 0.7}],
            "orientation": [{"orientation": "Rear", "score": 0.88}],
        }
        for each in found
    ]
    return JSONResponse({"processing_time": 78.6, "version": 1, "results": results}, 201 if server.token else 200)


async def _openalpr(server: VendorServer, request: Request) -> Response:
    if request.query_params.get("secret_key") != server.token:
        return JSONResponse({"error": "Invalid secret key", "error_code": 401}, 401)
    if not request.query_params.get("country"):
        return JSONResponse({"error": "country is required"}, 400)
    picture = await server.form(request)
    found = server.reads(picture) if server.head["file"] == "image" else None
    if found is None:
        return JSONResponse({"error": "Bad image"}, 400)
    return JSONResponse(
        {
            "version": 2,
            "data_type": "alpr_results",
            "credits_monthly_used": 12,
            "results": [
                {
                    "plate": each.plate,
                    "confidence": each.confidence * 100,
                    "region": "id",
                    "region_confidence": 34,
                    "coordinates": [{"x": each.box[x], "y": each.box[y]} for x, y in ((0, 1), (2, 1), (2, 3), (0, 3))],
                    "candidates": [{"plate": text, "confidence": score * 100} for text, score in each.others],
                    "vehicle": {"color": [{"name": "black", "confidence": 80.1}], "make": [], "make_model": []},
                }
                for each in found
            ],
        }
    )


async def _codeproject(server: VendorServer, request: Request) -> Response:
    found = server.reads(await server.form(request))
    if found is None:
        return JSONResponse({"success": False, "error": "Unable to read image", "code": 200})
    sides = ("x_min", "y_min", "x_max", "y_max")
    predictions = [
        {"confidence": each.confidence, "label": f"Plate: {each.plate}", "plate": each.plate, **_sides(each, *sides)}
        for each in found
    ]
    return JSONResponse({"success": True, "processMs": 83, "predictions": predictions, "moduleId": "ALPR", "code": 200})


def _omni_error(code: str, status: int) -> Response:
    return JSONResponse({"error": {"code": code, "message": "refused", "details": None}}, status)


async def _omni(server: VendorServer, request: Request) -> Response:
    picture = await server.form(request)
    if server.head["file"] != "image":
        return _omni_error("BAD_REQUEST", 400)
    if set(server.fields) - {"detector_model", "ocr_model"} or len(picture) > 5 * MIB:
        return _omni_error("VALIDATION_ERROR", 400)
    found = server.reads(picture)
    if found is None:
        return _omni_error("INTERNAL_SERVER_ERROR", 500)
    data = [
        {
            "detection": {"label": "License Plate", "confidence": 0.91, "bounding_box": _sides(each, "x1", "y1", "x2", "y2")},
            "ocr": {
                "text": each.plate,
                # As the real program: one for each place of the model, the empty ones at the end too.
                "confidence": [*(each.characters or [each.confidence] * len(each.plate)), *[0.5] * (10 - len(each.plate))],
                "region": "Indonesia",
                "region_confidence": 0.7,
            },
        }
        for each in found
    ]  # fmt: skip
    unread = {
        "detection": {"label": "License Plate", "confidence": 0.4, "bounding_box": {"x1": 0, "y1": 0, "x2": 9, "y2": 9}}
    }
    return JSONResponse({"content": [{"type": "json", "data": [*data, {**unread, "ocr": None}]}]})


async def _inference(server: VendorServer, request: Request) -> Response:
    body = await request.body()
    length = request.headers.get("Inference-Header-Content-Length")
    server.head = json.loads(body[: int(length)] if length else body)
    (tensor,) = server.head["inputs"]
    if tensor["name"] != "IMAGE":
        return JSONResponse({"error": f"unexpected inference input '{tensor['name']}'"}, 400)
    if length:
        data = body[int(length) :]
        assert tensor["parameters"]["binary_data_size"] == len(data)
        if tensor["datatype"] == "BYTES":
            assert struct.unpack_from("<I", data)[0] == len(data) - 4
            data = data[4:]
    else:
        assert "parameters" not in tensor
        data = base64.b64decode(tensor["data"][0]) if tensor["datatype"] == "BYTES" else bytes(map(int, tensor["data"]))
    server.picture = data
    found = server.reads(data) or []
    wanted = [each["name"] for each in server.head["outputs"]]
    texts = [each.plate for each in found]
    scores = [each.confidence for each in found]
    boxes = [side for each in found for side in each.box]
    values = {"TEXT": ("BYTES", [len(found)], texts), "CONFIDENCE": ("FP32", [len(found)], scores)}
    values["BOX"] = ("INT32", [len(found), 4], boxes)
    outputs = [{"name": name, "datatype": values[name][0], "shape": values[name][1]} for name in wanted]
    if not length:
        outputs = [{**each, "data": values[each["name"]][2]} for each in outputs]
        return JSONResponse({"model_name": "plates", "model_version": "1", "outputs": outputs})
    packed = {
        "TEXT": b"".join(struct.pack("<I", len(text.encode())) + text.encode() for text in texts),
        "CONFIDENCE": struct.pack(f"<{len(scores)}f", *scores),
        "BOX": struct.pack(f"<{len(boxes)}i", *boxes),
    }
    outputs = [{**each, "parameters": {"binary_data_size": len(packed[each["name"]])}} for each in outputs]
    head = json.dumps({"model_name": "plates", "outputs": outputs}).encode()
    content = head + b"".join(packed[name] for name in wanted)
    return Response(content, headers={"Inference-Header-Content-Length": str(len(head))})


async def _any(server: VendorServer, request: Request) -> Response:
    """A server of nobody's protocol: base64 in, text, percent and x, y, width, height out."""
    if request.headers.get("X-Key", "") != server.token:
        return JSONResponse({"message": "who are you"}, 401)
    body = await request.json()
    server.fields = {key: [value] for key, value in body.items() if key != "photo"}
    server.picture = base64.b64decode(body["photo"])
    found = server.reads(server.picture)
    if found is None:
        return JSONResponse({"message": "no picture"}, 422)
    cars = [
        {
            "text": each.plate,
            "percent": each.confidence * 100,
            "at": {"x": each.box[0], "y": each.box[1], "w": each.box[2] - each.box[0], "h": each.box[3] - each.box[1]},
            "or": [{"text": text, "percent": score * 100} for text, score in each.others],
            "car": {"brand": "Toyota"},
        }
        for each in found
    ]
    return JSONResponse({"status": "ok", "cars": cars})


KINDS: dict[str, tuple[str, Answers]] = {
    "plate-recognizer": ("/v1/plate-reader/", _snapshot),
    "openalpr": ("/v3/recognize", _openalpr),
    "codeproject-ai": ("/v1/vision/alpr", _codeproject),
    "omni-lpr": ("/api/v1/tools/detect_and_recognize_plate/invoke", _omni),
    "open-inference": ("/v2/models/plates/infer", _inference),
    "http-json": ("/read", _any),
}

OPTIONS: dict[str, dict[str, Any]] = {
    "open-inference": {"model": "plates"},
    "http-json": {
        "path": "read",
        "send": "base64",
        "field": "photo",
        "fields": {"land": "ID"},
        "token_header": "X-Key",
        "token_prefix": "",
        "failed": "answer.status != 'ok'",
        "plates": """answer.cars.map(c, {
            'plate': c.text, 'confidence': c.percent / 100.0, 'region': 'id',
            'box': [c.at.x, c.at.y, c.at.x + c.at.w, c.at.y + c.at.h],
            'alternatives': c['or'].map(o, {'plate': o.text, 'confidence': o.percent / 100.0}),
            'vehicle': {'make': c.car.brand}})""",
    },
}
"""What each kind needs beside an address."""
