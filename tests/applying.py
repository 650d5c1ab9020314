"""Applying as a citizen would, over HTTP: whatever the service's file asks for is filled in from its own examples."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from functools import cache
from typing import Any
from uuid import UUID

import httpx

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.house import House
from app.sandbox.application_story import draw_paper
from app.services import appointments, billing, cases
from app.services.appointments import Window
from app.services.billing.accounts import BANK
from app.services.identity import sandbox
from app.services.identity.roles import Role
from app.services.registries import Registers, build_registers
from app.services.registries.demo import PEOPLE
from tests.drain import drain
from tests.services.documents import portraits

POLRES = "PMJ-POLRESTRO-JAKARTA-SELATAN"


@dataclass
class Desk:
    """A citizen with a token, and everybody whom the journey needs at the unit."""

    house: House
    client: httpx.AsyncClient
    person: int
    headers: dict[str, str] = field(default_factory=dict)
    keys: int = 0

    async def sign_in(self) -> "Desk":
        """The citizen's token."""
        who = PEOPLE[self.person]
        async with self.house.db.begin(SYSTEM) as tx:
            token = await sandbox.token_for_citizen(tx, nik=who.nik, name=who.name, phone=who.phone)
        self.headers = {"Authorization": f"Bearer {token}"}
        return self

    def key(self) -> dict[str, str]:
        """The citizen's headers with a fresh Idempotency-Key."""
        self.keys += 1
        return {**self.headers, "Idempotency-Key": f"key-{self.person}-{self.keys}"}

    async def staff(self, role: Role, unit: str, prefer: str | None = None) -> dict[str, str]:
        """The headers of somebody with this role."""
        async with self.house.db.begin(SYSTEM) as tx:
            token = await sandbox.token_for_role(tx, role, unit=unit, prefer=prefer)
        self.keys += 1
        return {"Authorization": f"Bearer {token}", "Idempotency-Key": f"staff-{self.person}-{self.keys}"}

    async def get(self, path: str, **params: Any) -> Any:
        """A look that must succeed."""
        answer = await self.client.get(path, headers=self.headers, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def post(self, path: str, body: Any = None, *, status: int = 200) -> Any:
        """A step that must end so."""
        answer = await self.client.post(path, headers=self.key(), json={} if body is None else body)
        assert answer.status_code == status, answer.text
        return answer.json()

    async def draft(self, service: str, unit: str = POLRES, **form: Any) -> dict[str, Any]:
        """A draft with every field filled in from the examples of the form, but for what is given."""
        described = await self.get(f"/v1/services/{service}")
        made = await self.post("/v1/applications", {"service": service, "unit": unit}, status=201)
        filled = {**examples(described["form"]), **made["form"], **form}
        filled = {name: value for name, value in filled.items() if value is not None}
        return await self.patch(made["id"], filled)

    async def patch(self, id: str, form: Mapping[str, Any], *, status: int = 200, **more: Any) -> dict[str, Any]:
        """Change the form under the version that is there now; `more` stands beside the form."""
        seen = await self.client.get(f"/v1/applications/{id}", headers=self.headers)
        answer = await self.client.patch(
            f"/v1/applications/{id}",
            headers={**self.headers, "If-Match": seen.headers["etag"], "Content-Type": "application/merge-patch+json"},
            json={"form": form, **more},
        )
        assert answer.status_code == status, answer.text
        body: dict[str, Any] = answer.json()
        return body

    async def hand_in(self, draft: dict[str, Any]) -> dict[str, Any]:
        """Give every paper that is wanted."""
        for each in draft["documents"]:
            if each["required"] and each["state"] == "missing":
                answer = await self.put(draft["id"], each["name"], paper(each["name"], each["rule"]))
                assert answer.status_code == 200, (each["name"], answer.text)
        return await self.get(f"/v1/applications/{draft['id']}")  # type: ignore[no-any-return]

    async def put(self, id: str, name: str, data: bytes) -> httpx.Response:
        """Give one paper."""
        return await self.client.put(
            f"/v1/applications/{id}/documents/{name}",
            headers=self.headers,
            files={"file": (f"{name}.jpg", data, "image/jpeg")},
        )

    async def submit(self, id: str) -> dict[str, Any]:
        """Hand it in."""
        return await self.post(f"/v1/applications/{id}/submit")  # type: ignore[no-any-return]

    async def book(self, id: str, service: str, unit: str) -> dict[str, Any]:
        """The first slot of the coming days."""
        day = (self.house.clock.now() + timedelta(days=1)).date()
        listed = await self.get(
            f"/v1/units/{unit}/slots",
            service=service,
            **{"from": day.isoformat(), "to": (day + timedelta(days=6)).isoformat()},
        )
        slots = [slot for slot in listed["slots"] if slot["free"] > 0]
        return await self.post(f"/v1/applications/{id}/appointment", {"starts_at": slots[0]["starts_at"]})  # type: ignore[no-any-return]

    async def pay(self, id: str) -> None:
        """Pay the bill in full, straight into the bank account."""
        async with self.house.db.begin(Actor(ActorKind.BANK, "bank", frozenset({"bank"}))) as tx:
            bill = await billing.bill_of(tx.session, UUID(id), at=tx.now)
            assert bill is not None
            await billing.post_payment(tx, bill.id, amount=bill.amount, debit=BANK, memo="uji")

    async def act(self, id: str, role: Role, action: str, *, status: int = 200, **body: Any) -> Any:
        """A decision of staff: of the officer who was drawn where the case has one."""
        await drain(self.house)
        await cases.draw_announced(self.house)
        async with self.house.db.begin(SYSTEM) as tx:
            case = await tx.session.get(cases.Case, UUID(id))
            assert case is not None
        headers = await self.staff(role, case.unit, case.assigned_to)
        if role is Role.OFFICER:
            seen = await self.client.get(
                f"/v1/counter/cases/{id}", headers=headers, params={"purpose": "memeriksa permohonan"}
            )
            assert seen.status_code == 200, seen.text
        answer = await self.client.post(
            f"/v1/counter/cases/{id}/actions", headers=headers, json={"action": action, **body}
        )
        assert answer.status_code == status, answer.text
        return answer.json()

    async def through(self, service: str, unit: str = POLRES, **form: Any) -> str:
        """One application from its draft to the approval that issues; its jobs wait in the queue."""
        draft = await self.hand_in(await self.draft(service, unit, **form))
        checked = await self.post(f"/v1/applications/{draft['id']}/check")
        if checked["needs_appointment"]:
            await self.book(draft["id"], service, unit)
        await self.submit(draft["id"])
        if checked["amount"]:
            await self.pay(draft["id"])
        if checked["needs_appointment"]:
            await self.act(draft["id"], Role.OFFICER, "call_in")
            await self.act(draft["id"], Role.COUNTER, "attend")
        await self.act(draft["id"], Role.OFFICER, "approve")
        return str(draft["id"])

    async def state(self, id: str) -> str:
        """Where it stands."""
        return str((await self.get(f"/v1/applications/{id}"))["state"])


async def opened_unit(house: House, unit: str = POLRES) -> None:
    """A unit with officers and with hours for everything that services book."""
    async with house.db.begin(SYSTEM) as tx:
        for role in (Role.OFFICER, Role.SUPERVISOR, Role.COUNTER):
            await sandbox.token_for_role(tx, role, unit=unit)
        for kind in ("vehicle_check", "sim_test", "sim_biometrics", "skck_fingerprints"):
            hours = [
                Window(
                    weekday=day,
                    opens=8 * 60,
                    closes=12 * 60,
                    minutes=60,
                    rooms=2,
                    staff=2,
                    opens_days_before=30,
                    valid_from=date(2026, 1, 1),
                )
                for day in range(1, 6)
            ]
            await appointments.set_windows(tx, unit, kind, windows=hours)


def examples(schema: dict[str, Any]) -> dict[str, Any]:
    """A value for each field, as the form itself gives them."""
    return {name: each["examples"][0] for name, each in schema["properties"].items() if each.get("examples")}


@cache
def paper(name: str, rule: str | None = None) -> bytes:
    """A picture that may stand for this paper: a portrait or a signature by its rule, else a page with writing on it.

    ``photo`` and ``other photo`` are two portraits for a licence.
    """
    if rule is not None:
        return portraits.fitting(rule)
    if name.endswith("photo"):
        return portraits.as_bytes(portraits.portrait(light=0.12 if name == "photo" else 0.2))
    return draw_paper(name)


@asynccontextmanager
async def registers_down(house: House, *names: str) -> AsyncIterator[House]:
    """The same house while these registers do not answer."""
    dead = house.settings.model_copy(update={f"register_{name}_url": "http://127.0.0.1:9" for name in names})
    registers = build_registers(dead, house.db, house.keys)
    try:
        yield replace(house, parts={**house.parts, Registers: registers})
    finally:
        house.db.move_in(house)
        await registers.aclose()
