"""What stands around every page: headers, static files, the language, the cookies."""

import gzip
import hashlib
from datetime import timedelta
from uuid import UUID

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from app.core.clock import FixedClock
from app.core.config import Settings
from app.core.crypto import KeyRing, TokenSigner
from app.core.problems import FieldError, Problem, ProblemType
from app.core.texts import Text
from app.routers.http.front import Front
from app.routers.http.language import language_of
from app.routers.http.security import PAGE_POLICY, security_headers
from app.routers.pages.drafts import DRAFT_TOO_LONG, Draft, DraftFile, keep_draft, read_draft
from app.routers.pages.forms import Form
from app.routers.pages.render import confidence_words, show_day, show_percent, show_time
from app.routers.pages.session import LASTS, MAX_TICKETS, ROLES, HeldTicket, Session, keep_session, read_session
from app.routers.pages.statics import FOLDER, StaticDoor, static_files, static_url
from tests.routers.pages.samples import NOW, TICKET_ID

WRONG = ProblemType("test-pages-wrong", 422, Text("Salah", "Wrong"), Text("Salah {x}", "Wrong {x}"))
BROWSER_COOKIE_LIMIT = 4096


class BareHouse:
    """The parts of a house that cookies need; real ones, without a database."""

    def __init__(self) -> None:
        self.settings = Settings(_env_file=None, public_url="https://loket.example")
        self.clock = FixedClock(NOW)
        self.keys = KeyRing.generate()
        self.signer = TokenSigner(self.keys)


def scope(query: str = "", **headers: str) -> Scope:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return {"type": "http", "method": "GET", "path": "/", "query_string": query.encode(), "headers": raw}


def browser(app: ASGIApp) -> httpx.AsyncClient:
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test")


def next_request(response: Response) -> Request:
    """The request that a browser sends after it got this answer."""
    pairs = [value.split(";")[0] for name, value in response.headers.items() if name == "set-cookie"]
    return Request(scope(cookie="; ".join(pairs)))


# --- headers -----------------------------------------------------------------------------------------------------


def test_pages_run_no_inline_script_and_load_nothing_from_elsewhere() -> None:
    headers = dict(security_headers("text/html; charset=utf-8", https=False))
    policy = headers[b"content-security-policy"].decode()
    assert policy == PAGE_POLICY
    assert "unsafe" not in policy
    assert "http" not in policy
    assert "frame-ancestors 'none'" in policy
    assert b"strict-transport-security" not in headers


def test_data_is_never_a_document_and_https_stays_https() -> None:
    headers = dict(security_headers("image/jpeg", https=True))
    assert b"sandbox" in headers[b"content-security-policy"]
    assert headers[b"strict-transport-security"].startswith(b"max-age=")
    assert b"sandbox" not in dict(security_headers("application/pdf", https=True))[b"content-security-policy"]


async def test_a_door_may_set_a_header_itself() -> None:
    async def door(scope: Scope, receive: Receive, send: Send) -> None:
        await Response("x", headers={"Referrer-Policy": "no-referrer"}, media_type="text/html")(scope, receive, send)

    async with browser(Front(door, hot_doors={})) as client:
        answer = await client.get("/")
    assert answer.headers.get_list("referrer-policy") == ["no-referrer"]
    assert answer.headers["x-content-type-options"] == "nosniff"


# --- static files ------------------------------------------------------------------------------------------------


async def test_versioned_files_are_kept_for_a_year_and_sent_compressed() -> None:
    async with browser(StaticDoor()) as client:
        answer = await client.get(static_url("loket.css"))
        unversioned = await client.get("/static/loket.css")
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    assert answer.headers["content-encoding"] == "gzip"
    assert answer.content == static_files()["loket.css"].body
    assert "immutable" not in unversioned.headers["cache-control"]


async def test_files_are_not_sent_twice_and_nothing_else_is_served() -> None:
    version = static_files()["loket.js"].version
    async with browser(StaticDoor()) as client:
        known = await client.get("/static/loket.js", headers={"If-None-Match": f'"{version}"'})
        assert known.status_code == 304
        for path in ("/static/src/loket.scss", "/static/../render.py", "/static/", "/static/nothing.css"):
            assert (await client.get(path)).status_code == 404
        assert (await client.post("/static/loket.js")).status_code == 404


def test_a_page_costs_a_cheap_phone_little() -> None:
    sizes = {name: len(gzip.compress(file.body)) for name, file in static_files().items()}
    assert sizes["loket.css"] < 20_000
    assert sum(sizes[name] for name in ("loket.css", "loket.js", "govuk-frontend.min.js", "icon.svg")) < 40_000


def test_styles_hold_no_brand_of_others_and_load_nothing() -> None:
    css = static_files()["loket.css"].body.decode()
    assert "GDS Transport" not in css
    assert "url(" not in css
    assert b"govuk-crown" not in static_files()["loket.css"].body


def test_the_styles_were_compiled_from_the_source_that_lies_here() -> None:
    source = hashlib.sha256((FOLDER / "src" / "loket.scss").read_bytes()).hexdigest()[:16]
    assert f"/*! loket.scss {source} */" in static_files()["loket.css"].body.decode(), "run `make css`"


# --- language ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "cookie", "accept", "expected"),
    [
        ("", "", "", "id"),
        ("", "", "en-GB,en;q=0.9", "en"),
        ("", "", "id,en;q=0.5", "id"),
        ("", "loket_lang=en", "id", "en"),
        ("lang=id", "loket_lang=en", "en", "id"),
        ("lang=fr", "loket_lang=xx", "fr", "id"),
        ("a=b&lang=en", "", "", "en"),
        ("", "broken=\x01;;loket_lang", "en", "en"),
    ],
)
def test_the_reader_chooses_then_the_browser_then_indonesian(
    query: str, cookie: str, accept: str, expected: str
) -> None:
    assert language_of(scope(query, cookie=cookie, accept_language=accept)) == expected


def test_times_are_shown_in_the_zone_of_the_unit() -> None:
    assert show_time(NOW, "WIB", "id") == "Senin, 2 Maret 2026 pukul 10.00 WIB"
    assert show_time(NOW, "WIT", "en") == "Monday, 2 March 2026, 12:00 WIT"
    late = NOW.replace(hour=23)
    assert show_day(late, "WITA", "id") == "Selasa, 3 Maret 2026"


@pytest.mark.parametrize(
    ("share", "indonesian", "english"), [(0.9999, "99,9%", "99.9%"), (1.0, "100,0%", "100.0%"), (0.0, "0,0%", "0.0%")]
)
def test_a_confidence_is_never_rounded_up_to_certainty(share: float, indonesian: str, english: str) -> None:
    assert (show_percent(share, "id"), show_percent(share, "en")) == (indonesian, english)
    assert confidence_words(share).id


# --- cookies -----------------------------------------------------------------------------------------------------


def held(number: int, role: str = "owner") -> HeldTicket:
    return HeldTicket(UUID(int=number), UUID(int=number + 1), role)


def test_the_ticket_cookie_holds_what_was_proved_and_fits_a_browser() -> None:
    house, response = BareHouse(), Response()
    session = Session().holding(tuple(held(2**100 + each, ROLES[each % 3]) for each in range(MAX_TICKETS + 10)))
    keep_session(response, house, session)
    cookie = response.headers["set-cookie"]
    assert len(cookie.split(";")[0]) < BROWSER_COOKIE_LIMIT
    assert all(word in cookie for word in ("HttpOnly", "SameSite=lax", "Secure"))
    assert read_session(next_request(response), house) == session
    assert len(session.tickets) == MAX_TICKETS


def test_the_ticket_cookie_ends_and_is_not_made_up() -> None:
    house, response = BareHouse(), Response()
    keep_session(response, house, Session().holding((held(1),)))
    assert read_session(next_request(response), house).find(UUID(int=1)) is not None
    assert read_session(Request(scope(cookie="loket_tickets=abc.1.def")), house) == Session()
    assert read_session(next_request(response), BareHouse()) == Session()
    house.clock.advance(LASTS)
    assert read_session(next_request(response), house) == Session()


def test_a_new_look_up_comes_first_and_nothing_twice() -> None:
    session = Session().holding((held(1), held(2))).holding((held(2, "driver"),))
    assert session.tickets == (held(2, "driver"), held(1))
    assert session.find(UUID(int=3)) is None


def test_a_draft_is_sealed_for_its_ticket_and_its_hour() -> None:
    house, response = BareHouse(), Response()
    draft = Draft("no", "sold", {"buyer-name": "Nama Rahasia", "sold_on": "2026-01-02"}, (DraftFile("1", "a.pdf"),))
    keep_draft(response, house, TICKET_ID, draft)
    assert "Rahasia" not in response.headers["set-cookie"]
    request = next_request(response)
    assert read_draft(request, house, TICKET_ID) == draft
    assert read_draft(request, house, UUID(int=5)) == Draft()
    assert draft.person("buyer") == {"name": "Nama Rahasia"}
    assert str(draft.sold_on) == "2026-01-02"
    house.clock.advance(timedelta(hours=1))
    assert read_draft(request, house, TICKET_ID) == Draft()


def test_a_draft_that_no_browser_would_keep_is_refused_not_cut() -> None:
    random_text = "".join(chr(0x4E00 + (each * 7919) % 20_000) for each in range(2_000))
    with pytest.raises(Problem) as refused:
        keep_draft(Response(), BareHouse(), TICKET_ID, Draft("yes", "object", {"reason": random_text}))
    assert refused.value.type is DRAFT_TOO_LONG


def test_attachments_of_a_draft_come_and_go() -> None:
    draft = Draft().with_file(DraftFile("1", "a")).with_file(DraftFile("1", "b")).with_file(DraftFile("2", "c"))
    assert [file.name for file in draft.attachments] == ["b", "c"]
    assert draft.without_file("1").attachments == (DraftFile("2", "c"),)


# --- forms -------------------------------------------------------------------------------------------------------


def test_a_form_says_what_is_wrong_where() -> None:
    form = Form(
        {"a": " x ", "long": "y" * 300, "nul": "a\x00b", "sold-day": "31", "sold-month": "2", "sold-year": "2026"}
    )
    assert form.need("a") == "x"
    form.need("missing")
    form.need("long")
    form.plain("nul")
    assert form.date("sold") is None
    assert list(form.errors) == ["missing", "long", "nul", "sold"]
    assert form.anchor("sold") == "sold-day"
    assert form.anchor("missing") == "missing"


def test_a_refusal_of_a_room_is_shown_at_its_field() -> None:
    form = Form()
    form.take(WRONG(x=1, errors=[FieldError("/driver/nik", Text("a", "b"))]), onto="kind")
    form.take(WRONG(x=2), onto="kind")
    assert list(form.errors) == ["driver-nik", "kind"]
    assert form.errors["kind"] == Text("Salah 2", "Wrong 2")


@given(st.text(max_size=40), st.text(max_size=40), st.text(max_size=40))
def test_no_typed_date_crashes(day: str, month: str, year: str) -> None:
    form = Form({"on-day": day, "on-month": month, "on-year": year})
    assert (form.date("on") is None) == ("on" in form.errors)
