"""The pure part of SNAP BI against the published vectors (tests/data/snap_vectors.json), and against imagination."""

import base64
import contextlib
import hashlib
import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from hypothesis import given
from hypothesis import strategies as st

from app.services.billing.snap import amounts, codes, numbers, signatures, strict_json, times

VECTORS = json.loads((Path(__file__).parents[2] / "data" / "snap_vectors.json").read_text("utf-8"))
SYMMETRIC = {each["id"]: each for each in VECTORS["symmetric"]}


def by_id(vectors):
    return [pytest.param(each, id=str(each.get("id", n))) for n, each in enumerate(vectors)]


# --- signatures -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", by_id(VECTORS["asymmetric_token"]))
def test_token_signature(v):
    key = VECTORS["keys"][v["key"]]["public_key_pem"]
    text = signatures.token_string_to_sign(v["client_id"], v["timestamp"])
    assert text == v["string_to_sign"]
    assert signatures.rsa_is_valid(key, text, v["signature_base64"]) is v["valid"]
    if "signature_hex" in v:
        assert signatures.rsa_is_valid(key, text, v["signature_hex"]) is v["valid"]


@pytest.mark.parametrize("v", by_id(VECTORS["symmetric"]))
def test_symmetric_signature(v):
    body = base64.b64decode(v["body_base64"])
    assert signatures.minify(body).decode() == v["minified_text"]
    assert signatures.body_hash(body) == v["body_sha256"]
    text = signatures.symmetric_string_to_sign(v["method"], v["path"], v["access_token"], body, v["timestamp"])
    assert text == v["string_to_sign"]
    assert signatures.hmac_is_valid(v["client_secret"], text, v["signature_base64"]) is v["valid"]
    assert signatures.hmac_is_valid(v["client_secret"], text, v["signature_hex"]) is v["valid"]


@pytest.mark.parametrize("v", by_id(VECTORS["symmetric_header_traps"]))
def test_header_traps(v):
    of = SYMMETRIC[v["of"]]
    # Hex is taken beside base64: its length tells it apart, so 'by configuration' needs no setting.
    expected = v["valid"] is not False
    assert signatures.hmac_is_valid(of["client_secret"], of["string_to_sign"], v["x_signature"]) is expected


@pytest.mark.parametrize("v", by_id(VECTORS["minify"]))
def test_minify(v):
    assert signatures.minify(v["raw"].encode()) == v["minified"].encode()
    assert signatures.body_hash(v["raw"].encode()) == v["sha256"]


@pytest.mark.parametrize("v", by_id(VECTORS["asymmetric_transaction"]))
def test_signature_type_2(v):
    body = v["body_text"].encode()
    assert signatures.body_hash(body) == v["body_sha256"]
    text = signatures.asymmetric_string_to_sign(v["method"], v["path"], body, v["timestamp"])
    assert text == v["string_to_sign"]
    key = VECTORS["keys"][v["key"]]["public_key_pem"]
    assert signatures.rsa_is_valid(key, text, v["signature_base64"]) is v["valid"]


def test_an_unknown_client_is_refused_whatever_it_sends():
    v = VECTORS["asymmetric_token"][1]
    for signature in (v["signature_base64"], "", "A" * 344, "0" * 512):
        assert not signatures.rsa_is_valid(None, v["string_to_sign"], signature)
        assert not signatures.rsa_is_valid("no key at all", v["string_to_sign"], signature)


@given(st.text(max_size=200))
def test_no_signature_text_is_an_error(signature):
    v = SYMMETRIC["payment-compact"]
    key = VECTORS["keys"]["test_bank"]["public_key_pem"]
    assert not signatures.hmac_is_valid(v["client_secret"], v["string_to_sign"], signature)
    assert not signatures.rsa_is_valid(key, v["string_to_sign"], signature)


def test_base64_has_one_spelling():
    raw = bytes(64)
    text = base64.b64encode(raw).decode()
    assert signatures.decode_signature(text, 64) == raw
    assert signatures.decode_signature(text[:-3] + "B==", 64) is None  # the same bytes, spare bits set
    assert signatures.decode_signature(text + "\n", 64) is None
    mixed = "aB" * 64
    assert signatures.decode_signature(mixed, 64) is None  # hex is of one case


def minify_by_hand(body: bytes) -> bytes:
    """The rule of the standard as a loop, the oracle."""
    out, in_string, escaped = bytearray(), False, False
    for byte in body:
        if in_string:
            out.append(byte)
            if escaped:
                escaped = False
            elif byte == ord("\\"):
                escaped = True
            elif byte == ord('"'):
                in_string = False
        elif byte not in b" \t\r\n":
            in_string = byte == ord('"')
            out.append(byte)
    return bytes(out)


@given(st.text(alphabet='"\\ \t\r\n{}[]a1:,', max_size=60) | st.text(max_size=40))
def test_minify_agrees_with_the_rule_on_any_bytes(text):
    body = text.encode("utf-8", "surrogatepass")
    assert signatures.minify(body) == minify_by_hand(body)
    assert signatures.minify(signatures.minify(body)) == signatures.minify(body)


def test_minify_is_linear():
    hostile = (b'"' + b"\\" * 30_001 + b" ") * 3
    assert signatures.minify(hostile) == minify_by_hand(hostile)


def test_signing_with_another_key_fails():
    key = load_pem_private_key(VECTORS["keys"]["midtrans_sample"]["private_key_pem"].encode(), None)
    text = "BANK-UJI-01|2026-11-23T10:15:30+07:00"
    signature = base64.b64encode(key.sign(text.encode(), PKCS1v15(), hashes.SHA256())).decode()
    assert not signatures.rsa_is_valid(VECTORS["keys"]["test_bank"]["public_key_pem"], text, signature)


# --- numbers, amounts, times ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("v", by_id(VECTORS["virtual_account_numbers"]))
def test_virtual_account_numbers(v):
    fields = v["partnerServiceId"], v["customerNo"], v["virtualAccountNo"]
    if v["canonical"] is None:
        with pytest.raises(numbers.MalformedNumber):
            numbers.read_virtual_account(*fields)
    else:
        account = numbers.read_virtual_account(*fields)
        assert account.canonical == v["canonical"]
        assert account.customer_no == "0012345678"


def test_bare_numbers_are_exact():
    account = numbers.read_virtual_account(77720, 12345678, "   777200012345678")
    assert account == numbers.VirtualAccount("77720", "0012345678")
    long = numbers.read_virtual_account("   77720", 12345678901234567890, "7772012345678901234567890")
    assert long.customer_no == "12345678901234567890"


@pytest.mark.parametrize(
    "fields",
    [
        ("", "1", "1"),
        ("        ", "1", "1"),
        ("00000000", "1", "1"),
        (None, "1", "777201"),
        ("77720", None, "777201"),
        ("77720", True, "777201"),
        ("77720", 1.0, "777201"),
        ("77720", "-1", "77720-1"),
        ("77720", "١", "77720١"),
        ("77720", "1\x00", "777201\x00"),
        ("77720", "1", "77720"),
        ("77720", 10**40, "777201"),
        ("77720", "77720", "77720"),
        ({}, [], "777201"),
    ],
)
def test_malformed_numbers(fields):
    with pytest.raises(numbers.MalformedNumber):
        numbers.read_virtual_account(*fields)


@given(st.integers(1, 99_999_999), st.from_regex(r"[0-9]{1,20}", fullmatch=True))
def test_each_spelling_names_the_same_account(partner, customer):
    wanted = numbers.VirtualAccount(str(partner), customer)
    for spelling in (str(partner), numbers.pad_partner(str(partner)), str(partner).zfill(8)):
        assert numbers.read_virtual_account(spelling, customer, spelling + customer) == wanted


@pytest.mark.parametrize("v", by_id(VECTORS["amounts_idr"]))
def test_amounts(v):
    if v["rupiah"] is None:
        with pytest.raises((amounts.NotAnAmount, amounts.NotWholeRupiah)):
            amounts.parse_amount(v["value"])
    else:
        assert amounts.parse_amount(v["value"]) == v["rupiah"]


@pytest.mark.parametrize(
    "value", [None, 250000, 250000.0, True, "abc", "1e4", "1,000.00", "250000.", ".5", "1\n", "１"]
)
def test_what_is_no_amount(value):
    with pytest.raises(amounts.NotAnAmount):
        amounts.parse_amount(value)


def test_cents_are_a_number_but_not_rupiah():
    with pytest.raises(amounts.NotWholeRupiah):
        amounts.parse_amount("250000.50")


@given(st.integers(0, 10**16 - 1))
def test_amounts_come_back(rupiah):
    assert amounts.parse_amount(amounts.write_amount(rupiah)) == rupiah


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-23T10:15:30+07:00",
        "2026-11-23T03:15:30Z",
        "2026-11-23T10:15:30.000+07:00",
        "2026-11-23T03:15:30.0Z",
        "2026-11-23T10:15:30+0700",
        "2026-11-22T22:15:30-05:00",
        "2026-11-23T10:15:30.000000000+07:00",
    ],
)
def test_timestamps(text):
    assert times.parse_timestamp(text) == datetime(2026, 11, 23, 3, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "2026-11-23T10:15:30",
        "2026-11-23 10:15:30+07:00",
        "2026-11-23T10:15+07:00",
        "20261123T101530Z",
        "2026-02-30T10:15:30+07:00",
        "2026-11-23T24:15:30+07:00",
        "2026-11-23T10:15:60+07:00",
        "2026-11-23T10:15:30+15:00",
        "0000-11-23T10:15:30Z",
        "1732331730",
        "2026-11-23T10:15:30+07:00\n",
        "٢٠٢٦-11-23T10:15:30Z",
        "besok",
    ],
)
def test_what_is_no_timestamp(text):
    assert times.parse_timestamp(text) is None


def test_the_window_is_inclusive_and_two_sided():
    now = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
    for seconds, inside in ((0, True), (300, True), (301, False), (-300, True), (-301, False)):
        assert times.is_within(now + timedelta(seconds=seconds), now, 300) is inside
    for edge in ("0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00"):
        assert not times.is_within(times.parse_timestamp(edge), now, 300)


def test_the_bank_day_turns_at_midnight_in_jakarta():
    assert str(times.bank_day(datetime(2026, 11, 23, 16, 59, 59, tzinfo=UTC))) == "2026-11-23"
    assert str(times.bank_day(datetime(2026, 11, 23, 17, 0, 0, tzinfo=UTC))) == "2026-11-24"


@given(st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1), timezones=st.just(UTC)))  # noqa: DTZ001
def test_written_timestamps_come_back(at):
    written = times.write_timestamp(at)
    assert len(written) == 25
    assert times.parse_timestamp(written) == at.replace(microsecond=0)


# --- strict JSON ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[]",
        b'"text"',
        b"null",
        b"{",
        b'{"a":1,"a":2}',
        b'{"a":1,"\\u0061":2}',
        b'{"paidAmount":{"value":"1","value":"2"}}',
        b'{"a":NaN}',
        b'{"a":-Infinity}',
        b'{"a":1}{}',
        b"\xef\xbb\xbf{}",
        b'{"a":"\xff"}',
        b'{"a":' + b"[" * 5000 + b"]" * 5000 + b"}",
        b'{"a":' + b'{"a":' * 5000 + b"1" + b"}" * 5001,
        b'{"a":' + b"9" * 5000 + b"}",
        b'{"a":1,}',
        b"{'a':1}",
        b'{"a":"\n"}',
        b"\x1f\x8b\x08\x00",
    ],
)
def test_unreadable_json(body):
    with pytest.raises(strict_json.UnreadableJson):
        strict_json.parse_object(body)


def test_brackets_in_strings_are_no_depth():
    assert strict_json.parse_object(b'{"a":"' + b"[" * 500 + b'"}') == {"a": "[" * 500}


def test_numbers_are_exact():
    read = strict_json.parse_object(b'{"a":12345678901234567890123,"b":10.10,"c":1e400}')
    assert read["a"] == 12345678901234567890123
    assert str(read["b"]) == "10.10"


@given(st.binary(max_size=80) | st.text(alphabet='{}[]":,0123456789.eE-+ntfalsu\\ ', max_size=60).map(str.encode))
def test_no_body_is_an_error_of_ours(body):
    with contextlib.suppress(strict_json.UnreadableJson):
        strict_json.parse_object(body)


# --- response codes -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("service", "case", "about", "code", "message"),
    [
        (codes.Service.PAYMENT, codes.SUCCESSFUL, None, "2002500", "Successful"),
        (codes.Service.TOKEN, codes.UNAUTHORIZED, "[Signature]", "4017300", "Unauthorized. [Signature]"),
        (
            codes.Service.TOKEN,
            codes.INVALID_MANDATORY_FIELD,
            "X-SIGNATURE",
            "4007302",
            "Invalid Mandatory Field X-SIGNATURE",
        ),
        (
            codes.Service.INQUIRY,
            codes.INVALID_BILL,
            "[Not Found]",
            "4042412",
            "Invalid Bill/Virtual Account [Not Found]",
        ),
        (codes.Service.PAYMENT, codes.EXPIRED_BILL, None, "4042519", "Invalid Bill/Virtual Account"),
        (codes.Service.PAYMENT, codes.INCONSISTENT_REQUEST, None, "4042518", "Inconsistent Request"),
        (codes.Service.INQUIRY, codes.INVALID_TOKEN, None, "4012401", "Invalid Token (B2B)"),
        (codes.Service.STATUS, codes.TIMEOUT, None, "5042600", "Timeout"),
    ],
)
def test_response_codes(service, case, about, code, message):
    answer = codes.response_code(service, case, about)
    assert (answer.code, answer.message) == (code, message)
    assert answer.http == int(code[:3])


def test_the_hash_of_no_body_is_that_of_the_empty_string():
    assert signatures.body_hash(b"") == hashlib.sha256(b"").hexdigest()


def test_the_response_codes_are_aspis_own_words():
    """What we answer by, against the copy that tests hold: neither may drift alone."""
    theirs = json.loads((Path(__file__).parents[2] / "data" / "snap_response_codes.json").read_text("utf-8"))["cases"]
    expected = {(row["http"], row["case"]): row["message"] for row in theirs}
    assert {key: row.message for key, row in codes.cases().items()} == expected
    assert len(theirs) == len(expected)
