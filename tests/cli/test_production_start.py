"""A production start: whatever is missing, or only fit for a demonstration, stops it with the words that mend it."""

from pathlib import Path
from typing import Any

import pytest
import typer

from app.cli.serve import _ready
from app.core.actor import SYSTEM
from app.core.clock import FixedClock
from app.core.config import REGISTERS, Settings
from app.core.house import House
from app.services.documents.certificates import own_certificates
from app.services.identity import credentials, demo, staff
from app.services.identity.roles import Role
from app.wiring import RefusedToStart, build_house
from tests import make
from tests.banks import KEYS as BANK_KEYS
from tests.conftest import KEYS, START, open_house

HTTP = [
    "oidc_issuer", "vehicle_registry_url", "message_gateway_url", "account_inquiry_url", "population_registry_url",
    *(f"register_{name}_url" for name in REGISTERS),
]  # fmt: skip


@pytest.fixture
def right(tmp_path: Path) -> dict[str, Any]:
    """Settings to which nothing is to be said."""
    KEYS.save(tmp_path / "ring.json")
    (tmp_path / "certificates.pem").write_text(own_certificates(KEYS).pem())
    return {
        "env": "production",
        "home": tmp_path,
        "database_url": "postgresql://loket@db.example/loket",
        "keys": tmp_path / "ring.json",
        "document_certificates": tmp_path / "certificates.pem",
        "public_url": "https://loket.example",
        "oidc_issuer": "https://sso.example",
        "message_gateway_url": "https://gateway.example",
        "message_gateway_secret": "whsec_MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=",
        "smtp_sender": "loket@polri.example",
    }


def of(values: dict[str, Any]) -> Settings:
    return Settings(_env_file=None, **values)  # type: ignore[call-arg]


def test_right_settings_have_no_fault_and_a_development_start_none_either(right: dict[str, Any]) -> None:
    assert of(right).production_faults() == []
    assert of({"home": right["home"]}).production_faults() == []


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"rate_limits": "off"}, "LOKET_RATE_LIMITS=off is refused"),
        ({"oidc_issuer": ""}, "LOKET_OIDC_ISSUER is missing"),
        *(({name: "http://elsewhere.example"}, f"LOKET_{name.upper()} must be an https address") for name in HTTP),
        ({"trusted_proxies": "10.0.0.1, *"}, "LOKET_TRUSTED_PROXIES=*"),
        ({"keys": None}, "loket keys new FILE"),
        ({"keys": Path("/no/such/ring.json")}, "loket keys new FILE"),
        ({"document_certificates": None}, "LOKET_DOCUMENT_CERTIFICATES"),
        ({"document_certificates": Path("/no/such.pem")}, "LOKET_DOCUMENT_CERTIFICATES"),
        ({"public_url": "http://loket.example"}, "LOKET_PUBLIC_URL must be an https address"),
        ({"database_url": ""}, "LOKET_DATABASE_URL must name a PostgreSQL database"),
        ({"message_gateway_secret": ""}, "LOKET_MESSAGE_GATEWAY_SECRET is missing"),
        ({"smtp_sender": "loket@example.test"}, "LOKET_SMTP_SENDER must be a real sender address"),
    ],
)
def test_each_fault_stops_the_start_and_says_what_mends_it(
    right: dict[str, Any], changed: dict[str, Any], words: str
) -> None:
    settings = of({**right, **changed})
    [fault] = settings.production_faults()
    assert words in fault
    with pytest.raises(RefusedToStart) as refused:
        build_house(settings)
    assert str(refused.value) == fault


async def test_of_the_demonstration_everything_active_is_named_and_nothing_once_it_is_ended(house: House) -> None:
    await make.demo_set(house)
    async with house.db.begin(SYSTEM) as tx:
        bank = await credentials.add_bank(tx, demo.DEMO_BANK, public_key_pem=BANK_KEYS["public_key_pem"])
        camera = await credentials.add_camera(tx, demo.DEMO_CAMERA, unit="PMJ")
        await credentials.add_camera(tx, "Kamera Semanggi", unit="PMJ")
        await staff.add(tx, "siti@polri.example", roles=[Role.OFFICER], unit="PMJ")
        named = await demo.list_active(tx.session, house.keys)
        assert len(named) == len(demo.STAFF) + 3
        for mend in (
            "loket staff disable petugas1@example.test",
            *(f"loket client disable {each}" for each in (bank.client_id, camera.client_id, demo.DEMO_APP)),
        ):
            assert any(each.endswith(mend) for each in named), mend
        for each in demo.STAFF:
            await staff.disable(tx, each.email)
        for client_id in (bank.client_id, camera.client_id, demo.DEMO_APP):
            await credentials.disable(tx, client_id)
        assert await demo.list_active(tx.session, house.keys) == []


async def test_a_demonstrations_database_does_not_start_in_production(
    right: dict[str, Any], postgres_url: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    async with open_house(postgres_url, tmp_path, FixedClock(START)) as house:
        production = of({**right, "database_url": postgres_url})
        await _ready(production)
        await make.demo_set(house)
        await _ready(of({"home": tmp_path, "database_url": postgres_url, "keys": right["keys"]}))
        with pytest.raises(typer.Exit) as refused:
            await _ready(production)
    assert refused.value.exit_code == 1
    assert "loket staff disable bendahara@example.test" in capsys.readouterr().err
