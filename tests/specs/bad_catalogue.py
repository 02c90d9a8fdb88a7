"""Facts that do not fit the catalogue, and catalogues that are none."""

from tests.specs.cases import SARAH, SCOPE, Cases

KEYS = b"fact_keys:\n  plan: {type: string, enum: [trial, premium]}\n  seats: {type: integer}\n"
FACTS = b"    facts:\n"

CASES: Cases = {
    "undeclared fact key": (
        {
            "a.yaml": SARAH + FACTS + b"      pln: premium\n",
            "keys.yaml": KEYS,
            "s.yaml": b"scopes: {hotline: {persona_id: p-2, seed_facts: {Seats: 1}}}\n",
        },
        [
            ("a.yaml:7:7", 'contacts.sarah.facts.pln: this key is not among the fact_keys; did you mean "plan"?'),
            ("s.yaml:1:50", 'scopes.hotline.facts.Seats: this key is not among the fact_keys; did you mean "seats"?'),
        ],
    ),
    "fact of the wrong type": (
        {
            "a.yaml": b"fact_keys:\n  t: {type: string}\n  n: {type: number}\n  i: {type: integer}\n"
            b"  b: {type: boolean}\n  l: {type: list}\n  m: {type: mapping}\n",
            "b.yaml": SARAH + FACTS + b"      t: 5\n      n: '5'\n      i: 1.5\n"
            b"      b: no\n      l: {}\n      m: x\n",
        },
        [
            ("b.yaml:7:7", "facts.t: text is expected, not the number 5; put it in quotes"),
            ("b.yaml:8:7", 'facts.n: a number is expected, not the text "5"; write it without quotes'),
            ("b.yaml:9:7", "facts.i: a whole number is expected, not the number 1.5; write a whole number"),
            ("b.yaml:10:7", 'facts.b: true or false is expected, not the text "no"; write true or false'),
            ("b.yaml:11:7", 'facts.l: a list is expected, not a mapping; write it as ["a", "b"], or each item on'),
            ("b.yaml:12:7", 'facts.m: a mapping is expected, not the text "x"; write it as {"key": "value"}'),
        ],
    ),
    "fact that is none of the enum": (
        {"a.yaml": KEYS, "b.yaml": SARAH + FACTS + b"      plan: premum\n    seed_facts: {seats: 2}\n"},
        [("b.yaml:7:7", 'facts.plan: one of "trial", "premium" is expected, not the text "premum"; did you mean "pre')],
    ),
    "fact that does not match its pattern": (
        {
            "a.yaml": b"fact_keys:\n  code: {pattern: '[A-Z]{2}', description: two letters}\n",
            "b.yaml": SARAH + FACTS + b"      code: DEU\n    scopes: {support: {facts: {code: 5}}}\n",
        },
        [
            ("b.yaml:7:7", 'facts.code: the text "DEU" does not match [A-Z]{2}; the rule is at specs/a.yaml:2:3, '),
            ("b.yaml:8:32", "scopes.support.facts.code: text is expected, not the number 5; put it in quotes"),
        ],
    ),
    "fact that is too long": (
        {"a.yaml": b"fact_keys: {note: {max_length: 3}}\n", "b.yaml": SARAH + FACTS + b"      note: long\n"},
        [("b.yaml:7:7", "facts.note: text of at most 3 characters is expected, not more; the rule is at specs/a")],
    ),
    "sensitive fact that breaks a rule": (
        {
            "a.yaml": b"fact_keys:\n  pin: {sensitive: true, pattern: '\\d+'}\n  n: {sensitive: true, type: list}\n",
            "b.yaml": SARAH + FACTS + b"      pin: hush\n      n: hush\n",
        },
        [
            ("b.yaml:7:7", "facts.pin: a text does not match \\d+; the rule is at specs/a.yaml:"),
            ("b.yaml:8:7", 'facts.n: a list is expected, not a text; write it as ["a", "b"], or each'),
        ],
    ),
    "fact of an overlay or a variable that breaks a rule": (
        {
            "a.yaml": KEYS,
            "b.yaml": SARAH + FACTS + b"      plan: trial\n      seats: ${plan_name}\n",
            "overlays/o.yaml": b"contacts:\n  sarah:\n    facts: {plan: gold, colour: red}\n",
        },
        [
            ("overlays/o.yaml:3:13", 'facts.plan: one of "trial", "premium" is expected, not the text "gold"; the rul'),
            ("overlays/o.yaml:3:25", "facts.colour: this key is not among the fact_keys; known here: plan, seats"),
            ("b.yaml:8:7", 'facts.seats: a whole number is expected, not the text "premium"; write a whole number'),
        ],
    ),
    "secret where the type is no text": (
        {"a.yaml": KEYS, "b.yaml": SARAH + FACTS + b"      plan: ${env:PLAN}\n      seats: ${env:SEATS}\n"},
        [("b.yaml:8:7", "facts.seats: a whole number is expected, not a secret; write a whole number")],
    ),
    "facts beside something else that is wrong": (
        {"a.yaml": KEYS + b"contacts:\n  x:\n    facts: {pln: trial}\n"},
        [
            ("a.yaml:5:3", "contacts.x: a contact needs contact_id, external_id, phone_number or email"),
            ("a.yaml:6:13", 'contacts.x.facts.pln: this key is not among the fact_keys; did you mean "plan"?'),
        ],
    ),
    "fact key declared twice": (
        {"a.yaml": b"fact_keys: {plan: {}}\n", "b.yaml": b"fact_keys:\n  plan: {}\n"},
        [("b.yaml:2:3", 'fact_keys.plan: the fact key "plan" is declared twice, first at specs/a.yaml:1:13; rename o')],
    ),
    "fact keys that are wrong themselves": (
        {
            "a.yaml": b"fact_keys:\n  a: {typ: string}\n  b: {type: text}\n  c: {pattern: '['}\n"
            b"  d: {type: list, pattern: x}\n  e: {type: integer, enum: [a]}\n  f: {review_by: soon}\n"
            b"  g: {enum: [null]}\n  '': {}\n  h: {max_length: 0}\n  i: {description: '${env:X}'}\n"
            b"scopes: {s: {persona_id: p, facts: {a: 1, b: 1, c: 1}}}\n",
        },
        [
            ("a.yaml:2:7", 'fact_keys.a.typ: unknown key; did you mean "type"?'),
            ("a.yaml:3:13", "fact_keys.b.type: one of 'string', 'number', 'integer', 'boolean', 'list' or 'mapping' i"),
            ("a.yaml:4:16", 'fact_keys.c.pattern: the text "[" cannot be a pattern: missing ]: [; fix it; a backslas'),
            ("a.yaml:5:3", "fact_keys.d: pattern is for text, and the type is list; remove pattern, or the type"),
            ("a.yaml:6:3", 'fact_keys.e: enum allows the text "a", which breaks type; change one of the two'),
            ("a.yaml:7:18", 'fact_keys.f.review_by: a day is expected, not the text "soon"; write year, month and day'),
            ("a.yaml:8:14", "fact_keys.g.enum[0]: text, a number, true or false is expected, not nothing (null); leav"),
            ("a.yaml:9:3", 'fact_keys[""]: a fact\'s key is empty or holds control characters; name the fact in plain'),
            ("a.yaml:10:19", "fact_keys.h.max_length: at least 1 is expected, not the number 0"),
            ("a.yaml:11:20", "fact_keys.i.description: ${env:X} is a secret, and what fact_keys say is shown; use a"),
        ],
    ),
    "fact keys in an overlay": (
        {"a.yaml": SCOPE, "overlays/o.yaml": b"fact_keys: {a: {}}\n"},
        [("overlays/o.yaml:1:1", "fact_keys: unknown key; known here: contacts, memories, scopes")],
    ),
    "rules that nothing can keep, or that say a thing twice": (
        {
            "a.yaml": b"fact_keys:\n  a: {enum: []}\n  b: {enum: [x, 1, true, x]}\n  c: {enum: [1, 1], type: number}\n"
            b"  d: {review_by: 2027-W13-3}\n  e: {review_by: '20270331'}\n  f: {enum: [1, true, '1']}\n",
        },
        [
            ("a.yaml:2:13", "fact_keys.a.enum: an enum without values would allow none; list them, or remove it"),
            ("a.yaml:3:13", 'fact_keys.b.enum: the text "x" is listed twice; keep one of the two'),
            ("a.yaml:4:13", "fact_keys.c.enum: the number 1 is listed twice"),
            ("a.yaml:5:18", 'fact_keys.d.review_by: a day is expected, not the text "2027-W13-3"; write year, month'),
            ("a.yaml:6:18", 'fact_keys.e.review_by: a day is expected, not the text "20270331"'),
        ],
    ),
    "patterns with what takes time": (
        {
            "a.yaml": b"fact_keys:\n  a: {pattern: '(?=a)b'}\n  b: {pattern: '(a)\\1'}\n  c: {pattern: '(?>a)'}\n"
            b"  d: {pattern: 'a++'}\n  e: {pattern: 'a\\Z'}\n  f: {pattern: 'a{,3}'}\n  g: {pattern: '\\u00e9'}\n",
        },
        [
            ("a.yaml:2:16", 'fact_keys.a.pattern: the text "(?=a)b" cannot be a pattern: RE2 has no (?=; write it'),
            ("a.yaml:3:16", "invalid escape sequence: \\1; write it without back references"),
            ("a.yaml:4:16", "RE2 has no (?>; write it without look-around"),
            ("a.yaml:5:16", "bad repetition operator: ++; repeat with one of *, +, ? and {1,3}"),
            ("a.yaml:6:16", "invalid escape sequence: \\Z; write ^ and $ for the ends of a text"),
            ("a.yaml:7:16", "{,3} is no count, and would stand for these very characters; count from 0 to 1000"),
            ("a.yaml:8:16", "write a character itself, or \\x{e9}"),
        ],
    ),
    "patterns that are too large": (
        {
            "a.yaml": b"fact_keys:\n  a: {pattern: 'a{99999999999999999999}'}\n  b: {pattern: 'a{1001}'}\n"
            b"  c: {pattern: '(.{0,99}){0,9}'}\n  d: {pattern: '%s'}\n" % (b"a" * 300_000),
        },
        [
            ("a.yaml:2:16", "{99999999999999999999} is no count, and would stand for these very characters; count fr"),
            ("a.yaml:3:16", "invalid repetition size: {1001}; make it simpler, or check the length without it"),
            ("a.yaml:4:16", "cannot be a pattern: it repeats too often, or is too deep; make it simpler, or check "),
            ("a.yaml:5:16", "cannot be a pattern: it is longer than 1,000 characters; make it simpler"),
        ],
    ),
    "text that is too long for a pattern": (
        {
            "a.yaml": b"fact_keys: {a: {pattern: 'a*'}}\nscopes: {s: {persona_id: p, facts: {a: %s}}}\n"
            % (b"a" * 10_001),
        },
        [("a.yaml:2:37", "scopes.s.facts.a: text of at most 10,000 characters is expected, not more; the rule is")],
    ),
}  # fmt: skip
