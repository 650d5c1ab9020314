"""Help at the counter: the officer types, each step needs the applicant's own code; and several applications in one go."""

import re

import httpx

from app.core.house import House
from app.services.identity.roles import Role
from app.services.notifications import list_outbox
from app.services.registries import demo
from tests import make
from tests.applying import POLRES, Desk, examples, opened_unit, paper
from tests.drain import drain

WHO = demo.PEOPLE[demo.BUDI]
CLAIM = {"nik": WHO.nik, "born_on": WHO.born_on.isoformat(), "kk_no": WHO.kk_no}


async def code_sent(house: House) -> str:
    """The newest code that went to Budi's registered phone."""
    await drain(house)
    async with house.db.read() as connection:
        shown = await list_outbox(connection, house.keys, to=WHO.phone)
    return re.findall(r"\b\d{6}\b", shown[0].text)[0]


async def test_a_counter_officer_applies_for_somebody_only_with_their_code_for_each_step(
    house: House, client: httpx.AsyncClient
) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = Desk(house, client, demo.BUDI)
    counter = await desk.staff(Role.COUNTER, POLRES)
    del counter["Idempotency-Key"]  # it takes several steps
    path = "/v1/counter/assisted/applications"
    strangers = await client.post(
        "/v1/counter/assisted/consents", headers=counter, json=CLAIM | {"kk_no": "3174010101219999"}
    )
    assert strangers.json()["code"] == "applications-person-unknown"
    asked = await client.post("/v1/counter/assisted/consents", headers=counter, json=CLAIM)
    assert asked.status_code == 201, asked.text
    assert WHO.phone not in asked.text
    form = examples((await client.get("/v1/services/skck-new")).json()["form"]) | {"prints_on_file": True}
    body = CLAIM | {"service": "skck-new", "form": form}
    guessed = await client.post(path, headers=await desk.staff(Role.COUNTER, POLRES), json=body | {"consent": "000000"})
    assert guessed.json()["code"] == "identity-consent-refused"
    begun = await client.post(
        path, headers=await desk.staff(Role.COUNTER, POLRES), json=body | {"consent": await code_sent(house)}
    )
    assert begun.status_code == 201, begun.text
    made = begun.json()
    for each in made["documents"]:
        if each["required"]:
            given = await client.put(
                f"{path}/{made['id']}/documents/{each['name']}",
                headers=counter,
                files={"file": ("a.jpg", paper(each["name"], each["rule"]), "image/jpeg")},
            )
            assert given.status_code == 200, given.text
    first = await desk.staff(Role.COUNTER, POLRES)
    without = await client.post(f"{path}/{made['id']}/submit", headers=first, json={"consent": await code_sent(house)})
    assert without.json()["code"] == "identity-consent-refused", "the code for beginning does not submit"
    await client.post(f"{path}/{made['id']}/consents", headers=counter, json={"step": "submit"})
    submitted = await client.post(
        f"{path}/{made['id']}/submit",
        headers=await desk.staff(Role.COUNTER, POLRES),
        json={"consent": await code_sent(house)},
    )
    assert submitted.status_code == 200, submitted.text
    assert submitted.json()["state"] == "awaiting_payment"
    own = await desk.sign_in()
    seen = await own.get(f"/v1/applications/{made['id']}/timeline")
    assert "submit" in [each["action"] for each in seen["items"] if each["by"] == "staff"]


async def test_another_counter_cannot_touch_it(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    draft = await desk.draft("sim-renewal", sim_class="A")
    path = f"/v1/counter/assisted/applications/{draft['id']}"
    change = {"json": {"form": {"occupation": "Guru"}}}
    here = await desk.staff(Role.COUNTER, POLRES) | {"If-Match": f'"{draft["version"]}"'}
    key = {"Idempotency-Key": here.pop("Idempotency-Key")}
    assert (await client.patch(path, headers=here, **change)).json()["code"] == "applications-not-helped-here"
    elsewhere = await desk.staff(Role.COUNTER, "PMJ-POLRESTRO-JAKARTA-PUSAT")
    assert (await client.post(f"{path}/consents", headers=elsewhere, json={"step": "help"})).status_code == 404
    asking = await desk.staff(Role.COUNTER, POLRES)
    assert (await client.post(f"{path}/consents", headers=asking, json={"step": "help"})).status_code == 201
    helped = await client.post(f"{path}/help", headers=here | key, json={"consent": await code_sent(house)})
    assert helped.status_code == 200, helped.text
    again = await client.patch(path, headers=here, **change)
    assert again.json()["form"]["occupation"] == "Guru"


async def test_an_account_is_noted_for_somebody_with_their_code(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    draft = await desk.draft("sim-renewal", sim_class="A")
    path = f"/v1/counter/assisted/applications/{draft['id']}"

    async def counter() -> dict[str, str]:
        return await desk.staff(Role.COUNTER, POLRES)

    await client.post(f"{path}/consents", headers=await counter(), json={"step": "help"})
    await client.post(f"{path}/help", headers=await counter(), json={"consent": await code_sent(house)})
    account = {"bank_code": "002", "number": "1234567890", "holder": WHO.name, "consent": await code_sent(house)}
    used = await client.put(f"{path}/refund-account", headers=await counter(), json=account)
    assert used.json()["code"] == "identity-consent-refused", "to be helped is not to have one's money sent somewhere"
    await client.post(f"{path}/consents", headers=await counter(), json={"step": "account"})
    account["consent"] = await code_sent(house)
    wrong = await client.put(f"{path}/refund-account", headers=await counter(), json=account | {"bank_code": "000"})
    assert [each["pointer"] for each in wrong.json()["errors"]] == ["/bank_code"]
    given = await client.put(f"{path}/refund-account", headers=await counter(), json=account)
    assert (given.status_code, given.json()["masked_number"][-4:]) == (200, "7890"), given.text
    assert (await desk.get(f"/v1/applications/{draft['id']}/refund-account"))["bank_code"] == "002"
    seen = await desk.get(f"/v1/applications/{draft['id']}/timeline")
    assert ("give_account", "staff") in [(each["action"], each["by"]) for each in seen["items"]]


async def test_several_vehicles_and_a_family_in_one_go(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    await opened_unit(house)
    desk = await Desk(house, client, demo.BUDI).sign_in()
    first = await desk.hand_in(await desk.draft("stnk-annual", plate="B1234XYZ", owner_nik=None))
    others = [{"plate": "B2468KJL", "chassis_tail": "00002"}, {"plate": "D1357EFG"}]
    made = await desk.post(f"/v1/applications/{first['id']}/copies", {"forms": others}, status=201)
    assert [each["form"]["plate"] for each in made["applications"]] == ["B2468KJL", "D1357EFG"]
    assert [each["form"].get("chassis_tail") for each in made["applications"]] == ["00002", None], (
        "it is the other one's"
    )
    assert all(each["form"]["delivery"] == "digital" for each in made["applications"])
    papers = [{paper["name"]: paper["state"] for paper in each["documents"]} for each in made["applications"]]
    assert papers == [{"ktp": "accepted", "stnk": "missing"}] * 2
    twins = [each["id"] for each in made["applications"]]
    assert (await desk.get(f"/v1/applications/{twins[0]}/reusable"))["documents"]["stnk"] == [], "it is the other car's"
    assert (await desk.get(f"/v1/applications/{twins[0]}/reusable"))["documents"]["ktp"]
    again = await desk.draft("stnk-renewal", plate="B1234XYZ", chassis_tail="00001", owner_nik=None)
    [paper] = (await desk.get(f"/v1/applications/{again['id']}/reusable"))["documents"]["stnk"]
    for id, status in ((twins[0], 404), (again["id"], 200)):
        body = {"document_id": paper["document_id"]}
        await desk.post(f"/v1/applications/{id}/documents/stnk/reuse", body, status=status)
    other = demo.PEOPLE[demo.SITI]
    stranger = {"nik": other.nik, "born_on": other.born_on.isoformat(), "kk_no": other.kk_no}
    refused = await client.post(
        "/v1/applications",
        headers=desk.key(),
        json={"service": "skck-new", "unit": POLRES, "family_member": stranger},
    )
    assert refused.json()["code"] == "applications-not-family"
