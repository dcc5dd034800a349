"""The documents of the API in a real browser."""

import shutil

import pytest

CHROMIUM = shutil.which("chromium")


@pytest.mark.browser
@pytest.mark.skipif(CHROMIUM is None, reason="no chromium here")
def test_the_documents_work_without_any_other_server(reading):
    """Swagger UI lists the routes, asks nobody else for anything, and the browser finds no fault."""
    from playwright.sync_api import sync_playwright

    home, asked, faults = str(reading.base_url), [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        page = browser.new_page()
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda line: faults.append(line.text) if line.type == "error" else None)
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.goto(f"{home}/docs")
        page.get_by_text("/v1/forecasts").first.wait_for()
        listed = page.locator(".opblock-summary-path").all_inner_texts()
        browser.close()
    assert len(listed) == 11
    assert not faults
    assert [url for url in asked if not url.startswith((home, "data:"))] == []
