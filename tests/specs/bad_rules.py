"""Rules whose expressions cannot be used, and entries that are none."""

from tests.specs.cases import Cases


def _rule(*lines: str, name: str = "r") -> bytes:
    return "".join((f"rules:\n  {name}:\n", *(f"    {line}\n" for line in lines))).encode()


CASES: Cases = {
    "rule with an unknown variable": (
        {"a.yaml": _rule("for: memory", "where: scop == 'a'", "require: has(facts.plan)", "message: m")},
        [("a.yaml:4:12", 'rules.r.where: unknown variable "scop"; did you mean "scope"?')],
    ),
    "rule with a key that the catalogue lacks": (
        {
            "a.yaml": _rule("for: memory", "require: has(facts.plann)", "message: m"),
            "k.yaml": b"fact_keys: {plan: {type: string}}\n",
        },
        [("a.yaml:4:14", 'rules.r.require: there is no "plann" here; did you mean "plan"?')],
    ),
    "rule with types that do not fit": (
        {
            "a.yaml": _rule(
                "for: change", "where: size(key)", "require: action == 'added' || totals.changes > '3'", "message: m"
            )
        },
        [
            ("a.yaml:4:12", "rules.r.where: this is an int, and true or false is expected; compare it, as in x == y"),
            ("a.yaml:5:14", 'rules.r.require: this is never "added"; did you mean "add"?'),
        ],
    ),
    "rule with a reference": (
        {"a.yaml": _rule("for: memory", "require: facts.plan == ${plan}", "message: m ${x}")},
        [
            (
                "a.yaml:4:14",
                "rules.r.require: nothing is filled in here; write the value out, or declare the rule in each",
            )
        ],
    ),
    "rule without what it needs": (
        {"a.yaml": _rule("for: memories", "require: ''", "level: error")},
        [
            (
                "a.yaml:2:3",
                "rules.r.message: this key is missing; add it: why it must hold, shown as it is where it do",
            ),
            (
                "a.yaml:3:10",
                "rules.r.for: one of 'contact', 'memory' or 'change' is expected, not the text \"memories\"",
            ),
            ("a.yaml:4:14", "rules.r.require: this is empty; write it, or remove the key"),
            ("a.yaml:5:12", "rules.r.level: one of 'refuse' or 'warn' is expected, not the text \"error\""),
        ],
    ),
    "rule declared twice": (
        {
            "a.yaml": _rule("for: memory", "require: 'true'", "message: m"),
            "b.yaml": _rule("for: change", "require: 'true'", "message: m"),
        },
        [
            (
                "b.yaml:2:3",
                'rules.r: the rule "r" is declared twice, first at specs/a.yaml:2:3; rename one, or declare it',
            )
        ],
    ),
    "too many rules": (
        {
            "a.yaml": b"rules:\n"
            + b"".join(b"  r%03d: {for: memory, require: 'true', message: m}\n" % n for n in range(201))
        },
        [("a.yaml:202:3", "rules.r200: there are 201 rules, and 200 can be judged; make one of several")],
    ),
}
