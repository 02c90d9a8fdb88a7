"""Bad specs that no reader of YAML should let pass."""

from tests.specs.cases import SARAH, Cases

BOMB = b"b0: &b0 [1, 2, 3, 4, 5, 6, 7, 8, 9, 0]\n" + b"".join(
    b"b%d: &b%d [%s]\n" % (level, level, b", ".join([b"*b%d" % (level - 1)] * 10)) for level in range(1, 10)
)

CASES: Cases = {
    "duplicate key": (
        {"a.yaml": SARAH + b"    contact_id: c-2\n"},
        [("a.yaml:6:5", "contacts.sarah.contact_id: this key is here twice, first on line 5")],
    ),
    "NaN and infinities": (
        {"a.yaml": SARAH + b"    facts: {a: .nan, b: [-.inf]}\n"},
        [
            ("a.yaml:6:16", "contacts.sarah.facts.a: .nan is not a number that JSON can carry; put it in quotes"),
            ("a.yaml:6:26", "contacts.sarah.facts.b[0]: -.inf is not a number that JSON can carry"),
        ],
    ),
    "a number that JSON would change": (
        {"a.yaml": SARAH + b"    facts: {a: 9007199254740993, b: 0.12345678901234567890}\n"},
        [
            ("a.yaml:6:16", "facts.a: this number of 16 digits is larger than a JSON number keeps exactly"),
            ("a.yaml:6:37", "facts.b: this number of 21 digits has more of them than a JSON number keeps; write fewer"),
        ],
    ),
    "a 5,000-digit number": (
        {"a.yaml": SARAH + b"    facts: {a: %s}\n" % (b"9" * 5000)},
        [("a.yaml:6:16", "facts.a: this number of 5,000 digits is larger than a JSON number keeps exactly")],
    ),
    "marks of a merge conflict": (
        {"a.yaml": SARAH + b"<<<<<<< HEAD\n    facts: {a: 1}\n=======\n    facts: {a: 2}\n>>>>>>> theirs\n"},
        [("a.yaml:6:1", "this line is a marker of a merge conflict; resolve the conflict, and remove the lines")],
    ),
    "a question mark between brackets": (
        {"a.yaml": SARAH + b"    facts: {?plan: gold, tags: [vip, ?new: soon]}\n"},
        [
            ("a.yaml:6:13", 'contacts.sarah.facts: between brackets, YAML readers take a "?" at the start'),
            ("a.yaml:6:38", "facts.tags[1]: between brackets"),
        ],
    ),
    "a tab": ({"a.yaml": b"scopes:\n\tsupport: {}\n"}, [("a.yaml:2:1", "a tab is used where only spaces are allowed")]),
    "not YAML": ({"a.yaml": b"scopes: {a: [}\n"}, [("a.yaml:1:14", "a value is missing here")]),
    "bad UTF-8": ({"a.yaml": b"contacts:\n  caf\xe9: {}\n"}, [("a.yaml:2:6", "byte 0xE9 is not UTF-8; the file")]),
    "NUL": ({"a.yaml": b"scopes: {}\0\n"}, [("a.yaml:1:11", "a NUL byte (U+0000) is not allowed in a YAML file")]),
    "Python tag": (
        {"a.yaml": SARAH + b"    facts: {a: !!python/object/apply:os.system [x], b: !!int 3}\n"},
        [
            ("a.yaml:6:16", "facts.a: the tag !!python/object/apply:os.system is not accepted; remove it"),
            ("a.yaml:6:56", "facts.b: the tag !!int is not accepted"),
        ],
    ),
    "merge key": (
        {"a.yaml": SARAH + b"    facts: &f {a: 1}\n    seed_facts: {<<: *f}\n"},
        [("a.yaml:7:18", "contacts.sarah.seed_facts: merge keys (<<) are not part of YAML 1.2; use an alias")],
    ),
    "alias bomb": ({"a.yaml": BOMB}, [("a.yaml:6:", "b5[7]: with the alias *b4, this file's aliases stand for more")]),
    "recursive alias": (
        {"a.yaml": SARAH + b"    facts: &f {a: [*f]}\n"},
        [("a.yaml:6:20", "contacts.sarah.facts.a[0]: the alias *f is inside the value that it names")],
    ),
    "undefined alias": (
        {"a.yaml": SARAH + b"    facts: *f\n"},
        [("a.yaml:6:12", "contacts.sarah.facts: nothing above is anchored as &f; put it in quotes if text is meant")],
    ),
    "5,000 levels": (
        {"a.yaml": SARAH + b"    facts: {a: %s}\n" % (b"[" * 5000)},
        [("a.yaml:6:76", "contacts.sarah.facts.a: values are nested more than 64 levels deep; make it flatter")],
    ),
    "complex, empty and null keys": (
        {"a.yaml": SARAH + b"    facts: {[a]: 1, ~: 2}\n"},
        [
            ("a.yaml:6:13", "contacts.sarah.facts: a key must be text, not a mapping or list"),
            ("a.yaml:6:21", "contacts.sarah.facts: a key is missing before the colon"),
        ],
    ),
    "several files, each wrong in its way": (
        {"a.yaml": b"x: 1\n", "b.yml": b"\xff\xfe", "deep/c.yaml": b"y: 1\n---\nz: 1\n"},
        [
            ("a.yaml:1:1", "x: unknown key"),
            ("b.yml:1:1", "byte 0xFF is not UTF-8; the file seems to be UTF-16; save the file as UTF-8"),
            ("deep/c.yaml:1:1", "y: unknown key"),
            ("deep/c.yaml:3:1", "z: unknown key"),
        ],
    ),
    "scopes that may be declared in what cannot be read": (
        {"a.yaml": SARAH + b"    scopes: {hotline: {}}\n", "b.yaml": b"scopes: {hotline: [\n"},
        [("b.yaml:2:1", "a value is missing here")],
    ),
    "no files at all": ({"readme.md": b"x"}, [("", "specs: no spec files in this folder; add one, such as specs/")]),
}  # fmt: skip
