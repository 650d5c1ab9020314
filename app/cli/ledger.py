"""`loket ledger`: the books prove themselves."""

from dataclasses import asdict
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
