"""A stored file as chunks of lines, read in a thread: the event loop goes on, and memory does not grow with the file."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass
from itertools import islice
from typing import BinaryIO, cast

from app.core.house import House
from app.services.billing.banks import bank_profile
from app.services.billing.settlement.formats import read_statement
from app.services.billing.settlement.lines import (
    FileKind,
    StatementFoot,
    StatementHead,
    StatementLine,
    StatementPart,
)
from app.services.billing.settlement.models import SettlementFile
from app.services.billing.settlement.originals import open_original

CHUNK = 1000
"""Lines that are booked in one transaction, by one ledger entry. Larger ones hold locks longer and save little."""


@dataclass(frozen=True, slots=True)
class Chunk:
    """Lines of one statement, in the file's order; `bytes_done` is how far the file is read by then."""

    lines: list[StatementLine]
    bytes_done: int


Part = StatementHead | Chunk | StatementFoot


async def read_file(house: House, file: SettlementFile, profile: str | None) -> AsyncIterator[Part]:
    """Heads, chunks and feet of a stored file. Raises `BadStatement`, at the latest at the end, and what
    `originals.open_original` raises."""
    source = _Counted(await open_original(house, file))
    parts = read_statement(cast(BinaryIO, source), FileKind(file.kind), bank_profile(profile).settlement)
    try:
        while taken := await asyncio.to_thread(lambda: list(islice(parts, CHUNK))):
            for part in _grouped(taken, source.count):
                yield part
    finally:
        source.close()


def first_lines(source: BinaryIO, kind: FileKind, profile: str | None, limit: int) -> list[StatementLine]:
    """The first lines of a file. Raises `BadStatement`."""
    parts = read_statement(source, kind, bank_profile(profile).settlement)
    return list(islice((part for part in parts if isinstance(part, StatementLine)), limit))


def _grouped(parts: list[StatementPart], count: int) -> Iterator[Part]:
    lines: list[StatementLine] = []
    for part in parts:
        if isinstance(part, StatementLine):
            lines.append(part)
            continue
        if lines:
            yield Chunk(lines, count)
            lines = []
        yield part
    if lines:
        yield Chunk(lines, count)


class _Counted:
    """A stream that knows how much of it was read, for the progress bar."""

    def __init__(self, source: BinaryIO) -> None:
        self._source, self.count, self.closed = source, 0, False

    def read(self, size: int = -1) -> bytes:
        data = self._source.read(size)
        self.count += len(data)
        return data

    def readline(self, size: int = -1) -> bytes:
        data = self._source.readline(size)
        self.count += len(data)
        return data

    def close(self) -> None:
        self.closed = True
        self._source.close()
