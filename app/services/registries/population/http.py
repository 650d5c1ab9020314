"""The population register over HTTP, for one that stands elsewhere. The contract is small, JSON and ours to publish:

``GET /population/{nik}`` answers 200 with the person, or 404; with a bearer token. Date of birth and family card are compared
here, in constant time, so that the register needs to know nothing of what somebody typed.
"""

from datetime import date
from http import HTTPStatus
from typing import Annotated, Literal
from urllib.parse import quote

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from app.core.contacts import parse_email, parse_mobile
from app.core.texts import Text
from app.core.upstream import Upstream
from app.services.registries.nik import Nik, Sex
from app.services.registries.population.port import Citizenship, PersonRecord, belongs_together
from app.services.registries.problems import REGISTRY_ANSWER_WRONG

NAME = Text("Register kependudukan", "The population register")
TIMEOUT_S = 4.0
MAX_CONCURRENT = 16
MAX_ANSWER_BYTES = 16 * 1024
MAX_GUARDIANS = 8

_Digits = Annotated[str, StringConstraints(pattern=r"^[0-9]{16}$")]
_Line = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=True)]


class _PersonAnswer(BaseModel):
    model_config = ConfigDict(strict=True)

    nik: str
    name: _Line
    born_on: date
    kk_no: _Digits
    address: _Line
    phone: str | None = None
    email: str | None = None
    sex: Literal["L", "P"] | None = None
    citizenship: Citizenship = Citizenship.WNI
    guardians: Annotated[list[_Digits], Field(max_length=MAX_GUARDIANS)] = []


class HttpPopulation:
    """`PopulationRegistry` on somebody else's server."""

    def __init__(self, base_url: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._upstream = Upstream(
            NAME.en,
            base_url,
            timeout_s=timeout_s,
            max_concurrent=MAX_CONCURRENT,
            max_answer_bytes=MAX_ANSWER_BYTES,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    async def check(self, nik: str, born_on: date, kk_no: str) -> PersonRecord | None:
        """See `PopulationRegistry.check`. Raises UPSTREAM_UNAVAILABLE, BUSY, REGISTRY_ANSWER_WRONG."""
        found = await self._ask(nik)
        kept = (found.born_on.isoformat(), found.kk_no) if found else (None, None)
        together = belongs_together(kept, born_on, kk_no)
        return _person(found) if found is not None and together else None

    async def find(self, nik: str) -> PersonRecord | None:
        """See `PopulationRegistry.find`. Raises UPSTREAM_UNAVAILABLE, BUSY, REGISTRY_ANSWER_WRONG."""
        found = await self._ask(nik)
        return None if found is None else _person(found)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()

    async def _ask(self, nik: str) -> _PersonAnswer | None:
        if Nik.parse(nik) is None:
            return None
        answer = await self._upstream.request("GET", f"/population/{quote(nik, safe='')}")
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return None
        try:
            if answer.status_code != HTTPStatus.OK:
                raise ValueError("unexpected status")
            read = _PersonAnswer.model_validate_json(answer.content)
            # An answer about somebody else than was asked about must bind nobody's account.
            if read.nik != nik:
                raise ValueError("another NIK")
        except ValueError:
            # Not chained: what is wrong with the answer quotes it, and it is about a person.
            raise REGISTRY_ANSWER_WRONG(name=NAME, status=answer.status_code) from None
        return read


def _person(read: _PersonAnswer) -> PersonRecord:
    sexes = {"L": Sex.MALE, "P": Sex.FEMALE}
    return PersonRecord(
        nik=read.nik,
        name=read.name,
        born_on=read.born_on,
        address=read.address,
        sex=sexes[read.sex] if read.sex else Nik(read.nik).sex,
        phone=parse_mobile(read.phone or ""),
        email=parse_email(read.email or ""),
        citizenship=read.citizenship,
        guardians=tuple(read.guardians),
    )
