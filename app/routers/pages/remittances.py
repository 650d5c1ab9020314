"""The treasurer's pages: what waits to be remitted, recorded by one person with its numbers, confirmed by another."""

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.crypto import BadToken
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.visit import TheVisit, Visit
from app.services.billing.snap.times import bank_day
from app.services.billing.treasury import files, remittances
from app.services.billing.treasury.files import Preview
from app.services.billing.treasury.waiting import TREASURY, waiting_of
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
PAGE = "/counter/setoran"
FORM_AROUND_A_FILE = 64 * 1024
MAX_RUPIAH_DIGITS = 15
Treasurer = Annotated[Actor, staff_page(Role.FINANCE)]
SecondPerson = Annotated[Actor, staff_page(Role.FINANCE, Role.SUPERVISOR)]

NOTICES = {
    "recorded": Text("Setoran dicatat; orang kedua menyetujuinya.", "Recorded; a second person confirms it."),
    "confirmed": Text("Setoran disetujui dan dibukukan.", "The remittance was confirmed and booked."),
    "withdrawn": Text("Catatan setoran dibatalkan.", "The recorded remittance was withdrawn."),
    "nothing": Text(
        "Semua setoran di berkas itu sudah tercatat.", "All remittances of that file were recorded before."
    ),
}
NOT_RUPIAH = Text("Tulis rupiah dengan angka saja, misalnya 1250000.", "Write rupiah in digits alone, such as 1250000.")
FILE_MISSING = Text("Pilih berkas CSV dahulu.", "Choose a CSV file first.")
SEEN_TOO_LONG_AGO = Text(
    "Berkas sudah lama dilihat. Kirim lagi.", "The file was looked at too long ago. Send it again."
)
SEEN_FOR = timedelta(hours=2)


@router.get(PAGE)
async def remittances_page(
    actor: SecondPerson, visit: TheVisit, done: Annotated[str, Query(max_length=12, pattern="^[a-z]*$")] = ""
) -> Response:
    """What waits for whom since when, and what was remitted."""
    return await _show(visit, actor, Form(), notice=NOTICES.get(done))


@router.post(PAGE)
async def record(actor: Treasurer, visit: TheVisit) -> Response:
    """Record one remittance; its amount must be what the books hold until that day."""
    form = await visit.form()
    payee = form.get("payee")[:60] or TREASURY
    amount = _rupiah(form, "amount")
    remitted_on, until = form.date("remitted_on"), form.date("until")
    if form.errors or remitted_on is None or until is None:
        return await _show(visit, actor, form, status=422)
    typed = {name: form.get(name)[:60] for name in ("billing_code", "ntb", "ntpn", "transfer_no")}
    try:
        proof = remittances.read_numbers(payee, **typed)
        async with visit.house.db.begin(actor) as tx:
            await remittances.record(
                tx, actor.unit or "", payee, proof, amount=amount, remitted_on=remitted_on, until=until
            )
    except Problem as problem:
        form.take(problem, onto="amount")
        return await _show(visit, actor, form, status=problem.type.status)
    return visit.go(f"{PAGE}?done=recorded")


@router.post(PAGE + "/berkas", max_body_size=files.MAX_BYTES + FORM_AROUND_A_FILE)
async def look_at_file(actor: Treasurer, visit: TheVisit) -> Response:
    """What a file would record, with every faulty line. The file is kept for the next step, nothing else is."""
    form = await visit.form()
    if "file" not in form.files:
        form.errors["file"] = FILE_MISSING
        return await _show(visit, actor, form, status=422)
    data = form.files["file"].data
    sha256 = await visit.house.storage.put(data)
    async with visit.house.db.read() as connection:
        seen = await files.preview(connection, actor.unit or "", data, bank_day(visit.now))
    claims = {"sha256": sha256, "unit": actor.unit or ""}
    token = visit.house.signer.issue("remittance-file", claims, ttl=SEEN_FOR, now=visit.now)
    return await _show(visit, actor, form, seen=seen, token=token)


@router.post(PAGE + "/berkas/catat")
async def record_file(actor: Treasurer, visit: TheVisit) -> Response:
    """Record the file that was looked at, all of it or nothing."""
    form = await visit.form()
    try:
        claims = visit.house.signer.verify("remittance-file", form.get("seen")[:2000], visit.now)
    except (BadToken, ValueError):
        form.errors["file"] = SEEN_TOO_LONG_AGO
        return await _show(visit, actor, form, status=422)
    data = await visit.house.storage.get(str(claims["sha256"]))
    try:
        async with visit.house.db.begin(actor) as tx:
            recorded = await files.import_file(tx, actor.unit or "", data)
    except Problem as problem:
        form.take(problem, onto="file")
        return await _show(visit, actor, form, status=problem.type.status)
    return visit.go(f"{PAGE}?done={'recorded' if recorded else 'nothing'}")


@router.post(PAGE + "/{id}/setuju")
async def confirm(id: UUID, actor: SecondPerson, visit: TheVisit) -> Response:
    """The second person has seen the proof."""
    form = await visit.form()
    try:
        async with visit.house.db.begin(actor) as tx:
            await remittances.confirm(tx, id, actor.unit or "")
    except Problem as problem:
        form.take(problem, onto="recorded")
        return await _show(visit, actor, form, status=problem.type.status)
    return visit.go(f"{PAGE}?done=confirmed")


@router.post(PAGE + "/{id}/batal")
async def withdraw(id: UUID, actor: SecondPerson, visit: TheVisit) -> Response:
    """It was recorded by mistake."""
    form = await visit.form()
    try:
        async with visit.house.db.begin(actor) as tx:
            await remittances.withdraw(tx, id, actor.unit or "")
    except Problem as problem:
        form.take(problem, onto="recorded")
        return await _show(visit, actor, form, status=problem.type.status)
    return visit.go(f"{PAGE}?done=withdrawn")


async def _show(
    visit: Visit,
    actor: Actor,
    form: Form,
    *,
    status: int = 200,
    notice: Text | None = None,
    seen: Preview | None = None,
    token: str = "",
) -> Response:
    unit = actor.unit or ""
    async with visit.house.db.read() as connection:
        waiting = await waiting_of(connection, unit)
        found = await remittances.list_remittances(connection, unit)
    return visit.show(
        "pages/counter/remittances.html",
        status=status,
        staff=await desk_of(visit, actor),
        form=form,
        notice=notice,
        waiting=waiting,
        payees=sorted({each.payee for each in waiting} | {TREASURY}),
        recorded=[each for each in found if each.state == "recorded"],
        closed=[each for each in found if each.state != "recorded"],
        own=actor.id,
        may_record=str(Role.FINANCE) in actor.roles,
        seen=seen,
        seen_token=token,
    )


def _rupiah(form: Form, name: str) -> int:
    text = form.get(name).replace(".", "").replace(" ", "")
    if not (text.isascii() and text.isdigit() and len(text) <= MAX_RUPIAH_DIGITS and int(text) > 0):
        form.errors[name] = NOT_RUPIAH
        return 0
    return int(text)
