"""`loket settlements import` and `loket sandbox bank settle --deliver`: a bank's day, from its books into ours."""

import json

import pytest

from tests.cli.spoken import speaker
from tests.cli.test_sandbox_bank import bank  # noqa: F401 a fixture
from tests.ops.server import Server


@pytest.fixture
def loket(engine_url, tmp_path, monkeypatch, capsys):
    return speaker(tmp_path, monkeypatch, capsys, engine_url)


def test_the_sandbox_bank_delivers_its_day_and_a_person_imports_it(loket, bank, engine_url, tmp_path):  # noqa: F811
    bills = json.loads(loket("sandbox", "bills", "--count", "2", "--json").out)
    with Server(tmp_path, engine_url, "--no-worker") as server:
        for number, bill in enumerate(bills):
            pay = ("sandbox", "bank", "pay", bill["virtual_account_no"], "--request-id", f"R{number}")
            assert loket(*pay, "--base-url", server.url).status == 0
        deliver = ("sandbox", "bank", "settle", "--fee", "1500", "--out", "day.csv", "--deliver")
        said = loket(*deliver, "--base-url", server.url, "--json")
        answer = json.loads(said.out)["answer"]
        assert (said.status, answer["status"], answer["body"]["state"]) == (0, 202, "received"), said.out
        assert answer["body"]["file_name"] == "day.csv"
        again = json.loads(loket(*deliver, "--base-url", server.url, "--json").out)["answer"]
        assert (again["status"], again["body"]["already"], again["body"]["id"]) == (200, True, answer["body"]["id"])

    done = json.loads(loket("settlements", "import", "day.csv", "--bank", "Bank Uji", "--json").out)
    assert (done["id"], done["state"], done["already"], done["lines"], done["new"]) == (
        answer["body"]["id"], "done", True, 2, 2,
    )  # fmt: skip
    report = json.loads(loket("ledger", "check", "--json").out)
    assert (report["sound"], report["balances"]["BA"], report["balances"]["BF"]) == (True, 497_000, 3_000)
    shown = loket("settlements", "import", "day.csv", "--bank", bank["client_id"])
    assert (shown.status, "done: 2 lines, 2 new. It was imported before." in shown.out) == (0, True), shown
    assert (loket("settlements", "import", "day.csv", "--bank", "Bank Lain").status) == 1

    (tmp_path / "bad.csv").write_text((tmp_path / "day.csv").read_text().replace("IDR", "USD"))
    refused = loket("settlements", "import", "bad.csv", "--bank", "Bank Uji")
    assert (refused.status, "line 2" in refused.err) == (1, True), refused
