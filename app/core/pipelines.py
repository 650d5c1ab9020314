"""Several prepared statements sent to PostgreSQL in one write, and all their answers awaited at once.

psycopg's own pipeline speaks with the server at every statement, and its cursors do much that these few do not need: a
dozen statements cost it more of our time than all the rest of a payment (`make bench`). This way uses the library's own
low level (`psycopg.pq`, `psycopg.generators`) on a statement that a cursor has prepared on the connection before.
"""

from collections.abc import Sequence
from typing import Any

from psycopg import AsyncConnection, AsyncRawCursor, errors, generators, pq
from psycopg.abc import Buffer, PQGen
from psycopg.adapt import PyFormat, Transformer
from psycopg.pq.abc import PGconn, PGresult

Driver = AsyncConnection[tuple[Any, ...]]
Row = tuple[Any, ...]
Asked = tuple[bytes, Sequence[Any]]
"""A statement in PostgreSQL's words, and its parameters in the order of `$1`, `$2`."""
Sending = tuple[bytes, Sequence[Buffer | None], Sequence[int] | None]
Exchange = PQGen[list[list[PGresult]]]


async def at_once(driver: Driver, several: Sequence[Asked]) -> list[list[Row]]:
    """The rows of each, run in this order in the connection's transaction, which is begun where there is none.

    Raises psycopg's errors, of the first that failed. Where the connection does not know one of them yet, or not any more
    (a rollback makes it forget), all go by cursors once, which makes them known.
    """
    transformer = Transformer(driver)
    # Which statements the server knows by which name nobody but the library's own bookkeeping says.
    names = driver._prepared._names
    sending: list[Sending] = []
    for sql, parameters in several:
        values = transformer.dump_sequence(parameters, [PyFormat.AUTO] * len(parameters))
        name = names.get((sql, transformer.types or ()))
        if name is None:
            return await _by_cursors(driver, several)
        sending.append((name, values, transformer.formats))
    async with driver.lock:
        answers = await driver.wait(_exchange(driver.pgconn, sending))
    rows: list[list[Row]] = []
    for [result] in answers:
        if result.status == pq.ExecStatus.FATAL_ERROR:
            raise errors.error_from_result(result, encoding=driver.info.encoding)
        transformer.set_pgresult(result)
        rows.append(transformer.load_rows(0, result.ntuples, tuple))
    return rows


async def _by_cursors(driver: Driver, several: Sequence[Asked]) -> list[list[Row]]:
    async with driver.pipeline():
        cursors = [
            await AsyncRawCursor(driver).execute(sql, parameters, prepare=True, binary=True)
            for sql, parameters in several
        ]
    return [await cursor.fetchall() if cursor.description else [] for cursor in cursors]


def _exchange(pgconn: PGconn, sending: Sequence[Sending]) -> Exchange:
    begins = pgconn.transaction_status == pq.TransactionStatus.IDLE
    pgconn.enter_pipeline_mode()
    if begins:
        pgconn.send_query_params(b"BEGIN", None)
    for name, parameters, formats in sending:
        pgconn.send_query_prepared(name, parameters, param_formats=formats, result_format=pq.Format.BINARY)
    pgconn.pipeline_sync()
    yield from generators.send(pgconn)
    answers: list[list[PGresult]] = []
    for _ in range(begins + len(sending)):
        answers.append((yield from generators.fetch_many(pgconn)))
    yield from generators.fetch_many(pgconn)  # the sync's own
    pgconn.exit_pipeline_mode()
    return answers[begins:]
