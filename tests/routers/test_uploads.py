"""The tus door over HTTP: headers and statuses of the protocol, real connections that break, and a paper that arrives."""

import asyncio
import base64
import dataclasses
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import uvicorn

from app.core.clock import FixedClock
from app.core.house import House
from app.main import create_app
from app.services.applications.uploads import KEPT_FOR, MAX_UPLOAD_BYTES, PIECE_BYTES
from app.services.identity.roles import CITIZEN_SCOPES
from app.services.identity.sessions import SubjectKind
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk
from tests.services.applications.test_uploads import BYTES, LIMIT, World
from tests.services.documents.portraits import as_bytes, portrait
from tests.signing_in import token_for

TUS = {"Tus-Resumable": "1.0.0"}
STREAM = {**TUS, "Content-Type": "application/offset+octet-stream"}


@dataclasses.dataclass
class Tus:
    """A client of the protocol, as any of the libraries behaves."""

    client: httpx.AsyncClient
    auth: dict[str, str]
    world: World

    @property
    def door(self) -> str:
        return f"/v1/applications/{self.world.case_id}/documents/photo/uploads"

    async def begin(self, length: int = len(BYTES), **headers: str) -> httpx.Response:
        return await self.client.post(self.door, headers={**TUS, **self.auth, "Upload-Length": str(length), **headers})

    async def begun(self, length: int = len(BYTES)) -> str:
        answer = await self.begin(length)
        assert answer.status_code == 201, answer.text
        return httpx.URL(answer.headers["location"]).path

    async def send(self, path: str, data: bytes, at: int | str, **headers: str) -> httpx.Response:
        return await self.client.patch(
            path, content=data, headers={**STREAM, **self.auth, "Upload-Offset": str(at), **headers}
        )

    async def offset(self, path: str) -> int:
        answer = await self.client.head(path, headers={**TUS, **self.auth})
        assert (answer.status_code, answer.content) == (200, b"")
        return int(answer.headers["upload-offset"])


async def tus_for(world: World, client: httpx.AsyncClient) -> Tus:
    token = await token_for(world.house, UUID(world.me.id), SubjectKind.CITIZEN, " ".join(CITIZEN_SCOPES))
    return Tus(client, {"Authorization": f"Bearer {token}"}, world)


@pytest.fixture
async def tus(house: House) -> AsyncIterator[Tus]:
    world = await World.of(house)
    transport = httpx.ASGITransport(app=create_app(world.house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield await tus_for(world, client)


def code(answer: httpx.Response) -> tuple[int, str]:
    assert answer.headers["tus-resumable"] == "1.0.0"
    return answer.status_code, answer.json()["code"].removeprefix("applications-")


def checksum(data: bytes, algorithm: str = "sha1") -> str:
    return f"{algorithm} {base64.b64encode(hashlib.new(algorithm, data).digest()).decode()}"


async def test_a_paper_in_three_requests(tus: Tus) -> None:
    begun = await tus.begin(**{"Upload-Metadata": "filename Zm90by5qcGc=,is_confidential"})
    assert (begun.status_code, begun.content) == (201, b"")
    assert begun.headers["upload-offset"] == "0"
    assert begun.headers["upload-expires"] == "Tue, 03 Mar 2026 03:00:00 GMT"
    path = httpx.URL(begun.headers["location"]).path
    for at in range(0, len(BYTES), 250_000):
        answer = await tus.send(path, BYTES[at : at + 250_000], at)
        assert (answer.status_code, answer.content) == (204, b"")
        assert answer.headers["upload-offset"] == str(min(at + 250_000, len(BYTES)))
        assert answer.headers["tus-resumable"] == "1.0.0"
    assert tus.world.taker.taken == [("photo", BYTES)]
    seen = await tus.client.get(path, headers=tus.auth)
    assert (seen.json()["state"], seen.json()["offset"]) == ("taken", len(BYTES))
    assert seen.headers["cache-control"] == "no-store"


async def test_what_a_head_says(tus: Tus) -> None:
    begun = await tus.begin(**{"Upload-Metadata": "filename Zm90by5qcGc=,is_confidential"})
    path = httpx.URL(begun.headers["location"]).path
    await tus.send(path, BYTES[:1000], 0)
    head = await tus.client.head(path, headers={**TUS, **tus.auth})
    said = {name: head.headers[name] for name in ("upload-offset", "upload-length", "upload-metadata", "cache-control")}
    assert said == {
        "upload-offset": "1000",
        "upload-length": str(len(BYTES)),
        "upload-metadata": "filename Zm90by5qcGc=,is_confidential",
        "cache-control": "no-store",
    }


async def test_the_first_bytes_may_come_along(tus: Tus) -> None:
    answer = await tus.client.post(
        tus.door, content=BYTES[:5000], headers={**STREAM, **tus.auth, "Upload-Length": str(len(BYTES))}
    )
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "5000")
    whole = await tus.client.post(
        tus.door, content=BYTES, headers={**STREAM, **tus.auth, "Upload-Length": str(len(BYTES))}
    )
    assert (whole.status_code, whole.headers["upload-offset"]) == (201, str(len(BYTES)))
    assert tus.world.taker.taken == [("photo", BYTES)]


async def test_options_need_nobody_and_say_what_is_spoken(tus: Tus) -> None:
    for path in ("/v1/uploads", f"/v1/uploads/{uuid4()}", tus.door):
        answer = await tus.client.options(path)
        assert answer.status_code == 204
        assert answer.headers["tus-version"] == "1.0.0"
        assert answer.headers["tus-extension"] == "creation,creation-with-upload,expiration,checksum,termination"
        assert answer.headers["tus-max-size"] == str(MAX_UPLOAD_BYTES)
        assert answer.headers["tus-checksum-algorithm"] == "sha1,sha256"


async def test_a_damaged_piece_is_460_and_sent_again(tus: Tus) -> None:
    path = await tus.begun()
    assert code(await tus.send(path, BYTES, 0, **{"Upload-Checksum": checksum(b"other")})) == (460, "upload-checksum")
    assert await tus.offset(path) == 0
    answer = await tus.send(path, BYTES, 0, **{"Upload-Checksum": checksum(BYTES, "sha256")})
    assert answer.status_code == 204
    assert tus.world.taker.taken == [("photo", BYTES)]


async def test_the_statuses_that_clients_act_on(tus: Tus, clock: FixedClock) -> None:
    path = await tus.begun()
    await tus.send(path, BYTES[:1000], 0)
    conflict = await tus.send(path, BYTES[:1000], 0)
    assert (code(conflict), conflict.json()["offset"]) == ((409, "upload-offset"), 1000)
    assert code(await tus.send(path, BYTES, 1000)) == (413, "upload-too-long")
    assert code(await tus.begin(LIMIT + 1)) == (413, "documents-file-too-large")
    assert code(await tus.send(f"/v1/uploads/{uuid4()}", b"x", 0)) == (404, "upload-not-found")
    assert code(await tus.send("/v1/uploads/none", b"x", 0)) == (404, "upload-not-found")
    clock.advance(KEPT_FOR)
    tus = await tus_for(tus.world, tus.client)
    assert code(await tus.send(path, b"x", 1000)) == (410, "upload-ended")
    assert (await tus.client.head(path, headers={**TUS, **tus.auth})).status_code == 410


async def test_a_cancelled_upload_is_gone(tus: Tus) -> None:
    path = await tus.begun()
    await tus.send(path, BYTES[:1000], 0)
    assert (await tus.client.delete(path, headers={**TUS, **tus.auth})).status_code == 204
    assert code(await tus.client.delete(path, headers={**TUS, **tus.auth})) == (410, "upload-ended")
    assert code(await tus.send(path, BYTES[1000:], 1000)) == (410, "upload-ended")


async def test_strangers_and_the_signed_out_get_nothing(tus: Tus) -> None:
    path = await tus.begun()
    token = await token_for(tus.world.house, uuid4(), SubjectKind.CITIZEN, " ".join(CITIZEN_SCOPES))
    other = Tus(tus.client, {"Authorization": f"Bearer {token}"}, tus.world)
    assert code(await other.send(path, b"x", 0)) == (404, "upload-not-found")
    assert code(await other.begin()) == (404, "not-found")
    assert code(await Tus(tus.client, {}, tus.world).send(path, b"x", 0)) == (401, "sign-in-needed")
    assert await tus.offset(path) == 0


async def test_headers_that_are_not_right_are_named(tus: Tus) -> None:
    for header, value, status in (
        ("Upload-Length", "-1", 400),
        ("Upload-Length", "many", 400),
        ("Upload-Length", "9" * 18, 413),
        ("Upload-Length", "0", 422),
        ("Upload-Metadata", "filename not-base64!", 400),
        ("Upload-Metadata", "a YQ==,a YQ==", 400),
        ("Upload-Defer-Length", "1", 400),
        ("Tus-Resumable", "0.2.2", 412),
    ):
        answer = await tus.begin(**{header: value})
        assert code(answer)[0] == status, (header, value)
        assert status != 400 or header in answer.json()["detail"]
        assert status != 412 or answer.headers["tus-version"] == "1.0.0"


async def test_a_piece_with_wrong_headers_keeps_nothing(tus: Tus) -> None:
    path = await tus.begun()
    for header, value, status in (
        ("Content-Type", "application/octet-stream", 415),
        ("Upload-Offset", "here", 400),
        ("Upload-Checksum", "md5 1B2M2Y8AsgTpgAmY7PhCfg==", 400),
        ("Upload-Checksum", "sha1 c2hvcnQ=", 400),
        ("Upload-Checksum", "sha1 ###", 400),
    ):
        assert code(await tus.send(path, BYTES, 0, **{header: value}))[0] == status, (header, value)
    assert await tus.offset(path) == 0


# --- on a real line
# ---------------------------------------------------------------------------------------------


class Line:
    """The application on a real port, in a server that can be stopped as if it were killed."""

    def __init__(self, house: House) -> None:
        config = uvicorn.Config(create_app(house), port=0, log_level="critical", lifespan="off", access_log=False)
        self.server = uvicorn.Server(config)

    async def __aenter__(self) -> "Line":
        self.task = asyncio.create_task(self.server.serve())
        while not self.server.started:
            await asyncio.sleep(0.01)
        self.port = self.server.servers[0].sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self.server.should_exit = self.server.force_exit = True
        await self.task


async def test_a_connection_that_breaks_goes_on_where_it_broke(postgres_house: House) -> None:
    world = await World.of(postgres_house)
    async with Line(world.house) as line, httpx.AsyncClient(base_url=f"http://127.0.0.1:{line.port}") as client:
        tus = await tus_for(world, client)
        path = await tus.begun()
        head = {**STREAM, **tus.auth, "Upload-Offset": "0", "Content-Length": str(len(BYTES)), "Host": "test"}
        lines = [f"PATCH {path} HTTP/1.1", *(f"{name}: {value}" for name, value in head.items()), "", ""]
        _, writer = await asyncio.open_connection("127.0.0.1", line.port)
        writer.write("\r\n".join(lines).encode() + BYTES[:300_000])
        await writer.drain()
        while await tus.offset(path) < PIECE_BYTES:  # a whole piece counts while the request still runs
            await asyncio.sleep(0.02)
        writer.transport.abort()
        while (there := await tus.offset(path)) < 300_000:
            await asyncio.sleep(0.02)
        assert there == 300_000
        assert (await tus.send(path, BYTES[there:], there)).status_code == 204
    assert world.taker.taken == [("photo", BYTES)]


async def test_another_process_goes_on_where_one_stopped(postgres_house: House) -> None:
    world = await World.of(postgres_house)
    path = ""
    for at in range(0, len(BYTES), 200_000):
        async with Line(world.house) as line, httpx.AsyncClient(base_url=f"http://127.0.0.1:{line.port}") as client:
            tus = await tus_for(world, client)
            path = path or await tus.begun()
            assert await tus.offset(path) == at
            assert (await tus.send(path, BYTES[at : at + 200_000], at)).status_code == 204
    assert world.taker.taken == [("photo", BYTES)]


# --- with the applications themselves
# ---------------------------------------------------------------------------------------------


async def test_a_photo_in_pieces_is_a_paper_of_the_application(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    draft = await desk.post("/v1/applications", {"service": "sim-renewal", "unit": POLRES}, status=201)
    photo = as_bytes(portrait())
    door = f"/v1/applications/{draft['id']}/documents/photo/uploads"
    headers = {**TUS, **desk.headers, "Upload-Length": str(len(photo))}
    assert (await client.post(door.replace("photo", "nothing"), headers=headers)).status_code == 404
    begun = await client.post(door, headers=headers)
    path, half = httpx.URL(begun.headers["location"]).path, len(photo) // 2
    for at, data in ((0, photo[:half]), (half, photo[half:])):
        headers = {**STREAM, **desk.headers, "Upload-Offset": str(at)}
        assert (await client.patch(path, content=data, headers=headers)).status_code == 204
    seen: dict[str, Any] = await desk.get(f"/v1/applications/{draft['id']}")
    assert [each["state"] for each in seen["documents"] if each["name"] == "photo"] == ["accepted"]
    liar = b"PK\x03\x04 no photo"
    headers = {**STREAM, **desk.headers, "Upload-Length": str(len(liar))}
    answer = await client.post(door, content=liar, headers=headers)
    assert (answer.status_code, answer.headers["content-type"]) == (415, "application/problem+json")
