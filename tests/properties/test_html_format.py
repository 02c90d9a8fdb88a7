"""Whatever stands in keys, values, addresses and file names, the HTML report keeps its form and holds no live value."""

import re
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import asdict, replace

from reconciler.core.documents.describe import describe_plan
from reconciler.core.documents.plan import MemoryEntry, PlanDocument, UnchangedFact, UnchangedUser
from reconciler.core.model.observed import Present
from reconciler.core.model.value import DocumentPart
from reconciler.render.html.html import render_plan_html
from tests.builders import memory, plan
from tests.html_pages import Report
from tests.properties.test_markdown_formats import EMPTY, MASKING, MAYBE, NOTICE, OPERATION, PATH, PLACE, VALUE
from tests.properties.test_markdown_formats import TEXT as ANY_TEXT

LIVE = "live-and-private"
MARKUP = st.sampled_from(
    [
        "</script><script>alert(1)</script>",
        "</style>",
        "</title><base href=//x>",
        "<img src=x onerror=alert(1)>",
        "' autofocus onfocus='x",
        '" style="color:red',
        "</textarea></select></datalist></td></tr></table>",
        "<plaintext>",
        "<svg><script>",
        "<![CDATA[x]]>",
        "&#x3c;script&#62;",
        "{{ 7 * 7 }}{% raw %}",
        "javascript:alert(1)",
        "contacts.x.scopes.y",
        'contacts.x.users["+1"]',
        "memories.x",
        "\x00",
    ]
)
TEXT = MARKUP | ANY_TEXT
UNCHANGED = st.builds(UnchangedFact, TEXT, PATH, st.sampled_from(["enforce", "seed"]), VALUE, PLACE)
USERS = st.lists(st.builds(UnchangedUser, TEXT, PLACE), max_size=2).map(tuple)
MEMORY = st.builds(MemoryEntry, TEXT, MAYBE, MAYBE, st.lists(UNCHANGED, max_size=3).map(tuple), USERS)
PLAN = st.builds(
    lambda texts, operations, memories, notices: replace(
        EMPTY,
        environment=texts[0],
        api=texts[1],
        created_at=texts[2],
        specs_digest=texts[3],
        operations=tuple(operations),
        memories=tuple(memories),
        notices=tuple(notices),
    ),
    st.tuples(TEXT, TEXT, TEXT, TEXT),
    st.lists(OPERATION, max_size=4),
    st.lists(MEMORY, max_size=3),
    st.lists(NOTICE, max_size=3),
)


def tamed(value: Any) -> Any:
    """Give a document of the same shape without any character that could mean something in HTML."""
    if isinstance(value, str):
        return "".join(one if re.match(r"[A-Za-z0-9._+\[]", one) else f"u{ord(one):x}" for one in value)
    if isinstance(value, DocumentPart):
        return replace(value, **{name: tamed(part) for name, part in asdict(value).items()})
    if isinstance(value, dict):
        return {tamed(key): tamed(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return type(value)(map(tamed, value))
    return value


@given(PLAN)
def test_a_report_keeps_its_structure_whatever_a_plan_holds(made: PlanDocument) -> None:
    page = Report(render_plan_html(made))

    assert page.structure == Report(render_plan_html(tamed(made))).structure


@given(st.dictionaries(TEXT, VALUE, max_size=3), st.dictionaries(TEXT, VALUE, max_size=3))
def test_no_live_value_is_shown(declared: dict[str, Any], live: dict[str, Any]) -> None:
    seen = {key: [LIVE, live.get(key)] for key in declared | live}
    wanted = memory(declared, seeds={"seeded": 1, "made": 2})
    text = render_plan_html(describe_plan(plan(wanted, Present("m", seen | {"seeded": LIVE})), MASKING))

    assert LIVE not in text
    assert len(Report(text).all("script, style")) == 2
