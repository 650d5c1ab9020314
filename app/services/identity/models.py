"""Tables of identity: who may come in, and by what proof. Nobody outside this room writes them.

Names, addresses and numbers of people are ciphertexts (``_enc``) under a data key of their own (`core/vault`) and are
found by blind index (``_bidx``); secrets are hashes, or sealed where the protocol needs them back (SNAP's HMAC).
"""

from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, Index
from sqlmodel import Field

from app.core.db import JsonColumn, Table, UtcDateTime
from app.core.ids import new_id


class Credential(Table, table=True):
    """What a program proves itself with: a camera's key, a bank's SNAP pair, an app's OAuth registration."""

    __tablename__ = "credentials"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    kind: str
    name: str
    client_id: str = Field(unique=True)
    unit: str | None = None
    path_only: bool = False
    secret_hash: str | None = None
    secret_enc: str | None = None
    previous_hash: str | None = None
    previous_enc: str | None = None
    previous_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    public_key_pem: str | None = None
    profile: str | None = None
    partner_service_id: str | None = Field(default=None, unique=True)
    redirect_uris: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    allowed_origins: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    scopes: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    created_at: datetime = Field(sa_type=UtcDateTime)
    rotated_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    last_used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class PartnerKey(Table, table=True):
    """An RSA key by which banks know us when we call them. A newer one serves the banks that were connected after it."""

    __tablename__ = "partner_keys"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    public_key_pem: str
    private_enc: str
    created_at: datetime = Field(sa_type=UtcDateTime)


class BankConnection(Table, table=True):
    """How we call a bank that calls us: where, as whom, and signed with which of our keys.

    `client_id` and `secret_enc` are ours at that bank. `partner_id` goes into X-PARTNER-ID, `channel_id` into CHANNEL-ID.
    """

    __tablename__ = "bank_connections"

    credential_id: UUID = Field(foreign_key="credentials.id", primary_key=True)
    base_url: str
    client_id: str
    partner_id: str
    channel_id: str
    secret_enc: str
    key_id: UUID = Field(foreign_key="partner_keys.id")
    connected_at: datetime = Field(sa_type=UtcDateTime)


class StaffMember(Table, table=True):
    """A member of the police who works in this software: unit, roles, and how they prove themselves.

    `draw_weight` is how many lots they have when a case is drawn; none with 0.
    """

    __tablename__ = "staff"
    __table_args__ = (CheckConstraint("draw_weight BETWEEN 0 AND 100", name="draw_weight"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    key_id: UUID = Field(foreign_key="data_keys.id")
    email_enc: str | None = None
    email_bidx: str | None = Field(default=None, unique=True)
    external_subject: str | None = Field(default=None, unique=True)
    unit: str = Field(index=True)
    roles: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    draw_weight: int = Field(default=1, sa_column_kwargs={"server_default": "1"})
    password_hash: str | None = None
    password_temporary: bool = True
    totp_enc: str | None = None
    totp_confirmed_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    totp_last_step: int = 0
    failures: int = 0
    locked_until: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    disabled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class StaffAbsence(Table, table=True):
    """Days, both included, in the unit's own zone, on which no case is drawn to a member of staff. Why is not kept."""

    __tablename__ = "staff_absences"
    __table_args__ = (CheckConstraint("first_on <= last_on", name="order"),)

    id: UUID = Field(default_factory=new_id, primary_key=True)
    staff_id: UUID = Field(foreign_key="staff.id", index=True)
    first_on: date
    last_on: date
    noted_at: datetime = Field(sa_type=UtcDateTime)
    cancelled_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class Person(Table, table=True):
    """A citizen's account: one contact that signs in, and the NIK it was bound to, if any."""

    __tablename__ = "people"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    key_id: UUID = Field(foreign_key="data_keys.id")
    contact_bidx: str | None = Field(default=None, unique=True)
    external_subject: str | None = Field(default=None, unique=True)
    phone_enc: str | None = None
    email_enc: str | None = None
    nik_bidx: str | None = Field(default=None, unique=True)
    nik_enc: str | None = None
    name_enc: str | None = None
    bound_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    signed_in_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OneTimeCode(Table, table=True):
    """A six-digit code that was sent to somebody, by what it is for. The row exists even where nothing was sent."""

    __tablename__ = "one_time_codes"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    purpose: str
    about: str
    key_id: UUID | None = Field(default=None, foreign_key="data_keys.id")
    held_enc: dict[str, str | None] = Field(default_factory=dict, sa_type=JsonColumn)
    code_hash: str
    tries: int = 0
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)

    __table_args__ = (Index("ix_one_time_codes_purpose_about", "purpose", "about"),)


class BrowserSession(Table, table=True):
    """A signed-in browser. The cookie holds a random token, of which only the hash is kept."""

    __tablename__ = "browser_sessions"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    token_hash: str = Field(unique=True)
    subject_kind: str
    subject_id: UUID = Field(index=True)
    amr: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    created_at: datetime = Field(sa_type=UtcDateTime)
    seen_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class OAuthGrant(Table, table=True):
    """What a person let an app do: the family of one code, its access tokens and its chain of refresh tokens."""

    __tablename__ = "oauth_grants"

    id: UUID = Field(default_factory=new_id, primary_key=True)
    client_id: str
    subject_kind: str
    subject_id: UUID = Field(index=True)
    session_id: UUID | None = None
    scope: str
    amr: list[str] = Field(default_factory=list, sa_type=JsonColumn)
    auth_time: datetime = Field(sa_type=UtcDateTime)
    created_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    revoked_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
    revoked_why: str | None = None


class OAuthCode(Table, table=True):
    """An authorization code (RFC 6749 4.1), once usable, bound to redirect URI and PKCE challenge (RFC 7636)."""

    __tablename__ = "oauth_codes"

    code_hash: str = Field(primary_key=True)
    grant_id: UUID = Field(foreign_key="oauth_grants.id", index=True)
    redirect_uri: str
    nonce: str | None = None
    code_challenge: str
    code_challenge_method: str
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class RefreshToken(Table, table=True):
    """One link of a chain of refresh tokens. Kept after use, so that a second use is seen for the theft it may be."""

    __tablename__ = "refresh_tokens"

    token_hash: str = Field(primary_key=True)
    grant_id: UUID = Field(foreign_key="oauth_grants.id", index=True)
    scope: str
    issued_at: datetime = Field(sa_type=UtcDateTime)
    expires_at: datetime = Field(sa_type=UtcDateTime, index=True)
    used_at: datetime | None = Field(default=None, sa_type=UtcDateTime)


class SigningKey(Table, table=True):
    """An ES256 key that signs tokens. The newest unretired one signs; a retired one is published until its tokens died."""

    __tablename__ = "signing_keys"

    kid: str = Field(primary_key=True)
    public_jwk: dict[str, Any] = Field(sa_type=JsonColumn)
    private_enc: str
    created_at: datetime = Field(sa_type=UtcDateTime)
    retired_at: datetime | None = Field(default=None, sa_type=UtcDateTime)
