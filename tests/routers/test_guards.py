"""The guards at a door: what each lets in, and what it refuses. Deny by default."""

from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Annotated
from uuid import uuid4

import httpx
import pytest
from fastapi import Depends, FastAPI

from app.core.actor import SYSTEM, Actor
from app.core.clock import FixedClock
from app.core.house import House
from app.routers.http import guards
from app.routers.http.guards import (
    CameraDevice,
    Citizen,
    CitizenOnPage,
    SignInFirst,
    Staff,
    StaffOnPage,
    TicketHolder,
    citizen,
    issue_ticket_token,
    sign_in_first,
    staff,
    ticket_actor,
)
from app.routers.http.problems import install_problem_handlers
from app.services.identity import credentials, sessions
from app.services.identity import staff as staff_room
from app.services.identity.roles import APPLICATIONS, COUNTER, ME, OPENID, SETTLEMENTS_WRITE, TICKETS, Role
from app.services.identity.sessions import SubjectKind
from tests.signing_in import citizen_session, demo_staff, token_for

Client = httpx.AsyncClient
Officer = Annotated[Actor, staff(Role.OFFICER)]
Senior = Annotated[Actor, staff(Role.SENIOR_OFFICER)]
Settler = Annotated[Actor, staff(scope=SETTLEMENTS_WRITE)]


def doors(house: House) -> FastAPI:
    app = FastAPI()
    app.state.house = house
    install_problem_handlers(app)
    app.add_exception_handler(SignInFirst, sign_in_first)

    def door(path: str, kind: object) -> None:
        async def shown(actor: kind) -> dict[str, object]:  # type: ignore[valid-type]
            return {"id": actor.id, "kind": actor.kind, "unit": actor.unit, "roles": sorted(actor.roles)}  # type: ignore[attr-defined]

        app.add_api_route(path, shown, methods=["GET", "POST"])

    door("/camera", CameraDevice)
    door("/k/{key}/camera", CameraDevice)
    door("/citizen", Citizen)
    door("/staff", Staff)
    door("/officer", Officer)
    door("/senior", Senior)
    door("/settle", Settler)
    door("/tickets/{id}", TicketHolder)
    door("/page/staff", StaffOnPage)
    door("/page/citizen", CitizenOnPage)
    return app


@pytest.fixture
async def web(house: House) -> AsyncIterator[Client]:
    transport = httpx.ASGITransport(app=doors(house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def member(house: House, role: Role) -> staff_room.Officer:
    await demo_staff(house)
    async with house.db.read() as connection:
        return (await staff_room.list_officers(connection, unit="PMJ", role=role))[0]


async def test_every_door_refuses_who_brings_nothing(web: Client) -> None:
    for path in ("/camera", "/citizen", "/staff", "/officer", "/settle", f"/tickets/{uuid4()}"):
        for headers in ({}, bearer(""), bearer("x.y.z"), {"Authorization": "Basic eDp4"}, {"X-Api-Key": "lk_a_b"}):
            answer = await web.get(path, headers=headers)
            assert answer.status_code == 401, (path, headers)
            assert answer.json()["code"] == "sign-in-needed"
            assert answer.headers["www-authenticate"]


async def test_a_camera_opens_camera_doors_and_its_use_is_noted(house: House, web: Client) -> None:
    async with house.db.begin(SYSTEM) as tx:
        camera = await credentials.add_camera(tx, "A", unit="PMJ")
        path_only = await credentials.add_camera(tx, "B", unit="PMJ", path_only=True)
    answer = await web.get("/camera", headers={"X-Api-Key": camera.secret or ""})
    assert (answer.json()["kind"], answer.json()["unit"]) == ("camera", "PMJ")
    assert (await web.get("/camera", headers={"X-Api-Key": path_only.secret or ""})).status_code == 401
    assert (await web.get(f"/k/{path_only.secret}/camera")).status_code == 200
    assert (await web.get(f"/k/{camera.secret}/camera")).status_code == 401
    assert (await web.get("/k/%00/camera")).status_code == 401
    async with house.db.read() as connection:
        assert all(each.last_used_at is not None for each in await credentials.list_(connection))
    assert (await web.get("/staff", headers={"X-Api-Key": camera.secret or ""})).status_code == 401


async def test_roles_decide_at_staff_doors(house: House, web: Client) -> None:
    officer = await member(house, Role.OFFICER)
    token = await token_for(house, officer.id, SubjectKind.STAFF, COUNTER)
    assert (await web.get("/officer", headers=bearer(token))).json()["unit"] == "PMJ"
    assert (await web.get("/staff", headers=bearer(token))).status_code == 200
    assert (await web.get("/senior", headers=bearer(token))).status_code == 403
    assert (await web.get("/citizen", headers=bearer(token))).status_code == 403
    supervisor = await member(house, Role.SUPERVISOR)
    token = await token_for(house, supervisor.id, SubjectKind.STAFF, COUNTER)
    assert (await web.get("/senior", headers=bearer(token))).status_code == 200
    assert (await web.get("/officer", headers=bearer(token))).status_code == 403


@pytest.mark.parametrize(
    ("scope", "path"), [(ME, "/v1/me"), (TICKETS, "/v1/me/tickets"), (APPLICATIONS, "/v1/applications")]
)
async def test_an_app_sees_of_a_citizen_what_they_allowed_it(
    house: House, client: Client, scope: str, path: str
) -> None:
    person, _ = await citizen_session(house)
    for granted, status in ((OPENID, 403), (f"{OPENID} {scope}", 200)):
        token = await token_for(house, person, SubjectKind.CITIZEN, granted)
        assert (await client.get(path, headers=bearer(token))).status_code == status
    others = " ".join({ME, TICKETS, APPLICATIONS} - {scope})
    token = await token_for(house, person, SubjectKind.CITIZEN, others)
    assert (await client.get(path, headers=bearer(token))).status_code == 403


async def test_a_token_opens_no_more_than_its_scopes(house: House, web: Client) -> None:
    finance = await member(house, Role.FINANCE)
    narrow = await token_for(house, finance.id, SubjectKind.STAFF, COUNTER)
    assert (await web.get("/settle", headers=bearer(narrow))).status_code == 403
    wide = await token_for(house, finance.id, SubjectKind.STAFF, SETTLEMENTS_WRITE)
    assert (await web.get("/settle", headers=bearer(wide))).status_code == 200
    assert (await web.get("/staff", headers=bearer(wide))).status_code == 403
    officer = await member(house, Role.OFFICER)
    claimed = await token_for(house, officer.id, SubjectKind.STAFF, SETTLEMENTS_WRITE)
    assert (await web.get("/settle", headers=bearer(claimed))).status_code == 403


async def test_a_disabled_member_of_staff_is_refused_while_the_token_still_lives(house: House, web: Client) -> None:
    officer = await member(house, Role.OFFICER)
    token = await token_for(house, officer.id, SubjectKind.STAFF, COUNTER)
    assert (await web.get("/staff", headers=bearer(token))).status_code == 200
    async with house.db.begin(SYSTEM) as tx:
        views = await staff_room.list_(tx.session, house.keys)
        await staff_room.disable(tx, next(each.email or "" for each in views if each.id == officer.id))
    assert (await web.get("/staff", headers=bearer(token))).status_code == 401


async def test_citizens_come_by_token_or_session(house: House, web: Client) -> None:
    person, cookie = await citizen_session(house)
    token = await token_for(house, person, SubjectKind.CITIZEN, "me")
    assert (await web.get("/citizen", headers=bearer(token))).json()["id"] == str(person)
    assert (await web.get("/staff", headers=bearer(token))).status_code == 403
    web.cookies.set("loket_session", cookie)
    assert (await web.get("/citizen")).json()["id"] == str(person)
    assert (await web.get("/citizen", headers=bearer("bad"))).status_code == 401


@pytest.mark.parametrize("headers", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_another_site_cannot_borrow_the_cookie(house: House, web: Client, headers: dict[str, str]) -> None:
    _, cookie = await citizen_session(house)
    web.cookies.set("loket_session", cookie)
    assert (await web.post("/citizen", headers=headers)).status_code == 403
    assert (
        await web.post("/citizen", headers={"Origin": "http://test", "Sec-Fetch-Site": "same-origin"})
    ).status_code == 200
    assert (await web.get("/citizen", headers=headers)).status_code == 200


async def test_a_ticket_token_opens_its_own_ticket(house: House, web: Client, clock: FixedClock) -> None:
    case, party = uuid4(), uuid4()
    token = issue_ticket_token(house, case, "owner", party)
    answer = await web.get(f"/tickets/{case}", headers=bearer(token))
    assert (answer.json()["id"], answer.json()["roles"]) == (str(party), ["owner"])
    assert (await web.get(f"/tickets/{str(case).upper()}", headers=bearer(token))).status_code == 200
    other = await web.get(f"/tickets/{uuid4()}", headers=bearer(token))
    assert (other.status_code, other.json()["code"]) == (404, "not-found")
    assert (await web.get("/citizen", headers=bearer(token))).status_code == 401
    clock.advance(timedelta(minutes=30))
    assert (await web.get(f"/tickets/{case}", headers=bearer(token))).status_code == 401


async def test_tokens_for_other_purposes_open_no_ticket(house: House) -> None:
    claims = {"case": str(uuid4()), "role": "owner", "party": str(uuid4())}
    wrong = house.signer.issue("form", claims, ttl=timedelta(hours=1), now=house.clock.now())
    broken = house.signer.issue("ticket", {"case": "x"}, ttl=timedelta(hours=1), now=house.clock.now())
    for token in (wrong, broken, "", "a.b.c", "x" * 5000):
        assert ticket_actor(house, token) is None


async def test_pages_send_to_sign_in_and_back(house: House, web: Client) -> None:
    answer = await web.get("/page/staff?a=1&b=2")
    assert answer.headers["location"] == "/masuk/petugas?next=%2Fpage%2Fstaff%3Fa%3D1%26b%3D2"
    assert (await web.get("/page/citizen")).headers["location"] == "/masuk?next=%2Fpage%2Fcitizen"
    officer = await member(house, Role.OFFICER)
    async with house.db.begin(SYSTEM) as tx:
        cookie = await sessions.open_session(tx, SubjectKind.STAFF, officer.id, amr=("pwd", "otp"))
    web.cookies.set("loket_session", cookie)
    assert (await web.get("/page/staff")).json()["id"] == str(officer.id)


def test_a_guard_knows_that_it_is_one() -> None:
    for each in (citizen(ME).dependency, guards.camera_device, guards.ticket_holder, staff(Role.OFFICER).dependency):
        assert getattr(each, "is_guard", False)
    assert not getattr(Depends(lambda: None).dependency, "is_guard", False)
