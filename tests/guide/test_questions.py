"""Thirty questions of new users: each is answered under one title of one page."""

import re

import pytest

from tests.guide.pages import README, blocks_of, topics

QUESTIONS: dict[str, tuple[str, str, str]] = {
    "How do I install it?": ("readme", "Install", "uv tool install"),
    "Is `pip install reconciler` right?": ("readme", "Install", "somebody else"),
    "How do I try it without an account?": ("readme", "Start", "no account needed"),
    "Can it delete anything?": ("readme", "Safe by design", "no call that deletes"),
    "How do I begin a repository of my own?": ("start", "Start", "reconciler init"),
    "How do I point it at my account?": ("start", "Move to your account", "BLAND_API_KEY"),
    "What is the difference between facts and seed_facts?": ("specs", "Enforced and seeded facts", "left alone"),
    "What identifies a contact?": ("specs", "Contacts", "exactly one identifier"),
    "Do I have to quote phone numbers?": ("specs", "Values and quoting", "+14155550192"),
    "How do I prevent misspelt keys?": ("specs", "The catalogue of keys", "every other key is an error"),
    "How do I keep staging and production apart?": ("environments", "Environments", "overlays:"),
    "How do I read a secret in a spec?": ("environments", "Variables and secrets", "${env:NAME}"),
    "Which file gave this value?": ("environments", "Environments", "reconciler -e production why"),
    "How do I forbid a change?": ("rules", "Rules", "for: change"),
    "How do I load a spreadsheet?": ("tables", "Tables", "contacts_from"),
    "Which row is wrong?": ("tables", "What is wrong with which row", "data/guests.csv:2:6"),
    "We have an account already. What now?": ("adopt", "Adopt", "reconciler export"),
    "Where does the secret go in GitHub?": ("ci", "GitHub in five steps", "Secrets and variables"),
    "What happens on forks?": ("ci", "Forks", "no secrets"),
    "How do I apply exactly what was reviewed?": ("ci", "Plan, approve, apply that plan", "a plan that they can read"),
    "How long will a plan take?": ("operate", "What reading costs", "100 requests in 15 minutes"),
    "My apply was killed. What now?": ("operate", "Interrupted runs", "Run `apply` again"),
    "How do I undo in staging?": ("operate", "Undo", "reconciler -e staging undo"),
    "How do I stop a mass overwrite?": ("operate", "Guards", "max_update_share"),
    "How do I monitor drift?": ("drift", "Probes and metrics", "reconciler_drift"),
    "How do several jobs share the work?": ("large", "Large", "--shard"),
    "Who can see live values?": ("privacy", "Who sees what", "your own terminal"),
    "What does exit code 3 mean?": ("options", "Exit codes", "incomplete"),
    "What does this message mean?": ("errors", "Errors", "did you mean"),
    "Where is the id of a persona?": ("faq", "Where do I find the id of a persona", "/v1/personas"),
}


def section(text: str, title: str) -> str:
    """Return what stands under a title, up to the next one of the same kind."""
    fenced = {block.text for block in blocks_of(text)}
    hidden = text
    for block in fenced:
        hidden = hidden.replace(block, re.sub(r"^#", " ", block, flags=re.MULTILINE))
    found = re.search(rf"^(##?) {re.escape(title)}$(.*?)(?=^## |\Z)", hidden, re.MULTILINE | re.DOTALL)
    assert found is not None, title
    return found[2]


def test_there_are_thirty_questions_and_most_pages_answer_one() -> None:
    assert len(QUESTIONS) == 30
    assert {page for page, _, _ in QUESTIONS.values()} >= {*topics()} - {"commands", "speed", "contributing"}


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_is_answered(question: str) -> None:
    page, title, words = QUESTIONS[question]
    path = README if page == "readme" else topics()[page]

    assert words in section(path.read_text(encoding="utf-8"), title)
