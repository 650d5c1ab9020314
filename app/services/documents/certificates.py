"""The certificates under which issued papers are sealed: whose keys they are for, and who vouches for them.

Keys come from the key ring `documents`; a certificate says that such a key is ours. In production an authority that PDF
readers and courts know issues it for our request (`loket keys request-certificate`), and the private key never leaves the
ring. Elsewhere an authority of our own making does, derived from the same ring, so that every process arrives at the same
bytes and nothing needs to be kept. A certificate stays in the file after its key was rotated away: what it sealed stays
verifiable.
"""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from cryptography.x509.oid import NameOID

from app.core.config import Settings
from app.core.crypto import KeyRing

RING = "documents"
MAX_FILE_BYTES = 1024 * 1024
MAX_CERTIFICATES = 100
MAX_CHAIN = 8
SEAL_NAME = "Segel elektronik Loket"
ORGANISATION = "Kepolisian Negara Republik Indonesia"
_OWN_ORGANISATION = "Loket (peragaan, bukan Polri)"
_OWN_AUTHORITY = "Loket demonstration authority"
# An authority of our own making vouches for nothing outside of a demonstration. Its days are fixed, because a clock in
# them would make each process another certificate.
_OWN_FROM, _OWN_UNTIL = datetime(2020, 1, 1, tzinfo=UTC), datetime(2049, 12, 31, tzinfo=UTC)
_SERIAL_BYTES = 15


class CertificateFault(Exception):
    """The certificates do not allow to seal; the text says what to mend."""


@dataclass(frozen=True, slots=True)
class Identity:
    """A key of the ring with one certificate for it. `chain` leads from its issuer up to the root, as far as it is known."""

    key_id: str
    certificate: x509.Certificate
    chain: tuple[x509.Certificate, ...]
    key: ec.EllipticCurvePrivateKey = field(repr=False)

    @property
    def fingerprint(self) -> str:
        """SHA-256 of the certificate, in hex."""
        return fingerprint_of(self.certificate)

    @property
    def subject(self) -> str:
        """Whose it is, as RFC 4514 writes names."""
        return self.certificate.subject.rfc4514_string()


@dataclass(frozen=True, slots=True)
class Certificates:
    """Every certificate of ours, and every certificate that was given with them (authorities, those of time stamps too).
    `used` is the key that the ring uses now."""

    identities: tuple[Identity, ...]
    others: tuple[x509.Certificate, ...]
    used: str

    def current(self, at: datetime) -> Identity:
        """The identity that seals at this time: of the used key, or while that has no certificate, of the newest that has
        one. `CertificateFault` when none is good."""
        good = [each for each in self.identities if is_good(each.certificate, at)]
        if not good:
            raise CertificateFault(
                f"no certificate of the ring {RING} is good on {at:%Y-%m-%d}: ask for one with `loket keys "
                "request-certificate` and add it to the file that LOKET_DOCUMENT_CERTIFICATES names"
            )
        return max(
            good, key=lambda each: (each.key_id == self.used, each.key_id, each.certificate.not_valid_before_utc)
        )

    def pem(self) -> str:
        """All of them as PEM (RFC 7468), our own first and newest first: what is published."""
        own = sorted(
            self.identities, key=lambda each: (each.key_id, each.certificate.not_valid_before_utc), reverse=True
        )
        return "".join(_pem(each) for each in (*(each.certificate for each in own), *self.others))


def build_certificates(settings: Settings, keys: KeyRing) -> Certificates:
    """The configured certificates, or those of our own making. `CertificateFault` for a file that is missing or fits no
    key; in production for none at all."""
    path = settings.document_certificates
    if path is None:
        if settings.production:
            raise CertificateFault("LOKET_DOCUMENT_CERTIFICATES is missing")
        return own_certificates(keys)
    return read_certificates(_file(path), keys)


def read_certificates(pem: bytes, keys: KeyRing) -> Certificates:
    """The certificates of a PEM text, told apart by whether a key of the ring is theirs. `CertificateFault` when none is."""
    loaded = load_pem(pem)
    ours = {_public(key): (kid, key) for kid, key in keys.certificate_keys(RING).items()}
    mine = [each for each in loaded if _public_of(each) in ours]
    others = tuple(each for each in loaded if _public_of(each) not in ours)
    if not mine:
        raise CertificateFault(
            f"none of the {len(loaded)} certificates is for a key of the ring {RING}; ask for one with `loket keys "
            "request-certificate`"
        )
    found = ((*ours[_public_of(each)], each) for each in mine)
    return Certificates(
        tuple(Identity(kid, each, chain_of(each, others), key) for kid, key, each in found),
        others,
        keys.current_id(RING),
    )


def own_certificates(keys: KeyRing) -> Certificates:
    """One certificate for each key of the ring, by an authority that is derived from the ring as well."""
    authority_key = keys.authority_key(RING)
    authority = _issue(_named(_OWN_AUTHORITY), authority_key.public_key(), _named(_OWN_AUTHORITY), authority_key)
    identities = tuple(
        Identity(
            kid,
            _issue(_named(f"{SEAL_NAME} {kid}"[:64]), key.public_key(), authority.subject, authority_key),
            (authority,),
            key,
        )
        for kid, key in keys.certificate_keys(RING).items()
    )
    return Certificates(identities, (authority,), keys.current_id(RING))


def certificate_request(
    keys: KeyRing, *, key_id: str | None = None, name: str, organisation: str = ORGANISATION
) -> str:
    """A signed request (PKCS #10) for a key of the ring, the newest unless told which: what an authority wants to see.

    Raises ValueError for a key that is not there.
    """
    known = keys.certificate_keys(RING)
    key_id = key_id or max(known)
    if key_id not in known:
        raise ValueError(f"the ring {RING} has no key {key_id!r}; it has {', '.join(sorted(known))}")
    builder = x509.CertificateSigningRequestBuilder().subject_name(_named(name, organisation))
    usage = _usage(authority=False)
    made = builder.add_extension(usage, critical=True).sign(known[key_id], hashes.SHA256(), ecdsa_deterministic=True)
    return made.public_bytes(Encoding.PEM).decode("ascii")


def load_pem(pem: bytes) -> list[x509.Certificate]:
    """The certificates of a PEM text, each once; `CertificateFault` where it cannot be read."""
    try:
        loaded = x509.load_pem_x509_certificates(pem)
    except ValueError as error:
        raise CertificateFault(f"this is no PEM of X.509 certificates: {error}") from error
    if len(loaded) > MAX_CERTIFICATES:
        raise CertificateFault(f"there are more than {MAX_CERTIFICATES} certificates in it")
    return list(dict.fromkeys(loaded))


def chain_of(certificate: x509.Certificate, among: Iterable[x509.Certificate]) -> tuple[x509.Certificate, ...]:
    """Who vouches for it, and who for them, as far as `among` knows: issuer first, root last."""
    known = list(among)
    chain: list[x509.Certificate] = []
    while len(chain) < MAX_CHAIN and not is_root(certificate):
        issuer = next((each for each in known if each != certificate and issued_by(certificate, each)), None)
        if issuer is None:
            break
        chain.append(issuer)
        certificate = issuer
    return tuple(chain)


def anchors(certificates: Sequence[x509.Certificate]) -> list[x509.Certificate]:
    """The topmost certificates of authorities among these: roots, and those whose own issuer is not here."""
    authorities = [each for each in certificates if _is_authority(each)]
    return [
        each
        for each in authorities
        if is_root(each) or not any(other != each and issued_by(each, other) for other in authorities)
    ]


def is_good(certificate: x509.Certificate, at: datetime) -> bool:
    """Whether a time lies within the certificate's days."""
    return certificate.not_valid_before_utc <= at <= certificate.not_valid_after_utc


def is_root(certificate: x509.Certificate) -> bool:
    """Whether it vouches for itself."""
    return certificate.subject == certificate.issuer


def issued_by(certificate: x509.Certificate, issuer: x509.Certificate) -> bool:
    """Whether the issuer's key signed it."""
    if certificate.issuer != issuer.subject:
        return False
    try:
        certificate.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature):
        return False
    return True


def fingerprint_of(certificate: x509.Certificate) -> str:
    """SHA-256 of a certificate, in hex."""
    return certificate.fingerprint(hashes.SHA256()).hex()


def _issue(
    subject: x509.Name, public: ec.EllipticCurvePublicKey, issuer: x509.Name, key: ec.EllipticCurvePrivateKey
) -> x509.Certificate:
    """A certificate of our own making: of the authority where subject and issuer are the same."""
    authority = subject == issuer
    serial = hashlib.sha256(public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)).digest()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(public)
        .serial_number(int.from_bytes(serial[:_SERIAL_BYTES], "big"))
        .not_valid_before(_OWN_FROM)
        .not_valid_after(_OWN_UNTIL)
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), critical=True)
        .add_extension(_usage(authority=authority), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), critical=False)
    )
    return builder.sign(key, hashes.SHA256(), ecdsa_deterministic=True)


def _usage(*, authority: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not authority,
        content_commitment=not authority,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=authority,
        crl_sign=authority,
        encipher_only=False,
        decipher_only=False,
    )


def _named(name: str, organisation: str = _OWN_ORGANISATION) -> x509.Name:
    parts: Mapping[x509.ObjectIdentifier, str] = {
        NameOID.COUNTRY_NAME: "ID",
        NameOID.ORGANIZATION_NAME: organisation,
        NameOID.COMMON_NAME: name,
    }
    return x509.Name([x509.NameAttribute(oid, value) for oid, value in parts.items()])


def _is_authority(certificate: x509.Certificate) -> bool:
    try:
        return certificate.extensions.get_extension_for_class(x509.BasicConstraints).value.ca
    except x509.ExtensionNotFound:
        return False


def _public(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _public_of(certificate: x509.Certificate) -> bytes:
    return certificate.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)


def _pem(certificate: x509.Certificate) -> str:
    return certificate.public_bytes(Encoding.PEM).decode("ascii")


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise CertificateFault(f"LOKET_DOCUMENT_CERTIFICATES: {path} is no file of certificates, it is too large")
        return path.read_bytes()
    except OSError as error:
        raise CertificateFault(f"LOKET_DOCUMENT_CERTIFICATES: {path} cannot be read: {error.strerror}") from error
