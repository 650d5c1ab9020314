"""The ticket itself (tilang): its register number, its court session.

The blue slip of an electronic recording is notice and summons in one (PP 80/2012 art. 28).
"""

import secrets

from sqlalchemy import select
from sqlmodel import col

from app.core.db import Tx
from app.services.cases import Case
from app.services.etle.models import Ticket
from app.services.etle.store import policy_of, ticket_of
from app.services.etle.times import session_after
from app.services.reference import find_unit

_SERIES = "ABCDEFGHJKLMNPRSTUVWXYZ"


async def issue(tx: Tx, case: Case) -> None:
    """Give the register number and the court session; the addressee is told with the bill."""
    ticket, policy = await ticket_of(tx, case.id), await policy_of(tx, case)
    unit = await find_unit(tx.session, case.unit)
    ticket.register_no = ticket.register_no or await _free_register_no(tx)
    ticket.issued_at = tx.now
    ticket.court_name = f"Pengadilan Negeri {unit.seat}" if unit is not None and unit.seat else None
    ticket.session_at = session_after(
        tx.now,
        weekday=policy.session_weekday,
        # Never so near that the file could not be at the court in time (PERMA 12/2016).
        lead_days=max(policy.session_lead_days, policy.court_file_days + 1),
        zone=ticket.zone,
    )
    await tx.session.flush()


async def _free_register_no(tx: Tx) -> str:
    """One letter and seven digits (`identity.md` 5), drawn at random: a sequence would tell how many there are."""
    while True:
        number = f"{secrets.choice(_SERIES)}{secrets.randbelow(10_000_000):07d}"
        taken = await tx.session.execute(select(col(Ticket.case_id)).where(col(Ticket.register_no) == number))
        if taken.first() is None:
            return number
