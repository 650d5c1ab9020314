"""Staff as data, what is forgotten and when, and what the public log says of roles."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select
from sqlmodel import col

from app.core import vault
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services.identity import people, retention, sandbox, sessions, signing_keys, staff
from app.services.identity.contacts import read_contact
from app.services.identity.demo import STAFF
from app.services.identity.models import BrowserSession, OneTimeCode, SigningKey, StaffMember
from app.services.identity.roles import Role, expand, scopes_of_staff
from app.services.identity.sessions import SubjectKind
from app.services.identity.tokens import TokenVerifier
from app.services.registries.demo import PEOPLE
from app.services.transparency.models import Leaf
from tests.conftest import open_house
from tests.signing_in import demo_staff


async def count(house: House, model: type) -> int:
    async with house.db.read() as connection:
        return (await connection.execute(select(func.count()).select_from(model))).scalar_one()


async def test_staff_are_listed_by_unit_and_kept_sealed(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        made = await staff.add(tx, " Petugas@Example.test ", roles=["officer", "counter"], unit="PMJ")
        views = await staff.list_(tx.session, house.keys)
        leaf = (await tx.session.execute(select(col(Leaf.body)).where(col(Leaf.kind) == "role"))).scalar_one()
        row = (await tx.session.execute(select(StaffMember))).scalar_one()
    assert [(each.email, each.roles, each.enrolled) for each in views] == [
        ("petugas@example.test", ("counter", "officer"), False)
    ]
    assert "petugas" not in repr(row)
    assert "petugas@" not in leaf
    assert str(made.id) in leaf
    assert made.temporary_password not in repr(made)


@pytest.mark.parametrize(
    ("email", "roles", "unit", "problem"),
    [
        ("no address", ["officer"], "PMJ", "staff-invalid"),
        ("a@example.test", ["king"], "PMJ", "staff-invalid"),
        ("a@example.test", [], "PMJ", "staff-invalid"),
        ("a@example.test", ["officer"], "NOWHERE", "staff-invalid"),
        ("PETUGAS1@example.test", ["officer"], "PMJ", "staff-exists"),
    ],
)
async def test_what_cannot_be_staff_is_refused(
    house: House, email: str, roles: list[str], unit: str, problem: str
) -> None:
    await demo_staff(house)
    with pytest.raises(Problem, match=problem):
        async with house.db.begin(SYSTEM) as tx:
            await staff.add(tx, email, roles=roles, unit=unit)


async def test_the_pool_of_a_draw_is_the_unit_s_active_holders_of_the_role(house: House) -> None:
    await demo_staff(house)
    async with house.db.begin(SYSTEM) as tx:
        pool = await staff.list_officers(tx.session, unit="PMJ", role=Role.OFFICER)
        assert len(pool) == sum(each.unit == "PMJ" and each.role is Role.OFFICER for each in STAFF)
        seniors = await staff.list_officers(tx.session, unit="PMJ", role=Role.SENIOR_OFFICER)
        assert len(seniors) == sum(
            each.unit == "PMJ" and each.role in (Role.SENIOR_OFFICER, Role.SUPERVISOR) for each in STAFF
        )
        await staff.disable(tx, "petugas1@example.test")
        await staff.disable(tx, "petugas1@example.test")
        assert len(await staff.list_officers(tx.session, unit="PMJ", role=Role.OFFICER)) == len(pool) - 1
        with pytest.raises(Problem, match="staff-not-found"):
            await staff.disable(tx, "nobody@example.test")


async def test_seeding_the_demo_twice_changes_nothing(house: House) -> None:
    await demo_staff(house)
    await demo_staff(house)
    assert await count(house, StaffMember) == len(STAFF)


def test_roles_imply_only_what_is_written_down() -> None:
    assert expand(["supervisor", "nonsense"]) == {"supervisor", "senior_officer"}
    assert expand(["officer"]) == {"officer"}
    assert scopes_of_staff(["officer"]) == {"openid", "profile", "counter"}
    assert "settlements:write" in scopes_of_staff(["finance"])
    assert scopes_of_staff([]) == {"openid", "profile"}


async def test_what_has_served_is_forgotten(house: House, clock: FixedClock) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await people.begin_sign_in(tx, read_contact("081234567890"))
        person = await people.plant(tx, nik=PEOPLE[0].nik, name="Budi Contoh", phone="+6281200000001")
        await sessions.open_session(tx, SubjectKind.CITIZEN, person, amr=("otp",))
        await signing_keys.rotate(tx)
        await signing_keys.rotate(tx)

    async def forget() -> tuple[int, int, int]:
        async with house.db.begin(SYSTEM) as tx:
            await retention.forget_expired(tx)
        return await count(house, OneTimeCode), await count(house, BrowserSession), await count(house, SigningKey)

    assert await forget() == (1, 1, 2)
    clock.advance(timedelta(days=2))
    assert await forget() == (0, 1, 2)
    clock.advance(timedelta(days=31))
    assert await forget() == (0, 0, 1)
    async with house.db.read() as connection:
        destroyed = select(func.count()).select_from(vault.DataKey).where(col(vault.DataKey.wrapped).is_(None))
        assert (await connection.execute(destroyed)).scalar_one() == 1
        assert await people.find_nik(connection, house.keys, person) == PEOPLE[0].nik


async def test_a_signing_key_rotates_when_a_month_old(house: House, clock: FixedClock) -> None:
    async with house.db.begin(SYSTEM) as tx:
        first = (await signing_keys.current(tx)).kid
        assert not await signing_keys.rotate_when_old(tx)
    clock.advance(timedelta(days=30))
    async with house.db.begin(SYSTEM) as tx:
        assert await signing_keys.rotate_when_old(tx)
        assert (await signing_keys.current(tx)).kid != first


async def test_testers_tokens_are_real_tokens(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        officer = await sandbox.token_for_role(tx, Role.INVESTIGATOR, unit="JABAR")
        again = await sandbox.token_for_role(tx, Role.INVESTIGATOR, unit="JABAR")
        citizen = await sandbox.token_for_citizen(tx, nik=PEOPLE[0].nik, name="Budi Contoh", phone=PEOPLE[0].phone)
    verifier = house[TokenVerifier]
    claims = [await verifier.verify(token, house.clock.now()) for token in (officer, again, citizen)]
    assert claims[0].subject == claims[1].subject
    assert (claims[0].roles, claims[0].unit, claims[2].kind) == (("investigator",), "JABAR", "citizen")


async def test_an_unknown_contact_and_a_known_one_cost_the_same_rows(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        await people.plant(tx, nik=PEOPLE[0].nik, name="Budi Contoh", phone=PEOPLE[0].phone)
        await people.begin_sign_in(tx, read_contact(PEOPLE[0].phone))
        await people.begin_sign_in(tx, read_contact("081399998888"))
    assert await count(house, OneTimeCode) == 2


async def test_a_verifier_is_built_for_the_issuer_that_is_set(
    house: House, engine_url: str, tmp_path, clock: FixedClock
) -> None:  # type: ignore[no-untyped-def]
    assert house[TokenVerifier].issuer == house.settings.public_url
    async with open_house(engine_url, tmp_path, clock, oidc_issuer="https://issuer.example/") as other:
        assert other[TokenVerifier].issuer == "https://issuer.example"
