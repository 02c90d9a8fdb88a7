"""Names and values of rows: made of one column or several, changed, mapped, empty, and read as numbers of a country."""

from pathlib import Path

import pytest

from reconciler.core.model.desired import Contact, Identifier
from reconciler.core.model.references import Variable
from reconciler.core.model.value import Json, same
from reconciler.errors import Source
from reconciler.specs import Loaded, References
from reconciler.specs.loading import Specs
from reconciler.specs.provenance import explain
from reconciler.specs.scanning import declared_addresses
from tests.specs.cases import SCOPE, load, problems

HEADER = "first,last,email,phone,status,tags,country\n"
ANN = 'Ann,Lee,Ann@Example.com,415-555-2671,A,"x; y;",US\n'


def mapping(entry: str, contact: str = "{email: email, scopes: {support: {}}}", *, file: str = "d.csv") -> bytes:
    return SCOPE + f"contacts_from:\n- file: {file}\n  {entry}\n  contact: {contact}\n".encode()


def loaded(root: Path, entry: str, rows: str, contact: str = "{email: email, scopes: {support: {}}}") -> Loaded:
    return load(root, {"a.yaml": mapping(entry, contact), "d.csv": (HEADER + rows).encode()})


def contacts(found: Loaded) -> dict[str, Contact]:
    return {contact.name: contact for contact in found.desired.contacts}


@pytest.mark.parametrize(
    ("entry", "row", "name"),
    [
        ("named_by: first", "Ann,Lee,a@example.com\n", "Ann"),
        ("named_by: first", "ann_B-1,,a@example.com\n", "ann_B-1"),
        ("named_by: first", "Ann Lee,,a@example.com\n", "ann-lee"),
        ("named_by: [first, last]", "José,d'Órsay,a@example.com\n", "jose-d-orsay"),
        ("named_by: [first, last]", "Ann,,a@example.com\n", "ann"),
        ("named_by: '{last}, {first}'", "Ann,Lee,a@example.com\n", "lee-ann"),
        ("named_by: email", "Ann,Lee,ann.lee@example.com\n", "ann-lee-example-com"),
        ("named_by: [first, last]", ",,ann@example.com\n", "ann-example-com"),
        ("named_by: first", "雷,,ann@example.com\n", "ann-example-com"),
        ("named_by: first", "x" * 70 + ",,ann@example.com\n", "x" * 63),
        ("delimiter: ','", "Ann,Lee,ann@example.com\n", "ann-example-com"),
    ],
)
def test_a_name_is_made_of_the_columns_that_name_and_else_of_the_identifier(
    tmp_path: Path, entry: str, row: str, name: str
) -> None:
    assert [*contacts(loaded(tmp_path, entry, row))] == [name]


def test_a_title_above_the_header_is_what_may_have_to_go(tmp_path: Path) -> None:
    files = {"a.yaml": mapping("named_by: first"), "d.csv": f"Contacts 2026\n\n{HEADER}{ANN}".encode()}

    (found,) = problems(tmp_path, files)

    assert found.endswith("the header has one column: remove what stands above the header, or set `delimiter`")


def test_a_phone_number_alone_is_enough(tmp_path: Path) -> None:
    found = loaded(tmp_path, "phone_region: US", ",,,(415) 555-2671\n", "{phone_number: phone, scopes: {support: {}}}")

    assert contacts(found)["contact-14155552671"].identity == Identifier("phone_number", "+14155552671")


def test_an_identifier_without_plain_letters_gives_a_name_by_its_hash(tmp_path: Path) -> None:
    (name,) = contacts(loaded(tmp_path, "named_by: first", "雷,,\u96f7@\u96f7\n"))

    assert name.startswith("contact-")
    assert len(name) == len("contact-") + 8


ROWS = ("Ann,Lee,ann@example.com\n", "Bo,Ek,bo@example.com\n", "Ann,Lee,lee@example.com\n", "ann,lee,a@example.com\n")


def test_rows_of_one_name_get_a_hash_that_stays_when_rows_move(tmp_path: Path) -> None:
    first = loaded(tmp_path, "named_by: [first, last]", "".join(ROWS))
    moved = loaded(tmp_path, "named_by: [first, last]", "".join(reversed(ROWS)))
    named = {contact.identity: name for name, contact in contacts(first).items()}

    assert first.shared_names == (("specs/d.csv", 3),)
    assert sorted(name[:8] for name in contacts(first)) == ["ann-lee-", "ann-lee-", "ann-lee-", "bo-ek"]
    assert named == {contact.identity: name for name, contact in contacts(moved).items()}


def test_the_hash_does_not_depend_on_how_the_identifier_is_written(tmp_path: Path) -> None:
    contact = "{phone_number: phone, scopes: {support: {}}}"
    rows = (
        "Ann,,,415-555-2671\nAnn,,,415-555-2672\n",
        "Ann,,,+1 (415) 555-2672\nAnn,,,0014155552671\n",
        "Ann,,,+14155552671\nAnn,,,+14155552672\n",
    )
    names = [{*contacts(loaded(tmp_path, "named_by: first\n  phone_region: US", one, contact))} for one in rows]

    assert names[0] == names[1] == names[2]


def test_a_name_that_fills_its_length_has_room_for_the_hash(tmp_path: Path) -> None:
    found = loaded(tmp_path, "named_by: first", f"{'x' * 63},,a@example.com\n{'x' * 63},,b@example.com\n")

    assert {len(name) for name in contacts(found)} == {63}


def test_why_and_completion_know_names_with_a_hash(tmp_path: Path) -> None:
    found = loaded(tmp_path, "named_by: [first, last]", "".join(ROWS), "{email: email, name: first}")
    name = next(name for name, one in contacts(found).items() if one.identity == Identifier("email", "lee@example.com"))

    (told, *_) = explain(Specs(tmp_path, ["specs"], [], References()), f"contacts.{name}.name")

    assert told.given[-1].source == Source("specs/d.csv", 4, 1)
    assert f"contacts.{name}" in declared_addresses(["specs"], root=tmp_path)


FACTS = "{email: {column: email, lower: true}, scopes: {support: {facts: {f: %s}}}}"


def fact(root: Path, written: str, row: str, *, entry: str = "named_by: email", catalogue: str = "") -> Json:
    files = {"a.yaml": catalogue.encode() + mapping(entry, FACTS % written), "d.csv": (HEADER + row).encode()}
    (memory,) = load(root, files).desired.contact_memories
    return next((one.value for one in memory.facts), None)


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("'{first} {last}'", "Ann Lee"),
        ("'{ first }/{status}: {country}!'", "Ann/A: US!"),
        ("'$${first} is {first}'", "${first} is Ann"),
        ("{column: first}", "Ann"),
        ("{column: email, lower: true}", "ann@example.com"),
        ("{column: tags, split: ';'}", ["x", "y"]),
        ("{column: status, map: {A: active, B: no}}", "active"),
        ("{column: status, lower: true, map: {a: 3}}", 3),
        ("{column: tags, split: ;, map: {x: true, y: ''}}", [True]),
        ("{column: status, map: {A: ''}}", None),
    ],
)
def test_what_a_mapping_makes_of_cells(tmp_path: Path, written: str, value: Json) -> None:
    assert same(fact(tmp_path, written, ANN), value)


@pytest.mark.parametrize(
    ("row", "value"),
    [
        ("Ann,,a@example.com\n", "Ann US"),
        (",Lee,a@example.com\n", "Lee US"),
        (",,a@example.com\n", None),
        ("${x},Lee,a@example.com\n", "${x} Lee US"),
    ],
)
def test_an_empty_cell_leaves_no_blanks_and_empty_cells_no_value(tmp_path: Path, row: str, value: Json) -> None:
    assert fact(tmp_path, "'{first} {last} US'", row) == value


@pytest.mark.parametrize(
    ("contact", "row", "place"),
    [
        ("{phone_number: '+{status} {phone}'}", "a,,,44668 1800,,,\n", "specs/d.csv:2:5 contacts.a.phone_number"),
        ("{external_id: '{country}-{phone}'}", "a,,,7,,,\n", "specs/d.csv:2:7 contacts.a.external_id"),
        ("{email: '{last}@{email}'}", "a,Lee,,,,,\n", "specs/d.csv:2:3 contacts.a.email"),
        (
            "{email: email, scopes: {support: {users: [{phone_number: '+{status} {phone}'}]}}}",
            "a,,a@example.com,44668 1800,,,\n",
            "specs/d.csv:2:5 contacts.a.scopes.support.users[0].phone_number",
        ),
    ],
)
def test_a_part_of_an_identifier_is_no_identifier(tmp_path: Path, contact: str, row: str, place: str) -> None:
    files = {"a.yaml": mapping("named_by: first", contact), "d.csv": (HEADER + row).encode()}

    found = [line for line in problems(tmp_path, files) if "is a part of" in line]

    assert [line.partition(": ")[0] for line in found] == [place]


def test_an_identifier_of_several_empty_cells_is_not_there(tmp_path: Path) -> None:
    users = "{email: email, scopes: {support: {users: [{phone_number: '+{status} {phone}'}]}}}"

    found = loaded(tmp_path, "named_by: first", "a,,a@example.com,,,,\n", users)

    assert [memory.users for memory in found.desired.contact_memories] == [()]


def test_the_catalogue_gives_types_after_what_is_done_to_a_cell(tmp_path: Path) -> None:
    typed = "fact_keys: {f: {type: integer}}\n"

    assert fact(tmp_path, "{column: status, map: {A: '7'}}", ANN, catalogue=typed) == 7
    assert fact(tmp_path, "{column: tags, split: ;}", ANN, catalogue="fact_keys: {f: {type: list}}\n") == ["x", "y"]


def test_a_variable_in_a_text_with_columns_is_filled_in_and_cells_are_not(tmp_path: Path) -> None:
    files = {"a.yaml": mapping("named_by: email", FACTS % "'${plan} of {first}'"), "d.csv": (HEADER + ANN).encode()}
    files["d.csv"] = files["d.csv"].replace(b"Ann,", b"${plan},")
    using = References({"plan": Variable("plan", "gold", Source("reconciler.yaml", 1, 1))})

    (memory,) = load(tmp_path, files, using).desired.contact_memories
    (told,) = explain(Specs(tmp_path, ["specs"], [], using), "contacts.Ann-Example-com.scopes.support.facts.f".lower())

    assert memory.facts[0].value == told.value == "gold of ${plan}"


def test_texts_that_stand_for_empty_cells_are_empty_in_the_whole_file(tmp_path: Path) -> None:
    entry = 'named_by: [first, last]\n  empty: [N/A, NULL, "#N/A", "-"]'
    rows = "Ann,N/A,a@example.com, NULL ,#N/A,null,-\n-,N/A,,NULL,-,,\n"

    found = loaded(tmp_path, entry, rows, "{email: email, name: '{last}{status}', metadata: {tags: tags}}")

    assert [(name, one.profile) for name, one in contacts(found).items()] == [("ann", ())]


@pytest.mark.parametrize("entry", ["named_by: first", "named_by: first\n  phone_region: US"])
@pytest.mark.parametrize("text", ["N/A", "-", "unknown", "#N/A"])
def test_a_text_without_digits_in_the_place_of_a_number_may_stand_for_an_empty_cell(
    tmp_path: Path, entry: str, text: str
) -> None:
    users = "{email: email, scopes: {support: {users: [{phone_number: phone}]}}}"
    files = {"a.yaml": mapping(entry, users), "d.csv": f"{HEADER}a,,a@example.com,{text},,,\n".encode()}

    (found,) = problems(tmp_path, files)

    assert f'a phone number is expected, not the text "{text}"' in found
    assert found.endswith("; write a number, or list it under `empty` of contacts_from if it stands for an empty cell")


REGIONS = "(415) 555-2671", "020 7946 0958", "030 23125 0"


def test_national_numbers_are_those_of_the_country_of_their_row(tmp_path: Path) -> None:
    rows = "".join(
        f"g{at},,g{at}@example.com,{phone},,,{country}\n"
        for at, (phone, country) in enumerate(zip(REGIONS, ("US", "United Kingdom", "de"), strict=True))
    )
    users = "{email: email, scopes: {support: {users: [{phone_number: phone}]}}}"

    found = loaded(tmp_path, "named_by: first\n  phone_region: {column: country}", rows, users)

    numbers = [user.phone_number for memory in found.desired.contact_memories for user in memory.users]
    assert numbers == ["+14155552671", "+442079460958", "+4930231250"]


def test_users_whose_numbers_are_refused_are_not_one_user(tmp_path: Path) -> None:
    users = "{email: email, scopes: {support: {users: [{phone_number: phone}, {phone_number: status}]}}}"
    data = HEADER + "g,,g@example.com,415,x,,\n"

    found = problems(
        tmp_path, {"a.yaml": mapping("named_by: first\n  phone_region: US", users), "d.csv": data.encode()}
    )

    assert [line.partition(" contacts")[0] for line in found] == ["specs/d.csv:2:4", "specs/d.csv:2:5"]


def test_numbers_of_json_are_text_where_a_name_or_a_text_is_made_of_them(tmp_path: Path) -> None:
    entry = mapping("named_by: id", "{email: email, name: 'no. {id} {ok}'}", file="d.jsonl")
    row = b'{"id": 7, "email": "a@example.com", "ok": true}\n'

    found = contacts(load(tmp_path, {"a.yaml": entry, "d.jsonl": row}))

    assert [(name, one.profile[0].value) for name, one in found.items()] == [("7", "no. 7 true")]


@pytest.mark.parametrize("entry", ["named_by: email", "named_by: email\n  phone_region: DE"])
def test_a_key_of_metadata_or_of_a_fact_is_no_identifier_whatever_its_name(tmp_path: Path, entry: str) -> None:
    own = "{phone_number: status, external_id: status, email: status}"
    contact = f"{{email: email, metadata: {own}, scopes: {{support: {{facts: {own}}}}}}}"

    found = loaded(tmp_path, entry, "Ann,Lee,a@example.com,,ask,,\n", contact)

    (only,) = found.desired.contacts
    (memory,) = found.desired.contact_memories
    kept = dict.fromkeys(("phone_number", "external_id", "email"), "ask")
    assert [write.value for write in only.profile if write.key == "metadata"] == [kept]
    assert {one.key: one.value for one in memory.facts} == kept
