"""The changelog: groups that people know, and names that exist."""

import re

from reconciler import __version__
from reconciler.cli.main import group
from tests.ci.test_packaging import HOOKS
from tests.guide.pages import ROOT, prose_of
from tests.guide.test_pages import LONGEST_SENTENCE, all_options, sentences_of

TEXT = (ROOT / ".github" / "CHANGELOG.md").read_text(encoding="utf-8")


def parts() -> dict[str, str]:
    """Return the text of each group of changes."""
    titles = re.split(r"^### (.+)$", TEXT, flags=re.MULTILINE)
    return dict(zip(titles[1::2], titles[2::2], strict=True))


def test_what_is_not_released_stands_first_in_the_usual_groups() -> None:
    assert re.findall(r"^## (.+)$", TEXT, re.MULTILINE)[0] == f"Unreleased ({__version__})"
    assert list(parts()) == ["Added", "Changed", "Removed"]


def test_it_names_options_that_exist_and_every_command() -> None:
    there = prose_of(parts()["Added"] + parts()["Changed"])
    codes = re.findall(r"`([^`\n]+)`", there)
    words = {code.split()[0] for code in codes}

    assert {option for code in codes for option in re.findall(r"--[a-z][\w-]+", code)} <= all_options(group)
    assert {*group.summaries} - words - {"completion", "schema"} == set()
    assert {hook["id"] for hook in HOOKS} <= words


def test_every_sentence_can_be_read_at_once() -> None:
    assert [one for one in sentences_of(TEXT) if len(one.split()) > LONGEST_SENTENCE] == []
