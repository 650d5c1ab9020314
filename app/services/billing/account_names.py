"""Whose account is it? One question behind one protocol: a bank's account inquiry, or an embedded table.

Asked between transactions. The real one is SNAP's account inquiry external (service 16), reached through a gateway that
holds the bank's contract and signs for us; the table serves a sandbox, and says that it does not know.
"""

from dataclasses import dataclass
from enum import StrEnum
from http import HTTPStatus
from typing import Protocol

from pydantic import BaseModel, ValidationError
from sqlalchemy import select
from sqlmodel import col

from app.core import vault
from app.core.config import Settings
from app.core.crypto import KeyRing
from app.core.db import Database, Tx
from app.core.ids import new_id
from app.core.upstream import Upstream
from app.services.billing.refund_models import KnownAccount
from app.services.billing.refund_problems import ACCOUNT_ANSWER_WRONG

PATH = "/v1.0/account-inquiry-external"
TIMEOUT_S = 5.0
MAX_CONCURRENT = 4
_NOT_FOUND = "4041611"
"""Invalid Account, of service 16: the bank knows no such account."""


class Holder(StrEnum):
    """What a bank can say of an account: whose it is, that there is none, or nothing."""

    KNOWN = "known"
    NO_ACCOUNT = "no_account"
    NOT_SAID = "not_said"


@dataclass(frozen=True, slots=True)
class NameAnswer:
    """The answer; `name` is the holder's where it is known."""

    holder: Holder
    name: str | None = None


class AccountNames(Protocol):
    """Who can be asked for the holder of an account."""

    async def find(self, bank_code: str, number: str) -> NameAnswer:
        """The holder's name as the bank writes it. Raises UPSTREAM_UNAVAILABLE and BUSY when nobody answers now."""
        ...

    async def aclose(self) -> None:
        """Close the connections."""
        ...


class TableNames:
    """`AccountNames` on the embedded table. An account that is not in it is one of which nothing is said."""

    def __init__(self, db: Database, keys: KeyRing) -> None:
        self._db, self._keys = db, keys

    async def find(self, bank_code: str, number: str) -> NameAnswer:
        """See `AccountNames.find`."""
        query = select(col(KnownAccount.key_id), col(KnownAccount.name_enc)).where(
            col(KnownAccount.account_bidx) == _index(self._keys, bank_code, number)
        )
        async with self._db.read() as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                return NameAnswer(Holder.NOT_SAID)
            opened = await vault.open_(connection, self._keys, row.key_id, {"name": row.name_enc})
        return NameAnswer(Holder.KNOWN, opened["name"]) if opened["name"] else NameAnswer(Holder.NOT_SAID)

    async def aclose(self) -> None:
        """Nothing is held open."""


class HttpNames:
    """`AccountNames` by HTTP: the body and the answer of SNAP's service 16, with a bearer token."""

    def __init__(self, base_url: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        self._upstream = Upstream(
            "account inquiry", base_url, timeout_s=timeout_s, max_concurrent=MAX_CONCURRENT, headers=headers
        )

    async def find(self, bank_code: str, number: str) -> NameAnswer:
        """See `AccountNames.find`. Raises ACCOUNT_ANSWER_WRONG for what is no answer to this question."""
        body = {
            "partnerReferenceNo": new_id().hex,
            "beneficiaryBankCode": bank_code,
            "beneficiaryAccountNo": number,
        }
        answer = await self._upstream.request("POST", PATH, json=body)
        try:
            said = _Said.model_validate_json(answer.content)
        except ValidationError as error:
            raise ACCOUNT_ANSWER_WRONG(status=answer.status_code) from error
        if said.responseCode == _NOT_FOUND:
            return NameAnswer(Holder.NO_ACCOUNT)
        name = (said.beneficiaryAccountName or "").strip()
        if answer.status_code != HTTPStatus.OK or said.beneficiaryAccountNo != number or not name:
            # An answer about another account must not let money go to this one.
            raise ACCOUNT_ANSWER_WRONG(status=answer.status_code)
        return NameAnswer(Holder.KNOWN, name[:100])

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()


class _Said(BaseModel):
    responseCode: str
    beneficiaryAccountNo: str | None = None
    beneficiaryAccountName: str | None = None


def build_account_names(settings: Settings, db: Database, keys: KeyRing) -> AccountNames:
    """The inquiry behind LOKET_ACCOUNT_INQUIRY_URL, or the embedded table where none is set."""
    if settings.account_inquiry_url:
        return HttpNames(settings.account_inquiry_url, settings.account_inquiry_token)
    return TableNames(db, keys)


async def enter_known_account(tx: Tx, *, bank_code: str, number: str, name: str) -> None:
    """Put an account into the embedded table, or give it another holder."""
    bidx = _index(tx.house.keys, bank_code, number)
    found = await tx.session.execute(select(KnownAccount).where(col(KnownAccount.account_bidx) == bidx))
    row = found.scalar_one_or_none()
    key_id = row.key_id if row is not None else await vault.key_for_person(tx, None)
    sealed = await vault.seal(tx, key_id, {"name": name})
    if row is None:
        row = KnownAccount(account_bidx=bidx, key_id=key_id)
        tx.session.add(row)
    row.name_enc = sealed["name"]
    await tx.session.flush()


def _index(keys: KeyRing, bank_code: str, number: str) -> str:
    return keys.blind_index("bank_account", f"{bank_code}:{number}")
