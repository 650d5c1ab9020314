"""Where money comes home: the payee's account, what waits in a Polda, and payment orders that two people make."""

from collections.abc import Awaitable, Callable
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from app.core.actor import Actor
from app.core.db import Tx
from app.core.limits import Limits
from app.routers.http.deps import TheHouse, TheLang
from app.routers.http.guards import TicketHolder, public, staff
from app.routers.http.idempotency import KEY_REQUIRED, answer_once, begin_once, need_key
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, cursor_part, read_cursor
from app.routers.schemas.refunds import (
    AccountDecisionIn,
    BankOut,
    BanksOut,
    EndIn,
    NamesOut,
    OrderIn,
    OrderOut,
    OrdersPage,
    OrderWithPayouts,
    OwedOut,
    OwedPage,
    PayingAccountOut,
    PayoutOut,
    RefundAccountIn,
    RefundAccountOut,
    RefundOut,
    RefundsOut,
    TallyOut,
)
from app.services import billing, etle
from app.services.billing import PayingAccounts, Waiting
from app.services.billing.refund_problems import ACCOUNT_NOT_FOUND
from app.services.identity.roles import Role

router = APIRouter()
Finance = Annotated[Actor, staff(Role.FINANCE, Role.SUPERVISOR)]
NO_STORE = {"Cache-Control": "no-store"}


# --- the payee -------------------------------------------------------------------------------------------------------


@router.get("/v1/banks", dependencies=[public()], tags=["tickets"])
async def list_banks() -> BanksOut:
    """The banks whose accounts can be given for a refund."""
    return BanksOut(
        banks=[BankOut(code=each.code, name=each.name, short=each.short) for each in billing.bank_list().values()]
    )


@router.get("/v1/tickets/{id}/refunds", tags=["tickets"])
async def get_refunds(id: UUID, holder: TicketHolder, house: TheHouse, lang: TheLang) -> RefundsOut:
    """What is owed back in this case, where it goes, and until when an account is waited for. For the payee alone."""
    page = await etle.refunds_for(house, holder, id)
    return RefundsOut(
        refunds=[RefundOut.of(each) for each in page.refunds],
        account=RefundAccountOut.of(page.account, lang) if page.account else None,
        on_its_way=page.on_its_way,
        claim_until=page.claim_until,
    )


@router.get("/v1/tickets/{id}/refund-account", tags=["tickets"])
async def get_account(id: UUID, holder: TicketHolder, house: TheHouse, lang: TheLang) -> RefundAccountOut:
    """The account that was given, masked. 404 before there is one."""
    page = await etle.refunds_for(house, holder, id)
    if page.account is None:
        raise ACCOUNT_NOT_FOUND()
    return RefundAccountOut.of(page.account, lang)


@router.put(
    "/v1/tickets/{id}/refund-account", response_model=RefundAccountOut, openapi_extra=KEY_REQUIRED, tags=["tickets"]
)
async def put_account(
    id: UUID, body: RefundAccountIn, request: Request, holder: TicketHolder, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """Give the account for everything that is owed to you, once: later cases use it too. Needs an Idempotency-Key.

    The bank is asked for the holder's name at once; when it does not answer, `state` is `unchecked` and we ask again.
    """
    need_key(request)
    await house[Limits].hit("refund-account-case", str(id))
    account = billing.parse_account(body.bank_code, body.number, body.holder)
    answer = await billing.ask_bank(house, account)
    async with begin_once(house, holder, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        view = await etle.give_account(once.tx, id, account, answer)
        return await once.keep(RefundAccountOut.of(view, lang).model_dump(mode="json"))


# --- finance: what waits ---------------------------------------------------------------------------------------------


@router.get("/v1/counter/refunds", tags=["counter"])
async def list_owed(
    actor: Finance,
    house: TheHouse,
    waiting: Annotated[Waiting, Query(description="For what the refunds wait.")] = Waiting.READY,
    limit: PageLimit = 50,
    after: PageAfter = None,
) -> OwedPage:
    """Owed refunds of your Polda, the oldest first: without an account, names to compare, ready, in an order."""
    last = cursor_part(read_cursor(after, 1)[0], UUID) if after else None
    async with house.db.read() as connection:
        units = await billing.units_of(connection, actor.unit or "")
        found = await billing.list_owed(connection, house.keys, units, waiting, limit=limit + 1, after=last)
        totals = await billing.tally(connection, units)
    page = found[:limit]
    return OwedPage(
        refunds=[OwedOut.of(each) for each in page],
        totals={each: TallyOut.of(tally) for each, tally in totals.items()},
        next=cursor_of(str(page[-1].id)) if len(found) > limit else None,
    )


@router.get("/v1/counter/refund-accounts/{account_id}", tags=["counter"])
async def compare_names(account_id: UUID, actor: Finance, house: TheHouse, lang: TheLang) -> NamesOut:
    """The names as given, at the bank, and in the case. The look is recorded, and the payee reads it."""
    async with house.db.begin(actor) as tx:
        return NamesOut.of(*await etle.compare_names(tx, account_id), lang)


@router.post(
    "/v1/counter/refund-accounts/{account_id}/decision",
    response_model=RefundAccountOut,
    openapi_extra=KEY_REQUIRED,
    tags=["counter"],
)
async def decide_account(
    account_id: UUID, body: AccountDecisionIn, request: Request, actor: Finance, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """Take or refuse an account whose names are only alike; the payee is told. Needs an Idempotency-Key."""
    async with begin_once(house, actor, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        view = await etle.decide_account(once.tx, account_id, accept=body.accept)
        return await once.keep(RefundAccountOut.of(view, lang).model_dump(mode="json"))


# --- finance: payment orders -----------------------------------------------------------------------------------------


@router.get("/v1/counter/payment-orders", tags=["counter"])
async def list_orders(actor: Finance, house: TheHouse, limit: PageLimit = 50, after: PageAfter = None) -> OrdersPage:
    """The payment orders of your Polda, the newest first."""
    last = cursor_part(read_cursor(after, 1)[0], UUID) if after else None
    async with house.db.read() as connection:
        found = await billing.list_orders(connection, actor.unit or "", limit=limit + 1, after=last)
    page = found[:limit]
    return OrdersPage(
        orders=[OrderOut.of(each) for each in page],
        accounts=[PayingAccountOut.of(each) for each in house[PayingAccounts].of(actor.unit or "")],
        next=cursor_of(str(page[-1].id)) if len(found) > limit else None,
    )


@router.post(
    "/v1/counter/payment-orders", status_code=201, response_model=OrderOut, openapi_extra=KEY_REQUIRED, tags=["counter"]
)
async def draft_order(body: OrderIn, request: Request, actor: Finance, house: TheHouse) -> JSONResponse:
    """Put every refund that is ready into an order, at most 200. Needs an Idempotency-Key."""
    return await _once(
        request, actor, house, lambda tx: billing.draft_order(tx, body.account, body.execute_on), status=201
    )


@router.get("/v1/counter/payment-orders/{order_id}", tags=["counter"])
async def get_order(order_id: UUID, actor: Finance, house: TheHouse) -> OrderWithPayouts:
    """One order with everything that it pays."""
    async with house.db.read() as connection:
        order = await billing.get_order(connection, actor.unit or "", order_id)
        payouts = await billing.list_payouts(connection, house.keys, order_id)
    return OrderWithPayouts(**OrderOut.of(order).model_dump(), payouts=[PayoutOut.of(each) for each in payouts])


@router.post(
    "/v1/counter/payment-orders/{order_id}/release",
    response_model=OrderOut,
    openapi_extra=KEY_REQUIRED,
    tags=["counter"],
)
async def release_order(order_id: UUID, request: Request, actor: Finance, house: TheHouse) -> JSONResponse:
    """Release an order that somebody else drafted: from now on there is a file. Needs an Idempotency-Key."""
    return await _once(request, actor, house, lambda tx: billing.release_order(tx, order_id))


@router.post(
    "/v1/counter/payment-orders/{order_id}/withdraw",
    response_model=OrderOut,
    openapi_extra=KEY_REQUIRED,
    tags=["counter"],
)
async def withdraw_order(
    order_id: UUID, body: EndIn, request: Request, actor: Finance, house: TheHouse
) -> JSONResponse:
    """Take a draft back; its refunds are ready again. Needs an Idempotency-Key."""
    return await _once(request, actor, house, lambda tx: billing.withdraw_order(tx, order_id, body.reason))


@router.post(
    "/v1/counter/payment-orders/{order_id}/void",
    response_model=OrderOut,
    openapi_extra=KEY_REQUIRED,
    tags=["counter"],
)
async def void_order(order_id: UUID, body: EndIn, request: Request, actor: Finance, house: TheHouse) -> JSONResponse:
    """The bank did not take the file: what no statement has shown is ready again. By another than the releaser.

    Needs an Idempotency-Key.
    """
    return await _once(request, actor, house, lambda tx: billing.void_order(tx, order_id, body.reason))


@router.get("/v1/counter/payment-orders/{order_id}/file.xml", response_class=Response, tags=["counter"])
async def get_file(order_id: UUID, actor: Finance, house: TheHouse) -> Response:
    """The released order as ISO 20022 pain.001; its SHA-256 is the order's, and each download is logged."""
    async with house.db.begin(actor) as tx:
        file = await billing.download(tx, order_id)
    return xml_answer(file)


def xml_answer(file: billing.OrderFile) -> Response:
    """A payment order's file as a download."""
    headers = {**NO_STORE, "Content-Disposition": f'attachment; filename="{file.name}"', "X-Sha256": file.sha256}
    return Response(file.content, media_type="application/xml", headers=headers)


async def _once(
    request: Request,
    actor: Actor,
    house: TheHouse,
    work: Callable[[Tx], Awaitable[billing.OrderView]],
    *,
    status: int = 200,
) -> JSONResponse:
    async def answer(tx: Tx) -> OrderOut:
        return OrderOut.of(await work(tx))

    return await answer_once(house, actor, request, answer, status=status, required=True)
