"""Hostile specs, data files and arguments, each made by a small generator: name → files of a repository, and a call."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from itertools import islice, product
from pathlib import Path
from random import Random
from string import ascii_lowercase

PROJECT = "version: 1\nenvironments: {test: {api: sandbox}}\n"
SPEC = "specs/a.yaml"
_HEAD = "scopes: {s: {persona_id: p}}\n"
_TABLE = "scopes: {{s: {{persona_id: p}}}}\ncontacts_from:\n- {{file: {0}, contact: {{name: n, email: e}}}}\n"
_MB = 1_000_000


@dataclass(frozen=True)
class Hostile:
    """Files by their names, what is said where they are read, what is called in their folder, and its exit code."""

    files: Mapping[str, str]
    says: str
    call: tuple[str, ...] = ("validate",)
    code: int = 1

    def write(self, folder: Path) -> None:
        """Write the files below a folder."""
        for name, content in {"reconciler.yaml": PROJECT, **self.files}.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content.encode())


CASES: dict[str, Callable[[], Hostile]] = {}


def case(make: Callable[[], Hostile]) -> Callable[[], Hostile]:
    """Add a case under the name of the function that makes it."""
    CASES[make.__name__] = make
    return make


def contact(facts: str, name: str = "c") -> str:
    """Return a contact whose memory has these facts, written on one line."""
    return f"  {name}: {{email: {name}@example.com, scopes: {{s: {{facts: {facts}}}}}}}\n"


def numbered(count: int, text: str) -> str:
    """Return a text for each number, which it writes as {0}."""
    return "".join(map(text.format, range(count)))


def with_facts(facts: str) -> str:
    """Return a spec of one contact with facts, one a line."""
    lines = "".join(f"          {line}\n" for line in facts.splitlines())
    return f"{_HEAD}contacts:\n  c:\n    email: c@example.com\n    scopes:\n      s:\n        facts:\n{lines}"


@case
def aliases_of_one_large_list() -> Hostile:
    """25 kB, of which each of 1,100 aliases stands for 1,000 values."""
    base = "a: &a [" + "x," * 1000 + "]"
    facts = with_facts(f"{base}\n" + numbered(1100, "k{0}: *a\n"))
    return Hostile({SPEC: facts}, says="aliases stand for more than")


@case
def aliases_of_a_long_text() -> Hostile:
    facts = with_facts(f"a: &a {'x' * _MB}\n" + numbered(1000, "k{0}: *a\n"))
    return Hostile({SPEC: facts}, says="MiB of text")


@case
def lists_of_aliases_of_lists() -> Hostile:
    lines = ["l0: &l0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"l{n}: &l{n} [{', '.join([f'*l{n - 1}'] * 10)}]" for n in range(1, 10)]
    return Hostile({SPEC: with_facts("\n".join(lines))}, says="aliases stand for more than")


@case
def anchor_defs_100k() -> Hostile:
    anchors = numbered(100_000, "k{0}: &a{0} x\n")
    return Hostile({SPEC: with_facts(anchors + "z: *nobody\n")}, says="nothing above is anchored as &nobody")


@case
def alias_unknown_5k() -> Hostile:
    return Hostile(
        {SPEC: with_facts(numbered(5000, "k{0}: &anchor{0} x\n") + numbered(5000, "u{0}: *anhcor{0}\n"))},
        says='did you mean "anchor0"?',
    )


@case
def variable_of_a_megabyte_many_times() -> Hostile:
    project = f"version: 1\nvariables: {{v: {'x' * _MB}}}\nenvironments: {{test: {{api: sandbox}}}}\n"
    return Hostile(
        {"reconciler.yaml": project, SPEC: with_facts(f'k: "{"${v}" * 1000}"\n')},
        says="references add more than 64 MiB",
    )


@case
def variable_in_many_facts() -> Hostile:
    project = f"version: 1\nvariables: {{v: {'x' * _MB}}}\nenvironments: {{test: {{api: sandbox}}}}\n"
    return Hostile(
        {"reconciler.yaml": project, SPEC: with_facts(numbered(50, f'k{{0}}: "{"${{v}}" * 50}"\n'))},
        says="references add more than 64 MiB",
    )


@case
def constant_of_many_rows() -> Hostile:
    constant = "{" + ", ".join(f"k{n}: {{value: {n}}}" for n in range(2000)) + "}"
    mapping = (
        f"{_HEAD}contacts_from:\n- file: d.csv\n  contact:\n    name: n\n    email: e\n"
        f"    scopes: {{s: {{facts: {constant}}}}}\n"
    )
    return Hostile(
        {SPEC: mapping, "specs/d.csv": "n,e\n" + numbered(10_000, "n{0},e{0}@example.com\n")},
        says="mappings make 1,000,000 values more",
    )


@case
def long_constant_of_many_rows() -> Hostile:
    mapping = (
        f"{_HEAD}contacts_from:\n- file: d.csv\n  contact:\n    name: n\n    email: e\n"
        f"    scopes: {{s: {{facts: {{k: {{value: {'x' * 100_000}}}}}}}}}\n"
    )
    return Hostile(
        {SPEC: mapping, "specs/d.csv": "n,e\n" + numbered(10_000, "n{0},e{0}@example.com\n")},
        says="mappings make 64 MiB of text more",
    )


@case
def glob_of_double_stars() -> Hostile:
    files = {f"specs/{'/'.join('abcdefghij'[: n % 10 + 1])}/{n}/x.yaml": "{}" for n in range(60)}
    project = f"version: 1\nspecs: ['{'**/' * 12}nothing*.yaml']\nenvironments: {{test: {{api: sandbox}}}}\n"
    return Hostile({"reconciler.yaml": project, **files}, says="no spec file matches")


@case
def glob_of_many_stars() -> Hostile:
    name = "a" * 200
    project = f"version: 1\nspecs: ['specs/{'*a' * 40}*b.yaml']\nenvironments: {{test: {{api: sandbox}}}}\n"
    return Hostile({"reconciler.yaml": project, f"specs/{name}.yaml": "{}"}, says="no spec file matches")


@case
def glob_of_the_whole_system() -> Hostile:
    project = "version: 1\nspecs: ['/**/*.yaml']\nenvironments: {test: {api: sandbox}}\n"
    return Hostile({"reconciler.yaml": project}, says="it is outside of the folder of the project")


@case
def deep_snapshot() -> Hostile:
    return Hostile(
        {SPEC: with_facts("k: x\n"), "s.json": '{"a":' * _MB}, says="s.json", call=("plan", "--live", "s.json")
    )


@case
def target_of_many_stars() -> Hostile:
    spec = f"{_HEAD}contacts:\n" + contact("{k: x}", "a" * 60)
    return Hostile(
        {SPEC: spec}, says="names nothing that is declared", call=("plan", "--target", "contacts." + "*a" * 30 + "*b")
    )


@case
def contacts_300k_that_are_nothing() -> Hostile:
    return Hostile(
        {SPEC: f"{_HEAD}contacts:\n" + numbered(300_000, "  c{0}:\n")},
        says="with so many problems, this document is not checked to its end",
    )


@case
def users_300k_that_are_none() -> Hostile:
    users = numbered(300_000, "{{phone_nmber: '{0}'}},")
    return Hostile(
        {SPEC: f"memories: {{m: {{memory_id: x, users: [{users}]}}}}\n"}, says='did you mean "phone_number"?'
    )


@case
def values_1m_of_an_enum_of_which_the_first_are_right() -> Hostile:
    values = numbered(600, "v{0},") + "[]," * 1_000_000
    return Hostile({SPEC: f"fact_keys: {{k: {{enum: [{values}]}}}}\n"}, says="fact_keys.k.enum[600]: ")


@case
def unknown_keys_of_a_contact_500k() -> Hostile:
    keys = numbered(500_000, "k{0}: 1,")
    return Hostile({SPEC: f"{_HEAD}contacts: {{c: {{{keys}}}}}\n"}, says="contacts.c.k0: unknown key")


@case
def aliases_in_many_files() -> Hostile:
    """60 kB, of which each of 30 files stands for 900,000 values."""
    facts = f"{{a: &a [{'x,' * 1000}], k: [{'*a,' * 900}]}}"
    files = {f"specs/{at}.yaml": "contacts:\n" + contact(facts, f"c{at}") for at in range(30)}
    return Hostile({SPEC: _HEAD, **files}, says="the specs hold more than 10,000,000 values")


@case
def emoji_in_a_text_of_60_mb() -> Hostile:
    return Hostile(
        {SPEC: with_facts(f'k: "{"x" * 60 * _MB}\U0001f600"')}, says="its text takes more than 128 MiB of memory"
    )


@case
def newlines_of_60_mb() -> Hostile:
    return Hostile({SPEC: with_facts("k: |+") + "\n" * 60 * _MB}, says="it has more than 10,000,000 lines")


@case
def unknown_sections_20k() -> Hostile:
    return Hostile({SPEC: _HEAD + numbered(20_000, "contcts{0}: {{}}\n")}, says='did you mean "contacts"?')


@case
def unknown_keys_5k_beside_5k() -> Hostile:
    keys = "fact_keys:\n" + numbered(5000, "  fact_key_number_{0}: {{}}\n")
    return Hostile(
        {SPEC: keys + with_facts(numbered(5000, "fatc_kye_nubmer_{0}: x\n"))},
        says='not among the fact_keys; did you mean "fact_key_number_',
    )


@case
def unknown_variables_3k() -> Hostile:
    variables = numbered(3000, "  var{0}: x\n")
    project = f"version: 1\nvariables:\n{variables}environments: {{test: {{api: sandbox}}}}\n"
    return Hostile(
        {"reconciler.yaml": project, SPEC: with_facts(numbered(3000, 'k{0}: "${{vra{0}}}"\n'))},
        says='the variable "vra0" is not defined; did you mean "var',
    )


@case
def scope_with_a_long_name() -> Hostile:
    return Hostile(
        {SPEC: f"{_HEAD}contacts: {{c: {{email: a@b.example, scopes: {{? {'s' * 300_000} : {{}}}}}}}}\n"},
        says="a name may have 63 characters",
    )


@case
def fmt_of_a_long_line() -> Hostile:
    return Hostile(
        {SPEC: with_facts(f"k: [{'yes, ' * 300_000}no]")}, says="1 file is not formatted", call=("fmt", "--check")
    )


@case
def fmt_of_a_long_text() -> Hostile:
    return Hostile(
        {SPEC: with_facts(f"k: {'x ' * 5_000_000}y\nz: yes\n")}, says="Formatted 1 file", call=("fmt",), code=0
    )


@case
def fmt_diff_of_a_long_line_and_of_many() -> Hostile:
    facts = f"k: [{'yes, ' * 30_000}no]\n" + numbered(20_000, "k{0}: yes\n")
    call = ("fmt", "--diff")
    return Hostile({SPEC: with_facts(facts)}, says="more lines: --full prints all", call=call, code=0)


@case
def fmt_of_many_files() -> Hostile:
    files = {f"specs/{n}.yaml": f"contacts: {{c{n}: {{email: no}}}}\n" for n in range(2000)}
    return Hostile(files, says="and 1,900 more lines: --full prints all", call=("fmt", "--check"))


@case
def lint_of_many_look_alikes() -> Hostile:
    facts = with_facts(numbered(20_000, "k{0}: yes\n"))
    return Hostile({SPEC: facts}, says="and 902 more (look_alike)", call=("lint",), code=0)


@case
def lint_of_a_table_of_blanks() -> Hostile:
    rows = "n,e\n" + numbered(5000, " n{0} ,e{0}@example.com\n")
    says = '" n0 " has blanks around it (also on lines 3, 4, 5, 6, 7, 8, 9, 10 and 4,991 more)'
    return Hostile({SPEC: _TABLE.format("d.csv"), "specs/d.csv": rows}, says=says, call=("lint",), code=0)


@case
def lint_of_keys_that_look_the_same() -> Hostile:
    keys = ("".join(letters) for letters in islice(product("a\u0430", repeat=15), 10_000))
    catalogue = "".join(f"  {key}: {{}}\n" for key in keys)
    spec = "fact_keys:\n" + catalogue + with_facts(f"{'a' * 15}: x")
    return Hostile({SPEC: spec}, says="looks the same as", call=("lint",), code=0)


@case
def lint_of_long_keys_10k() -> Hostile:
    chosen = Random(1)  # noqa: S311  the same in each run
    facts = "".join(f"{''.join(chosen.choices(ascii_lowercase, k=190))}: x\n" for _ in range(10_000))
    return Hostile({SPEC: with_facts(facts)}, says="Nothing to look at", call=("lint",), code=0)


@case
def lint_of_70_environments() -> Hostile:
    environments = numbered(70, "  e{0}: {{api: sandbox, variables: {{v{0}: x}}}}\n")
    project = f"version: 1\nenvironments:\n{environments}"
    spec = f"{_HEAD}contacts:\n" + "".join(contact("{k: x}", f"c{n}") for n in range(300))
    call = ("lint", "--all-environments")
    return Hostile({"reconciler.yaml": project, SPEC: spec}, says="70 things to look at", call=call, code=0)


@case
def lint_with_a_long_cure() -> Hostile:
    spec = f"fact_keys: {{k: {{deprecated: {'x' * 20 * _MB}}}}}\n{_HEAD}contacts:\n"
    contacts = numbered(500, "  c{0}: {{email: c{0}@example.com, scopes: {{s: {{facts: {{k: x}}}}}}}}\n")
    return Hostile({SPEC: spec + contacts}, says="(deprecated_key)", call=("lint",), code=0)


@case
def why_of_many_facts() -> Hostile:
    facts = with_facts(numbered(30_000, "k{0}: x\n"))
    return Hostile({SPEC: facts}, says="more lines; --format json shows all", call=("why", "contacts.c"), code=0)


@case
def deprecated_keys_5k() -> Hostile:
    keys = f"fact_keys: {{{', '.join(f'k{n}: {{deprecated: x}}' for n in range(5000))}}}\n"
    return Hostile({SPEC: keys + with_facts(numbered(5000, "k{0}: x\n"))}, says="warning: and 4,980 more", code=0)


@case
def overlays_600_of_a_contact_declared_600_times() -> Hostile:
    project = "version: 1\nenvironments: {test: {api: sandbox, overlays: [over]}}\n"
    declared = {f"specs/{n}.yaml": f"{_HEAD * (not n)}contacts:\n{contact('{k: x}')}" for n in range(600)}
    patches = {f"over/{n}.yaml": f"contacts: {{c: {{facts: {{k{n}: x}}}}}}\n" for n in range(600)}
    return Hostile({"reconciler.yaml": project, **declared, **patches}, says='the contact "c" is declared twice')


@case
def comment_50_mb() -> Hostile:
    return Hostile({SPEC: f"{_HEAD}# {'x' * 50 * _MB}\n"}, says="are valid", code=0)


@case
def facts_of_a_scope_in_many_contacts() -> Hostile:
    facts = ", ".join(f"k{n}: x" for n in range(2000))
    scope = f"scopes: {{s: {{persona_id: p, facts: {{{facts}}}}}}}\n"
    contacts = numbered(5000, "  c{0}: {{email: c{0}@example.com, scopes: {{s: {{}}}}}}\n")
    return Hostile(
        {SPEC: f"{scope}contacts:\n{contacts}"},
        says="what memories take over from scopes and contacts is more than 1,000,000 values",
        call=("plan",),
    )


@case
def facts_of_a_contact_in_many_scopes() -> Hostile:
    scopes = numbered(3000, "  s{0}: {{persona_id: p{0}}}\n")
    held = ", ".join(f"s{n}: {{}}" for n in range(3000))
    contact = f"  c: {{email: c@example.com, facts: {{k: {'x' * 100_000}}}, scopes: {{{held}}}}}\n"
    return Hostile(
        {SPEC: f"scopes:\n{scopes}contacts:\n{contact}"},
        says="what memories take over from scopes and contacts is more than 64 MiB of text",
        call=("plan",),
    )


@case
def label_with_a_long_name() -> Hostile:
    call = ("plan", "--label", "a" * 300_000)
    return Hostile(
        {SPEC: f"{_HEAD}contacts:\n" + contact("{k: x}")}, says="names a label that no contact has", call=call
    )


@case
def short_lines_10_million() -> Hostile:
    return Hostile({SPEC: _HEAD + "#\n" * (10 * _MB - 1)}, says="are valid", code=0)


@case
def keys_twice_100k() -> Hostile:
    keys = numbered(100_000, "k{0}: x\n")
    return Hostile({SPEC: with_facts(keys + keys)}, says="this key is here twice, first on line 9; keep one")


@case
def line_of_csv_100_mb() -> Hostile:
    return Hostile(
        {SPEC: _TABLE.format("d.csv"), "specs/d.csv": "n,e\n" + "x" * 100 * _MB},
        says="this line has more than 1,048,576 bytes",
    )


@case
def line_of_jsonl_100_mb() -> Hostile:
    return Hostile(
        {SPEC: _TABLE.format("d.jsonl"), "specs/d.jsonl": '{"n": "' + "x" * 100 * _MB + '"}'},
        says="this line has more than 1,048,576 bytes",
    )


@case
def line_of_jsonl_in_brackets() -> Hostile:
    return Hostile(
        {SPEC: _TABLE.format("d.jsonl"), "specs/d.jsonl": '{"n": ' + "[" * 30 * _MB},
        says="this line has more than 1,048,576 bytes",
    )


@case
def header_of_csv_with_30_million_columns() -> Hostile:
    return Hostile(
        {SPEC: _TABLE.format("d.csv"), "specs/d.csv": "n,e" + "," * 30 * _MB + "\n"},
        says="this line has more than 1,048,576 bytes",
    )


def _rows(head: str, rows: str, contact: str = "{name: n, email: e}") -> Mapping[str, str]:
    spec = f"{_HEAD}contacts_from:\n- {{file: d.csv, contact: {contact}}}\n"
    return {SPEC: spec, "specs/d.csv": f"{head}\n{rows}"}


@case
def rows_that_are_wrong_3m() -> Hostile:
    return Hostile(_rows("n,e", "a,b\n" * 3 * _MB), says="rows have more than 20,000 problems, so no table is read")


@case
def rows_that_are_one_contact_1m() -> Hostile:
    return Hostile(_rows("n,e", "a,b@c.example\n" * _MB), says="rows have more than 20,000 problems, so no table")


@case
def lines_that_are_empty_50m() -> Hostile:
    return Hostile(
        _rows("n,e", "\n" * 50 * _MB), says="tables have more than 5,000,000 empty rows, so no table is read"
    )


@case
def rows_with_a_wrong_cell_in_each_of_5k_columns() -> Hostile:
    names = [f"k{at}" for at in range(5000)]
    contact = f"{{email: e, scopes: {{s: {{facts: {{{', '.join(f'{name}: {name}' for name in names)}}}}}}}}}"
    files = dict(_rows(f"e,{','.join(names)}", numbered(1000, f"e{{0}}@b.example{',x' * 5000}\n"), contact))
    types = "fact_keys: {" + ", ".join(f"{name}: {{type: integer}}" for name in names) + "}\n"
    return Hostile(files | {SPEC: types + files[SPEC]}, says="rows have more than 20,000 problems, so no table is read")


@case
def wrong_rows_below_100k_columns() -> Hostile:
    columns = ",".join(f"c{at}" for at in range(100_000))
    return Hostile(
        _rows(f"n,e,{columns}", numbered(30_000, "n,e{0}\n")), says="rows have more than 20,000 problems, so no table"
    )


@case
def rows_for_5k_conditions() -> Hostile:
    names = [f"n{at}" for at in range(5000)]
    contact = f"{{email: e, scopes: {{s: {{where: {{{', '.join(f'{name}: x' for name in names)}}}}}}}}}"
    return Hostile(
        _rows(f"e,{','.join(names)}", numbered(100_000, "e{0}@b.example\n"), contact),
        says="mappings make 1,000,000 values more than the rows hold, so no table is read further",
    )


@case
def entries_2k_of_one_table() -> Hostile:
    files = dict(_rows("n,e", numbered(1000, "n{0},e{0}@b.example\n")))
    head, each = files[SPEC].split("contacts_from:\n")
    return Hostile(
        files | {SPEC: f"{head}contacts_from:\n{each * 2000}"},
        says="2,000 entries name specs/d.csv, and at most 20 may: each reads all of its rows",
    )


@case
def columns_of_100_000_names() -> Hostile:
    facts = numbered(100_000, "k{0}: k{0}, ")
    mapping = f"{_HEAD}contacts_from:\n- file: d.csv\n  contact: {{email: e, facts: {{{facts}}}}}\n"
    return Hostile(
        {SPEC: mapping, "specs/d.csv": f"{numbered(100_000, 'k{0},')}e\n{',' * 100_000}a@example.com\n"},
        says="valid",
        code=0,
    )


@case
def columns_of_one_name() -> Hostile:
    return Hostile(
        {SPEC: _TABLE.format("d.csv"), "specs/d.csv": "n" + ",n" * 400_000 + ",e\n"},
        says='the column "n" 400,001 times, at 1, 2, 3, 4, 5, 6, 7, 8 and 399,993 more',
    )


@case
def base_as_a_pattern() -> Hostile:
    keys = 'fact_keys: {k: {pattern: "(a+)+b"}}\n'
    return Hostile({SPEC: keys + with_facts(f"k: {'a' * 5000}\n")}, says="does not match (a+)+b")
