"""The ways on which an application may go wrong: said before money, mended where it is marked, refused by two, paid back."""

import asyncio
import shutil
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import httpx
import pytest
from sqlalchemy import select

from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.texts import Text
from app.main import create_app
from app.services import billing, cases, catalogue, reference
from app.services.applications.jobs import recheck
from app.services.applications.models import Application
from app.services.identity.roles import Role
from app.services.registries import Registers, demo
from app.services.registries.demo import demo_vehicles
from tests import make
from tests.applying import POLRES, Desk, opened_unit, paper
from tests.conftest import open_house
from tests.drain import drain
from tests.services.documents import portraits

BUDIS_CAR = next(each for each in demo_vehicles() if each.plate == "B1234XYZ")
CAR = {"plate": "B1234XYZ", "chassis_tail": BUDIS_CAR.chassis_no[-5:], "owner_nik": None}


@pytest.fixture
async def desk(house: House, client: httpx.AsyncClient) -> Desk:
    """Budi, at a unit that is open."""
    await make.demo_set(house)
    await opened_unit(house)
    return await Desk(house, client, demo.BUDI).sign_in()


async def submitted(desk: Desk, service: str = "sim-renewal", **form: Any) -> str:
    """Handed in with its papers; gives the id."""
    draft = await desk.hand_in(
        await desk.draft(service, **({"sim_class": "A"} | form if service.startswith("sim") else form))
    )
    await desk.submit(draft["id"])
    return str(draft["id"])


async def in_review(desk: Desk) -> str:
    """Paid, and drawn."""
    id = await submitted(desk)
    await desk.pay(id)
    await drain(desk.house)
    return id


async def later(desk: Desk, clock: FixedClock, by: timedelta) -> None:
    """Time passes, deadlines are swept, and the citizen signs in again."""
    clock.advance(by)
    await cases.sweep(desk.house)
    await desk.sign_in()


async def problem(desk: Desk, path: str, body: Any = None) -> dict[str, Any]:
    """A step that is refused; gives the problem."""
    answer = await desk.client.post(path, headers=desk.key(), json={} if body is None else body)
    assert answer.status_code >= 400, answer.text
    said: dict[str, Any] = answer.json()
    return said


async def owed(house: House, id: str) -> int:
    """What is owed back."""
    async with house.db.read() as connection:
        return sum(each.amount for each in await billing.refunds_of(connection, UUID(id)))


async def test_what_would_be_refused_is_said_before_any_money(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.TONO).sign_in()
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="C"))
    said = await problem(desk, f"/v1/applications/{draft['id']}/submit")
    assert said["code"] == "applications-not-eligible"
    assert [each["pointer"] for each in said["errors"]] == ["/eligibility/jkn-active"]
    seen = await desk.get(f"/v1/applications/{draft['id']}")
    assert (seen["state"], seen["bill"], seen["form"]["sim_class"]) == ("draft", None, "C")


async def test_what_is_missing_is_named_field_by_field_and_nothing_is_lost(desk: Desk) -> None:
    draft = await desk.draft("sim-renewal", sim_class="A")
    draft = await desk.patch(draft["id"], {"occupation": None})
    said = await problem(desk, f"/v1/applications/{draft['id']}/submit")
    assert said["code"] == "applications-incomplete"
    pointers = {each["pointer"] for each in said["errors"]}
    assert "/form/occupation" in pointers
    assert "/documents/photo" in pointers
    wrong = await desk.patch(draft["id"], {"height_cm": "tinggi"}, status=422)
    assert [each["pointer"] for each in wrong["errors"]] == ["/form/height_cm"]
    assert (await desk.get(f"/v1/applications/{draft['id']}"))["form"]["sim_class"] == "A"


async def test_two_tabs_cannot_overwrite_each_other(desk: Desk) -> None:
    draft = await desk.draft("sim-renewal", sim_class="A")
    path, kind = f"/v1/applications/{draft['id']}", "application/merge-patch+json"
    stale = {**desk.headers, "If-Match": f'"{draft["version"]}"', "Content-Type": kind}
    first = await desk.client.patch(path, headers=stale, json={"form": {"occupation": "Guru"}})
    second = await desk.client.patch(path, headers=stale, json={"form": {"occupation": "Petani"}})
    assert (first.status_code, second.status_code) == (200, 412)
    assert second.json()["code"] == "applications-changed-meanwhile"
    none = await desk.client.patch(path, headers={**desk.headers, "Content-Type": kind}, json={"form": {}})
    assert none.status_code == 428


async def test_two_tabs_that_submit_at_once_make_one_bill(desk: Desk) -> None:
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    path = f"/v1/applications/{draft['id']}/submit"
    answers = await asyncio.gather(*(desk.client.post(path, headers=desk.key(), json={}) for _ in range(3)))
    assert sorted(each.status_code for each in answers)[0] == 200
    assert sum(each.status_code == 200 for each in answers) == 1
    async with desk.house.db.read() as connection:
        assert len(await billing.bills_of(connection, UUID(draft["id"]))) == 1


async def test_the_same_key_submits_once_and_answers_twice(desk: Desk) -> None:
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    key = desk.key()
    path = f"/v1/applications/{draft['id']}/submit"
    first = await desk.client.post(path, headers=key, json={})
    again = await desk.client.post(path, headers=key, json={})
    assert (first.status_code, again.status_code) == (200, 200)
    assert first.json() == again.json()


async def test_a_bill_that_lapses_loses_nothing_that_was_typed(desk: Desk, clock: FixedClock) -> None:
    id = await submitted(desk)
    first = (
        (await desk.get(f"/v1/applications/{id}/bill"))["virtual_accounts"][0]["customer_no"]
        if (await desk.get(f"/v1/applications/{id}/bill"))["virtual_accounts"]
        else None
    )
    await later(desk, clock, timedelta(days=9))
    assert await desk.state(id) == "expired"
    await desk.post(f"/v1/applications/{id}/reopen")
    seen = await desk.get(f"/v1/applications/{id}")
    assert (seen["state"], seen["form"]["sim_class"]) == ("draft", "A")
    assert all(each["state"] == "accepted" for each in seen["documents"] if each["required"])
    again = await desk.submit(id)
    assert again["state"] == "awaiting_payment"
    assert first is None or again["bill"]["virtual_accounts"][0]["customer_no"] != first


async def test_a_mark_opens_just_that_paper_and_is_mended_by_a_new_one(desk: Desk) -> None:
    id = await in_review(desk)
    mark = {"pointer": "/documents/photo", "code": "photo", "words": "Latar belakang kurang biru"}
    await desk.act(id, Role.OFFICER, "ask_correction", marks=[mark])
    seen = await desk.get(f"/v1/applications/{id}")
    photo = next(each for each in seen["documents"] if each["name"] == "photo")
    assert seen["state"] == "needs_correction"
    assert photo["state"] == "marked"
    assert "Latar belakang kurang biru" in photo["problems"][0]
    supervisor = await desk.staff(Role.SUPERVISOR, seen["unit"])
    path = f"/v1/counter/cases/{id}"
    assert (await desk.client.get(path, headers=supervisor, params={"purpose": "mengawasi"})).status_code == 200
    undone = await desk.client.delete(f"{path}/marks", headers=supervisor, params={"pointer": mark["pointer"]})
    assert (undone.status_code, undone.json()["code"]) == (403, "cases-not-assigned-to-you")
    shut = await desk.patch(id, {"occupation": "Guru"}, status=409)
    assert shut["code"] == "applications-not-open"
    too_soon = await problem(desk, f"/v1/applications/{id}/submit")
    assert too_soon["code"] == "applications-not-mended"
    assert (await desk.put(id, "photo", paper("other photo"))).status_code == 200
    assert (await desk.submit(id))["state"] == "in_review"
    await desk.act(id, Role.OFFICER, "approve")
    assert await desk.state(id) == "issued"


async def test_a_refusal_needs_a_coded_reason_and_two_people_and_pays_everything_back(desk: Desk) -> None:
    id = await in_review(desk)
    bill = await desk.get(f"/v1/applications/{id}/bill")
    without = await desk.act(id, Role.OFFICER, "propose_refusal", status=422, reason="tidak cocok")
    assert without["code"] == "applications-refusal-code-needed"
    await desk.act(id, Role.OFFICER, "propose_refusal", code="false_document", reason="Surat kesehatan tidak asli")
    await desk.act(id, Role.OFFICER, "confirm_refusal", status=403, reason="setuju dengan diri sendiri")
    await desk.act(id, Role.SUPERVISOR, "confirm_refusal", reason="Benar, surat itu tidak asli")
    assert await desk.state(id) == "rejected"
    assert await owed(desk.house, id) == bill["amount"]


async def test_a_supervisor_may_overrule(desk: Desk) -> None:
    id = await in_review(desk)
    await desk.act(id, Role.OFFICER, "propose_refusal", code="identity", reason="Wajah berbeda")
    await desk.act(id, Role.SUPERVISOR, "overrule_refusal", reason="Orang yang sama, foto lama")
    assert await desk.state(id) == "in_review"


async def test_cancelling_pays_back_until_an_officer_has_begun(desk: Desk) -> None:
    id = await in_review(desk)
    await desk.post(f"/v1/applications/{id}/cancel")
    assert await desk.state(id) == "cancelled"
    assert await owed(desk.house, id) > 0
    other = await desk.draft("sim-renewal", sim_class="A")
    other = await desk.hand_in(other)
    await desk.submit(other["id"])
    await desk.pay(other["id"])
    mark = {"pointer": "/documents/photo", "code": "photo"}
    await desk.act(other["id"], Role.OFFICER, "ask_correction", marks=[mark])
    assert (await desk.put(other["id"], "photo", paper("other photo"))).status_code == 200
    await desk.submit(other["id"])
    said = await problem(desk, f"/v1/applications/{other['id']}/cancel")
    assert said["code"] == "applications-review-begun"


async def test_nobody_else_sees_it_and_no_officer_takes_the_applicants_steps(desk: Desk) -> None:
    id = await submitted(desk)
    stranger = await Desk(desk.house, desk.client, demo.SITI).sign_in()
    for path in ("", "/bill", "/timeline", "/proof", "/messages", "/documents/photo"):
        answer = await desk.client.get(f"/v1/applications/{id}{path}", headers=stranger.headers)
        assert answer.status_code == 404, path
    said = await desk.act(id, Role.COUNTER, "cancel", status=403)
    assert said["code"] == "applications-applicants-step"


async def test_who_does_not_come_may_choose_again_once(desk: Desk, clock: FixedClock) -> None:
    draft = await desk.hand_in(await desk.draft("skck-new", purpose="private_employer"))
    early = await problem(desk, f"/v1/applications/{draft['id']}/submit")
    assert early["code"] == "applications-slot-needed"
    await desk.book(draft["id"], "skck-new", POLRES)
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    await desk.act(draft["id"], Role.OFFICER, "call_in")
    for expected in ("appointment", "cancelled"):
        await later(desk, clock, timedelta(days=4))
        assert await desk.state(draft["id"]) == "no_show"
        if expected == "appointment":
            await desk.book(draft["id"], "skck-new", POLRES)
            assert await desk.state(draft["id"]) == expected
    day = (clock.now() + timedelta(days=1)).date().isoformat()
    listed = await desk.get(f"/v1/units/{POLRES}/slots", service="skck-new", **{"from": day, "to": day})
    refused = await problem(
        desk, f"/v1/applications/{draft['id']}/appointment", {"starts_at": listed["slots"][0]["starts_at"]}
    )
    assert refused["code"] == "applications-not-rebookable"
    await later(desk, clock, timedelta(days=31))
    assert await desk.state(draft["id"]) == "cancelled"
    assert await owed(desk.house, draft["id"]) == 30_000


async def test_a_failed_test_is_repeated_after_the_waiting_time_at_no_cost(
    house: House, client: httpx.AsyncClient, clock: FixedClock
) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.RINA).sign_in()
    draft = await desk.hand_in(await desk.draft("sim-new", sim_class="C"))
    await desk.book(draft["id"], "sim-new", POLRES)
    await desk.submit(draft["id"])
    await desk.pay(draft["id"])
    await desk.act(draft["id"], Role.OFFICER, "call_in")
    await desk.act(draft["id"], Role.COUNTER, "attend")
    await desk.act(draft["id"], Role.OFFICER, "fail_test", reason="Belum lulus ujian praktik")
    assert await desk.state(draft["id"]) == "retest"
    await later(desk, clock, timedelta(days=8))
    await desk.book(draft["id"], "sim-new", POLRES)
    assert await desk.state(draft["id"]) == "appointment"
    await desk.act(draft["id"], Role.COUNTER, "attend")
    await desk.act(draft["id"], Role.OFFICER, "approve")
    assert await desk.state(draft["id"]) == "issued"
    async with house.db.read() as connection:
        assert len(await billing.bills_of(connection, UUID(draft["id"]))) == 1


async def test_a_claimed_exemption_waives_the_fee_until_an_officer_denies_it(desk: Desk) -> None:
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    seen = await desk.client.get(f"/v1/applications/{draft['id']}", headers=desk.headers)
    claimed = await desk.client.patch(
        f"/v1/applications/{draft['id']}",
        headers={
            **desk.headers,
            "If-Match": seen.headers["etag"],
            "Content-Type": "application/merge-patch+json",
        },
        json={"form": {}, "exemption": "poor"},
    )
    assert claimed.status_code == 200, claimed.text
    free = await desk.submit(draft["id"])
    assert (free["state"], free["amount"]) == ("in_review", 0)
    await desk.act(draft["id"], Role.OFFICER, "deny_exemption", reason="Surat keterangan tidak ada")
    billed = await desk.get(f"/v1/applications/{draft['id']}")
    assert billed["state"] == "awaiting_payment"
    assert billed["bill"]["amount"] > 0


async def test_a_likely_duplicate_is_said_and_made_only_when_meant(desk: Desk) -> None:
    await submitted(desk)
    second = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    said = await problem(desk, f"/v1/applications/{second['id']}/submit")
    assert said["code"] == "applications-likely-duplicate"
    assert said["reference"] in said["detail"]
    meant = await desk.post(f"/v1/applications/{second['id']}/submit", {"confirm_duplicate": True})
    assert meant["state"] == "awaiting_payment"


async def test_two_drafts_for_the_same_thing_at_once_are_not_both_new(desk: Desk) -> None:
    drafts = [await desk.hand_in(await desk.draft("sim-renewal", sim_class="A")) for _ in range(2)]
    paths = [f"/v1/applications/{each['id']}/submit" for each in drafts]
    answers = await asyncio.gather(*(desk.client.post(path, headers=desk.key(), json={}) for path in paths))
    assert sorted(each.status_code for each in answers) == [200, 409]
    [told] = [each.json() for each in answers if each.status_code == 409]
    assert told["code"] == "applications-likely-duplicate"


async def test_a_service_switched_off_between_draft_and_submit_keeps_the_draft(desk: Desk) -> None:
    draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
    async with desk.house.db.begin(SYSTEM) as tx:
        unit = await reference.unit(tx.session, POLRES)
        await catalogue.suspend(tx, unit, "sim-renewal", Text("Pindah gedung", "Moving house"), None)
    said = await problem(desk, f"/v1/applications/{draft['id']}/submit")
    assert said["code"] == "applications-not-offered"
    assert "Pindah gedung" in said["detail"]
    assert (await desk.get(f"/v1/applications/{draft['id']}"))["form"]["sim_class"] == "A"


async def test_a_paper_given_once_is_used_again(desk: Desk) -> None:
    first = await submitted(desk)
    del first
    second = await desk.draft("sim-renewal", sim_class="A")
    found = (await desk.get(f"/v1/applications/{second['id']}/reusable"))["documents"]
    assert found["photo"]
    taken = await desk.post(
        f"/v1/applications/{second['id']}/documents/photo/reuse", {"document_id": found["photo"][0]["document_id"]}
    )
    assert taken["state"] == "accepted"


async def test_citizen_and_officer_write_inside_the_case(desk: Desk) -> None:
    id = await in_review(desk)
    await desk.post(f"/v1/applications/{id}/messages", {"text": "Apakah foto saya cukup?"}, status=201)
    headers = await desk.staff(Role.OFFICER, POLRES)
    shut = await desk.client.get(f"/v1/counter/cases/{id}/messages", headers=headers)
    assert shut.json()["code"] == "applications-purpose-needed"
    opened = await desk.client.get(f"/v1/counter/cases/{id}", headers=headers, params={"purpose": "menjawab pesan"})
    assert opened.status_code == 200, opened.text
    read = await desk.client.get(f"/v1/counter/cases/{id}/messages", headers=headers)
    assert [each["text"] for each in read.json()["messages"]] == ["Apakah foto saya cukup?"]
    answered = await desk.client.post(
        f"/v1/counter/cases/{id}/messages", headers=headers, json={"text": "Cukup, terima kasih."}
    )
    assert answered.status_code == 201, answered.text
    seen = (await desk.get(f"/v1/applications/{id}/messages"))["messages"]
    assert [each["by"] for each in seen] == ["citizen", "staff"]
    assert seen[0]["read_at"] is not None


async def test_the_status_needs_reference_and_day_of_birth(desk: Desk) -> None:
    id = await submitted(desk)
    reference_no = (await desk.get(f"/v1/applications/{id}"))["reference"]
    who = demo.PEOPLE[demo.BUDI]
    ask = {"reference": reference_no.lower(), "born_on": who.born_on.isoformat()}
    right = (await desk.client.post("/v1/applications/status", json=ask)).json()
    wrong = (await desk.client.post("/v1/applications/status", json=ask | {"born_on": "1990-01-01"})).json()
    unknown = (await desk.client.post("/v1/applications/status", json=ask | {"reference": "SIM00000000"})).json()
    assert (right["found"], right["state"]) == (True, "awaiting_payment")
    assert wrong == unknown == {**dict.fromkeys(right), "found": False}


async def test_nothing_of_the_person_lies_in_the_open(desk: Desk) -> None:
    id = await submitted(desk)
    who = demo.PEOPLE[demo.BUDI]
    async with desk.house.db.read() as connection:
        row = (
            (await connection.execute(select(Application.__table__).where(Application.case_id == UUID(id))))
            .mappings()
            .one()
        )
    shown = " ".join(str(value) for value in row.values())
    for secret in (who.nik, who.name, who.phone, who.born_on.isoformat()):
        assert secret not in shown


async def test_a_new_licence_takes_the_place_of_the_old_and_the_register_learns_of_it(desk: Desk) -> None:
    first, second = "", ""
    for _ in range(2):
        draft = await desk.hand_in(await desk.draft("sim-replacement", sim_class="A"))
        if (
            draft["appointment"] is None
            and (await desk.post(f"/v1/applications/{draft['id']}/check"))["needs_appointment"]
        ):
            await desk.book(draft["id"], "sim-replacement", POLRES)
        await desk.submit(draft["id"])
        await desk.pay(draft["id"])
        await desk.act(draft["id"], Role.OFFICER, "call_in")
        await desk.act(draft["id"], Role.COUNTER, "attend")
        await desk.act(draft["id"], Role.OFFICER, "approve")
        await drain(desk.house)
        first, second = second, draft["id"]
    old, new = [await desk.get(f"/v1/applications/{each}") for each in (first, second)]
    assert old["issued"]["revoked_at"] is not None
    assert new["issued"]["revoked_at"] is None
    licences = await desk.house[Registers].find("licences", demo.PEOPLE[demo.BUDI].nik)
    held = next(each for each in licences if each.sim_class == "A")
    assert held.valid_until.isoformat() == new["issued"]["valid_until"]


async def test_a_photo_that_breaks_its_rule_is_refused_at_once_with_a_good_example(desk: Desk) -> None:
    draft = await desk.draft("sim-renewal", sim_class="A")
    red = portraits.as_bytes(portraits.portrait(portraits.RED))
    answer = await desk.put(draft["id"], "photo", red)
    said = answer.json()
    assert (answer.status_code, said["code"]) == (422, "applications-document-refused")
    assert [each["pointer"] for each in said["errors"]] == ["/documents/photo"]
    text = await desk.put(draft["id"], "ktp", b"MZ this is a program")
    assert text.status_code == 415
    seen = await desk.get(f"/v1/applications/{draft['id']}")
    assert {each["state"] for each in seen["documents"]} == {"missing"}


async def test_a_register_that_is_down_sends_it_to_a_person_and_comes_back_by_itself(
    sqlite_template: Path, tmp_path: Path, clock: FixedClock
) -> None:
    shutil.copy(sqlite_template, tmp_path / "loket.db")
    url, dead = f"sqlite:///{tmp_path / 'loket.db'}", "http://127.0.0.1:9"
    async with open_house(url, tmp_path, clock, register_jkn_url=dead, storage_url=tmp_path.as_uri()) as broken:
        await make.demo_set(broken)
        await opened_unit(broken)
        transport = httpx.ASGITransport(app=create_app(broken), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            desk = await Desk(broken, client, demo.BUDI).sign_in()
            draft = await desk.hand_in(await desk.draft("sim-renewal", sim_class="A"))
            assert (await desk.put(draft["id"], "jkn_proof", paper("jkn_proof"))).status_code == 200
            checked = await desk.post(f"/v1/applications/{draft['id']}/check")
            assert {each["outcome"] for each in checked["eligibility"]} == {"good", "unknown"}
            handed_in = await desk.submit(draft["id"])
            assert (handed_in["state"], handed_in["bill"]) == ("manual_check", None)
    async with open_house(url, tmp_path, clock, storage_url=tmp_path.as_uri()) as mended:
        await recheck(mended)
        async with mended.db.read() as connection:
            bill = await billing.bill_of(connection, UUID(draft["id"]))
        assert await make.state_of(mended, UUID(draft["id"])) == "awaiting_payment"
        assert bill is not None
