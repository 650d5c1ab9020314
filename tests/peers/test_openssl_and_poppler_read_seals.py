"""Third parties read our seals: OpenSSL checks the signature against the authority, poppler's pdfsig reads the file.

Both come with most systems; where one is missing its test is skipped.
"""

import re
import shutil
import subprocess
from datetime import datetime
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from app.core.crypto import KeyRing
from app.services.documents.certificates import own_certificates
from app.services.documents.issued import issued_paper
from app.services.documents.signing import DocumentSigner, SealNote
from tests.conftest import KEYS
from tests.services.documents import issued_papers as papers

AT: datetime = papers.ISSUED_AT
NOTE = SealNote("Diterbitkan oleh KEPOLISIAN RESOR METRO JAKARTA SELATAN", "Jakarta Selatan", papers.CHECK.url)


@pytest.fixture
async def sealed(tmp_path: Path) -> Path:
    made = await DocumentSigner(own_certificates(KEYS)).sign(await issued_paper(papers.paper("sim")), NOTE, at=AT)
    path = tmp_path / "sealed.pdf"
    path.write_bytes(made.pdf)
    return path


@pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")
async def test_openssl_verifies_the_signature_over_what_the_file_says_is_signed(sealed: Path, tmp_path: Path) -> None:
    pdf = sealed.read_bytes()
    start, length, after, rest = (int(each) for each in re.search(rb"/ByteRange \[(.*?)\]", pdf)[1].split())  # type: ignore[index]
    assert (start, after + rest) == (0, len(pdf))
    (tmp_path / "signed.bin").write_bytes(pdf[:length] + pdf[after:])
    hexadecimal = pdf[length:after].strip(b"<>").rstrip(b"0")
    (tmp_path / "seal.der").write_bytes(bytes.fromhex((hexadecimal + b"0" * (len(hexadecimal) % 2)).decode()))
    assert "Verification successful" in openssl(tmp_path, "signed.bin", own_certificates(KEYS).others[0])
    assert "certificate verify error" in openssl(tmp_path, "signed.bin", own_certificates(KeyRing.generate()).others[0])
    (tmp_path / "altered.bin").write_bytes((pdf[:length] + pdf[after:]).replace(b"/Lang (id)", b"/Lang (en)"))
    assert "content verify error" in openssl(tmp_path, "altered.bin", own_certificates(KEYS).others[0])


@pytest.mark.skipif(shutil.which("pdfsig") is None, reason="pdfsig (poppler-utils) is not installed")
async def test_poppler_finds_one_valid_signature_over_the_whole_file(sealed: Path) -> None:
    said = subprocess.run(["pdfsig", "-nocert", str(sealed)], capture_output=True, text=True, check=False).stdout
    for words in ("Signature #1", "ETSI.CAdES.detached", "Total document signed", "Signature is Valid"):
        assert words in said, said
    assert "Signature #2" not in said


def openssl(folder: Path, content: str, authority: x509.Certificate) -> str:
    """What `openssl cms` says of the seal over these bytes, trusting this authority alone, on the day of the seal."""
    (folder / "authority.pem").write_bytes(authority.public_bytes(Encoding.PEM))
    command = ["openssl", "cms", "-verify", "-binary", "-inform", "DER", "-in", "seal.der", "-content", content]
    command += ["-CAfile", "authority.pem", "-purpose", "any", "-attime", str(int(AT.timestamp())), "-out", "out.bin"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False).stderr
