"""The ticket's lifecycle is the whole of the domain's table, and every way through it ends well."""

import csv
import random
from html import escape
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.services.cases import drawing
from app.services.cases.checking import deadlines_of, effects_of, guards_of
from app.services.cases.layout import lay_out
from app.services.cases.loading import SHIPPED, read_lifecycle, read_shipped
from app.services.cases.rules import Transition

ETLE = read_shipped("etle")
DATA = Path(__file__).parents[2] / "data"
DOCS = Path(__file__).parents[3] / "docs" / "lifecycles"
TERMINAL = {
    "rejected", "exempt", "fake_plate_alert", "expired_unsent", "annulled", "settled", "refunded", "forfeited",
}  # fmt: skip
BEYOND_THE_TABLE = {
    ("verified", "verified"),  # the second officer's agreement changes no state
    ("payment_overdue", "payment_overdue"),  # who pays late asks for a new number: the bank knows the old one no more
    ("decided", "decided"),  # the same, for the rest of a verdict
    ("deposit_paid", "tilang_issued"),  # the bank took the deposit back: the bill asks for it again
    ("refund_due", "refund_due"),  # a first clerk notes a refund in cash
    ("refunded", "refund_due"),  # the receiving bank sent the refund back: an account is asked for again
}


def domain_rows() -> list[dict[str, str]]:
    with (DATA / "etle_lifecycle.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def test_every_row_of_the_domain_is_declared_with_its_actors() -> None:
    rows = domain_rows()
    assert len(rows) == 46
    for row in rows:
        source, target = row["from"].lower(), row["to"].lower()
        actors = {each.strip().replace(" ", "_") for each in row["actor"].split("(")[0].split("/")}
        if source == "-":
            assert (ETLE.start.target, set(ETLE.start.by)) == (target, actors)
            continue
        moves = [each for each in ETLE.transitions if (each.source, each.target) == (source, target)]
        assert moves, f"{source} -> {target} is not declared"
        assert {role for each in moves for role in each.by} >= actors, f"{source} -> {target} lacks {actors}"
        if "not the one who verified" in row["actor"]:
            assert all(each.not_actor_of == ("verify",) for each in moves)


def test_nothing_is_declared_that_the_domain_does_not_know() -> None:
    known = {(row["from"].lower(), row["to"].lower()): row["actor"].replace(" ", "_") for row in domain_rows()}
    for move in ETLE.transitions:
        way = (move.source or "-", move.target)
        if way in BEYOND_THE_TABLE:
            continue
        assert way in known
        assert all(role in known[way] or role == "system" for role in move.by), f"{way}: {move.by}"


def test_a_row_with_a_time_limit_has_a_deadline_in_its_state() -> None:
    for row in domain_rows():
        if row["deadline"] in ("", "before verdict", "session day") or row["from"] == "-":
            continue
        source = ETLE.states[row["from"].lower()]
        assert source.deadlines, f"{row['from']} -> {row['to']} has a limit ({row['deadline']}) but no deadline"


def test_the_terminal_states_are_those_of_the_domain() -> None:
    assert {name for name, state in ETLE.states.items() if state.terminal} == TERMINAL


def test_money_is_asked_for_in_three_states_only() -> None:
    paying = {name for name, state in ETLE.states.items() if state.signals["bill_paid"].move}
    assert paying == {"tilang_issued", "payment_overdue", "decided"}
    for state in ETLE.states.values():
        answer = state.signals["bill_paid"]
        assert answer.move or ("etle.owe_payment" in answer.effects and answer.task is not None)


def test_a_payment_that_the_bank_took_back_voids_its_receipt_in_every_state() -> None:
    asked_again = {name for name, state in ETLE.states.items() if state.signals["payment_reversed"].move}
    assert asked_again == {"deposit_paid"}
    for state in ETLE.states.values():
        answer = state.signals["payment_reversed"]
        move = ETLE.find_move(state.name, answer.move) if answer.move else None
        assert "etle.void_receipt" in (move.effects if move else answer.effects)
        assert move or answer.task is not None


def test_a_refund_is_closed_by_the_statement_alone_or_by_two_clerks() -> None:
    ways = {each.action: each for each in ETLE.transitions if each.target == "refunded"}
    assert ways.keys() == {"pay_out", "confirm_cash"}
    assert ways["pay_out"].by == ("bank",)
    assert ways["confirm_cash"].not_actor_of == ("note_cash",)
    assert ETLE.states["refund_due"].signals["refund_paid"].move == "pay_out"
    assert ETLE.states["refunded"].signals["refund_returned"].move == "reopen_refund"


def test_who_is_paid_back_is_told_in_every_state() -> None:
    for signal, told in (
        ("refund_paid", "etle.tell_refund_paid"),
        ("refund_part_paid", "etle.tell_refund_paid"),
        ("refund_returned", "etle.ask_account_again"),
    ):
        for state in ETLE.states.values():
            answer = state.signals[signal]
            move = ETLE.find_move(state.name, answer.move) if answer.move else None
            assert told in (move.effects if move else answer.effects)


def test_every_way_out_of_a_blocked_state_lifts_the_block() -> None:
    for move in ETLE.transitions:
        if move.source in ("unanswered", "payment_overdue") and move.target in ("annulled", "deposit_paid"):
            assert "etle.lift_blocks" in move.effects
        if move.target == "settled":
            assert "etle.lift_blocks" in move.effects
        if move.target in ("unanswered", "payment_overdue") and move.source != move.target:
            assert "etle.propose_block" in move.effects


def test_a_decision_against_a_citizen_needs_a_person_and_a_reason() -> None:
    for move in ETLE.transitions:
        if move.action in ("annul", "refuse_objection", "accept_objection", "reject", "report_fake_plate"):
            assert move.reason_required
            assert "system" not in move.by
        if move.action == "issue_tilang":
            assert move.by == ("officer",)


def test_the_head_of_the_file_explains_every_name() -> None:
    head = (SHIPPED / "etle.yaml").read_text("utf-8").split("lifecycle: etle")[0]
    explained = {line.split()[1] for line in head.splitlines() if line.startswith("#   etle.")}
    assert explained == guards_of(ETLE) | effects_of(ETLE) | deadlines_of(ETLE)


@given(st.randoms(use_true_random=False))
def test_every_walk_can_be_brought_to_an_end(chance: random.Random) -> None:
    """Whatever happens for a while, from wherever the case then stands an end is within reach."""
    state = ETLE.start.target
    for _ in range(chance.randrange(60)):
        ways = ETLE.moves_from(state)
        if not ways:
            break
        state = chance.choice(ways).target
    seen, frontier = {state}, [state]
    while frontier:
        for way in ETLE.moves_from(frontier.pop()):
            if way.target not in seen:
                seen.add(way.target)
                frontier.append(way.target)
    assert seen & TERMINAL


def walk(*actions: str) -> list[str]:
    """The states that a series of actions leads through, one role after the other."""
    states = [ETLE.start.target]
    for action in actions:
        move = ETLE.find_move(states[-1], action)
        assert isinstance(move, Transition), f"{action} is no move from {states[-1]}"
        states.append(move.target)
    return states


BEGIN = ("start_review", "verify", "dispatch")


@pytest.mark.parametrize(
    ("actions", "end"),
    [
        ((*BEGIN, "confirm_self", "issue_tilang", "pay", "enter_verdict", "owe_rest", "pay_out"), "refunded"),
        ((*BEGIN, "confirm_self", "issue_tilang", "pay", "enter_verdict", "settle"), "settled"),
        ((*BEGIN, "confirm_self", "issue_tilang", "pay", "enter_verdict", "ask_for_rest", "pay"), "settled"),
        ((*BEGIN, "confirm_self", "issue_tilang", "enter_verdict", "record_payment"), "settled"),
        ((*BEGIN, "mark_unanswered", "issue_tilang", "mark_overdue", "pay", "annul"), "annulled"),
        ((*BEGIN, "mark_unanswered", "object", "accept_objection"), "annulled"),
        ((*BEGIN, "object", "refuse_objection", "issue_tilang", "mark_overdue", "enter_verdict", "pay"), "settled"),
        ((*BEGIN, "name_driver", "decline_driving", "name_driver", "accept_driving", "annul"), "annulled"),
        ((*BEGIN, "report_sold", "resend", "confirm_self", "issue_tilang", "annul"), "annulled"),
        ((*BEGIN, "return_letter", "resend", "mark_undelivered", "expire_unsent"), "expired_unsent"),
        (("start_review", "release", "start_review", "release_idle", "exempt"), "exempt"),
        (("start_review", "report_fake_plate"), "fake_plate_alert"),
    ],
)
def test_stories(actions: tuple[str, ...], end: str) -> None:
    assert walk(*actions)[-1] == end
    assert ETLE.states[end].terminal


# --- the drawings
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "draw"), [("etle.mmd", drawing.mermaid), ("etle.svg", drawing.svg), ("etle.md", drawing.page)]
)
def test_the_docs_show_the_lifecycle_as_it_is(name: str, draw: object) -> None:
    assert (DOCS / name).read_text("utf-8") == draw(ETLE), "run: loket docs"  # type: ignore[operator]


def test_the_drawing_shows_every_state_and_move() -> None:
    svg, mermaid = drawing.svg(ETLE, "en"), drawing.mermaid(ETLE)
    for name, state in ETLE.states.items():
        assert f'<g id="{name}">' in svg
        assert escape(state.title.en) in svg
        assert f" as {name}" in mermaid
    moving = [each for each in ETLE.transitions if each.source != each.target]
    assert svg.count('class="way ') == len(moving)
    for move in ETLE.transitions:
        assert f"{move.source} --> {move.target} : {move.action} (" in mermaid


def test_no_card_lies_on_another_and_no_line_runs_through_one() -> None:
    heights = {name: 40.0 + 17 * len(ETLE.moves_from(name)) for name in ETLE.states}
    layout = lay_out("captured", [(each.source or "", each.target) for each in ETLE.transitions], heights)
    cards: dict[int, list[tuple[float, float]]] = {}
    for name, layer in layout.layer.items():
        cards.setdefault(layer, []).append((layout.top[name], layout.top[name] + heights[name]))
    for column in cards.values():
        column.sort()
        assert all(above[1] < below[0] for above, below in pairwise(column))
    for (source, target), heights_crossed in layout.crossings.items():
        step = -1 if (source, target) in layout.back else 1
        for number, height in enumerate(heights_crossed, start=1):
            column = cards.get(layout.layer[source] + step * number, [])
            assert not any(top <= height <= bottom for top, bottom in column)
    assert all(
        layout.layer[a] > layout.layer[b] if (a, b) in layout.back else layout.layer[a] < layout.layer[b]
        for a, b in layout.crossings
    )


def test_words_on_a_card_are_escaped() -> None:
    text = (SHIPPED / "etle.yaml").read_text("utf-8").replace("en: Recorded by a camera}", 'en: "<b>&x"}', 1)
    lifecycle, faults = read_lifecycle("etle.yaml", text)
    assert lifecycle is not None
    assert not faults
    assert "&lt;b&gt;&amp;x" in drawing.svg(lifecycle, "en")
