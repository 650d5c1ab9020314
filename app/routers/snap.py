"""The banks' door: SNAP BI, exactly as the standard says, errors included.

The bytes are read once and kept, the caller is proved over them, and only then are they parsed. Each call is judged in
one transaction that is committed before the answer leaves; a bank gives up after 8 seconds, so we do before.
"""

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable, Coroutine
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Any, Generic, TypeVar

from fastapi import APIRouter, Depends, Request, Response
from prometheus_client import Counter, Histogram
from sqlalchemy.exc import DBAPIError, IntegrityError, SQLAlchemyError
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from app.core.actor import Actor, ActorKind
from app.core.clock_check import ClockCheck
from app.core.db import Tx
from app.core.house import House
from app.core.limits import Limits
from app.core.problems import TOO_MANY_REQUESTS, Problem
from app.routers.http.deps import TheAddress, TheHouse, address_of, house_of
from app.routers.http.guards import guard, public
from app.routers.http.hot import ShortWay
from app.routers.schemas import snap as shapes
from app.services.billing import incidents
from app.services.billing.banks import TimeForm
from app.services.billing.incidents import IncidentKind
from app.services.billing.payments import LostRace
from app.services.billing.qris import notices
from app.services.billing.snap import answers, client_jobs, codes, judgement, tokens
from app.services.billing.snap.answers import SnapAnswer
from app.services.billing.snap.callers import (
    Caller,
    SignedCall,
    TransactionCaller,
    prove_token_request,
    prove_transaction,
)
from app.services.billing.snap.codes import Service, response_code
from app.services.billing.snap.requests import (
    SnapRefusal,
    read_inquiry,
    read_payment,
    read_qr_notice,
    read_status,
    read_token_request,
)
from app.services.billing.snap.times import write_timestamp
from app.services.identity import credentials

C = TypeVar("C", bound=Caller)

MAX_BODY_BYTES = 64 * 1024
ANSWER_WITHIN_S = 7.0
"""Banks wait 8 to 10 seconds for an answer; after that whatever we say is lost. A profile may say less."""
ATTEMPTS = 4
IMPATIENT_AFTER_S = 1.0
"""A bank hangs up out of impatience; whether one that was answered faster has heard us cannot be seen from here."""
NOTE_AGAIN_AFTER_S = (1, 5, 20, 60)
"""A payment of which the bank heard nothing is noted again after so long, while the database is away; then not any more."""

TOKEN_PATH = "/v1.0/access-token/b2b"  # noqa: S105 a path
INQUIRY_PATH = "/v1.0/transfer-va/inquiry"
PAYMENT_PATH = "/v1.0/transfer-va/payment"
STATUS_PATH = "/v1.0/transfer-va/status"
QR_NOTICE_PATH = "/v1.0/qr/qr-mpm-notify"
_SERVICES = {
    TOKEN_PATH: Service.TOKEN,
    INQUIRY_PATH: Service.INQUIRY,
    PAYMENT_PATH: Service.PAYMENT,
    STATUS_PATH: Service.STATUS,
    QR_NOTICE_PATH: Service.QR_NOTICE,
}
# A bank's payments are slowed down last of all.
_LIMIT_OF = {
    Service.TOKEN: "snap-token",
    Service.PAYMENT: "snap-payment",
    Service.QR_NOTICE: "snap-payment",
}
_TRY_AGAIN = frozenset({"40P01", "40001"})  # PostgreSQL: a deadlock, a failed serialisation

ANSWERED = Counter("loket_snap_answers_total", "SNAP answers by service and response code.", ("service", "code"))
REFUSED = Counter(
    "loket_snap_refused_calls_total",
    "Calls that were not believed, by the bank in whose name they came (`unknown` for none of ours) and why.",
    ("bank", "code", "reason"),
)
SKEW = Histogram(
    "loket_snap_clock_skew_seconds",
    "How far a bank's X-TIMESTAMP was from our clock, either way.",
    ("bank",),
    buckets=(1, 5, 15, 60, 120, 240, 300, 600, 900, 3_600, 86_400),
)
log = logging.getLogger(__name__)


class SnapRoute(ShortWay):
    """A route whose every answer has SNAP's shape, whatever went wrong on the way.

    A POST goes straight to its guard and endpoint: the framework's finding of route and parameters would be a fifth of a
    payment (`make bench`), and there is nothing in it that a bank's call needs.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """The route's handler with SNAP's failure model around it."""
        return self._in_snaps_words(super().get_route_handler())

    async def answer_at_once(self, scope: Scope, receive: Receive, send: Send) -> Receive | None:
        """Every POST; any other method goes the ordinary way."""
        if scope["method"] != "POST":
            return receive
        scope["route"] = self
        response = await self._answered(Request(scope, receive))
        await response(scope, receive, send)
        return None

    @cached_property
    def _answered(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        [prove] = [each.call for each in self.dependant.dependencies if getattr(each.call, "is_guard", False)]
        assert prove is not None

        async def handle(request: Request) -> Response:
            house = house_of(request)
            call = await prove(request, house, address_of(request))
            response: Response = await self.endpoint(request=request, call=call, house=house)
            return response

        return self._in_snaps_words(handle)

    def _in_snaps_words(
        self, handle: Callable[[Request], Coroutine[Any, Any, Response]]
    ) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        service = _SERVICES[self.path]

        async def answered(request: Request) -> Response:
            retry_after_s, started = None, time.monotonic()
            try:
                response = await _within(request, handle)
                if time.monotonic() - started > IMPATIENT_AFTER_S and await request.is_disconnected():
                    _ask_later(request)
                return response
            except SnapRefusal as refusal:
                answer = answers.plain(service, refusal.case, refusal.about)
                retry_after_s = refusal.retry_after_s
            except HTTPException:  # the framework's own refusals of a body
                answer = answers.plain(service, codes.BAD_REQUEST)
            except ClientDisconnect:
                answer = answers.plain(service, codes.BAD_REQUEST)  # nobody hears it
            except Exception as error:
                answer = answers.plain(service, _case_of(error))
                log.exception("a bank's call failed")
                _ask_later(request)
            return _respond(request, service, answer, retry_after_s)

        return answered


class _Patience:
    """How long this call may take: `over` is done when the time is up."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._started = self._loop.time()
        self.over: asyncio.Future[None] = self._loop.create_future()
        self._timer = self._loop.call_at(self._started + ANSWER_WITHIN_S, self._end)

    def shorten(self, seconds: float) -> None:
        """The bank is known by now, and waits less than most; counted from the start."""
        if seconds < ANSWER_WITHIN_S:
            self._timer.cancel()
            self._timer = self._loop.call_at(self._started + seconds, self._end)

    def stop(self) -> None:
        """The call has ended."""
        self._timer.cancel()

    def _end(self) -> None:
        self.over.set_result(None)


async def _within(request: Request, handle: Callable[[Request], Coroutine[Any, Any, Response]]) -> Response:
    """Handle the call, or raise TimeoutError in time for the bank to hear it.

    The work is a task of its own, because ending it may itself wait for a database that is silent.
    """
    patience = request.state.patience = _Patience()
    working = asyncio.create_task(handle(request))
    try:
        either: set[asyncio.Future[Any]] = {working, patience.over}
        await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        ENDING.add(working)
        working.add_done_callback(_ended)
        raise TimeoutError
    finally:
        patience.stop()
        working.cancel()


def _ask_later(request: Request) -> None:
    """Of this payment the bank has heard nothing from us: note that it is to be asked, once the database takes the note."""
    told: tuple[str, str, str] | None = getattr(request.state, "told", None)
    if told is None:  # no payment, or none that was believed
        return
    noting = asyncio.create_task(_note(house_of(request), told))
    NOTING.add(noting)
    noting.add_done_callback(NOTING.discard)


async def _note(house: House, told: tuple[str, str, str]) -> None:
    for wait_s in NOTE_AGAIN_AFTER_S:
        try:
            await client_jobs.answer_was_lost(house, *told)
            return
        except (SQLAlchemyError, OSError, TimeoutError) as error:
            log.warning("a lost answer could not be noted yet: %s", type(error).__name__)
        await asyncio.sleep(wait_s)
    log.error("a lost answer was not noted; the bank's statement will tell")


NOTING: set[asyncio.Task[None]] = set()  # notes under way; the loop alone would lose them
ENDING: set[asyncio.Task[Response]] = set()  # tasks that nobody waits for any more; the loop alone would lose them


def _ended(task: asyncio.Task[Response]) -> None:
    ENDING.discard(task)
    if not task.cancelled() and (error := task.exception()) is not None:
        log.warning("a bank's call that took too long ended with %s", type(error).__name__)


# The framework's own limit stands far out of the way: `_body` refuses long before it, and in SNAP's words.
router = APIRouter(tags=["banks"], route_class=SnapRoute, max_body_size=2**40)


@dataclass(frozen=True, slots=True)
class ProvenCall(Generic[C]):
    """A bank that has proved itself over these bytes."""

    caller: C
    body: bytes
    actor: Actor


@guard
async def token_caller(request: Request, house: TheHouse, address: TheAddress) -> ProvenCall[Caller]:
    """A bank that signed its token request with its RSA key."""
    return await _proven(request, house, address, Service.TOKEN, prove_token_request)


@guard
async def transaction_caller(request: Request, house: TheHouse, address: TheAddress) -> ProvenCall[TransactionCaller]:
    """A bank that signed its transaction."""
    return await _proven(request, house, address, _service_of(request), prove_transaction)


TokenCall = Annotated[ProvenCall[Caller], Depends(token_caller)]
TransactionCall = Annotated[ProvenCall[TransactionCaller], Depends(transaction_caller)]


@router.post(
    TOKEN_PATH, openapi_extra=shapes.describe(shapes.TOKEN_REQUEST, transaction=False), responses=shapes.RESPONSES
)
async def give_token(request: Request, call: TokenCall, house: TheHouse) -> Response:
    """An access token for a bank, good for 900 seconds; older ones stay good (SNAP service 73)."""
    read_token_request(call.body)
    bank = call.caller.bank

    async def work(tx: Tx) -> SnapAnswer:
        await credentials.mark_used(tx, bank.id)
        return answers.token(await tokens.issue(tx, bank.client_id), tokens.LIFETIME_S)

    answer = await _committed(house, call.actor, work)
    response = _respond(request, Service.TOKEN, answer)
    response.headers["X-CLIENT-KEY"] = bank.client_id
    return response


@router.post(INQUIRY_PATH, openapi_extra=shapes.describe(shapes.INQUIRY), responses=shapes.RESPONSES)
async def inquire(request: Request, call: TransactionCall, house: TheHouse) -> Response:
    """What does this virtual account owe? (SNAP service 24)"""
    inquiry = read_inquiry(call.body)
    answer = await _committed(house, call.actor, lambda tx: judgement.judge_inquiry(tx, call.caller, inquiry))
    return _respond(request, Service.INQUIRY, answer)


@router.post(PAYMENT_PATH, openapi_extra=shapes.describe(shapes.PAYMENT), responses=shapes.RESPONSES)
async def pay(request: Request, call: TransactionCall, house: TheHouse) -> Response:
    """This virtual account was paid: booked in the ledger before the answer leaves (SNAP service 25)."""
    payment = read_payment(call.body)
    client_id, request_id = call.caller.bank.client_id, payment.payment_request_id
    request.state.told = (client_id, request_id, payment.account.canonical)

    async def work(tx: Tx) -> SnapAnswer:
        answer = await judgement.judge_payment(tx, call.caller, payment)
        if call.caller.unheard:
            await client_jobs.bank_repeated(tx, client_id, request_id)
        return answer

    return _respond(request, Service.PAYMENT, await _committed(house, call.actor, work))


@router.post(STATUS_PATH, openapi_extra=shapes.describe(shapes.STATUS), responses=shapes.RESPONSES)
async def tell_status(request: Request, call: TransactionCall, house: TheHouse) -> Response:
    """What became of this payment? (SNAP service 26)"""
    question = read_status(call.body)
    answer = await _committed(house, call.actor, lambda tx: judgement.judge_status(tx, call.caller, question))
    return _respond(request, Service.STATUS, answer)


@router.post(QR_NOTICE_PATH, openapi_extra=shapes.describe(shapes.QR_NOTICE), responses=shapes.RESPONSES)
async def hear_of_code(request: Request, call: TransactionCall, house: TheHouse) -> Response:
    """This QRIS code was paid: booked in the ledger before the answer leaves (SNAP service 52)."""
    notice = read_qr_notice(call.body)
    answer = await _committed(house, call.actor, lambda tx: notices.judge_notice(tx, call.caller, notice))
    return _respond(request, Service.QR_NOTICE, answer)


async def _not_supported(request: Request) -> Response:
    return _respond(request, _service_of(request), answers.plain(_service_of(request), codes.NOT_SUPPORTED))


for _path in _SERVICES:
    router.add_api_route(
        _path,
        _not_supported,
        methods=["GET", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE"],
        dependencies=[public()],
        include_in_schema=False,
    )


async def _proven(
    request: Request,
    house: House,
    address: str,
    service: Service,
    prove: Callable[..., Awaitable[C]],
) -> ProvenCall[C]:
    limits = house[Limits]
    await house[ClockCheck].insist(house)
    try:
        call = await _signed_call(request, house.settings.snap_path_prefix)
        caller = await prove(house.db, house.keys, call, house.clock.now())
    except SnapRefusal as refusal:
        await _count_refused(limits, refusal, service)
        if refusal.proven is not None and refusal.bank is not None:
            await _report_name(house, refusal.proven, refusal.bank)
        # Strangers are slowed down by their address; a bank that proves itself never is, even behind the same one.
        await _limited(limits, "snap-stranger", address)
        raise
    await _limited(limits, _LIMIT_OF.get(service, "snap-bank"), f"{caller.bank.client_id} {service}")
    request.state.patience.shorten(caller.profile.time_budget_s)
    request.state.time_form = caller.profile.time_form
    SKEW.labels(caller.bank.client_id).observe(abs(caller.skew_s))
    actor = Actor(kind=ActorKind.BANK, id=caller.bank.client_id, roles=frozenset({"bank"}))
    return ProvenCall(caller, call.body, actor)


async def _report_name(house: House, client_id: str, named: str) -> None:
    """A bank that proved itself spoke in another's name: somebody looks at both contracts (failure case 14)."""
    async with house.db.begin(Actor(ActorKind.BANK, client_id, frozenset({"bank"}))) as tx:
        await incidents.report(tx, IncidentKind.NAME_OF_ANOTHER_BANK, client_id, named)


async def _count_refused(limits: Limits, refusal: SnapRefusal, service: Service) -> None:
    """Count a call that was not believed; many in one bank's name in a minute are worth somebody's look."""
    said = response_code(service, refusal.case)
    REFUSED.labels(refusal.bank or "unknown", said.code, (refusal.about or "").strip("[]")).inc()
    if refusal.bank is not None and refusal.skew_s is not None:
        SKEW.labels(refusal.bank).observe(abs(refusal.skew_s))  # a clock that runs away is seen before it is mended
    if refusal.bank is None or refusal.case != codes.UNAUTHORIZED:
        return
    try:
        await limits.hit("snap-refused", refusal.bank)
    except Problem:
        log.error("a burst of calls that are not believed, in the name of %s", refusal.bank)


async def _signed_call(request: Request, prefix: str) -> SignedCall:
    headers: dict[str, list[str]] = {}
    for name, value in request.headers.items():
        headers.setdefault(name.lower(), []).append(value.strip(" \t"))  # no part of a value (RFC 9110 5.5)
    media_type = headers.get("content-type", ["application/json"])[0].partition(";")[0].strip().lower()
    if media_type != "application/json" or headers.get("content-encoding", ["identity"]) != ["identity"]:
        raise SnapRefusal(codes.BAD_REQUEST)
    target = request.scope.get("raw_path") or request.scope["path"].encode()
    query = request.scope.get("query_string", b"")
    raw = (target + (b"?" + query if query else b"")).decode("latin-1")
    return SignedCall(request.method, prefix, raw, headers, await _body(request))


async def _body(request: Request) -> bytes:
    """The bytes as received; refused as soon as they are too many."""
    announced = request.headers.get("content-length", "0")
    if not announced.isdecimal() or int(announced) > MAX_BODY_BYTES:
        raise SnapRefusal(codes.BAD_REQUEST)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_BODY_BYTES:
            raise SnapRefusal(codes.BAD_REQUEST)
    return bytes(body)


async def _committed(house: House, actor: Actor, work: Callable[[Tx], Awaitable[SnapAnswer]]) -> SnapAnswer:
    """Judge in one transaction and return what was committed. Lost races are judged again, within the bank's patience.

    Where the time runs out during the commit itself its fate is unknown: the bank hears 504, repeats, and the table
    decides.
    """
    for _ in range(ATTEMPTS - 1):
        try:
            return await _in_transaction(house, actor, work)
        except (LostRace, IntegrityError):
            continue
        except DBAPIError as error:
            if getattr(error.orig, "sqlstate", None) not in _TRY_AGAIN:
                raise
    return await _in_transaction(house, actor, work)


async def _in_transaction(house: House, actor: Actor, work: Callable[[Tx], Awaitable[SnapAnswer]]) -> SnapAnswer:
    async with house.db.begin(actor) as tx:
        return await work(tx)  # leaving the block commits, and only then is this returned


def _case_of(error: Exception) -> tuple[int, str]:
    """Our own patience is 504; a lock, a pool or a database that did not come is 500. Either way the bank repeats."""
    return codes.TIMEOUT if isinstance(error, TimeoutError) else codes.GENERAL_ERROR


async def _limited(limits: Limits, name: str, key: str) -> None:
    try:
        await limits.hit(name, key)
    except Problem as problem:
        if problem.type is not TOO_MANY_REQUESTS:
            raise
        wait_s = int(problem.headers.get("Retry-After", "1"))
        raise SnapRefusal(codes.TOO_MANY_REQUESTS, retry_after_s=wait_s) from problem


def _respond(request: Request, service: Service, answer: SnapAnswer, retry_after_s: int | None = None) -> Response:
    ANSWERED.labels(service.name.lower(), answer.code).inc()
    form = getattr(request.state, "time_form", TimeForm.SECONDS)
    headers = {"X-TIMESTAMP": write_timestamp(house_of(request).clock.now(), form), "Cache-Control": "no-store"}
    if retry_after_s is not None:
        headers["Retry-After"] = str(retry_after_s)
    if answer.http == 405:
        headers["Allow"] = "POST"
    return Response(answer.body.encode(), answer.http, headers, "application/json")


def _service_of(request: Request) -> Service:
    return _SERVICES[request.scope["route"].path]
