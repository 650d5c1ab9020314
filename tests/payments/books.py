"""What a bank was told, word for word, and what is stored afterwards, row for row."""

import json
import re
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import httpx
from sqlalchemy import text

from app.core.house import House
from app.core.limits import Limits
from app.main import create_app
from app.services import billing
from tests.banks import Bank

_TABLE = json.loads((Path(__file__).parents[1] / "data" / "snap_response_codes.json").read_text("utf-8"))
WORDS = {(str(row["http"]), row["case"]): row["message"] for row in _TABLE["cases"]}
FLAGS = {"24": "inquiryStatus", "25": "paymentFlagStatus", "26": "paymentFlagStatus"}
NOT_FOUND = "[Not Found]"

ROWS = {
    "external_ids": "snap_external_ids",
    "inquiries": "snap_inquiries",
    "payments": "snap_payments",
    "incidents": "payment_incidents",
    "entries": "ledger_entries",
    "lines": "ledger_lines",
    "refunds": "refunds",
    "files": "settlement_files",
    "statements": "settlement_statements",
    "settled": "settlement_lines",
    "differences": "settlement_exceptions",
    "steps": "settlement_steps",
    "questions": "bank_status_questions",
    "events": "case_events",
    "receipts": "ticket_receipts",
    "messages": "messages",
    "jobs": "workflow_status",
}
BOOKED = {"external_ids": 1, "payments": 1, "entries": 1, "lines": 2}
"""What the first telling of a payment leaves; its repetitions under a new X-EXTERNAL-ID leave one of the first."""


def heard(answer: httpx.Response, code: str, *, flag: str | None = None, about: str = "") -> dict[str, object]:
    """The body, after checking that the bank was told exactly this: HTTP status, code, ASPI's words, and the flag.

    `about` fills the message's placeholder. A judged answer has a flag and its reason in both languages; any other says
    nothing about the payment.
    """
    body = answer.json()
    assert body["responseCode"] == code, answer.text
    assert answer.status_code == int(code[:3])
    filled = f" {about}" if about else ""
    expected = re.sub(r"\s*[\[{][^\]}]*[\]}]", lambda _: filled, WORDS[code[:3], code[5:]], count=1)
    assert body["responseMessage"] == expected
    assert answer.headers["content-type"] == "application/json"
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3})?\+07:00", answer.headers["x-timestamp"])
    data = body.get("virtualAccountData")
    if flag is None:
        assert data is None
        return body
    name = FLAGS[code[3:5]]
    reason = data[name.replace("Status", "Reason")]
    assert data[name] == flag, answer.text
    assert 0 < len(reason["english"]) <= 64
    assert 0 < len(reason["indonesia"]) <= 200
    return body


def booked(answer: httpx.Response) -> dict[str, object]:
    """The body of 2002500 with flag 00."""
    return heard(answer, "2002500", flag="00")


class Books:
    """The rows of a house, against the last time that somebody looked."""

    def __init__(self, house: House, counts: dict[str, int]) -> None:
        self._house, self._counts = house, counts

    @classmethod
    async def open(cls, house: House) -> "Books":
        return cls(house, await count_rows(house))

    async def changed(self, **expected: int) -> None:
        """Since the last look exactly so many rows came to each table; to those not named, none."""
        now = await count_rows(self._house)
        assert {name: now[name] - self._counts[name] for name in ROWS} == {name: expected.get(name, 0) for name in ROWS}
        self._counts = now

    async def came(self, name: str) -> int:
        """How many rows came to one table since the last look; it is no look itself."""
        return (await count_rows(self._house))[name] - self._counts[name]

    async def look(self) -> None:
        """Whatever changed until here is not asked for."""
        self._counts = await count_rows(self._house)

    async def hold(self, **balances: int) -> None:
        """The ledger is sound, and its balances are these (debit positive) and no others. `BC` is all banks' clearing."""
        report = await billing.ledger_check(self._house)
        assert report.faults == ()
        held: dict[str, int] = {}
        for account, amount in report.balances.items():
            name = account.partition(":")[0]
            held[name] = held.get(name, 0) + amount
        assert {account: amount for account, amount in held.items() if amount} == balances

    async def incidents(self) -> list[str]:
        """The kinds of all incidents, oldest first."""
        async with self._house.db.read() as connection:
            return list(
                (await connection.execute(text("SELECT kind FROM payment_incidents ORDER BY at, id"))).scalars()
            )

    async def state(self, bill: billing.Bill | billing.BillView) -> str:
        """What the bill's row says."""
        async with self._house.db.read() as connection:
            return (await billing.bill_by_id(connection, bill.id)).state.value


async def count_rows(house: House) -> dict[str, int]:
    """How many rows each table of `ROWS` has; jobs wherever DBOS keeps them."""
    dbos = "dbos." if house.db.dialect == "postgresql" else ""
    parts = [f"SELECT '{name}', count(*) FROM {dbos if name == 'jobs' else ''}{table}" for name, table in ROWS.items()]
    async with house.db.read() as connection:
        return dict((await connection.execute(text(" UNION ALL ".join(parts)))).all())


@asynccontextmanager
async def server_of(house: House) -> AsyncIterator[httpx.AsyncClient]:
    """A client of an application of its own on this house."""
    transport = httpx.ASGITransport(app=create_app(house), raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


def limited(house: House, seconds: Callable[[], float]) -> House:
    """The same house with its limits on, counted by this clock."""
    return replace(house, parts={**house.parts, Limits: Limits(seconds=seconds)})


def beside(bank: Bank, client: httpx.AsyncClient) -> Bank:
    """The same bank, speaking by another client; ids are drawn from one count."""
    other = Bank.__new__(Bank)
    other.__dict__.update(bank.__dict__)
    other.client = client
    return other
