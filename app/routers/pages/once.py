"""A form that arrives twice does its work once: pressed twice, or sent again by a browser that got no answer.

Each form carries a random value of its page (`new_once`). The same form of the same page leads where it led the first
time; the answer is kept in the transaction that did the work, as `http/idempotency.py` does for programs.
"""

import hashlib
import secrets
from collections.abc import Awaitable, Callable

from app.core.actor import Actor
from app.core.db import Tx
from app.core.once import find_answer, keep_answer
from app.routers.pages.forms import Form
from app.routers.pages.visit import Visit

FIELD = "once"
MIN_LENGTH = 12
SEE_OTHER = 303


def new_once() -> str:
    """The value for the hidden field of the forms of one page."""
    return secrets.token_urlsafe(MIN_LENGTH)


async def once(visit: Visit, actor: Actor, form: Form, work: Callable[[Tx], Awaitable[str]]) -> str:
    """Do the work in a transaction and give where it leads (a path); for a form that came before, where that one led.

    What `work` raises leaves nothing behind: the form may be mended and sent again.
    """
    async with visit.house.db.begin(actor) as tx:
        if len(form.get(FIELD)) < MIN_LENGTH:
            return await work(tx)
        digest = _digest(visit.request.url.path, form)
        kept = await find_answer(tx, f"page:{digest}", digest)
        if kept is not None:
            return str(kept.body)
        path = await work(tx)
        await keep_answer(tx, f"page:{digest}", digest, SEE_OTHER, path)
        return path


def _digest(path: str, form: Form) -> str:
    sent = [path, *(f"{name}={form.all(name)}" for name in sorted(form.values))]
    sent += [f"{name}:{hashlib.sha256(file.data).hexdigest()}" for name, file in sorted(form.files.items())]
    return hashlib.sha256("\0".join(sent).encode("utf-8", "replace")).hexdigest()
