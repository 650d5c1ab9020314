"""The citizen's desk: what a door asks for about one ticket, each call complete in itself.

Reads use plain connections; papers are rendered after their transaction has ended, because rendering takes a moment.
"""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.problems import FORBIDDEN
from app.services import billing, cameras, cases, documents, transparency
from app.services.cases import Lifecycles, TimelineEntry
from app.services.etle import evidence, letters, papers, queries
from app.services.etle.problems import NO_BILL, PROOF_NOT_READY
from app.services.etle.views import (
    BillLineView,
    BillView,
    EvidenceView,
    RemittanceView,
    TicketView,
    VirtualAccountView,
)
from app.services.identity.people import find_nik_bidx


async def look_up(house: House, key: queries.StnkNumbers | queries.LetterReference) -> list[queries.Found]:
    """The public look-up, by the STNK's numbers or by the letter."""
    if isinstance(key, queries.LetterReference):
        return await queries.find_by_letter(house.db, house[Lifecycles], key)
    return await queries.find_by_stnk(house.db, house.keys, house[Lifecycles], key)


async def tickets_of(house: House, person_id: UUID, *, limit: int, before: queries.Place | None) -> list[queries.Found]:
    """The tickets of a signed-in person, newest first; none while the account is bound to no NIK."""
    async with house.db.read() as connection:
        nik_bidx = await find_nik_bidx(connection, person_id)
        if nik_bidx is None:
            return []
        return await queries.tickets_of_person(connection, house[Lifecycles], nik_bidx, limit=limit, before=before)


async def note_opened(house: House, holder: Actor) -> None:
    """Somebody who holds this person's letter has opened the case: proof of delivery, if the policy takes it so."""
    party_id = party_of(holder)
    if holder.case_id is None or party_id is None:
        return
    async with house.db.read() as connection:
        waiting = await queries.delivery_unproven(connection, holder.case_id, party_id)
    if waiting:
        async with house.db.begin(holder) as tx:
            await letters.opened(tx, holder.case_id, party_id)


async def ticket_for(house: House, holder: Actor, case_id: UUID) -> TicketView:
    """The ticket as this holder sees it."""
    async with house.db.read() as connection:
        return await queries.get_ticket(
            connection, house[Lifecycles], case_id, role=role_of(holder), party_id=party_of(holder)
        )


async def tickets_held(house: House, roles: Mapping[UUID, str], party_ids: Collection[UUID]) -> list[TicketView]:
    """Every ticket that a browser has proved to hold, each as owner or driver, newest first."""
    async with house.db.read() as connection:
        return await queries.get_tickets(connection, house[Lifecycles], roles, party_ids)


async def view_in(tx: Tx, case_id: UUID, holder: Actor) -> TicketView:
    """The ticket inside a transaction, after it was changed."""
    await tx.session.flush()
    connection = await tx.session.connection()
    return await queries.get_ticket(
        connection, tx.house[Lifecycles], case_id, role=role_of(holder), party_id=party_of(holder)
    )


async def evidence_for(house: House, case_id: UUID) -> EvidenceView:
    """The evidence as a person of the case sees it, with fresh links."""
    async with house.db.read() as connection:
        exhibits = await evidence.exhibits_of(connection, case_id)
        device = await cameras.find_device(connection, exhibits.captures[0].device_id)
    return evidence.evidence_view(house, exhibits, device, viewer=evidence.Viewer.PERSON, now=house.clock.now())


async def timeline_for(house: House, case_id: UUID) -> Sequence[TimelineEntry]:
    """What happened and who looked."""
    async with house.db.read() as connection:
        return await cases.timeline(connection, case_id)


async def bill_for(house: House, case_id: UUID) -> BillView:
    """The latest bill; raises NO_BILL."""
    async with house.db.read() as connection:
        return await _bill(connection, case_id, house.clock.now())


async def bill_in(tx: Tx, case_id: UUID) -> BillView:
    """The latest bill inside a transaction, after it was changed; raises NO_BILL."""
    return await _bill(await tx.session.connection(), case_id, tx.now)


async def _bill(connection: AsyncConnection, case_id: UUID, now: datetime) -> BillView:
    bill = await billing.bill_of(connection, case_id, at=now)
    if bill is None:
        raise NO_BILL()
    remitted = await billing.remitted_of(connection, bill.id)
    accounts = tuple(
        VirtualAccountView(va.bank, va.partner_service_id, va.customer_no, va.virtual_account_no)
        for va in bill.virtual_accounts
    )
    return BillView(
        state=str(bill.state),
        purpose=bill.purpose,
        amount=bill.amount,
        currency=bill.currency,
        virtual_accounts=accounts,
        expires_at=bill.expires_at,
        paid_at=bill.paid_at,
        lines=tuple(
            BillLineView(each.code, each.title, each.amount, billing.payee_of(each.account)) for each in bill.lines
        ),
        remittances=tuple(
            RemittanceView(each.amount, each.ntpn, each.remitted_on) for each in remitted if each.ntpn is not None
        ),
        qris=bill.qris,
    )


async def letter_pdf(house: House, holder: Actor, case_id: UUID) -> bytes:
    """The confirmation letter to this holder."""
    picture = await _picture(house, case_id)
    async with house.db.begin(holder) as tx:
        data = await papers.letter_data(tx, case_id, picture, party_id=party_of(holder))
    return await documents.etle_letter(data)


async def ticket_pdf(house: House, holder: Actor, case_id: UUID) -> bytes:
    """The ticket (tilang)."""
    picture = await _picture(house, case_id)
    async with house.db.begin(holder) as tx:
        data = await papers.ticket_data(tx, case_id, picture, party_id=party_of(holder))
    return await documents.etle_ticket(data)


async def receipt_pdf(house: House, holder: Actor, case_id: UUID) -> bytes:
    """The receipt with its proof; the log is brought up to date first if it has not taken the event in yet."""
    try:
        data = await _receipt_data(house, holder, case_id)
    except papers.ProofMissing:
        await transparency.sequence(house)
        data = await _receipt_data(house, holder, case_id)
    return await documents.payment_receipt(data)


async def receipt_for(house: House, holder: Actor, case_id: UUID) -> dict[str, JsonValue]:
    """The receipt as JSON with its proof inside. Raises NO_RECEIPT, PROOF_NOT_READY."""
    for attempt in range(2):
        try:
            return documents.receipt_json(await _receipt_data(house, holder, case_id))
        except papers.ProofMissing:
            if attempt:
                break
        await transparency.sequence(house)
    raise PROOF_NOT_READY(retry_after=papers.RETRY_AFTER_S, headers={"Retry-After": str(papers.RETRY_AFTER_S)})


async def proof_for(house: House, holder: Actor, case_id: UUID) -> bytes:
    """The inclusion proof as JSON. Raises PROOF_NOT_READY if another sequencer is just at it.

    FORBIDDEN to a named driver who has not accepted: the event names the owner's own reference.
    """
    for attempt in range(2):
        async with house.db.begin(holder) as tx:
            if role_of(holder) == "driver" and not await papers.is_addressee(tx, case_id, party_of(holder)):
                raise FORBIDDEN()
            try:
                return await papers.proof_json(tx, await papers.latest_leaf(tx, case_id))
            except papers.ProofMissing:
                if attempt:
                    break
        await transparency.sequence(house)
    raise PROOF_NOT_READY(retry_after=papers.RETRY_AFTER_S, headers={"Retry-After": str(papers.RETRY_AFTER_S)})


def role_of(holder: Actor) -> str:
    """As whom the holder sees the ticket."""
    return next(iter(sorted(holder.roles & {"owner", "driver", "former_owner"})), "owner")


def party_of(holder: Actor) -> UUID | None:
    """Whose letter opened the case for this holder; None where the STNK did, which proves no letter."""
    if not _is_uuid(holder.id) or UUID(holder.id) == holder.case_id:
        return None
    return UUID(holder.id)


async def _receipt_data(house: House, holder: Actor, case_id: UUID) -> documents.ReceiptData:
    async with house.db.begin(holder) as tx:
        return await papers.receipt_data(tx, case_id, party_id=party_of(holder))


async def _picture(house: House, case_id: UUID) -> evidence.Picture:
    async with house.db.read() as connection:
        exhibits = await evidence.exhibits_of(connection, case_id)
    return await evidence.picture_for_paper(house, exhibits)


def _is_uuid(text: str) -> bool:
    try:
        UUID(text)
    except ValueError:
        return False
    return True
