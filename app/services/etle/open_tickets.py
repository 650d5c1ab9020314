"""Tickets that are open on a vehicle, for whoever applies for its papers: said before anything is paid."""

from sqlalchemy import func, select
from sqlmodel import col

from app.core.db import Database
from app.services.cases import Case
from app.services.etle.models import Ticket

OPEN = (
    "letter_sent",
    "awaiting_driver",
    "redirected",
    "unanswered",
    "confirmed",
    "tilang_issued",
    "payment_overdue",
    "decided",
)
"""The owner was told and something is still to be answered or paid. A deposit that was paid holds nothing up."""


class OpenTicketsOnVehicles:
    """How many tickets are open on a vehicle of the register."""

    def __init__(self, db: Database) -> None:
        self._db = db

    async def count(self, registry_id: str) -> int:
        """Open tickets on this vehicle."""
        query = (
            select(func.count())
            .select_from(Ticket)
            .join(Case, col(Case.id) == col(Ticket.case_id))
            .where(col(Ticket.vehicle_id) == registry_id, col(Case.state).in_(OPEN))
        )
        async with self._db.read() as connection:
            return int((await connection.execute(query)).scalar_one())
