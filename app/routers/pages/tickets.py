"""The citizen's pages: look a ticket up, see what the machine saw, pay, and see who looked."""

from dataclasses import dataclass, replace
from typing import Annotated
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query
from markupsafe import Markup
from pydantic import ValidationError
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.deps import TheAddress
from app.routers.http.guards import guard, public
from app.routers.pages import words
from app.routers.pages.desk import NextStep
from app.routers.pages.drafts import drop_draft
from app.routers.pages.forms import Form
from app.routers.pages.problems import TICKET_SESSION_OVER
from app.routers.pages.session import HeldTicket
from app.routers.pages.visit import TheVisit, Visit
from app.routers.schemas.tickets import Lookup
from app.services import etle, reference
from app.services.documents import qr_svg
from app.services.etle import BillView, EvidenceView, TicketView
from app.services.etle.problems import NO_BILL, PROOF_NOT_READY

router = APIRouter(include_in_schema=False)
NO_STORE = {"Cache-Control": "no-store"}
PAYABLE = ("tilang_issued", "payment_overdue", "decided")
WAY_MISSING = Text("Pilih STNK atau surat.", "Choose STNK or letter.")
PLATE_MISSING = Text("Tulis pelat nomor seperti di STNK.", "Enter the number plate as on the STNK.")
PLATE_ODD = Text("Pelat nomor hanya huruf, angka dan spasi.", "A number plate has only letters, digits and blanks.")
CHASSIS_WRONG = Text(
    "Tulis nomor rangka, atau lima huruf dan angka terakhirnya.",
    "Enter the chassis number, or its last five characters.",
)
ENGINE_WRONG = Text(
    "Tulis nomor mesin, atau lima huruf dan angka terakhirnya.", "Enter the engine number, or its last five characters."
)
REFERENCE_WRONG = Text("Tulis nomor referensi di surat.", "Enter the reference that stands on the letter.")


@dataclass(frozen=True)
class ShownProof:
    """What the proof page says of a proof."""

    index: int
    tree_size: int
    checkpoint: str

    @classmethod
    def of(cls, proof: bytes) -> "ShownProof":
        """From the published JSON."""
        read = orjson.loads(proof)
        return cls(read["leaf_index"] + 1, read["tree_size"], read["checkpoint"])


@guard
async def ticket_on_page(id: UUID, visit: TheVisit) -> Actor:
    """Whoever proved this ticket to be theirs at the look-up. Another's ticket and none look the same."""
    held = visit.session.find(id)
    if held is None:
        raise TICKET_SESSION_OVER()
    return held.actor()


TicketOnPage = Annotated[Actor, Depends(ticket_on_page)]


# --- looking up ---------------------------------------------------------------------------------------------------


@router.get("/tilang", dependencies=[public()])
async def look_up_form(
    visit: TheVisit,
    ref: Annotated[str, Query(max_length=60)] = "",
    way: Annotated[str, Query(alias="cara", max_length=10)] = "",
) -> Response:
    """The look-up form; the letter's QR fills in its reference."""
    chosen = "letter" if ref or way == "surat" else ""
    return visit.show("pages/tickets/lookup.html", form=Form({"reference": ref, "way": chosen}))


@router.post("/tilang", dependencies=[public()])
async def look_up(visit: TheVisit, address: TheAddress) -> Response:
    """Look tickets up by the STNK's numbers or by the letter; limited by address and by plate, as the JSON door is.

    'No such ticket' and 'a wrong number' are the same page.
    """
    form = await visit.form()
    lookup = _lookup(form)
    if lookup is None:
        return visit.show("pages/tickets/lookup.html", status=422, form=form)
    await visit.house[Limits].hit("lookup-address", address)
    await visit.house[Limits].hit("lookup-plate", "".join(filter(str.isalnum, lookup.plate.upper())))
    found = await etle.look_up(visit.house, lookup.key())
    if not found:
        return visit.show("pages/tickets/nothing.html", searched=lookup.plate.upper())
    visit.hold(tuple(HeldTicket(each.view.id, each.party_id or each.view.id, each.role) for each in found))
    return visit.go(f"/tilang/{found[0].view.id}" if len(found) == 1 else "/tilang/hasil")


@router.get("/tilang/hasil", dependencies=[public()])
async def results(visit: TheVisit) -> Response:
    """The tickets that this browser has proved to hold; the cookie is the permission."""
    held = visit.session.tickets
    roles, party_ids = {each.id: each.role for each in held}, [each.party_id for each in held]
    tickets = await etle.tickets_held(visit.house, roles, party_ids)
    return visit.show("pages/tickets/results.html", tickets=tickets)


@router.post("/tilang/tutup", dependencies=[public()])
async def close_session(visit: TheVisit) -> Response:
    """Close the tickets on this browser, and drop an answer that was not sent: phones and counters are shared."""
    await visit.form()
    visit.forget()
    response = visit.go("/tilang")
    drop_draft(response)
    return response


# --- one ticket ---------------------------------------------------------------------------------------------------


@router.get("/tilang/{id}")
async def ticket_page(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Where the case stands, what to do next, and the evidence with everything needed to doubt it."""
    # Opening the case with the letter's reference proves that the letter has arrived, if the policy says so.
    await etle.note_opened(visit.house, holder)
    ticket = await etle.ticket_for(visit.house, holder, id)
    entries = await etle.timeline_for(visit.house, id)
    payee = ticket.has_bill and await etle.is_payee(visit.house, holder, id)
    return visit.show(
        "pages/tickets/ticket.html",
        ticket=ticket,
        unit_name=await unit_name(visit, ticket.unit),
        meaning=words.MEANINGS[ticket.state],
        due_label=words.DUE_LABELS.get(ticket.state, words.DUE),
        next_step=next_step(ticket, payee=payee),
        links=_links(ticket, payee=payee),
        evidence=on_this_site(visit, await etle.evidence_for(visit.house, id)),
        entries=list(reversed(entries)),
    )


@router.get("/tilang/{id}/bayar")
async def payment_page(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """The bill with its two numbers explained; 'check again' loads the page once more."""
    ticket = await etle.ticket_for(visit.house, holder, id)
    bill = await _bill(visit, ticket)
    qris = Markup(qr_svg(bill.qris)) if bill is not None and bill.qris else None  # noqa: S704 drawn here, of black and white
    return visit.show("pages/tickets/payment.html", ticket=ticket, bill=bill, qris=qris, now=visit.now)


@router.post("/tilang/{id}/bayar")
async def bill_again(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Another payment number, where the time of the last one is over."""
    await visit.form()
    async with visit.house.db.begin(holder) as tx:
        await etle.ask_bill_again(tx, id)
    return visit.go(f"/tilang/{id}/bayar")


@router.get("/tilang/{id}/riwayat")
async def looks_page(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Which staff opened the case, when and what for."""
    ticket = await etle.ticket_for(visit.house, holder, id)
    looks = [each for each in await etle.timeline_for(visit.house, id) if each.action == "look"]
    return visit.show("pages/tickets/looks.html", ticket=ticket, looks=list(reversed(looks)))


@router.get("/tilang/{id}/bukti")
async def proof_page(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """What the proof says in words; the file itself is one link on."""
    ticket = await etle.ticket_for(visit.house, holder, id)
    proof: ShownProof | None = None
    try:
        proof = ShownProof.of(await etle.proof_for(visit.house, holder, id))
    except Problem as problem:
        if problem.type is not PROOF_NOT_READY:
            raise
    return visit.show("pages/tickets/proof.html", ticket=ticket, proof=proof)


@router.get("/tilang/{id}/bukti.json")
async def proof_file(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """The inclusion proof for `loket verify`."""
    headers = {**NO_STORE, "Content-Disposition": 'attachment; filename="bukti.json"'}
    return Response(await etle.proof_for(visit.house, holder, id), headers=headers, media_type="application/json")


@router.get("/tilang/{id}/surat.pdf")
async def letter_file(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """The confirmation letter as it was written to this person."""
    return _pdf(await etle.letter_pdf(visit.house, holder, id), "surat-konfirmasi")


@router.get("/tilang/{id}/tilang.pdf")
async def ticket_file(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """The ticket: register number, article, session, where to pay."""
    return _pdf(await etle.ticket_pdf(visit.house, holder, id), "tilang")


@router.get("/tilang/{id}/tanda-terima.pdf")
async def receipt_file(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """The receipt; it carries its own proof."""
    return _pdf(await etle.receipt_pdf(visit.house, holder, id), "tanda-terima")


# --- below the doors ----------------------------------------------------------------------------------------------


async def unit_name(visit: Visit, code: str) -> str:
    """A unit's name for people; its code where the reference data no longer has it."""
    async with visit.house.db.read() as connection:
        unit = await reference.find_unit(connection, code)
    return unit.name if unit else code


def on_this_site(visit: Visit, evidence: EvidenceView) -> EvidenceView:
    """The same evidence with links relative to this site: pictures load under whatever name it is reached by."""
    base = visit.house.settings.public_url
    items = tuple(
        replace(
            item,
            url=item.url.removeprefix(base),
            crop_url=item.crop_url.removeprefix(base) if item.crop_url else None,
        )
        for item in evidence.items
    )
    return replace(evidence, items=items)


def next_step(ticket: TicketView, *, payee: bool = False) -> NextStep | None:
    """The one thing to do now, if there is one. `payee`: whatever is owed back goes to whoever looks."""
    if ticket.driver_actions:
        return NextStep(
            Text("Jawab: apakah Anda yang mengemudi?", "Answer: were you driving?"), _at(ticket, "pengemudi")
        )
    if ticket.answers:
        return NextStep(Text("Jawab sekarang", "Answer now"), _at(ticket, "jawab"))
    if ticket.state == "refund_due" and payee:
        return NextStep(Text("Beri tahu rekening Anda", "Tell us your account"), _at(ticket, "pengembalian"))
    if ticket.has_bill and ticket.state in PAYABLE:
        return NextStep(Text("Lihat cara membayar", "See how to pay"), _at(ticket, "bayar"))
    if ticket.has_receipt:
        return NextStep(Text("Unduh tanda terima (PDF)", "Download the receipt (PDF)"), _at(ticket, "tanda-terima.pdf"))
    return None


def _links(ticket: TicketView, *, payee: bool) -> list[NextStep]:
    links = []
    if ticket.has_letter:
        links.append(NextStep(Text("Surat konfirmasi (PDF)", "Confirmation letter (PDF)"), _at(ticket, "surat.pdf")))
    if ticket.has_bill:
        links.append(NextStep(Text("Surat tilang (PDF)", "The ticket (PDF)"), _at(ticket, "tilang.pdf")))
        links.append(NextStep(Text("Pembayaran", "Payment"), _at(ticket, "bayar")))
    if ticket.has_bill and payee:
        links.append(
            NextStep(Text("Pengembalian uang dan rekening", "Refunds and your account"), _at(ticket, "pengembalian"))
        )
    return links


def _at(ticket: TicketView, page: str) -> str:
    return f"/tilang/{ticket.id}/{page}"


async def _bill(visit: Visit, ticket: TicketView) -> BillView | None:
    try:
        return await etle.bill_for(visit.house, ticket.id)
    except Problem as problem:
        if problem.type is not NO_BILL:
            raise
        return None


def _lookup(form: Form) -> Lookup | None:
    """What is looked up, checked by the same schema as the JSON door; None with the faults put into the form."""
    values = {"plate": form.need("plate", PLATE_MISSING)}
    way = form.get("way") or ("letter" if form.get("reference") else "stnk" if form.get("chassis_no") else "")
    form.values = {**form.values, "way": way}
    if form.choice("way", ("stnk", "letter"), WAY_MISSING) == "letter":
        values["reference"] = form.need("reference", REFERENCE_WRONG)
    elif way == "stnk":
        values["chassis_no"] = form.need("chassis_no", CHASSIS_WRONG)
        values["engine_no"] = form.need("engine_no", ENGINE_WRONG)
    if form.errors:
        return None
    try:
        return Lookup.model_validate(values)
    except ValidationError as invalid:
        wrong = {
            "plate": PLATE_ODD,
            "chassis_no": CHASSIS_WRONG,
            "engine_no": ENGINE_WRONG,
            "reference": REFERENCE_WRONG,
        }
        for fault in invalid.errors():
            name = str(fault["loc"][0]) if fault["loc"] else "plate"
            form.errors[name] = wrong[name]
        return None


def _pdf(data: bytes, name: str) -> Response:
    headers = {**NO_STORE, "Content-Disposition": f'inline; filename="{name}.pdf"'}
    return Response(data, headers=headers, media_type="application/pdf")
