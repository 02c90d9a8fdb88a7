"""
Plans as one HTML file that can be read anywhere: it loads nothing, and runs only its own script.

The template engine escapes all foreign text. The page's Content-Security-Policy names style and script by their
digests, so even injected markup could load and run nothing.
"""

from base64 import b64encode
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING

from reconciler.core.documents.plan import PlanDocument
from reconciler.core.model.text import printing
from reconciler.render.html.page import build_page
from reconciler.render.markup import SourceLinks

if TYPE_CHECKING:
    from jinja2 import Environment

MOST_ROWS = 10_000
"""Rows that a browser filters without a noticeable pause."""

_STYLE = "report.css"
_SCRIPT = "report.js"


def render_plan_html(plan: PlanDocument, *, rows: int = MOST_ROWS, links: SourceLinks | None = None) -> str:
    """Return the report of a plan, with at most `rows` rows and 20 MB, however large the plan is."""
    from markupsafe import Markup  # noqa: PLC0415  comes with jinja2, which is needed for this format alone

    templates = _templates()
    style, script = _text(templates, _STYLE), _text(templates, _SCRIPT)
    page = templates.get_template("report.html.jinja").render(
        page=build_page(plan, most_rows=rows, links=links),
        policy=_policy(style, script),
        style=Markup(style),  # noqa: S704  our own file
        script=Markup(script),  # noqa: S704  our own file
    )
    return printing(page)


@cache
def _templates() -> "Environment":
    from jinja2 import Environment, PackageLoader, StrictUndefined  # noqa: PLC0415  30 ms, for this format alone

    return Environment(
        loader=PackageLoader("reconciler.render"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )


def _text(templates: "Environment", name: str) -> str:
    assert templates.loader is not None  # noqa: S101  it was given
    text, _, _ = templates.loader.get_source(templates, name)
    return text


def _policy(style: str, script: str) -> str:
    """Return a policy that allows the two texts and nothing else."""
    return (
        f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; "
        "base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return f"sha256-{b64encode(sha256(text.encode()).digest()).decode()}"
