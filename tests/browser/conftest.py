"""A real Chromium on a real server on a loopback port. Skipped loudly where no Chromium is installed."""

import asyncio
import os
import shutil
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser as Chromium
from playwright.async_api import BrowserContext, ConsoleMessage, Page, async_playwright

from app.core.clock import FixedClock
from app.core.house import House
from app.main import create_app
from tests.conftest import open_house
from tests.routers.pages.world import Story

CHROMIUM = os.environ.get("LOKET_TEST_CHROMIUM", "/usr/bin/chromium")
PHONE = {"width": 360, "height": 740}
DESK = {"width": 1280, "height": 900}
SCREENSHOTS = os.environ.get("LOKET_TEST_SCREENSHOTS")
"""A folder: each page that a test looks at is then kept there as a picture."""


@dataclass
class Site:
    """The running server and the house behind it."""

    house: House
    url: str
    client: httpx.AsyncClient


@dataclass
class Watcher:
    """Opens pages and holds every one against the same rules."""

    page: Page
    url: str
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"script: {error}"))
        self.page.on("requestfailed", self._failed)

    def _failed(self, request: Any) -> None:
        if request.failure != "net::ERR_ABORTED":  # a download is aborted as a navigation
            self.faults.append(f"request: {request.url} {request.failure}")

    def _heard(self, message: ConsoleMessage) -> None:
        # Chromium reports each 4xx of a page itself; those are asked for on purpose here.
        if message.type in ("error", "warning") and "the server responded with a status of 4" not in message.text:
            self.faults.append(f"console: {message.text}")

    async def go(self, path: str) -> None:
        await self.page.goto(self.url + path)

    async def check(self, name: str) -> None:
        """No accessibility violation, no sideways scrolling, nothing the security policy refused, one heading."""
        await self.page.wait_for_load_state("networkidle")
        size = self.page.viewport_size or PHONE
        if SCREENSHOTS:
            await self.page.screenshot(path=Path(SCREENSHOTS) / f"{name}-{size['width']}.png", full_page=True)
        found = await Axe().run(self.page)
        problems = [
            f"{each['id']}: {[node['target'] for node in each['nodes']]}" for each in found.response["violations"]
        ]
        wide = await self.page.evaluate("document.documentElement.scrollWidth")
        headings = await self.page.locator("h1").count()
        assert not problems, f"{name} ({self.page.url}): {problems}"
        assert wide <= size["width"], f"{name} scrolls sideways: {wide} > {size['width']}"
        assert headings == 1, f"{name} has {headings} headings of the first order"
        assert not self.faults, f"{name}: {self.faults}"


@pytest.fixture
async def chromium() -> AsyncIterator[Chromium]:
    if not Path(CHROMIUM).exists():
        pytest.skip(f"no Chromium at {CHROMIUM}: the pages were NOT looked at; set LOKET_TEST_CHROMIUM")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield browser
        await browser.close()


@pytest.fixture
async def site(sqlite_template: Path, tmp_path: Path, clock: FixedClock) -> AsyncIterator[Site]:
    """The application on a port of its own, on SQLite, without a worker: tests run the queue themselves."""
    shutil.copy(sqlite_template, tmp_path / "loket.db")
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        async with open_house(f"sqlite:///{tmp_path / 'loket.db'}", tmp_path, clock, public_url=url) as house:
            config = uvicorn.Config(create_app(house), log_level="critical", lifespan="off", access_log=False)
            server = uvicorn.Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            async with httpx.AsyncClient(base_url=url) as client:
                yield Site(house, url, client)
            server.should_exit = True
            await serving


@pytest.fixture
async def story(site: Site) -> Story:
    return await Story.begin(site.house, site.client)


async def open_context(chromium: Chromium, size: dict[str, int] = PHONE, **options: Any) -> BrowserContext:
    return await chromium.new_context(viewport=size, locale="id-ID", **options)  # type: ignore[arg-type]


@pytest.fixture
async def phone(chromium: Chromium, site: Site) -> AsyncIterator[Watcher]:
    """A citizen with a small phone."""
    context = await open_context(chromium)
    yield Watcher(await context.new_page(), site.url)
    await context.close()


@pytest.fixture
async def desk(chromium: Chromium, site: Site) -> AsyncIterator[Watcher]:
    """An officer's screen."""
    context = await open_context(chromium, DESK)
    yield Watcher(await context.new_page(), site.url)
    await context.close()
