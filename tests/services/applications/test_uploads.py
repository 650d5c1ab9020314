"""Uploads in pieces: what has come is kept, one of two writers wins, and the whole is handed over exactly as it was sent."""

import asyncio
import dataclasses
import hashlib
from collections.abc import AsyncIterator
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from sqlalchemy import func, select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.db import Tx
from app.core.house import House
from app.core.ids import new_reference
from app.core.problems import Problem, ProblemType
from app.core.texts import Text
from app.core.vault import DataKey
from app.services import cases, reference
from app.services.applications import upload_jobs
from app.services.applications.problems import APPLICATION_NOT_FOUND
from app.services.applications.upload_models import Upload, UploadPiece, UploadState
from app.services.applications.upload_receiving import Checksum, LineCut
from app.services.applications.upload_taking import CLAIM_LASTS, assembled, take_in
from app.services.applications.uploads import (
    KEPT_FOR,
    MAX_PIECES,
    MOST_OPEN,
    MOST_OPEN_OF_PAPER,
    PIECE_BYTES,
    REMEMBERED_FOR,
    DocumentTaker,
    Piece,
    UploadView,
    append,
    begin_upload,
    end_upload,
    find_upload,
)
from app.services.identity import people
from tests.drain import drain

LIMIT = 2 * 1024 * 1024
REFUSED = ProblemType("test-refused", 422, Text("Ditolak", "Refused"), Text("Ditolak.", "Refused."))
DOWN = ProblemType("test-down", 503, Text("Mati", "Down"), Text("Mati.", "Down."))
BYTES = bytes(range(256)) * 2400  # 600 KiB: two pieces and a rest


class Taker:
    """What applications do with papers: keeps them, or refuses as it is told. `owner` may hand in."""

    def __init__(self) -> None:
        self.owner = ""
        self.taken: list[tuple[str, bytes]] = []
        self.refuses: ProblemType | None = None

    async def admit(self, tx: Tx, case_id: UUID, name: str) -> int:
        if tx.actor.id != self.owner:
            raise APPLICATION_NOT_FOUND()
        return LIMIT

    async def take(self, house: House, actor: Actor, case_id: UUID, name: str, data: bytes) -> None:
        if self.refuses is not None:
            raise self.refuses()
        self.taken.append((name, data))


@dataclasses.dataclass
class World:
    """A house with its own taker, a case, and somebody who applies."""

    house: House
    taker: Taker
    me: Actor
    case_id: UUID

    @classmethod
    async def of(cls, house: House) -> "World":
        taker = Taker()
        house = dataclasses.replace(house, parts={**house.parts, DocumentTaker: taker})
        async with house.db.begin(SYSTEM) as tx:
            person = await people.plant(tx, nik="3174011211879901", name="Budi Contoh", phone="+6281200000001")
            me = await people.find_actor(tx.session, person)
        assert me is not None
        async with house.db.begin(me) as tx:
            policy = await reference.policy(tx.session, "PMJ", tx.now.date())
            case = await cases.open_case(
                tx,
                lifecycle="application",
                unit="PMJ-POLRESTRO-JAKARTA-SELATAN",
                reference=new_reference("SIM"),
                policy_id=policy.id,
            )
        taker.owner = me.id
        return cls(house, taker, me, case.id)

    async def begin(self, length: int = len(BYTES), name: str = "photo", actor: Actor | None = None) -> UploadView:
        async with self.house.db.begin(actor or self.me) as tx:
            return await begin_upload(tx, self.case_id, name, length=length, metadata="filename Zm90by5qcGc=")

    async def send(self, id: UUID, data: bytes, *, at: int, **more: object) -> UploadView:
        return await take_in(self.house, self.me, id, chunks(data), at=at, **more)  # type: ignore[arg-type]

    async def find(self, id: UUID, actor: Actor | None = None) -> UploadView:
        return await find_upload(self.house, actor or self.me, id)

    async def count(self, table: type) -> int:
        async with self.house.db.read() as connection:
            return int((await connection.execute(select(func.count()).select_from(table))).scalar_one())


@pytest.fixture
async def world(house: House) -> World:
    return await World.of(house)


async def chunks(data: bytes, size: int = 50_000, *, cut: bool = False) -> AsyncIterator[bytes]:
    for at in range(0, len(data), size):
        yield data[at : at + size]
    if cut:
        raise LineCut


def code(caught: pytest.ExceptionInfo[Problem]) -> str:
    return caught.value.type.code.removeprefix("applications-")


async def test_one_request_or_many_the_application_gets_the_same_bytes(world: World) -> None:
    whole = await world.begin()
    assert (await world.send(whole.id, BYTES, at=0)).received == len(BYTES)
    many = await world.begin(name="signature")
    for at in range(0, len(BYTES), 100_000):
        await world.send(many.id, BYTES[at : at + 100_000], at=at)
    assert world.taker.taken == [("photo", BYTES), ("signature", BYTES)]
    assert (await world.find(many.id)).state is UploadState.TAKEN
    assert await world.count(UploadPiece) == 0


async def test_of_a_cut_request_all_that_came_is_kept(world: World) -> None:
    upload = await world.begin()
    here = await take_in(world.house, world.me, upload.id, chunks(BYTES[:300_000], cut=True), at=0)
    assert here.received == (await world.find(upload.id)).received == 300_000
    await world.send(upload.id, BYTES[300_000:], at=300_000)
    assert world.taker.taken == [("photo", BYTES)]


async def test_a_process_that_dies_in_the_middle_loses_less_than_a_piece(world: World) -> None:
    upload = await world.begin()

    async def killed() -> AsyncIterator[bytes]:
        yield BYTES[:300_000]
        raise MemoryError

    with pytest.raises(MemoryError):
        await take_in(world.house, world.me, upload.id, killed(), at=0)
    assert (await world.find(upload.id)).received == PIECE_BYTES
    await world.send(upload.id, BYTES[PIECE_BYTES:], at=PIECE_BYTES)
    assert world.taker.taken == [("photo", BYTES)]


async def test_nothing_of_it_lies_readable_in_the_store_and_at_the_end_nobody_can_read_it(world: World) -> None:
    upload = await world.begin(200_000)
    await world.send(upload.id, BYTES[:100_000], at=0)
    async with world.house.db.read() as connection:
        names = (await connection.execute(select(UploadPiece.sha256))).scalars().all()
        kept = (await connection.execute(select(Upload.metadata_enc))).scalar_one()
    sealed = await world.house.storage.get(names[0])
    assert BYTES[:64] not in sealed
    assert kept is not None
    assert "Zm90by5qcGc" not in kept
    async with world.house.db.begin(world.me) as tx:
        await end_upload(tx, upload.id)
    async with world.house.db.read() as connection:
        keys = (await connection.execute(select(DataKey.wrapped, DataKey.destroyed_at))).all()
    assert [wrapped for wrapped, destroyed in keys if destroyed is not None] == [None]
    with pytest.raises(Problem) as caught:
        await assembled(world.house, upload.id)
    assert code(caught) == "upload-ended"


async def test_a_wrong_checksum_keeps_nothing_and_the_right_one_goes_on(world: World) -> None:
    upload = await world.begin()
    wrong = Checksum("sha1", hashlib.sha1(b"other").digest())
    with pytest.raises(Problem) as caught:
        await world.send(upload.id, BYTES[:400_000], at=0, checksum=wrong)
    assert (code(caught), caught.value.type.status) == ("upload-checksum", 460)
    assert (await world.find(upload.id)).received == 0
    cut = Checksum("sha256", hashlib.sha256(BYTES).digest())
    await take_in(world.house, world.me, upload.id, chunks(BYTES[:9000], cut=True), at=0, checksum=cut)
    assert (await world.find(upload.id)).received == 0
    await world.send(upload.id, BYTES, at=0, checksum=cut)
    assert world.taker.taken == [("photo", BYTES)]


async def test_an_offset_that_is_not_the_next_one_is_a_conflict(world: World) -> None:
    upload = await world.begin()
    await world.send(upload.id, BYTES[:1000], at=0)
    for at in (0, 999, 1001):
        with pytest.raises(Problem) as caught:
            await world.send(upload.id, b"x", at=at)
        assert (code(caught), caught.value.extra["offset"]) == ("upload-offset", 1000)
    with pytest.raises(Problem) as caught:
        await world.send(upload.id, BYTES, at=1000)
    assert code(caught) == "upload-too-long"


async def test_two_who_write_at_once_one_wins_and_no_byte_is_mixed(postgres_house: House) -> None:
    world = await World.of(postgres_house)
    upload = await world.begin(2 * PIECE_BYTES)
    barrier = asyncio.Barrier(2)

    async def write(letter: bytes) -> str:
        async def met() -> AsyncIterator[bytes]:
            await barrier.wait()
            yield letter * PIECE_BYTES
            yield letter * PIECE_BYTES

        try:
            await take_in(world.house, world.me, upload.id, met(), at=0)
        except Problem as problem:
            return problem.type.code
        return "won"

    answers = await asyncio.gather(write(b"a"), write(b"b"))
    assert sorted(answers) == ["applications-upload-offset", "won"]
    ((_, data),) = world.taker.taken
    assert len(set(data)) == 1
    assert len(data) == 2 * PIECE_BYTES


async def test_somebody_elses_upload_does_not_exist(world: World) -> None:
    upload = await world.begin()
    stranger = Actor(ActorKind.CITIZEN, str(uuid4()), frozenset({"citizen"}))
    for actor, id in ((stranger, upload.id), (world.me, uuid4())):
        with pytest.raises(Problem) as caught:
            await world.find(id, actor)
        assert code(caught) == "upload-not-found"
    with pytest.raises(Problem) as caught:
        await take_in(world.house, stranger, upload.id, chunks(b"x"), at=0)
    assert code(caught) == "upload-not-found"
    with pytest.raises(Problem) as caught:
        async with world.house.db.begin(stranger) as tx:
            await end_upload(tx, upload.id)
    assert code(caught) == "upload-not-found"
    with pytest.raises(Problem) as caught:
        await world.begin(actor=stranger)
    assert code(caught) == "not-found"


@pytest.mark.parametrize(("length", "wanted"), [(0, "documents-file-empty"), (LIMIT + 1, "documents-file-too-large")])
async def test_a_length_that_cannot_be_taken_is_refused_before_a_byte_is_sent(
    world: World, length: int, wanted: str
) -> None:
    with pytest.raises(Problem) as caught:
        await world.begin(length)
    assert caught.value.type.code == wanted


async def test_after_a_day_without_a_byte_it_is_over_and_swept(world: World, clock: FixedClock) -> None:
    upload = await world.begin()
    clock.advance(KEPT_FOR - timedelta(minutes=1))
    await world.send(upload.id, BYTES[:1000], at=0)
    clock.advance(KEPT_FOR - timedelta(minutes=1))
    assert (await world.find(upload.id)).received == 1000, "each piece gives it another day"
    clock.advance(timedelta(minutes=1))
    with pytest.raises(Problem) as caught:
        await world.find(upload.id)
    assert (code(caught), caught.value.type.status) == ("upload-ended", 410)
    await upload_jobs.sweep_uploads(world.house)
    assert await world.count(UploadPiece) == 0
    with pytest.raises(Problem) as caught:
        await world.find(upload.id)
    assert code(caught) == "upload-ended"
    keys = await world.count(DataKey)
    clock.advance(REMEMBERED_FOR)
    await upload_jobs.sweep_uploads(world.house)
    assert await world.count(Upload) == 0
    assert await world.count(DataKey) == keys - 1
    with pytest.raises(Problem) as caught:
        await world.find(upload.id)
    assert code(caught) == "upload-not-found"


async def test_what_the_application_refuses_ends_the_upload_and_is_said(world: World) -> None:
    upload = await world.begin()
    world.taker.refuses = REFUSED
    with pytest.raises(Problem) as caught:
        await world.send(upload.id, BYTES, at=0)
    assert caught.value.type is REFUSED
    with pytest.raises(Problem) as caught:
        await world.find(upload.id)
    assert code(caught) == "upload-ended"


async def test_what_a_dead_process_left_whole_is_handed_over_by_a_job(world: World, clock: FixedClock) -> None:
    upload = await world.begin()
    world.taker.refuses = DOWN
    with pytest.raises(Problem):
        await world.send(upload.id, BYTES, at=0)
    assert (await world.find(upload.id)).state is UploadState.COMPLETE
    world.taker.refuses = None
    await upload_jobs.sweep_uploads(world.house)
    assert await drain(world.house) == [], "whoever received it may still be at work"
    clock.advance(CLAIM_LASTS)
    for _ in range(2):
        await upload_jobs.sweep_uploads(world.house)
    assert await drain(world.house) == [upload_jobs.TAKE]
    assert world.taker.taken == [("photo", BYTES)]
    assert (await world.find(upload.id)).state is UploadState.TAKEN


async def test_no_application_collects_uploads_without_end(world: World) -> None:
    first, *_ = [await world.begin(100) for _ in range(MOST_OPEN_OF_PAPER + 1)]
    with pytest.raises(Problem) as caught:
        await world.find(first.id)
    assert code(caught) == "upload-ended", "the oldest of one paper makes room"
    for number in range(MOST_OPEN - MOST_OPEN_OF_PAPER):
        await world.begin(100, name=f"paper-{number}")
    with pytest.raises(Problem) as caught:
        await world.begin(100, name="one-more")
    assert code(caught) == "too-many-uploads"


async def test_no_upload_consists_of_countless_crumbs(world: World) -> None:
    upload = await world.begin()
    crumbs = [Piece("0" * 64, 1)] * MAX_PIECES
    async with world.house.db.begin(world.me) as tx:
        await append(tx, upload.id, crumbs, at=0)
    with pytest.raises(Problem) as caught:
        async with world.house.db.begin(world.me) as tx:
            await append(tx, upload.id, crumbs[:1], at=MAX_PIECES)
    assert code(caught) == "upload-pieces"
