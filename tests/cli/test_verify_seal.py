"""`loket verify` on issued documents, `loket keys` for their certificates, and a start without good ones."""

import asyncio
import json
from pathlib import Path

import pytest
from cryptography import x509

from app.core.config import Settings
from app.core.crypto import KeyRing
from app.services.documents.certificates import own_certificates
from app.services.documents.issued import issued_paper
from app.services.documents.signing import DocumentSigner, SealNote
from app.wiring import RefusedToStart, build_house
from tests.cli.spoken import Loket, speaker
from tests.conftest import KEYS
from tests.services.documents import issued_papers as papers


@pytest.fixture
def loket(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Loket:
    return speaker(tmp_path, monkeypatch, capsys)


def test_what_verify_says_of_an_issued_document(tmp_path: Path, loket: Loket) -> None:
    note = SealNote("Diterbitkan oleh KEPOLISIAN RESOR CONTOH", "Contoh", papers.CHECK.url)
    signer = DocumentSigner(own_certificates(KEYS))
    paper = asyncio.run(issued_paper(papers.paper("skck")))
    pdf = asyncio.run(signer.sign(paper, note, at=papers.ISSUED_AT)).pdf
    (tmp_path / "skck.pdf").write_bytes(pdf)
    (tmp_path / "published.pem").write_text(signer.certificates.pem())

    alone = loket("verify", "skck.pdf")
    assert alone.status == 1, "a file that vouches for itself proves nothing"
    assert "UNCHANGED" in alone.out
    assert "WHOSE seal it is was not checked" in alone.out

    known = loket("verify", "skck.pdf", "--key", "published.pem")
    assert known.status == 0, known.err
    assert "VALID" in known.out
    assert papers.CHECK.url in known.out
    [verdict] = json.loads(loket("verify", "skck.pdf", "--key", "published.pem", "--json").out)
    assert (verdict["valid"], verdict["pinned"], verdict["fault"]) == (True, True, None)
    assert (verdict["sealed_at"], verdict["check_at"]) == ("2026-03-02T10:00:00+07:00", papers.CHECK.url)

    KEYS.save(tmp_path / "keys.json")  # the installation's own ring: compared without being told
    assert loket("verify", "skck.pdf").status == 0
    (tmp_path / "altered.pdf").write_bytes(pdf.replace(b"/Lang (id)", b"/Lang (en)"))
    altered = loket("verify", "altered.pdf", "--json")
    assert (altered.status, json.loads(altered.out)[0]["fault"]) == (1, "the file was altered after it was sealed")
    assert loket("verify", "skck.pdf", "--key", "nowhere.pem").status == 1


def test_certificates_are_asked_for_and_listed(tmp_path: Path, loket: Loket, monkeypatch: pytest.MonkeyPatch) -> None:
    KEYS.with_new_key("documents", "2").save(tmp_path / "keys.json")
    asked = loket("keys", "request-certificate", "--name", "Segel Polda Contoh")
    request = x509.load_pem_x509_csr(asked.out.encode())
    assert "CN=Segel Polda Contoh" in request.subject.rfc4514_string()
    assert loket("keys", "request-certificate", "--id", "9").status == 1
    listed = json.loads(loket("keys", "certificates", "--json").out)
    assert [(each["key_id"], each["seals"]) for each in listed] == [("1", True), ("2", False)]
    (tmp_path / "strange.pem").write_text(own_certificates(KeyRing.generate()).pem())
    monkeypatch.setenv("LOKET_DOCUMENT_CERTIFICATES", str(tmp_path / "strange.pem"))
    refused = loket("keys", "certificates")
    assert refused.status == 1
    assert "none of the 2 certificates is for a key of the ring" in refused.err + refused.out


def test_a_start_without_good_certificates_is_refused(tmp_path: Path) -> None:
    def settings(**values: object) -> Settings:
        return Settings(_env_file=None, home=tmp_path, storage_url="memory:///", **values)  # type: ignore[arg-type]

    faults = "\n".join(settings(env="production").production_faults())
    assert "LOKET_DOCUMENT_CERTIFICATES must name a PEM file" in faults
    file = tmp_path / "strange.pem"
    file.write_text(own_certificates(KeyRing.generate()).pem())
    assert "DOCUMENT_CERTIFICATES" not in "\n".join(
        settings(env="production", document_certificates=file).production_faults()
    )
    with pytest.raises(RefusedToStart, match="is for a key of the ring documents"):
        build_house(settings(document_certificates=file), keys=KEYS)
