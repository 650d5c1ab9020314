"""A third party signs: DOKU's own Python SDK (TokenService, SnapUtils) asks a token, inquires, pays and repeats.

Only its signing is used: its HTTP calls are tied to DOKU's hosts. Its clock is the machine's, in UTC with ``Z``.
"""

import json
import warnings

from app.core.clock import SystemClock
from app.services import billing
from tests.banks import INQUIRY, KEYS, PAYMENT, TOKEN, code, flag, join_bank, open_test_bill

with warnings.catch_warnings():  # the SDK's own source has escapes that Python frowns at
    warnings.simplefilter("ignore")
    from doku_python_library.src.commons.snap_utils import SnapUtils
    from doku_python_library.src.services.token_service import TokenService


class Doku:
    """A bank whose every signature is made by DOKU's SDK."""

    def __init__(self, client, client_id, secret):
        self.client, self.client_id, self.secret = client, client_id, secret
        self.token = ""

    async def sign_in(self):
        stamp = TokenService.get_timestamp()
        signature = TokenService.create_signature(KEYS["private_key_pem"], f"{self.client_id}|{stamp}")
        request = TokenService.create_token_b2b_request(signature, stamp, self.client_id)
        headers = {"X-CLIENT-KEY": self.client_id, "X-TIMESTAMP": stamp, "X-SIGNATURE": signature}
        answer = await self.client.post(TOKEN, json=request.create_request_body(), headers=headers)
        assert code(answer) == "2007300"
        self.token = answer.json()["accessToken"]

    async def call(self, path, body):
        stamp = TokenService.get_timestamp()
        signature = TokenService.generate_symmetric_signature("POST", path, self.token, body, stamp, self.secret)
        header = SnapUtils.generate_request_header(
            channel_id="H2H",
            client_id=self.client_id,
            token_b2b=self.token,
            timestamp=stamp,
            external_id=SnapUtils.generate_external_id(),
            signature=signature,
        )
        headers = {
            "X-TIMESTAMP": header.x_timestamp,
            "X-SIGNATURE": header.x_signature,
            "X-PARTNER-ID": header.x_partner_id,
            "X-EXTERNAL-ID": header.x_external_id,
            "CHANNEL-ID": header.channel_id,
            "Authorization": f"Bearer {header.authorization}",
            "Content-Type": "application/json",
        }
        # As `requests` sends json=: with blanks, while the SDK signed without.
        return await self.client.post(path, content=json.dumps(body).encode(), headers=headers)


async def test_doku_inquires_pays_and_repeats(house, client, clock):
    clock.set(SystemClock().now())
    bank = await join_bank(house, client)
    bill = await open_test_bill(house)
    doku = Doku(client, bank.client_id, bank.secret)
    await doku.sign_in()

    inquiry = await doku.call(INQUIRY, bank.inquiry_body(bill.customer_no, "D1", namaBank="Crème"))
    assert flag(inquiry) == ("2002400", "00")
    assert inquiry.json()["virtualAccountData"]["totalAmount"]["value"] == "250000.00"

    payment = bank.payment_body(bill.customer_no, "D1")
    first = await doku.call(PAYMENT, payment)
    assert flag(first) == ("2002500", "00")
    again = await doku.call(PAYMENT, {**payment, "flagAdvise": "Y"})
    assert again.content == first.content

    altered = await doku.call(PAYMENT, bank.payment_body(bill.customer_no, "D1", 1))
    assert flag(altered) == ("4042518", "00")
    report = await billing.ledger_check(house)
    assert (report.faults, report.entries) == ((), 1)


async def test_doku_with_another_secret_is_refused(house, client, clock):
    clock.set(SystemClock().now())
    bank = await join_bank(house, client)
    bill = await open_test_bill(house)
    doku = Doku(client, bank.client_id, bank.secret + "x")
    await doku.sign_in()
    assert code(await doku.call(PAYMENT, bank.payment_body(bill.customer_no, "D1"))) == "4012500"
