"""Paid and not remitted: state money that has waited longer than its Polda's policy allows raises an alarm (case 43).

The alarm is an incident for a person, one for each Polda and payee, closed by itself when the money is remitted, and a
metric to page by. The document that was paid for is issued by the rule of its service, whatever the treasury does.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from prometheus_client import Gauge
from sqlalchemy import select, update
from sqlmodel import col

from app.core.actor import SYSTEM
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.services import reference
from app.services.billing.incidents import TREASURY as TREASURY_ITSELF
from app.services.billing.incidents import IncidentKind
from app.services.billing.models import PaymentIncident
from app.services.billing.treasury.waiting import TREASURY, Waiting, waiting_of

KIND, CLIENT = IncidentKind.PAID_NOT_REMITTED, TREASURY_ITSELF

NOT_REMITTED = Gauge(
    "loket_state_money_not_remitted_rupiah",
    "State money received and not yet remitted, by Polda; `late` beyond the days that its policy allows.",
    ("unit", "late"),
)


@dataclass(frozen=True, slots=True)
class Late:
    """What a Polda holds for the treasury beyond its time."""

    polda: str
    amount: int
    bills: int
    oldest: datetime


async def raise_alarms(house: House) -> None:
    """Compare what waits with each Polda's policy; open, renew and close the incidents."""
    async with house.db.begin(SYSTEM) as tx:
        by_polda = await _by_polda(tx, [each for each in await waiting_of(tx.session) if each.payee == TREASURY])
        late = {polda: each for polda, each in by_polda.items() if await _is_late(tx, each)}
        await _close_others(tx, late)
        for each in late.values():
            await _report(tx, each)
    NOT_REMITTED.clear()
    for polda, each in by_polda.items():
        NOT_REMITTED.labels(polda, "yes" if polda in late else "no").set(each.amount)


async def _by_polda(tx: Tx, waiting: list[Waiting]) -> Mapping[str, Late]:
    found: dict[str, Late] = {}
    for each in waiting:
        unit = await reference.find_unit(tx.session, each.unit)
        polda = (reference.polda_of(unit) if unit else None) or each.unit
        before = found.get(polda, Late(polda, 0, 0, each.oldest))
        found[polda] = Late(
            polda, before.amount + each.amount, before.bills + each.bills, min(before.oldest, each.oldest)
        )
    return found


async def _is_late(tx: Tx, held: Late) -> bool:
    today = tx.now.astimezone(reference.NATIONAL_ZONE).date()
    policy = await reference.policy(tx.session, held.polda, today)
    return held.oldest <= tx.now - timedelta(days=policy.etle.remit_days)


async def _report(tx: Tx, late: Late) -> None:
    facts: dict[str, JsonValue] = {"amount": late.amount, "bills": late.bills, "oldest": late.oldest.isoformat()}
    subject = f"{late.polda} {late.oldest.astimezone(reference.NATIONAL_ZONE).date().isoformat()}"
    query = select(PaymentIncident).where(col(PaymentIncident.kind) == KIND, col(PaymentIncident.client_id) == CLIENT)
    incidents = [
        each
        for each in (await tx.session.execute(query)).scalars()
        if each.subject == subject or (each.closed_at is None and each.subject.startswith(f"{late.polda} "))
    ]
    if not incidents:
        tx.session.add(PaymentIncident(at=tx.now, kind=KIND, client_id=CLIENT, subject=subject, facts=facts))
    for incident in incidents[:1]:
        incident.facts, incident.closed_at, incident.closed_by = facts, None, None
    await tx.session.flush()


async def _close_others(tx: Tx, late: Mapping[str, Late]) -> None:
    """Close the incidents of those who have remitted."""
    query = select(col(PaymentIncident.id), col(PaymentIncident.subject)).where(
        col(PaymentIncident.kind) == KIND,
        col(PaymentIncident.client_id) == CLIENT,
        col(PaymentIncident.closed_at).is_(None),
    )
    done = [row.id for row in await tx.session.execute(query) if row.subject.partition(" ")[0] not in late]
    if done:
        closing = update(PaymentIncident).where(col(PaymentIncident.id).in_(done))
        await tx.session.execute(closing.values(closed_at=tx.now, closed_by=SYSTEM.id))
