"""The recogniser by HTTP against a server that answers in every way the vendor's do, and in some it should not."""

import asyncio

import pytest
from starlette.responses import HTMLResponse, JSONResponse, Response

from app.core.config import Settings
from app.core.problems import UPSTREAM_UNAVAILABLE, Problem, ProblemType
from app.core.upstream import Upstream
from app.services.recognition import PICTURE_NOT_READABLE, RECOGNISER_BUSY, RECOGNISER_REFUSED
from app.services.recognition.backends.http import HttpRecogniser, build
from tests.services.recognition.snapshot_server import Answer, SnapshotServer, answered, result


def fixed(response: Response) -> Answer:
    async def answer(_image: bytes) -> Response:
        return response

    return answer


@pytest.mark.parametrize("status", [200, 201], ids=["sdk", "cloud"])
async def test_cloud_and_sdk_answers_are_both_taken(status: int) -> None:
    candidates = [{"plate": "b1234xyz", "score": 0.896}, {"plate": "b1z34xyz", "score": 0.71}, {"plate": "b1234xy"}]
    answer = answered(result("b1234xyz", 0.896, candidates=candidates), status=status)
    async with SnapshotServer(answer) as server:
        recogniser = build(Settings(_env_file=None, recogniser=server.url))
        reading = await recogniser.read(b"picture")
        await recogniser.aclose()
    (plate,) = reading.results
    assert (plate.plate, plate.confidence, plate.raw, plate.region) == ("B1234XYZ", 0.896, "b1234xyz", "id")
    assert (plate.box.x_min, plate.box.y_min, plate.box.x_max, plate.box.y_max) == (148, 478, 288, 579)
    assert [(other.plate, other.confidence) for other in plate.alternatives] == [("B1Z34XYZ", 0.71), ("B1234XY", 0.0)]
    assert server.seen[0].regions == ["id"]


async def test_a_foreign_plate_comes_as_it_was_read() -> None:
    async with SnapshotServer(answered(result("sgx1234a", 0.9, region={"code": "sg"}), result("b1z", 0.2))) as server:
        recogniser = build(Settings(_env_file=None, recogniser=server.url + "/"))
        reading = await recogniser.read(b"picture")
        await recogniser.aclose()
    assert [(plate.plate, plate.region) for plate in reading.results] == [("SGX1234A", "sg"), ("B1Z", "id")]


@pytest.mark.parametrize(("token", "header"), [("", None), ("abc", "Token abc")])
async def test_a_token_is_sent_only_when_there_is_one(token: str, header: str | None) -> None:
    async with SnapshotServer(answered()) as server:
        recogniser = build(Settings(_env_file=None, recogniser=server.url, recogniser_token=token))
        assert (await recogniser.read(b"picture")).results == ()
        await recogniser.aclose()
    assert server.seen[0].authorization == header


@pytest.mark.parametrize(
    ("response", "problem"),
    [
        (JSONResponse({"detail": "bad image"}, 400), PICTURE_NOT_READABLE),
        (JSONResponse({"error": "too large"}, 413), PICTURE_NOT_READABLE),
        (JSONResponse({"detail": "licence"}, 403), RECOGNISER_REFUSED),
        (HTMLResponse("moved", 302, headers={"Location": "/login"}), RECOGNISER_REFUSED),
        (JSONResponse({"detail": "throttled", "status_code": 429}, 429), RECOGNISER_BUSY),
        (JSONResponse({"error": "engine"}, 500), UPSTREAM_UNAVAILABLE),
        (HTMLResponse("<h1>proxy</h1>", 200), UPSTREAM_UNAVAILABLE),
        (JSONResponse({"error": "no licence"}, 200), UPSTREAM_UNAVAILABLE),
        (JSONResponse({"results": [{"plate": "b1a"}]}, 200), UPSTREAM_UNAVAILABLE),
    ],
)
async def test_every_failure_has_its_problem(response: Response, problem: ProblemType) -> None:
    async with SnapshotServer(fixed(response)) as server:
        recogniser = build(Settings(_env_file=None, recogniser=server.url))
        with pytest.raises(Problem) as refused:
            await recogniser.read(b"picture")
        await recogniser.aclose()
    assert refused.value.type is problem
    assert ("Retry-After" in refused.value.headers) == (problem.status == 503)


async def test_a_slow_server_costs_its_time_out_and_no_more() -> None:
    released = asyncio.Event()

    async def hang(_image: bytes) -> Response:
        await released.wait()
        return JSONResponse({"results": []})

    async with SnapshotServer(hang) as server:
        recogniser = HttpRecogniser(Upstream("slow", server.url + "/", timeout_s=0.2))
        with pytest.raises(Problem) as refused:
            await recogniser.read(b"picture")
        released.set()
        await recogniser.aclose()
    assert refused.value.type is UPSTREAM_UNAVAILABLE


async def test_a_dead_server_is_unavailable() -> None:
    recogniser = build(Settings(_env_file=None, recogniser="http://127.0.0.1:9"))
    with pytest.raises(Problem) as refused:
        await recogniser.read(b"picture")
    await recogniser.aclose()
    assert refused.value.type is UPSTREAM_UNAVAILABLE
