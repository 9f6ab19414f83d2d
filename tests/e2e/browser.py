"""A real browser, and what a person does first in it."""

import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from playwright.async_api import Page, async_playwright, expect

from tests.e2e.fleet import ADMIN, Fleet

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@asynccontextmanager
async def opened_page(fleet: Fleet) -> AsyncIterator[Page]:
    """A fresh browser on the fleet's page; any error that its scripts raise fails the test."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    assert chromium, "The browser tests need Chromium: apt-get install chromium."
    errors: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        context = await browser.new_context(base_url=fleet.url)
        page = await context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.set_default_timeout(20_000)
        yield page
        await browser.close()
    assert errors == []


async def sign_in(page: Page, fleet: Fleet) -> None:
    await page.goto("/")
    await page.get_by_test_id("sign-in-email").fill(ADMIN)
    await page.get_by_test_id("sign-in-password").fill(fleet.password)
    await page.get_by_test_id("sign-in-submit").click()
    await expect(page.get_by_test_id("question-input")).to_be_visible()


async def ask(page: Page, question: str) -> None:
    await page.get_by_test_id("question-input").fill(question)
    await page.get_by_test_id("send-button").click()
