"""How does a page become one file? A template with autoescape, own style and script, no request.

The policy in its head lets nothing in but the style and the script that it names by their digests:
even markup that got past the escaping would not run, and nothing can be fetched or sent.
"""

import base64
import hashlib
from functools import lru_cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined, Template
from markupsafe import Markup

from rewards.workbench.output import PAGE_HEAD, check_free, write_whole
from rewards.workbench.report.drawing import number
from rewards.workbench.report.model import Page
from rewards.workbench.report.text import inert

TEMPLATE = Path(__file__).parent / "template"

#: Before anything is drawn: with a script, most rows wait to be asked for.
FIRST = 'document.documentElement.classList.add("on")'


@lru_cache(maxsize=1)
def _template() -> Template:
    environment = Environment(
        autoescape=True,
        finalize=inert,
        loader=FileSystemLoader(TEMPLATE),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    return environment.get_template("page.html")


def render(page: Page) -> str:
    """The page as HTML: the same bytes for the same page."""
    style, script = (
        (TEMPLATE / name).read_text(encoding="utf-8").strip() for name in ("page.css", "page.js")
    )
    scripts = " ".join(f"'{_digest(text)}'" for text in (FIRST, script))
    policy = (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src {scripts}; "
        "base-uri 'none'; form-action 'none'"
    )
    body = _template().render(
        page=page,
        policy=Markup(policy),
        style=Markup(style),
        first=Markup(FIRST),
        script=Markup(script),
    )
    return PAGE_HEAD + body + "\n"


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def write_page(path: Path, page: Page) -> None:
    """Write a page whole; a file that is no page is not replaced.

    Raises:
        SpecError: there is something else under that name.
    """
    check_free(path)
    write_whole(path, render(page))
