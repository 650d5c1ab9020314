"""For pages: browsers on the application, and a ticket on its way."""

from collections.abc import AsyncIterator

import httpx
import pytest

from app.core.house import House
from app.main import create_app
from tests.routers.pages.world import Browser, Story


@pytest.fixture
async def browser(house: House) -> AsyncIterator[Browser]:
    """A citizen's browser."""
    made = Browser.of(create_app(house))
    yield made
    await made.client.aclose()


@pytest.fixture
async def story(house: House, client: httpx.AsyncClient) -> Story:
    """A capture of the demo vehicle that waits for its officer."""
    return await Story.begin(house, client)
