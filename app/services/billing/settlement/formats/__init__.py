"""Readers of statement files: CSV by a bank's columns, SWIFT MT940, ISO 20022 camt.053.

A reader is a generator over a stream; memory does not grow with the file.
"""

from collections.abc import Callable, Iterator
from typing import BinaryIO

from app.services.billing.settlement.formats import camt053, csv_lines, mt940
from app.services.billing.settlement.formats.values import checked
from app.services.billing.settlement.lines import BadStatement, ColumnMap, FileKind, StatementPart

_READERS: dict[FileKind, Callable[[BinaryIO, ColumnMap], Iterator[StatementPart]]] = {
    FileKind.CSV: csv_lines.read,
    FileKind.MT940: mt940.read,
    FileKind.CAMT053: camt053.read,
}


def read_statement(source: BinaryIO, kind: FileKind, columns: ColumnMap) -> Iterator[StatementPart]:
    """Every statement of a file: head, lines, foot, and again. `columns` is the bank profile's.

    Raises `BadStatement` while being read, at the latest at the end: keep lines aside until then.
    """
    return checked(_READERS[kind](source, columns))


def kind_of(first_bytes: bytes) -> FileKind:
    """Which kind of file begins like this (1,000 bytes are enough). Raises `BadStatement` for what is none."""
    text = first_bytes.removeprefix(b"\xef\xbb\xbf").lstrip(b"\x01 \t\r\n")
    if not text:
        raise BadStatement("berkas kosong", "the file is empty")
    if b"\0" in text or text.startswith((b"PK", b"%PDF")):
        raise BadStatement(
            "berkas ini bukan teks: kirim CSV (UTF-8), MT940, atau camt.053, bukan spreadsheet, arsip, atau PDF",
            "the file is no text: send CSV (UTF-8), MT940 or camt.053, not a spreadsheet, archive or PDF",
        )
    if text.startswith(b"<"):
        if b"camt.053" not in text:
            raise BadStatement(
                "berkas XML ini bukan camt.053 (namespace-nya lain)",
                "the XML file is no camt.053 (its namespace does not name it)",
            )
        return FileKind.CAMT053
    if text.startswith((b":20:", b"{1:")):
        return FileKind.MT940
    if any(mark in text.splitlines()[0] for mark in (b",", b";", b"\t")):
        return FileKind.CSV
    raise BadStatement(
        "berkas ini bukan CSV dengan baris judul, bukan MT940, dan bukan camt.053",
        "the file is neither CSV with a header line, nor MT940, nor camt.053",
    )
