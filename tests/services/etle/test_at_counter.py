"""A counter officer acts for a citizen only with that citizen's own code, for this step, once; and the citizen is told."""

import re
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services import cases, etle
from app.services.cases import CaseEvent
from app.services.etle.models import Party
from app.services.etle.store import add_party, addressee_of, party_in_role, person_of
from app.services.identity import retention
from app.services.identity.roles import Role
from tests import make
from tests.drain import drain

OWNERS_PHONE = make.VEHICLE.owner_phone or ""
FRIENDS_PHONE = "+6281200000022"
DRIVER = {"nik": make.DRIVER["nik"], "name": "Budi Contoh", "address": "Jalan Contoh No. 1", "phone": "081200000001"}
FRIEND = {"nik": "3174014503909902", "name": "Siti Misal", "address": "Jalan Contoh No. 2", "phone": "081200000022"}


class Counter:
    """A counter officer of PMJ with a citizen in front of them."""

    def __init__(self, house: House, client: httpx.AsyncClient, headers: dict[str, str], case_id: UUID) -> None:
        self.house, self.client, self.headers, self.case_id = house, client, headers, case_id

    async def ask(self, step: str) -> httpx.Response:
        path = f"/v1/counter/cases/{self.case_id}/consents"
        answer = await self.client.post(path, json={"action": step}, headers=self.headers)
        await drain(self.house)
        return answer

    async def act(self, step: str, *, key: str | None = None, **more: Any) -> httpx.Response:
        answer = await self.client.post(
            f"/v1/counter/cases/{self.case_id}/actions",
            json={"action": step, **more},
            headers={**self.headers, "Idempotency-Key": key or str(uuid4())},
        )
        await drain(self.house)
        return answer

    async def texts(self, phone: str) -> list[str]:
        """What this phone has received, newest first."""
        shown = (await self.client.get("/sandbox/outbox.json", params={"to": phone})).json()["messages"]
        return [each["text"] for each in shown]

    async def code(self, phone: str) -> str:
        """The newest consent code on this phone."""
        found = [re.match(r"(\d{6}) adalah kode persetujuan", each) for each in await self.texts(phone)]
        return next(each[1] for each in found if each)


@pytest.fixture
async def counter(house: House, client: httpx.AsyncClient) -> Counter:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    return Counter(house, client, await make.staff_headers(house, Role.COUNTER), case_id)


async def last_event(house: House, case_id: UUID) -> CaseEvent:
    async with house.db.begin(SYSTEM) as tx:
        query = select(CaseEvent).where(col(CaseEvent.case_id) == case_id).order_by(col(CaseEvent.seq).desc())
        return (await tx.session.execute(query.limit(1))).scalar_one()


async def test_with_the_owners_code_the_answer_is_the_owners_and_the_owner_is_told(counter: Counter) -> None:
    refused = await counter.act("confirm_self", driver=DRIVER)
    assert (refused.status_code, refused.json()["code"]) == (422, "identity-consent-needed")
    asked = await counter.ask("confirm_self")
    assert asked.status_code == 201, asked.text
    assert OWNERS_PHONE not in asked.text, "whose number it is, only its owner knows"
    assert "menjawab bahwa Anda sendiri mengemudi" in (await counter.texts(OWNERS_PHONE))[0]
    code = await counter.code(OWNERS_PHONE)

    done = await counter.act("confirm_self", key="satu", consent=code, driver=DRIVER)
    assert (done.status_code, done.json()["state"]) == (200, "confirmed"), done.text
    assert (await counter.act("confirm_self", key="satu", consent=code, driver=DRIVER)).json() == done.json()
    event = await last_event(counter.house, counter.case_id)
    assert (event.action, event.actor_kind, event.data["at_counter"]) == ("confirm_self", "staff", True)
    assert "Di loket" in (event.reason or "")
    assert UUID(str(event.data["consent"]))
    assert "petugas menjawab bahwa Anda sendiri mengemudi" in (await counter.texts(OWNERS_PHONE))[0]
    async with counter.house.db.begin(SYSTEM) as tx:
        driver = await addressee_of(tx, counter.case_id)
        assert driver is not None
        assert (driver.role, (await person_of(tx, driver))["phone"]) == ("driver", "+6281200000001")


async def test_a_code_is_for_its_own_step_once_and_for_few_tries(counter: Counter) -> None:
    await counter.ask("confirm_self")
    code = await counter.code(OWNERS_PHONE)
    other = await counter.act("object", consent=code, kind="object", reason="Saya di rumah saat itu")
    assert (other.status_code, other.json()["code"]) == (422, "identity-consent-refused")
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for _ in range(5):
        assert (await counter.act("confirm_self", consent=wrong, driver=DRIVER)).status_code == 422
    late = await counter.act("confirm_self", consent=code, driver=DRIVER)
    assert late.json()["code"] == "identity-consent-refused", "failed tries count, although they change nothing"
    assert await make.state_of(counter.house, counter.case_id) == "letter_sent"

    await counter.ask("object")
    code = await counter.code(OWNERS_PHONE)
    refused = await counter.act("object", consent=code, reason="Saya di rumah saat itu")
    assert refused.json()["errors"][0]["pointer"] == "/kind"
    done = await counter.act("object", consent=code, kind="not_mine", reason="Saya di rumah saat itu")
    assert done.json()["state"] == "objection", "what was refused for its form has not used the code up"
    event = await last_event(counter.house, counter.case_id)
    assert "rumah" not in f"{event.reason}{event.data}", "the reason is the citizen's and is sealed"


async def test_a_driver_accepts_with_a_code_of_their_own_and_not_with_the_owners(counter: Counter) -> None:
    await counter.ask("name_driver")
    named = await counter.act("name_driver", consent=await counter.code(OWNERS_PHONE), driver=FRIEND)
    assert named.json()["state"] == "awaiting_driver", named.text
    assert (await counter.act("accept_driving")).json()["code"] == "identity-consent-needed"
    before = len(await counter.texts(OWNERS_PHONE))
    assert (await counter.ask("accept_driving")).status_code == 201
    assert len(await counter.texts(OWNERS_PHONE)) == before
    done = await counter.act("accept_driving", consent=await counter.code(FRIENDS_PHONE))
    assert (done.status_code, done.json()["state"]) == (200, "confirmed")
    assert "benar Anda yang mengemudi" in (await counter.texts(FRIENDS_PHONE))[0]


async def test_a_sale_with_proof_that_the_citizen_brought(counter: Counter) -> None:
    upload = await counter.client.post(
        f"/v1/counter/cases/{counter.case_id}/attachments",
        files={"file": ("kuitansi.jpg", make.photograph(seed=9), "image/jpeg")},
        headers=counter.headers,
    )
    assert upload.status_code == 201, upload.text
    await counter.ask("report_sold")
    sold = {"buyer": {"name": "Agus Umpama", "address": "Jalan Contoh 3"}, "sold_on": "2026-02-01"}
    code = await counter.code(OWNERS_PHONE)
    done = await counter.act("report_sold", consent=code, attachments=[upload.json()["id"]], **sold)
    assert done.json()["state"] == "redirected", done.text
    assert await make.state_of(counter.house, counter.case_id) == "letter_sent", "the letter to the buyer left"
    unreachable = await counter.ask("confirm_self")
    assert (unreachable.status_code, unreachable.json()["code"]) == (409, "identity-consent-unreachable")
    assert "/tilang" in unreachable.json()["detail"], "it says what this buyer without a phone can do"


@pytest.mark.parametrize("role", [Role.OFFICER, Role.SENIOR_OFFICER, Role.AUDITOR])
async def test_nobody_else_asks_or_acts_for_a_citizen(counter: Counter, role: Role) -> None:
    counter.headers = await make.staff_headers(counter.house, role)
    assert (await counter.ask("confirm_self")).status_code == 403
    assert (await counter.act("confirm_self", consent="123456", driver=DRIVER)).status_code == 403
    assert await make.state_of(counter.house, counter.case_id) == "letter_sent"


async def test_no_other_way_leads_past_the_consent(counter: Counter) -> None:
    """The guard stands in the lifecycle: whatever a door forgets, the engine refuses."""
    async with counter.house.db.begin(SYSTEM) as tx:
        clerk = make.as_actor((await make.staff.list_officers(tx.session, unit="PMJ", role=Role.COUNTER))[0])
    for data in ({}, {"consent": str(uuid4())}):
        with pytest.raises(Problem, match="identity-consent-needed"):
            async with counter.house.db.begin(clerk) as tx:
                await cases.move(tx, counter.case_id, "object", data=data)
    with pytest.raises(Problem, match="identity-consent-needed"):
        async with counter.house.db.begin(clerk) as tx:
            await etle.decide(tx, counter.case_id, etle.Decision(action="confirm_self"))


async def test_forgetting_codes_forgets_nobody_whose_code_it_was(counter: Counter, clock: FixedClock) -> None:
    async with counter.house.db.begin(SYSTEM) as tx:
        owner = await party_in_role(tx, counter.case_id, "owner")
        assert owner is not None
        nobody = await add_party(  # a buyer without a NIK: the key is nobody's by name
            tx, counter.case_id, "buyer", {"name": "Agus Umpama", "phone": FRIENDS_PHONE}, addressee=True
        )
    assert (await counter.ask("confirm_self")).status_code == 201
    clock.advance(timedelta(days=3))
    async with counter.house.db.begin(SYSTEM) as tx:
        await retention.forget_expired(tx)
    async with counter.house.db.begin(SYSTEM) as tx:
        for party_id, name in ((owner.id, make.VEHICLE.owner_name), (nobody.id, "Agus Umpama")):
            party = await tx.session.get(Party, party_id)
            assert party is not None
            assert (await person_of(tx, party))["name"] == name
