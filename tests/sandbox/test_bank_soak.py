"""A bank in chaos against several server processes on PostgreSQL, for as many payments as a busy hour has."""

import json

import pytest
import redis

from tests.cli.spoken import Said, speaker
from tests.cli.test_sandbox_bank import bank  # noqa: F401 a fixture
from tests.ops.server import Server

REDIS = "redis://127.0.0.1:6379/9"
PAYMENTS = 900
PROCESSES = 2


@pytest.fixture
def loket(postgres_url, tmp_path, monkeypatch, capsys):
    return speaker(tmp_path, monkeypatch, capsys, postgres_url)


def limits() -> dict[str, str]:
    """Rate limits counted by all processes together where a Redis answers; without one they are off, as a bench's."""
    try:
        redis.Redis.from_url(REDIS, socket_connect_timeout=1).ping()
    except redis.RedisError:
        return {"LOKET_RATE_LIMITS": "off"}
    return {"LOKET_RATE_LIMIT_STORE": REDIS}


@pytest.mark.soak
def test_chaos_against_several_processes(loket, bank, postgres_url, tmp_path):  # noqa: F811
    options = ("--no-worker", "--workers", str(PROCESSES))
    with Server(tmp_path, postgres_url, *options, **limits()) as server:
        try:
            for seed in (1, 2, 3):
                assert_held(loket("sandbox", "bank", "run", *chaos(seed), "--base-url", server.url, "--json"))
        finally:
            server.process.terminate()  # asked, not killed: it takes its processes along
            server.process.wait(60)
    report = json.loads(loket("ledger", "check", "--json").out)
    assert (report["sound"], report["entries"]) == (True, PAYMENTS)
    assert report["balances"][f"BC:{bank['client_id']}"] == PAYMENTS * 250_000


def chaos(seed: int) -> tuple[str, ...]:
    return ("--count", str(PAYMENTS // 3), "--chaos", "--seed", str(seed), "--ledger")


def assert_held(said: Said) -> None:
    told = json.loads(said.out)
    assert (said.status, told["broken"], told["payments"]["paid"]) == (0, [], PAYMENTS // 3)
