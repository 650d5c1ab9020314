"""What is wrong in a lifecycle file stops the start, with its file and line."""

from pathlib import Path

import pytest

from app.services import cases
from app.services.cases.loading import read_lifecycle, read_shipped
from app.services.cases.rules import Move
from tests.services.cases.parcels import DEADLINES, EFFECTS, FOLDER, GUARDS

TEXT = (FOLDER / "parcel.yaml").read_text("utf-8")


def faults_of(text: str) -> list[str]:
    return list(read_lifecycle("parcel.yaml", text)[1])


def line_of(needle: str, text: str = TEXT) -> int:
    return next(number for number, line in enumerate(text.splitlines(), start=1) if needle in line)


def test_a_sound_file_has_no_fault() -> None:
    lifecycle, faults = read_lifecycle("parcel.yaml", TEXT)
    assert not faults
    assert lifecycle is not None
    assert list(lifecycle.states)[:2] == ["handed_in", "looking"]
    assert lifecycle.states["handed_in"].deadlines["parcel.late_due"].task is not None


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("to: disputed,", "to: nowhere,", "unknown state nowhere"),
        ("from: sent, to: disputed", "from: nowhere, to: disputed", "unknown state nowhere"),
        ("by: [receiver], title: {id: Sanggah", "by: [stranger], title: {id: Sanggah", "unknown role stranger"),
        ("by: [receiver], title: {id: Sanggah", "by: [], title: {id: Sanggah", "open to nobody"),
        ("roles: [sender,", "roles: [sender, idler,", "role idler may do nothing"),
        ("supervisor: chief", "supervisor: nobody", "supervisor nobody is not a role"),
        ("action: dispute, from: sent, to: disputed", "action: dispute, from: sent, to: billed", "disputed is unreachable"),
        ("    terminal: true\n    title: {id: Batal", "    title: {id: Batal", "dead end"),
        ("terminal: true\n    title: {id: Batal, en: Dropped}", "terminal: true\n    task: {kind: x, role: nobody}\n    title: {id: Batal, en: Dropped}", "unknown role nobody"),
        ("parcel.answer_due: {move: give_up}", "parcel.answer_due: {move: vanish}", "vanish is no move from sent"),
        ("parcel.answer_due: {move: give_up}", "parcel.answer_due: {move: dispute}", "the system may not dispute"),
        ("parcel.answer_due: {move: give_up}", "parcel.answer_due: {}", "either a move or a task"),
        ("bill_paid: {move: pay}", "bill_paid: {move: drop}", "nothing may refuse it"),
        ("bill_paid: {move: pay}", "bill_paid: {move: vanish}", "vanish is no move from billed"),
        ("bill_paid: {move: pay}", "bill_paid: {move: pay, effects: [parcel.note]}", "the effects stand with the move"),
        ("    signals:\n      bill_paid: {move: pay}", "    signals: {}", "what it does with the signal bill_paid"),
        ("signals: [bill_paid]", "signals: []", "signal bill_paid must be declared"),
        ("signals: [bill_paid]", "signals: [bill_paid, flood]", "does not say what it does with the signal flood"),
        ("within: parcel.idle_due", "within: parcel.never", "which is no deadline of looking"),
        ("not_actor_of: [send], title: {id: Terima", "not_actor_of: [fly], title: {id: Terima", "unknown action fly"),
        ("automatic: true, guards: [parcel.enough]", "automatic: true, guards: [parcel.enough, parcel.enough]", "twice"),
        ("to: done, by: [system], automatic: true", "to: done, by: [bank], automatic: true", "by the system alone"),
        ("reason: required, title: {id: Batal", "reason: maybe, title: {id: Batal", "either left out or 'required'"),
        ("action: dispute, from: sent", "action: accept, from: sent", "accept from sent is declared twice"),
        ("title: {id: Sanggah, en: Dispute}", "title: {id: Sanggah}", "lacks 'en'"),
        ("title: {id: Sanggah, en: Dispute}", "title: {id: '', en: Dispute}", "must be words"),
        ("action: dispute, from: sent", "action: dispute, colour: red, from: sent", "unknown key 'colour'"),
        ("  billed:\n", "  sent:\n    title: {id: A, en: B}\n  billed:\n", "'sent' stands here twice"),
        ("lifecycle: parcel\n", "lifecycle: [parcel\n", "expected"),
        ("roles: [sender", "roles: [[sender]", "must be a list of names"),
        ("guards: [parcel.patient]", "guards: parcel.patient", "must be a list of names"),
    ],
)  # fmt: skip
def test_each_fault_is_named_with_file_and_line(old: str, new: str, fault: str) -> None:
    assert old in TEXT
    faults = faults_of(TEXT.replace(old, new, 1))
    assert any(fault in each for each in faults), faults
    assert all(each.startswith("parcel.yaml:") and each.split(":")[1].isdigit() for each in faults)


def test_the_line_is_that_of_the_move() -> None:
    faults = faults_of(TEXT.replace("to: disputed, by", "to: nowhere, by"))
    assert f"parcel.yaml:{line_of('action: dispute')}: dispute names the unknown state nowhere" in faults


def test_all_faults_come_at_once() -> None:
    text = TEXT.replace("supervisor: chief", "supervisor: nobody").replace("to: disputed, by", "to: nowhere, by")
    assert len(faults_of(text)) >= 2


@pytest.mark.parametrize("text", ["", "[]", "lifecycle: x", "moves: 3", "\t", "a: b: c", "null"])
def test_what_is_no_lifecycle_is_refused(text: str) -> None:
    lifecycle, faults = read_lifecycle("x.yaml", text)
    assert lifecycle is None
    assert faults


async def other(move: Move) -> None:
    """A function that no lifecycle names."""


def test_unknown_and_unused_names_stop_the_start() -> None:
    guards = {**GUARDS, "parcel.idle": other}
    effects = {name: rule for name, rule in EFFECTS.items() if name != "parcel.note"}
    with pytest.raises(cases.LifecycleError) as error:
        cases.load_lifecycles(guards, effects, {}, folder=FOLDER)
    text = str(error.value)
    assert "guard parcel.idle is known but no lifecycle names it" in text
    assert "effect parcel.note is named in a lifecycle but not known" in text
    assert "deadline parcel.late_due is named in a lifecycle but not known" in text


def test_a_faulty_file_stops_the_start(tmp_path: Path) -> None:
    (tmp_path / "bad.yaml").write_text(TEXT.replace("supervisor: chief", "supervisor: x"), "utf-8")
    with pytest.raises(cases.LifecycleError, match=r"bad.yaml:1: the supervisor x is not a role"):
        cases.load_lifecycles(GUARDS, EFFECTS, DEADLINES, folder=tmp_path)


def test_two_rooms_may_not_claim_one_name() -> None:
    assert cases.merge_rules(GUARDS, {"x": other}) == {**GUARDS, "x": other}
    with pytest.raises(cases.LifecycleError, match=r"named twice: parcel.short"):
        cases.merge_rules(GUARDS, {"parcel.short": other})


def test_a_shipped_lifecycle_is_known_by_name() -> None:
    assert read_shipped("etle").name == "etle"
    with pytest.raises(cases.LifecycleError, match=r"there are: .*etle"):
        read_shipped("../etle")
