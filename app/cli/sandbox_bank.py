"""`loket sandbox bank` and `loket sandbox bills`: a bank that speaks SNAP BI, and bills for it to pay. For testers."""

from collections.abc import Awaitable, Callable
from datetime import timedelta
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.table import Table

from app.cli.common import console, emit, open_house, refuse, refuse_in_production, run
from app.core.actor import SYSTEM
from app.core.config import Settings
from app.core.house import House
from app.core.money import show_rupiah
from app.sandbox.bank import BankPass, NotABank, SandboxBank, new_request_id
from app.sandbox.bank_books import note_by_hand
from app.services import billing
from app.services.billing import VirtualAccountView
from app.services.billing.models import Bill
from app.services.identity import credentials

BANK_FILE = Path("sandbox") / "bank.json"
BOOKS = Path("sandbox") / "bank"
TIMEOUT_S = 15.0
MOST_BILLS = 1000
UNIT = "PMJ"
LASTS = timedelta(days=7)
AGO = timedelta(hours=1)

app = typer.Typer(help="The sandbox bank: a SNAP BI client over HTTP.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]
BaseUrl = Annotated[str | None, typer.Option(help="The server; default LOKET_PUBLIC_URL.")]
PassFile = Annotated[
    Path | None, typer.Option("--credentials", help="The bank's pass (JSON); default sandbox/bank.json in LOKET_HOME.")
]
ClientId = Annotated[str | None, typer.Option(help="Instead of a pass file: the client id,")]
Secret = Annotated[str | None, typer.Option(help="its secret,", envvar="LOKET_BANK_SECRET", show_envvar=True)]
KeyFile = Annotated[Path | None, typer.Option(help="its RSA private key (PEM),", exists=True, dir_okay=False)]
PartnerId = Annotated[str | None, typer.Option(help="and the number that begins its virtual accounts.")]
Number = Annotated[str, typer.Argument(help="Virtual account number, or customer number alone.")]
RequestId = Annotated[str | None, typer.Option(help="inquiryRequestId and paymentRequestId; default a fresh one.")]
ExternalId = Annotated[str | None, typer.Option(help="X-EXTERNAL-ID; default a fresh one.")]


@app.command("token")
def token(
    base_url: BaseUrl = None,
    bank_file: PassFile = None,
    client_id: ClientId = None,
    client_secret: Secret = None,
    private_key: KeyFile = None,
    partner_service_id: PartnerId = None,
    as_json: Json = False,
) -> None:
    """Ask for an access token."""
    bank_pass = _pass(bank_file, client_id, client_secret, private_key, partner_service_id)
    _show(_at(base_url, bank_pass, lambda bank: bank.token()), as_json)


@app.command("inquire")
def inquire(
    number: Number,
    request_id: RequestId = None,
    external_id: ExternalId = None,
    base_url: BaseUrl = None,
    bank_file: PassFile = None,
    client_id: ClientId = None,
    client_secret: Secret = None,
    private_key: KeyFile = None,
    partner_service_id: PartnerId = None,
    as_json: Json = False,
) -> None:
    """Ask what a virtual account owes."""
    bank_pass = _pass(bank_file, client_id, client_secret, private_key, partner_service_id)
    work = lambda bank: bank.inquire(number, request_id=request_id, external_id=external_id)  # noqa: E731
    _show(_at(base_url, bank_pass, work), as_json)


@app.command("pay")
def pay(
    number: Number,
    amount: Annotated[int | None, typer.Option(help="Rupiah; default what an inquiry says.", min=0)] = None,
    advise: Annotated[bool, typer.Option("--advise", help="Mark it as a repetition (flagAdvise Y).")] = False,
    request_id: RequestId = None,
    external_id: ExternalId = None,
    base_url: BaseUrl = None,
    bank_file: PassFile = None,
    client_id: ClientId = None,
    client_secret: Secret = None,
    private_key: KeyFile = None,
    partner_service_id: PartnerId = None,
    as_json: Json = False,
) -> None:
    """Pay a virtual account; without --amount it inquires first, under the same request id."""
    bank_pass = _pass(bank_file, client_id, client_secret, private_key, partner_service_id)

    async def work(bank: SandboxBank) -> dict[str, Any]:
        key, owed = request_id or new_request_id(), amount
        if owed is None:
            inquiry = await bank.inquire(number, request_id=key)
            if not _is_good(inquiry):
                return inquiry
            owed = int(inquiry["virtualAccountData"]["totalAmount"]["value"].partition(".")[0])
        answer = await bank.pay(number, owed, request_id=key, external_id=external_id, advise=advise)
        note_by_hand(books_folder(), bank_pass, number, amount=owed, request_id=key, answer=answer)
        return answer

    _show(_at(base_url, bank_pass, work), as_json)


@app.command("status")
def status(
    number: Number,
    request_id: Annotated[str, typer.Option(help="The paymentRequestId to ask about.")],
    external_id: ExternalId = None,
    base_url: BaseUrl = None,
    bank_file: PassFile = None,
    client_id: ClientId = None,
    client_secret: Secret = None,
    private_key: KeyFile = None,
    partner_service_id: PartnerId = None,
    as_json: Json = False,
) -> None:
    """Ask what became of a payment."""
    bank_pass = _pass(bank_file, client_id, client_secret, private_key, partner_service_id)
    work = lambda bank: bank.status(number, request_id=request_id, external_id=external_id)  # noqa: E731
    _show(_at(base_url, bank_pass, work), as_json)


def books_folder() -> Path:
    """Where the sandbox bank keeps its own books."""
    return Settings().home / BOOKS


def bills(
    bank: Annotated[str | None, typer.Option(help="Name or client id of the bank; default the first.")] = None,
    count: Annotated[int, typer.Option(help="How many.", min=1, max=MOST_BILLS)] = 1,
    amount: Annotated[int, typer.Option(help="Rupiah each.", min=1, max=10**12)] = 250_000,
    expired: Annotated[bool, typer.Option("--expired", help="Bills whose time is over.")] = False,
    as_json: Json = False,
) -> None:
    """Make unpaid test bills (of made-up tickets) for a bank's engineers."""
    refuse_in_production(Settings(), "Making test bills")
    made = run(make_bills(bank, count, amount, expired=expired))
    shown = [
        {
            "partner_service_id": account.partner_service_id,
            "customer_no": account.customer_no,
            "virtual_account_no": account.virtual_account_no,
            "amount": bill.amount,
            "expires_at": bill.expires_at.isoformat(),
        }
        for bill, account in made
    ]

    def human() -> None:
        table = Table("Virtual account", "Amount", "Until")
        for bill, account in made:
            table.add_row(account.virtual_account_no, show_rupiah(bill.amount), f"{bill.expires_at:%Y-%m-%d %H:%M} UTC")
        console.print(table)

    emit(shown, as_json=as_json, human=human)


async def make_bills(
    name: str | None, count: int, amount: int, *, expired: bool
) -> list[tuple[Bill, VirtualAccountView]]:
    """Unpaid bills of made-up tickets, each with where to pay it at this bank."""
    async with open_house() as house:
        partner = await _partner_of(house, name)
        async with house.db.begin(SYSTEM) as tx:
            made = [
                await billing.open_bill(
                    tx,
                    case_id=None,
                    purpose=billing.Purpose.FINE,
                    unit=UNIT,
                    amount=amount,
                    expires_at=tx.now - AGO if expired else tx.now + LASTS,
                    title="Tilang contoh (uji coba)",
                )
                for _ in range(count)
            ]
        async with house.db.read() as connection:
            return [(bill, await _account_at(connection, bill, partner)) for bill in made]


async def _account_at(connection: Any, bill: Bill, partner: str) -> VirtualAccountView:
    accounts = await billing.virtual_accounts(connection, bill.customer_no)
    return next(each for each in accounts if each.partner_service_id.strip() == partner.strip())


async def _partner_of(house: House, name: str | None) -> str:
    async with house.db.read() as connection:
        listed = await credentials.list_(connection, kind=credentials.CredentialKind.BANK)
    banks = [each for each in listed if each.disabled_at is None and each.partner_service_id]
    for each in banks:
        if name is None or name.casefold() in (each.name.casefold(), each.client_id):
            return str(each.partner_service_id)
    known = ", ".join(each.name for each in banks) or "none; see `loket client add bank`"
    raise refuse(f"No active bank {name or ''}. There are: {known}")


def bank_pass_of(file: Path | None) -> BankPass:
    """The bank's pass in this file, or where `loket seed demo` leaves one. Refused in production."""
    return _pass(file, None, None, None, None)


def _pass(
    file: Path | None, client_id: str | None, secret: str | None, key: Path | None, partner: str | None
) -> BankPass:
    settings = Settings()
    refuse_in_production(settings, "The sandbox bank")
    given = (client_id, secret, key, partner)
    if client_id and secret and key and partner:
        return BankPass(client_id, partner, secret, key.read_text("utf-8"))
    if any(given):
        raise typer.BadParameter(
            "--client-id, --client-secret, --private-key and --partner-service-id go together; or use --credentials"
        )
    try:
        return BankPass.load(file or settings.home / BANK_FILE)
    except NotABank as error:
        raise refuse(str(error)) from None


def _at(
    base_url: str | None, bank_pass: BankPass, work: Callable[[SandboxBank], Awaitable[dict[str, Any]]]
) -> dict[str, Any]:
    url = base_url or Settings().public_url

    async def call() -> dict[str, Any]:
        async with httpx.AsyncClient(base_url=url, timeout=TIMEOUT_S) as client:
            return await work(SandboxBank(bank_pass, client))

    try:
        return run(call())
    except NotABank as error:
        raise refuse(str(error)) from None
    except httpx.HTTPError as error:
        raise refuse(f"{url} does not answer: {error or type(error).__name__}") from None


def _show(answer: dict[str, Any], as_json: bool) -> None:
    def human() -> None:
        console.print(f"{answer['responseCode']} {answer['responseMessage']}", markup=False, highlight=False)
        for name, value in (answer.get("virtualAccountData") or answer).items():
            console.print(f"  {name}: {value}", markup=False, highlight=False, soft_wrap=True)

    emit(answer, as_json=as_json, human=human)
    if not _is_good(answer):
        raise typer.Exit(1)


def _is_good(answer: dict[str, Any]) -> bool:
    return str(answer["responseCode"]).startswith("200")
