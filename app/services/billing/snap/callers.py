"""Who calls? Nothing is believed, stored or parsed before this is answered.

The order is chosen so that each fault gets its own code: what is missing (400xx02, 401xx03), what is no time (400xx01),
a clock or a replay outside of the window (401xx00 [Timestamp]), the token (401xx01), the caller, the signature.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from app.core.crypto import KeyRing
from app.core.db import Database
from app.services.billing.banks import BankProfile, SignatureType, bank_profile
from app.services.billing.snap import codes, signatures, tokens
from app.services.billing.snap.requests import SnapRefusal
from app.services.billing.snap.times import is_within, parse_timestamp
from app.services.identity.credentials import BankClient, look_up_bank

SIGNATURE, UNKNOWN_CLIENT, TIMESTAMP = "[Signature]", "[Unknown client]", "[Timestamp]"

# The standard says 36 digits; 55 letters and digits have been seen.
_PRINTABLE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e]{0,62}[\x21-\x7e])?", re.ASCII)
_BEARER = re.compile(r"bearer +([\x21-\x7e]{1,2048})", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class SignedCall:
    """A request as it came: `target` is the raw one with its query; header names are lower case.

    `prefix` is what our own proxy has taken off in front of it; a bank's profile may know another.
    """

    method: str
    prefix: str
    target: str
    headers: Mapping[str, Sequence[str]]
    body: bytes

    def path(self, profile: BankProfile) -> str:
        """What this bank has signed: the path as it wrote it."""
        return (self.prefix if profile.path_prefix is None else profile.path_prefix) + self.target


@dataclass(frozen=True, slots=True)
class Caller:
    """A bank that has proved itself, and how its clock differs from ours."""

    bank: BankClient
    profile: BankProfile
    skew_s: float


@dataclass(frozen=True, slots=True)
class TransactionCaller(Caller):
    """A proven bank with the ids of its call. `unheard`: an answer of ours to it may have been lost."""

    external_id: str
    channel_id: str
    unheard: bool = True


@dataclass(frozen=True, slots=True)
class _Signed:
    """What a signature of type 1 covers beside method and body, and the signature itself."""

    path: str
    token: str
    timestamp: str
    signature: str


async def prove_token_request(db: Database, keys: KeyRing, call: SignedCall, now: datetime) -> Caller:
    """The bank that signed a token request with its RSA key. Raises `SnapRefusal`.

    An unknown client and a wrong signature take the same time.
    """
    client_id = _header(call, "X-CLIENT-KEY")
    timestamp, at = _timestamp(call)
    signature = _header(call, "X-SIGNATURE")
    bank = await look_up_bank(db, keys, client_id)
    known = bank if bank is not None and bank.disabled_at is None else None
    profile = bank_profile(known.profile if known else None)
    _check_clock(at, now, profile, known)
    text = signatures.token_string_to_sign(client_id, timestamp)
    signed = signatures.rsa_is_valid(known.public_key_pem if known else None, text, signature)
    if known is None:
        raise SnapRefusal(codes.UNAUTHORIZED, UNKNOWN_CLIENT)
    if not signed:
        raise SnapRefusal(codes.UNAUTHORIZED, SIGNATURE, bank=known.client_id)
    return Caller(known, profile, (at - now).total_seconds())


async def prove_transaction(db: Database, keys: KeyRing, call: SignedCall, now: datetime) -> TransactionCaller:
    """The bank that signed a transaction, by access token and HMAC, or by RSA where its profile says so.

    Raises `SnapRefusal`.
    """
    partner_id = _first(call, "X-PARTNER-ID")
    bank, owner = await tokens.look_up_both(db, keys, partner_id, _token(call), now)
    known = bank if bank is not None and bank.disabled_at is None else None
    profile = bank_profile(known.profile if known else None)
    by_token = profile.signature is SignatureType.SYMMETRIC
    token = _bearer(call) if by_token else ""
    timestamp, at = _timestamp(call)
    signature = _header(call, "X-SIGNATURE")
    _header(call, "X-PARTNER-ID")
    external_id, channel_id = _printable(call, "X-EXTERNAL-ID"), _printable(call, "CHANNEL-ID")
    _check_clock(at, now, profile, known)
    unheard = True
    if by_token:
        signed = _Signed(call.path(profile), token, timestamp, signature)
        await _check_token(db, keys, call, known, owner, signed=signed, now=now)
        unheard = owner is not None and owner.unheard
    if known is None:
        raise SnapRefusal(codes.UNAUTHORIZED, UNKNOWN_CLIENT)
    if not by_token:
        text = signatures.asymmetric_string_to_sign(call.method, call.path(profile), call.body, timestamp)
        if not signatures.rsa_is_valid(known.public_key_pem, text, signature):
            if owner is not None and owner.client_id != known.client_id:  # a bank with a token, in this one's name
                signed = _Signed(call.path(profile), _token(call), timestamp, signature)
                await _check_token(db, keys, call, known, owner, signed=signed, now=now)
            raise SnapRefusal(codes.UNAUTHORIZED, SIGNATURE, bank=known.client_id)
    return TransactionCaller(known, profile, (at - now).total_seconds(), external_id, channel_id, unheard)


def _check_clock(at: datetime, now: datetime, profile: BankProfile, known: BankClient | None) -> None:
    if not is_within(at, now, profile.tolerance_s):
        bank, skew_s = known.client_id if known else None, (at - now).total_seconds()
        raise SnapRefusal(codes.UNAUTHORIZED, TIMESTAMP, bank=bank, skew_s=skew_s)


async def _check_token(
    db: Database,
    keys: KeyRing,
    call: SignedCall,
    known: BankClient | None,
    its: tokens.Owner | None,
    *,
    signed: _Signed,
    now: datetime,
) -> None:
    """Raises `SnapRefusal` for a bad token or signature; `its` is whose token it is."""
    owner_id = its.client_id if its else None
    same = known is not None and known.client_id == owner_id
    owner = known if same else await look_up_bank(db, keys, owner_id) if owner_id else None
    bank = known.client_id if known else None
    if owner is None or owner.disabled_at is not None:
        raise SnapRefusal(codes.INVALID_TOKEN, bank=bank)
    text = signatures.symmetric_string_to_sign(call.method, signed.path, signed.token, call.body, signed.timestamp)
    right = any(signatures.hmac_is_valid(secret, text, signed.signature) for secret in owner.secrets_at(now))
    if not same:
        # The token's own bank under another's name, or somebody with another's token: told apart by the signature.
        case = (codes.UNAUTHORIZED, UNKNOWN_CLIENT) if right else (codes.INVALID_TOKEN, None)
        raise SnapRefusal(*case, bank=bank, proven=owner.client_id if right else None)
    if not right:
        raise SnapRefusal(codes.UNAUTHORIZED, SIGNATURE, bank=bank)


def _bearer(call: SignedCall) -> str:
    value = _first(call, "Authorization")
    if not value:
        raise SnapRefusal(codes.TOKEN_NOT_FOUND)
    token = _token(call)
    if not token:
        raise SnapRefusal(codes.INVALID_TOKEN)
    return token


def _token(call: SignedCall) -> str:
    """The access token, if there is one that could be ours; what is wrong with it `_bearer` says."""
    values = call.headers.get("authorization", ())
    found = _BEARER.fullmatch(values[0]) if len(values) == 1 else None
    return found[1] if found else ""


def _timestamp(call: SignedCall) -> tuple[str, datetime]:
    text = _header(call, "X-TIMESTAMP")
    at = parse_timestamp(text)
    if at is None:
        raise SnapRefusal(codes.INVALID_FIELD_FORMAT, "X-TIMESTAMP")
    return text, at


def _printable(call: SignedCall, name: str) -> str:
    value = _header(call, name)
    if _PRINTABLE.fullmatch(value) is None:
        raise SnapRefusal(codes.INVALID_FIELD_FORMAT, name)
    return value


def _header(call: SignedCall, name: str) -> str:
    value = _first(call, name)
    if not value:
        raise SnapRefusal(codes.INVALID_MANDATORY_FIELD, name)
    return value


def _first(call: SignedCall, name: str) -> str:
    values = call.headers.get(name.lower(), ())
    if len(values) > 1:  # two readers could take different ones
        raise SnapRefusal(codes.INVALID_FIELD_FORMAT, name)
    return values[0] if values else ""
