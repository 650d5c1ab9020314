"""Builders for tests, through service functions alone, so that no impossible row ever exists."""

import json
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import httpx

from app.core.actor import SYSTEM
from app.core.house import House
from app.sandbox.photographs import draw_photograph
from app.services import registries
from app.services.identity import credentials, demo, signing_keys, staff, tokens
from app.services.identity.roles import STAFF_SCOPES, Role
from app.services.identity.sessions import SubjectKind
from app.services.registries import demo as demo_registry

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
    async with house.db.begin(SYSTEM) as tx:
        await demo.seed_demo(tx)
        await registries.seed_demo(tx)


async def camera(house: House, client: httpx.AsyncClient, *, unit: str = "PMJ") -> Camera:
    """A registered camera."""
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, "Kamera Sarinah", unit=unit)
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
    return draw_photograph(plate, seed=seed)
