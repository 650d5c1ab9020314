"""Signing in and out. Citizens: a one-time code to phone or e-mail, no password. Staff: address, password, second factor.

The answer never tells whether an account exists. What one step knows and the next needs stands in a signed, short-lived
state; the form token binds it to this browser. Success is a page that goes on by itself, not a redirect: browsers apply
the `form-action` policy to redirects that follow a form, and an app's own address may come next.
"""

from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

import segno
from fastapi import APIRouter, Query
from markupsafe import Markup
from starlette.responses import Response

from app.core.actor import PUBLIC, SYSTEM
from app.core.crypto import BadToken
from app.core.db import Tx
from app.core.limits import Limits
from app.core.problems import Problem
from app.core.texts import Text
from app.routers.http.deps import TheAddress
from app.routers.http.forms import local_path, set_cookie
from app.routers.http.guards import SESSION_COOKIE, public
from app.routers.pages.forms import Form
from app.routers.pages.visit import TheVisit, Visit
from app.services.identity import access, codes, passwords, people, relying, sessions, staff, totp
from app.services.identity.codes import CodePurpose
from app.services.identity.contacts import read_contact
from app.services.identity.problems import SIGN_IN_FAILED
from app.services.identity.sessions import ABSOLUTE, SubjectKind
from app.services.identity.staff import SecondStep
from app.services.identity.tokens import IssuerKeys, TokenVerifier

router = APIRouter(include_in_schema=False, dependencies=[public()])
STATE_TTL = timedelta(minutes=10)
ATTEMPT_COOKIE = "loket_attempt"
MFA = ("pwd", "otp", "mfa")  # RFC 8176
WRONG_CODE = Text(
    "Kode tidak cocok atau sudah kedaluwarsa. Periksa, atau minta kode baru.",
    "The code does not match or has expired. Check it, or ask for a new one.",
)
WRONG_PASSWORD = Text(
    "Alamat dan kata sandi tidak cocok, atau akun terkunci sementara.",
    "Address and password do not match, or the account is locked for a while.",
)
PASSWORDS_DIFFER = Text("Kedua kata sandi tidak sama.", "The two passwords are not the same.")
Next = Annotated[str, Query(max_length=4000)]
State = Annotated[str, Query(max_length=6000)]


@router.get("/masuk")
async def ask_contact(visit: TheVisit, next: Next = "/") -> Response:
    """Where shall the code go?"""
    return visit.show("oauth/contact.html", form=Form(), next=local_path(next))


@router.post("/masuk")
async def send_code(visit: TheVisit, address: TheAddress) -> Response:
    """Send a code, whoever it is: the answer is the same for known and unknown contacts."""
    form = await visit.form()
    next = local_path(form.get("next"))
    try:
        contact = read_contact(form.need("contact"))
    except Problem as problem:
        form.take(problem, onto="contact")
        return visit.show("oauth/contact.html", status=422, form=form, next=next)
    limits = visit.house[Limits]
    await limits.hit("one-time-code-address", address)
    await limits.hit("one-time-code-person", contact.index(visit.house.keys))
    async with visit.house.db.begin(PUBLIC) as tx:
        code_id = await people.begin_sign_in(tx, contact, lang=visit.lang)
    return _with_state(visit, "/masuk/kode", {"code": str(code_id), "to": contact.masked, "next": next})


@router.get("/masuk/kode")
async def ask_code(visit: TheVisit, state: State = "") -> Response:
    """Type the code."""
    known = _state(visit, "/masuk/kode", state)
    if known is None:
        return visit.go("/masuk")
    return visit.show("oauth/code.html", form=Form(), state=state, sent_to=known["to"], next=known["next"])


@router.post("/masuk/kode")
async def take_code(visit: TheVisit, address: TheAddress) -> Response:
    """Sign in with the code, or say that it is wrong; five tries."""
    form = await visit.form()
    state = form.get("state")
    known = _state(visit, "/masuk/kode", state)
    if known is None:
        return visit.go("/masuk")
    await visit.house[Limits].hit("sign-in-address", address)
    token = None
    async with visit.house.db.begin(PUBLIC) as tx:
        redeemed = await codes.redeem(tx, CodePurpose.SIGN_IN, UUID(known["code"]), form.get("code"))
        if redeemed is not None:
            person_id = await people.finish_sign_in(tx, redeemed)
            token = await _open_session(visit, tx, SubjectKind.CITIZEN, person_id, amr=("otp",))
    if token is None:
        form.errors["code"] = WRONG_CODE
        context = {"form": form, "state": state, "sent_to": known["to"], "next": known["next"]}
        return visit.show("oauth/code.html", status=422, **context)
    return _signed_in(visit, token, SubjectKind.CITIZEN, known["next"])


@router.get("/counter/sign-in")
async def old_counter_sign_in(visit: TheVisit) -> Response:
    """The counter's own sign-in address."""
    return visit.go("/masuk/petugas?next=/counter")


@router.get("/masuk/petugas")
async def ask_password(visit: TheVisit, next: Next = "/counter") -> Response:
    """Staff sign-in: here, or at the external issuer where one is set."""
    if visit.house.settings.oidc_issuer:
        return await _to_issuer(visit, local_path(next, "/counter"))
    return visit.show("oauth/password.html", form=Form(), next=local_path(next, "/counter"))


@router.post("/masuk/petugas")
async def take_password(visit: TheVisit, address: TheAddress) -> Response:
    """Check the password; unknown, locked and wrong are one answer and one cost."""
    _embedded_only(visit)
    form = await visit.form()
    next, house = local_path(form.get("next"), "/counter"), visit.house
    email, password = form.need("email"), form.values.get("password", "")
    await house[Limits].hit("sign-in-address", address)
    await house[Limits].hit("sign-in-account", house.keys.blind_index("email", email.lower()))
    async with house.db.read() as connection:
        check = await staff.password_check(connection, house.keys, email, visit.now)
    right = await passwords.matches(check.password_hash, password)
    step = None
    if check.staff_id is not None:
        async with house.db.begin(SYSTEM) as tx:
            step = await staff.after_password(tx, check.staff_id, right=right)
    if step is None:
        form.errors["email"] = WRONG_PASSWORD
        form.values = {"email": email}
        return visit.show("oauth/password.html", status=422, form=form, next=next)
    return _with_state(visit, "/masuk/petugas/kode", {"staff": str(step.staff_id), "next": next})


@router.get("/masuk/petugas/kode")
async def ask_factor(visit: TheVisit, state: State = "") -> Response:
    """Type the authenticator's code; at the first sign-in set it up, and choose a password."""
    known = _state(visit, "/masuk/petugas/kode", state)
    step = await _step(visit, known)
    if known is None or step is None:
        return visit.go("/masuk/petugas")
    return _factor_page(visit, Form(), state, step)


@router.post("/masuk/petugas/kode")
async def take_factor(visit: TheVisit, address: TheAddress) -> Response:
    """Sign in with the second factor."""
    _embedded_only(visit)
    form = await visit.form()
    state = form.get("state")
    known = _state(visit, "/masuk/petugas/kode", state)
    step = await _step(visit, known)
    if known is None or step is None:
        return visit.go("/masuk/petugas")
    await visit.house[Limits].hit("sign-in-address", address)
    new_hash = await _new_password(form) if step.must_change_password else None
    token = None
    if not form.errors:
        async with visit.house.db.begin(SYSTEM) as tx:
            if await staff.confirm_second_factor(tx, step.staff_id, form.get("code"), new_password_hash=new_hash):
                token = await _open_session(visit, tx, SubjectKind.STAFF, step.staff_id, amr=MFA)
        if token is None:
            form.errors["code"] = WRONG_CODE
    if token is None:
        form.values = {"code": form.get("code")}
        return _factor_page(visit, form, state, step, status=422)
    return _signed_in(visit, token, SubjectKind.STAFF, known["next"])


@router.get("/oauth/callback")
async def come_back(visit: TheVisit, state: State = "", code: Annotated[str, Query(max_length=4000)] = "") -> Response:
    """Back from the external issuer: its id token says who this is, with role and unit."""
    house = visit.house
    source = house[TokenVerifier].source
    attempt = relying.read_attempt(house.keys, visit.request.cookies.get(ATTEMPT_COOKIE, ""), visit.now)
    if attempt is None or not isinstance(source, IssuerKeys):
        raise SIGN_IN_FAILED()
    uri = f"{house.settings.public_url}/oauth/callback"
    claims = await relying.finish(house, source, attempt, redirect_uri=uri, state=state, code=code)
    async with house.db.begin(SYSTEM) as tx:
        found = await access.actor_of_claims(tx.session, claims, own_issuer=house.settings.public_url)
        if isinstance(found, access.Stranger) and found.unit is not None:
            await access.welcome(tx, found)
            found = await access.actor_of_claims(tx.session, claims, own_issuer=house.settings.public_url)
        if found is None or isinstance(found, access.Stranger):
            raise SIGN_IN_FAILED()
        token = await _open_session(visit, tx, SubjectKind.STAFF, UUID(found.id), amr=("ext",))
    response = _signed_in(visit, token, SubjectKind.STAFF, attempt.next)
    response.delete_cookie(ATTEMPT_COOKIE, path="/")
    return response


@router.get("/keluar")
async def ask_sign_out(visit: TheVisit) -> Response:
    """Really sign out?"""
    return visit.show("oauth/sign_out.html")


@router.post("/keluar")
async def sign_out(visit: TheVisit) -> Response:
    """End this browser's session, and every app that signed in through it."""
    await visit.form()
    async with visit.house.db.begin(SYSTEM) as tx:
        await sessions.close_session(tx, visit.request.cookies.get(SESSION_COOKIE, ""))
    response = visit.go("/")
    response.delete_cookie(SESSION_COOKIE, path="/")
    return response


@dataclass(frozen=True)
class Enrolment:
    """What a member of staff needs to set up an authenticator: a picture to scan, or the secret to type."""

    qr: Markup
    secret: str


def _factor_page(visit: Visit, form: Form, state: str, step: SecondStep, *, status: int = 200) -> Response:
    enrolment = None
    if step.enrol_secret is not None:
        uri = totp.enrolment_uri(step.enrol_secret, account=step.email, issuer=staff.ISSUER_NAME)
        picture = segno.make(uri, error="m").svg_inline(scale=5, border=4)
        enrolment = Enrolment(Markup(picture), step.enrol_secret)  # noqa: S704 drawn by segno, no markup of a person's
    return visit.show(
        "oauth/factor.html",
        status=status,
        form=form,
        state=state,
        enrolment=enrolment,
        change=step.must_change_password,
        minimum=passwords.MIN_LENGTH,
    )


async def _new_password(form: Form) -> str | None:
    chosen = form.values.get("password", "")
    if chosen != form.values.get("again", ""):
        form.errors["again"] = PASSWORDS_DIFFER
        return None
    try:
        return await passwords.hash_password(chosen)
    except Problem as problem:
        form.take(problem, onto="password")
        return None


async def _step(visit: Visit, known: dict[str, Any] | None) -> SecondStep | None:
    if known is None:
        return None
    async with visit.house.db.begin(SYSTEM) as tx:
        return await staff.second_step(tx, UUID(known["staff"]))


async def _to_issuer(visit: Visit, next: str) -> Response:
    house, source = visit.house, visit.house[TokenVerifier].source
    if not isinstance(source, IssuerKeys):
        raise SIGN_IN_FAILED()
    uri = f"{house.settings.public_url}/oauth/callback"
    location, attempt = await relying.begin(house, source, redirect_uri=uri, next=next)
    response = visit.go(location)
    set_cookie(house, response, ATTEMPT_COOKIE, attempt.sealed(house.keys), max_age=relying.GOOD_FOR)
    return response


def _embedded_only(visit: Visit) -> None:
    if visit.house.settings.oidc_issuer:
        raise SIGN_IN_FAILED()


def _with_state(visit: Visit, page: str, claims: dict[str, str]) -> Response:
    state = visit.house.signer.issue(f"state {page}", claims, ttl=STATE_TTL, now=visit.now)
    return visit.go(f"{page}?state={state}")


def _state(visit: Visit, page: str, state: str) -> dict[str, Any] | None:
    try:
        return visit.house.signer.verify(f"state {page}", state, visit.now)
    except (BadToken, ValueError):
        return None


async def _open_session(visit: Visit, tx: Tx, kind: SubjectKind, subject_id: UUID, *, amr: tuple[str, ...]) -> str:
    """A new session for this browser; the one that it had ends here (ASVS 7.2.4)."""
    await sessions.retire_session(tx, visit.request.cookies.get(SESSION_COOKIE, ""))
    return await sessions.open_session(tx, kind, subject_id, amr=amr)


def _signed_in(visit: Visit, token: str, kind: SubjectKind, next: str) -> Response:
    response = visit.show("oauth/go_on.html", next=next)
    set_cookie(visit.house, response, SESSION_COOKIE, token, max_age=ABSOLUTE[kind])
    return response
