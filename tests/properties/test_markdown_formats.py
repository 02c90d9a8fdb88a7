"""Whatever stands in keys, values, addresses and file names, Markdown and annotations keep their form and budget."""

import re
from html.parser import HTMLParser
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from markdown_it import MarkdownIt
from msgspec.structs import asdict, replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import (
    AddUserEntry,
    CreateContactEntry,
    CreateMemoryEntry,
    FactAdded,
    FactUpdated,
    NoticeEntry,
    PlaceEntry,
    PlanDocument,
    UpdateContactEntry,
    UpdateUserEntry,
    WriteFactsEntry,
)
from reconciler.core.documents.receipt import OutcomeEntry, ReceiptDocument, TotalsEntry
from reconciler.core.model.masking import Masked, Masker
from reconciler.core.model.observed import Present
from reconciler.core.model.value import DocumentPart
from reconciler.core.plan.receipt import RunRecord
from reconciler.render.github import render_plan_github, render_receipt_github
from reconciler.render.markdown import render_plan_markdown, render_plan_summary, render_receipt_markdown
from tests.builders import memory, plan, plan_all

MASKING = Masker(b"key", reveal=False)
NASTY = st.sampled_from(
    [
        "",
        "```",
        "`",
        "a|b\\|",
        "</details>",
        "</code><script>x</script>",
        "@everyone",
        "#123",
        "GH-1",
        "::set-output::x",
        "\n::error::x",
        "[x](http://y.z)",
        "![i](j)",
        "www.example.com",
        "a@b.co",
        "<!-- reconciler:x -->",
        "-->",
        "\n\n# x",
        "\r\n\r\n> x",
        "\x1b[2J",
        "\u202e\u2028\x85",
        "\ud800",
        "&lt;&#64;",
        "$x$",
        ":tada:",
        "{0}",
        "%0A",
        "a,b:c",
        "<td>" * 9_000,
        "\x00" * 9_000,
    ]
)
TEXT = NASTY | st.text(st.characters(exclude_categories=()), max_size=8)
VALUE = st.recursive(
    TEXT | st.none() | st.booleans() | st.integers(),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(TEXT, inner, max_size=2),
    max_leaves=3,
)
MAYBE = st.none() | TEXT
YES = st.booleans()
PLACE = st.builds(PlaceEntry, TEXT, st.integers(1, 10**6))
PATH = st.lists(TEXT, min_size=1, max_size=2).map(tuple)
MASKED = st.builds(
    Masked,
    st.just("hmac:0123456789abcdef"),
    st.sampled_from(["live", "secret"]),
    st.sampled_from(["text", "number", "boolean", "list", "mapping", "null"]),
    st.sampled_from([None, "empty", "1-8", ">1024"]),
)
ADDED = st.builds(FactAdded, TEXT, st.just("add"), PATH, VALUE | MASKED, PLACE)
UPDATED = st.builds(FactUpdated, TEXT, st.just("update"), PATH, MASKED | VALUE, VALUE | MASKED, PLACE)
CHANGES = st.lists(ADDED | UPDATED, min_size=1, max_size=3).map(tuple)
OPERATION = st.one_of(
    st.builds(CreateContactEntry, st.just("create_contact"), TEXT, YES, PLACE, MAYBE, MAYBE, MAYBE, VALUE, VALUE),
    st.builds(UpdateContactEntry, st.just("update_contact"), TEXT, YES, MAYBE, PLACE, CHANGES),
    st.builds(CreateMemoryEntry, st.just("create_memory"), TEXT, YES, MAYBE, MAYBE, MAYBE, PLACE),
    st.builds(WriteFactsEntry, st.just("write_facts"), TEXT, YES, MAYBE, PLACE, CHANGES),
    st.builds(AddUserEntry, st.just("add_user"), TEXT, YES, MAYBE, PLACE, TEXT, MAYBE, MAYBE, MAYBE),
    st.builds(UpdateUserEntry, st.just("update_user"), TEXT, YES, MAYBE, PLACE, TEXT, CHANGES),
)  # fmt: skip
NOTICE = st.builds(NoticeEntry, st.just("unmanaged") | TEXT, TEXT, st.integers(0, 10**6), st.none() | PLACE)
EMPTY = describe_plan(plan(memory(), Present("m", {})), MASKING)
PLAN = st.builds(
    lambda environment, api, operations, notices: replace(
        EMPTY, environment=environment, api=api, operations=tuple(operations), notices=tuple(notices)
    ),
    TEXT,
    TEXT,
    st.lists(OPERATION, max_size=5),
    st.lists(NOTICE, max_size=3),
)
RESULT = st.sampled_from(["done", "already", "skipped", "failed", "unknown"])
RUN = st.builds(RunRecord, TEXT, MAYBE, MAYBE, MAYBE, st.none() | YES, MAYBE, MAYBE, MAYBE)
RECEIPT = st.builds(
    lambda environment, api, outcomes, run: ReceiptDocument(
        "1.0", "receipt", environment, api, "", "", "", True, TotalsEntry(1, 0, 0, 1, 0), tuple(outcomes), run=run  # noqa: FBT003
    ),
    TEXT,
    TEXT,
    st.lists(st.builds(OutcomeEntry, TEXT, TEXT, RESULT, TEXT, PLACE), max_size=5),
    st.none() | RUN,
)  # fmt: skip

MARKDOWN = MarkdownIt("gfm-like")
OWN_TAGS = {"h3", "h4", "p", "strong", "code", "table", "tr", "td", "details", "summary", "ul", "li", "br"}
ESCAPED_DATA = r"(?:[^%\r\n]|%25|%0D|%0A)*"
ESCAPED_PROPERTY = r"(?:[^%\r\n:,]|%25|%0D|%0A|%3A|%2C)*"
ANNOTATION = re.compile(
    rf"::(error|warning|notice) (?:file={ESCAPED_PROPERTY},line=\d+,)?title={ESCAPED_PROPERTY}::{ESCAPED_DATA}"
)
KEPT = {"type", "action", "masked", "outcome"}
KNOWN = {"create_contact", "update_contact", "create_memory", "write_facts", "add_user", "update_user", "unmanaged"}
RESULTS = {"add", "update", "hmac:0123456789abcdef", "done", "already", "skipped", "failed", "unknown"}


class Page(HTMLParser):
    """What a browser makes of a page: its tags and comments, and the text outside of code."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: list[object] = []
        self.comments: list[str] = []
        self.prose = ""
        self.open: list[str] = []
        self.feed(source)
        self.close()

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, attrs))
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag
        self.tags.append(tag)

    def handle_comment(self, data: str) -> None:
        self.comments.append(data)

    def handle_data(self, data: str) -> None:
        self.prose += "" if "code" in self.open else data


def tamed(value: Any, names: dict[str, str], field: str = "") -> Any:
    """Give a document of the same shape in which every text is harmless, and different ones stay different."""
    if isinstance(value, str):
        if not value or (field in KEPT and value in KNOWN | RESULTS):
            return value
        return names.setdefault(value, f"t{len(names)}")
    if isinstance(value, DocumentPart):
        return replace(value, **{name: tamed(part, names, name) for name, part in asdict(value).items()})
    if isinstance(value, dict):
        return {tamed(key, names): tamed(item, names) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(tamed(item, names) for item in value)
    return value


def checked(text: str) -> Page:
    """Parse Markdown in which nothing but HTML of our own may be found."""
    assert {token.type for token in MARKDOWN.parse(text)} == {"html_block"}
    assert MARKDOWN.render(text) == text
    page = Page(text)
    assert page.open == []
    assert {one[0] if isinstance(one, tuple) else one for one in page.tags} <= OWN_TAGS
    assert len(page.comments) == 1
    assert text.startswith(f"<!--{page.comments[0]}-->\n")
    assert not re.search(r"[@#`<>\[\]|]|://|\bt\d", page.prose)
    assert "@" not in text
    assert "://" not in text
    assert all(line.isprintable() and line for line in text.splitlines())
    return page


@given(PLAN)
def test_a_comment_keeps_its_structure_whatever_a_plan_holds(made: PlanDocument) -> None:
    text = render_plan_markdown(made)

    assert len(text.encode()) <= 65_000
    assert checked(text).tags == checked(render_plan_markdown(tamed(made, {}))).tags


@given(RECEIPT)
def test_a_receipt_keeps_its_structure_whatever_it_holds(made: ReceiptDocument) -> None:
    text = render_receipt_markdown(made)

    assert len(text.encode()) <= 65_000
    assert checked(text).tags == checked(render_receipt_markdown(tamed(made, {}))).tags


@given(PLAN, st.integers(0, 6_000))
def test_every_budget_is_held(made: PlanDocument, budget: int) -> None:
    text = render_plan_markdown(made, characters=budget)

    checked(text)
    assert len(text.encode()) <= budget or text.count("\n") == 1


@given(PLAN, RECEIPT)
def test_annotations_keep_to_their_grammar(made: PlanDocument, receipt: ReceiptDocument) -> None:
    for text in (render_plan_github(made), render_receipt_github(receipt)):
        lines = text.split("\n")
        assert lines.pop() == ""
        assert text.splitlines() == lines
        assert all(ANNOTATION.fullmatch(line) and line.isprintable() for line in lines)
        assert all(
            sum(line.startswith(f"::{kind} ") for line in lines) <= 10 for kind in ("error", "warning", "notice")
        )


def test_three_thousand_nasty_memories_fit() -> None:
    nasty = "</details>\x1b[2J\u202e`|@everyone #1\n\n" * 50
    seen = [
        (memory({f"k{nasty}": f"{n}{nasty}", "b": nasty}, contact=f"c{n}"), Present("m", {"b": n})) for n in range(3000)
    ]
    made = describe_plan(plan_all(seen), MASKING)
    budgets = ((render_plan_markdown, 65_000), (render_plan_summary, 1_000_000), (render_plan_github, 65_000))
    for render, budget in budgets:
        text = render(made)
        assert len(text.encode()) <= budget
