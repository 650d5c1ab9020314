"""The PDFs of a case, made when somebody opens them: what they say is all in the case, so no copy is kept.

The receipt carries the inclusion proof of its payment's event, so that it verifies offline and for ever.
"""

import json
from uuid import UUID

from sqlalchemy import select
from sqlmodel import col

from app.core.db import Tx
from app.core.house import House
from app.core.money import Rupiah
from app.core.texts import Text
from app.services import billing, cameras, cases, documents, transparency
from app.services.cases import Case, CaseEvent
from app.services.etle import sections
from app.services.etle.evidence import Picture
from app.services.etle.models import Party, Ticket, TicketReceipt
from app.services.etle.problems import NO_BILL, NO_LETTER, NO_RECEIPT
from app.services.etle.store import (
    addressee_of,
    answer_days,
    latest_letter,
    latest_owner_letter,
    party_in_role,
    person_of,
    policy_of,
    ticket_of,
)
from app.services.etle.times import local_day
from app.services.reference import EtlePolicy, find_unit, parse_plate

RETRY_AFTER_S = 5
SIGNATORY = "Kepala Subdirektorat Penegakan Hukum"
NO_NAME = "Pemilik kendaraan"
_NEWEST = (col(TicketReceipt.at).desc(), col(TicketReceipt.event_id).desc())


class ProofMissing(Exception):
    """The log has not taken the event in yet."""


async def letter_data(tx: Tx, case_id: UUID, picture: Picture, *, party_id: UUID | None = None) -> documents.LetterData:
    """What the latest confirmation letter to this person says. Raises NO_LETTER.

    Without `party_id` (the STNK opened the case) it is the letter to the owner or buyer, never one to a named driver:
    that one carries the code with which he alone accepts or declines.
    """
    case, ticket = await _case_and_ticket(tx, case_id)
    letter = await latest_letter(tx, case_id, party_id) if party_id else await latest_owner_letter(tx, case_id)
    if letter is None:
        raise NO_LETTER()
    party = await tx.session.get(Party, letter.party_id)
    if party is None:
        raise NO_LETTER()
    policy, person = await policy_of(tx, case), await person_of(tx, party)
    days_from_violation, days_from_delivery = answer_days(policy, party)
    capture = await cameras.get_capture(tx.session, ticket.capture_id)
    average = await sections.average_of(tx.session, ticket.capture_id)
    return documents.LetterData(
        written_at=local_day(letter.written_at, ticket.zone),
        zone_name=ticket.zone,
        sender=await _sender(tx, case, policy),
        reference=party.code,
        addressee_name=person["name"] or NO_NAME,
        addressee_address=_lines(person["address"]),
        vehicle=_vehicle(ticket),
        occurred_at=local_day(ticket.occurred_at, ticket.zone),
        place=ticket.location,
        violations=[documents.Violation(ticket.article, Text(ticket.title_id, ticket.title_en))],
        photo=picture.photo,
        crop=picture.crop,
        confirm_url=f"{tx.house.settings.public_url}/tilang?ref={party.code}",
        check=_check(tx.house, letter.check_code),
        days_from_violation=days_from_violation,
        days_from_delivery=days_from_delivery,
        reading=_reading(picture),
        speed_kmh=average.kmh if average else capture.speed_kmh,
        limit_kmh=average.limit_kmh if average else capture.limit_kmh,
        over_metres=average.metres if average else None,
        post=_post(policy),
        role="driver" if party.role == "driver" else "buyer" if party.role == "buyer" else "owner",
    )


async def is_addressee(tx: Tx, case_id: UUID, party_id: UUID | None) -> bool:
    """Whether the case is addressed to this person now."""
    addressee = await addressee_of(tx, case_id)
    return addressee is not None and addressee.id == party_id


async def ticket_data(tx: Tx, case_id: UUID, picture: Picture, *, party_id: UUID | None = None) -> documents.TicketData:
    """What the ticket (tilang) says. Raises NO_BILL before it was issued.

    For `party_id` who is not the addressee (a seller, an owner who named somebody) it leaves out who the addressee is
    and the code of the addressee's letter.
    """
    case, ticket = await _case_and_ticket(tx, case_id)
    bills = await billing.bills_of(tx.session, case_id, at=tx.now)
    party = await addressee_of(tx, case_id) or await party_in_role(tx, case_id, "owner")
    letter = await latest_letter(tx, case_id)
    if ticket.register_no is None or ticket.issued_at is None or not bills or party is None or letter is None:
        raise NO_BILL()
    policy, person = await policy_of(tx, case), await person_of(tx, party)
    own = party_id == party.id or (party_id is None and party.role != "driver")
    if not own:
        person = dict.fromkeys(person)
    return documents.TicketData(
        written_at=local_day(ticket.issued_at, ticket.zone),
        zone_name=ticket.zone,
        sender=await _sender(tx, case, policy),
        reference=await _reference_for(tx, case, party_id),
        register_no=ticket.register_no,
        driver_name=person["name"] or NO_NAME,
        driver_address=_lines(person["address"]),
        driver_nik=person["nik"],
        driver_sim=person["sim"],
        vehicle=_vehicle(ticket),
        occurred_at=local_day(ticket.occurred_at, ticket.zone),
        place=ticket.location,
        violations=[documents.Violation(ticket.article, Text(ticket.title_id, ticket.title_en))],
        amount=Rupiah(ticket.fine),
        accounts=[documents.VirtualAccount(va.bank, va.virtual_account_no) for va in bills[0].virtual_accounts],
        pay_until=local_day(bills[0].expires_at, ticket.zone),
        court_name=ticket.court_name,
        court_at=local_day(ticket.session_at, ticket.zone) if ticket.session_at else None,
        photo=picture.photo,
        crop=picture.crop,
        ticket_url=f"{tx.house.settings.public_url}/tilang" + (f"?ref={party.code}" if own else ""),
        check=_check(tx.house, letter.check_code),
        post=_post(policy),
    )


async def receipt_data(tx: Tx, case_id: UUID, *, party_id: UUID | None = None) -> documents.ReceiptData:
    """What the latest receipt says to this person, with its proof. Raises NO_RECEIPT, and `ProofMissing` until the log
    has it."""
    case, ticket = await _case_and_ticket(tx, case_id)
    newest = select(TicketReceipt).where(col(TicketReceipt.case_id) == case_id).order_by(*_NEWEST)
    receipt = (await tx.session.execute(newest.limit(1))).scalar_one_or_none()
    if receipt is None:
        raise NO_RECEIPT()
    event = await tx.session.get(CaseEvent, receipt.event_id)
    bill = await billing.bill_by_id(tx.session, receipt.bill_id, at=tx.now)
    payment = await billing.payment_of(tx.session, receipt.bill_id, entry_id=receipt.entry_id)
    code = await transparency.check_codes.find(tx.session, receipt.check_code)
    if event is None or payment is None or code is None:
        raise NO_RECEIPT()
    voided_at = local_day(code.revoked_at, ticket.zone) if code.revoked_at else None
    remitted = () if voided_at else await billing.remitted_of(tx.session, bill.id)
    return documents.ReceiptData(
        written_at=local_day(receipt.at, ticket.zone),
        zone_name=ticket.zone,
        sender=await _sender(tx, case, await policy_of(tx, case)),
        receipt_no=receipt.check_code,
        reference=await _reference_for(tx, case, party_id),
        register_no=ticket.register_no,
        virtual_account_no=payment.virtual_account_no,
        bank=payment.bank,
        bank_reference=payment.payment_request_id,
        paid_at=local_day(payment.received_at, ticket.zone),
        amount=bill.amount,
        purpose="fine" if bill.purpose == "fine" else "rest",
        title=Text(bill.title, bill.title),
        check=_check(tx.house, receipt.check_code),
        proof=await proof_json(tx, event.leaf_id),
        plate=_shown(ticket),
        violations=[documents.Violation(ticket.article, Text(ticket.title_id, ticket.title_en))],
        court_name=ticket.court_name,
        court_on=local_day(ticket.session_at, ticket.zone).date() if ticket.session_at else None,
        bill_id=str(bill.id),
        lines=[documents.ReceiptLine(each.title, Rupiah(each.amount)) for each in bill.lines],
        remittances=[
            documents.ReceiptRemittance(each.ntpn, each.remitted_on, each.amount) for each in remitted if each.ntpn
        ],
        voided_at=voided_at,
    )


async def proof_json(tx: Tx, leaf_id: UUID) -> bytes:
    """The inclusion proof of an event as JSON; raises `ProofMissing` until the log has taken it in."""
    proof = await transparency.proof_of(tx.house, tx.session, leaf_id)
    if proof is None:
        raise ProofMissing
    return json.dumps(proof.to_json(), ensure_ascii=False).encode()


async def latest_leaf(tx: Tx, case_id: UUID) -> UUID:
    """The leaf that proves the case as it stands: of the receipt's event where there is one, else of the last event."""
    receipt = select(col(CaseEvent.leaf_id)).join(TicketReceipt, col(TicketReceipt.event_id) == col(CaseEvent.id))
    query = receipt.where(col(TicketReceipt.case_id) == case_id).order_by(*_NEWEST).limit(1)
    found: UUID | None = (await tx.session.execute(query)).scalar_one_or_none()
    if found is not None:
        return found
    last = select(col(CaseEvent.leaf_id)).where(col(CaseEvent.case_id) == case_id)
    leaf_id: UUID = (await tx.session.execute(last.order_by(col(CaseEvent.seq).desc()).limit(1))).scalar_one()
    return leaf_id


async def _case_and_ticket(tx: Tx, case_id: UUID) -> tuple[Case, Ticket]:
    case = await tx.session.get(Case, case_id)
    if case is None:
        raise cases.CASE_NOT_FOUND()
    return case, await ticket_of(tx, case_id)


async def _reference_for(tx: Tx, case: Case, party_id: UUID | None) -> str:
    """The reference of this person's own letter: with the owner's and the plate, a driver could open the owner's papers."""
    party = await tx.session.get(Party, party_id) if party_id else None
    return party.code if party is not None and party.case_id == case.id else case.reference


async def _sender(tx: Tx, case: Case, policy: EtlePolicy) -> documents.Sender:
    unit = await find_unit(tx.session, case.unit)
    parent = await find_unit(tx.session, unit.polda_code) if unit and unit.polda_code else None
    return documents.Sender(
        name=unit.name if unit else case.unit,
        parent=parent.name if parent and unit and parent.code != unit.code else "Kepolisian Negara Republik Indonesia",
        signatory=SIGNATORY,
        city=unit.seat if unit else None,
        address=policy.posko.address,
    )


def _vehicle(ticket: Ticket) -> documents.Vehicle:
    value = {name: str(ticket.vehicle.get(name) or "") for name in ("make", "model", "colour", "kind")}
    return documents.Vehicle(plate=_shown(ticket), **value)


def _shown(ticket: Ticket) -> str:
    plate = parse_plate(ticket.plate or "")
    return plate.shown if plate else (ticket.plate or "")


def _reading(picture: Picture) -> documents.Reading | None:
    read = picture.reading
    if read is None or read.plate is None or read.confidence is None:
        return None
    return documents.Reading(read.plate, read.confidence)


def _check(house: House, code: str) -> documents.CheckCode:
    return documents.CheckCode(code, f"{house.settings.public_url}/periksa/{code}")


def _post(policy: EtlePolicy) -> documents.Post:
    hours = "; ".join(f"{_days(each.weekdays)} {each.opens:%H.%M}-{each.closes:%H.%M}" for each in policy.posko.hours)
    return documents.Post(address=f"{policy.posko.name}, {policy.posko.address}", hours=hours)


def _days(weekdays: tuple[int, ...]) -> str:
    names = ("Senin", "Selasa", "Rabu", "Kamis", "Jumat", "Sabtu", "Minggu")
    first, last = names[min(weekdays) - 1], names[max(weekdays) - 1]
    return first if first == last else f"{first}-{last}"


def _lines(address: str | None) -> list[str]:
    return [line.strip() for line in (address or "").replace("\n", ",").split(",") if line.strip()][:4]
