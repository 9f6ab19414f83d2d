"""What a person sees: sign in, ask, watch it stream, follow a citation, reload in the middle, in a real browser."""

import re

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import ask, sign_in
from tests.e2e.fleet import ADMIN, Fleet

pytestmark = pytest.mark.timeout(180)
QUESTION = "How many vacation days do full-time employees get?"


async def test_a_person_asks_and_follows_a_citation(page: Page, fleet: Fleet) -> None:
    await sign_in(page, fleet)
    await ask(page, QUESTION)
    answer = page.get_by_test_id("answer").last
    await expect(answer).to_have_attribute("data-state", "done")
    await expect(answer).to_contain_text("27 vacation days")
    await answer.get_by_test_id("citation-marker").first.click()
    await expect(page.get_by_test_id("passage-panel")).to_be_visible()
    await expect(page.get_by_test_id("passage-highlight").first).to_contain_text("vacation")
    await expect(page.get_by_test_id("conversation-item").first).to_be_visible()


async def test_a_reload_shows_the_same_conversation(page: Page, fleet: Fleet) -> None:
    await sign_in(page, fleet)
    await ask(page, "What is the meal allowance?")
    await expect(page.get_by_test_id("answer").last).to_contain_text("34 euros")
    await page.reload()
    await expect(page.get_by_test_id("answer").last).to_contain_text("34 euros")
    await expect(page.get_by_test_id("answer").last).to_have_attribute("data-state", "done")


async def test_a_refusal_is_shown_as_one(page: Page, fleet: Fleet) -> None:
    await sign_in(page, fleet)
    await ask(page, "Who won the chess world championship in 1972?")
    answer = page.get_by_test_id("answer").last
    await expect(answer).to_have_attribute("data-state", "done")
    await expect(answer).to_contain_text(re.compile("not in your documentation", re.IGNORECASE))
    await expect(answer.get_by_test_id("citation-marker")).to_have_count(0)


async def test_a_wrong_password_is_said_clearly(page: Page) -> None:
    await page.goto("/")
    await page.get_by_test_id("sign-in-email").fill(ADMIN)
    await page.get_by_test_id("sign-in-password").fill("wrong")
    await page.get_by_test_id("sign-in-submit").click()
    await expect(page.get_by_test_id("error-banner")).to_be_visible()
    await expect(page.get_by_test_id("question-input")).to_have_count(0)
