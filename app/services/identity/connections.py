"""How we call a bank back (SNAP BI, the partner's side): its address, our id and secret there, and our RSA key.

A bank must know our public key before it can give us a token. So `loket keys bank` shows it first, `loket client connect`
comes after, and a new key serves only the banks that are connected again: each bank changes over when it is ready.
Secret and private key lie sealed under the tokens ring.
"""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from sqlalchemy import RowMapping, Select, delete, select
from sqlmodel import col

from app.core.crypto import KeyRing
from app.core.db import Tx
from app.core.ids import new_id
from app.services.identity.credentials import CredentialKind, Reader
from app.services.identity.models import BankConnection, Credential, PartnerKey
from app.services.identity.problems import CONNECTION_INVALID, CREDENTIAL_NOT_FOUND

RSA_BITS = 2048
MAX_URL = 200
MAX_ID = 64
MAX_SECRET = 512
DEFAULT_CHANNEL = "95221"


@dataclass(frozen=True, slots=True)
class OurKey:
    """Our public key, as a bank gets it."""

    id: UUID
    public_key_pem: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Connection:
    """All that a call to one bank needs. `bank` is the id under which that bank calls us."""

    bank: str
    name: str
    profile: str | None
    partner_service_id: str
    base_url: str
    client_id: str
    partner_id: str
    channel_id: str
    secret: str = field(repr=False)
    private_key_pem: str = field(repr=False)
    key_id: UUID
    connected_at: datetime


async def connect(
    tx: Tx,
    name: str,
    *,
    base_url: str,
    client_id: str,
    secret: str,
    partner_id: str | None = None,
    channel_id: str | None = None,
) -> str:
    """Note how to call a bank, instead of what was noted before; returns the id under which the bank calls us.

    `name` is the bank's name or that id. It is called with our newest key. Raises CREDENTIAL_NOT_FOUND and
    CONNECTION_INVALID.
    """
    bank = await _find_bank(tx, name)
    _check_url(base_url)
    for what, value in (("client id", client_id), ("partner id", partner_id), ("channel id", channel_id)):
        _check_printable(what, value, MAX_ID)
    _check_printable("secret", secret, MAX_SECRET)
    key = await our_key(tx)
    await tx.session.execute(delete(BankConnection).where(col(BankConnection.credential_id) == bank.id))
    tx.session.add(
        BankConnection(
            credential_id=bank.id,
            base_url=base_url.rstrip("/"),
            client_id=client_id,
            partner_id=partner_id or client_id,
            channel_id=channel_id or DEFAULT_CHANNEL,
            secret_enc=tx.house.keys.seal("tokens", secret.encode(), _aad("connection", bank.id)),
            key_id=key.id,
            connected_at=tx.now,
        )
    )
    await tx.session.flush()
    return bank.client_id


async def disconnect(tx: Tx, name: str) -> bool:
    """Forget how to call a bank; whether anything was noted. Raises CREDENTIAL_NOT_FOUND."""
    bank = await _find_bank(tx, name)
    gone = delete(BankConnection).where(col(BankConnection.credential_id) == bank.id)
    found = await tx.session.execute(gone.returning(col(BankConnection.credential_id)))
    return found.first() is not None


async def bank_named(tx: Tx, name: str) -> str:
    """The client id of the active bank with this name or id. Raises CREDENTIAL_NOT_FOUND, CONNECTION_INVALID."""
    return (await _find_bank(tx, name)).client_id


async def connection_of(source: Reader, keys: KeyRing, bank: str) -> Connection | None:
    """How to call this bank; None where nobody has connected it, or it is disabled."""
    row = (await source.execute(_CONNECTED.where(col(Credential.client_id) == bank))).mappings().one_or_none()
    return None if row is None else _connection(keys, row)


async def connections(source: Reader, keys: KeyRing) -> list[Connection]:
    """Every bank that we can call, by name."""
    rows = (await source.execute(_CONNECTED.order_by(col(Credential.name), col(Credential.client_id)))).mappings()
    return [_connection(keys, row) for row in rows]


async def our_key(tx: Tx) -> OurKey:
    """Our newest public key, made when there is none yet."""
    query = select(col(PartnerKey.id), col(PartnerKey.public_key_pem), col(PartnerKey.created_at))
    newest = query.order_by(col(PartnerKey.created_at).desc(), col(PartnerKey.id).desc()).limit(1)
    row = (await tx.session.execute(newest)).one_or_none()
    return OurKey(*row) if row is not None else await new_key(tx)


async def new_key(tx: Tx) -> OurKey:
    """Make a key of ours. Banks go on being called with the older one until they are connected again."""
    key, key_id = rsa.generate_private_key(public_exponent=65537, key_size=RSA_BITS), new_id()
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    private = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    sealed = tx.house.keys.seal("tokens", private, _aad("partner key", key_id))
    tx.session.add(PartnerKey(id=key_id, public_key_pem=public, private_enc=sealed, created_at=tx.now))
    await tx.session.flush()
    return OurKey(key_id, public, tx.now)


_CONNECTED: Select[*tuple[Any, ...]] = (
    select(
        col(Credential.id),
        col(Credential.client_id).label("bank"),
        col(Credential.name),
        col(Credential.profile),
        col(Credential.partner_service_id),
        col(BankConnection.base_url),
        col(BankConnection.client_id),
        col(BankConnection.partner_id),
        col(BankConnection.channel_id),
        col(BankConnection.secret_enc),
        col(BankConnection.key_id),
        col(BankConnection.connected_at),
        col(PartnerKey.private_enc),
    )
    .join(BankConnection, col(BankConnection.credential_id) == col(Credential.id))
    .join(PartnerKey, col(PartnerKey.id) == col(BankConnection.key_id))
    .where(col(Credential.disabled_at).is_(None))
)


def _connection(keys: KeyRing, row: RowMapping) -> Connection:
    same = ("bank", "name", "profile", "base_url", "client_id", "partner_id", "channel_id", "key_id", "connected_at")
    return Connection(
        **{name: row[name] for name in same},
        partner_service_id=(row["partner_service_id"] or "").strip(),
        secret=keys.open("tokens", row["secret_enc"], _aad("connection", row["id"])).decode(),
        private_key_pem=keys.open("tokens", row["private_enc"], _aad("partner key", row["key_id"])).decode(),
    )


async def _find_bank(tx: Tx, name: str) -> Credential:
    query = select(Credential).where(col(Credential.kind) == CredentialKind.BANK, col(Credential.disabled_at).is_(None))
    banks = (await tx.session.execute(query.with_for_update())).scalars().all()
    wanted = name.strip().casefold()
    found = [bank for bank in banks if wanted in (bank.name.casefold(), bank.client_id)]
    if len(found) > 1:
        raise CONNECTION_INVALID(why=f"{len(found)} banks are called {name[:80]!r}; give the client id")
    if not found:
        raise CREDENTIAL_NOT_FOUND(client_id=name[:80])
    return found[0]


def _check_url(url: str) -> None:
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port  # reading the port is what checks it
    except ValueError:
        raise CONNECTION_INVALID(why=f"{url[:80]!r} is no URL") from None
    safe = parts.scheme == "https" or (parts.scheme == "http" and host in {"127.0.0.1", "::1", "localhost"})
    plain = url.isascii() and url.isprintable() and " " not in url and not (parts.query or parts.fragment)
    if not (safe and plain and host) or "@" in parts.netloc or len(url) > MAX_URL:
        raise CONNECTION_INVALID(why=f"{url[:80]!r} is no https address (http only on this machine) without a query")


def _check_printable(what: str, value: str | None, most: int) -> None:
    if value is not None and not (
        1 <= len(value) <= most and value.isascii() and value.isprintable() and value.strip()
    ):
        raise CONNECTION_INVALID(why=f"the {what} must be 1 to {most} printable characters")


def _aad(what: str, key: UUID) -> bytes:
    return f"{what} {key}".encode()
