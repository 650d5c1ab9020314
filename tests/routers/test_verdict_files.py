"""The court's doors of verdicts by file, JSON and pages: who may, seen first, applied once."""

import pytest

from app.core.actor import SYSTEM
from app.main import create_app
from app.services.etle.models import Ticket
from app.services.identity.roles import Role
from tests import make
from tests.drain import drain
from tests.routers.pages.world import Browser

PATH = "/v1/counter/verdict-files"


@pytest.fixture
async def register(house) -> str:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    async with house.db.begin(SYSTEM) as tx:
        return (await tx.session.get(Ticket, case_id)).register_no


def written(*lines: str) -> bytes:
    return "\n".join(("register_no,fine,cost", *lines, "")).encode()


async def send(client, headers, data: bytes):
    return await client.post(PATH, files={"file": ("sidang 2 Maret.csv", data, "text/csv")}, headers=headers)


async def test_looked_at_then_applied(client, house, register):
    court = await make.staff_headers(house, Role.COURT)
    finance = await make.staff_headers(house, Role.FINANCE)
    data = written(f"{register},70000,2000", "Z0000000,1,1")
    seen = await send(client, court, data)
    assert seen.status_code == 201
    file = seen.json()
    assert (file["state"], file["ready"], file["unknown"], file["file_name"]) == ("checked", 1, 1, "sidang 2 Maret.csv")
    assert [(each["line"], each["outcome"]) for each in file["shown"]] == [(3, "unknown"), (2, "ready")]
    path = f"{PATH}/{file['id']}/apply"
    without = await client.post(path, headers=finance)
    assert (without.status_code, without.json()["code"]) == (400, "idempotency-key-missing")
    applied = await client.post(path, headers={**finance, "Idempotency-Key": "k1"})
    assert (applied.status_code, applied.json()["state"]) == (202, "applying")
    assert (await client.post(path, headers={**finance, "Idempotency-Key": "k1"})).json() == applied.json()
    await drain(house)
    done = (await client.get(f"{PATH}/{file['id']}", headers=court)).json()
    assert (done["state"], done["imported"], done["applied_by"] != done["uploaded_by"]) == ("applied", 1, True)
    other = (await send(client, court, written(f"{register},1,2000"))).json()
    [line] = other["shown"]
    assert (other["differs"], line["outcome"], line["stands_fine"], line["stands_cost"]) == (
        1,
        "differs",
        70_000,
        2_000,
    )
    listed = (await client.get(PATH, params={"limit": 1}, headers=court)).json()
    assert (len(listed["files"]), listed["next"] is not None) == (1, True)
    rest = (await client.get(PATH, params={"limit": 1, "after": listed["next"]}, headers=court)).json()
    assert {each["id"] for each in (*listed["files"], *rest["files"])} == {other["id"], file["id"]}


async def test_faults_are_named_and_others_are_kept_out(client, house, register):
    court = await make.staff_headers(house, Role.COURT)
    faulty = (await send(client, court, written("C348910,1,1"))).json()
    assert (faulty["state"], faulty["faults"]) == (
        "refused",
        [{"line": 2, "message": "register_no harus satu huruf dan tujuh angka"}],
    )
    key = {"Idempotency-Key": "k2"}
    refused = await client.post(f"{PATH}/{faulty['id']}/apply", headers={**court, **key})
    assert (refused.status_code, refused.json()["code"]) == (409, "etle-verdict-file-faulty")
    officer = await make.staff_headers(house, Role.OFFICER)
    assert (await send(client, officer, written())).status_code == 403
    assert (await client.get(f"{PATH}/{faulty['id']}", headers=officer)).status_code == 403


async def test_the_page_shows_first_and_enters_then(house, register):
    browser = Browser.of(create_app(house))
    await browser.sign_in_staff(house, Role.COURT)
    assert "Belum ada berkas." in await browser.get("/counter/putusan")
    assert "Pilih berkas CSV dahulu." in await browser.send({}, status=422)
    text = await browser.send({}, file=("sidang.csv", written(f"{register},70000,2000", "Z0000000,1,1")))
    assert "Siap dicatat 1" in text
    assert "nomor tidak dikenal" in text
    page = browser.path
    assert "sedang dicatat: 0 dari 2" in await browser.send({})
    await drain(house)
    text = await browser.get(page)
    assert "Dicatat 1" in text
    assert "sudah tercatat sama" in text
    assert "sidang.csv" in await browser.get("/counter/putusan")
    assert "Putusan" in await browser.get("/counter")
    await browser.get("/counter/putusan")
    faulty = await browser.send({}, file=("salah.csv", b"no\n"))
    assert "judul kolom harus register_no,fine,cost" in faulty
