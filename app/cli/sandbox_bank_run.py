"""`loket sandbox bank run`, `serve` and `settle`: the sandbox bank acts by itself, answers, and sends its statement."""

import asyncio
import json
import math
import random
import signal
import sys
import time
from contextlib import nullcontext
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sqlalchemy import func, select
from sqlmodel import col

from app.cli.common import console, emit, errors, open_house, refuse, refuse_in_production, run
from app.cli.sandbox_bank import TIMEOUT_S, BaseUrl, Json, PassFile, bank_pass_of, books_folder, make_bills
from app.core.config import Settings
from app.sandbox.bank import WIB, BankPass, NotABank, SandboxBank
from app.sandbox.bank_books import Belief, Books
from app.sandbox.bank_life import Bill, Report, Teller
from app.sandbox.bank_run import AT_ONCE, Pace, ask_all, pay_all
from app.sandbox.bank_server import BankServer, Biller, server
from app.sandbox.bank_statements import ENDINGS, MEDIA_TYPES, Form, lines_of, spoil, write
from app.services import billing
from app.services.billing.models import SnapPayment

MOST_BILLS = 100_000
DEFAULT_COUNT = 20
SETTLEMENTS_PATH = "/v1/settlements"
Folder = Annotated[
    Path | None, typer.Option("--books", help="Folder of its own books; default sandbox/bank in LOKET_HOME.")
]
Seed = Annotated[int | None, typer.Option(help="Misbehave in this way again; a run prints its seed.")]


def run_bank(
    feed: Annotated[
        Path | None,
        typer.Option(
            help="Bills to pay, as `loket sandbox bills --json` prints them; - is standard input. Default: makes some."
        ),
    ] = None,
    count: Annotated[
        int, typer.Option(help="How many bills to make without a feed.", min=1, max=MOST_BILLS)
    ] = DEFAULT_COUNT,
    amount: Annotated[int, typer.Option(help="Rupiah of each bill that is made.", min=2)] = 250_000,
    rate: Annotated[float | None, typer.Option(help="Bills a second; default as fast as it goes.", min=0.01)] = None,
    duration: Annotated[float | None, typer.Option(help="Stop after so many seconds.", min=1)] = None,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="Misbehave on purpose, as real banks and networks do.")
    ] = False,
    seed: Seed = None,
    ledger: Annotated[
        bool | None,
        typer.Option(help="Hold the server's ledger against the bank's books; default where --base-url is not given."),
    ] = None,
    base_url: BaseUrl = None,
    bank_file: PassFile = None,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Pay bills by itself, then ask for every payment. Exit status 1 when the server broke an expectation."""
    bank_pass, sown = bank_pass_of(bank_file), random.SystemRandom().randrange(10**6) if seed is None else seed
    if feed is None and rate is not None and duration is not None:
        count = min(MOST_BILLS, math.ceil(rate * duration))
    bills = _read_feed(feed) if feed else run(_bills(bank_pass, count, amount))
    pace = Pace(rate, time.monotonic() + duration if duration else None)
    try:
        report, books = run(_run(base_url, bank_pass, bills, pace, folder, chaos=chaos, seed=sown, quiet=as_json))
    except NotABank as error:
        raise refuse(str(error)) from None
    if ledger if ledger is not None else base_url is None:
        run(_hold_against_ledger(bank_pass.client_id, report, books))
    summary = _summary(report, books, sown)
    emit(summary, as_json=as_json, human=lambda: _show(summary))
    if report.broken:
        raise typer.Exit(1)


def settle(
    form: Annotated[Form, typer.Option("--format", help="How it is written.")] = Form.CSV,
    day: Annotated[datetime | None, typer.Option(formats=["%Y-%m-%d"], help="Bank day (WIB); default today.")] = None,
    fee: Annotated[int, typer.Option(help="Rupiah that the bank keeps of each payment.", min=0)] = 0,
    out: Annotated[Path | None, typer.Option(help="File to write; default in the folder of the books.")] = None,
    deliver: Annotated[bool, typer.Option("--deliver", help="Send it to POST /v1/settlements.")] = False,
    chaos: Annotated[
        bool, typer.Option("--chaos", help="Leave out, invent, double, take back and alter a line.")
    ] = False,
    seed: Seed = None,
    base_url: BaseUrl = None,
    bank_file: PassFile = None,
    folder: Folder = None,
    as_json: Json = False,
) -> None:
    """Write the statement of a day from the bank's own books, and send it."""
    bank_pass = bank_pass_of(bank_file)
    books = Books(folder or books_folder())
    on = day.date() if day else datetime.now(WIB).date()
    lines, done = lines_of(books.of_day(on, bank_pass.partner_service_id), fee), list[str]()
    if chaos:
        lines, done = spoil(lines, random.Random(0 if seed is None else seed))  # noqa: S311 a simulation
    content = write(form, on, lines, books.folder / bank_pass.client_id)  # which keeps this bank's closing balances
    path = out or books.folder / f"statement-{on}.{ENDINGS[form]}"
    path.write_bytes(content)
    answer = run(_deliver(base_url, bank_pass, content, form, path.name)) if deliver else None
    shown = {"file": str(path), "lines": len(lines), "rupiah": sum(each.effect for each in lines), "chaos": done}
    emit({**shown, "answer": answer}, as_json=as_json, human=lambda: _show_statement(shown, answer))
    if answer is not None and answer["status"] >= 400:
        raise typer.Exit(1)


def serve_bank(
    biller_key: Annotated[
        Path, typer.Option(exists=True, dir_okay=False, help="Our public key, from `loket keys bank`.")
    ],
    port: Annotated[int, typer.Option(help="Port on this machine.")] = 8090,
    chaos: Annotated[bool, typer.Option("--chaos", help="At times slow, broken, forgetful or unreadable.")] = False,
    seed: Seed = None,
    folder: Folder = None,
) -> None:
    """Answer what the biller asks (token, status), from the bank's own books, until it is stopped."""
    refuse_in_production(Settings(), "The sandbox bank")
    books = Books(folder or books_folder())
    biller = Biller.known_to(books.folder, biller_key.read_text("utf-8"))
    secret = books.folder / "biller.secret"
    secret.write_text(biller.client_secret + "\n", "utf-8")
    secret.chmod(0o600)
    address = f"http://127.0.0.1:{port}"
    console.print(f"The sandbox bank answers on {address}. Connect it, in another terminal:", highlight=False)
    command = f"  loket client connect BANK --base-url {address} --client-id {biller.client_id} --secret-file {secret}"
    console.print(command, highlight=False, markup=False, soft_wrap=True)
    moods = random.Random(seed) if chaos else None  # noqa: S311 a simulation
    run(_serve(BankServer(biller, books, moods), port))


async def _run(
    base_url: str | None,
    bank_pass: BankPass,
    bills: list[Bill],
    pace: Pace,
    folder: Path | None,
    *,
    chaos: bool,
    seed: int,
    quiet: bool,
) -> tuple[Report, Books]:
    report, books, stop = Report(), Books(folder or books_folder()), asyncio.Event()
    loop = asyncio.get_running_loop()

    def stop_soon() -> None:
        stop.set()
        loop.remove_signal_handler(signal.SIGINT)  # a second Ctrl-C ends it at once

    loop.add_signal_handler(signal.SIGINT, stop_soon)
    limits = httpx.Limits(max_connections=4 * AT_ONCE)
    async with httpx.AsyncClient(
        base_url=base_url or Settings().public_url, timeout=TIMEOUT_S, limits=limits
    ) as client:
        teller = Teller(SandboxBank(bank_pass, client), books, report, str(seed))
        await _first_token(teller.bank, str(client.base_url))
        with nullcontext() if quiet else _progress() as progress:
            bar = progress.add_task("paid", total=len(bills)) if progress else None
            step = (lambda: progress.advance(bar)) if progress and bar is not None else (lambda: None)
            await pay_all(teller, bills, pace, chaos=chaos, stop=stop, paid=step)
        if not quiet:
            errors.print(f"Asking what became of {len(report.request_ids)} payments ...")
        await ask_all(teller)
    return report, books


async def _first_token(bank: SandboxBank, url: str) -> None:
    try:
        await bank.access_token()
    except httpx.HTTPError as error:
        raise NotABank(f"{url} does not answer: {error or type(error).__name__}") from None


async def _bills(bank_pass: BankPass, count: int, amount: int) -> list[Bill]:
    made = await make_bills(bank_pass.client_id, count, amount, expired=False)
    return [Bill(account.partner_service_id, account.customer_no, bill.amount) for bill, account in made]


async def _hold_against_ledger(client_id: str, report: Report, books: Books) -> None:
    """Each payment of this run that was told paid stands in the server's books once, the others never."""
    async with open_house() as house:
        checked = await billing.ledger_check(house)
        report.expect("loket ledger check finds the books sound", held=checked.sound, faults=checked.faults)
        query = select(col(SnapPayment.payment_request_id), func.count(), func.sum(SnapPayment.amount)).where(
            col(SnapPayment.client_id) == client_id
        )
        async with house.db.read() as connection:
            rows = await connection.execute(query.group_by(col(SnapPayment.payment_request_id)))
            booked = {row[0]: (int(row[1]), int(row[2])) for row in rows}
    for request_id in report.request_ids:
        payment = books.payments[request_id]
        wanted = (1, payment.amount) if payment.belief is Belief.PAID else None
        found = booked.get(request_id)
        report.expect("the ledger has what the bank believes", held=found == wanted, id=request_id, booked=found)


async def _deliver(base_url: str | None, bank_pass: BankPass, content: bytes, form: Form, name: str) -> dict[str, Any]:
    async with httpx.AsyncClient(base_url=base_url or Settings().public_url, timeout=TIMEOUT_S) as client:
        try:
            token = await SandboxBank(bank_pass, client).access_token()
            headers = {"Authorization": f"Bearer {token}", "Content-Type": MEDIA_TYPES[form]}
            answer = await client.post(SETTLEMENTS_PATH, params={"name": name}, content=content, headers=headers)
        except httpx.HTTPError as error:
            raise refuse(f"{client.base_url} does not answer: {error or type(error).__name__}") from None
    try:
        return {"status": answer.status_code, "body": answer.json()}
    except ValueError:
        return {"status": answer.status_code, "body": answer.text[:500]}


async def _serve(bank: BankServer, port: int) -> None:
    serving = server(bank, port)
    loop = asyncio.get_running_loop()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, lambda: setattr(serving, "should_exit", True))
    await serving.serve()


def _read_feed(feed: Path) -> list[Bill]:
    text = sys.stdin.read() if str(feed) == "-" else feed.read_text("utf-8")
    try:
        raw = (
            json.loads(text)
            if text.lstrip().startswith("[")
            else [json.loads(line) for line in text.splitlines() if line]
        )
        return [Bill(each["partner_service_id"], each["customer_no"], int(each["amount"])) for each in raw]
    except (ValueError, KeyError, TypeError) as error:
        raise refuse(f"{feed} holds no bills as `loket sandbox bills --json` prints them: {error!r}") from None


def _progress() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=errors)


def _summary(report: Report, books: Books, seed: int) -> dict[str, Any]:
    beliefs = books.counts(report.request_ids)
    return {
        "seed": seed,
        "bills": sum(report.tricks.values()),
        "payments": {belief.value: number for belief, number in beliefs.items() if number},
        "answers": dict(sorted(report.codes.items())),
        "tricks": dict(sorted(report.tricks.items())),
        "slowest_s": round(report.slowest_s, 3),
        "broken": report.broken,
    }


def _show(summary: dict[str, Any]) -> None:
    table = Table("What", "How often")
    for name in ("payments", "answers", "tricks"):
        for what, number in summary[name].items():
            table.add_row(f"{name[:-1]} {what}", str(number))
    console.print(table)
    console.print(
        f"{summary['bills']} bills, slowest answer {summary['slowest_s']} s, seed {summary['seed']}", highlight=False
    )
    if not summary["broken"]:
        console.print("[green]Every expectation was held.[/]")
    for each in summary["broken"]:
        errors.print(f"BROKEN: {each}", style="red", markup=False, highlight=False, soft_wrap=True)


def _show_statement(shown: dict[str, Any], answer: dict[str, Any] | None) -> None:
    console.print(f"{shown['file']}: {shown['lines']} lines, {shown['rupiah']} rupiah", highlight=False, soft_wrap=True)
    for each in shown["chaos"]:
        console.print(f"  {each}", highlight=False, markup=False)
    if answer is not None:
        console.print(
            f"The server answered {answer['status']}: {answer['body']}", highlight=False, markup=False, soft_wrap=True
        )
