"""Settings: what a default is where another command has said more."""

from pathlib import Path

import pytest

from app.cli.serve import _note_address
from app.core.config import Settings


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.delenv("LOKET_PUBLIC_URL", raising=False)
    return tmp_path


def settings(home: Path, **values: str) -> Settings:
    return Settings(_env_file=None, home=home, **values)  # type: ignore[call-arg, arg-type]


@pytest.mark.parametrize(
    ("host", "address"),
    [
        ("127.0.0.1", "http://127.0.0.1:8170"),
        ("0.0.0.0", "http://127.0.0.1:8170"),
        ("::1", "http://[::1]:8170"),
    ],
)
def test_links_lead_to_the_server_that_was_started_last(home: Path, host: str, address: str) -> None:
    assert settings(home).public_url == "http://127.0.0.1:8000"
    _note_address(settings(home), host, 8170)
    assert settings(home).public_url == address


def test_an_address_that_was_set_wins_and_production_believes_no_file(home: Path) -> None:
    _note_address(settings(home), "127.0.0.1", 8170)
    assert settings(home, public_url="https://loket.example/").public_url == "https://loket.example"
    assert settings(home, env="production").public_url == "http://127.0.0.1:8000"
    (home / "address").unlink()
    _note_address(settings(home, env="production"), "127.0.0.1", 8170)
    assert not (home / "address").exists()


def test_production_trusts_no_stranger_s_address_and_sends_nothing_in_the_clear(home: Path) -> None:
    def faults(**values: str) -> str:
        return "\n".join(settings(home, env="production", **values).production_faults())

    assert "TRUSTED_PROXIES" in faults(trusted_proxies="10.0.0.1, *")
    assert "TRUSTED_PROXIES" not in faults(trusted_proxies="10.0.0.0/8")
    for name in ("oidc_issuer", "vehicle_registry_url", "message_gateway_url"):
        assert f"LOKET_{name.upper()} must be an https" in faults(**{name: "http://elsewhere.example"})
        assert f"LOKET_{name.upper()} must be an https" not in faults(**{name: "https://elsewhere.example"})
