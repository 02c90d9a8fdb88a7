"""Overlays that do not fit what they patch."""

from tests.specs.cases import SARAH, USERS, Cases

SUPPORT = SARAH + b"    scopes: {support: {}}\n"

CASES: Cases = {
    "overlay entry that matches no declaration": (
        {
            "a.yaml": SARAH,
            "overlays/o.yaml": b"contacts:\n  sara: {facts: {a: 1}}\nmemories: {vip: {}}\nscopes: {suport: {}}\n",
        },
        [
            ("overlays/o.yaml:2:3", 'contacts.sara: this overlay entry matches no declaration; did you mean "sarah"?'),
            ("overlays/o.yaml:3:12", "memories.vip: this overlay entry matches no declaration; declare it in a spec"),
            ("overlays/o.yaml:4:10", 'scopes.suport: this overlay entry matches no declaration; did you mean "supp'),
        ],
    ),
    "overlay entry for a memory that is not declared": (
        {"a.yaml": SUPPORT, "overlays/o.yaml": b"contacts:\n  sarah:\n    scopes: {suport: {}}\n"},
        [("overlays/o.yaml:3:14", "contacts.sarah.scopes.suport: this overlay entry matches no declaration; did you")],
    ),
    "unknown keys in an overlay": (
        {"a.yaml": SUPPORT, "overlays/o.yaml": b"contact: {}\ncontacts:\n  sarah: {fact: {a: 1}}\n"},
        [
            ("overlays/o.yaml:1:1", 'contact: unknown key; did you mean "contacts"?'),
            ("overlays/o.yaml:3:11", 'contacts.sarah.fact: unknown key; did you mean "facts"?'),
        ],
    ),
    "a fact in both layers of an overlay": (
        {
            "a.yaml": SARAH + b"    facts: {a: 1}\n",
            "overlays/o.yaml": b"contacts:\n  sarah:\n    facts: {a: 2}\n    seed_facts: {a: 3}\n",
        },
        [("overlays/o.yaml:4:18", "sarah.facts.a: this fact is in seed_facts and, at overlays/o.yaml:3:13, in")],
    ),
    "a phone number twice in an overlay": (
        {
            "a.yaml": USERS + b"        - phone_number: +14155550100\n",
            "overlays/o.yaml": b"contacts:\n  sarah:\n    scopes:\n      support:\n        users:\n"
            b"        - phone_number: +14155550100\n        - phone_number: +14155550100\n",
        },
        [("overlays/o.yaml:7:11", 'users["+14155550100"]: this phone number is listed twice, first at overlays/o')],
    ),
    "two identifiers in an overlay": (
        {"a.yaml": SARAH, "overlays/o.yaml": b"contacts: {sarah: {email: a@b, external_id: x}}\n"},
        [("a.yaml:4:3", "contacts.sarah: a contact is identified by one key, not by email and external_id; keep one")],
    ),
    "values of the wrong kind in an overlay": (
        {
            "a.yaml": SUPPORT,
            "overlays/o.yaml": b"scopes: {support: null}\ncontacts:\n  sarah:\n    optional: maybe\n"
            b"---\ncontacts:\n  sarah:\n    facts: {a: null}\n    metadata: x\n"
            b"    scopes: {support: {optional: 1, users: {}}}\n---\n- a\n",
        },
        [
            ("overlays/o.yaml:1:19", "scopes.support: a mapping is expected, not nothing (null)"),
            ("overlays/o.yaml:4:15", 'contacts.sarah.optional: true or false is expected, not the text "maybe"'),
            ("overlays/o.yaml:8:16", "contacts.sarah.facts.a: a fact cannot be null"),
            ("overlays/o.yaml:9:15", 'contacts.sarah.metadata: a mapping is expected, not the text "x"'),
            ("overlays/o.yaml:10:34", "contacts.sarah.scopes.support.optional: true or false is expected"),
            ("overlays/o.yaml:10:44", "contacts.sarah.scopes.support.users: a list is expected, not a mapping"),
            ("overlays/o.yaml:12:1", "a mapping is expected, not a list"),
        ],
    ),
    "undefined variable in an overlay": (
        {"a.yaml": SARAH, "overlays/o.yaml": b"contacts:\n  sarah:\n    facts:\n      plan: ${plan_nam}\n"},
        [("overlays/o.yaml:4:13", 'facts.plan: the variable "plan_nam" is not defined; did you mean "plan_name"?')],
    ),
    "mistakes below an entry that may pass over what is not declared": (
        {
            "a.yaml": SUPPORT,
            "overlays/o.yaml": b"contacts:\n  gost:\n    optional: true\n    facts: {a: null}\n    bogus: {x: 1}\n"
            b"    scopes: {x: {optional: true, users: [{phone_number: 555}], facts: {b: '${nowhere}'}}}\n"
            b"  sarah: {scopes: {hotline: {optional: true, fact: {}}, desk: {optional: 1}}}\n"
            b"scopes: {gost: {optional: true, persona_id: 5, facts: {b: '${env:NOWHERE}'}}}\n"
            b"memories: {gost: {optional: true, users: {}}}\n",
        },
        [
            ("overlays/o.yaml:4:16", "contacts.gost.facts.a: a fact cannot be null"),
            ("overlays/o.yaml:5:5", "contacts.gost.bogus: unknown key"),
            ("overlays/o.yaml:6:57", "contacts.gost.scopes.x.users[0].phone_number: a phone number is expected, not"),
            ("overlays/o.yaml:7:46", 'contacts.sarah.scopes.hotline.fact: unknown key; did you mean "facts"?'),
            ("overlays/o.yaml:7:57", "contacts.sarah.scopes.desk: this overlay entry matches no declaration"),
            ("overlays/o.yaml:7:74", "contacts.sarah.scopes.desk.optional: true or false is expected"),
            ("overlays/o.yaml:8:45", "scopes.gost.persona_id: text is expected, not the number 5"),
            ("overlays/o.yaml:9:42", "memories.gost.users: a list is expected, not a mapping"),
        ],
    ),
    "a misspelt optional": (
        {
            "a.yaml": SUPPORT,
            "overlays/o.yaml": b"contacts:\n  gost: {optinal: true}\n"
            b"  sarah: {Optional: true, scopes: {support: {optionel: true}}}\n",
        },
        [
            ("overlays/o.yaml:2:3", "contacts.gost: this overlay entry matches no declaration"),
            ("overlays/o.yaml:2:10", 'contacts.gost.optinal: unknown key; did you mean "optional"?'),
            ("overlays/o.yaml:3:11", 'contacts.sarah.Optional: unknown key; did you mean "optional"?'),
            ("overlays/o.yaml:3:46", 'contacts.sarah.scopes.support.optionel: unknown key; did you mean "optional"?'),
        ],
    ),
}  # fmt: skip
