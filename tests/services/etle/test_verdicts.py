"""Verdicts by file: seen first, all faults named at once, and importing twice changes nothing."""

import pytest

from app.core.house import House
from app.services.etle import verdicts
from app.services.etle.models import Ticket
from tests import make


async def _register_no(house: House) -> str:
    await make.demo_set(house)
    case_id = await make.tilang_issued(house)
    async with house.db.begin(make.SYSTEM) as tx:
        ticket = await tx.session.get(Ticket, case_id)
    assert ticket is not None
    assert ticket.register_no is not None
    return ticket.register_no


async def test_preview_changes_nothing_and_import_twice_is_once(house: House) -> None:
    register = await _register_no(house)
    text = f"register_no,fine,cost\n{register},70000,2000\nZ0000000,1,1\n"
    assert [each.outcome for each in await verdicts.preview(house, text)] == ["ready", "unknown"]
    assert [each.outcome for each in await verdicts.import_file(house, text)] == ["imported", "unknown"]
    assert [each.outcome for each in await verdicts.import_file(house, text)] == ["decided", "unknown"]


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("no,fine,cost\n", "line 1"),
        ("register_no,fine,cost\nC348910,1,1\n", "line 2: register_no"),
        ("register_no,fine,cost\nC3489106,70.000,1\n", "line 2: fine and cost"),
        ("register_no,fine,cost\nC3489106,1,1\nC3489106,1,1\n", "line 3: C3489106 stands on line 2"),
        ("register_no,fine,cost\nC3489106,-1,\u0661\n", "line 2: fine and cost"),
    ],
)
def test_a_bad_file_is_refused_whole_with_its_lines(text: str, fault: str) -> None:
    with pytest.raises(verdicts.BadVerdictFile, match=fault):
        verdicts.read_file(text)
