"""`loket client`, `staff`, `registry`, `sandbox token`: what they print, and their exit codes, in a process of their own kind."""

import json
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from app.cli import app
from app.cli.common import report


@pytest.fixture
def home(tmp_path: Path, sqlite_template: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    database = tmp_path / "loket.db"
    database.write_bytes(sqlite_template.read_bytes())
    monkeypatch.setenv("LOKET_HOME", str(tmp_path))
    monkeypatch.setenv("LOKET_DATABASE_URL", f"sqlite:///{database}")
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).public_key()
    (tmp_path / "bank.pem").write_bytes(key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo))
    return tmp_path


@pytest.fixture
def loket(home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*words: str) -> tuple[int, Any]:
        monkeypatch.setattr(sys, "argv", ["loket", *words])
        status = report(app)
        out = capsys.readouterr().out
        return status, json.loads(out) if "--json" in words and status == 0 else out

    return run


def test_credentials_are_made_as_the_contract_says(loket: Any, home: Path) -> None:
    status, bank = loket("client", "add", "bank", "Bank Contoh", "--public-key", str(home / "bank.pem"), "--json")
    assert (status, set(bank)) == (0, {"client_id", "client_secret", "partner_service_id"})
    status, bri = loket(
        "client", "add", "bank", "BRI Contoh", "--public-key", str(home / "bank.pem"), "--profile", "bri", "--json"
    )
    assert (status, bri["partner_service_id"]) == (0, "77720")
    status, camera = loket("client", "add", "camera", "Kamera", "--unit", "PMJ", "--json")
    assert (status, set(camera)) == (0, {"client_id", "api_key"})
    status, app_ = loket("client", "add", "app", "Aplikasi", "--redirect-uri", "https://a.example/cb", "--json")
    assert (status, set(app_)) == (0, {"client_id"})
    status, rotated = loket("client", "rotate", camera["client_id"], "--json")
    assert status == 0
    assert rotated["api_key"] != camera["api_key"]
    assert loket("client", "disable", camera["client_id"])[0] == 0
    status, listed = loket("client", "list", "--json")
    assert [each["disabled_at"] is not None for each in listed if each["kind"] == "camera"] == [True]
    assert bank["client_secret"] not in json.dumps(listed)


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["client", "add", "camera", "K", "--unit", "NOWHERE"], 1),
        (["client", "add", "app", "A", "--redirect-uri", "javascript:x"], 1),
        (["client", "rotate", "cam-nobody"], 1),
        (["client", "add", "camera", "K"], 2),
        (["client", "add", "bank", "B", "--public-key", "/no/such/file"], 2),
        (["client", "frobnicate"], 2),
        (["staff", "add", "a@example.test", "--role", "king", "--unit", "PMJ"], 2),
        (["staff", "add", "a@example.test", "--role", "officer", "--unit", "NOWHERE"], 1),
        (["staff", "disable", "nobody@example.test"], 1),
        (["sandbox", "token", "--role", "king"], 2),
        (["sandbox", "token", "--role", "citizen", "--nik", "123"], 1),
        (["registry", "import", "vehicles", "/no/such/file"], 2),
    ],
)
def test_refusals_and_wrong_usage_have_their_exit_codes(loket: Any, words: list[str], status: int) -> None:
    assert loket(*words)[0] == status


def test_staff_come_and_go(loket: Any) -> None:
    status, made = loket(
        "staff", "add", "baru@example.test", "--role", "officer", "--role", "counter", "--unit", "PMJ", "--json"
    )
    assert (status, made["email"]) == (0, "baru@example.test")
    assert loket("staff", "disable", "baru@example.test")[0] == 0
    status, listed = loket("staff", "list", "--json")
    assert [(each["email"], each["roles"]) for each in listed] == [("baru@example.test", ["counter", "officer"])]


def test_absences_and_lots_of_a_draw(loket: Any) -> None:
    today = datetime.now(UTC).date()
    until = today + timedelta(days=3)
    loket("staff", "add", "a@example.test", "--role", "officer", "--unit", "PMJ", "--json")
    days = ("--from", today.isoformat(), "--until", until.isoformat())
    status, told = loket("staff", "absent", "a@example.test", *days, "--json")
    assert (status, told["absent_until"]) == (0, until.isoformat())
    assert loket("staff", "lots", "a@example.test", "2", "--json")[0] == 0
    [view] = [each for each in loket("staff", "list", "--json")[1] if each["email"] == "a@example.test"]
    assert (view["draw_weight"], view["absences"]) == (2, [[today.isoformat(), until.isoformat()]])
    assert loket("staff", "present", "a@example.test", "--json") == (0, {"email": "a@example.test", "taken_back": 1})
    assert loket("staff", "absent", "b@example.test", *days)[0] == 1
    assert loket("staff", "lots", "a@example.test", "1000")[0] == 2
    assert loket("staff", "absent", "a@example.test", "--from", "soon", "--until", "later")[0] == 2


def test_testers_get_tokens_and_production_does_not(loket: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for words in (["--role", "citizen"], ["--role", "supervisor", "--unit", "JABAR"]):
        status, made = loket("sandbox", "token", *words, "--json")
        assert (status, made["token_type"], made["access_token"].count(".")) == (0, "Bearer", 2)
    assert loket("sandbox", "totp", "petugas1@example.test", "--json")[1]["code"].isdigit()
    monkeypatch.setenv("LOKET_ENV", "production")
    assert loket("sandbox", "token", "--role", "citizen")[0] == 1


def test_signing_keys_rotate(loket: Any) -> None:
    first, second = (loket("keys", "rotate-signing", "--json")[1]["kid"] for _ in range(2))
    assert first != second


def test_a_register_file_is_seen_first(loket: Any, home: Path) -> None:
    file = home / "v.csv"
    file.write_text(
        "plate,chassis_no,engine_no,make,model,colour,kind,owner_name,owner_address\n"
        "B 1 A,MHKCNTH1JKK000001,ENG000001,Toyota,Avanza,Hitam,Mobil,Budi Contoh,Jalan Contoh\n"
    )
    base = ("registry", "import", "vehicles", str(file), "--json")
    assert loket(*base)[0] == 1
    assert loket(*base, "--dry-run")[1]["applied"] is False
    assert loket(*base, "--yes")[1] == {
        "applied": True, "new": 1, "changed": 0, "same": 0, "new_lines": [2], "changed_lines": []
    }  # fmt: skip
    assert loket(*base, "--yes")[1]["applied"] is False
    file.write_text("plate\nB 1 A\n")
    assert loket(*base, "--yes")[0] == 1
