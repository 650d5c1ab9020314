"""Seals on issued papers: who made them, what breaks them, how keys and certificates change, and what a time stamp adds."""

import asyncio
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from asn1crypto import keys as asn1_keys
from asn1crypto import tsp
from asn1crypto import x509 as asn1_x509
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from pyhanko.pdf_utils.incremental_writer import IncrementalPdfFileWriter
from pyhanko.pdf_utils.reader import PdfFileReader
from pyhanko.sign.fields import SigFieldSpec, append_signature_field
from pyhanko.sign.timestamps.dummy_client import DummyTimeStamper
from pyhanko.sign.validation import validate_pdf_signature
from pyhanko_certvalidator import ValidationContext
from pypdf import PdfReader

from app.core.config import Settings
from app.core.crypto import KeyRing
from app.services.documents.certificates import (
    RING,
    CertificateFault,
    Certificates,
    build_certificates,
    certificate_request,
    own_certificates,
    read_certificates,
)
from app.services.documents.issued import issued_paper
from app.services.documents.seal_checks import SealVerdict, is_sealed, verify_seal
from app.services.documents.signing import DocumentSigner, SealedPaper, SealNote
from app.services.documents.threads import off_loop
from app.services.documents.timestamps import TimestampAuthority
from tests.conftest import KEYS
from tests.loopback import Loopback, Reply
from tests.services.documents import issued_papers as papers
from tests.services.documents.test_papers import streams

AT = papers.ISSUED_AT
NOTE = SealNote("Diterbitkan oleh KEPOLISIAN RESOR METRO JAKARTA SELATAN", "Jakarta Selatan", papers.CHECK.url)
OWN = own_certificates(KEYS)


@pytest.fixture(scope="module")
def paper() -> bytes:
    return asyncio.run(issued_paper(papers.paper("skck")))


@pytest.fixture(scope="module")
def sealed(paper: bytes) -> bytes:
    return asyncio.run(DocumentSigner(OWN).sign(paper, NOTE, at=AT)).pdf


async def seal(paper: bytes, certificates: Certificates, at: datetime = AT) -> SealedPaper:
    return await DocumentSigner(certificates).sign(paper, NOTE, at=at)


async def verdict_on(pdf: bytes, certificates: Certificates = OWN) -> SealVerdict:
    return await off_loop(verify_seal, pdf, certificates.pem().encode())


# --- the seal --------------------------------------------------------------------------------------------------------


async def test_a_sealed_paper_says_whose_it_is_and_names_no_person(paper: bytes, sealed: bytes) -> None:
    verdict = await verdict_on(sealed)
    assert verdict.holds
    assert verdict.pinned
    assert verdict.sealed_at == AT
    assert (verdict.reason, verdict.contact) == (NOTE.reason, NOTE.contact)
    assert "Segel elektronik" in verdict.signer
    assert sealed.startswith(paper)
    assert not is_sealed(paper)
    added = sealed[len(paper) :]
    assert b"Contohwati" not in added
    assert papers.NIK.encode() not in added


async def test_the_same_paper_sealed_at_the_same_time_is_the_same_bytes(paper: bytes, sealed: bytes) -> None:
    assert (await seal(paper, own_certificates(KEYS))).pdf == sealed
    assert (await seal(paper, OWN, AT + timedelta(seconds=1))).pdf != sealed


async def test_it_is_a_pades_certification_in_the_eyes_of_the_library(sealed: bytes) -> None:
    [signature] = PdfFileReader(io.BytesIO(sealed)).embedded_signatures
    said = signature.sig_object
    assert said["/SubFilter"] == "/ETSI.CAdES.detached"
    assert said["/Reference"][0]["/TransformParams"]["/P"] == 1  # nothing at all may be changed
    attributes = {each["type"].native for each in signature.signer_info["signed_attrs"]}
    assert "signing_certificate_v2" in attributes
    assert "signing_time" not in attributes  # EN 319 142-1: the time stands in the file, not in the signature
    root = asn1_x509.Certificate.load(OWN.others[0].public_bytes(Encoding.DER))
    context = ValidationContext(trust_roots=[root], moment=AT, allow_fetching=False)
    status = await off_loop(validate_pdf_signature, signature, context)
    assert status.bottom_line


def test_the_seal_leaves_archive_and_accessibility_marks_alone(paper: bytes, sealed: bytes) -> None:
    whole = b"\n".join([sealed, *streams(sealed)])
    for mark in (b"/Marked true", b"pdfaid:part>3<", b"pdfuaid:part>1<", b"/TU (Segel elektronik", b"/Tabs /S"):
        assert mark in whole, mark
    before, after = PdfReader(io.BytesIO(paper)), PdfReader(io.BytesIO(sealed))
    assert before.metadata == after.metadata
    assert before.pages[0].extract_text() == after.pages[0].extract_text()


# --- what breaks it --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", [200, 20_000, -400])
async def test_a_single_changed_byte_breaks_it(sealed: bytes, place: int) -> None:
    place %= len(sealed)
    changed = sealed[:place] + bytes([sealed[place] ^ 1]) + sealed[place + 1 :]
    assert not (await verdict_on(changed)).holds


async def test_something_added_after_it_breaks_it(sealed: bytes) -> None:
    assert "added" in (await verdict_on(sealed + b"\n% a comment\n")).fault
    writer = IncrementalPdfFileWriter(io.BytesIO(sealed))
    append_signature_field(writer, SigFieldSpec("Lain", box=(10, 10, 60, 60)))
    out = io.BytesIO()
    writer.write(out)
    assert not (await verdict_on(out.getvalue())).holds


async def test_a_forgers_own_seal_is_none_of_ours(paper: bytes) -> None:
    forger = own_certificates(KeyRing.generate())
    forged = (await seal(paper, forger)).pdf
    assert (await verdict_on(forged)).fault == "the certificate is none that was published"
    itself = await off_loop(verify_seal, forged, None)
    assert (itself.holds, itself.pinned) == (True, False)


async def test_a_colleague_of_the_same_authority_cannot_seal_for_us(paper: bytes) -> None:
    authority = OthersAuthority()
    ours = read_certificates(authority.certify(KEYS), KEYS)
    strangers = KeyRing.generate()
    theirs = (await seal(paper, read_certificates(authority.certify(strangers), strangers))).pdf
    assert (await verdict_on(theirs, ours)).fault == "the certificate is none that was published"
    assert (await verdict_on((await seal(paper, ours)).pdf, ours)).pinned


@pytest.mark.parametrize("junk", [b"", b"%PDF-1.7", b"\x00" * 100, b"%PDF-1.7\n%%EOF", b"{}"])
async def test_a_file_that_is_no_paper_is_no_crash(junk: bytes) -> None:
    assert not (await verdict_on(junk)).holds
    assert not is_sealed(junk)


async def test_a_paper_cut_off_anywhere_is_no_crash(sealed: bytes) -> None:
    for length in range(0, len(sealed), len(sealed) // 12):
        assert not (await verdict_on(sealed[:length])).holds


# --- keys and certificates -------------------------------------------------------------------------------------------


async def test_a_new_key_seals_and_papers_of_the_old_one_stay_good(paper: bytes, sealed: bytes) -> None:
    grown = KEYS.with_new_key(RING, "2")
    assert own_certificates(grown).current(AT).key_id == "1", "a key is used only once every process knows it"
    used = own_certificates(grown.using(RING, "2"))
    assert used.current(AT).key_id == "2"
    fresh = (await seal(paper, used)).pdf
    for each in (sealed, fresh):
        assert (await verdict_on(each, used)).pinned
    assert not (await verdict_on(fresh, OWN)).holds, "who holds the old list only does not know the new key"


async def test_until_the_new_key_has_a_certificate_the_old_one_seals() -> None:
    authority = OthersAuthority()
    grown = KEYS.with_new_key(RING, "2").using(RING, "2")
    only_old = read_certificates(authority.certify(KEYS), grown)
    assert only_old.current(AT).key_id == "1"
    both = read_certificates(authority.certify(KEYS) + authority.certify(grown, key_id="2"), grown)
    assert both.current(AT).key_id == "2"
    assert both.pem().count("BEGIN CERTIFICATE") == 3


async def test_a_paper_outlives_the_certificate_that_it_was_sealed_under(paper: bytes) -> None:
    authority = OthersAuthority()
    two_years = authority.certify(KEYS, until=AT + timedelta(days=730))
    first = read_certificates(two_years, KEYS)
    old = (await seal(paper, first)).pdf
    with pytest.raises(CertificateFault, match="no certificate of the ring documents is good on 2029"):
        first.current(AT + timedelta(days=1200))
    renewed = read_certificates(two_years + authority.certify(KEYS, since=AT + timedelta(days=700)), KEYS)
    assert (await verdict_on(old, renewed)).pinned
    assert renewed.current(AT + timedelta(days=1200)) != renewed.current(AT)


def test_settings_decide_and_what_is_wrong_is_said(tmp_path: Path) -> None:
    def of(**values: object) -> Certificates:
        return build_certificates(Settings(_env_file=None, home=tmp_path, **values), KEYS)

    assert of().pem() == OWN.pem()
    file = tmp_path / "certificates.pem"
    file.write_bytes(OthersAuthority().certify(KEYS))
    assert "Balai Contoh" in of(document_certificates=file).identities[0].certificate.issuer.rfc4514_string()
    stranger = tmp_path / "stranger.pem"
    stranger.write_text(own_certificates(KeyRing.generate()).pem())
    (tmp_path / "no.pem").write_text("nothing")
    for value, words in (
        (tmp_path / "missing.pem", "cannot be read"),
        (stranger, "none of the 2 certificates is for a key"),
        (tmp_path / "no.pem", "no PEM of X.509 certificates"),
    ):
        with pytest.raises(CertificateFault, match=words):
            of(document_certificates=value)
    with pytest.raises(CertificateFault, match="LOKET_DOCUMENT_CERTIFICATES is missing"):
        of(env="production")


def test_a_request_names_the_seal_and_is_signed_by_the_newest_key() -> None:
    grown = KEYS.with_new_key(RING, "2")
    request = x509.load_pem_x509_csr(certificate_request(grown, name="Segel Polda Contoh").encode())
    assert request.is_signature_valid
    assert request.subject.rfc4514_string() == "CN=Segel Polda Contoh,O=Kepolisian Negara Republik Indonesia,C=ID"
    assert request.public_key() == grown.certificate_keys(RING)["2"].public_key()
    with pytest.raises(ValueError, match="has no key '9'"):
        certificate_request(grown, key_id="9", name="x")


# --- time stamps -----------------------------------------------------------------------------------------------------


async def test_a_time_stamp_makes_it_b_t_and_its_authority_is_named_in_the_file(paper: bytes) -> None:
    tsa = Tsa()
    known = read_certificates(OWN.pem().encode() + tsa.pem, KEYS)
    async with Loopback(tsa.answer) as server:
        made = await _sealed_with(server.url, known, paper)
    assert made.level == "B-T"
    verdict = await verdict_on(made.pdf, known)
    assert verdict.stamped_at == tsa.at
    assert verdict.sealed_at == AT
    unknown = await verdict_on(made.pdf)  # who does not know that authority takes the seal and not its time
    assert (unknown.holds, unknown.stamped_at) == (True, None)


@pytest.mark.parametrize("fault", ["down", "refuses", "other_digest", "other_nonce", "garbage", "too_long"])
async def test_whatever_the_authority_does_the_paper_is_sealed(paper: bytes, sealed: bytes, fault: str) -> None:
    tsa = Tsa(fault)
    async with Loopback(tsa.answer) as server:
        made = await _sealed_with(server.url, OWN, paper)
    assert made.level == "B-B"
    verdict = await verdict_on(made.pdf)
    assert (verdict.pinned, verdict.stamped_at) == (True, None)


async def _sealed_with(url: str, certificates: Certificates, paper: bytes) -> SealedPaper:
    signer = DocumentSigner(certificates, TimestampAuthority(url))
    try:
        return await signer.sign(paper, NOTE, at=AT)
    finally:
        await signer.aclose()


class Tsa:
    """pyHanko's own dummy time stamp authority behind a loopback server; it can be faulty in several ways."""

    at = datetime(2026, 3, 2, 3, 0, 5, tzinfo=UTC)

    def __init__(self, fault: str = "") -> None:
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        name = _name("Penanda waktu contoh")
        usage = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.TIME_STAMPING])
        builder = _certificate(name, name, key.public_key(), ca=True).add_extension(usage, critical=True)
        made = builder.sign(key, hashes.SHA256())
        self.pem, self._fault = made.public_bytes(Encoding.PEM), fault
        private = key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
        certificate = asn1_x509.Certificate.load(made.public_bytes(Encoding.DER))
        self._tsa = DummyTimeStamper(certificate, asn1_keys.PrivateKeyInfo.load(private), fixed_dt=self.at)

    async def answer(self, method: str, path: str, headers: dict[str, str], body: bytes) -> Reply:
        assert headers["content-type"] == "application/timestamp-query"
        asked = tsp.TimeStampReq.load(body)
        if self._fault == "down":
            return Reply(503, b"")
        if self._fault == "garbage":
            return Reply(200, b"<html>busy</html>")
        if self._fault == "too_long":
            return Reply(200, b"\x30" * 200_000)
        if self._fault == "refuses":
            return Reply(200, bytes.fromhex("30053003020102"))  # PKIStatus 2, rejection, and no token
        if self._fault == "other_digest":
            asked["message_imprint"]["hashed_message"] = bytes(32)
        if self._fault == "other_nonce":
            asked["nonce"] = 1
        return Reply(200, self._tsa.request_tsa_response(asked).dump())


class OthersAuthority:
    """A made-up certificate authority that answers requests, as one outside of this house would."""

    def __init__(self) -> None:
        self._key = ec.generate_private_key(ec.SECP384R1())
        self._name = _name("Balai Contoh Sertifikasi Elektronik")
        root = _certificate(self._name, self._name, self._key.public_key(), ca=True)
        self._root = root.sign(self._key, hashes.SHA384())

    def certify(
        self,
        keys: KeyRing,
        *,
        key_id: str | None = None,
        since: datetime = AT - timedelta(days=1),
        until: datetime = AT + timedelta(days=3650),
    ) -> bytes:
        request = x509.load_pem_x509_csr(certificate_request(keys, key_id=key_id, name="Segel contoh").encode())
        builder = _certificate(request.subject, self._name, request.public_key(), since=since, until=until)
        for each in request.extensions:
            builder = builder.add_extension(each.value, critical=each.critical)
        made = builder.sign(self._key, hashes.SHA384())
        return made.public_bytes(Encoding.PEM) + self._root.public_bytes(Encoding.PEM)


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _certificate(
    subject: x509.Name,
    issuer: x509.Name,
    public: object,
    *,
    ca: bool = False,
    since: datetime = AT - timedelta(days=1),
    until: datetime = AT + timedelta(days=3650),
) -> x509.CertificateBuilder:
    builder = x509.CertificateBuilder().subject_name(subject).issuer_name(issuer).public_key(public)  # type: ignore[arg-type]
    builder = builder.serial_number(x509.random_serial_number()).not_valid_before(since).not_valid_after(until)
    return builder.add_extension(x509.BasicConstraints(ca=ca, path_length=None), critical=True)
