"""`loket verify`: a receipt or proof is checked offline, on a machine that need not know the server."""

import io
import json
from pathlib import Path
from typing import Any

import pytest
import typst
from pypdf import PdfReader, PdfWriter

from app.core.actor import SYSTEM
from app.core.house import House
from app.services import cases, transparency
from app.services.transparency import ATTACHMENT_NAME
from tests import make
from tests.cli.spoken import Loket, speaker
from tests.conftest import KEYS


@pytest.fixture
def loket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Loket:
    return speaker(tmp_path, monkeypatch, capsys)


@pytest.fixture
async def proof(house: House, tmp_path: Path) -> dict[str, Any]:
    async with house.db.begin(SYSTEM) as tx:
        leaf = await transparency.append(tx, "case_event", {"action": "pay", "reference": "ETL1"})
    await transparency.sequence(house)
    async with house.db.read() as connection:
        found = await transparency.proof_of(house, connection, leaf)
    assert found is not None
    made: dict[str, Any] = json.loads(json.dumps(found.to_json()))
    (tmp_path / "proof.json").write_text(json.dumps(made), "utf-8")
    return made


def receipt(proof: bytes, folder: Path) -> Path:
    """A PDF as the receipts are made: by Typst, with the proof as an attached file."""
    (folder / "attached.json").write_bytes(proof)
    source = f'#pdf.attach("{ATTACHMENT_NAME}", read("attached.json", encoding: none), mime-type: "application/json")'
    (folder / "receipt.typ").write_text(f"{source}\n#set document(date: none)\nKuitansi", "utf-8")
    path = folder / "receipt.pdf"
    path.write_bytes(typst.compile(str(folder / "receipt.typ")))
    return path


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_what_verify_says(proof: dict[str, Any], tmp_path: Path, loket: Loket) -> None:
    unpinned = loket("verify", "proof.json")
    assert unpinned.status == 0, unpinned.err
    assert "VALID" in unpinned.out
    assert "NOT PINNED" in unpinned.out
    assert "reference: ETL1" in unpinned.out

    key = proof["keys"][0]
    pinned = loket("verify", "proof.json", "--key", key, "--json")
    assert pinned.status == 0
    [verdict] = json.loads(pinned.out)
    assert (verdict["valid"], verdict["pinned"], verdict["key"]) == (True, True, key)
    assert verdict["body"] == {"action": "pay", "kind": "case_event", "reference": "ETL1"}

    (tmp_path / "published.json").write_text(json.dumps({"origin": "x", "keys": [{"key": key}]}), "utf-8")
    assert '"pinned": true' in loket("verify", "proof.json", "--key", "published.json", "--json").out

    KEYS.save(tmp_path / "keys.json")  # the installation's own ring: pinned without being told
    assert "NOT PINNED" not in loket("verify", "proof.json").out

    stranger = transparency.verifier_keys(KEYS.with_new_key("log", "2"), "loket.example/etle")[0]
    refused = loket("verify", "proof.json", "--key", stranger)
    assert refused.status == 1
    assert "NOT VALID" in refused.out

    proof["body"]["action"] = "annul"
    (tmp_path / "proof.json").write_text(json.dumps(proof), "utf-8")
    altered = loket("verify", "proof.json")
    assert (altered.status, "altered" in altered.out) == (1, True)


@pytest.mark.parametrize("engine_url", ["sqlite"], indirect=True)
async def test_a_receipt_carries_its_proof(proof: dict[str, Any], tmp_path: Path, loket: Loket) -> None:
    path = receipt(json.dumps({"proofs": [proof, proof]}).encode(), tmp_path)
    assert ATTACHMENT_NAME in PdfReader(path).attachments
    said = loket("verify", "receipt.pdf", "--key", proof["keys"][0])
    assert said.status == 0, said.err
    assert said.out.count("VALID") == 2


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"", "neither a PDF receipt nor a JSON proof"),
        (b"\xff\xfe\x00", "neither a PDF"),
        (b"[1]", "no proof"),
        (b'{"proofs": []}', "holds no proof"),
        (b'{"proofs": 7}', "holds no proof"),
        (b"{}", "is missing"),
        (b"[" * 100_000, "neither a PDF"),
        (b"%PDF-1.7 and nothing else", "cannot be read as a PDF"),
    ],
)
def test_what_is_no_receipt(loket: Loket, tmp_path: Path, content: bytes, words: str) -> None:
    (tmp_path / "file").write_bytes(content)
    said = loket("verify", "file")
    assert said.status == 1
    assert words in said.err + said.out
    assert "Traceback" not in said.err


def test_a_pdf_without_a_proof_and_a_file_that_is_not_there(loket: Loket, tmp_path: Path) -> None:
    writer = PdfWriter()
    writer.add_blank_page(100, 100)
    out = io.BytesIO()
    writer.write(out)
    (tmp_path / "empty.pdf").write_bytes(out.getvalue())
    assert "carries no proof" in loket("verify", "empty.pdf").err
    gone = loket("verify", "gone.json")
    assert (gone.status, "No such file" in gone.err) == (1, True)
    assert loket("verify").status == 2


async def test_a_draw_is_drawn_again(house: House, tmp_path: Path, loket: Loket) -> None:
    await make.demo_set(house)
    await make.case_of(house, await make.capture(house))
    async with house.db.read() as connection:
        [line] = await cases.list_draws(connection, limit=5, after=None)
        document = json.loads(json.dumps(await cases.draw_document(house, connection, line.id)))
    (tmp_path / "draw.json").write_text(json.dumps(document), "utf-8")
    good = loket("verify", "draw.json", "--key", document["pool"]["keys"][0], "--json")
    assert good.status == 0, good.err
    [verdict] = json.loads(good.out)
    assert (verdict["valid"], verdict["pinned"], verdict["drawn"]) == (True, True, document["drawn"])
    assert document["drawn"] in loket("verify", "draw.json").out

    (tmp_path / "draw.json").write_text(json.dumps(document | {"drawn": "somebody"}), "utf-8")
    bad = loket("verify", "draw.json")
    assert bad.status == 1
    assert f"{document['drawn']} is drawn" in bad.out
