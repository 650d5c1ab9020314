"""`loket sandbox`: what only testers may do. Every command here is refused in production."""

import typer

from app.cli import sandbox_bank, sandbox_bank_run, sandbox_camera, sandbox_token

app = typer.Typer(help="For testers: tokens, test bills, simulators. Refused in production.", no_args_is_help=True)
app.command("token")(sandbox_token.token)
app.command("totp")(sandbox_token.totp)
app.command("bills")(sandbox_bank.bills)
app.command("camera")(sandbox_camera.camera)
sandbox_bank.app.command("run")(sandbox_bank_run.run_bank)
sandbox_bank.app.command("serve")(sandbox_bank_run.serve_bank)
sandbox_bank.app.command("settle")(sandbox_bank_run.settle)
app.add_typer(sandbox_bank.app, name="bank")
