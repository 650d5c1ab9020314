"""`loket demo` against a real server, on both engines: every step works, and neither logs nor tables hold anybody's data."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa

from app.services.registries.demo import PEOPLE, demo_vehicles
from tests.ops.server import ROOT, Server

SHOWN_TO_ALL = {"service_versions"}
"""Service files, whose examples are of the demonstration's people."""


def readable(url: str) -> Iterator[tuple[str, str]]:
    """Every row of every table as text, those of background work as well, and where it stands."""
    parsed = sa.make_url(url)
    if parsed.drivername.startswith("postgres"):
        parsed = parsed.set(drivername="postgresql+psycopg")
    engine = sa.create_engine(parsed)
    with engine.connect() as connection:
        inspector = sa.inspect(connection)
        schemas = [each for each in inspector.get_schema_names() if each not in ("information_schema", "pg_catalog")]
        tables = [(schema, name) for schema in schemas for name in inspector.get_table_names(schema)]
        assert len(tables) > 80
        for schema, name in tables:
            if name in SHOWN_TO_ALL:
                continue
            for row in connection.execute(
                sa.select(sa.text("*")).select_from(sa.table(name, schema=schema))
            ).mappings():
                for column, value in row.items():
                    text = value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)
                    yield f"{name}.{column}", text
    engine.dispose()


@pytest.mark.slow
def test_the_whole_story_over_http_and_no_personal_data_in_the_logs(engine_url: str, tmp_path: Path) -> None:
    with Server(tmp_path, engine_url) as server:
        played = subprocess.run(
            [sys.executable, "-c", "from app.cli import main; main()", "demo", "--base-url", server.url],
            cwd=tmp_path,
            env={
                **{name: value for name, value in os.environ.items() if not name.startswith("LOKET_")},
                "LOKET_HOME": str(tmp_path),
                "LOKET_DATABASE_URL": engine_url,
                "PYTHONPATH": str(ROOT),
            },
            capture_output=True,
            text=True,
            timeout=300,
            check=False,
        )
        assert played.returncode == 0, played.stdout + played.stderr + server.log()[-4000:]
        assert "All of it went through" in played.stdout
        log = server.log()
    assert "/v1/tickets/lookup" in log, "requests are logged"
    numbers = [each.chassis_no for each in demo_vehicles()] + [each.engine_no for each in demo_vehicles()]
    secrets = [value for each in PEOPLE for value in (each.nik, each.name, each.phone, each.phone.lstrip("+62"))]
    for secret in secrets + numbers:
        assert secret not in log, f"{secret} stands in the log"
    secrets += [each.address for each in PEOPLE]
    for place, text in readable(engine_url):
        for secret in secrets + numbers:
            assert secret not in text, f"{secret} stands in {place}"
    files = [path for path in (tmp_path / "objects").rglob("*") if path.is_file()]
    assert len(files) > 5
    for path in files:
        data = path.read_bytes()
        assert not data.startswith(b"%PDF"), "letters and papers lie sealed"
        assert not any(secret.encode() in data for secret in secrets + numbers), path
    assert "Traceback" not in log
    assert '"level":"error"' not in log.replace('": "', '":"')
