"""The nearest known word is found among few and among many, in time that does not grow with their number."""

import difflib
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.reading import Nearest, did_you_mean

MANY = [f"{name}-{place}" for name in ("anna", "berta", "carla", "doris") for place in ("north", "south", "east")] + [
    f"guest-{at:04}" for at in range(5000)
]


@pytest.mark.parametrize(
    ("word", "known", "said"),
    [
        ("suport", ["support", "sales"], 'did you mean "support"?'),
        ("zzz", ["support", "sales"], "known here: sales, support"),
        ("zzz", [f"{at:02}" for at in range(20)], f"known here: {', '.join(f'{at:02}' for at in range(20))}"),
        ("zzz", [f"{at:02}" for at in range(25)], ""),
        ("phone", ["email", "phone_number"], 'did you mean "phone_number"?'),
        (
            "number",
            ["number_of_the_house", "number_of_the_street"],
            "known here: number_of_the_house, number_of_the_street",
        ),
        ("sara", ["june", "sarah-chen-of-berlin"], 'did you mean "sarah-chen-of-berlin"?'),
        (
            "sara",
            ["sarah-chen-of-berlin", "sarah-lee-of-hamburg"],
            "known here: sarah-chen-of-berlin, sarah-lee-of-hamburg",
        ),
        ("ju", ["june-of-hamburg", "sales"], "known here: june-of-hamburg, sales"),
        ("berta-no", [*MANY, "zoe-of-the-north-and-the-south"], 'did you mean "berta-north"?'),
        ("zoe", [*MANY, "zoe-of-the-north-and-the-south"], 'did you mean "zoe-of-the-north-and-the-south"?'),
        ("zzz", [], ""),
        ("berta-nort", MANY, 'did you mean "berta-north"?'),
        ("carla_south", MANY, 'did you mean "carla-south"?'),
        ("xanna-east", MANY, 'did you mean "anna-east"?'),
        ("qqqqqqqq", MANY, ""),
        ("contcats", ["contacts", "scopes"], 'did you mean "contacts"?'),
        ("Scopes", ["contacts", "scopes"], 'did you mean "scopes"?'),
        ("zz", ["contacts", "scopes"], "known here: contacts, scopes"),
        ("zz", [], ""),
        ("zz", list("abcdefghijklmnopqrstuvwxy"), ""),
    ],
)
def test_the_nearest_word_is_asked_for(word: str, known: Sequence[str], said: str) -> None:
    assert did_you_mean(word, known) == said


def test_few_words_are_compared_for_each_question_and_in_the_end_none(monkeypatch: pytest.MonkeyPatch) -> None:
    compared: list[int] = []
    plain = difflib.get_close_matches

    def counting(word: str, words: Sequence[str], n: int) -> list[str]:
        compared.append(len(words))
        return plain(word, words, n=n)

    monkeypatch.setattr("reconciler.core.model.nearest.get_close_matches", counting)
    nearest = Nearest(MANY)

    asked = [nearest.did_you_mean(f"bertha-{at}") for at in [*range(1000), *range(1000)]]

    assert asked[:1000] == asked[1000:]
    assert len(compared) == 1000
    assert max(compared) <= 50
    assert sum(compared) <= 50 * 200


def test_one_slip_is_found_however_many_questions_there_were() -> None:
    nearest = Nearest(MANY)
    for at in range(500):
        nearest.did_you_mean(f"word{at}")

    assert nearest.did_you_mean("dorisnorth") == 'did you mean "doris-north"?'


@given(st.lists(st.text("abc", max_size=4), max_size=12), st.text("abc", max_size=4))
def test_what_is_asked_for_is_known(known: Sequence[str], word: str) -> None:
    said = did_you_mean(word, known)

    assert not said.startswith("did you mean") or said.split('"')[1] in known
