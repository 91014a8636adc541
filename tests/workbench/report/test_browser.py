"""Pages in a real browser: inert, offline, usable by keyboard, at any width, on paper."""

import itertools
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.workbench.conftest import Run
from tests.workbench.report.conftest import Seen
from tests.workbench.report.made import HOSTILE, hostile, many

Look = Callable[..., Seen]


@pytest.fixture
def page(rewards: Run, tmp_path: Path) -> Path:
    """A page of 128 rollouts, 16 groups."""
    assert rewards("report", *many(tmp_path, 128)).code == 0
    return tmp_path / "report.html"


def test_hostile_texts_are_shown_and_do_nothing(rewards: Run, tmp_path: Path, look: Look) -> None:
    """No script, no request, no dialog, no element of theirs; what steers unseen is seen."""
    rewards("report", *hostile(tmp_path))
    seen = look(tmp_path / "report.html", anchor="#r1-1")
    page = seen.page
    for button in page.locator(".rolls tbody button").all():
        button.click()
    page.locator("[name=q]").fill("<script>")
    page.mouse.move(300, 300)

    assert page.title() == "Rollouts: rows.jsonl"
    assert page.locator("script").count() == 2
    for selector in ("img", "iframe", "link", "h1 + h1", "td a", "[onerror]", "[onload]"):
        assert page.locator(selector).count() == 0, selector
    assert seen.trouble == []
    shown = page.locator("main").text_content()
    assert HOSTILE["script"] in shown
    assert HOSTILE["template"] in shown
    assert "abc⟨U+202E⟩txt.exe⟨U+2066⟩" in shown
    assert "a␀b␇␛[31mred" in shown
    assert "half ⟨U+D83D⟩ of a pair" in shown
    assert not re.search("[\u202a-\u202e\u2066-\u2069\u200b\x00]", shown)


def test_even_markup_that_got_through_would_not_run(page: Path, look: Look) -> None:
    """The policy in the head: what the page did not name by its digest does not run or load."""
    text = page.read_text(encoding="utf-8")
    evil = "<script>document.title='run'</script><img src='http://127.0.0.1:9/x' onerror=alert(1)>"
    page.write_text(text.replace("<main", f"{evil}<main", 1), encoding="utf-8")
    seen = look(page)

    assert seen.page.title() == "Rollouts: rows.jsonl"
    assert seen.failed == ["csp"]
    assert not [what for what in seen.trouble if what.startswith(("dialog", "error"))]
    assert any("Content Security Policy" in what for what in seen.trouble)


def test_rows_are_filtered_searched_and_sorted(page: Path, look: Look) -> None:
    """Fifty at once, more when asked; the count is honest; equal values keep their order."""
    seen = look(page)
    form = seen.page.locator("form")

    assert len(seen.rows()) == 50
    assert form.locator("output").inner_text() == "50 of 128 rows"
    seen.page.locator("[name=more]").click()
    assert len(seen.rows()) == 100
    form.locator("[name=only]").select_option("w")
    assert form.locator("output").inner_text() == "50 of 64 rows, of 128 on this page"
    assert set(seen.texts(".rolls tbody tr:not(.late) td.b")) == {"0"}
    form.locator("[name=only]").select_option("")
    form.locator("[name=q]").fill("PROBLEM 7:")
    assert seen.rows() == [str(row) for row in range(57, 65)]
    form.locator("[name=turn]").click()
    form.locator("[name=by]").select_option("1")
    paid = seen.texts(".rolls tbody tr:not(.late) td.b")
    assert (paid, set(paid)) == (sorted(paid, reverse=True), {"0", "1"})
    assert seen.page.locator("th[aria-sort=descending]").inner_text() == "reward"
    seen.page.locator("th button", has_text="row").first.click()
    assert seen.rows() == [str(row) for row in range(57, 65)]
    form.locator("[name=q]").fill("no such words")
    assert form.locator("output").inner_text() == "0 of 0 rows, of 128 on this page"
    assert seen.trouble == []


def test_a_row_opens_by_keyboard_and_says_everything(page: Path, look: Look) -> None:
    """Prompt, whole completion with the answer marked, every score with its reason, reference."""
    seen = look(page)
    button = seen.page.locator("#r1-2 button")
    assert button.get_attribute("aria-expanded") == "false"
    button.focus()
    seen.page.keyboard.press("Enter")

    assert button.get_attribute("aria-expanded") == "true"
    cell = seen.page.locator("#r1-2 .x")
    assert cell.locator(".prompt").inner_text().startswith("Problem 0:")
    assert cell.locator("mark").all_inner_texts() == ["42"]
    assert cell.locator("dt").count() == 8
    assert "part6 1" in cell.locator("dl").inner_text()
    assert "it is right (6)" in cell.locator("dl").inner_text()
    seen.page.keyboard.press("Space")
    assert button.get_attribute("aria-expanded") == "false"


def test_what_an_alert_names_is_a_link_to_its_row(rewards: Run, tmp_path: Path, look: Look) -> None:
    """Also to one that is not drawn yet: it is drawn, opened and focused."""
    scored, rows = many(tmp_path, 128)
    lines = scored.read_text().splitlines()
    lines[99] = '{"line": 100, "error": "not JSON"}'
    scored.write_text("\n".join(lines) + "\n")
    rewards("report", scored, rows)
    seen = look(tmp_path / "report.html")

    assert "100" not in seen.rows()
    seen.page.locator(".alerts .is-error a", has_text="100").click()
    seen.page.wait_for_selector("#r1-100.open")
    assert seen.page.evaluate("document.activeElement.textContent") == "100"
    assert "not JSON" in seen.page.locator("#r1-100").inner_text()


def test_nothing_is_wider_than_the_window(page: Path, look: Look) -> None:
    """From a telephone on; what is wide scrolls in a region of its own that a keyboard reaches."""
    seen = look(page, anchor="#r1-3")
    seen.page.evaluate("document.querySelectorAll('details').forEach(one => one.open = true)")
    for width in (320, 400, 1200):
        seen.page.set_viewport_size({"width": width, "height": 900})
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= width

    regions = seen.page.locator(".scroll")
    assert regions.count() > 3
    assert all(region.get_attribute("tabindex") == "0" for region in regions.all())


def test_a_screen_reader_finds_names_for_all_that_is_there(page: Path, look: Look) -> None:
    """Headings in order, figures with a text and as tables, fields and regions with labels."""
    seen = look(page)
    tree = seen.page.locator("body").aria_snapshot()

    assert seen.page.locator("html").get_attribute("lang") == "en"
    levels = [
        int(tag[1])
        for tag in seen.page.eval_on_selector_all(
            "h1,h2,h3", "found => found.map(one => one.tagName)"
        )
    ]
    assert levels[0] == 1
    assert all(b - a <= 1 for a, b in itertools.pairwise(levels))
    assert 'img "Reward. 128 rows, mean 0.5"' in tree
    assert re.search(r'columnheader "reward"', tree)
    assert 'searchbox "Search"' in tree
    assert 'combobox "Show"' in tree
    assert 'group: "As a table : Reward"' in tree
    assert 'button "1"' in tree
    for name in ("img", "region", "button", "combobox", "searchbox", "figure", "table"):
        assert not re.search(rf"- {name}:?$", tree, re.MULTILINE), name


def test_without_a_script_all_is_there(page: Path, look: Look) -> None:
    """Every row whole, every prompt; only the tools are gone."""
    seen = look(page, java_script_enabled=False)

    assert seen.page.locator(".rolls tbody tr:visible").count() == 128
    assert seen.page.locator("form:visible").count() == 0
    assert seen.page.locator("#r1-128 dl").is_visible()


def test_it_prints(page: Path, look: Look) -> None:
    """On paper there are the verdict, the figures and the rows that are drawn, and no buttons."""
    seen = look(page)
    seen.page.emulate_media(media="print", color_scheme="dark")

    assert seen.page.locator("form").is_hidden()
    assert seen.page.locator("svg").first.is_visible()
    colour = seen.page.evaluate("getComputedStyle(document.body).backgroundColor")
    assert colour == "rgb(255, 255, 255)"
    assert seen.page.pdf().startswith(b"%PDF")


def test_a_thousand_rows_and_ten_figures_are_light(
    rewards: Run, tmp_path: Path, look: Look
) -> None:
    """Under a megabyte; fifty rows are laid out, the rest waits."""
    files: tuple[Any, ...] = many(tmp_path, 1_000)
    assert rewards("report", *files).code == 0
    path = tmp_path / "report.html"
    seen = look(path)

    assert path.stat().st_size < 1_000_000
    assert seen.page.locator("figure svg").count() == 10
    assert seen.page.locator(".rolls tbody tr").count() == 1_000
    assert seen.page.locator(".rolls tbody tr:visible").count() == 50
    assert seen.trouble == []
