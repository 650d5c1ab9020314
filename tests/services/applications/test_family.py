"""Applying for somebody of the family card: a child goes by its parent or guardian, an adult agrees with a code of their own."""

import re
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import update
from sqlmodel import col

from app.core.actor import SYSTEM, Actor, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.services import billing
from app.services.applications.models import Application, Behalf
from app.services.identity import sandbox
from app.services.notifications import list_outbox
from app.services.registries import JknMembership, Registers, demo
from app.services.registries.imports import enter_person
from app.services.registries.lines import PersonLine
from tests import make
from tests.applying import POLRES, Desk, examples, opened_unit, paper
from tests.drain import drain

KK = demo.PEOPLE[demo.BUDI].kk_no
WIFE: dict[str, str] = {"nik": "3174015203881101", "born_on": "1988-03-12", "kk_no": KK}
CHILD: dict[str, str] = {"nik": "3174011204121102", "born_on": "2012-04-12", "kk_no": KK}
PHONE = "+6281200000981"


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    """Budi, with a wife and a child on his family card."""
    await make.demo_set(house)
    await opened_unit(house)
    await known(house, WIFE, "Ani Contoh", PHONE)
    await known(house, CHILD, "Adi Contoh", None, guardians=(WIFE["nik"], demo.PEOPLE[demo.BUDI].nik))
    return await Desk(house, client, demo.BUDI).sign_in()


async def known(
    house: House, who: dict[str, str], name: str, phone: str | None, guardians: tuple[str, ...] = ()
) -> None:
    """Enter or correct somebody in the population register."""
    born_on = date.fromisoformat(who["born_on"])
    line = PersonLine(who["nik"], name, born_on, who["kk_no"], "Jalan Contoh No. 1", phone, guardians=guardians)
    async with house.db.begin(SYSTEM) as tx:
        await enter_person(tx, line)


async def code_sent(house: House) -> str:
    """The newest code that went to the wife's registered phone, whose message says who asks and for what."""
    await drain(house)
    async with house.db.read() as connection:
        newest = (await list_outbox(connection, house.keys, to=PHONE))[0].text
    assert "Budi Contoh ingin mengajukan" in newest
    return re.findall(r"\b\d{6}\b", newest)[0]


async def begin(desk: Desk, member: dict[str, str], service: str = "skck-new", **more: str) -> httpx.Response:
    body = {"service": service, "unit": POLRES, "family_member": member | more}
    return await desk.client.post("/v1/applications", headers=desk.key(), json=body)


async def ask(desk: Desk, member: dict[str, str], service: str = "skck-new") -> dict[str, Any]:
    body = {"service": service, "family_member": member}
    return await desk.post("/v1/applications/family-consents", body, status=201)  # type: ignore[no-any-return]


async def test_an_adult_of_the_family_card_agrees_with_a_code_of_their_own(house: House, desk: Desk) -> None:
    alone = await begin(desk, WIFE)
    assert (alone.status_code, alone.json()["code"]) == (422, "applications-family-consent-needed")
    asked = await ask(desk, WIFE)
    assert asked["needed"]
    assert PHONE not in asked["sent_to"]
    assert (await begin(desk, WIFE, consent="000000")).json()["code"] == "identity-consent-refused"
    code = await code_sent(house)
    other = await begin(desk, WIFE, "sim-new", consent=code)
    assert other.json()["code"] == "identity-consent-refused", "it is for that service alone"
    begun = await begin(desk, WIFE, consent=code)
    assert begun.status_code == 201, begun.text
    again = await begin(desk, WIFE, consent=code)
    assert again.json()["code"] == "identity-consent-refused", "it is good once"
    copies = await desk.client.post(
        f"/v1/applications/{begun.json()['id']}/copies", headers=desk.key(), json={"forms": [{}]}
    )
    assert copies.json()["code"] == "applications-family-consent-needed", "a copy is an application of its own"


async def test_a_child_goes_by_the_adult_and_not_the_other_way_round(house: House, desk: Desk) -> None:
    assert (await ask(desk, CHILD))["needed"] is False
    assert (await begin(desk, CHILD)).status_code == 201
    other = Desk(house, desk.client, demo.BUDI)
    async with house.db.begin(SYSTEM) as tx:
        token = await sandbox.token_for_citizen(tx, nik=CHILD["nik"], name="Adi Contoh", phone="+6281200000982")
    other.headers, other.keys = {"Authorization": f"Bearer {token}"}, 1000
    assert (await begin(other, WIFE)).json()["code"] == "applications-not-of-age"


async def test_a_childs_refund_goes_to_who_applied_for_it(house: House, desk: Desk) -> None:
    """The account is the parent's own, given once for the child's applications and theirs; one in the child's name is not."""
    budi = demo.PEOPLE[demo.BUDI].name
    async with house.db.begin(SYSTEM) as tx:
        await billing.enter_known_account(tx, bank_code="002", number="1234567890", name=budi)
        await billing.enter_known_account(tx, bank_code="002", number="2234567890", name="Adi Contoh")
    await house[Registers].record("jkn", CHILD["nik"], JknMembership(active=True), request_id="jkn-1")
    begun = (await begin(desk, CHILD)).json()
    path = f"/v1/applications/{begun['id']}/refund-account"

    async def give(number: str, holder: str) -> str:
        body = {"bank_code": "002", "number": number, "holder": holder}
        return str((await desk.client.put(path, headers=desk.key(), json=body)).json()["state"])

    assert await give("2234567890", "Adi Contoh") == "doubtful", "a person looks at who it is"
    assert await give("1234567890", budi) == "checked"
    own = await desk.draft("sim-renewal", sim_class="A")
    assert (await desk.get(f"/v1/applications/{own['id']}/refund-account"))["state"] == "checked", "it was asked once"
    form = examples((await desk.get("/v1/services/skck-new"))["form"]) | begun["form"] | {"purpose": "school"}
    draft = await desk.hand_in(await desk.patch(begun["id"], form))
    if (await desk.post(f"/v1/applications/{draft['id']}/check"))["needs_appointment"]:
        await desk.book(draft["id"], "skck-new", POLRES)
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    await desk.post(f"/v1/applications/{draft['id']}/cancel")
    async with house.db.begin(Actor(ActorKind.STAFF, "finance", frozenset({"finance"}), unit="PMJ")) as tx:
        units = await billing.units_of(tx.session, "PMJ")
        [owed] = await billing.list_owed(tx.session, house.keys, units, billing.Waiting.READY, limit=9)
    assert owed.account is not None
    assert (owed.account.masked[-4:], owed.account.state) == ("7890", "checked")


@pytest.mark.parametrize("guardians", [(), (WIFE["nik"],)])
async def test_an_adult_of_the_card_who_is_no_parent_or_guardian_cannot_apply_for_the_child(
    house: House, desk: Desk, guardians: tuple[str, ...]
) -> None:
    await known(house, CHILD, "Adi Contoh", None, guardians=guardians)  # an uncle in the house, or nobody is on record
    for answer in (
        await begin(desk, CHILD),
        await desk.client.post(
            "/v1/applications/family-consents", headers=desk.key(), json={"service": "skck-new", "family_member": CHILD}
        ),
    ):
        assert (answer.status_code, answer.json()["code"]) == (422, "applications-not-guardian")
        assert "orang tua atau wali" in answer.json()["detail"]
    assert (await desk.get("/v1/applications"))["applications"] == []


async def test_who_turns_17_meanwhile_agrees_in_person(house: House, desk: Desk, clock: FixedClock) -> None:
    today = house.clock.now().date()
    born_on = date(today.year - 17, today.month, today.day) + timedelta(days=2)
    son = {"nik": f"317401{born_on:%d%m%y}1107", "born_on": born_on.isoformat(), "kk_no": KK}
    await known(house, son, "Edi Contoh", None, guardians=(demo.PEOPLE[demo.BUDI].nik,))
    begun = (await begin(desk, son)).json()
    form = examples((await desk.get("/v1/services/skck-new"))["form"]) | begun["form"] | {"purpose": "private_employer"}
    draft = await desk.hand_in(await desk.patch(begun["id"], form))
    clock.advance(timedelta(days=3))
    await desk.sign_in()
    for door, body in (("copies", {"forms": [{}]}), ("submit", {})):
        answer = await desk.client.post(f"/v1/applications/{draft['id']}/{door}", headers=desk.key(), json=body)
        assert (door, answer.json()["code"]) == (door, "applications-family-consent-needed")


async def test_who_has_no_phone_on_record_is_not_asked(house: House, desk: Desk) -> None:
    await known(house, WIFE, "Ani Contoh", None)
    answer = await desk.client.post(
        "/v1/applications/family-consents", headers=desk.key(), json={"service": "skck-new", "family_member": WIFE}
    )
    assert answer.json()["code"] == "applications-family-unreachable"


async def test_papers_of_an_adult_are_used_again_only_with_their_consent(house: House, desk: Desk) -> None:
    ids = []
    for _ in range(2):
        await ask(desk, WIFE)
        ids.append((await begin(desk, WIFE, consent=await code_sent(house))).json()["id"])
    first, second = ids
    assert (await desk.put(first, "ktp", paper("ktp"))).status_code == 200
    offered = (await desk.get(f"/v1/applications/{second}/reusable"))["documents"]["ktp"]
    assert len(offered) == 1
    async with house.db.begin(SYSTEM) as tx:  # begun before adults were asked
        unproved = update(Application).where(col(Application.case_id) == UUID(second)).values(behalf=Behalf.UNPROVED)
        await tx.session.execute(unproved)
    assert (await desk.get(f"/v1/applications/{second}/reusable"))["documents"] == {}
    refused = await desk.client.post(
        f"/v1/applications/{second}/documents/ktp/reuse",
        headers=desk.key(),
        json={"document_id": offered[0]["document_id"]},
    )
    assert refused.json()["code"] == "applications-family-consent-needed"
