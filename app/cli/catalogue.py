"""`loket catalogue check|show`: service files checked with file and line, and one of them in words."""

from pathlib import Path
from typing import Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from app.cli.common import REFUSED, console, emit, errors, open_house, run
from app.core.config import Settings
from app.core.money import show_rupiah
from app.core.texts import Lang
from app.services import catalogue, reference
from app.services.catalogue import Price, Service

app = typer.Typer(help="Check service files, and show what they say.", no_args_is_help=True)
Json = Annotated[bool, typer.Option("--json", help="Print one JSON document for programs.")]


@app.command("check")
def check(
    directory: Annotated[
        Path | None,
        typer.Argument(help="A directory with service files of your own; default: that of LOKET_CATALOGUE, if any."),
    ] = None,
    as_json: Json = False,
) -> None:
    """Check every service file of the release and of the directory: a line for each fault, with file and line."""
    extra = directory or Settings().catalogue
    known = catalogue.known_names(catalogue.shipped_lifecycles())
    services, _, faults = catalogue.read_catalogue(known, extra=extra)
    answer = {
        "ok": not faults,
        "services": sorted(services),
        "faults": [{"file": each.file, "line": each.line, "what": each.what} for each in faults],
    }
    emit(answer, as_json=as_json, human=lambda: _say(len(services), [str(each) for each in faults]))
    if faults:
        raise typer.Exit(REFUSED)


@app.command("show")
def show(
    code: Annotated[str, typer.Argument(help="A service, such as sim-renewal.")],
    directory: Annotated[
        Path | None,
        typer.Argument(help="A directory with service files of your own; default: that of LOKET_CATALOGUE, if any."),
    ] = None,
    english: Annotated[bool, typer.Option("--en", help="In English; default Indonesian.")] = False,
    as_json: Json = False,
) -> None:
    """Show a service as people will meet it: who may apply, what is asked, what to bring, what it costs."""
    service = _service_of(code, directory or Settings().catalogue)
    run(_show(service, "en" if english else "id", as_json))


def _service_of(code: str, extra: Path | None) -> Service:
    """The service as its file has it; its directory's faults are said first, for they would stop the start as well."""
    services, _, faults = catalogue.read_catalogue(catalogue.known_names(catalogue.shipped_lifecycles()), extra=extra)
    if faults or code not in services:
        _say(
            len(services),
            [str(each) for each in faults]
            or [f"no service with the code {code}: one of {', '.join(sorted(services))}"],
        )
        raise typer.Exit(REFUSED)
    return services[code]


async def _show(service: Service, lang: Lang, as_json: bool) -> None:
    async with open_house() as house:
        today = house.clock.now().astimezone(reference.NATIONAL_ZONE).date()
        async with house.db.read() as conn:
            price = catalogue.price_of(service, await reference.list_fees(conn, today))
    emit(_as_json(service, price, lang), as_json=as_json, human=lambda: _print(service, price, lang))


def _say(good: int, faults: list[str]) -> None:
    for line in faults:
        errors.print(line, style="red", highlight=False, markup=False, soft_wrap=True)
    if not faults:
        console.print(f"{good} services, no fault.", highlight=False)
        return
    errors.print(f"{len(faults)} faults; {good} services without.", highlight=False)


def _as_json(service: Service, price: Price, lang: Lang) -> dict[str, Any]:
    return {
        "code": service.code,
        "version": service.version,
        "title": service.title.say(lang),
        "summary": service.summary.say(lang),
        "form": catalogue.form_schema(service, lang),
        "documents": [{"name": each.name, "title": each.title.say(lang)} for each in service.documents],
        "price": {
            "from": price.lowest,
            "to": price.highest,
            "cases": [
                {"total": case.total, "fees": [{"code": line.code, "amount": line.amount} for line in case.lines]}
                for case in price.cases
            ],
            "others": [{"code": each.code, "amount": each.amount} for each in price.others],
        },
        "standard": [
            {"letter": each.letter, "name": each.name.say(lang), "says": [text.say(lang) for text in each.says]}
            for each in catalogue.standard_of(service, price)
        ],
    }


def _print(service: Service, price: Price, lang: Lang) -> None:
    console.print(
        f"[bold]{escape(service.title.say(lang))}[/] ({service.code}, version {service.version})", highlight=False
    )
    console.print(escape(service.summary.say(lang)), highlight=False)
    for section in service.sections:
        table = Table(title=escape(section.title.say(lang)), title_justify="left", show_header=False, box=None)
        for each in section.fields:
            needed = {"true": "*", "false": ""}.get(each.required.source, "(*)")
            table.add_row(each.name, escape(each.title.say(lang)), needed, escape(str(each.example)))
        console.print()
        console.print(table)
    console.print()
    for component in catalogue.standard_of(service, price):
        console.print(f"[bold]{component.letter}. {escape(component.name.say(lang))}[/]", highlight=False)
        for text in component.says:
            console.print(f"   {escape(text.say(lang))}", highlight=False)
    low, high = show_rupiah(price.lowest, lang), show_rupiah(price.highest, lang)
    words = low if low == high else f"{low} - {high}"
    console.print(f"\n[bold]PNBP: {words}[/]", highlight=False)
