"""The exports of the page `tables`: each loads as its program writes it, with the mapping that the page prints."""

import re
import shutil
from pathlib import Path
from typing import TypeAlias

import pytest

from reconciler.core.model.desired import Contact, ContactMemory
from reconciler.core.model.value import Json
from reconciler.specs import Loaded, load_specs
from tests.guide.pages import GUIDE, blocks_of

EXPORTS = Path(__file__).parent / "exports"
LONGEST_MAPPING = 10
SPEC = next(block for block in blocks_of((GUIDE / "tables.md").read_text()) if block.file == "specs/exports.yaml").text
ENTRIES = re.findall(r"^  # .*\n((?:  (?:-| ) .*\n)+)", SPEC, re.MULTILINE)


def loaded(root: Path, entries: str) -> Loaded:
    (root / "specs").mkdir()
    shutil.copytree(EXPORTS, root / "exports")
    head, _, _ = SPEC.partition("contacts_from:\n")
    (root / "specs/exports.yaml").write_text(f"{head}contacts_from:\n{entries}")
    return load_specs(["specs"], root=root)


def file_of(entry: str) -> str:
    return entry.partition("../exports/")[2].partition("\n")[0]


def test_every_export_has_an_entry_of_at_most_ten_lines() -> None:
    assert [file_of(entry) for entry in ENTRIES] == re.findall(r"\.\./exports/(.*)", SPEC)
    assert sorted(map(file_of, ENTRIES)) == sorted(path.name for path in EXPORTS.iterdir())
    assert len(ENTRIES) == 12
    assert max(len(entry.splitlines()) for entry in ENTRIES) <= LONGEST_MAPPING


Found: TypeAlias = dict[str, tuple[str, list[str], dict[str, Json]]]
"""By name: the identifier as it is compared, the numbers of the users, and the facts with the profile."""

EXPECTED: dict[str, Found] = {
    "google-contacts.csv": {
        "idris-vance": (
            "idris@example.org",
            ["+442079460141"],
            {"metadata": {"labels": ["* myContacts"]}, "name": "Idris T. Vance"},
        ),
        "mara-quill": (
            "mara.quill@example.com",
            ["+14155550141"],
            {"metadata": {"labels": ["Guests", "* myContacts"]}, "name": "Mara Quill"},
        ),
    },
    "outlook.csv": {
        "otis-bramble": ("otis@example.net", ["+12065550143"], {}),
        "petra-lindgren": ("petra.lindgren@example.com", ["+12065550142"], {"company": "Fjord Tools"}),
    },
    "hubspot.csv": {
        "nadia-ferro-3c424019": ("101", ["+390655550144"], {"stage": "client"}),
        "nadia-ferro-ad87086f": ("102", ["+13125550145"], {}),
    },
    "salesforce.csv": {
        "0035g00000AbCdEAAV": ("0035g00000AbCdEAAV", ["+61255500146"], {"name": "Yara Sole"}),
        "0035g00000AbCdeAAF": ("0035g00000AbCdeAAF", [], {"name": "Bo Trask"}),
    },
    "mailchimp.csv": {
        "cleo-marsh-example-com": ("cleo.marsh@example.com", ["+33199000148"], {"timezone": "Europe/Paris"}),
        "rune-aas-example-com": ("rune.aas@example.com", [], {}),
    },
    "brevo.csv": {
        "kim-aalto": ("kim.aalto@example.com", [], {}),
        "lou-petit": ("lou.petit@example.com", ["+33639980149"], {}),
    },
    "dynamics.csv": {
        "abel-crane": ("7f9619ff-8b86-d011-b42d-00c04fc964fe", [], {}),
        "vera-holt": ("6f9619ff-8b86-d011-b42d-00c04fc964ff", ["+14255550150"], {}),
    },
    "kundenliste.csv": {
        "emre-sahin": ("00418", ["+498999998153"], {}),
        "jordis-weiss": ("00417", ["+493023125152"], {}),
    },
    "unicode-text.csv": {
        "contact-8613912340155": ("8613912340155", [], {"language": "zh"}),
        "zoe-ozdemir": ("14155550154", [], {"language": "tr"}),
    },
    "csv-utf-8.csv": {
        "ewa-los": ("ewa@example.com", ["+16045550157"], {}),
        "noa-brandt": ("noa@example.com", ["+16045550156"], {}),
    },
    "excel-sep.csv": {"sten-alm": ("46846500159", [], {"room": "14"}), "tove-ek": ("46846500158", [], {"room": "12"})},
    "by-hand.csv": {
        "joe": ("15035550161", [], {}),
        "maya-o-dell": ("15035550162", [], {}),
        "mrs-inga-roth": ("15035550160", [], {"vip": True}),
    },
}


def told(found: Loaded) -> Found:
    memories: dict[str, ContactMemory] = {one.contact.name: one for one in found.desired.contact_memories}

    def of(contact: Contact) -> tuple[str, list[str], dict[str, Json]]:
        memory = memories.get(contact.name)
        users = [user.phone_number for user in memory.users] if memory else []
        facts = (*contact.profile, *(memory.facts if memory else ()))
        return contact.identity.key[1], users, {fact.key: fact.value for fact in facts}

    return {contact.name: of(contact) for contact in found.desired.contacts}


@pytest.mark.parametrize("entry", ENTRIES, ids=file_of)
def test_an_export_loads_as_its_program_writes_it(tmp_path: Path, entry: str) -> None:
    assert told(loaded(tmp_path, entry)) == EXPECTED[file_of(entry)]


def test_all_exports_load_together(tmp_path: Path) -> None:
    found = loaded(tmp_path, "".join(ENTRIES))

    assert len(found.desired.contacts) == sum(map(len, EXPECTED.values()))
    assert found.warnings == ()
