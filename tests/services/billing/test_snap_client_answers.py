"""What a bank's status answer means: code and status together, and nothing on a guess."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.billing.snap.client_answers import Question, read_answer
from app.services.billing.snap.models import BankSays
from app.services.billing.snap.numbers import VirtualAccount

ASKED = Question(VirtualAccount("77720", "1234567897"), "R1")
ACCOUNT = {"partnerServiceId": "   77720", "customerNo": "1234567897", "virtualAccountNo": "   777201234567897"}
SUMS = {"paidAmount": {"value": "250000.00", "currency": "IDR"}}


def told(http=200, code="2002600", data=None, **top):
    body = {"responseCode": code, "responseMessage": "x", **top}
    if data is not None:
        body["virtualAccountData"] = data
    return read_answer(http, json.dumps(body).encode(), ASKED)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        ({"paymentFlagStatus": "00"}, "paid"),
        ({"paymentFlagStatus": "01"}, "refused"),
        ({"paymentFlagStatus": "02"}, "pending"),
        ({"latestTransactionStatus": "00"}, "paid"),
        ({"latestTransactionStatus": "03"}, "pending"),
        ({"latestTransactionStatus": "04"}, "refused"),
        ({"latestTransactionStatus": "05"}, "refused"),
        ({"latestTransactionStatus": "06"}, "refused"),
        ({"latestTransactionStatus": "07"}, "unknown"),
        ({"paymentFlagStatus": "00", "latestTransactionStatus": "00"}, "paid"),
        ({"paymentFlagStatus": "00", "latestTransactionStatus": ""}, "paid"),
        ({"paymentFlagStatus": "00", "latestTransactionStatus": "06"}, "unclear"),
        ({"paymentFlagStatus": "00", "latestTransactionStatus": "99"}, "unclear"),
        ({"paymentFlagStatus": 0}, "unclear"),
        ({"paymentFlagStatus": ["00"]}, "unclear"),
        ({"paymentFlagStatus": "03"}, "unclear"),
        ({}, "unclear"),
        ([], "unclear"),
        ("00", "unclear"),
        ({"paymentFlagStatus": "00", **ACCOUNT, **SUMS}, "paid"),
        ({"paymentFlagStatus": "00", **ACCOUNT, "customerNo": 1234567897}, "paid"),
        ({"paymentFlagStatus": "00", **ACCOUNT, "virtualAccountNo": "   777201234567898"}, "unclear"),
        ({"paymentFlagStatus": "00", "virtualAccountNo": "777201234567897"}, "unclear"),
        ({"paymentFlagStatus": "00", "paymentRequestId": "R1"}, "paid"),
        ({"paymentFlagStatus": "00", "paymentRequestId": "R2"}, "unclear"),
        ({"paymentFlagStatus": "00", "paidAmount": {"value": "1e5", "currency": "IDR"}}, "unclear"),
        ({"paymentFlagStatus": "00", "paidAmount": {"value": "1.50", "currency": "IDR"}}, "unclear"),
        ({"paymentFlagStatus": "00", "paidAmount": {"value": "1.00", "currency": "USD"}}, "unclear"),
        ({"paymentFlagStatus": "00", "paidAmount": "250000"}, "unclear"),
        ({"paymentFlagStatus": "00", "paidAmount": {}, "totalAmount": None}, "paid"),
        ({"paymentFlagStatus": "01", "paidAmount": {"value": "", "currency": ""}, "totalAmount": []}, "refused"),
        ({"paymentFlagStatus": "02", "paidAmount": {"value": None, "currency": "IDR"}}, "unclear"),
    ],
)
def test_status_of_a_success_code(data, status):
    assert told(data=data).status == status


@pytest.mark.parametrize(
    ("http", "code", "status"),
    [
        (404, "4042601", "unknown"),
        (200, "4042601", "unknown"),  # some gateways say 200 to everything
        (404, "4042612", "unknown"),
        (404, "4042619", "unclear"),
        (404, "4042618", "unclear"),
        (401, "4012600", "unclear"),
        (409, "4092600", "unclear"),
        (429, "4292600", "silent"),
        (504, "5042600", "silent"),
        (200, "5002600", "silent"),
        (404, "2002600", "unclear"),
        (200, "2002500", "unclear"),
        (200, "200", "unclear"),
        (200, "２００２６００", "unclear"),
        (200, None, "unclear"),
        (200, True, "unclear"),
    ],
)
def test_other_codes(http, code, status):
    answer = told(http, code, {"paymentFlagStatus": "00"})
    assert answer.status == status
    assert (answer.fault is None) == (status == "unknown")


def test_amount_and_where_the_status_may_stand():
    assert told(data={"paymentFlagStatus": "00", **SUMS}).amount == 250_000
    assert told(data={"paymentFlagStatus": "00", "totalAmount": SUMS["paidAmount"]}).amount == 250_000
    blank = {"value": "", "currency": ""}
    assert (
        told(data={"paymentFlagStatus": "00", "paidAmount": blank, "totalAmount": SUMS["paidAmount"]}).amount == 250_000
    )
    assert told(latestTransactionStatus="00", paymentFlagStatus="00").status is BankSays.PAID
    assert told(data={"paymentFlagStatus": "00"}, latestTransactionStatus="06").status is BankSays.UNCLEAR
    assert told(code=2002600, data={"paymentFlagStatus": "00"}).code == "2002600"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html>",
        b"[]",
        b"\xff",
        b'{"responseCode":"2002600","responseCode":"4042601"}',
        b" " * 70_000,
        b"[" * 9_999,
    ],
)
def test_what_is_no_answer_is_unclear(body):
    assert read_answer(200, body, ASKED).status is BankSays.UNCLEAR


@given(st.integers(100, 599), st.binary(max_size=200))
def test_nothing_a_bank_sends_is_an_error_of_ours(http, body):
    assert read_answer(http, body, ASKED).status is BankSays.UNCLEAR


ODD = st.sampled_from(
    [None, True, 0, 1, "", "0", "00", " 00", "000", "99", [], ["00"], {}, {"value": "00"}, "R1", "R2"]
)
NAMES = (
    "paymentFlagStatus",
    "latestTransactionStatus",
    "virtualAccountNo",
    "customerNo",
    "paidAmount",
    "paymentRequestId",
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, ODD)))
def test_no_odd_field_is_read_as_paid(data):
    assert told(data=data).status is not BankSays.PAID or "00" in (
        data.get("paymentFlagStatus"), data.get("latestTransactionStatus")
    )  # fmt: skip
