"""The treasurer's page: the days of a Polda's banks, each with its closing statement."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.routers.http.guards import staff_page
from app.routers.pages.desk import desk_of
from app.routers.pages.visit import TheVisit
from app.routers.statements import WHO, BankName, Form, UnitCode, as_file, month_before, read_statement
from app.services import billing
from app.services.billing.snap.times import bank_day

router = APIRouter(include_in_schema=False)
Treasurer = Annotated[Actor, staff_page(*WHO)]


@router.get("/counter/rekap")
async def statements_page(
    actor: Treasurer, visit: TheVisit, last: Annotated[date | None, Query()] = None, unit: UnitCode = None
) -> Response:
    """The days of the last month on which something moved at a bank, the newest first."""
    until = min(last or bank_day(visit.now), bank_day(visit.now))
    first = month_before(until)
    async with visit.house.db.read() as connection:
        seen = await billing.unit_for(connection, actor, unit)
        days = await billing.statement_days(connection, unit=seen, first=first, last=until)
    return visit.show(
        "pages/counter/statements.html",
        staff=await desk_of(visit, actor),
        days=days,
        unit=seen,
        first=first,
        last=until,
        earlier=first if first > date(2000, 1, 1) else None,
    )


@router.get("/counter/rekap/{day}")
async def statement_page(
    day: date, actor: Treasurer, visit: TheVisit, bank: BankName, unit: UnitCode = None, format: Form | None = None
) -> Response:
    """One day at one bank, or its file."""
    made = await read_statement(visit.house, actor, bank=bank, unit=unit, day=day)
    if format in (Form.CSV, Form.PDF):
        return visit.finish(await as_file(made, format))
    return visit.show(
        "pages/counter/statement.html",
        staff=await desk_of(visit, actor),
        made=made,
        clearing=billing.clearing_lines(made),
        files=billing.file_lines(made),
    )
