"""Where a question looks, and words that mean the same, as an editor sets them in the page."""

import pytest
from playwright.async_api import Page, expect

from tests.e2e.browser import ask, sign_in
from tests.e2e.fleet import Fleet, User

pytestmark = pytest.mark.timeout(180)
GARDEN = "# Greenhouse\n\nThe quokka valve of the greenhouse opens at 31 degrees.\n"


async def test_a_question_looks_only_in_the_chosen_source(page: Page, fleet: Fleet, admin: User) -> None:
    sources = [await _source(admin, name) for name in ("Garden manual", "Empty shelf")]
    await _index(admin, sources[0], "Greenhouse", GARDEN)
    try:
        await sign_in(page, fleet)
        await page.get_by_test_id("source-filter").get_by_role("button").click()
        await page.get_by_label("Empty shelf").check()
        await page.keyboard.press("Escape")
        await ask(page, "When does the quokka valve open?")
        await expect(page.get_by_test_id("refusal")).to_be_visible()

        await page.get_by_test_id("source-filter").get_by_role("button").click()
        await page.get_by_label("Empty shelf").uncheck()
        await page.get_by_label("Garden manual").check()
        await page.keyboard.press("Escape")
        await ask(page, "At how many degrees does the quokka valve open?")
        await expect(page.get_by_test_id("answer").last).to_contain_text("31 degrees")
    finally:
        for source in sources:
            await admin.http.delete(f"/api/v1/sources/{source}")


async def test_the_model_alone_cites_nothing(page: Page, fleet: Fleet) -> None:
    await sign_in(page, fleet)
    await page.get_by_text("Model alone").click()
    await ask(page, "What is a greenhouse?")
    await expect(page.locator('[data-testid="answer"][data-state="done"]')).to_be_visible()
    await expect(page.get_by_test_id("citation-marker")).to_have_count(0)
    await expect(page.get_by_test_id("confidence")).to_have_count(0)


async def test_an_alias_is_added_discovered_accepted_and_deleted(page: Page, fleet: Fleet, admin: User) -> None:
    source = await _source(admin, "Glossary")
    await _index(admin, source, "Objectives", "# Objectives\n\nThe recovery point objective (RPO) is five minutes.\n")
    try:
        await sign_in(page, fleet)
        await page.get_by_role("link", name="Aliases").click()
        await page.get_by_test_id("alias-term").fill("Zephyr")
        await page.get_by_test_id("alias-synonyms").fill("billing service, invoicing")
        await page.get_by_test_id("alias-add").click()
        zephyr = page.get_by_test_id("alias-row").filter(has_text="billing service, invoicing")
        await expect(zephyr).to_be_visible()

        await page.get_by_test_id("discover").click()
        proposal = page.get_by_test_id("proposal").filter(has_text="RPO")
        await expect(proposal).to_contain_text("Objectives")
        await proposal.get_by_test_id("proposal-accept").click()
        await expect(proposal).to_have_count(0)
        accepted = page.get_by_test_id("alias-row").filter(has_text="RPO")
        await expect(accepted).to_be_visible()

        for row in (zephyr, accepted):
            await row.get_by_test_id("alias-delete").click()
            await expect(row).to_have_count(0)
    finally:
        await admin.http.delete(f"/api/v1/sources/{source}")


async def _source(admin: User, name: str) -> str:
    body = {"type": "upload", "name": name, "config": {}}
    return str((await admin.post("/api/v1/sources", body, expect=201))["id"])


async def _index(admin: User, source_id: str, title: str, text: str) -> None:
    body = {"source_id": source_id, "documents": [{"external_id": title, "title": title, "text": text}]}
    accepted = await admin.post("/api/v1/documents/batch", body, expect=202)
    assert (await admin.finished_job(accepted["job_id"]))["state"] == "succeeded"
