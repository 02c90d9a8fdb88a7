"""Bad specs that are good YAML."""

from tests.specs.cases import SARAH, SCOPE, USERS, Cases

CASES: Cases = {
    "unknown key at the top": (
        {"a.yaml": b"contcats: {}\n"},
        [("a.yaml:1:1", 'contcats: unknown key; did you mean "contacts"?')],
    ),
    "unknown key in a contact": (
        {"a.yaml": SARAH + b"    fact: {a: 1}\n"},
        [("a.yaml:6:5", 'contacts.sarah.fact: unknown key; did you mean "facts"?')],
    ),
    "a key that stands deeper, in a longer form, or nowhere": (
        {
            "a.yaml": SCOPE + b"contacts:\n  x:\n    email: a@b.co\n    users: []\n    phone: 1\n"
            b"    scopes: {support: {colour: {}}}\n"
        },
        [
            ("a.yaml:6:5", "contacts.x.users: unknown key; move it under scopes.NAME"),
            ("a.yaml:7:5", 'contacts.x.phone: unknown key; did you mean "phone_number"?'),
            ("a.yaml:8:24", "contacts.x.scopes.support.colour: unknown key; known here: facts, seed_facts, users"),
        ],
    ),
    "neither or several identifiers of a contact": (
        {"a.yaml": b"contacts:\n  x: {name: X}\n  y: {email: a@b, external_id: c}\n"},
        [
            ("a.yaml:2:3", "contacts.x: a contact needs contact_id, external_id, phone_number or email; add one of"),
            ("a.yaml:3:3", "contacts.y: a contact is identified by one key, not by email and external_id; keep one"),
        ],
    ),
    "identifiers that are none": (
        {"a.yaml": b"contacts:\n  x: {email: nobody}\n  y: {phone_number: 5550100}\n  z: {external_id: 7}\n"},
        [
            ("a.yaml:2:14", 'contacts.x.email: an email address is expected, not the text "nobody"; write it as'),
            ("a.yaml:3:21", "contacts.y.phone_number: a phone number is expected"),
            ("a.yaml:4:20", "contacts.z.external_id: text is expected, not the number 7; put it in quotes"),
        ],
    ),
    "ids that no path of a call can hold": (
        {"a.yaml": b"contacts: {x: {contact_id: a/b}}\nmemories: {m: {memory_id: mem/../x}}\n"},
        [
            ("a.yaml:1:28", "contacts.x.contact_id: the account's ids hold no slash; write the id as the account"),
            ("a.yaml:2:27", "memories.m.memory_id: the account's ids hold no slash; write the id as the account"),
        ],
    ),
    "null in metadata": (
        {"a.yaml": b"contacts: {x: {email: a@b, metadata: {a: [null]}}}\n"},
        [("a.yaml:1:43", "contacts.x.metadata.a[0]: a fact cannot be null")],
    ),
    "one contact by two names": (
        {"a.yaml": b"contacts:\n  a: {email: A@b}\n  b: {email: a@B}\n  c: {contact_id: a@b}\n"},
        [("a.yaml:3:3", "contacts.b: this is the same contact as contacts.a at specs/a.yaml:2:3; declare the contact")],
    ),
    "duplicate name over two files": (
        {"a.yaml": SARAH, "b.yaml": b"contacts: {sarah: {contact_id: c-2}}\n"},
        [("b.yaml:1:12", 'contacts.sarah: the contact "sarah" is declared twice, first at specs/a.yaml:4:3; rename')],
    ),
    "duplicate name over two documents, one of them wrong": (
        {"a.yaml": SCOPE + b"---\nscopes:\n  support: {}\n"},
        [
            ("a.yaml:5:3", "scopes.support: a scope needs persona_id or agent_number"),
            ("a.yaml:5:3", 'scopes.support: the scope "support" is declared twice, first at specs/a.yaml:2:3'),
        ],
    ),
    "undeclared scope": (
        {"a.yaml": SARAH + b"    scopes: {suport: {}}\n"},
        [("a.yaml:6:14", 'contacts.sarah.scopes.suport: the scope "suport" is not declared; did you mean "support"?')],
    ),
    "undeclared scope where none is declared": (
        {"a.yaml": b"contacts: {a: {contact_id: c, scopes: {zz: {}}}}\n"},
        [("a.yaml:1:40", 'the scope "zz" is not declared; declare it under scopes, in any spec file')],
    ),
    "both scope ids": (
        {"a.yaml": b"scopes:\n  a:\n    persona_id: p\n    agent_number: +14155550100\n"},
        [("a.yaml:2:3", "scopes.a: a scope has persona_id or agent_number, not both; keep one, or declare two scopes")],
    ),
    "neither scope id": (
        {"a.yaml": b"scopes:\n  a:\n    facts: {a: 1}\n"},
        [("a.yaml:2:3", "scopes.a: a scope needs persona_id or agent_number; add one of the two")],
    ),
    "bad phone numbers": (
        {
            "a.yaml": b"scopes:\n  a: {agent_number: 4155550100}\n  b: {agent_number: +1 (415) 555-010}\n"
            b"  c: {agent_number: +0123456789}\n  d: {agent_number: +123456}\n"
            b"  e: {agent_number: '+1234567890123456'}\n  f: {agent_number: 415-555-0100}\n"
            b"  g: {agent_number: +1 415 555 0100 x7}\n  h: {agent_number: +4402079460958}\n"
        },
        [
            ("a.yaml:2:21", "scopes.a.agent_number: a phone number is expected, not the number 4155550100; write"),
            ("a.yaml:3:21", '"+1 (415) 555-010" cannot exist: it is too short for +1; correct it: after +1 come 10'),
            ("a.yaml:4:21", '"+0123456789" cannot exist: no country has this code; write "+", the country'),
            ("a.yaml:5:21", '"+123456" cannot exist: it is too short for +1; correct it: after +1 come 10 digits'),
            ("a.yaml:6:21", '"+1234567890123456" cannot exist: it is too long for +1; correct it: after +1 come'),
            ("a.yaml:7:21", '"415-555-0100" has no country code; write "+" and the country code first, or, for a'),
            ("a.yaml:8:21", '"+1 415 555 0100 x7" has an extension, which no agent can dial; write "+14155550100"'),
            ("a.yaml:9:21", '"+4402079460958" cannot exist: the 0 after +44 is only dialled inside the country; did'),
        ],
    ),
    "null in facts, at any depth, even where something else is wrong": (
        {
            "a.yaml": b"contacts:\n  s:\n    facts:\n      a: null\n      b: [1, ~, {x y: }]\n"
            b"    seed_facts: {c: {}, d: Null}\n"
        },
        [
            ("a.yaml:2:3", "contacts.s: a contact needs contact_id"),
            ("a.yaml:4:10", "contacts.s.facts.a: a fact cannot be null: the API does not document what null does"),
            ("a.yaml:5:14", "contacts.s.facts.b[1]: a fact cannot be null"),
            ("a.yaml:5:23", 'contacts.s.facts.b[2]["x y"]: a fact cannot be null'),
            ("a.yaml:6:28", "contacts.s.facts.d: a fact cannot be null"),
        ],
    ),
    "sections with nothing in them": (
        {
            "a.yaml": b"scopes:\ncontacts:\n  a:\n  b:\n    contact_id: c\n    scopes:\n      x:\n        users:\n"
            b"memories:\n"
        },
        [
            ("a.yaml:1:8", "scopes: a mapping is expected, not nothing (null); write a mapping ({} for an empty one)"),
            ("a.yaml:3:5", "contacts.a: a mapping is expected"),
            ("a.yaml:7:7", 'the scope "x" is not declared'),
            ("a.yaml:8:15", "contacts.b.scopes.x.users: a list is expected, not nothing (null); write a list ([] for"),
            ("a.yaml:9:10", "memories: a mapping is expected"),
        ],
    ),
    "a list at the top": (
        {"a.yaml": b"- contacts: {}\n"},
        [("a.yaml:1:1", "a mapping is expected, not a list; start with one of its keys: fact_keys, scopes, contacts,")],
    ),
    "text at the top": ({"a.yaml": b"hello\n"}, [("a.yaml:1:1", 'a mapping is expected, not the text "hello"')]),
    "keys of facts that nobody could name": (
        {"a.yaml": SARAH + b"    facts: {'': 3, \"a\\tb\": 4, x: [{'': 5}]}\n"},
        [
            ("a.yaml:6:13", 'contacts.sarah.facts[""]: a fact\'s key is empty or holds control characters'),
            ("a.yaml:6:20", r'contacts.sarah.facts["a\tb"]: a fact'),
            ("a.yaml:6:36", 'contacts.sarah.facts.x[0][""]: a fact'),
        ],
    ),
    "names that are no names": (
        {"a.yaml": b"contacts:\n  a b: {contact_id: x}\n  -c: {contact_id: y}\n  %s: {contact_id: z}\n" % (b"x" * 64)},
        [
            ("a.yaml:2:3", 'contacts["a b"]: the text "a b" is not a name; use a-z, A-Z, 0-9, - and _'),
            ("a.yaml:3:3", 'contacts.-c: the text "-c" is not a name'),
            ("a.yaml:4:3", "a name may have 63 characters, and this one has 64; shorten it"),
        ],
    ),
    "ids that are no ids": (
        {
            "a.yaml": b"contacts:\n  a: {contact_id: 123}\n  b: {contact_id: ''}\n  c: {contact_id: ' x'}\n"
            b'  d: {contact_id: ..}\n  e: {contact_id: [1]}\n  f: {contact_id: true}\n  g: {contact_id: "a\\nb"}\n'
        },
        [
            ("a.yaml:2:19", "contacts.a.contact_id: text is expected, not the number 123; put it in quotes"),
            ("a.yaml:3:19", "contacts.b.contact_id: an id is expected, not an empty text; write the id as the account"),
            ("a.yaml:4:19", "contacts.c.contact_id: an id has no spaces around it and no control characters"),
            ("a.yaml:5:19", "contacts.d.contact_id: one or two dots cannot be an id"),
            ("a.yaml:6:19", "contacts.e.contact_id: text is expected, not a list; write text"),
            ("a.yaml:7:19", "contacts.f.contact_id: text is expected, not true; put it in quotes"),
            ("a.yaml:8:19", "contacts.g.contact_id: an id has no spaces"),
        ],
    ),
    "users that are no users": (
        {
            "a.yaml": USERS + b"        - phone_number: +14155550100\n          metadata: 25\n          summary: true\n"
            b"          external_memory_key:\n          x: 1\n        - metadata: x\n        - hello\n"
        },
        [
            ("a.yaml:10:21", 'scopes.support.users["+14155550100"].metadata: text is expected, not the number 25; put'),
            ("a.yaml:11:20", 'users["+14155550100"].summary: text is expected, not true; put it in quotes'),
            ("a.yaml:12:31", 'users["+14155550100"].external_memory_key: text is expected, not nothing (null); write'),
            ("a.yaml:13:11", 'users["+14155550100"].x: unknown key; known here: external_memory_key, metadata, phone'),
            ("a.yaml:14:11", "contacts.sarah.scopes.support.users[1].phone_number: this key is missing; add it"),
            ("a.yaml:15:11", 'users[2]: a mapping is expected, not the text "hello"'),
        ],
    ),
    "a phone number twice": (
        {"a.yaml": USERS + b"        - phone_number: +14155550100\n        - phone_number: '+14155550100'\n"},
        [("a.yaml:10:11", 'users["+14155550100"]: this phone number is listed twice, first at specs/a.yaml:9:11')],
    ),
    "a phone number twice where something else is wrong": (
        {
            "a.yaml": b"memories:\n  m:\n    users:\n    - phone_number: +14155550100\n"
            b"    - phone_number: +14155550100\n"
        },
        [
            ("a.yaml:2:3", "memories.m.memory_id: this key is missing; add it: the memory's id"),
            ("a.yaml:5:7", 'memories.m.users["+14155550100"]: this phone number is listed twice'),
        ],
    ),
    "a fact in both layers": (
        {"a.yaml": SARAH + b"    facts: {a: 1}\n    seed_facts: {a: 2}\n"},
        [("a.yaml:7:18", "contacts.sarah.facts.a: this fact is in seed_facts and, at specs/a.yaml:6:13, in facts")],
    ),
    "one memory by two names": (
        {
            "a.yaml": SCOPE + b"  other: {persona_id: p-1}\ncontacts:\n"
            b"  a: {contact_id: c, scopes: {support: {}, other: {}}}\n"
        },
        [("a.yaml:5:31", "contacts.a.scopes.support: this is the same contact and scope as contacts.a.scopes.other")],
    ),
    "one memory id by two names": (
        {"a.yaml": b"memories:\n  a: {memory_id: m}\n  b: {memory_id: m}\n"},
        [("a.yaml:3:3", "memories.b: this has the same memory_id as memories.a at specs/a.yaml:2:3; declare")],
    ),
    "values of the wrong kind": (
        {"a.yaml": b"scopes: []\ncontacts: {a: x, b: {contact_id: c, facts: [a], scopes: {s: 1}}}\nmemories: {a: 5}\n"},
        [
            ("a.yaml:1:9", 'scopes: a mapping is expected, not a list; write it as {"key": "value"}, or as lines of'),
            ("a.yaml:2:15", 'contacts.a: a mapping is expected, not the text "x"'),
            ("a.yaml:2:44", "contacts.b.facts: a mapping is expected, not a list"),
            ("a.yaml:2:58", 'the scope "s" is not declared'),
            ("a.yaml:2:61", "contacts.b.scopes.s: a mapping is expected, not the number 1"),
            ("a.yaml:3:15", "memories.a: a mapping is expected, not the number 5"),
        ],
    ),
}  # fmt: skip
