"""`loket demo` against a real server, on both engines: every step works, and the logs hold nobody's data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from app.services.registries.demo import PEOPLE, demo_vehicles
from tests.ops.server import ROOT, Server


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
    assert "Traceback" not in log
    assert '"level":"error"' not in log.replace('": "', '":"')
