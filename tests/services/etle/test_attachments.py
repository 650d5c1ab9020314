"""What people hand in with an answer lies sealed and without its place, and is shown to staff alone."""

import hashlib
import io
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from PIL import Image
from sqlalchemy import select, update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.vault import DataKey
from app.routers.http.guards import issue_ticket_token
from app.services.etle import attachments, jobs, retention
from app.services.etle.models import Attachment
from app.services.etle.store import addressee_of
from app.services.identity.roles import Role
from tests import make
from tests.drain import drain
from tests.files import objects, phone_picture

PDF = (
    b"%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[]/Count 0>>endobj\n"
    b"trailer<</Root 1 0 R>>\nstartxref\n9\n%%EOF\n"
)


class Desk:
    """A letter that was sent: its owner hands files in, an officer sees them."""

    def __init__(self, house: House, client: httpx.AsyncClient, case_id: UUID) -> None:
        self.house, self.client, self.case_id = house, client, case_id
        self.holder = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}

    async def hand_in(self, data: bytes, *, key: str | None = None, status: int = 201) -> dict[str, str]:
        answer = await self.client.post(
            f"/v1/tickets/{self.case_id}/attachments",
            files={"file": ("bukti", data, "application/octet-stream")},
            headers=self.holder | ({"Idempotency-Key": key} if key else {}),
        )
        assert answer.status_code == status, answer.text
        body: dict[str, str] = answer.json()
        return body

    async def shown(self) -> list[tuple[str, bytes, str]]:
        """What staff are shown: the type that they are told, the bytes, and the type of the answer."""
        headers = await make.staff_headers(self.house, Role.SENIOR_OFFICER)
        case = await self.client.get(
            f"/v1/counter/cases/{self.case_id}", headers=headers, params={"purpose": "memeriksa lampiran"}
        )
        assert case.status_code == 200, case.text
        files = []
        for each in case.json()["attachments"]:
            opened = await self.client.get(each["url"].replace(self.house.settings.public_url, ""))
            assert opened.status_code == 200, opened.text
            assert opened.headers["content-disposition"] == "attachment"
            files.append((each["media_type"], opened.content, opened.headers["content-type"]))
        return files


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    await make.demo_set(house)
    return Desk(house, client, await make.letter_sent(house))


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP"])
async def test_a_picture_lies_sealed_and_nothing_says_where_it_was_taken(desk: Desk, kind: str) -> None:
    before, picture = await objects(desk.house), phone_picture(kind)
    assert b"MARKER-PHONE" in picture
    assert b"MARKER-PLACE" in picture
    taken = await desk.hand_in(picture)
    assert (taken["sha256"], taken["media_type"]) == (hashlib.sha256(picture).hexdigest(), f"image/{kind.lower()}")
    new = {name: data for name, data in (await objects(desk.house)).items() if name not in before}
    assert len(new) == 1
    (sealed,) = new.values()
    for clear in (b"MARKER", b"Exif", b"JFIF", b"\xff\xd8\xff", b"PNG", b"WEBP", picture[100:160]):
        assert clear not in sealed, clear
    ((told, opened, served),) = await desk.shown()
    assert (told, served) == ("image/jpeg", "image/jpeg")
    assert b"MARKER" not in opened
    assert b"Exif" not in opened
    shown = Image.open(io.BytesIO(opened))
    assert (shown.format, shown.size, dict(shown.getexif())) == ("JPEG", (320, 200), {})


async def test_a_pdf_lies_sealed_and_comes_back_as_it_was(desk: Desk) -> None:
    before = await objects(desk.house)
    await desk.hand_in(PDF)
    (sealed,) = [data for name, data in (await objects(desk.house)).items() if name not in before]
    assert b"%PDF" not in sealed
    assert b"Catalog" not in sealed
    assert await desk.shown() == [("application/pdf", PDF, "application/pdf")]


async def test_the_same_file_again_is_the_same_one_and_leaves_nothing_behind(desk: Desk) -> None:
    first = await desk.hand_in(phone_picture())
    there = await objects(desk.house)
    assert await desk.hand_in(phone_picture()) == first
    await drain(desk.house)
    assert await objects(desk.house) == there, "the second sealing is dropped"
    assert (await desk.hand_in(phone_picture(shade=10)))["id"] != first["id"]


async def test_what_comes_again_with_its_key_is_not_even_stored(desk: Desk) -> None:
    first = await desk.hand_in(phone_picture(), key="sekali")
    there = await objects(desk.house)
    assert await desk.hand_in(phone_picture(), key="sekali") == first
    assert await objects(desk.house) == there
    reused = await desk.hand_in(phone_picture(shade=10), key="sekali", status=422)
    assert reused["code"] == "idempotency-key-reused", "another file is another request"


async def test_the_file_goes_with_the_persons_key_and_with_the_ticket(desk: Desk, clock: FixedClock) -> None:
    house = desk.house
    await desk.hand_in(phone_picture())
    async with house.db.begin(SYSTEM) as tx:
        row = (await tx.session.execute(select(Attachment))).scalar_one()
        owner = await addressee_of(tx, desk.case_id)
        assert owner is not None
        assert row.key_id == owner.key_id
        link = attachments.link_to(house, row, now=clock.now()).replace(house.settings.public_url, "")
        await tx.session.execute(update(DataKey).where(col(DataKey.id) == row.key_id).values(wrapped=None))
    assert (await desk.client.get(link)).status_code == 404
    async with house.db.begin(SYSTEM) as tx:
        await retention.forget_ticket(tx, desk.case_id)
    await drain(house)
    assert not await house.storage.exists(row.sha256)
    assert (await desk.client.get(link)).status_code == 404


async def test_a_link_ends_after_a_quarter_of_an_hour(desk: Desk, clock: FixedClock) -> None:
    await desk.hand_in(PDF)
    async with desk.house.db.begin(SYSTEM) as tx:
        row = (await tx.session.execute(select(Attachment))).scalar_one()
    link = attachments.link_to(desk.house, row, now=clock.now()).replace(desk.house.settings.public_url, "")
    clock.advance(timedelta(minutes=14))
    assert (await desk.client.get(link)).status_code == 200
    clock.advance(timedelta(minutes=2))
    assert (await desk.client.get(link)).status_code == 404


async def test_what_was_handed_in_before_files_were_sealed_is_shown_then_cleaned_and_sealed(desk: Desk) -> None:
    house, picture = desk.house, phone_picture("PNG")
    open_one = await house.storage.put(picture)
    async with house.db.begin(SYSTEM) as tx:
        old = {"sha256": open_one, "digest": open_one, "media_type": "image/png", "at": tx.now}
        tx.session.add(Attachment(case_id=desk.case_id, **old))
    assert await desk.shown() == [("image/png", picture, "image/png")]
    await jobs.seal_attachments(house)
    await drain(house)
    assert not await house.storage.exists(open_one)
    assert not any(b"MARKER" in data for data in (await objects(house)).values())
    ((told, opened, served),) = await desk.shown()
    assert (told, served) == ("image/jpeg", "image/jpeg")
    assert b"MARKER" not in opened
    assert Image.open(io.BytesIO(opened)).size == (320, 200)
    assert (await desk.hand_in(picture))["sha256"] == open_one, "and it is still the same file"
    assert len(await desk.shown()) == 1
    assert await attachments.seal_open_ones(house) == 0


async def test_an_old_file_that_is_gone_stops_nothing(desk: Desk) -> None:
    house = desk.house
    async with house.db.begin(SYSTEM) as tx:
        for digest in ("0" * 64, await house.storage.put(PDF)):
            row = {"sha256": digest, "digest": digest, "media_type": "application/pdf", "at": tx.now}
            tx.session.add(Attachment(case_id=desk.case_id, **row))
    assert await attachments.seal_open_ones(house) == 1
    async with house.db.begin(SYSTEM) as tx:
        left = (await tx.session.execute(select(Attachment).where(col(Attachment.key_id).is_(None)))).scalars().all()
        assert [each.sha256 for each in left] == ["0" * 64]


BOMB = io.BytesIO()
Image.new("1", (12_000, 12_000)).save(BOMB, "PNG")


@pytest.mark.parametrize(
    ("data", "status", "code"),
    [
        (b"", 422, "documents-file-empty"),
        (b"no picture at all", 415, "documents-not-an-attachment"),
        (phone_picture()[:-400], 422, "documents-image-unreadable"),
        (BOMB.getvalue(), 422, "documents-too-many-pixels"),
        (phone_picture() + b"x" * attachments.MAX_BYTES, 413, "documents-file-too-large"),
        (PDF.replace(b"/Catalog", b"/Catalog/OpenAction<</S/JavaScript/JS(x)>>"), 422, "documents-pdf-active"),
    ],
    ids=["empty", "no-picture", "truncated", "bomb", "too-large", "script"],
)
async def test_what_is_refused_is_named_and_nothing_of_it_is_kept(
    desk: Desk, data: bytes, status: int, code: str
) -> None:
    there = await objects(desk.house)
    assert (await desk.hand_in(data, status=status))["code"] == code
    assert await objects(desk.house) == there
    assert await desk.shown() == []
