"""`loket doctor` and `loket keys`, as an operator runs them."""

import base64
import json
import socket
import stat
from pathlib import Path

import pytest

from app.core.crypto import RINGS, KeyRing
from tests.cli.running import Loket


@pytest.fixture
def loket(tmp_path: Path, sqlite_template: Path) -> Loket:
    database = tmp_path / "loket.db"
    database.write_bytes(sqlite_template.read_bytes())
    return Loket(tmp_path, f"sqlite:///{database}")


def test_the_doctor_finds_a_healthy_installation_healthy(loket: Loket) -> None:
    done = loket("doctor", "--json")
    findings = {each["about"]: each for each in json.loads(done.stdout)}
    assert done.status == 0, done.stdout
    assert {about for about, each in findings.items() if each["state"] == "ok"} >= {"database", "storage", "reference"}


@pytest.mark.parametrize(
    ("settings", "about", "words"),
    [
        ({"LOKET_DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}, "database", "does not answer"),
        ({"LOKET_DATABASE_URL": "sqlite:///empty.db"}, "database", "loket migrate"),
        ({"LOKET_SMTP_URL": "smtp://127.0.0.1:1"}, "e-mail", "127.0.0.1:1 does not answer"),
        ({"LOKET_ENV": "production"}, "keys", "loket keys new"),
    ],
)
def test_the_doctor_says_what_is_wrong_and_what_mends_it(
    loket: Loket, settings: dict[str, str], about: str, words: str
) -> None:
    loket.settings.update(settings)
    done = loket("doctor", "--json")
    assert done.status == 1
    bad = [each for each in json.loads(done.stdout) if each["state"] == "bad"]
    assert any(each["about"] == about and words in each["words"] for each in bad), bad


def test_the_doctor_names_each_server_that_reads_plates(loket: Loket, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as there, socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        up, away = (f"http://127.0.0.1:{each.getsockname()[1]}" for each in (there, nobody))
        file = tmp_path / "recognisers.yaml"
        file.write_text(
            f"recognisers: {{snapshot: {{kind: plate-recognizer, url: '{up}'}}, omni: {{kind: omni-lpr, url: '{away}'}}}}\n"
            "default: {read: [snapshot, omni]}\n"
        )
        loket.settings["LOKET_RECOGNISER"] = str(file)
        done = loket("doctor", "--json")
    findings = {each["about"]: each for each in json.loads(done.stdout)}
    assert done.status == 1
    assert findings["recogniser snapshot"]["state"] == "ok"
    assert "does not answer" in findings["recogniser omni"]["words"]
    assert findings["recogniser omni"]["state"] == "bad"


def test_a_password_is_never_shown(loket: Loket) -> None:
    loket.settings["LOKET_DATABASE_URL"] = "postgresql://loket:hunter22@127.0.0.1:1/none"
    done = loket("doctor")
    assert "hunter22" not in done.words


def test_a_new_key_ring_is_its_owner_s_alone_and_never_overwritten(loket: Loket, tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    assert loket("keys", "new", str(path)).status == 0
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    before = path.read_bytes()
    assert loket("keys", "new", str(path)).status == 1
    assert path.read_bytes() == before


def test_a_new_key_is_known_first_and_used_when_told(loket: Loket, tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    KeyRing.generate("2026").save(path)
    sealed = KeyRing.load(path).seal("personal", b"NIK", b"here")
    loket.settings["LOKET_KEYS"] = str(path)

    assert loket("keys", "add", "personal", "--id", "2027").status == 0
    assert KeyRing.load(path).current_id("personal") == "2026"
    [told] = [each for each in json.loads(loket("doctor", "--json").stdout) if each["about"] == "keys"]
    assert (told["state"], "loket keys use personal 2027" in told["words"]) == ("note", True)

    assert loket("keys", "use", "personal", "2027").status == 0
    ring = KeyRing.load(path)
    assert ring.current_id("personal") == "2027"
    assert ring.open("personal", sealed, b"here") == b"NIK"
    listed = json.loads(loket("keys", "list", "--json").stdout)
    assert (listed["personal"], listed["used"]["personal"]) == (["2026", "2027"], "2027")

    for arguments in (("personal", "--id", "2025"), ("index", "--id", "2027"), ("other", "--id", "2027")):
        assert loket("keys", "add", *arguments).status == 1, arguments
    for arguments in (("personal", "2028"), ("index", "2026"), ("other", "2026")):
        assert loket("keys", "use", *arguments).status == 1, arguments


def test_no_command_prints_a_key(loket: Loket, tmp_path: Path) -> None:
    path = tmp_path / "ring.json"
    loket.settings["LOKET_KEYS"] = str(path)
    outputs = [loket("keys", "new", str(path)), loket("keys", "list"), loket("doctor")]
    keys = [key for ring in json.loads(path.read_text()).values() for key in ring.values()]
    assert len(keys) == len(RINGS)
    for done in outputs:
        for key in keys:
            assert key not in done.words
            assert base64.b64decode(key).hex() not in done.words


def test_rewrapping_may_be_run_at_any_time(loket: Loket, tmp_path: Path) -> None:
    done = loket("keys", "rewrap", "--json")
    assert (done.status, json.loads(done.stdout)) == (0, {"rewrapped": 0})
