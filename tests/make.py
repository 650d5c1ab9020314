"""Builders for tests, through service functions alone, so that no impossible row ever exists."""

import json
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import httpx
from sqlalchemy import select

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.db import Tx
from app.core.house import House
from app.sandbox.photographs import draw_photograph
from app.services import billing, cameras, cases, etle, recognition, registries
from app.services.billing.accounts import BANK
from app.services.cameras.files import file_view
from app.services.cameras.models import EvidenceFile
from app.services.etle.models import Ticket
from app.services.etle.reading import Match, take_up
from app.services.identity import credentials, demo, signing_keys, staff, tokens
from app.services.identity.roles import STAFF_SCOPES, Role
from app.services.identity.sessions import SubjectKind
from app.services.registries import demo as demo_registry
from tests.drain import drain
from tests.planting import planted

PLATE = "B1234XYZ"
VEHICLE = next(each for each in demo_registry.demo_vehicles() if each.plate == PLATE)
LOCATION = "Simpang Sarinah, Jalan M.H. Thamrin, Jakarta Pusat"


@dataclass(frozen=True)
class Camera:
    """A camera of PMJ with its key."""

    client: httpx.AsyncClient
    key: str

    async def send(
        self, image: bytes, *, at: datetime, violation: str = "287-2-APILL", location: str = LOCATION, **extra: object
    ) -> httpx.Response:
        """One capture."""
        metadata = {"captured_at": at.isoformat(), "violation": violation, "location": location, **extra}
        return await self.client.post(
            "/v1/anpr/captures",
            headers={"X-Api-Key": self.key},
            files={"image": ("capture.jpg", image, "image/jpeg")},
            data={"metadata": json.dumps(metadata)},
        )


async def demo_set(house: House) -> None:
    """Made-up staff, people and vehicles."""
    await planted(house, _demo_set)


async def _demo_set(tx: Tx) -> None:
    await demo.seed_demo(tx)
    await registries.seed_demo(tx)


async def camera(
    house: House, client: httpx.AsyncClient, *, unit: str = "PMJ", certificate: cameras.Certificate | None = None
) -> Camera:
    """A registered camera, with the certificate under which it measures if it has one."""
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, "Kamera Sarinah", unit=unit)
        if certificate is not None:
            await cameras.record_certificate(tx, made.client_id, certificate)
    assert made.secret is not None
    return Camera(client, made.secret)


async def staff_headers(house: House, role: Role, *, unit: str = "PMJ", staff_id: UUID | None = None) -> dict[str, str]:
    """The bearer header of a member of staff with this role (the first one, unless told who)."""
    async with house.db.begin(SYSTEM) as tx:
        if staff_id is None:
            officers = await staff.list_officers(tx.session, unit=unit, role=role)
            staff_id = officers[0].id
        member = next(
            each for each in await staff.list_officers(tx.session, unit=unit, role=role) if each.id == staff_id
        )
        access = tokens.AccessFor(
            str(staff_id), SubjectKind.STAFF, "tests", " ".join(STAFF_SCOPES), roles=sorted(member.roles), unit=unit
        )
        settings = house.settings
        token = tokens.mint_access_token(
            await signing_keys.current(tx),
            access,
            issuer=settings.public_url,
            audience=settings.oidc_audience,
            now=tx.now,
        )
    return {"Authorization": f"Bearer {token}"}


def photograph(plate: str = PLATE, *, seed: int = 1) -> bytes:
    """A drawn street photograph with this plate."""
    return _drawn(plate, seed)


@cache
def _drawn(plate: str, seed: int) -> bytes:
    return draw_photograph(plate, seed=seed)


async def original(house: House, sha256: str) -> bytes:
    """The original of an evidence file, opened as the house itself does it."""
    query = select(EvidenceFile.__table__).where(EvidenceFile.sha256 == sha256).limit(1)  # type: ignore[attr-defined, arg-type]
    async with house.db.read() as connection:
        row = (await connection.execute(query)).mappings().one()
    return await cameras.read_original(house, file_view(row))


def unlike_any_other(jpeg: bytes) -> bytes:
    """The same picture with a comment of its own: drawing one takes as long as all the rest of a capture."""
    comment = secrets.token_bytes(16)
    return jpeg[:2] + b"\xff\xfe" + (len(comment) + 2).to_bytes(2, "big") + comment + jpeg[2:]


def reading(plate: str | None, *, confidence: float = 0.98, **seen: Any) -> recognition.Reading:
    """What a recogniser would say; `seen` is what it saw besides (`look`, `validity`)."""
    if plate is None:
        return recognition.Reading((), "test", 1)
    box = recognition.Box(500, 600, 760, 660)
    result = recognition.PlateReading(plate, confidence, box, "id", (), plate, (confidence,) * len(plate), **seen)
    return recognition.Reading((result,), "test", 1)


async def capture(
    house: House,
    *,
    at: datetime | None = None,
    violation: str = "287-2-APILL",
    location: str = LOCATION,
    unit: str = "PMJ",
    device: Actor | None = None,
) -> cameras.CaptureView:
    """A capture with a picture of its own, as a camera of the unit handed it in; not read yet."""
    picture = unlike_any_other(photograph())
    if device is None:
        async with house.db.begin(SYSTEM) as tx:
            made = await credentials.add_camera(tx, f"Kamera {secrets.token_hex(3)}", unit=unit)
        device = Actor(ActorKind.CAMERA, str(made.id), frozenset({"camera"}), unit=unit)
    image = await cameras.keep_original(house, picture, "image/jpeg", 1280, 960)
    async with house.db.begin(device) as tx:
        taken = at or tx.now - timedelta(minutes=5)
        text = json.dumps({"captured_at": taken.isoformat(), "violation": violation, "location": location})
        checked = await cameras.check_metadata(tx.session, device, cameras.parse_metadata(text), now=tx.now)
        view, _ = await cameras.accept_capture(tx, device, [image], checked)
    return view


async def undrawn(
    house: House,
    taken: cameras.CaptureView,
    plate: str | None = PLATE,
    *,
    confidence: float = 0.98,
    doubtful: bool = False,
    **seen: Any,
) -> UUID | None:
    """Take up a capture with this reading; the case that it opened, or None when it joined another. The draw of its
    officer is announced, and waits."""
    vehicle = await house[registries.VehicleRegistry].find(plate) if plate else None
    result = reading(plate, confidence=confidence, **seen)
    match = Match((result,), result.results[0] if result.results else None, vehicle, doubtful or vehicle is None)
    async with house.db.begin(SYSTEM) as tx:
        await take_up(tx, taken, match)
        row = await tx.session.execute(select(Ticket.case_id).where(Ticket.capture_id == taken.id))
        return row.scalar_one_or_none()


async def case_of(
    house: House,
    taken: cameras.CaptureView,
    plate: str | None = PLATE,
    *,
    confidence: float = 0.98,
    doubtful: bool = False,
    **seen: Any,
) -> UUID | None:
    """The same, with its officer drawn."""
    case_id = await undrawn(house, taken, plate, confidence=confidence, doubtful=doubtful, **seen)
    await cases.draw_announced(house)
    return case_id


async def officer_of(house: House, case_id: UUID) -> Actor:
    """The officer who was drawn for a case."""
    async with house.db.begin(SYSTEM) as tx:
        case = await tx.session.get(cases.Case, case_id)
        members = await staff.list_officers(tx.session, unit="PMJ", role=Role.OFFICER)
    assert case is not None
    return next(as_actor(each) for each in members if str(each.id) == case.assigned_to)


async def other_officer(house: House, but: Actor, role: Role = Role.OFFICER) -> Actor:
    """Somebody else with this role."""
    async with house.db.begin(SYSTEM) as tx:
        members = await staff.list_officers(tx.session, unit="PMJ", role=role)
    return next(as_actor(each) for each in members if str(each.id) != but.id)


def as_actor(member: staff.Officer) -> Actor:
    """A member of staff as the actor of a transaction."""
    return Actor(ActorKind.STAFF, str(member.id), member.roles, unit=member.unit)


async def verified(house: House, **options: Any) -> UUID:
    """A case whose violation an officer has confirmed; its letter has not left yet."""
    case_id = await case_of(house, await capture(house, **options))
    assert case_id is not None
    officer = await officer_of(house, case_id)
    async with house.db.begin(officer) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="start_review"))
        await etle.decide(tx, case_id, etle.Decision(action="verify", registry_matches=True, reason="cocok"))
    return case_id


async def letter_sent(house: House, **options: Any) -> UUID:
    """A case whose letter is out and has arrived (the local outbox delivers at once)."""
    case_id = await verified(house, **options)
    await drain(house)
    return case_id


def owner_of(case_id: UUID) -> Actor:
    """The owner with a look-up's token."""
    return Actor(ActorKind.CITIZEN, str(case_id), frozenset({"owner"}), case_id=case_id)


DRIVER = {
    "nik": VEHICLE.owner_nik,
    "name": "Budi Contoh",
    "address": "Jalan Contoh No. 1, Jakarta Selatan",
    "phone": "+6281200000001",
}


async def tilang_issued(house: House, **options: Any) -> UUID:
    """A case whose owner confirmed and whose ticket an officer issued, with its bill."""
    case_id = await letter_sent(house, **options)
    async with house.db.begin(owner_of(case_id)) as tx:
        await etle.answer_letter(tx, case_id, etle.LetterAnswer("self", person=DRIVER))
    async with house.db.begin(await officer_of(house, case_id)) as tx:
        await etle.decide(tx, case_id, etle.Decision(action="issue_tilang"))
    return case_id


async def pay(house: House, case_id: UUID) -> None:
    """Pay the case's bill in full, straight into the bank account."""
    async with house.db.begin(Actor(ActorKind.BANK, "bank", frozenset({"bank"}))) as tx:
        bill = await billing.bill_of(tx.session, case_id, at=tx.now)
        assert bill is not None
        await billing.post_payment(tx, bill.id, amount=bill.amount, debit=BANK, memo="uji")


async def state_of(house: House, case_id: UUID) -> str:
    """Where a case stands."""
    async with house.db.begin(SYSTEM) as tx:
        case = await tx.session.get(cases.Case, case_id)
        assert case is not None
        return case.state
