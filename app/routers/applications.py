"""The citizen's door to an application: draft, pre-check, submission, bill, document. Papers: `application_papers`."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Body, Header, Request, Response
from fastapi.responses import JSONResponse

from app.core.actor import Actor
from app.core.db import JsonValue, Tx
from app.core.house import House
from app.core.limits import Limits
from app.core.problems import INVALID_REQUEST, FieldError
from app.core.texts import Lang, Text
from app.routers.http.deps import TheAddress, TheHouse, TheLang
from app.routers.http.guards import Applicant, public
from app.routers.http.idempotency import KEY_NO_TWICE, KEY_OPTIONAL, KEY_REQUIRED, answer_once, begin_once, need_key
from app.routers.http.paging import PageAfter, PageLimit, cursor_of, read_time_and_id
from app.routers.schemas.applications import (
    Application,
    ApplicationBill,
    ApplicationIn,
    ApplicationItem,
    ApplicationPage,
    ApplicationPatch,
    AppointmentOut,
    CheckOut,
    CopiesIn,
    FamilyConsentAsked,
    FamilyConsentIn,
    FamilyPerson,
    IssuedOut,
    StatusIn,
    StatusOut,
    SubmitIn,
)
from app.routers.schemas.refunds import RefundAccountIn, RefundAccountOut
from app.routers.schemas.tickets import Timeline, TimelineItem
from app.services import applications, billing, cases
from app.services.applications import ApplicationView
from app.services.applications.problems import FAMILY_CONSENT_NEEDED, NO_BILL, NOT_FAMILY, VERSION_NEEDED
from app.services.billing.refund_problems import ACCOUNT_NOT_FOUND
from app.services.catalogue import Catalogue
from app.services.identity.problems import CONSENT_REFUSED
from app.services.registries import Nik, parse_kk

router = APIRouter(tags=["applications"])
NO_STORE = {"Cache-Control": "no-store"}
MERGE_PATCH = "application/merge-patch+json"
NOT_AN_ETAG = Text("If-Match harus berisi ETag permohonan.", "If-Match must hold the application's ETag.")
IfMatch = Annotated[str | None, Header(max_length=40, description="The ETag of the application that you saw.")]


@router.post(
    "/v1/applications/family-consents", status_code=201, response_model=FamilyConsentAsked, openapi_extra=KEY_OPTIONAL
)
async def ask_member(body: FamilyConsentIn, request: Request, me: Applicant, house: TheHouse) -> JSONResponse:
    """Send an adult of your family card a code, to the phone or e-mail of the population register; they give it to you if they
    agree that you apply for this service in their name."""
    service = house[Catalogue].get(body.service)
    member = await _member(house, me, body.family_member)
    # By who is asked too: several accounts of a card together must not ring one person's telephone.
    await house[Limits].hit("one-time-code-person", house.keys.blind_index("nik", member.applicant.nik))

    async def ask(tx: Tx) -> FamilyConsentAsked:
        asked = await applications.ask_member(tx, member, service)
        if asked is None:
            return FamilyConsentAsked(needed=False)
        return FamilyConsentAsked(needed=True, sent_to=asked.sent_to, good_until=asked.good_until)

    return await answer_once(house, me, request, ask, status=201)


@router.post("/v1/applications", status_code=201, response_model=Application, openapi_extra=KEY_REQUIRED)
async def begin(body: ApplicationIn, request: Request, me: Applicant, house: TheHouse, lang: TheLang) -> JSONResponse:
    """Begin a draft. What registers know is filled in already. For an adult of the family card it takes their consent. Needs an
    Idempotency-Key."""
    need_key(request)
    await house[Limits].hit("application-person", me.id)
    service, family = house[Catalogue].get(body.service), body.family_member
    member = await _member(house, me, family) if family is not None else None
    if family is not None and member is not None and member.must_consent and not family.consent:
        raise FAMILY_CONSENT_NEEDED()  # before any register is asked about them
    who = member.applicant if member is not None else await applications.applicant_of(house, UUID(me.id))
    form = await applications.starting_form(house, service, who, unit=body.unit, given=body.form)
    async with begin_once(house, me, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        agreed: applications.Applicant | None = who
        if member is not None and family is not None:
            agreed = await applications.agreed(once.tx, member, service, family.consent)
        if agreed is not None:
            made = await applications.begin(once.tx, service, unit=body.unit, applicant=agreed, form=form, lang=lang)
            answer = await once.keep(await application_json(once.tx, made.case_id, lang), 201)
            answer.headers["Location"] = f"/v1/applications/{made.case_id}"
            return answer
    raise CONSENT_REFUSED()  # after the commit: the failed try counts


@router.get("/v1/applications")
async def list_applications(
    me: Applicant, house: TheHouse, lang: TheLang, limit: PageLimit = 50, after: PageAfter = None
) -> ApplicationPage:
    """Your applications, newest first."""
    return await _own(house, me, lang, limit, after)


@router.get("/v1/me/applications")
async def my_applications(
    me: Applicant, house: TheHouse, lang: TheLang, limit: PageLimit = 50, after: PageAfter = None
) -> ApplicationPage:
    """The same as `/v1/applications`."""
    return await _own(house, me, lang, limit, after)


@router.post("/v1/applications/status", dependencies=[public()])
async def status(body: StatusIn, house: TheHouse, lang: TheLang, address: TheAddress) -> StatusOut:
    """Where an application stands, by reference and day of birth, without an account.

    An unknown reference and a wrong day get the same answer. Limited by address and by reference.
    """
    await house[Limits].hit("status-address", address)
    await house[Limits].hit("lookup-plate", f"application {body.reference.strip().upper()}")
    line = await applications.status_of(house, body.reference, body.born_on)
    if line is None:
        return StatusOut(found=False)
    return StatusOut(
        found=True,
        reference=line.reference,
        service_title=line.service_title.say(lang),
        state=line.state,
        state_title=line.state_title.say(lang),
        since=line.entered_at,
    )


@router.get("/v1/applications/{id}", response_model=Application)
async def get_application(id: UUID, me: Applicant, house: TheHouse, lang: TheLang) -> JSONResponse:
    """The application; its ETag is what a change must name in If-Match."""
    view = await applications.application_for(house, me, id)
    return with_etag(_json(house, view, lang), view.version)


@router.patch("/v1/applications/{id}", response_model=Application, openapi_extra=KEY_NO_TWICE)
async def change(
    id: UUID,
    patch: Annotated[ApplicationPatch, Body(media_type=MERGE_PATCH)],
    request: Request,
    me: Applicant,
    *,
    house: TheHouse,
    lang: TheLang,
    if_match: IfMatch = None,
) -> JSONResponse:
    """Change the draft by a JSON merge patch (RFC 7396); a wrong value is named and nothing is changed. Needs If-Match.

    What registers know, given the new answers, is filled in where a question is still open; the answer shows it.
    """
    version = read_version(if_match)
    await house[Limits].hit("application-person", me.id)
    async with begin_once(house, me, request) as once:
        if once.earlier is None:
            await applications.change(once.tx, id, patch.form, expected_version=version, exemption=patch.exemption)
            await once.keep(None)
        # Read in the same transaction: once it is made, a crowd must not keep its answer from who sent it.
        view = await applications.view_in(once.tx, id)
    if await applications.fill_in(house, me, id):
        view = await applications.application_for(house, me, id)
    return with_etag(_json(house, view, lang), view.version)


@router.post("/v1/applications/{id}/check")
async def check(id: UUID, me: Applicant, house: TheHouse, lang: TheLang) -> CheckOut:
    """What the machine finds now: faults, conditions, price. Nothing is submitted and nothing is paid."""
    await house[Limits].hit("application-person", me.id)
    await applications.must_own(house, me, id)
    checked = await applications.check(house, id)
    return CheckOut.of(checked.result, checked.form_version, lang)


@router.post("/v1/applications/{id}/submit", response_model=Application, openapi_extra=KEY_REQUIRED)
async def submit(
    id: UUID,
    request: Request,
    me: Applicant,
    *,
    house: TheHouse,
    lang: TheLang,
    body: SubmitIn | None = None,
    if_match: IfMatch = None,
) -> JSONResponse:
    """Hand it in, or what was to be mended. Refused at once for what a machine can see, before any money.

    Needs an Idempotency-Key; If-Match, where given, must be the version that you saw.
    """
    need_key(request)
    await applications.must_own(house, me, id)
    async with house.db.begin(me) as tx:
        earlier = await applications.view_in(tx, id)
    checked = await applications.check(house, id) if earlier.state in ("draft", "needs_correction") else None
    given = body or SubmitIn()
    async with begin_once(house, me, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        version = read_version(if_match) if if_match is not None else earlier.version
        submission = applications.Submission(version, given.confirm_duplicate)
        await applications.submit(once.tx, id, checked, submission)
        return await once.keep(await application_json(once.tx, id, lang))


@router.post("/v1/applications/{id}/cancel", response_model=Application, openapi_extra=KEY_REQUIRED)
async def cancel(id: UUID, request: Request, me: Applicant, house: TheHouse, lang: TheLang) -> JSONResponse:
    """Stop. Before an officer has begun, all money goes back by itself. Needs an Idempotency-Key."""
    async with begin_once(house, me, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        await applications.discard(once.tx, id)
        return await once.keep(await application_json(once.tx, id, lang))


@router.post("/v1/applications/{id}/reopen", response_model=Application, openapi_extra=KEY_REQUIRED)
async def reopen(id: UUID, request: Request, me: Applicant, house: TheHouse, lang: TheLang) -> JSONResponse:
    """Back to the draft from an unpaid or lapsed bill; everything typed is there. Needs an Idempotency-Key."""
    async with begin_once(house, me, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        await applications.reopen(once.tx, id)
        return await once.keep(await application_json(once.tx, id, lang))


@router.post("/v1/applications/{id}/copies", status_code=201, openapi_extra=KEY_REQUIRED)
async def copy(
    id: UUID, body: CopiesIn, request: Request, me: Applicant, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """Further drafts like this one, each with some fields changed: several vehicles in one go. Answers and papers that
    belong to one vehicle alone (`per_vehicle` at the service) do not go along: give them here, or later in the new draft.

    Needs an Idempotency-Key.
    """
    async with begin_once(house, me, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        made = await applications.copy(once.tx, id, body.forms)
        shown = [await application_json(once.tx, each.case_id, lang) for each in made]
        return await once.keep({"applications": shown}, 201)


# --- money, time, paper ------------------------------------------------------------------------------------------------


@router.get("/v1/applications/{id}/bill")
async def get_bill(id: UUID, me: Applicant, house: TheHouse, lang: TheLang) -> ApplicationBill:
    """The latest bill, a line for each payee. 404 before the application is submitted, and where it costs nothing."""
    view = await applications.application_for(house, me, id)
    if view.bill is None:
        raise NO_BILL()
    return ApplicationBill.of(view.bill, lang)


@router.get("/v1/applications/{id}/timeline")
async def get_timeline(id: UUID, me: Applicant, house: TheHouse, lang: TheLang) -> Timeline:
    """Everything that happened, and every look that staff took, oldest first."""
    await applications.must_own(house, me, id)
    async with house.db.read() as connection:
        entries = await cases.timeline(connection, id)
    return Timeline(items=[TimelineItem.of(each, lang) for each in entries])


@router.get("/v1/applications/{id}/proof", response_class=Response)
async def get_proof(id: UUID, me: Applicant, house: TheHouse) -> Response:
    """The inclusion proof of the payment, or of the latest event where nothing was paid."""
    proof = await applications.proof_for(house, me, id)
    return Response(proof, media_type="application/json", headers=NO_STORE)


@router.get("/v1/applications/{id}/refund-account")
async def get_account(id: UUID, me: Applicant, house: TheHouse, lang: TheLang) -> RefundAccountOut:
    """The account that you gave, masked. 404 `billing-account-not-found` before there is one."""
    async with house.db.begin(me) as tx:
        _, account = await applications.refunds_of(tx, id)
    if account is None:
        raise ACCOUNT_NOT_FOUND()
    return RefundAccountOut.of(account, lang)


@router.put("/v1/applications/{id}/refund-account", response_model=RefundAccountOut, openapi_extra=KEY_REQUIRED)
async def put_account(
    id: UUID, body: RefundAccountIn, request: Request, me: Applicant, house: TheHouse, lang: TheLang
) -> JSONResponse:
    """The account to which money comes home by itself if this is refused; asked once. Needs an Idempotency-Key."""
    need_key(request)
    await applications.must_own(house, me, id)
    await house[Limits].hit("refund-account-case", str(id))
    account = billing.parse_account(body.bank_code, body.number, body.holder)
    answer = await billing.ask_bank(house, account)
    async with begin_once(house, me, request, required=True) as once:
        if once.earlier is not None:
            return once.earlier
        view = await applications.give_account(once.tx, id, account, answer)
        return await once.keep(RefundAccountOut.of(view, lang).model_dump(mode="json"))


@router.get("/v1/applications/{id}/document.pdf", response_class=Response)
async def get_issued(id: UUID, me: Applicant, house: TheHouse) -> Response:
    """The issued document, signed; anybody can check it by its QR code."""
    await applications.must_own(house, me, id)
    data = await applications.issued_pdf(house, id)
    headers = {"Content-Disposition": 'inline; filename="dokumen.pdf"', **NO_STORE}
    return Response(data, media_type="application/pdf", headers=headers)


# --- below the doors -----------------------------------------------------------------------------------------------------


def appointment_out(house: House, booking: applications.BookingView) -> AppointmentOut:
    """A booking with the token of its QR code."""
    return AppointmentOut(
        unit=booking.unit,
        kind=booking.kind,
        starts_at=booking.starts_at,
        ends_at=booking.ends_at,
        state=booking.state,
        held_until=booking.held_until,
        check_in_token=applications.check_in_token(house, booking),
    )


def issued_out(house: House, view: ApplicationView) -> IssuedOut | None:
    """What was issued, with where to get and check it."""
    if view.issued is None:
        return None
    return IssuedOut(
        number=view.issued.number,
        kind=view.issued.kind,
        issued_at=view.issued.issued_at,
        valid_until=view.issued.valid_until,
        revoked_at=view.issued.revoked_at,
        verify=view.issued.check_code,
        ready=view.issued.ready,
        document_url=f"{house.settings.public_url}/v1/applications/{view.id}/document.pdf",
    )


async def _member(house: House, me: Actor, given: FamilyPerson) -> applications.Member:
    """Somebody of the citizen's own family card. Raises NOT_FAMILY and what `family_member` raises."""
    nik, kk_no = Nik.parse(given.nik), parse_kk(given.kk_no)
    if nik is None or kk_no is None:
        raise NOT_FAMILY()
    claim = applications.Claim(str(nik), given.born_on, kk_no)
    await house[Limits].hit("one-time-code-person", me.id)  # nobody tries out other people's numbers here
    return await applications.family_member(house, UUID(me.id), claim)


async def application_json(tx: Tx, case_id: UUID, lang: Lang) -> JsonValue:
    """The application inside a transaction, after it was changed."""
    await tx.session.flush()
    return _json(tx.house, await applications.view_in(tx, case_id), lang)


def _json(house: House, view: ApplicationView, lang: Lang) -> JsonValue:
    appointment = appointment_out(house, view.booking) if view.booking else None
    shown = Application.of(view, lang, appointment=appointment, issued=issued_out(house, view))
    body: JsonValue = shown.model_dump(mode="json")
    return body


def with_etag(body: JsonValue, version: int) -> JSONResponse:
    """The answer with the version that a change must name."""
    return JSONResponse(body, headers={"ETag": f'"{version}"', **NO_STORE})


def read_version(if_match: str | None) -> int:
    """The version that the caller saw. Raises VERSION_NEEDED, INVALID_REQUEST."""
    if if_match is None:
        raise VERSION_NEEDED()
    text = if_match.strip().removeprefix("W/").strip('"')
    if not (text.isascii() and text.isdigit() and len(text) < 10):
        raise INVALID_REQUEST(errors=[FieldError("/if-match", NOT_AN_ETAG)])
    return int(text)


async def _own(house: House, me: Actor, lang: Lang, limit: int, after: str | None) -> ApplicationPage:
    found = await applications.list_own(house, UUID(me.id), limit=limit + 1, before=read_time_and_id(after))
    page = found[:limit]
    following = cursor_of(page[-1].created_at.isoformat(), str(page[-1].id)) if len(found) > limit else None
    return ApplicationPage(applications=[ApplicationItem.of(each, lang) for each in page], next=following)
