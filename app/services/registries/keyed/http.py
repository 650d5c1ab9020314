"""A register over HTTP, for one that stands elsewhere. The contract is small, JSON and ours to publish:

``GET /{register}/{key}`` answers 200 ``{"key": ..., "records": [...]}``, or 404; ``PUT /{register}/{key}`` with an
``Idempotency-Key`` and ``{"record": ...}`` enters one and answers 2xx, or 409 for a key that came with another record.
Both with a bearer token. docs/how-to/connect-a-register.md has it in full.
"""

from http import HTTPStatus
from typing import Generic, TypeVar
from urllib.parse import quote

import orjson
from pydantic import BaseModel, JsonValue

from app.core.upstream import Upstream
from app.services.registries.keyed.kinds import RegisterKind
from app.services.registries.keyed.records import Record
from app.services.registries.problems import REGISTRY_ANSWER_WRONG, REGISTRY_REQUEST_REUSED

R = TypeVar("R", bound=Record)
TIMEOUT_S = 4.0
MAX_CONCURRENT = 16
MAX_ANSWER_BYTES = 64 * 1024
MAX_RECORDS = 20


class _Answer(BaseModel):
    key: str
    records: list[JsonValue]


class HttpRegister(Generic[R]):
    """`RegisterAdapter` on somebody else's server."""

    def __init__(self, kind: RegisterKind[R], base_url: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._kind = kind
        self._upstream = Upstream(
            kind.title.en,
            base_url,
            timeout_s=timeout_s,
            max_concurrent=MAX_CONCURRENT,
            max_answer_bytes=MAX_ANSWER_BYTES,
            headers={"Authorization": f"Bearer {token}"} if token else {},
        )

    async def find(self, key: str) -> tuple[R, ...]:
        """See `RegisterAdapter.find`. Raises UPSTREAM_UNAVAILABLE, BUSY, REGISTRY_ANSWER_WRONG."""
        answer = await self._upstream.request("GET", self._path(key))
        if answer.status_code == HTTPStatus.NOT_FOUND:
            return ()
        try:
            if answer.status_code != HTTPStatus.OK:
                raise ValueError("unexpected status")
            return self._read(key, answer.content)
        except ValueError:
            # Not chained: what is wrong with the answer quotes it, and it is about a person.
            raise REGISTRY_ANSWER_WRONG(name=self._kind.title, status=answer.status_code) from None

    async def record(self, key: str, record: R, request_id: str) -> None:
        """See `RegisterAdapter.record`. Raises UPSTREAM_UNAVAILABLE, BUSY, REGISTRY_ANSWER_WRONG."""
        answer = await self._upstream.request(
            "PUT",
            self._path(key),
            content=b'{"record":%b}' % self._kind.written(record).encode(),
            headers={"Idempotency-Key": request_id, "Content-Type": "application/json"},
        )
        if answer.status_code == HTTPStatus.CONFLICT:
            raise REGISTRY_REQUEST_REUSED(name=self._kind.title)
        if not answer.is_success:
            raise REGISTRY_ANSWER_WRONG(name=self._kind.title, status=answer.status_code)

    async def aclose(self) -> None:
        """Close the connections."""
        await self._upstream.aclose()

    def _read(self, key: str, content: bytes) -> tuple[R, ...]:
        answer = _Answer.model_validate_json(content)
        # An answer about somebody else than was asked about must not decide this case.
        if answer.key != key or len(answer.records) > (MAX_RECORDS if self._kind.part_of else 1):
            raise ValueError("another key, or too many records")
        read = tuple(self._kind.read(orjson.dumps(each)) for each in answer.records)
        if len({self._kind.part(each) for each in read}) != len(read):
            raise ValueError("two records of one class")
        return tuple(sorted(read, key=self._kind.part))

    def _path(self, key: str) -> str:
        return f"/{self._kind.name}/{quote(key, safe='')}"
