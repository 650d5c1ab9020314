"""Every template is drawn in both languages from made-up views: no missing attribute, no inline script or style."""

import re
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from app.core.problems import catalogue
from app.core.texts import LANGS, Lang, Text
from app.routers.pages import words
from app.routers.pages.counter_words import DECISIONS, FOR_CITIZENS, TASKS
from app.routers.pages.forms import Form
from app.routers.pages.render import TEMPLATES, environment, render
from app.services.cases import TimelineEntry
from app.services.etle.openings import WHYS, Opening, Why
from app.services.etle.views import AverageSpeed, ExemptionView
from app.services.transparency.check_codes import CheckedItem
from tests.routers.pages import samples

APP = Path(words.__file__).parents[2]
ENTRIES = [
    TimelineEntry(
        at=samples.NOW,
        as_of=samples.NOW,
        title=Text("Sanggahan ditolak", "The objection was refused"),
        action="refuse_objection",
        state="confirmed",
        actor_kind="staff",
        unit="PMJ-DITLANTAS",
        reason="Alasan <b>tertulis</b>",
        version=4,
        leaf_id=samples.TICKET_ID,
    )
]
ITEM = CheckedItem("CEK1", "letter", "PMJ", Text("Surat", "Letter"), samples.NOW, samples.NOW, None)
ERRORS = Form({"plate": '"><script>'}, {"plate": Text("Salah <i>", "Wrong <i>")})
STAFF = samples.staff()
ANSWER = {"ticket": samples.ticket(), "back_href": "/", "step": 1, "steps": 4, "form": Form()}
PAGES: list[tuple[str, dict[str, Any]]] = [
    ("pages/home.html", {}),
    ("pages/accessibility.html", {}),
    (
        "pages/transparency.html",
        {"checkpoint": "a\n1\nb", "size_text": "1", "deleted": [(Text("Film", "Films"), "1", "2")]},
    ),
    ("pages/transparency.html", {"checkpoint": None, "size_text": "", "deleted": []}),
    ("pages/verify_form.html", {"form": Form()}),
    ("pages/verify_result.html", {"code": "X", "item": ITEM, "unit_name": "Polda", "zone": "WITA"}),
    ("pages/verify_result.html", {"code": "<X>", "item": None, "unit_name": "", "zone": "WIB"}),
    (
        "pages/problem.html",
        {"heading": "<x>", "detail": "y", "code": "z", "errors": [Text("a", "b")], "allowed": ["pay"]},
    ),
    ("pages/tickets/lookup.html", {"form": ERRORS}),
    ("pages/tickets/nothing.html", {"searched": "B 1 A"}),
    ("pages/tickets/results.html", {"tickets": [samples.ticket(), samples.issued_ticket()]}),
    ("pages/tickets/results.html", {"tickets": []}),
    (
        "pages/mine.html",
        samples.mine_page(tickets=[samples.ticket(), samples.issued_ticket()], next_href="/saya?after=x"),
    ),
    ("pages/mine.html", samples.mine_page(tickets=[])),
    ("pages/mine.html", samples.mine_page(tickets=[], nik_masked=None, name=None)),
    ("pages/tickets/ticket.html", samples.ticket_page(ENTRIES)),
    ("pages/tickets/payment.html", {"ticket": samples.ticket(), "bill": None, "now": samples.NOW}),
    ("pages/tickets/payment.html", {"ticket": samples.issued_ticket(), "bill": samples.bill(), "now": samples.NOW}),
    (
        "pages/tickets/payment.html",
        {
            "ticket": samples.issued_ticket(),
            "bill": samples.bill(state="paid", paid_at=samples.NOW),
            "now": samples.NOW,
        },
    ),
    ("pages/tickets/looks.html", {"ticket": samples.ticket(), "looks": ENTRIES}),
    ("pages/tickets/looks.html", {"ticket": samples.ticket(), "looks": []}),
    ("pages/tickets/proof.html", {"ticket": samples.ticket(), "proof": None}),
    *(
        (f"pages/answers/{name}.html", {**ANSWER, **samples.answer_page(kind)})
        for name in ("yours", "kind", "details", "attachments", "check", "driver")
        for kind in words.ANSWERS
    ),
    ("pages/answers/done.html", {"ticket": samples.ticket(), "meaning": words.MEANINGS["confirmed"]}),
    ("pages/counter/tasks.html", samples.tasks_page()),
    ("pages/counter/purpose.html", {"staff": STAFF, "form": Form(), "reference": "ETL1"}),
    *(
        (
            "pages/counter/case.html",
            {
                "staff": STAFF,
                "form": ERRORS,
                "stated": "",
                "review": review,
                "choices": [DECISIONS[action] for action in review.actions],
                "entries": ENTRIES,
                "looks": ENTRIES,
                "whys": [(str(each), WHYS[each]) for each in Why],
                "opened": Opening("/o/1", "ab" * 32, "image/jpeg", review.blind, samples.NOW, 3),
            },
        )
        for review in (
            samples.review(),
            samples.objection(),
            samples.review(actions=("start_review",), registry=None),
            samples.review(exemption=ExemptionView("hearse", "UU 22/2009 art. 134 f", by_machine=False)),
        )
    ),
    *(
        (
            "pages/counter/cover.html",
            {
                "staff": STAFF,
                "form": ERRORS,
                "review": samples.review(),
                "picture": samples.review().evidence.items[0],
                "covered": covered,
            },
        )
        for covered in (0, 2)
    ),
    *(
        (
            "pages/counter/consent.html",
            {"staff": STAFF, "form": ERRORS, "choice": choice, "case_id": samples.ticket().id},
        )
        for choice in FOR_CITIZENS.values()
    ),
    ("pages/api_overview.html", {"subjects": {"tickets": [samples.operation()]}}),
    ("pages/api_subject.html", {"subject": "tickets", "operations": [samples.operation()]}),
    ("pages/api_problems.html", {"types": catalogue()}),
    ("pages/sandbox_outbox.html", {"messages": [], "to": ""}),
    ("pages/counter/blocks.html", {"staff": STAFF, "form": Form(), "notice": None, "blocks": [samples.block(1)]}),
    ("pages/counter/blocks.html", {"staff": STAFF, "form": Form(), "notice": Text("a", "b"), "blocks": []}),
]


def draw(name: str, lang: Lang, context: dict[str, Any]) -> str:
    frame = {"path": "/", "language_url": lambda other: f"/?lang={other}", "form_token": lambda: "token"}
    return render(name, lang, **frame, **context)


@pytest.mark.parametrize("lang", LANGS)
@pytest.mark.parametrize(("name", "context"), PAGES, ids=[f"{at}-{page[0]}" for at, page in enumerate(PAGES)])
def test_each_page_is_drawn_in_both_languages(name: str, context: dict[str, Any], lang: Lang) -> None:
    html = draw(name, lang, context)
    assert f'<html lang="{lang}"' in html
    assert html.count("<h1") == 1 or "govuk-panel__title" in html
    assert 'id="main-content"' in html
    # What the content security policy would refuse must not be written at all.
    assert not re.search(r"<script(?![^>]*\bsrc=)", html)
    assert "<style" not in html
    assert not re.search(r"""<[^>]+\s(style|on[a-z]+)\s*=""", html)
    assert "<i>" not in html
    assert "<b>tertulis" not in html


DRAWN_OVER_HTTP = {
    "pages/account/": "routers/pages/test_applications.py",
    "pages/applications/": "routers/pages/test_applications.py",
    "pages/services/": "routers/pages/test_applications.py",
    "pages/queue_board": "routers/pages/test_applications.py",
    "pages/waiting_times": "routers/pages/test_applications.py",
    "pages/statistics": "routers/pages/test_applications.py",
    "pages/counter/camera": "routers/pages/test_camera_health.py",
    "pages/counter/consent_forms": "routers/test_consent_forms.py",
    "pages/counter/applications/": "routers/pages/test_counter_applications.py",
    "pages/counter/queue/": "routers/pages/test_counter_applications.py",
    "pages/counter/difference": "routers/test_differences.py",
    "pages/counter/incident": "routers/test_differences.py",
    "pages/counter/verdict_file": "routers/test_verdict_files.py",
    "pages/counter/readings": "services/etle/test_turns.py",
    "pages/shields": "services/etle/test_shield.py",
    "pages/counter/account_names": "routers/test_refunds.py",
    "pages/counter/payment_order": "routers/test_refunds.py",
    "pages/counter/refunds": "routers/test_refunds.py",
    "pages/counter/remittances": "routers/test_remittances.py",
    "pages/counter/statement": "routers/test_statements.py",
    "pages/money": "routers/test_money.py",
    "pages/tickets/refund": "routers/test_refunds.py",
}
"""Pages that a test opens over HTTP, with what a real case holds, instead of drawing them from samples here."""


def test_every_page_template_is_drawn_by_a_test() -> None:
    drawn = {name for name, _ in PAGES}
    found = {str(path.relative_to(TEMPLATES)) for path in (TEMPLATES / "pages").rglob("*.html")}
    left = {name for name in found if not Path(name).name.startswith("_")} - drawn
    assert {name for name in left if not name.startswith(tuple(DRAWN_OVER_HTTP))} == set()
    missing = [each for each in DRAWN_OVER_HTTP.values() if not (Path(__file__).parents[2] / each).is_file()]
    assert missing == []


@pytest.mark.parametrize("name", ["Tilang <B>", "a & b"])
def test_text_of_others_is_escaped(name: str) -> None:
    html = draw("pages/tickets/results.html", "id", {"tickets": [samples.ticket(location=name)]})
    assert name not in html


def test_a_view_attribute_that_does_not_exist_is_an_error() -> None:
    template = environment("id").from_string("{{ ticket.no_such_thing }}")
    with pytest.raises(Exception, match="no_such_thing"):
        template.render(ticket=samples.ticket())


def test_every_state_task_and_answer_of_the_lifecycle_has_its_words() -> None:
    declared = yaml.safe_load((APP / "data/lifecycles/etle.yaml").read_text("utf-8"))
    assert set(declared["states"]) == set(words.MEANINGS)
    kinds = set(re.findall(r"kind: ([a-z_]+)", (APP / "data/lifecycles/etle.yaml").read_text("utf-8")))
    assert kinds <= set(TASKS)
    actions = {move["action"] for move in declared["moves"]}
    assert set(DECISIONS) <= actions
    wanting = {move["action"] for move in declared["moves"] if move.get("reason") == "required"}
    assert {name for name, choice in DECISIONS.items() if choice.reason} >= wanting & set(DECISIONS)


@pytest.mark.parametrize(
    ("lang", "says"), [("id", "118 km/jam (batas 100 km/jam)"), ("en", "118 km/h (limit 100 km/h)")]
)
@pytest.mark.parametrize("page", ["pages/tickets/ticket.html", "pages/counter/case.html"])
def test_what_two_cameras_measured_can_be_reckoned_again(page: str, lang: Lang, says: str) -> None:
    average = AverageSpeed(118, 10_000, 100, samples.NOW, samples.NOW + timedelta(seconds=304))
    seen = samples.evidence(speed_kmh=None, limit_kmh=None, average=average)
    values = next(values for name, values in PAGES if name == page)
    if page == "pages/counter/case.html":
        values = {**values, "review": replace(values["review"], evidence=seen)}
    html = draw(page, lang, {**values, "evidence": seen})
    assert says in html
    assert "10000 m" in html
    mark = "." if lang == "id" else ":"
    assert f"10{mark}05{mark}04 WIB" in html
