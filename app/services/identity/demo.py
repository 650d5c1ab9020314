"""Made-up staff, a demo app and known secrets, so that a demonstration can be signed in to. Refused in production.

The sign-ins are printed by `make run`; `loket sandbox totp EMAIL` shows the second factor's code of the moment.
"""

from dataclasses import dataclass

from sqlalchemy import select
from sqlmodel import col

from app.core.crypto import KeyRing
from app.core.db import Tx
from app.services.identity import credentials, staff
from app.services.identity.credentials import Reader
from app.services.identity.models import Credential, StaffMember
from app.services.identity.passwords import hash_password
from app.services.identity.roles import CITIZEN_SCOPES, Role

DEMO_PASSWORD = "loket-contoh-2026"  # noqa: S105 a demonstration's password is no secret
DEMO_TOTP_SECRET = "LOKETCONTOHLOKETCONTOHLOKETCONTO"  # noqa: S105 base 32, the same for all
DEMO_APP = "app-contoh"
DEMO_CAMERA, DEMO_BANK = "Kamera contoh Sarinah", "Bank Contoh"
DEMO_REDIRECT_URI = "http://127.0.0.1:8765/callback"


@dataclass(frozen=True, slots=True)
class DemoStaff:
    """A made-up member of staff."""

    email: str
    role: Role
    unit: str


STAFF: tuple[DemoStaff, ...] = (
    DemoStaff("petugas1@example.test", Role.OFFICER, "PMJ"),
    DemoStaff("petugas2@example.test", Role.OFFICER, "PMJ"),
    DemoStaff("petugas3@example.test", Role.OFFICER, "PMJ"),
    DemoStaff("penyidik@example.test", Role.SENIOR_OFFICER, "PMJ"),
    DemoStaff("pimpinan@example.test", Role.SUPERVISOR, "PMJ"),
    DemoStaff("wakil@example.test", Role.SUPERVISOR, "PMJ"),
    DemoStaff("blokir@example.test", Role.INVESTIGATOR, "PMJ"),
    DemoStaff("loket@example.test", Role.COUNTER, "PMJ"),
    DemoStaff("pengiriman@example.test", Role.POST, "PMJ"),
    DemoStaff("pengadilan@example.test", Role.COURT, "PMJ"),
    DemoStaff("bendahara@example.test", Role.FINANCE, "PMJ"),
    DemoStaff("bendahara.mabes@example.test", Role.FINANCE, "KORLANTAS"),
    DemoStaff("pengawas@example.test", Role.AUDITOR, "PMJ"),
    DemoStaff("petugas.jabar@example.test", Role.OFFICER, "JABAR"),
    DemoStaff("loket.jaksel@example.test", Role.COUNTER, "PMJ-POLRESTRO-JAKARTA-SELATAN"),
    DemoStaff("petugas1.jaksel@example.test", Role.OFFICER, "PMJ-POLRESTRO-JAKARTA-SELATAN"),
    DemoStaff("petugas2.jaksel@example.test", Role.OFFICER, "PMJ-POLRESTRO-JAKARTA-SELATAN"),
    DemoStaff("pimpinan.jaksel@example.test", Role.SUPERVISOR, "PMJ-POLRESTRO-JAKARTA-SELATAN"),
)


async def list_active(source: Reader, keys: KeyRing) -> list[str]:
    """What of the demonstration can still come in, each with the command that ends it: its secrets are known to all."""
    indexes = {keys.blind_index("email", each.email): each.email for each in STAFF}
    members = select(col(StaffMember.email_bidx)).where(
        col(StaffMember.email_bidx).in_(indexes), col(StaffMember.disabled_at).is_(None)
    )
    found = sorted(indexes[index] for index in (await source.execute(members)).scalars() if index)
    faults = [f"The demo sign-in {email} is active: loket staff disable {email}" for email in found]
    for kind, name, what in (
        ("camera", DEMO_CAMERA, "demo camera"), ("bank", DEMO_BANK, "sandbox bank"), ("app", None, "demo app"),
    ):  # fmt: skip
        same = col(Credential.name) == name if name else col(Credential.client_id) == DEMO_APP
        query = select(col(Credential.client_id)).where(
            col(Credential.kind) == kind, same, col(Credential.disabled_at).is_(None)
        )
        ids = (await source.execute(query.order_by(col(Credential.created_at)))).scalars()
        faults += [f"The {what} {id_} is active: loket client disable {id_}" for id_ in ids]
    return faults


async def seed_demo(tx: Tx) -> None:
    """Plant the made-up staff and the demo app; doing it twice changes nothing. Raises RuntimeError in production."""
    if tx.house.settings.production:
        raise RuntimeError("demo staff have known passwords and are refused in production")
    password_hash = await hash_password(DEMO_PASSWORD)
    for each in STAFF:
        await staff.plant(
            tx,
            each.email,
            roles=[each.role],
            unit=each.unit,
            password_hash=password_hash,
            totp_secret=DEMO_TOTP_SECRET,
        )
    known = select(col(Credential.id)).where(col(Credential.client_id) == DEMO_APP)
    if (await tx.session.execute(known)).scalar_one_or_none() is None:
        await credentials.add_app(
            tx, "Aplikasi contoh", redirect_uris=[DEMO_REDIRECT_URI], scopes=CITIZEN_SCOPES, client_id=DEMO_APP
        )
