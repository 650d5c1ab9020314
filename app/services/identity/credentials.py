"""Credentials of programs: a key per camera, a SNAP pair per bank, a registration per app. Made with ``loket client``.

A secret has 192 random bits, so a plain SHA-256 keeps it as well as a slow hash would, and costs nothing on the path
of every capture. A bank's secret must be had back, because SNAP signs with HMAC (ASPI SNAP BI, signature type 1): it is
sealed with the tokens ring. After a rotation the old secret stays good for a grace time, so that a bank with
many machines changes over without a gap.
"""

import hashlib
import hmac
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, fields
from datetime import datetime, timedelta
from enum import StrEnum
from importlib.resources import files
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import yaml
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from sqlalchemy import RowMapping, Select, bindparam, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession
from sqlmodel import col

from app.core.actor import Actor, ActorKind
from app.core.crypto import KeyRing
from app.core.db import Database, Tx
from app.core.hot import HotQuery
from app.services import reference, transparency
from app.services.identity.models import Credential
from app.services.identity.problems import CREDENTIAL_DISABLED, CREDENTIAL_INVALID, CREDENTIAL_NOT_FOUND
from app.services.identity.roles import CITIZEN_SCOPES, SCOPES, SETTLEMENTS_WRITE

Reader = AsyncConnection | AsyncSession

SECRET_BYTES = 24
ROTATION_GRACE = timedelta(hours=24)
USED_EVERY = timedelta(hours=1)  # `last_used_at` is that coarse: a camera must not write a row per photograph
FIRST_SERVICE_ID = 90001
MIN_RSA_BITS = 2048
MAX_NAME = 80
MAX_URIS = 20
_ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
_PRIVATE_SCHEME = re.compile(r"^[a-z][a-z0-9+-]*(\.[a-z0-9+-]+)+$")  # RFC 8252 7.1: a reversed domain name


class CredentialKind(StrEnum):
    """What sort of program it is."""

    CAMERA = "camera"
    BANK = "bank"
    APP = "app"


class KeyPlace(StrEnum):
    """Where a camera's key stood: in a header, or in the path for devices that cannot send a header."""

    HEADER = "header"
    PATH = "path"


@dataclass(frozen=True, slots=True)
class NewCredential:
    """What is shown once when a credential is made or rotated; the secret cannot be shown again."""

    id: UUID
    kind: CredentialKind
    client_id: str
    secret: str | None = field(default=None, repr=False)
    partner_service_id: str | None = None


@dataclass(frozen=True, slots=True)
class CredentialView:
    """A credential as operators see it in lists: everything but secrets."""

    id: UUID
    kind: CredentialKind
    name: str
    client_id: str
    unit: str | None
    profile: str | None
    partner_service_id: str | None
    redirect_uris: tuple[str, ...]
    allowed_origins: tuple[str, ...]
    scopes: tuple[str, ...]
    created_at: datetime
    rotated_at: datetime | None
    disabled_at: datetime | None
    last_used_at: datetime | None


@dataclass(frozen=True, slots=True)
class CameraCheck:
    """A camera whose key is right; `use_unnoted` when it is time to note that the key is in use."""

    actor: Actor
    use_unnoted: bool


@dataclass(frozen=True, slots=True)
class BankClient:
    """A bank with what its signatures are checked by. `previous_secret` is good until `previous_until` (rotation)."""

    id: UUID
    client_id: str
    name: str
    profile: str | None
    partner_service_id: str
    secret: str = field(repr=False)
    public_key_pem: str
    disabled_at: datetime | None
    previous_secret: str | None = field(default=None, repr=False)
    previous_until: datetime | None = None

    def secrets_at(self, now: datetime) -> tuple[str, ...]:
        """The secrets that a signature may use at this instant, newest first."""
        if self.previous_secret and self.previous_until and now < self.previous_until:
            return (self.secret, self.previous_secret)
        return (self.secret,)


async def add_camera(tx: Tx, name: str, *, unit: str, path_only: bool = False) -> NewCredential:
    """Register a camera of a unit and make its key. `path_only` keys open the ``/k/{key}/`` doors and nothing else.

    Raises CREDENTIAL_INVALID for an unknown unit or a bad name.
    """
    await _check_unit(tx, unit)
    client_id, secret = _new_client_id("cam"), _new_secret()
    row = _row(
        tx, CredentialKind.CAMERA, name, client_id, unit=unit, path_only=path_only, secret_hash=secret_hash(secret)
    )
    await _insert(tx, row)
    return NewCredential(row.id, CredentialKind.CAMERA, client_id, f"lk_{client_id}_{secret}")


async def add_bank(
    tx: Tx,
    name: str,
    *,
    public_key_pem: str,
    profile: str | None = None,
    unit: str | None = None,
    scopes: Sequence[str] = (SETTLEMENTS_WRITE,),
) -> NewCredential:
    """Register a bank: its RSA public key (at least 2048 bits) comes from the bank, its secret from us.

    With a `unit` its statement files are of that Polda's payments alone. The number that leads its virtual accounts comes
    from its profile while that is free, else it is the next free one from 90001. Raises CREDENTIAL_INVALID for a bad key, name or profile, and for an unknown unit.
    """
    _check_public_key(public_key_pem)
    if unit is not None:
        await _check_unit(tx, unit)
    preferred = _service_id_of_profile(profile)
    client_id, secret = _new_client_id("bank"), _new_secret()
    row = _row(
        tx,
        CredentialKind.BANK,
        name,
        client_id,
        unit=unit,
        profile=profile,
        public_key_pem=public_key_pem,
        scopes=scopes,
    )
    row.secret_enc = _seal_secret(tx.house.keys, client_id, secret)
    row.partner_service_id = await _free_service_id(tx, preferred)
    await _insert(tx, row)
    return NewCredential(row.id, CredentialKind.BANK, client_id, secret, row.partner_service_id)


async def add_app(
    tx: Tx,
    name: str,
    *,
    redirect_uris: Sequence[str],
    origins: Sequence[str] = (),
    scopes: Sequence[str] = CITIZEN_SCOPES,
    client_id: str | None = None,
) -> NewCredential:
    """Register a public OAuth client (RFC 8252): no secret, PKCE always. Its `origins` may call us from a browser (CORS).

    Raises CREDENTIAL_INVALID for a redirect URI that is neither https, nor http on loopback, nor a private scheme in
    reversed-domain form, for a fragment, an origin with a path, or an unknown scope.
    """
    for uri in _limited(redirect_uris, "redirect URIs"):
        _check_redirect_uri(uri)
    for origin in _limited(origins, "origins"):
        _check_origin(origin)
    unknown = [scope for scope in scopes if scope not in SCOPES]
    if unknown or not redirect_uris:
        raise CREDENTIAL_INVALID(why=f"unknown scope {unknown[0]}" if unknown else "an app needs a redirect URI")
    row = _row(tx, CredentialKind.APP, name, client_id or _new_client_id("app"), scopes=scopes)
    row.redirect_uris, row.allowed_origins = list(redirect_uris), list(origins)
    await _insert(tx, row)
    return NewCredential(row.id, CredentialKind.APP, row.client_id)


async def rotate(tx: Tx, client_id: str, *, grace: timedelta = ROTATION_GRACE) -> NewCredential:
    """Make a new secret; the old one stays good for `grace`. Raises CREDENTIAL_NOT_FOUND, CREDENTIAL_DISABLED."""
    row = await _lock(tx, client_id)
    if row.disabled_at is not None:
        raise CREDENTIAL_DISABLED(client_id=client_id)
    if row.kind == CredentialKind.APP:
        raise CREDENTIAL_INVALID(why="an app is a public client and has no secret to rotate")
    secret = _new_secret()
    row.previous_hash, row.previous_enc, row.previous_until = row.secret_hash, row.secret_enc, tx.now + grace
    row.rotated_at = tx.now
    if row.kind == CredentialKind.BANK:
        row.secret_enc, shown = _seal_secret(tx.house.keys, client_id, secret), secret
    else:
        row.secret_hash, shown = secret_hash(secret), f"lk_{client_id}_{secret}"
    await _publish(tx, row, "rotated")
    return NewCredential(row.id, CredentialKind(row.kind), client_id, shown, row.partner_service_id)


async def disable(tx: Tx, client_id: str) -> None:
    """Shut a credential out, at once and for good. Doing it twice changes nothing. Raises CREDENTIAL_NOT_FOUND."""
    row = await _lock(tx, client_id)
    if row.disabled_at is None:
        row.disabled_at = tx.now
        await _publish(tx, row, "disabled")


async def list_(source: Reader, *, kind: CredentialKind | None = None) -> list[CredentialView]:
    """All credentials, oldest first, without secrets."""
    query = select(*_VIEW_COLUMNS).order_by(col(Credential.created_at), col(Credential.id))
    if kind is not None:
        query = query.where(col(Credential.kind) == kind)
    return [_view(row) for row in (await source.execute(query)).mappings()]


async def find_camera(
    source: Reader, api_key: str, *, now: datetime, place: KeyPlace = KeyPlace.HEADER
) -> Actor | None:
    """The camera that this key belongs to; None for anything else: forged, disabled, past its grace, in the wrong place."""
    check = await check_camera(source, api_key, now=now, place=place)
    return None if check is None else check.actor


def camera_row(client_id: str) -> Select[*tuple[Any, ...]]:
    """What a camera is proved by: its keys' hashes, and where they count; nothing for one that is disabled."""
    return select(
        col(Credential.id),
        col(Credential.unit),
        col(Credential.path_only),
        col(Credential.secret_hash),
        col(Credential.previous_hash),
        col(Credential.previous_until),
        col(Credential.last_used_at),
    ).where(
        col(Credential.client_id) == client_id,
        col(Credential.kind) == CredentialKind.CAMERA,
        col(Credential.disabled_at).is_(None),
    )


async def check_camera(source: Reader, api_key: str, *, now: datetime, place: KeyPlace) -> CameraCheck | None:
    """`find_camera`, and whether its use has yet to be noted (`mark_used`)."""
    client_id, secret = split_api_key(api_key)
    row = (await source.execute(camera_row(client_id))).one_or_none()
    given = secret_hash(secret)
    right = hmac.compare_digest(given, (row.secret_hash if row else None) or "")
    if row is not None and row.previous_until is not None and now < row.previous_until:
        right |= hmac.compare_digest(given, row.previous_hash or "")
    if row is None or not right or row.path_only != (place is KeyPlace.PATH):
        return None
    return camera_check(row, now)


def camera_check(row: Any, now: datetime) -> CameraCheck:
    """The camera of a row with its id, unit and when it was used last."""
    unnoted = row.last_used_at is None or row.last_used_at < now - USED_EVERY
    return CameraCheck(Actor(ActorKind.CAMERA, str(row.id), roles=frozenset({"camera"}), unit=row.unit), unnoted)


async def bank_client(source: Reader, keys: KeyRing, client_id: str) -> BankClient | None:
    """The bank of this client id, disabled ones too (the door refuses them in SNAP's own words); None if unknown."""
    if not client_id.isprintable():
        return None
    row = (await source.execute(_BANK_OF_ID, {"client_id": client_id})).mappings().one_or_none()
    return None if row is None else bank_of_row(keys, row)


async def look_up_bank(db: Database, keys: KeyRing, client_id: str) -> BankClient | None:
    """`bank_client` for a door that many calls come through."""
    if not client_id.isprintable():
        return None
    rows = await db.look(_HOT_BANK, client_id=client_id)
    return bank_of_row(keys, rows[0]) if rows else None


async def active_banks(source: Reader, keys: KeyRing) -> list[BankClient]:
    """Every bank that is not disabled, oldest first: those that can take a payment."""
    query = (
        select(*BANK_COLUMNS)
        .where(col(Credential.kind) == CredentialKind.BANK, col(Credential.disabled_at).is_(None))
        .order_by(col(Credential.created_at), col(Credential.id))
    )
    return [bank_of_row(keys, row) for row in (await source.execute(query)).mappings()]


async def allowed_origins(source: Reader) -> frozenset[str]:
    """The browser origins of all registered apps (CORS)."""
    query = select(col(Credential.allowed_origins)).where(
        col(Credential.kind) == CredentialKind.APP, col(Credential.disabled_at).is_(None)
    )
    return frozenset(origin for (origins,) in await source.execute(query) for origin in origins)


async def mark_used(tx: Tx, credential_id: UUID) -> None:
    """Note that a credential is in use, at most once an hour: an unused one can then be found and disabled."""
    stale = (col(Credential.last_used_at).is_(None)) | (col(Credential.last_used_at) < tx.now - USED_EVERY)
    await tx.session.execute(
        update(Credential).where(col(Credential.id) == credential_id, stale).values(last_used_at=tx.now)
    )


def split_api_key(api_key: str) -> tuple[str, str]:
    """``lk_<client id>_<secret>`` in its two parts; two empty strings for anything else."""
    readable = len(api_key) <= 200 and api_key.isascii() and api_key.isprintable()
    parts = api_key.split("_", 2) if readable else []
    return (parts[1], parts[2]) if len(parts) == 3 and parts[0] == "lk" else ("", "")


def secret_hash(secret: str) -> str:
    """SHA-256 of a high-entropy secret, in hex: what the tables keep of tokens and keys."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


def _new_client_id(prefix: str) -> str:
    return f"{prefix}-" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(12))


def _new_secret() -> str:
    return secrets.token_hex(SECRET_BYTES)


def _seal_secret(keys: KeyRing, client_id: str, secret: str) -> str:
    return keys.seal("tokens", secret.encode(), f"credential:{client_id}".encode())


def _open_secret(keys: KeyRing, client_id: str, sealed: str) -> str:
    return keys.open("tokens", sealed, f"credential:{client_id}".encode()).decode()


def _row(
    tx: Tx, kind: CredentialKind, name: str, client_id: str, *, scopes: Sequence[str] = (), **more: Any
) -> Credential:
    shown = name.strip()
    if not 1 <= len(shown) <= MAX_NAME or not shown.isprintable():
        raise CREDENTIAL_INVALID(why=f"a name has 1 to {MAX_NAME} printable characters")
    return Credential(kind=kind, name=shown, client_id=client_id, scopes=list(scopes), created_at=tx.now, **more)


async def _insert(tx: Tx, row: Credential) -> None:
    tx.session.add(row)
    try:
        await tx.session.flush()
    except IntegrityError as error:
        # Two banks registered at the same moment want the same number: the unique column decides, the operator repeats.
        raise CREDENTIAL_INVALID(why=f"{row.client_id} or its number was taken just now; try again") from error
    await _publish(tx, row, "added")


async def _publish(tx: Tx, row: Credential, change: str) -> None:
    """Who may take money or send pictures is nobody's secret: each change is a leaf of the public log."""
    body = {
        "change": change,
        "credential_kind": row.kind,
        "client_id": row.client_id,
        "name": row.name,
        "unit": row.unit,
        "at": tx.now.isoformat(),
    }
    await transparency.append(tx, "credential", body)


async def _lock(tx: Tx, client_id: str) -> Credential:
    query = (
        select(Credential)
        .where(col(Credential.client_id) == client_id)
        .with_for_update()
        .execution_options(populate_existing=True)
    )
    row = (await tx.session.execute(query)).scalar_one_or_none()
    if row is None:
        raise CREDENTIAL_NOT_FOUND(client_id=client_id[:80])
    return row


async def _check_unit(tx: Tx, unit: str) -> None:
    if await reference.find_unit(tx.session, unit) is None:
        raise CREDENTIAL_INVALID(why=f"there is no unit {unit[:40]!r}")


def _service_id_of_profile(profile: str | None) -> str | None:
    """The number that a bank's profile asks for. Profiles are data (`app/data/reference/bank_profiles.yaml`)."""
    if profile is None:
        return None
    text = files("app").joinpath("data", "reference", "bank_profiles.yaml").read_text("utf-8")
    profiles = yaml.safe_load(text)
    profiles = profiles.get("profiles", profiles)
    if profile not in profiles:
        raise CREDENTIAL_INVALID(why=f"no bank profile {profile[:40]!r}; there are: {', '.join(sorted(profiles))}")
    wanted = profiles[profile].get("partner_service_id")
    return None if wanted is None else str(wanted).strip()


async def _free_service_id(tx: Tx, preferred: str | None) -> str:
    query = select(col(Credential.partner_service_id)).where(col(Credential.partner_service_id).is_not(None))
    taken = set((await tx.session.execute(query)).scalars())
    if preferred and preferred not in taken:
        return preferred
    return next(str(number) for number in range(FIRST_SERVICE_ID, 10**5) if str(number) not in taken)


def _check_public_key(pem: str) -> None:
    try:
        key = load_pem_public_key(pem.encode())
    except (ValueError, TypeError) as error:
        raise CREDENTIAL_INVALID(why="the public key is not a PEM public key") from error
    if not isinstance(key, RSAPublicKey) or key.key_size < MIN_RSA_BITS:
        raise CREDENTIAL_INVALID(why=f"SNAP wants an RSA public key of at least {MIN_RSA_BITS} bits")


def _limited(values: Sequence[str], what: str) -> Sequence[str]:
    if len(values) > MAX_URIS:
        raise CREDENTIAL_INVALID(why=f"at most {MAX_URIS} {what}")
    return values


def _check_redirect_uri(uri: str) -> None:
    parts = urlsplit(uri)
    loopback = parts.scheme == "http" and parts.hostname in {"127.0.0.1", "::1", "localhost"}
    private = bool(_PRIVATE_SCHEME.match(parts.scheme))
    secure = parts.scheme == "https" and bool(parts.hostname)
    if len(uri) > 500 or not uri.isascii() or "#" in uri or "*" in uri or not (secure or loopback or private):
        raise CREDENTIAL_INVALID(why=f"{uri[:80]!r} is no https, loopback or private-scheme redirect URI")


def _check_origin(origin: str) -> None:
    parts = urlsplit(origin)
    if parts.scheme not in {"https", "http"} or not parts.hostname or origin != f"{parts.scheme}://{parts.netloc}":
        raise CREDENTIAL_INVALID(why=f"{origin[:80]!r} is no origin; write it like https://app.example")


_VIEW_COLUMNS = tuple(col(getattr(Credential, each.name)) for each in fields(CredentialView))
BANK_COLUMNS = tuple(
    col(getattr(Credential, name))
    for name in (
        "id",
        "client_id",
        "name",
        "profile",
        "partner_service_id",
        "secret_enc",
        "public_key_pem",
        "disabled_at",
        "previous_enc",
        "previous_until",
    )
)
_BANK_OF_ID = select(*BANK_COLUMNS).where(
    col(Credential.client_id) == bindparam("client_id"), col(Credential.kind) == CredentialKind.BANK
)
_HOT_BANK = HotQuery(_BANK_OF_ID)


def _view(row: RowMapping) -> CredentialView:
    many = {name: tuple(row[name]) for name in ("redirect_uris", "allowed_origins", "scopes")}
    return CredentialView(**{**row, **many, "kind": CredentialKind(row["kind"])})


def bank_of_row(keys: KeyRing, row: Mapping[Any, Any]) -> BankClient:
    """The bank of a row that holds `BANK_COLUMNS`, with its secrets opened."""
    client_id, previous = row["client_id"], row["previous_enc"]
    return BankClient(
        id=row["id"],
        client_id=client_id,
        name=row["name"],
        profile=row["profile"],
        partner_service_id=row["partner_service_id"],
        secret=_open_secret(keys, client_id, row["secret_enc"]),
        public_key_pem=row["public_key_pem"],
        disabled_at=row["disabled_at"],
        previous_secret=None if previous is None else _open_secret(keys, client_id, previous),
        previous_until=row["previous_until"],
    )
