"""Prints a line per table of a database: its rows and a digest of their contents, whatever their order."""

import hashlib
import sys

from sqlalchemy import MetaData, create_engine, inspect, select
from sqlalchemy.engine import make_url


def main(url: str) -> None:
    """Our own tables and the job queue's."""
    parsed = make_url(url)
    if parsed.drivername.startswith("postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = create_engine(parsed)
    schemas = [None, "dbos"] if "dbos" in inspect(engine).get_schema_names() else [None]
    for schema in schemas:
        metadata = MetaData()
        metadata.reflect(engine, schema=schema)
        for table in metadata.sorted_tables:
            with engine.connect() as connection:
                rows = sorted(repr(tuple(row)) for row in connection.execute(select(table)))
            digest = hashlib.sha256("\n".join(rows).encode()).hexdigest()
            print(f"{table.fullname} {len(rows)} {digest[:16]}")


if __name__ == "__main__":
    main(sys.argv[1])
