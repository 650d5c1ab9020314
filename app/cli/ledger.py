"""`loket ledger`: the books prove themselves."""

from dataclasses import asdict
from datetime import date
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.table import Table

from app.cli.common import REFUSED, console, emit, open_house, run
from app.core.money import show_rupiah
from app.services import billing
from app.services.billing import LedgerReport

app = typer.Typer(help="The ledger.", no_args_is_help=True)


@app.callback()
def group() -> None:
    """The ledger."""


class Paper(StrEnum):
    """How a closing statement is written."""

    CSV = "csv"
    PDF = "pdf"


@app.command("statement")
def statement(
    bank: Annotated[str, typer.Option(help="The bank's name or client id.")],
    day: Annotated[str, typer.Option(help="A WIB day, as 2026-11-23.")],
    unit: Annotated[str | None, typer.Option(help="A Polda's code; all of them where it is left out.")] = None,
    form: Annotated[Paper, typer.Option("--format", help="csv or pdf.")] = Paper.CSV,
    out: Annotated[Path | None, typer.Option(help="Write to this file, not to the standard output.")] = None,
) -> None:
    """The closing statement of a bank on a day: what it took, settled and still has, as the ledger says."""
    try:
        wanted = date.fromisoformat(day)
    except ValueError as error:
        raise typer.BadParameter(f"{day!r} is no day like 2026-11-23", param_hint="--day") from error
    written = run(_statement(bank, unit, wanted, form))
    if out is None:
        typer.echo(written if form is Paper.PDF else written.decode(), nl=False)
    else:
        out.write_bytes(written)


async def _statement(bank: str, unit: str | None, day: date, form: Paper) -> bytes:
    async with open_house() as house:
        async with house.db.read() as connection:
            made = await billing.closing_statement(connection, bank=bank, unit=unit, day=day, now=house.clock.now())
        return await billing.statement_pdf(made) if form is Paper.PDF else billing.statement_csv(made).encode()


@app.command("check")
def check(as_json: Annotated[bool, typer.Option("--json", help="Print one JSON document.")] = False) -> None:
    """Read every entry, bill and payment, and say what does not agree. Exit status 1 where something does not."""
    report = run(_check())
    emit({**asdict(report), "sound": report.sound}, as_json=as_json, human=lambda: _show(report))
    if not report.sound:
        raise typer.Exit(REFUSED)


async def _check() -> LedgerReport:
    async with open_house() as house:
        return await billing.ledger_check(house)


def _show(report: LedgerReport) -> None:
    table = Table("Account", "Debit", "Credit")
    for account, balance in report.balances.items():
        table.add_row(account, show_rupiah(max(balance, 0)), show_rupiah(max(-balance, 0)))
    console.print(table)
    console.print(f"{report.entries} entries, {report.bills} bills.", highlight=False)
    for fault in report.faults:
        console.print(f"WRONG: {fault}", style="red", markup=False, highlight=False)
    if report.sound:
        console.print("The books are sound.", style="green")
