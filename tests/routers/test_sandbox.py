"""The local outbox: open to testers, and not there in production."""

from dataclasses import replace

import httpx

from app.core.house import House
from app.main import create_app
from app.services.notifications import Medium
from tests.drain import drain
from tests.services.notifications.samples import MAIL, PHONE, sent


async def test_testers_find_the_code_that_was_sent(house: House, client: httpx.AsyncClient) -> None:
    await sent(house, template="one_time_code")
    await sent(house, medium=Medium.EMAIL, address=MAIL)
    await drain(house)
    answer = await client.get("/sandbox/outbox.json", params={"to": "081230000001"})
    assert answer.headers["cache-control"] == "no-store"
    (message,) = answer.json()["messages"]
    assert (message["to"], message["template"], message["channel"]) == (PHONE, "one_time_code", "sms")
    assert "493817" in message["text"]
    assert len((await client.get("/sandbox/outbox.json")).json()["messages"]) == 2
    assert (await client.get("/sandbox/outbox.json", params={"to": "nobody"})).json() == {"messages": []}


async def test_the_page_shows_messages_as_text(house: House, client: httpx.AsyncClient) -> None:
    params = {"reference": "ETL1", "plate": "B 1", "reason": "<script>alert(1)</script>"}
    await sent(house, template="etle_annulled", params={**params, "link": "http://127.0.0.1:8000/tilang"})
    await drain(house)
    page = await client.get("/sandbox/outbox")
    assert page.status_code == 200
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page.text
    assert '<a href="http://127.0.0.1:8000/tilang"' in page.text
    assert PHONE in page.text


async def test_an_empty_outbox_says_so_in_both_languages(client: httpx.AsyncClient) -> None:
    assert "Belum ada pesan." in (await client.get("/sandbox/outbox")).text
    assert "No messages yet." in (await client.get("/sandbox/outbox?lang=en")).text


async def test_production_has_no_sandbox(house: House) -> None:
    settings = house.settings.model_copy(update={"env": "production"})
    transport = httpx.ASGITransport(app=create_app(replace(house, settings=settings)))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        for path in ("/sandbox/outbox.json", "/sandbox/outbox", "/sandbox/outbox.json?to=x"):
            assert (await client.get(path)).status_code == 404
