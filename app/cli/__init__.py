"""The command line: `loket`. A group of commands per file."""

import sys

import typer

from app.cli import (
    anpr,
    catalogue,
    client,
    demo,
    docs,
    doctor,
    keys,
    ledger,
    lifecycle,
    openapi,
    post,
    reference,
    registry,
    sandbox,
    seed,
    serve,
    settlements,
    staff,
    sweep,
    verdicts,
    verify,
)
from app.cli.common import report

app = typer.Typer(name="loket", no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)
app.command("serve")(serve.serve)
app.command("worker")(serve.worker)
app.command("migrate")(serve.migrate)
app.command("doctor")(doctor.doctor)
app.command("demo")(demo.demo)
app.command("docs")(docs.docs)
app.command("sweep")(sweep.sweep)
app.command("lifecycle")(lifecycle.lifecycle)
app.command("openapi")(openapi.openapi)
app.command("verify")(verify.verify)
app.add_typer(keys.app, name="keys")
app.add_typer(ledger.app, name="ledger")
app.add_typer(seed.app, name="seed")
app.add_typer(reference.app, name="reference")
app.add_typer(registry.app, name="registry")
app.add_typer(client.app, name="client")
app.add_typer(staff.app, name="staff")
app.add_typer(sandbox.app, name="sandbox")
app.add_typer(anpr.app, name="anpr")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(settlements.app, name="settlements")
app.add_typer(verdicts.app, name="verdicts")
app.add_typer(post.app, name="post")


def main() -> None:
    """Run the command; exit status 0 is done, 1 a refusal or failed check, 2 wrong usage."""
    sys.exit(report(app))
