"""No promise on paper: every value that a Polda may set is read by some rule."""

import ast
import json
from dataclasses import fields
from pathlib import Path

import app
from app.services.reference import packaged_file
from app.services.reference.policy import EtlePolicy, etle_policy, policy_from_text, policy_text
from app.services.reference.tables import POLICIES

SERVICES = Path(app.__file__).parent / "services"
FOR_PEOPLE = {"notes"}
"""What an operator reads in the file itself."""


def test_every_value_of_the_policy_is_read_somewhere() -> None:
    read: set[str] = set()
    for path in SERVICES.rglob("*.py"):
        if path.name != "policy.py":
            tree = ast.parse(path.read_text("utf-8"))
            read |= {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    assert {each.name for each in fields(EtlePolicy)} - read - FOR_PEOPLE == set()


def test_a_version_that_was_stored_with_values_that_are_no_more_stays_readable() -> None:
    [national] = [row for row in packaged_file(POLICIES).rows if row.code == "NATIONAL"]
    stored = json.loads(str(national.values["body"]))
    old = json.dumps({**stored, "several_articles": "highest", "confirmation_site": "https://etle.example"})
    assert policy_from_text(old) == policy_from_text(json.dumps(stored)) == etle_policy(stored)
    assert "several_articles" not in policy_text(policy_from_text(old))
