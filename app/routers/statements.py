"""The treasurer's door: closing statements per bank, Polda and day, as JSON, CSV and PDF."""

from datetime import date, timedelta
from enum import StrEnum
from typing import Annotated

from fastapi import APIRouter, Query
from fastapi.responses import Response

from app.core.actor import Actor
from app.core.house import House
from app.routers.http.deps import TheHouse
from app.routers.http.guards import staff
from app.routers.schemas.statements import StatementDayOut, StatementDays, StatementOut
from app.services import billing
from app.services.billing import ClosingStatement
from app.services.billing.snap.times import bank_day
from app.services.identity.roles import Role

router = APIRouter(tags=["counter"])

WHO = (Role.FINANCE, Role.SUPERVISOR, Role.AUDITOR)
Treasurer = Annotated[Actor, staff(*WHO)]
UnitCode = Annotated[
    str | None,
    Query(max_length=60, pattern="^[A-Z0-9-]+$", description="A Polda; your own where it is left out, all for Mabes."),
]
BankName = Annotated[
    str, Query(min_length=1, max_length=80, pattern=r"^[^\x00-\x1f\x7f]+$", description="Its name or client id.")
]
A_MONTH = timedelta(days=30)


class Form(StrEnum):
    """How a statement is wanted."""

    JSON = "json"
    CSV = "csv"
    PDF = "pdf"


@router.get("/v1/counter/statements")
async def list_statement_days(
    actor: Treasurer,
    house: TheHouse,
    unit: UnitCode = None,
    bank: BankName | None = None,
    first: date | None = None,
    last: date | None = None,
) -> StatementDays:
    """Days on which something moved, the newest first: the last month where nothing is said, a quarter at most."""
    async with house.db.read() as connection:
        seen = await billing.unit_for(connection, actor, unit)
        until = last or bank_day(house.clock.now())
        found = await billing.statement_days(
            connection, unit=seen, first=first or month_before(until), last=until, bank=bank
        )
    return StatementDays(unit=seen, days=[StatementDayOut.of(each) for each in found])


@router.get(
    "/v1/counter/statements/{day}",
    response_model=StatementOut,
    responses={200: {"content": {"text/csv": {}, "application/pdf": {}}}},
)
async def get_statement(
    day: date, actor: Treasurer, house: TheHouse, bank: BankName, unit: UnitCode = None, format: Form = Form.JSON
) -> Response:
    """The closing statement of a bank on a WIB day; its figures are the ledger's. Problems:
    `billing-statement-bank-unknown`, `billing-statement-no-such-day`."""
    made = await read_statement(house, actor, bank=bank, unit=unit, day=day)
    if format is Form.JSON:
        return Response(StatementOut.of(made).model_dump_json(), media_type="application/json", headers=_NOT_KEPT)
    return await as_file(made, format)


async def read_statement(house: House, actor: Actor, *, bank: str, unit: str | None, day: date) -> ClosingStatement:
    """The statement, for whoever may see it. Raises as `billing.closing_statement`, and FORBIDDEN."""
    async with house.db.read() as connection:
        seen = await billing.unit_for(connection, actor, unit)
        return await billing.closing_statement(connection, bank=bank, unit=seen, day=day, now=house.clock.now())


async def as_file(made: ClosingStatement, form: Form) -> Response:
    """The statement as a file to keep."""
    name = f"loket-{made.day.isoformat()}-{made.unit or 'semua'}.{form}"
    headers = {**_NOT_KEPT, "Content-Disposition": f'attachment; filename="{name}"'}
    if form is Form.PDF:
        return Response(await billing.statement_pdf(made), media_type="application/pdf", headers=headers)
    return Response(billing.statement_csv(made), media_type="text/csv; charset=utf-8", headers=headers)


def month_before(day: date) -> date:
    """The first day of a list that ends on `day`; early dates stop at the calendar's beginning."""
    return day - A_MONTH if day > date.min + A_MONTH else date.min


_NOT_KEPT = {"Cache-Control": "no-store"}
