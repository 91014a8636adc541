"""Pages in a real browser: any installed Chromium, offline; without one these tests are skipped."""

import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


class Seen:
    """An opened page, and what it did besides being shown."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.trouble: list[str] = []
        self.failed: list[str] = []
        page.on("console", lambda said: self.trouble.append(f"console: {said.text}"))
        page.on("pageerror", lambda error: self.trouble.append(f"error: {error}"))
        page.on("dialog", lambda dialog: self.trouble.append(f"dialog: {dialog.message}"))
        page.on("request", self._asked)
        page.on("requestfailed", lambda request: self.failed.append(request.failure))
        page.on("popup", lambda _: self.trouble.append("popup"))

    def _asked(self, request: Any) -> None:
        if not (request.is_navigation_request() and request.url.startswith("file:")):
            self.trouble.append(f"request: {request.url[:80]}")

    def texts(self, selector: str) -> list[str]:
        """The shown texts of all elements that match."""
        found: list[str] = self.page.locator(selector).all_inner_texts()
        return found

    def rows(self) -> list[str]:
        """The numbers of the rollouts that are drawn, in their order."""
        return self.texts(".rolls tbody tr:not(.late) th button")


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """One headless Chromium for all tests."""
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    found = next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.skip("no Chromium is installed: `make browser`")
    with sync_api.sync_playwright() as playwright:
        # Without its sandbox, which root and many containers do not have; it opens our own file.
        opened = playwright.chromium.launch(executable_path=found, args=["--no-sandbox"])
        yield opened
        opened.close()


@pytest.fixture
def look(browser: Any) -> Iterator[Callable[..., Seen]]:
    """Open a page's file, offline, in a window of so many pixels."""
    contexts = []

    def look_at(path: Path, width: int = 1200, anchor: str = "", **options: Any) -> Seen:
        viewport = {"width": width, "height": 900}
        contexts.append(browser.new_context(viewport=viewport, offline=True, **options))
        seen = Seen(contexts[-1].new_page())
        seen.page.goto(path.as_uri() + anchor)
        return seen

    yield look_at
    for context in contexts:
        context.close()
