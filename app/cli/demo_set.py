"""The demonstration's set: made-up people, staff and vehicles, a camera, a bank, and two tickets to look at.

Everything goes through the rooms' own functions, so the set is as real as any case; doing it again changes nothing.
"""

import json
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.sandbox.photographs import NEW_STOCK, STANDARD, Conditions, draw_photograph
from app.services import appointments, cameras, cases, documents, etle, reference, registries
from app.services.catalogue import Catalogue
from app.services.documents import off_loop
from app.services.etle.models import Ticket
from app.services.etle.reading import read_capture
from app.services.identity import credentials, demo, staff
from app.services.identity.roles import Role
from app.services.registries.demo import demo_vehicles

UNIT = "PMJ"
LETTER_PLATE, WAITING_PLATE = "B1234XYZ", "B2468KJL"
POLRES = "PMJ-POLRESTRO-JAKARTA-SELATAN"
"""The Polres whose officers, counter and hours the demonstration's applications use."""
BOOKED_KINDS = ("vehicle_check", "sim_test", "sim_biometrics", "skck_fingerprints")
WORKDAYS = tuple(
    appointments.Window(
        weekday=weekday,
        opens=8 * 60,
        closes=15 * 60,
        minutes=30,
        rooms=3,
        staff=3,
        opens_days_before=30,
        valid_from=date(2026, 1, 1),
    )
    for weekday in range(1, 6)
)
CERTIFICATE = cameras.Certificate(
    number="CONTOH/KAL/001/2026", valid_until=None, model="Kamera contoh, bukan alat ukur bersertifikat"
)
SITE = cameras.Site(
    place="Simpang Sarinah, Jalan M.H. Thamrin, Jakarta Pusat",
    latitude=-6.1874,
    longitude=106.8231,
    heading=180,
    zone="WIB",
    accuses="287-2-APILL",
)


@dataclass(frozen=True)
class DemoSet:
    """What a demonstration needs to know: the camera's key and the sandbox bank's file."""

    camera_id: str
    camera_key: str
    bank_file: Path


async def seed(house: House) -> DemoSet:
    """Plant the whole set; doing it twice changes nothing. Raises RuntimeError in production."""
    async with house.db.begin(SYSTEM) as tx:
        await demo.seed_demo(tx)
        await registries.seed_demo(tx)
    camera = await _camera(house)
    bank_file = await _bank(house)
    await _hours(house)
    await _tickets(house, camera)
    return DemoSet(camera["id"], camera["api_key"], bank_file)


def summary(house: House, made: DemoSet) -> dict[str, Any]:
    """Where to click, who signs in with what, and the demo's credentials; for `loket seed demo` to print."""
    url = house.settings.public_url
    vehicle = next(each for each in demo_vehicles() if each.plate == LETTER_PLATE)
    return {
        "pages": {
            "citizen": f"{url}/tilang",
            "services": f"{url}/layanan",
            "counter": f"{url}/counter",
            "outbox": f"{url}/sandbox/outbox",
            "api": f"{url}/docs",
        },
        "look_up": {"plate": "B 1234 XYZ", "chassis_no": vehicle.chassis_no, "engine_no": vehicle.engine_no},
        "staff": [{"email": each.email, "role": str(each.role), "unit": each.unit} for each in demo.STAFF],
        "password": demo.DEMO_PASSWORD,
        "second_factor": "loket sandbox totp EMAIL",
        "camera_key": made.camera_key,
        "bank_file": str(made.bank_file),
    }


async def _camera(house: House) -> dict[str, str]:
    path = house.settings.home / "sandbox" / "camera.json"
    kept = _kept(path)
    async with house.db.begin(SYSTEM) as tx:
        known = await credentials.list_(tx.session, kind=credentials.CredentialKind.CAMERA)
        if kept and any(each.client_id == kept["client_id"] for each in known):
            return kept
        made = await credentials.add_camera(tx, demo.DEMO_CAMERA, unit=UNIT)
        await cameras.record_certificate(tx, made.client_id, CERTIFICATE)
        await cameras.record_site(tx, made.client_id, SITE)
    camera = {"id": str(made.id), "client_id": made.client_id, "api_key": made.secret or ""}
    _keep(path, camera)
    return camera


async def _bank(house: House) -> Path:
    path = house.settings.home / "sandbox" / "bank.json"
    kept = _kept(path)
    async with house.db.begin(SYSTEM) as tx:
        known = await credentials.list_(tx.session, kind=credentials.CredentialKind.BANK)
        if kept and any(each.client_id == kept["client_id"] for each in known):
            return path
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        public = key.public_key().public_bytes(
            serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        made = await credentials.add_bank(tx, demo.DEMO_BANK, public_key_pem=public.decode())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    _keep(
        path,
        {
            "client_id": made.client_id,
            "client_secret": made.secret or "",
            "private_key_pem": private.decode(),
            "partner_service_id": made.partner_service_id or "",
        },
    )
    return path


async def _hours(house: House) -> None:
    """Hours at which the demonstration's units take people, for everything that a service books. Hours that somebody has
    set since are left alone."""
    async with house.db.begin(SYSTEM) as tx:
        units = [each.code for each in await reference.list_units(tx.session, polda=UNIT, limit=reference.MOST_UNITS)]
        for unit in (UNIT, *units, *(each.mabes for each in house[Catalogue].all() if each.mabes)):
            known = await appointments.windows_of(tx.session, unit)
            for kind in BOOKED_KINDS:
                if not known.get(kind):
                    await appointments.set_windows(tx, unit, kind, windows=WORKDAYS)


async def _tickets(house: House, camera: dict[str, str]) -> None:
    """One ticket whose letter is out, and one that waits for an officer."""
    await _ticket(house, camera, LETTER_PLATE, STANDARD, seed=11, minutes=90)
    await _ticket(house, camera, WAITING_PLATE, NEW_STOCK, seed=12, minutes=40)
    await _verify(house, LETTER_PLATE)


async def _ticket(
    house: House, camera: dict[str, str], plate: str, conditions: Conditions, *, seed: int, minutes: int
) -> None:
    async with house.db.begin(SYSTEM) as tx:
        if (await tx.session.execute(select(col(Ticket.case_id)).where(col(Ticket.plate) == plate))).first():
            return
    picture = draw_photograph(plate, seed=seed, conditions=conditions)
    info = await off_loop(documents.check_image, picture, max_bytes=len(picture), max_pixels=50_000_000)
    image = await cameras.keep_original(house, picture, info.media_type, info.width, info.height)
    device = Actor(ActorKind.CAMERA, camera["id"], frozenset({"camera"}), unit=UNIT)
    async with house.db.begin(device) as tx:
        metadata = cameras.parse_metadata(
            json.dumps(
                {
                    "captured_at": (tx.now - timedelta(minutes=minutes)).isoformat(),
                    "violation": "287-2-APILL",
                    "location": "Simpang Sarinah, Jalan M.H. Thamrin, Jakarta Pusat",
                    "capture_id": f"contoh-{plate}",
                }
            )
        )
        checked = await cameras.check_metadata(tx.session, device, metadata, now=tx.now)
        capture, _ = await cameras.accept_capture(tx, device, [image], checked)
    await read_capture(house, str(capture.id))
    await cases.draw_announced(house)


async def _verify(house: House, plate: str) -> None:
    """The drawn officer verifies; the second one agrees where the reading was doubtful. The worker dispatches."""
    async with house.db.begin(SYSTEM) as tx:
        query = (
            select(col(cases.Case.id), col(cases.Case.assigned_to))
            .join(Ticket, col(Ticket.case_id) == col(cases.Case.id))
            .where(col(Ticket.plate) == plate, col(cases.Case.state) == "captured")
        )
        row = (await tx.session.execute(query)).first()
        officers = await staff.list_officers(tx.session, unit=UNIT, role=Role.OFFICER)
    if row is None:
        return
    actors = [Actor(ActorKind.STAFF, str(each.id), each.roles, unit=each.unit) for each in officers]
    drawn = next(each for each in actors if each.id == row.assigned_to)
    async with house.db.begin(drawn) as tx:
        await etle.decide(tx, row.id, etle.Decision(action="start_review"))
        verified = etle.Decision(
            action="verify", reason="Kendaraan pada foto cocok dengan data registrasi.", registry_matches=True
        )
        await etle.decide(tx, row.id, verified)
    async with house.db.begin(next(each for each in actors if each.id != drawn.id)) as tx:
        if any(task.kind == "second_look" for task in await cases.tasks_of(tx.session, row.id)):
            await etle.decide(tx, row.id, etle.Decision(action="endorse"))


def _kept(path: Path) -> dict[str, str] | None:
    if not path.exists():
        return None
    kept: dict[str, str] = json.loads(path.read_text("utf-8"))
    return kept


def _keep(path: Path, values: dict[str, str]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(values, indent=1), "utf-8")
    path.chmod(0o600)
