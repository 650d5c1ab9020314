"""Credentials: made once, shown once, found by their id part, rotated with a grace, shut out for good."""

from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from sqlalchemy import select
from sqlmodel import col

from app.core.actor import SYSTEM, ActorKind
from app.core.clock import FixedClock
from app.core.house import House
from app.core.problems import Problem
from app.services.identity import credentials
from app.services.identity.credentials import CredentialKind, KeyPlace
from app.services.identity.models import Credential
from app.services.transparency.models import Leaf


def public_pem(bits: int = 2048) -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


PEM = public_pem()


async def test_a_camera_s_key_opens_its_unit_and_no_secret_is_kept(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, "Sudirman 1", unit="PMJ")
    assert made.secret is not None
    assert made.secret.startswith(f"lk_{made.client_id}_")
    async with house.db.read() as conn:
        actor = await credentials.find_camera(conn, made.secret, now=house.clock.now())
        row = (await conn.execute(select(Credential.__table__))).mappings().one()  # type: ignore[attr-defined]
        leaf = (await conn.execute(select(col(Leaf.body)).where(col(Leaf.kind) == "credential"))).scalar_one()
    assert actor is not None
    assert (actor.kind, actor.unit, actor.id) == (ActorKind.CAMERA, "PMJ", str(made.id))
    secret = made.secret.rpartition("_")[2]
    assert all(secret not in str(value) for value in row.values())
    assert secret not in leaf
    assert '"change":"added"' in leaf


@pytest.mark.parametrize(
    "mangle",
    [
        lambda k: k[:-1] + ("0" if k[-1] != "0" else "1"),
        lambda k: k.upper(),
        lambda k: "",
        lambda k: "lk_x",
        lambda k: k + "é",
    ],
)
async def test_any_other_key_opens_nothing(house: House, mangle) -> None:  # type: ignore[no-untyped-def]
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, "Thamrin", unit="PMJ")
    async with house.db.read() as conn:
        assert await credentials.find_camera(conn, mangle(made.secret), now=house.clock.now()) is None


async def test_a_path_key_opens_paths_alone(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        header = (await credentials.add_camera(tx, "A", unit="PMJ")).secret or ""
        path = (await credentials.add_camera(tx, "B", unit="PMJ", path_only=True)).secret or ""
    async with house.db.read() as conn:
        now = house.clock.now()
        assert await credentials.find_camera(conn, path, now=now) is None
        assert await credentials.find_camera(conn, header, now=now, place=KeyPlace.PATH) is None
        assert await credentials.find_camera(conn, path, now=now, place=KeyPlace.PATH) is not None


async def test_rotation_leaves_the_old_key_a_grace_and_disabling_none(house: House, clock: FixedClock) -> None:
    async with house.db.begin(SYSTEM) as tx:
        old = await credentials.add_camera(tx, "A", unit="PMJ")
    async with house.db.begin(SYSTEM) as tx:
        new = await credentials.rotate(tx, old.client_id, grace=timedelta(hours=1))
    assert new.client_id == old.client_id

    async def open_now(key: str | None) -> bool:
        async with house.db.read() as conn:
            return await credentials.find_camera(conn, key or "", now=clock.now()) is not None

    assert await open_now(old.secret)
    assert await open_now(new.secret)
    clock.advance(timedelta(hours=1))
    assert not await open_now(old.secret)
    assert await open_now(new.secret)
    async with house.db.begin(SYSTEM) as tx:
        await credentials.disable(tx, old.client_id)
        await credentials.disable(tx, old.client_id)
    assert not await open_now(new.secret)
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="identity-credential-disabled"):
            await credentials.rotate(tx, old.client_id)


async def test_a_bank_gets_its_secret_back_for_hmac_and_both_during_rotation(house: House, clock: FixedClock) -> None:
    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_bank(tx, "Bank Contoh", public_key_pem=PEM)
    async with house.db.begin(SYSTEM) as tx:
        rotated = await credentials.rotate(tx, made.client_id)
    async with house.db.read() as conn:
        bank = await credentials.bank_client(conn, house.keys, made.client_id)
        assert await credentials.bank_client(conn, house.keys, "bank-nobody") is None
    assert bank is not None
    assert bank.secrets_at(clock.now()) == (rotated.secret, made.secret)
    assert bank.secrets_at(clock.now() + timedelta(days=2)) == (rotated.secret,)
    assert bank.public_key_pem == PEM
    assert made.secret not in repr(bank)
    assert made.secret not in repr(made)


async def test_banks_without_a_number_of_their_own_get_the_next_free_one(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        first = await credentials.add_bank(tx, "Satu", public_key_pem=PEM)
        second = await credentials.add_bank(tx, "Dua", public_key_pem=PEM)
        await credentials.disable(tx, first.client_id)
        third = await credentials.add_bank(tx, "Tiga", public_key_pem=PEM)
        active = await credentials.active_banks(tx.session, house.keys)
    assert [each.partner_service_id for each in (first, second, third)] == ["90001", "90002", "90003"]
    assert [each.name for each in active] == ["Dua", "Tiga"]


@pytest.mark.parametrize("pem", ["", "no pem", public_pem(1024)])
async def test_a_bad_bank_key_is_refused(house: House, pem: str) -> None:
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="identity-credential-invalid"):
            await credentials.add_bank(tx, "Bank", public_key_pem=pem)


async def test_an_elliptic_key_is_no_snap_key(house: House) -> None:
    key = ec.generate_private_key(ec.SECP256R1()).public_key()
    pem = key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="RSA"):
            await credentials.add_bank(tx, "Bank", public_key_pem=pem)


@pytest.mark.parametrize(
    "uri",
    [
        "http://app.example/cb",
        "https://app.example/cb#x",
        "javascript:alert(1)",
        "app:/cb",
        "https://*.example/cb",
        "https:///cb",
        "",
    ],
)
async def test_unsafe_redirect_uris_are_refused(house: House, uri: str) -> None:
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="identity-credential-invalid"):
            await credentials.add_app(tx, "App", redirect_uris=[uri])


@pytest.mark.parametrize("origin", ["https://app.example/", "app.example", "*", "null", "https://"])
async def test_what_is_no_origin_is_refused(house: House, origin: str) -> None:
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="identity-credential-invalid"):
            await credentials.add_app(tx, "App", redirect_uris=["https://app.example/cb"], origins=[origin])


async def test_apps_bring_their_origins_until_disabled(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        app = await credentials.add_app(
            tx, "App", redirect_uris=["https://app.example/cb", "test.example.app:/cb"], origins=["https://app.example"]
        )
        assert app.secret is None
        assert await credentials.allowed_origins(tx.session) == {"https://app.example"}
        listed = await credentials.list_(tx.session, kind=CredentialKind.APP)
        await credentials.disable(tx, app.client_id)
        assert await credentials.allowed_origins(tx.session) == frozenset()
    assert [(each.name, each.kind) for each in listed] == [("App", CredentialKind.APP)]


async def test_use_is_noted_once_an_hour(house: House, clock: FixedClock) -> None:
    async def used() -> object:
        async with house.db.begin(SYSTEM) as tx:
            await credentials.mark_used(tx, made.id)
            return (await credentials.list_(tx.session))[0].last_used_at

    async with house.db.begin(SYSTEM) as tx:
        made = await credentials.add_camera(tx, "A", unit="PMJ")
    first = await used()
    clock.advance(timedelta(minutes=30))
    assert await used() == first
    clock.advance(timedelta(minutes=31))
    assert await used() == clock.now()


async def test_unknown_units_and_ids_are_named(house: House) -> None:
    async with house.db.begin(SYSTEM) as tx:
        with pytest.raises(Problem, match="NOWHERE"):
            await credentials.add_camera(tx, "A", unit="NOWHERE")
        with pytest.raises(Problem, match="cam-unknown"):
            await credentials.rotate(tx, "cam-unknown")
