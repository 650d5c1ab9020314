"""The same doors as HTML: pages for citizens and staff, in Indonesian and English, that work without scripts."""

from app.routers.pages import (
    answers,
    api_docs,
    at_counter,
    counter,
    home,
    mine,
    money,
    reconciliation,
    refunds,
    remittances,
    sign_in,
    statements,
    tickets,
    verdicts,
    verify,
)
from app.routers.pages.problems import render_problem_page
from app.routers.pages.render import warm_up
from app.routers.pages.statics import StaticDoor

routers = (
    home.router,
    tickets.router,
    mine.router,
    answers.router,
    verify.router,
    counter.router,
    at_counter.router,
    money.router,
    refunds.router,
    reconciliation.router,
    remittances.router,
    statements.router,
    verdicts.router,
    sign_in.router,
    api_docs.router,
)

__all__ = ["StaticDoor", "render_problem_page", "routers", "warm_up"]
