"""Labels of contacts: text to text, from YAML, overlays and tables, and never a secret."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from reconciler.core.model.desired import Desired, specs_digest
from reconciler.core.model.masking import worded
from reconciler.errors import SpecError
from reconciler.specs import load_specs
from reconciler.specs.loading import Specs
from reconciler.specs.provenance import explain
from tests.specs.cases import SARAH, SCOPE, load, references

TABLE = """\
contacts_from:
  - file: {file}
    contact: {{email: mail, labels: {{region: region, size: size, kind: {{value: guest}}}}, scopes: {{support: {{}}}}}}
"""


def labels(desired: Desired) -> Mapping[str, Mapping[str, str]]:
    return {contact.name: dict(contact.labels) for contact in desired.contacts}


def test_labels_stay_the_text_that_they_are_and_take_variables(tmp_path: Path) -> None:
    loaded = load(tmp_path, {"a.yaml": SARAH + b"    labels: {zip: 02139, no: no, plan/tier: 'a ${plan_name}'}\n"})

    assert labels(loaded.desired) == {"sarah": {"no": "no", "plan/tier": "a premium", "zip": "02139"}}


def test_an_overlay_patches_labels_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs/a.yaml").write_bytes(SARAH + b"    labels: {region: us, tier: gold}\n")
    (tmp_path / "patch.yaml").write_text("contacts: {sarah: {labels: {tier: silver, team: a}}}\n")
    specs = Specs(tmp_path, ["specs"], ["patch.yaml"], references())

    assert labels(specs.load().desired) == {"sarah": {"region": "us", "team": "a", "tier": "silver"}}
    (given,) = [one for one in explain(specs, "sarah") if one.address == "contacts.sarah.labels.tier"]
    assert [(one.written, one.is_overlay) for one in given.given] == [("gold", False), ("silver", True)]


@pytest.mark.parametrize(
    ("file", "rows"),
    [
        ("rows.csv", "mail,region,size\na@x.com,eu,5\nb@x.com,,\n"),
        ("rows.jsonl", '{"mail": "a@x.com", "region": "eu", "size": 5}\n{"mail": "b@x.com"}\n'),
    ],
)
def test_columns_give_the_labels_of_rows_and_empty_cells_none(tmp_path: Path, file: str, rows: str) -> None:
    (tmp_path / "specs").mkdir()
    (tmp_path / "specs" / file).write_text(rows)
    loaded = load(tmp_path, {"a.yaml": SCOPE + TABLE.format(file=file).encode()})

    assert labels(loaded.desired) == {
        "a-x-com": {"kind": "guest", "region": "eu", "size": "5"},
        "b-x-com": {"kind": "guest"},
    }


@pytest.mark.parametrize(
    ("written", "refusal"),
    [
        ("{size: 5}", "labels.size: text is expected, not the number 5; put it in quotes"),
        ("{size: null}", "labels.size: text is expected, not nothing (null)"),
        ("{size: '${visits}'}", "labels.size: text is expected, and the variable visits is the number 5"),
        ("{size: '${env:TOKEN}'}", "labels.size: ${env:TOKEN} is a secret, and labels are shown"),
        ("{a b: c}", 'labels["a b"]: the text "a b" is not the name of a label; use a-z, A-Z'),
        ("{a=b: c}", 'labels["a=b"]: the text "a=b" is not the name of a label; use a-z, A-Z'),
        ("[gold]", "labels: a mapping is expected, not a list"),
    ],
)
def test_what_is_no_label_is_refused_where_it_stands(tmp_path: Path, written: str, refusal: str) -> None:
    with pytest.raises(SpecError) as caught:
        load(tmp_path, {"a.yaml": SARAH + f"    labels: {written}\n".encode()})

    (problem,) = caught.value.problems
    assert problem.line == 6
    assert refusal in str(worded(problem, reveal=True))


def test_a_list_in_a_table_is_no_label(tmp_path: Path) -> None:
    (tmp_path / "rows.jsonl").write_text('{"mail": "a@x.com", "region": ["eu"], "size": 1}\n')
    (tmp_path / "a.yaml").write_bytes(SCOPE + TABLE.format(file="rows.jsonl").encode())

    with pytest.raises(SpecError, match=r"rows.jsonl:1:2 contacts.a-x-com.labels.region: text is expected, not a list"):
        load_specs(["a.yaml"], root=tmp_path)


def test_only_labels_that_are_there_change_the_digest_of_specs(tmp_path: Path) -> None:
    def digest(more: bytes) -> str:
        return specs_digest(load(tmp_path, {"a.yaml": SARAH + more}).desired, str)

    assert digest(b"") == digest(b"    labels: {}\n")
    assert len({digest(b""), digest(b"    labels: {a: b}\n"), digest(b"    labels: {a: c}\n")}) == 3
