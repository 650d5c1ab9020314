"""What an application costs and how it is paid, and the account to which money comes home; asked once."""

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import CitizenOnPage
from app.routers.pages.applying import at, own
from app.routers.pages.forms import Form
from app.routers.pages.visit import TheVisit, Visit
from app.routers.schemas.refunds import account_words
from app.services import applications, billing
from app.services.billing import BillView, VirtualAccountView
from app.services.documents import qr_svg

router = APIRouter(include_in_schema=False)

SAVED = Text("Rekening tersimpan.", "The account was saved.")
SAID_HERE = (409, 422, 429)


@dataclass(frozen=True, slots=True)
class ShownLine:
    """One line of a bill, and whose money it is."""

    title: Text
    payee: str
    amount: int


@dataclass(frozen=True, slots=True)
class ShownBill:
    """A bill as the payment page shows it."""

    state: str
    amount: int
    lines: tuple[ShownLine, ...]
    virtual_accounts: tuple[VirtualAccountView, ...]
    expires_at: datetime
    paid_at: datetime | None

    @classmethod
    def of(cls, bill: BillView) -> "ShownBill":
        """From the room's view."""
        lines = tuple(ShownLine(each.title, billing.payee_of(each.account), each.amount) for each in bill.lines)
        return cls(str(bill.state), bill.amount, lines, bill.virtual_accounts, bill.expires_at, bill.paid_at)


@router.get("/permohonan/{id}/bayar")
async def payment_page(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """The bill with its payment numbers explained; 'check again' loads the page once more."""
    view = await own(visit, me, id)
    bill = view.bill
    qris = Markup(qr_svg(bill.qris)) if bill is not None and bill.qris else None  # noqa: S704 drawn here, of black and white
    return visit.show(
        "pages/applications/payment.html",
        view=view,
        bill=ShownBill.of(bill) if bill else None,
        qris=qris,
        receipts=await applications.receipts_of(visit.house, id),
        now=visit.now,
    )


@router.get("/permohonan/{id}/rekening")
async def account_page(
    id: UUID, me: CitizenOnPage, visit: TheVisit, saved: Annotated[str, Query(alias="selesai", max_length=20)] = ""
) -> Response:
    """What is owed back, where it goes, and the form for the account."""
    return await _show(visit, me, id, Form(), notice=SAVED if saved else None)


@router.post("/permohonan/{id}/rekening")
async def give_account(id: UUID, me: CitizenOnPage, visit: TheVisit) -> Response:
    """Keep the account; the bank is asked for its holder's name at once."""
    form = await visit.form()
    await own(visit, me, id)
    try:
        await visit.house[Limits].hit("refund-account-case", str(id))
        account = billing.parse_account(form.get("bank_code"), form.get("number"), form.get("holder"))
        answer = await billing.ask_bank(visit.house, account)
        async with visit.house.db.begin(me) as tx:
            await applications.give_account(tx, id, account, answer)
        return visit.go(f"{at(id, 'rekening')}?selesai=simpan")
    except Problem as problem:
        if problem.type.status not in SAID_HERE:
            raise
        form.take(problem, onto="number")
        return await _show(visit, me, id, form, status=problem.type.status)


async def _show(
    visit: Visit, me: Actor, case_id: UUID, form: Form, *, notice: Text | None = None, status: int = 200
) -> Response:
    view = await own(visit, me, case_id)
    async with visit.house.db.begin(me) as tx:
        refunds, account = await applications.refunds_of(tx, case_id)
        on_its_way = await billing.is_under_way(tx.session, case_id)
    return visit.show(
        "pages/applications/account.html",
        status=status,
        view=view,
        refunds=refunds,
        account=account,
        account_message=account_words(account) if account else None,
        on_its_way=on_its_way,
        banks=list(billing.bank_list().values()),
        form=form,
        notice=notice,
    )
