"""Pages of money that comes home: the payee gives an account once, and finance pays with four eyes."""

from datetime import date
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from app.core.actor import Actor
from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.guards import staff_page
from app.routers.http.paging import cursor_of, cursor_part, read_cursor
from app.routers.pages.desk import desk_of
from app.routers.pages.forms import Form
from app.routers.pages.tickets import TicketOnPage
from app.routers.pages.visit import TheVisit, Visit
from app.routers.refunds import xml_answer
from app.routers.schemas.refunds import account_words
from app.services import billing, etle, reference
from app.services.billing import OrderState, PayingAccounts, Waiting
from app.services.identity.roles import Role

router = APIRouter(include_in_schema=False)
PAGE = 25
Finance = Annotated[Actor, staff_page(Role.FINANCE, Role.SUPERVISOR)]
After = Annotated[str | None, Query(max_length=400)]

SAVED = Text("Rekening tersimpan.", "The account was saved.")
DAY_MISSING = Text("Isi tanggal bayar dengan angka.", "Give the day of payment in digits.")
WHY_MISSING = Text("Tuliskan alasannya, paling sedikit 5 huruf.", "Write the reason, at least 5 characters.")
DONE = {
    "drafted": Text(
        "Perintah bayar disusun. Orang lain harus melepasnya.", "The order was drafted. Somebody else must release it."
    ),
    "released": Text(
        "Perintah bayar dilepas. Unduh berkasnya dan serahkan kepada bank.",
        "The order was released. Download its file and hand it to the bank.",
    ),
    "withdrawn": Text("Perintah bayar ditarik.", "The order was withdrawn."),
    "void": Text("Perintah bayar dinyatakan batal.", "The order was declared void."),
    "decided": Text("Keputusan atas rekening tersimpan.", "The decision on the account was recorded."),
}


# --- the payee -------------------------------------------------------------------------------------------------------


@router.get("/tilang/{id}/pengembalian")
async def refund_page(
    id: UUID, holder: TicketOnPage, visit: TheVisit, saved: Annotated[bool, Query()] = False
) -> Response:
    """What is owed, why, to which account it goes and what happens when; the form where an account is wanted."""
    return await _show_refund(visit, holder, id, Form(), notice=SAVED if saved else None)


@router.post("/tilang/{id}/pengembalian")
async def give_account(id: UUID, holder: TicketOnPage, visit: TheVisit) -> Response:
    """Keep the account; the bank is asked for its holder's name at once."""
    form = await visit.form()
    await visit.house[Limits].hit("refund-account-case", str(id))
    try:
        account = billing.parse_account(form.get("bank_code"), form.get("number"), form.get("holder"))
        answer = await billing.ask_bank(visit.house, account)
        async with visit.house.db.begin(holder) as tx:
            await etle.give_account(tx, id, account, answer)
        return visit.go(f"/tilang/{id}/pengembalian?saved=true")
    except Problem as problem:
        if problem.type.status not in (409, 422):
            raise
        form.take(problem, onto="number")
        return await _show_refund(visit, holder, id, form, status=problem.type.status)


# --- finance: what waits ---------------------------------------------------------------------------------------------


@router.get("/counter/refunds")
async def owed_page(
    actor: Finance,
    visit: TheVisit,
    waiting: Waiting = Waiting.READY,
    after: After = None,
    done: Annotated[str, Query(max_length=20)] = "",
) -> Response:
    """Owed refunds by what they wait for, and the form that drafts an order over what is ready."""
    return await _show_owed(visit, actor, Form(), waiting, after=after, notice=DONE.get(done))


@router.post("/counter/refunds")
async def draft_order(actor: Finance, visit: TheVisit) -> Response:
    """Draft an order over everything that is ready."""
    form = await visit.form()
    execute_on = form.date("execute_on", DAY_MISSING)
    if execute_on is not None:
        try:
            async with visit.house.db.begin(actor) as tx:
                order = await billing.draft_order(tx, form.get("account")[:40], execute_on)
            return visit.go(f"/counter/payment-orders/{order.id}?done=drafted")
        except Problem as problem:
            form.take(problem, onto="execute_on")
    return await _show_owed(visit, actor, form, Waiting.READY, status=422)


@router.get("/counter/refunds/accounts/{account_id}")
async def names_page(account_id: UUID, actor: Finance, visit: TheVisit) -> Response:
    """The names side by side. The look is recorded before they are shown, and the payee reads it."""
    return await _show_names(visit, actor, account_id, Form())


@router.post("/counter/refunds/accounts/{account_id}")
async def decide_account(account_id: UUID, actor: Finance, visit: TheVisit) -> Response:
    """Take or refuse the account; the payee is told."""
    form = await visit.form()
    chosen = form.choice("accept", ("yes", "no"), Text("Pilih satu.", "Choose one."))
    if form.errors:
        return await _show_names(visit, actor, account_id, form, status=422)
    async with visit.house.db.begin(actor) as tx:
        await etle.decide_account(tx, account_id, accept=chosen == "yes")
    return visit.go("/counter/refunds?waiting=names&done=decided")


# --- finance: payment orders -----------------------------------------------------------------------------------------


@router.get("/counter/payment-orders")
async def orders_page(actor: Finance, visit: TheVisit, after: After = None) -> Response:
    """The payment orders of this Polda, the newest first."""
    last = cursor_part(read_cursor(after, 1)[0], UUID) if after else None
    async with visit.house.db.read() as connection:
        orders = await billing.list_orders(connection, actor.unit or "", limit=PAGE + 1, after=last)
    following = f"/counter/payment-orders?after={cursor_of(str(orders[PAGE - 1].id))}" if len(orders) > PAGE else None
    return visit.show(
        "pages/counter/payment_orders.html",
        staff=await desk_of(visit, actor),
        orders=orders[:PAGE],
        after=after,
        next_href=following,
    )


@router.get("/counter/payment-orders/{order_id}")
async def order_page(
    order_id: UUID, actor: Finance, visit: TheVisit, done: Annotated[str, Query(max_length=20)] = ""
) -> Response:
    """One order: what it pays, who drafted and released it, its file, and how it may end."""
    return await _show_order(visit, actor, order_id, Form(), notice=DONE.get(done))


@router.post("/counter/payment-orders/{order_id}")
async def act_on_order(order_id: UUID, actor: Finance, visit: TheVisit) -> Response:
    """Release, withdraw, or declare void."""
    form = await visit.form()
    action = form.choice("action", ("release", "withdraw", "void"), Text("Pilih satu.", "Choose one."))
    if action != "release":
        form.need("reason", WHY_MISSING, longest=300)
    if not form.errors:
        try:
            async with visit.house.db.begin(actor) as tx:
                if action == "release":
                    order = await billing.release_order(tx, order_id)
                elif action == "withdraw":
                    order = await billing.withdraw_order(tx, order_id, form.get("reason"))
                else:
                    order = await billing.void_order(tx, order_id, form.get("reason"))
            return visit.go(f"/counter/payment-orders/{order_id}?done={order.state}")
        except Problem as problem:
            form.take(problem, onto="reason" if action != "release" else "release")
            return await _show_order(visit, actor, order_id, form, status=problem.type.status)
    return await _show_order(visit, actor, order_id, form, status=422)


@router.get("/counter/payment-orders/{order_id}/file.xml")
async def order_file(order_id: UUID, actor: Finance, visit: TheVisit) -> Response:
    """The file for the bank; the download is logged."""
    async with visit.house.db.begin(actor) as tx:
        file = await billing.download(tx, order_id)
    return visit.finish(xml_answer(file))


# --- below the doors -------------------------------------------------------------------------------------------------


async def _show_refund(
    visit: Visit, holder: Actor, case_id: UUID, form: Form, *, notice: Text | None = None, status: int = 200
) -> Response:
    ticket = await etle.ticket_for(visit.house, holder, case_id)
    page = await etle.refunds_for(visit.house, holder, case_id)
    return visit.show(
        "pages/tickets/refund.html",
        status=status,
        ticket=ticket,
        page=page,
        account_message=account_words(page.account) if page.account else None,
        banks=list(billing.bank_list().values()),
        form=form,
        notice=notice,
    )


async def _show_owed(
    visit: Visit,
    actor: Actor,
    form: Form,
    waiting: Waiting,
    *,
    after: str | None = None,
    notice: Text | None = None,
    status: int = 200,
) -> Response:
    last = cursor_part(read_cursor(after, 1)[0], UUID) if after else None
    async with visit.house.db.read() as connection:
        units = await billing.units_of(connection, actor.unit or "")
        owed = await billing.list_owed(connection, visit.house.keys, units, waiting, limit=PAGE + 1, after=last)
        totals = await billing.tally(connection, units)
    more = len(owed) > PAGE
    following = f"/counter/refunds?waiting={waiting}&after={cursor_of(str(owed[PAGE - 1].id))}" if more else None
    return visit.show(
        "pages/counter/refunds.html",
        status=status,
        staff=await desk_of(visit, actor),
        waiting=str(waiting),
        owed=owed[:PAGE],
        totals={str(each): tally for each, tally in totals.items()},
        accounts=visit.house[PayingAccounts].of(actor.unit or ""),
        form=form if form.values else Form(_today(visit)),
        after=after,
        next_href=following,
        notice=notice,
    )


async def _show_names(visit: Visit, actor: Actor, account_id: UUID, form: Form, *, status: int = 200) -> Response:
    async with visit.house.db.begin(actor) as tx:
        account, names = await etle.compare_names(tx, account_id)
    return visit.show(
        "pages/counter/account_names.html",
        status=status,
        staff=await desk_of(visit, actor),
        account=account,
        names=names,
        message=account_words(account),
        form=form,
    )


async def _show_order(
    visit: Visit, actor: Actor, order_id: UUID, form: Form, *, notice: Text | None = None, status: int = 200
) -> Response:
    async with visit.house.db.read() as connection:
        order = await billing.get_order(connection, actor.unit or "", order_id)
        payouts = await billing.list_payouts(connection, visit.house.keys, order_id)
    return visit.show(
        "pages/counter/payment_order.html",
        status=status,
        staff=await desk_of(visit, actor),
        me=actor.id,
        order=order,
        payouts=payouts,
        may_release=order.state is OrderState.DRAFT and order.drafted_by != actor.id,
        may_withdraw=order.state is OrderState.DRAFT,
        may_void=order.state is OrderState.RELEASED and order.open > 0 and order.released_by != actor.id,
        form=form,
        notice=notice,
    )


def _today(visit: Visit) -> dict[str, str]:
    day: date = visit.now.astimezone(reference.NATIONAL_ZONE).date()
    return {
        "execute_on-day": str(day.day),
        "execute_on-month": str(day.month),
        "execute_on-year": str(day.year),
    }
