from typing import Any

import pytest

from reconciler.core.export.table import TableFile
from reconciler.core.model.observed import LiveUser
from tests.core.export.test_building import LINE, NOBODY, PHONE, contact, exported, file_of, memory


def as_text(_key: str, value: Any) -> str | None:
    return value if isinstance(value, str) else None


ROWS = TableFile("../rows.csv", as_text)


def test_contacts_are_rows_below_the_columns_that_they_fill() -> None:
    made = exported(
        contact("c", memory({"plan": "gold"}), memory({"plan": "a, b"}, scope=LINE, memory_id="n"), name="Ana"),
        contact("d", memory({"plan": "trial"}, memory_id="o"), name="Bo", metadata={"source": "crm"}),
        users={"m": {PHONE: LiveUser("notes", None)}, "n": {}, "o": {}},
        table=ROWS,
    )

    assert made.table
    assert made.table.columns == (
        "contact", "contact_id", "name", "metadata source", "in line-14155550100", "line-14155550100 plan",
        "persona-1 plan", "user phone_number", "user metadata",
    )  # fmt: skip
    assert made.table.rows == (
        {"contact": "ana", "contact_id": "c", "name": "Ana",
         "in line-14155550100": "yes", "line-14155550100 plan": "a, b",
         "persona-1 plan": "gold", "user phone_number": PHONE, "user metadata": "notes"},
        {"contact": "bo", "contact_id": "d", "name": "Bo", "metadata source": "crm", "persona-1 plan": "trial"},
    )  # fmt: skip
    assert file_of(made, "contacts.yaml").document == {
        "contacts_from": [
            {
                "file": "../rows.csv",
                "named_by": "contact",
                "contact": {
                    "contact_id": "contact_id",
                    "name": "name",
                    "metadata": {"source": "metadata source"},
                    "scopes": {
                        "line-14155550100": {
                            "where": {"in line-14155550100": "yes"},
                            "facts": {"plan": "line-14155550100 plan"},
                        },
                        "persona-1": {
                            "facts": {"plan": "persona-1 plan"},
                            "users": [{"phone_number": "user phone_number", "metadata": "user metadata"}],
                        },
                    },
                },
            }
        ]
    }


@pytest.mark.parametrize(
    "misfit",
    [
        {"k": 1},
        {"k": ""},
        {"k": " "},
        {"k": "a\r"},
        {"k": "x" * 100_001},
        {"k": "=1+1"},
        {"k": " @SUM(A1)"},
        {"k": "-1+A1"},
        {"k" * 201: "v"},
        {"=k": "v"},
        {" k": "v"},
        {"${k}": "v"},
        {"k": ["v"]},
    ],
)
def test_a_contact_with_a_value_that_fits_no_cell_keeps_a_file(misfit: dict[str, Any]) -> None:
    ana, bo = contact("c", memory(misfit), name="Ana"), contact("d", memory({"plan": "gold"}), name="Bo")
    made = exported(ana, bo, table=ROWS)

    assert [file.path for file in made.files] == ["contacts.yaml", "contacts/ana.yaml", "scopes.yaml"]
    assert made.table
    assert made.table.rows == ({"contact": "bo", "contact_id": "d", "name": "Bo", "plan": "gold"},)
    assert dict(made.table.misfits) == dict.fromkeys(misfit, 1)
    assert made.contacts == 2


def test_a_row_has_no_more_characters_than_a_line_may_have() -> None:
    long: dict[str, Any] = dict.fromkeys("abc", "😀" * 100_000)
    made = exported(contact("c", memory(long), name="Ana"), contact("d", memory({"a": "x"}), name="Bo"), table=ROWS)

    assert made.table
    assert [row["contact"] for row in made.table.rows] == ["bo"]
    assert made.table.columns == ("contact", "contact_id", "name", "a")


def test_a_table_has_the_columns_that_most_contacts_have() -> None:
    ana = contact("c", memory({f"k{number}": "x" for number in range(1000)}), name="Ana")
    others = [contact(name, memory({"k0": name}), name=name) for name in "ab"]
    made = exported(ana, *others, table=ROWS)

    assert made.table
    assert [row["contact"] for row in made.table.rows] == ["a", "b"]
    assert made.table.columns == ("contact", "contact_id", "name", "k0")
    assert [body.name for body in made.table.others] == ["ana"]


def test_contacts_known_by_another_kind_of_identity_and_second_users_fit_no_row() -> None:
    emails = (("email", "ana@example.com"),), (("email", "bo@example.com"),), ()
    contacts = [contact(name, memory(), name=name, identifiers=one) for name, one in zip("abc", emails, strict=True)]
    users = {"m": {PHONE: NOBODY, "+12345678900": NOBODY}}
    made = exported(*contacts, contact("d", memory(memory_id="n"), identifiers=(("email", "d@e"),)), users=users,
                    identify_by="email", table=ROWS)  # fmt: skip

    assert made.table
    assert [row["contact"] for row in made.table.rows] == ["d-e"]
    assert made.table.misfits == {}


@pytest.mark.parametrize("text", [PHONE, "-5", "+1 (415) 555-0192", "a=b", "a@b", "two\nlines", 'a "quoted", one'])
def test_other_texts_fit_a_cell(text: str) -> None:
    made = exported(contact("c", memory({"k": text}), name="Ana"), table=ROWS)

    assert made.table
    assert made.table.rows == ({"contact": "ana", "contact_id": "c", "name": "Ana", "k": text},)


def test_a_column_is_never_named_twice() -> None:
    live = {"name": "x", "contact": "y", "persona-1 name": "z"}
    made = exported(contact("c", memory(live), name="Ana"), table=ROWS)

    assert made.table
    assert made.table.columns == (
        "contact", "contact_id", "name", "persona-1 contact", "persona-1 name", "persona-1 name 2",
    )  # fmt: skip
