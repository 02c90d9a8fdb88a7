"""Bad specs that refer to what is not there, or in a way that is none."""

from tests.specs.cases import SARAH, SCOPE, USERS, Cases

CASES: Cases = {
    "undefined variable": (
        {"a.yaml": SARAH + b"    facts:\n      plan: ${plan_nam}\n      x: [1, 'a ${zz} b']\n"},
        [
            ("a.yaml:7:13", 'facts.plan: the variable "plan_nam" is not defined; did you mean "plan_name"?'),
            ("a.yaml:8:14", 'facts.x[1]: the variable "zz" is not defined; known here: number, plan_name, visits'),
        ],
    ),
    "reference that is not closed": (
        {"a.yaml": SARAH + b"    facts:\n      plan: ${plan_name\n"},
        [("a.yaml:7:13", 'facts.plan: "${plan_name" is a reference that is not closed; close it with "}", or write')],
    ),
    "reference that is none": (
        {"a.yaml": SARAH + b"    facts:\n      a: ${}\n      b: ${env.HOME}\n      c: ${ plan_name }\n"},
        [
            ("a.yaml:7:10", 'facts.a: "${}" is not a reference; write ${name} or ${env:NAME}, or write $${ for'),
            ("a.yaml:8:10", 'facts.b: "${env.HOME}" is not a reference; did you mean ${env:HOME}?'),
            ("a.yaml:9:10", 'facts.c: "${ plan_name }" is not a reference; did you mean ${plan_name}?'),
        ],
    ),
    "reference between brackets, without quotes": (
        {"a.yaml": SARAH + b"    facts: {plan: ${plan_name}}\n"},
        [("a.yaml:6:20", 'between brackets, text with ${ needs quotes; write it as "${name}"')],
    ),
    "reference in a key or a name": (
        {"a.yaml": SARAH + b"    facts:\n      ${plan_name}: 1\n  ${plan_name}: {contact_id: c-2}\n"},
        [
            ("a.yaml:7:7", 'facts["${plan_name}"]: references work in values, not in keys and names; write the key'),
            ("a.yaml:8:3", 'contacts["${plan_name}"]: references work in values, not in keys and names; write the'),
        ],
    ),
    "secret in what becomes part of an address or a URL": (
        {
            "a.yaml": b"scopes:\n  a:\n    persona_id: ${env:X}\n  b:\n    agent_number: ${env:X}\n"
            b"contacts:\n  c:\n    contact_id: a-${env:X}\n"
            b"memories:\n  m:\n    memory_id: ${env:X}\n    users:\n    - phone_number: ${env:X}\n"
        },
        [
            ("a.yaml:3:17", "scopes.a.persona_id: ${env:X} is a secret, and this becomes part of addresses and URLs"),
            ("a.yaml:5:19", "scopes.b.agent_number: ${env:X} is a secret"),
            ("a.yaml:8:17", "contacts.c.contact_id: ${env:X} is a secret"),
            ("a.yaml:11:16", "memories.m.memory_id: ${env:X} is a secret"),
            ("a.yaml:13:21", "which are shown; use a variable of reconciler.yaml: ${name}"),
        ],
    ),
    "environment variable that no owner has named": (
        {
            "a.yaml": SARAH + b"    facts: {a: '${env:TOKENS}', b: 'x ${env:GITHUB_ACTOR}'}\n",
            "overlays/o.yaml": b"contacts: {sarah: {name: '${env:OTHER}'}}\n",
        },
        [
            (
                "overlays/o.yaml:1:26",
                "contacts.sarah.name: ${env:OTHER} is not among the secrets of reconciler.yaml; list it there",
            ),
            ("a.yaml:6:16", 'list it there, as secrets: [TOKENS] (did you mean "TOKEN"?)'),
            ("a.yaml:6:36", "facts.b: ${env:GITHUB_ACTOR} is not among"),
        ],
    ),
    "key of the API in a fact": (
        {"a.yaml": SARAH + b"    facts: {a: '${env:BLAND_API_KEY}', b: ['${env:bland_api_key}']}\n"},
        [
            ("a.yaml:6:16", "${env:BLAND_API_KEY} would read a key of this tool; put the value into a variable of its"),
            ("a.yaml:6:44", "${env:bland_api_key} would read a key"),
        ],
    ),
    "variable of the wrong kind": (
        {"a.yaml": SCOPE + b"contacts:\n  sarah:\n    external_id: ${visits}\n    name: ${plan_name}\n"},
        [
            (
                "a.yaml:5:18",
                "external_id: text is expected, and the variable visits is the number 5; put its value in quotes, at",
            )
        ],
    ),
    "variable that is no phone number": (
        {"a.yaml": USERS + b"        - phone_number: ${plan_name}\n"},
        [("a.yaml:9:25", 'a phone number is expected, not the text "premium"; write "+"')],
    ),
    "reference in the place of a whole section": (
        {"a.yaml": b"contacts: ${plan_name}\nscopes: ${env:X}\n"},
        [
            ("a.yaml:1:11", 'contacts: a mapping is expected, not the text "premium"'),
            ("a.yaml:2:9", "scopes: a mapping is expected, not a secret"),
        ],
    ),
}  # fmt: skip
