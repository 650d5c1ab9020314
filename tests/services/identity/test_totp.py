"""Second factor: the vectors of RFC 6238, skew, and no code twice."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from app.services.identity import totp

SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("seconds", "eight_digits"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_vectors_of_rfc_6238_appendix_b(seconds: int, eight_digits: str) -> None:
    at = datetime.fromtimestamp(seconds, UTC)
    assert totp.code_of(SECRET, totp.step_at(at)) == eight_digits[-6:]


def test_a_code_is_good_for_one_step_of_skew_and_once() -> None:
    now = datetime(2026, 3, 2, 3, 0, 15, tzinfo=UTC)
    step = totp.step_at(now)
    code = totp.code_of(SECRET, step)
    for skew in (-30, 0, 30):
        assert totp.matching_step(SECRET, code, now + timedelta(seconds=skew)) == step
    assert totp.matching_step(SECRET, code, now + timedelta(seconds=60)) is None
    assert totp.matching_step(SECRET, code, now, after=step) is None
    assert totp.matching_step(SECRET, "١٢٣٤٥٦", now) is None


def test_the_enrolment_uri_names_issuer_and_account() -> None:
    uri = totp.enrolment_uri(SECRET, account="a b@example.test", issuer="Loket")
    assert uri.startswith("otpauth://totp/Loket%3Aa%20b%40example.test?secret=")
