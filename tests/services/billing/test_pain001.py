"""Payment orders against the published schemas of ISO 20022, read back by a third party's reader."""

import warnings
from datetime import UTC, date, datetime
from decimal import Decimal
from importlib.resources import files
from typing import Any

import pytest
import xmlschema
from hypothesis import given, settings
from hypothesis import strategies as st

from app.services.billing import pain001
from app.services.billing.bank_list import bank_list
from app.services.billing.pain001 import NAME_MAX, Initiation, Transfer
from app.services.billing.paying import Charges, Message, PayingAccount

with warnings.catch_warnings():
    warnings.simplefilter("ignore")
    SCHEMAS = {
        each: xmlschema.XMLSchema(str(files("sepaxml") / "schemas" / f"pain.{each.value}.xsd")) for each in Message
    }
BANKS = sorted(bank_list())
AT = datetime(2026, 11, 23, 3, 15, 30, tzinfo=UTC)


def paying(message: Message, charges: Charges = Charges.PAYER, *, batch: bool = False) -> PayingAccount:
    return PayingAccount(
        code="PMJ-BRI", polda="PMJ", bank="002", number="020601009990001", name="BPN 001 DITLANTAS POLDA METRO JAYA",
        initiator="DITLANTAS POLDA METRO JAYA", message=message, batch=batch, charges=charges,
    )  # fmt: skip


def order(account: PayingAccount, *transfers: Transfer) -> Initiation:
    return Initiation("PO-20261123-0001", AT, date(2026, 11, 24), account, transfers)


def transfer(number: int, **changed: Any) -> Transfer:
    values = {
        "end_to_end_id": f"RF{number:06d}", "amount": 398_000 + number, "bank_code": "014", "number": "1234567890",
        "name": "BUDI CONTOH", "text": "Pengembalian denda",
    }  # fmt: skip
    return Transfer(**{**values, **changed})


def read(message: Message, data: bytes) -> dict[str, Any]:
    """The initiation as the schema's own reader has it; raises where the file is not valid."""
    found = SCHEMAS[message].to_dict(data.decode().split("?>", 1)[1])
    assert isinstance(found, dict)
    return dict(found["CstmrCdtTrfInitn"])


@pytest.mark.parametrize("message", list(Message))
@pytest.mark.parametrize("charges", list(Charges))
def test_an_order_is_valid_and_says_what_is_to_be_paid(message: Message, charges: Charges) -> None:
    made = order(paying(message, charges), transfer(1), transfer(2, bank_code="002", name="SITI CONTOH"))
    data = pain001.write(made)
    assert pain001.write(made) == data
    found = read(message, data)
    header, [payment] = found["GrpHdr"], found["PmtInf"]
    for part in (header, payment):  # counts and sums on both levels
        assert (part["NbOfTxs"], part["CtrlSum"]) == ("2", Decimal("796003.00"))
    assert (header["MsgId"], header["CreDtTm"]) == ("PO-20261123-0001", "2026-11-23T03:15:30Z")
    assert (payment["PmtMtd"], payment["ChrgBr"], payment["BtchBookg"]) == ("TRF", charges.value, False)
    day = {"Dt": "2026-11-24"} if message is Message.V09 else "2026-11-24"
    assert payment["ReqdExctnDt"] == day
    assert payment["DbtrAcct"]["Id"]["Othr"]["Id"] == "020601009990001"
    assert [
        (
            each["PmtId"]["EndToEndId"],
            each["Amt"]["InstdAmt"]["@Ccy"],
            each["Amt"]["InstdAmt"]["$"],
            each["CdtrAgt"]["FinInstnId"]["ClrSysMmbId"]["MmbId"],
            each["CdtrAcct"]["Id"]["Othr"]["Id"],
            each["Cdtr"]["Nm"],
        )
        for each in payment["CdtTrfTxInf"]
    ] == [
        ("RF000001", "IDR", Decimal("398001.00"), "014", "1234567890", "BUDI CONTOH"),
        ("RF000002", "IDR", Decimal("398002.00"), "002", "1234567890", "SITI CONTOH"),
    ]


@settings(max_examples=60, deadline=None)
@given(
    message=st.sampled_from(list(Message)),
    name=st.text(max_size=200),
    text=st.text(max_size=300),
    bank=st.sampled_from(BANKS),
    amount=st.integers(1, 10**12),
)
def test_whatever_somebody_is_called_the_file_stays_valid(
    message: Message, name: str, text: str, bank: str, amount: int
) -> None:
    data = pain001.write(order(paying(message), transfer(1, name=name, text=text, bank_code=bank, amount=amount)))
    [payment] = read(message, data)["PmtInf"]
    [one] = payment["CdtTrfTxInf"]
    assert one["Amt"]["InstdAmt"]["$"] == payment["CtrlSum"] == amount
    assert 0 < len(one["Cdtr"]["Nm"]) <= NAME_MAX
    assert one["Cdtr"]["Nm"].isascii()


def test_the_schemas_judge_at_all() -> None:
    data = pain001.write(order(paying(Message.V03), transfer(1)))
    for wrong in (
        data.replace(b"<PmtMtd>TRF", b"<PmtMtd>CASH"),
        data.replace(b"RF000001", b"R" * 36),
        data.replace(b"398001.00", b"-1"),
    ):
        with pytest.raises(xmlschema.XMLSchemaValidationError):
            read(Message.V03, wrong)
    with pytest.raises(xmlschema.XMLSchemaException, match="not loaded"):
        read(Message.V09, data)  # the other version's


def test_nothing_and_the_same_twice_are_no_order() -> None:
    for transfers in ((), (transfer(1), transfer(1))):
        with pytest.raises(ValueError, match="no transfers, or one of them twice"):
            pain001.write(order(paying(Message.V09), *transfers))
