"""Whatever a stranger, a citizen, an officer or a camera sends, no JSON door breaks: nothing answers 5xx, and every
refusal is a problem (RFC 9457).

Schemathesis makes requests from our own OpenAPI document, right and wrong ones, and this test sends them as each of the
callers that a door knows. Banks' doors speak SNAP and have their own tests; captures want real pictures.
"""

from functools import partial
from typing import Any
from uuid import UUID

import anyio
import anyio.from_thread
import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode

from app.core.house import House
from app.main import create_app
from app.routers.http.guards import issue_ticket_token
from app.routers.http.problems import PROBLEM_JSON
from app.services.identity.roles import Role
from tests import make
from tests.applying import POLRES, Desk, opened_unit
from tests.settlements import bearer_of, two_treasurers

EXAMPLES = 10
"""Requests per door and caller; with them the test takes half a minute."""
SNAP = "/v1.0/"
IN_ANOTHERS_WORDS = ("/v1/plate-reader", "/v1/statistics/")
"""Doors that refuse as the product does whose clients they serve."""
schemathesis.serializer.alias("application/offset+octet-stream", "application/octet-stream")
MONEY = (
    "/v1/settlements",
    "/v1/counter/settlement-differences",
    "/v1/counter/payment-incidents",
    "/v1/counter/verdict-files",
)
AT_THE_COUNTER = ("/v1/counter/assisted", "/v1/counter/queue", "/v1/counter/windows", "/v1/counter/cases/{id}/m")


@pytest.fixture
async def callers(house: House, client: httpx.AsyncClient) -> dict[str, dict[str, str]]:
    """The headers of each kind of caller; under `id` a ticket for all of them, under `application` one for both its sides."""
    case_id = await make_case(house)
    camera = await make.camera(house, client)
    desk = await Desk(house, client, 0).sign_in()
    await opened_unit(house)
    return {
        "id": {"id": str(case_id)},
        "application": {"id": (await desk.draft("skck-new"))["id"]},
        "nobody": {},
        "holder": {"Authorization": f"Bearer {issue_ticket_token(house, case_id, 'owner')}"},
        "citizen": desk.headers,
        "counter": {"Authorization": (await desk.staff(Role.COUNTER, POLRES))["Authorization"]},
        "officer": await make.staff_headers(house, Role.OFFICER),
        "investigator": await make.staff_headers(house, Role.INVESTIGATOR),
        "finance": {"Authorization": f"Bearer {await bearer_of(house, (await two_treasurers(house))[0])}"},
        "camera": {"X-Api-Key": camera.key},
    }


async def make_case(house: House) -> UUID:
    await make.demo_set(house)
    return await make.letter_sent(house)


def callers_of(path: str) -> tuple[str, ...]:
    """Who has business at a door; everybody is tried as nobody too."""
    if path.startswith(MONEY):
        return ("nobody", "finance")
    if path.startswith(AT_THE_COUNTER):
        return ("nobody", "counter")
    if path.startswith("/v1/counter"):
        return ("nobody", "officer", "investigator")
    if path.startswith("/v1/tickets/{id}"):
        return ("nobody", "holder")
    if path.startswith(("/v1/me", "/v1/applications", "/v1/uploads")):
        return ("nobody", "citizen")
    return ("nobody", "camera") if path.startswith(("/v1/anpr", "/v1/plate-reader")) else ("nobody",)


def faults_of(answer: httpx.Response) -> str | None:
    """What is wrong with an answer, in words."""
    kind = answer.headers.get("content-type", "")
    if answer.status_code >= 500 and answer.status_code != 503:
        return f"{answer.status_code}: {answer.text[:200]}"
    if answer.status_code >= 400 and answer.request.url.path.startswith(IN_ANOTHERS_WORDS):
        return None if {"detail", "error"} & answer.json().keys() else f"{answer.status_code} without words"
    if answer.status_code >= 400 and not kind.startswith(PROBLEM_JSON):
        return f"{answer.status_code} as {kind!r}"
    return None


def sent(case: Any, headers: dict[str, str], case_id: str, *, own: bool) -> dict[str, Any]:
    """The generated request for httpx, with this caller's headers; `own` puts in the case that exists."""
    if own and "id" in (case.path_parameters or {}):
        case.path_parameters["id"] = case_id
    made = case.as_transport_kwargs(base_url="http://test")
    made["headers"] = {
        **{
            name: value
            for name, value in dict(made.get("headers") or {}).items()
            if name.lower() not in {"authorization", "x-api-key", "content-length", "host", "user-agent", "cookie"}
        },
        **headers,
    }
    made.pop("cookies", None)
    if isinstance(made.get("data"), str | bytes):
        made["content"] = made.pop("data")
    return made


async def test_no_door_breaks(house: House, client: httpx.AsyncClient, callers: dict[str, dict[str, str]]) -> None:
    schema = schemathesis.openapi.from_dict(create_app(house).openapi())
    operations = [each.ok() for each in schema.get_all_operations()]
    doors = [each for each in operations if each.path.startswith("/v1/") and not each.path.startswith(SNAP)]
    assert len(doors) > 20

    def try_door(operation: Any, caller: str) -> None:
        case_id = callers["application" if caller in ("citizen", "counter") else "id"]["id"]
        takes_something = bool(operation.body) or any(operation.iter_parameters())
        modes = list(GenerationMode) if takes_something else [GenerationMode.POSITIVE]

        @settings(
            max_examples=EXAMPLES,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=st.one_of([operation.as_strategy(mode) for mode in modes]), own=st.booleans())
        def door(case: Any, own: bool) -> None:
            try:
                request = client.build_request(**sent(case, callers[caller], case_id, own=own))
                request.read()  # a "file" may be a number here
            except (httpx.InvalidURL, UnicodeError, ValueError, AttributeError, TypeError):
                return  # no HTTP client could send it
            answer = anyio.from_thread.run(client.send, request)
            fault = faults_of(answer)
            assert fault is None, (
                f"{case.method} {operation.path} as {caller}: {fault}; sent {request.url} {request.read()[:500]!r}"
            )

        door()

    for operation in doors:
        for caller in callers_of(operation.path):
            await anyio.to_thread.run_sync(partial(try_door, operation, caller))
