"""How long a statement file takes to read, and how much memory: ``python -m scripts.bench_statements camt053 1000000``.

Writes the file line by line, reads it through the reader, and prints: lines, seconds of CPU, peak MiB of this process.
"""

import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from app.services.billing import bank_profile
from app.services.billing.settlement.formats import read_statement
from app.services.billing.settlement.lines import FileKind, StatementLine
from tests.statements import Movement, batch, written

AMOUNT, FEE = 250_000, 1_500
BATCH = 800


def main(kind: FileKind, count: int) -> None:
    """Write, read, print."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "statement"
        fee = 0 if kind is FileKind.CAMT053 else FEE
        movements = (Movement(f"BR{n:012d}", AMOUNT, fee, ours=f"REQ{n:013d}") for n in range(count))
        with path.open("w", newline="") as file:
            file.writelines(pieces_of(kind, movements, closing=count * (AMOUNT - fee)))
        started = time.process_time()
        with path.open("rb") as source:
            parts = read_statement(source, kind, bank_profile("standard").settlement)
            found = sum(isinstance(part, StatementLine) for part in parts)
        seconds = time.process_time() - started
    print(found, round(seconds, 1), peak_mib())


def peak_mib() -> int:
    """The most memory that this process has had. Not `getrusage`: that counts the parent's, too, from before the exec."""
    status = Path("/proc/self/status").read_text("ascii")
    return int(next(line for line in status.splitlines() if line.startswith("VmHWM:")).split()[1]) // 1024


def pieces_of(kind: FileKind, movements: Iterator[Movement], *, closing: int) -> Iterator[str]:
    """The file; camt.053 in batches, as a million entries of their own are more than the largest file that is taken."""
    if kind is not FileKind.CAMT053:
        yield from written(kind, movements, opening=0, closing=closing)
        return
    head, foot = written(kind, [], opening=0, closing=closing)
    yield head
    while some := list(islice(movements, BATCH)):
        yield batch(some, sum(each.net for each in some))
    yield foot


if __name__ == "__main__":
    main(FileKind(sys.argv[1]), int(sys.argv[2]))
