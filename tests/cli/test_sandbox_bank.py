"""`loket sandbox bank` and `bills` against a real server, and `loket ledger check`: as a bank's engineer types them."""

import json
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.cli.spoken import speaker
from tests.ops.server import Server


@pytest.fixture
def loket(engine_url, tmp_path, monkeypatch, capsys):
    return speaker(tmp_path, monkeypatch, capsys, engine_url)


@pytest.fixture
def bank(loket, tmp_path: Path) -> dict[str, str]:
    """A bank that was added by command, with its pass written where the sandbox bank looks."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "bank.pem").write_bytes(public)
    (tmp_path / "bank.key").write_bytes(private)
    said = loket("client", "add", "bank", "Bank Uji", "--public-key", "bank.pem", "--profile", "bri", "--json")
    made = json.loads(said.out)
    assert set(made) == {"client_id", "client_secret", "partner_service_id"}
    (tmp_path / "sandbox").mkdir()
    (tmp_path / "sandbox" / "bank.json").write_text(json.dumps({**made, "private_key_pem": private.decode()}))
    return made


def test_a_bank_engineers_morning(loket, bank, engine_url, tmp_path):
    said = loket("sandbox", "bills", "--count", "2", "--amount", "500000", "--json")
    first, second = json.loads(said.out)
    assert set(first) == {"partner_service_id", "customer_no", "virtual_account_no", "amount", "expires_at"}
    assert first["partner_service_id"] == "   77720"
    assert (first["amount"], first["virtual_account_no"]) == (500_000, "77720" + first["customer_no"])
    [expired] = json.loads(loket("sandbox", "bills", "--expired", "--bank", "bank uji", "--json").out)

    with Server(tmp_path, engine_url, "--no-worker") as server:
        at = ("--base-url", server.url, "--json")

        def bank_says(*arguments: str) -> tuple[int, str]:
            said = loket("sandbox", "bank", *arguments, *at)
            return said.status, json.loads(said.out)["responseCode"]

        number = first["virtual_account_no"]
        assert bank_says("token") == (0, "2007300")
        assert bank_says("inquire", number) == (0, "2002400")
        assert bank_says("pay", number, "--amount", "1") == (1, "4042513")
        assert bank_says("pay", number, "--request-id", "R1") == (0, "2002500")
        assert bank_says("pay", number, "--request-id", "R1", "--amount", "500000", "--advise") == (0, "2002500")
        assert bank_says("status", number, "--request-id", "R1") == (0, "2002600")
        assert bank_says("pay", number, "--request-id", "R2") == (1, "4042414")
        assert bank_says("inquire", expired["customer_no"]) == (1, "4042419")
        options = ("--client-id", bank["client_id"], "--client-secret", bank["client_secret"])
        options += ("--private-key", "bank.key", "--partner-service-id", "77720")
        (tmp_path / "sandbox" / "bank.json").unlink()
        assert bank_says("inquire", second["customer_no"], *options) == (0, "2002400")
        assert loket("sandbox", "bank", "token", *at).status == 1
        assert loket("sandbox", "bank", "token", "--client-id", "x", *at).status == 2

    said = loket("ledger", "check", "--json")
    report = json.loads(said.out)
    assert (said.status, report["sound"], report["entries"]) == (0, True, 1)
    assert report["balances"] == {f"BC:{bank['client_id']}": 500_000, "TD": -500_000}
    assert "The books are sound." in loket("ledger", "check").out


def test_refusals_in_words(loket, bank):
    said = loket("sandbox", "bills", "--bank", "Bank Lain")
    assert (said.status, "Bank Uji" in said.err) == (1, True)
    said = loket("sandbox", "bank", "token", "--base-url", "http://127.0.0.1:9")
    assert (said.status, "does not answer" in said.err) == (1, True)
    assert loket("sandbox", "bills", "--count", "0").status == 2
