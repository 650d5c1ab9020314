"""What no honest client sends: each of these once broke a door (500), or would have."""

import json
from typing import Any

import httpx
import pytest

from app.core.clock import FixedClock
from app.core.house import House
from app.main import create_app
from app.routers.http.deps import network_of
from app.routers.http.guards import issue_ticket_token, public
from app.routers.http.paging import cursor_of
from app.services.identity.roles import CITIZEN_SCOPES, Role
from app.services.identity.sessions import SubjectKind
from tests import make
from tests.conftest import open_house
from tests.house.test_fuzz import faults_of
from tests.signing_in import add_app, authorize_url, citizen_session, token_for

MANY_FIELDS = "&".join(f"field{number}=1" for number in range(60))
HUGE = 10**30
CURSORS = (cursor_of("x"), cursor_of("2026-03-02"), cursor_of("0001-01-01T00:00:00+23:59"), cursor_of("\x00"), "????")


def refused(answer: httpx.Response, *statuses: int) -> None:
    """A refusal in our own words."""
    assert answer.status_code in statuses, (answer.status_code, answer.text[:300])
    assert faults_of(answer) is None


async def citizen(house: House) -> dict[str, str]:
    person, _ = await citizen_session(house)
    return {"Authorization": f"Bearer {await token_for(house, person, SubjectKind.CITIZEN, ' '.join(CITIZEN_SCOPES))}"}


@pytest.mark.parametrize("path", ["/v1/units", "/v1/violations", "/v1/verify/ABC", "/v1/nowhere", "/tilang", "/masuk"])
async def test_more_query_fields_than_any_door_has(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(f"{path}?{MANY_FIELDS}")
    assert answer.status_code in (200, 404), answer.text[:200]


@pytest.mark.parametrize("cursor", CURSORS)
async def test_cursors_that_we_did_not_write(house: House, client: httpx.AsyncClient, cursor: str) -> None:
    await make.demo_set(house)
    signed_in = await citizen(house)
    refused(await client.get("/v1/me/tickets", params={"after": cursor}, headers=signed_in), 422)
    investigator = await make.staff_headers(house, Role.INVESTIGATOR)
    refused(await client.get("/v1/counter/tasks", params={"after": cursor}, headers=investigator), 422)
    for two in (cursor, cursor_of(house.clock.now().isoformat(), "x"), cursor_of("x", "y")):
        refused(await client.get("/v1/counter/blocks", params={"after": two}, headers=investigator), 422)


async def test_a_version_beyond_every_column(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    holder = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    answer = {"kind": "object", "reason": "Bukan kendaraan saya.", "version": HUGE}
    refused(await client.post(f"/v1/tickets/{case_id}/response", json=answer, headers=holder), 422)
    officer = {**await make.staff_headers(house, Role.OFFICER), "Idempotency-Key": "once"}
    action = {"action": "verify", "version": HUGE}
    refused(await client.post(f"/v1/counter/cases/{case_id}/actions", json=action, headers=officer), 422)


async def test_a_purpose_that_no_column_can_keep(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    officer = await make.staff_headers(house, Role.AUDITOR)
    for purpose in ("audit\x00tahunan", "audit\ntahunan"):
        answer = await client.get(f"/v1/counter/cases/{case_id}", params={"purpose": purpose}, headers=officer)
        refused(answer, 422)


@pytest.mark.parametrize(
    "body",
    [
        b"[" * 200_000,
        b'{"a":' * 100_000,
        b'{"plate": ' + b"9" * 6_000 + b"}",
        b'{"plate": "\\ud800", "reference": "\\u0000abcdef"}',
        b'{"plate": "B1234XYZ", "reference": "\\u0000abcdef"}',
        b"\xff\xfe\x00",
        b"",
    ],
    ids=["deep list", "deep object", "huge number", "lone surrogate", "nul", "no utf-8", "nothing"],
)
async def test_json_that_hurts_readers(client: httpx.AsyncClient, body: bytes) -> None:
    json_type = {"content-type": "application/json"}
    refused(await client.post("/v1/tickets/lookup", content=body, headers=json_type), 400, 422)


@pytest.mark.parametrize(
    "token",
    ["x", "a.b.c", "e30.e30.e30", "W10.W10.W10", "....", "eyJraWQiOiJ4In0.e30.", "é.é.é", "a" * 9_000, "x.1.", ".1."],
)
async def test_tokens_that_are_none(house: House, client: httpx.AsyncClient, token: str) -> None:
    header = {"Authorization": f"Bearer {token}".encode()}
    case = "019c0000-0000-7000-8000-000000000000"
    for path in ("/v1/me", "/v1/counter/tasks", f"/v1/tickets/{case}"):
        refused(await client.get(path, headers=header), 401)
    refused(await client.get("/v1/anpr/captures/" + case, headers={"X-Api-Key": token.encode()}), 401)
    for path in ("/v1/evidence/", "/v1/attachments/"):
        refused(await client.get(path + token.replace("é", "e")), 404)


async def test_a_redirect_uri_that_is_no_url(house: House, client: httpx.AsyncClient) -> None:
    app = await add_app(house, redirect="http://127.0.0.1/cb")
    for uri in ("http://[", "http://[::1/cb", "\u2100"):
        answer = await client.get(authorize_url(app, redirect_uri=uri))
        assert answer.status_code == 400, (uri, answer.status_code)
        assert "location" not in answer.headers


@pytest.mark.parametrize("odd", ["\u2100", '"', "\\", "\u00e9", "a" * 1_999])
async def test_sign_in_requests_with_characters_that_an_error_may_not_quote(
    house: House, client: httpx.AsyncClient, odd: str
) -> None:
    app = await add_app(house)
    for name in ("redirect_uri", "response_type", "scope", "prompt", "code_challenge_method", "client_id", "max_age"):
        answer = await client.get(authorize_url(app, **{name: odd}))
        assert answer.status_code in (302, 303, 400, 401), (name, answer.status_code)
    form = {"grant_type": odd, "client_id": app, "code": odd, "refresh_token": odd, "redirect_uri": odd}
    for grant in (odd, "authorization_code", "refresh_token"):
        answer = await client.post("/oauth/token", data={**form, "grant_type": grant})
        assert answer.status_code in (400, 401), (grant, answer.status_code)
    assert (await client.post("/oauth/revoke", data={"token": odd, "client_id": app})).status_code < 500


async def test_a_receipt_from_the_year_ten_thousand(engine_url: str, tmp_path: Any, clock: FixedClock) -> None:
    async with open_house(engine_url, tmp_path, clock, message_gateway_secret="whsec_" + "A" * 32) as house:
        transport = httpx.ASGITransport(app=create_app(house), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            for stamp in ("999999999999", "9999999999", "-1", "1e3", "٣"):
                headers = {"webhook-id": "x", "webhook-timestamp": stamp.encode(), "webhook-signature": b"v1,\xff"}
                refused(await client.post("/v1/messages/receipts", content=b"{}", headers=headers), 401)


@pytest.mark.parametrize(
    ("host", "counted"),
    [
        ("203.0.113.9", "203.0.113.9"),
        ("::ffff:203.0.113.9", "203.0.113.9"),
        ("2001:db8::1", "2001:db8::/64"),
        ("2001:db8::a:b:c:d", "2001:db8::/64"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_one_network_is_one_caller(host: str, counted: str) -> None:
    assert network_of(host) == counted


async def test_the_same_parameters_twice(client: httpx.AsyncClient) -> None:
    answer = await client.get("/v1/units?limit=1&limit=2&after=&after=")
    assert answer.status_code in (200, 422)
    assert json.loads(answer.content)


async def test_answers_about_somebody_are_kept_nowhere(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    case_id = await make.letter_sent(house)
    holder = {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"}
    officer = await make.staff_headers(house, Role.OFFICER)
    signed_in = await citizen(house)
    doors = {f"/v1/tickets/{case_id}{page}": holder for page in ("", "/evidence", "/timeline", "/bill", "/letter.pdf")}
    doors |= {"/v1/me": signed_in, "/v1/me/tickets": signed_in, "/v1/counter/tasks": officer}
    doors |= {f"/v1/counter/cases/{case_id}?purpose=periksa": officer, "/masuk": {}, "/v1/nowhere": {}}
    for path, headers in doors.items():
        answer = await client.get(path, headers=headers)
        assert answer.headers["cache-control"] == "no-store", path
    shared = await client.get("/v1/units")
    assert shared.headers["cache-control"].startswith("public")


async def test_ids_that_are_none(house: House, client: httpx.AsyncClient) -> None:
    await make.demo_set(house)
    officer = await make.staff_headers(house, Role.OFFICER)
    for id_ in ("%00", "9" * 300, "..%2f..%2fetc", "{019c0000-0000-7000-8000-000000000000}", "%ff"):
        refused(await client.get(f"/v1/counter/cases/{id_}", headers=officer), 404, 422)
        refused(await client.get(f"/v1/tickets/{id_}"), 401, 404, 422)


async def test_many_accounts_together_do_not_ring_one_telephone(
    engine_url: str, tmp_path: Any, clock: FixedClock
) -> None:
    claim = {"nik": "3174011211879901", "born_on": "1987-11-12", "kk_no": "3174010101219901"}
    async with open_house(engine_url, tmp_path, clock, rate_limits="on") as house:
        transport = httpx.ASGITransport(app=create_app(house), raise_app_exceptions=False)
        async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
            statuses = []
            for number in range(6):
                person, _ = await citizen_session(house, nik=f"317401450390990{number}", phone=f"+62812000000{number}0")
                token = await token_for(house, person, SubjectKind.CITIZEN, " ".join(CITIZEN_SCOPES))
                answer = await client.post(
                    "/v1/me/identity", json=claim, headers={"Authorization": f"Bearer {token}", "Idempotency-Key": "1"}
                )
                statuses.append(answer.status_code)
            assert statuses == [202] * 5 + [429]
            assert int(answer.headers["retry-after"]) > 0


@pytest.mark.parametrize("kind", ["text/html", "application/json"])
async def test_a_crash_tells_nothing_and_is_guarded_like_every_answer(house: House, kind: str) -> None:
    app = create_app(house)

    @app.get("/crash", dependencies=[public()])
    async def crash() -> None:
        raise RuntimeError("NIK 3174011211879901")

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="https://test") as client:
        answer = await client.get("/crash", headers={"accept": kind})
    assert answer.status_code == 500
    assert "3174011211879901" not in answer.text
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["strict-transport-security"]
    assert answer.headers["x-request-id"] in answer.text
