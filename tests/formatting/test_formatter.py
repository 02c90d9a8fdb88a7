from collections.abc import Sequence

import pytest

from reconciler.core.redaction import worded_error
from reconciler.errors import SpecError
from reconciler.formatting import Formatted, LeftAlone, format_text
from reconciler.formatting.shapes import PROJECT, SPECS, Shape
from reconciler.project import EnvironmentFile, ProjectFile
from reconciler.specs.schema import ContactSpec, ExistingMemorySpec, MemorySpec, ScopeSpec, SpecDocument, UserSpec

BLOCKS = """\
contacts:
  a:
    email: a@b
    facts: &f
      k: |
        text

          # of it
      l: >-
        more
  b:
    email: b@b
    facts: *f
"""


def formatted(text: str, name: str = "specs/a.yaml") -> str:
    outcome = format_text(text, name=name)
    assert isinstance(outcome, Formatted), outcome
    return outcome.text


def left_alone(text: str) -> LeftAlone:
    outcome = format_text(text, name="a.yaml")
    assert isinstance(outcome, LeftAlone), outcome
    return outcome


@pytest.mark.parametrize(
    ("model", "path", "shape"),
    [
        (SpecDocument, (), SPECS),
        (ScopeSpec, ("scopes", "x"), SPECS),
        (ContactSpec, ("contacts", "x"), SPECS),
        (MemorySpec, ("contacts", "x", "scopes", "y"), SPECS),
        (UserSpec, ("contacts", "x", "scopes", "y", "users", 0), SPECS),
        (ExistingMemorySpec, ("memories", "x"), SPECS),
        (UserSpec, ("memories", "x", "users", 0), SPECS),
        (ProjectFile, (), PROJECT),
        (EnvironmentFile, ("environments", "x"), PROJECT),
    ],
)
def test_every_key_has_its_place_in_the_order(
    model: type[SpecDocument], path: Sequence[str | int], shape: Shape
) -> None:
    for step in path:
        shape = shape.at(step)

    assert set(shape.keys) == set(model.model_fields)


def test_keys_are_put_in_order_with_the_comments_that_stand_above_and_beside_them() -> None:
    text = """\
# the people
contacts:
  a:
    scopes:  # of a
      s:
        users:
          - metadata: x  # beside
            # above
            phone_number: "+14155550100"
        facts: {k: 1}
    # above the facts

    facts:
      z: 1
      b: 2  # in the order of the author

    # known by
    email: a@b
    # dead: key
scopes: {s: {facts: {}, persona_id: p}}
"""
    assert (
        formatted(text)
        == """\
scopes: {s: {persona_id: p, facts: {}}}
# the people
contacts:
  a:
    # known by
    email: a@b
    # above the facts

    facts:
      z: 1
      b: 2  # in the order of the author

    scopes:  # of a
      s:
        facts: {k: 1}
        users:
          # above
          - phone_number: "+14155550100"
            metadata: x  # beside
    # dead: key
"""
    )


def test_comments_move_with_the_key_that_follows_them() -> None:
    assert formatted("# about contacts\ncontacts: {}\n# about scopes\nscopes: {}\n") == (
        "# about scopes\nscopes: {}\n# about contacts\ncontacts: {}\n"
    )


def test_what_an_empty_line_parts_from_the_first_key_stays_at_the_top() -> None:
    assert formatted("# licence\n\n# about contacts\ncontacts: {}\nscopes: {}\n") == (
        "# licence\n\nscopes: {}\n# about contacts\ncontacts: {}\n"
    )


def test_the_line_for_editors_stays_at_the_top() -> None:
    line = "# yaml-language-server: $schema=../specs.json\n"

    assert formatted(f"{line}# about contacts\ncontacts: {{}}\nscopes: {{}}\n") == (
        f"{line}scopes: {{}}\n# about contacts\ncontacts: {{}}\n"
    )


def test_comments_in_an_item_move_with_its_keys_and_take_their_indentation() -> None:
    text = """\
memories:
  m:
    memory_id: m-1
            # the people
    users:
    # first user
      - # field comment on metadata
        metadata: m
        # her mobile
        phone_number: "+14155550100"
        # dead: key
         # second user
      - phone_number: "+14155550101"
"""
    assert (
        formatted(text)
        == """\
memories:
  m:
    memory_id: m-1
    # the people
    users:
      # first user
      # her mobile
      - phone_number: "+14155550100"
        # field comment on metadata
        metadata: m
        # dead: key
      # second user
      - phone_number: "+14155550101"
"""
    )


def test_what_is_indented_like_the_keys_above_it_stays_at_their_end() -> None:
    text = """\
contacts:
  a:
    scopes:
      s: {}
      # t: {}
    facts:
      k: 1
      # l: 2
    # metadata: {}
    email: a@b
  # b: {}
# the end
"""
    assert (
        formatted(text)
        == """\
contacts:
  a:
    # metadata: {}
    email: a@b
    facts:
      k: 1
      # l: 2
    scopes:
      s: {}
      # t: {}
  # b: {}
# the end
"""
    )


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("contacts:\n  a:\n    email:\n      # own\n      a@b\n", 4),
        ("scopes: {}\n--- # next\ncontacts:\n  a:\n    email: {\n # own\n }\n", 6),
    ],
)
def test_a_comment_that_stands_inside_a_value_has_no_place(text: str, line: int) -> None:
    assert left_alone(text) == LeftAlone("this comment has no place in canonical form: # own", line)


@pytest.mark.parametrize("marker", ["---", "--- # next", "...\n%YAML 1.2\n---"])
def test_what_parts_documents_stays(marker: str) -> None:
    text = f"# one\nscopes: {{}}\n# end\n{marker}\n# two\ncontacts: {{}}\n"

    assert formatted(text) == text


@pytest.mark.parametrize(
    ("written", "canonical"),
    [
        ("+14155550192", '"+14155550192"'),
        ("'+14155550192'", '"+14155550192"'),
        ("no", '"no"'),
        ("Yes", '"Yes"'),
        ("y", '"y"'),
        ("02139", '"02139"'),
        ("12:30", '"12:30"'),
        ("1_000", '"1_000"'),
        ("1e5", '"1e5"'),
        ("0x1F", '"0x1F"'),
        ("True", '"True"'),
        ("2025-07-22", '"2025-07-22"'),
        ("true", "true"),
        ("40", "40"),
        ("7.5", "7.5"),
        ("7.50", '"7.50"'),
        ("-0", '"-0"'),
        ("plain words", "plain words"),
        ('"needless"', '"needless"'),
        ("'it''s'", '"it\'s"'),
        ("'say \"hi\"'", "'say \"hi\"'"),
        ("1.2.3", "1.2.3"),
    ],
)
def test_text_that_others_would_take_for_something_else_is_quoted(written: str, canonical: str) -> None:
    before = f"scopes:\n  s:\n    persona_id: p\n    facts:\n      k: {written}\n"

    assert formatted(before) == before.replace(written, canonical)


def test_keys_are_text_and_quoted_as_such() -> None:
    assert formatted("scopes: {s: {persona_id: p, facts: {no: 1, 7: 2, a: 3, true: 4}}}\n") == (
        'scopes: {s: {persona_id: p, facts: {"no": 1, "7": 2, a: 3, "true": 4}}}\n'
    )


def test_the_project_file_has_an_order_of_its_own() -> None:
    text = "environments:\n  a: {reader: auto, api: sandbox}\n# first\nversion: 1\n"

    assert formatted(text, "x/reconciler.yaml") == (
        "# first\nversion: 1\nenvironments:\n  a: {api: sandbox, reader: auto}\n"
    )


@pytest.mark.parametrize(
    "text",
    [
        "",
        "# nothing but a comment\n",
        "scopes: {}\n---\n# next\ncontacts: {}\n",
        BLOCKS,
        'contacts:\n  a: {email: a@b, facts: {k: &n "no", l: *n}}\n',
    ],
)
def test_documents_anchors_and_blocks_stay_as_they_are(text: str) -> None:
    assert formatted(text) == text


@pytest.mark.parametrize("item", ['{phone_number: "+14155550192"}', 'phone_number: "+14155550192"'])
def test_a_mapping_of_one_key_in_brackets_has_its_braces(item: str) -> None:
    text = "contacts: {{a: {{email: a@b, scopes: {{s: {{users: [{item}]}}}}}}}}\n"

    assert formatted(text.format(item=item)) == text.format(item='{phone_number: "+14155550192"}')


def test_an_alias_still_is_one_when_what_it_names_gets_quotes() -> None:
    assert formatted("contacts: {a: {email: a@b, facts: {k: &n no, l: *n}}}\n") == (
        'contacts: {a: {email: a@b, facts: {k: &n "no", l: *n}}}\n'
    )


def test_windows_line_ends_stay_and_a_byte_order_mark_goes() -> None:
    assert formatted("\ufeffscopes: {s: {persona_id: 007}}\r\n") == 'scopes: {s: {persona_id: "007"}}\r\n'


def test_a_file_in_which_a_comment_would_be_lost_is_left_alone_and_the_comment_named() -> None:
    text = "scopes:\n  s:\n    persona_id: p\n    facts: {\n      a: 1,  # one\n      b: 2}\n"

    assert left_alone(text) == LeftAlone("this comment has no place in canonical form: # one", 5)


def test_a_file_whose_order_an_anchor_holds_is_left_alone() -> None:
    text = "contacts:\n  a: {email: a@b, facts: &f {k: 1}}\nscopes:\n  s: {persona_id: p, facts: *f}\n"

    assert left_alone(text) == LeftAlone("in canonical order the anchor &f would have to move", 2)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("a: {b: 1\n", "a.yaml:1:4: the mapping that opens"),
        ("a: 1\na: 2\n", "a.yaml:2:1 a: this key stands here twice"),
        ("a: &f {b: 1}\nc: {<<: *f}\n", "merge keys (<<) are not part of YAML 1.2"),
        ("a: !!int 3\n", "the tag !!int is not accepted"),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_words_of_the_reader(text: str, said: str) -> None:
    with pytest.raises(SpecError) as caught:
        format_text(text, name="a.yaml")

    assert said in worded_error(caught.value, reveal=False)
