"""Data files of which rows do not declare what they should; each is told with file, row, column and mapping."""

from tests.specs.cases import SCOPE, Cases

MAPPED = (
    SCOPE
    + b"contacts_from:\n- file: data.csv\n  named_by: id\n  contact:\n    external_id: crm\n    facts: {plan: plan}\n"
    + b"    scopes:\n      support:\n        users: [{phone_number: phone, metadata: notes}]\n"
)
ENTRY = MAPPED.partition(b"contacts_from:\n")[2]
HEADER = b"id,crm,plan,phone,notes\n"
LINES = MAPPED.replace(b"data.csv", b"data.jsonl")
LISTED = MAPPED.replace(b"data.csv", b"../data.yaml")

CASES: Cases = {
    "a phone number in a cell that is none": (
        {"a.yaml": MAPPED, "data.csv": HEADER + b"ana,c-1,,555,\n"},
        [("data.csv:2:4", 'phone_number: a phone number is expected, not the text "555" (column "phone", by specs/a.')],
    ),
    "a cell that is not what the catalogue says of its key": (
        {"a.yaml": b"fact_keys: {plan: {type: integer}}\n" + MAPPED, "data.csv": HEADER + b"ana,c-1,many,,\n"},
        [
            (
                "data.csv:2:3",
                'contacts.ana.facts.plan: a whole number is expected, not the text "many" (column "plan", by specs/a',
            ),
        ],
    ),
    "a row that nothing names": (
        {"a.yaml": MAPPED, "data.csv": HEADER + b",,gold,,\n"},
        [("data.csv:2:1", 'this cell is empty: it names the contact (column "id", by specs/a.yaml:5:13); fill it in')],
    ),
    "one contact in two rows of one name": (
        {"a.yaml": MAPPED, "data.csv": HEADER + b"ana,c-1,,,\nbo,c-2,,,\nana,c-1,,,\n"},
        [("data.csv:4:1", 'the contact "ana" is declared twice, first at specs/data.csv:2:1 (column "id"); remove')],
    ),
    "one name in a spec and in a row": (
        {"a.yaml": MAPPED, "b.yaml": b"contacts: {ana: {email: a@b}}\n", "data.csv": HEADER + b"ana,c-1,,,\n"},
        [("data.csv:2:1", 'the contact "ana" is declared twice, first at specs/b.yaml:1:12 (column "id"); remove')],
    ),
    "one contact in two rows": (
        {"a.yaml": MAPPED, "data.csv": HEADER + b"ana,c-1,,,\nbo,c-1,,,\n"},
        [
            ("data.csv:3:1", "contacts.bo: this is the same contact as contacts.ana at specs/data.csv:2:1"),
            ("data.csv:3:1", "contacts.bo.scopes.support: this is the same contact and scope as contacts.ana.scopes."),
        ],
    ),
    "one table in two entries, which is one mistake however many rows there are": (
        {"a.yaml": MAPPED, "b.yaml": b"contacts_from:\n" + ENTRY, "data.csv": HEADER + b"ana,c-1,,,\nbo,c-2,,,\n"},
        [("data.csv:2:1", "contacts.ana: two entries of contacts_from make this contact of one row, and of 1 more (")],
    ),
    "one table in two entries that name its rows in their own ways": (
        {
            "a.yaml": MAPPED,
            "b.yaml": b"contacts_from:\n" + ENTRY.replace(b"named_by: id", b"named_by: crm"),
            "data.csv": HEADER + b"ana,c-1,,,\nbo,c-2,,,\n",
        },
        [("data.csv:2:2", "contacts.c-1: two entries of contacts_from make this contact of one row, and of 1 more (")],
    ),
    "one memory of each row by two names": (
        {
            "a.yaml": MAPPED.replace(b"      support:\n", b"      other: {}\n      support:\n"),
            "b.yaml": SCOPE.replace(b"support", b"other"),
            "data.csv": HEADER + b"ana,c-1,,,\n",
        },
        [("data.csv:2:1", "contacts.ana.scopes.support: this is the same contact and scope as contacts.ana.scopes.o")],
    ),
    "two identifiers in a row": (
        {
            "a.yaml": MAPPED.replace(b"external_id: crm\n", b"external_id: crm\n    email: plan\n"),
            "data.csv": HEADER + b"ana,c-1,,,\nbo,,b@c.d,,\ncy,c-3,c@d.e,,\n",
        },
        [
            (
                "data.csv:4:3",
                'contacts.cy.email: this cell says who is remembered, and so does "crm" (column "plan", by specs',
            )
        ],
    ),
    "a row without an identifier, or without a user's number": (
        {"a.yaml": MAPPED, "data.csv": HEADER + b"ana,,,,\nbo,c-2,,,hello\n"},
        [
            (
                "data.csv:2:2",
                'contacts.ana.external_id: this cell is empty: it says who is remembered (column "crm", by',
            ),
            ("data.csv:3:4", "users[0].phone_number: this key is missing"),
        ],
    ),
    "a row without any of several identifiers, and a cell that is changed before it is read": (
        {
            "a.yaml": MAPPED.replace(b"external_id: crm", b"external_id: crm\n    email: {column: plan, lower: true}"),
            "data.csv": HEADER + b"ana,,,,\nbo,c-2,,,\ned,,N/A,,\n",
        },
        [
            ("data.csv:2:2", 'this cell is empty, and so is "plan": it says who is remembered (column "crm", by'),
            ("data.csv:4:3", 'not the text "n/a" (column "plan" holds "N/A", by specs/a.yaml:8:12)'),
        ],
    ),
    "a column that is not there": (
        {"a.yaml": MAPPED, "data.csv": b"id,crm,plans,phone,notes\nana,c-1,x,,\n"},
        [
            (
                "a.yaml:8:19",
                'contacts_from[0]: the header of specs/data.csv names no column "plan"; did you mean "plans"?',
            )
        ],
    ),
    "another delimiter": (
        {
            "a.yaml": MAPPED.replace(b"crm", b"id")
            .replace(b"phone_number: phone, metadata: notes", b"phone_number: id")
            .replace(b"plan: plan", b"plan: id"),
            "data.csv": b"id;crm\nana;c-1\n",
        },
        [("a.yaml:5:13", 'the header has one column: set `delimiter: ";"`')],
    ),
    "another delimiter, or no header, which is one mistake however many columns are mapped": (
        {
            "a.yaml": MAPPED
            + ENTRY.replace(b"data.csv", b"comma.csv")
            + ENTRY.replace(b"data.csv", b"title.csv")
            + ENTRY.replace(b"data.csv", b"tab.csv").replace(b"named_by", b'delimiter: ";"\n  named_by'),
            "data.csv": b"id;crm;plan;phone;notes\nana;c-1;;;\n",
            "comma.csv": b'id;crm;"plan, old";plan;phone;notes;more, and more\nana;c-1;;;;;\n',
            "title.csv": b"Exported on May 3, 2026;;;;\nid;crm;plan;phone;notes\n",
            "tab.csv": b"id\tcrm\tplan\tphone;fax\tnotes\n",
        },
        [
            (
                "a.yaml:5:13",
                'and none of 4 more that are mapped; the header has one column: set `delimiter: ";"`',
            ),
            ("a.yaml:13:13", 'names no column "id", and none of 4 more that are mapped; set `delimiter: ";"`'),
            (
                "a.yaml:21:13",
                "and none of 4 more that are mapped; remove what stands above the header, or set `delimiter` (known h",
            ),
            ("a.yaml:30:13", 'and none of 4 more that are mapped; set `delimiter: "\\t"`'),
        ],
    ),
    "quotes around the cells of a header with another delimiter": (
        {"a.yaml": MAPPED, "data.csv": b'"id";"crm"\n"ana";"c-1"\n'},
        [
            (
                "data.csv:1:1",
                "there is text after the closing quote of a cell; set `delimiter` to the character after the",
            )
        ],
    ),
    "a header that names some of the mapped columns": (
        {"a.yaml": MAPPED, "data.csv": b"id,crmm\n"},
        [
            ("a.yaml:7:18", 'names no column "crm"; did you mean "crmm"?'),
            ("a.yaml:8:19", 'names no column "plan"; known here: crmm, id'),
            ("a.yaml:11:32", 'names no column "phone"; known here: crmm, id'),
            ("a.yaml:11:49", 'names no column "notes"; known here: crmm, id'),
        ],
    ),
    "rows with more filled cells than the header names, and a mapped column that is there twice": (
        {
            "a.yaml": MAPPED + ENTRY.replace(b"data.csv", b"two.csv"),
            "data.csv": HEADER + b"ana,c-1\n\nbo,c-2,,,,x\nedda,c-3,,,, ,\n",
            "two.csv": b"id,crm,id,plan,phone,notes,other,other\nfred,c-4,g,,,,x,y\n",
        },
        [
            (
                "data.csv:4:1",
                "the header is short: this row has 6 cells, and the header names 5 columns; put a cell that holds the",
            ),
            ("two.csv:1:3", 'the header names the column "id" 2 times, at 1, 3; rename all but one of them'),
        ],
    ),
    "a data file that more than 20 entries name": (
        {"a.yaml": MAPPED + ENTRY * 20, "data.csv": HEADER + b"ana,c-1\n"},
        [
            (
                "a.yaml:164:9",
                "21 entries name specs/data.csv, and at most 20 may: each reads all of its rows; map it in fewer",
            )
        ],
    ),
    "a blank before a quote": (
        {"a.yaml": MAPPED, "data.csv": HEADER + b'ana,c-1, "p, q",,\n "bo",c-2,,,\n"ed, ""da""",c-3, "" ,,\n'},
        [
            ("data.csv:2:3", "a blank stands before the quote of a cell, so its quotes would be text; remove the bl"),
            ("data.csv:3:1", "a blank stands before the quote of a cell"),
            ("data.csv:4:3", "a blank stands before the quote of a cell"),
        ],
    ),
    "a workbook that is called CSV": (
        {"a.yaml": MAPPED, "data.csv": b"PK\x03\x04\x14\x00\x06\x00"},
        [
            (
                "data.csv:1:1",
                "this is a workbook, and no table in plain text; save it as CSV UTF-8 in the spreadsheet, or run: libr",
            )
        ],
    ),
    "bytes that are no text, and no UTF-16 either": (
        {
            "a.yaml": MAPPED + ENTRY.replace(b"data.csv", b"data.jsonl"),
            "b.yaml": b"\x7fELF\2\1\1" + bytes(99),
            "data.csv": b"\x7fELF\2\1\1" + bytes(99),
            "data.jsonl": b"\x89PNG\r\n\x1a\n" + bytes(range(256)),
        },
        [
            ("b.yaml:1:1", "this is a file of bytes, and no text; move it out of the folder, or name another"),
            ("data.csv:1:1", "this is a file of bytes, and no table in plain text; ask for the list as CSV UTF-8"),
            ("data.jsonl:1:1", "this is a file of bytes, and no table in plain text"),
        ],
    ),
    "a workbook, by its name": (
        {"a.yaml": MAPPED.replace(b"data.csv", b"../data/my list.xlsx")},
        [
            (
                "a.yaml:4:9",
                "contacts_from[0].file: this is a workbook, and no table in plain text; save it as CSV UTF-8 in the",
            )
        ],
    ),
    "one JSON array in the place of JSON Lines": (
        {"a.yaml": LINES, "data.jsonl": b'[\n  {"id": "ana"}\n]\n'},
        [
            (
                "data.jsonl:1:1",
                "this is one JSON array, and no table in plain text; run: jq -c '.[]' specs/data.jsonl > specs/data-l",
            )
        ],
    ),
    "quotes, bytes and ends that are not CSV": (
        {"a.yaml": MAPPED, "data.csv": HEADER + b'a,"c"1,,,\nb,\xe9,,,\nc\0,c,,,\nd,"x,,,\n'},
        [
            ("data.csv:2:1", "there is text after the closing quote of a cell; write"),
            ("data.csv:3:3", "byte 0xE9 is not UTF-8; the file seems to be Latin-1 or Windows-1252"),
            ("data.csv:4:2", "a NUL byte is not allowed in text"),
            ("data.csv:5:1", "a cell that starts with a double quote in this row, or below, is not closed"),
        ],
    ),
    "an empty file of CSV": (
        {"a.yaml": MAPPED, "data.csv": b""},
        [("data.csv:1:1", "the file is empty; start it with")],
    ),
    "a data file that is not there": (
        {"a.yaml": MAPPED},
        [("a.yaml:4:9", "contacts_from[0].file: specs/data.csv cannot be read: no such file or directory; check the")],
    ),
    "lines that are not JSON, or not of a row": (
        {
            "a.yaml": LINES,
            "data.jsonl": b'{"id": "ana", "crm": "c-1"\n[1]\n{"id": "a", "id": "b"}\n{"id": NaN}\n'
            b'{"id": 9007199254740993}\n{"id": "\\ud800"}\n{"id": 7, "crm": " c"}\n\xe9\n'
            b'{"id": "x", "crm": 5, "plan": {"a": [null]}, "phone": "+14155550192", "notes": "y"}\n',
        },
        [
            ("data.jsonl:1:1", "this is not JSON, from character 28; write one object a line"),
            ("data.jsonl:2:1", "a row is an object, not a list"),
            ("data.jsonl:3:1", 'the key "id" is here twice'),
            ("data.jsonl:4:1", "NaN is not a number that JSON can carry"),
            ("data.jsonl:5:1", "this number of 16 digits is larger than a JSON number keeps exactly"),
            ("data.jsonl:6:1", "this is half of a surrogate pair"),
            ("data.jsonl:7:2", 'external_id: an id has no spaces around it and no control characters (column "crm"'),
            ("data.jsonl:8:1", "byte 0xE9 is not UTF-8"),
            ("data.jsonl:9:2", 'external_id: text is expected, not the number 5 (column "crm", by specs/a.yaml:7:18)'),
            ("data.jsonl:9:3", "facts.plan.a[0]: a fact cannot be null"),
        ],
    ),
    "a delimiter of what is no CSV": (
        {
            "a.yaml": LINES.replace(b"  named_by", b"  delimiter: ';'\n  named_by", 1)
            + LISTED.partition(b"contacts_from:\n")[2].replace(b"  named_by", b"  delimiter: ','\n  named_by", 1),
            "data.jsonl": b"",
        },
        [
            (
                "a.yaml:5:14",
                "contacts_from[0].delimiter: only CSV has a delimiter; leave it out, or name a file of .csv",
            ),
            ("a.yaml:14:14", "contacts_from[1].delimiter: only CSV has a delimiter"),
        ],
    ),
    "a number with an exponent that would change": (
        {"a.yaml": LINES, "data.jsonl": b'{"id": "ana", "crm": "c", "plan": 9007199254740993e0}\n'},
        [("data.jsonl:1:1", "JSON cannot carry this number with an exponent unchanged; fix it, or put it in")],
    ),
    "a column that no row has": (
        {"a.yaml": LINES, "data.jsonl": b'{"id": "ana", "crm": "c", "phone": "+14155550192", "notes": "x"}\n'},
        [("a.yaml:8:19", 'contacts_from[0]: no row of specs/data.jsonl has a column "plan"; name a column that is')],
    ),
    "values of the wrong kind in contacts_from": (
        {
            "a.yaml": b"contacts_from:\n- {file: a.doc, delimiter: ab, named_by: 1, contact: {facts: {a: 1, b: {c: d},"
            b" e: {value: [null]}}}}\n",
        },
        [
            ("a.yaml:2:10", "contacts_from[0].file: a data file's name ends in .csv, .jsonl, .ndjson, .yaml, .yml"),
            ("a.yaml:2:28", 'contacts_from[0].delimiter: a delimiter is one character, not the text "ab"'),
            (
                "a.yaml:2:42",
                "contacts_from[0].named_by: the column of the contact's name is expected, not the number 1",
            ),
            ("a.yaml:2:66", "contact.facts.a: a column is expected, not the number 1; write the name of a column, or"),
            ("a.yaml:2:69", "contact.facts.b: a column is expected, not a mapping"),
            ("a.yaml:2:80", "contact.facts.e: a fact cannot be null"),
        ],
    ),
    "a scope of the mapping that nobody declares": (
        {
            "a.yaml": MAPPED.replace(b"support:\n        users", b"suport:\n        users"),
            "data.csv": HEADER + b"ana,c-1,,,\nbo,c-2,,,\n",
        },
        [
            (
                "a.yaml:10:7",
                'contacts_from[0].contact.scopes.suport: the scope "suport" is not declared; did you mean "s',
            )
        ],
    ),
    "a constant that breaks the catalogue, in each row": (
        {
            "a.yaml": b"fact_keys: {plan: {enum: [gold]}}\n" + MAPPED.replace(b"plan: plan", b"plan: {value: gld}"),
            "data.csv": HEADER + b"ana,c-1,,,\nbo,c-2,,,\nedda,c-3,,,\n",
        },
        [
            (
                "a.yaml:9:19",
                'contacts.ana.facts.plan: one of "gold" is expected, not the text "gld" (also of 2 other contacts); ',
            )
        ],
    ),
    "a cell that breaks a rule of the catalogue": (
        {"a.yaml": b"fact_keys: {plan: {pattern: a+}}\n" + MAPPED, "data.csv": HEADER + b"ana,c-1,b,,\n"},
        [("data.csv:2:3", 'contacts.ana.facts.plan: the text "b" does not match a+ (column "plan"); the rule is at')],
    ),
    "a condition that cells of its column cannot meet": (
        {
            "a.yaml": LINES.replace(b"support:\n", b"support:\n        where: {plan: 'true'}\n"),
            "data.jsonl": b'{"id": "ana", "crm": "c-1", "plan": true, "phone": "", "notes": ""}\n'
            b'{"id": "bo", "crm": "c-2", "plan": {"a": 1}}\n',
        },
        [
            (
                "data.jsonl:1:3",
                'support: text is expected, not true or false (column "plan", by specs/a.yaml:11:17); write true or',
            ),
            ("data.jsonl:2:3", "contacts.bo.scopes.support: text is expected, not a mapping (column"),
        ],
    ),
    "a condition that no cell of CSV can meet": (
        {
            "a.yaml": MAPPED.replace(b"support:\n", b"support:\n        where: {plan: true}\n"),
            "data.csv": HEADER + b"ana,c-1,true,,\n",
        },
        [
            (
                "a.yaml:11:17",
                "contacts_from[0].contact.scopes.support.where: text is expected, not true: all cells of CSV are text;",
            )
        ],
    ),
    "UTF-16 without a byte order mark": (
        {"a.yaml": MAPPED, "data.csv": HEADER.decode().encode("utf-16-le")},
        [
            (
                "data.csv:1:1",
                'the file seems to be UTF-16, without a byte order mark; save it as UTF-8, which spreadsheets call "CS',
            )
        ],
    ),
    "UTF-16 without a byte order mark, in JSON Lines": (
        {"a.yaml": LINES, "data.jsonl": '{"id": "ana"}\n'.encode("utf-16-le")},
        [("data.jsonl:1:1", "the file seems to be UTF-16, without a byte order mark; save it as UTF-8")],
    ),
    "cells that are too long": (
        {
            "a.yaml": MAPPED,
            "data.csv": HEADER
            + b"ana,c-1,%s,,\nbo, c-2,,,\n" % (b"x" * 140_000)
            + b'edda,c-3,"%s,,\nfred,c-4,,,\n' % (b"x\n" * 70_000),
        },
        [
            ("data.csv:2:1", "a cell of this row has more than 131,072 characters; shorten it"),
            ("data.csv:3:2", "contacts.bo.external_id: an id has no spaces around it and no control characters"),
            (
                "data.csv:4:1",
                "a cell that starts with a double quote goes on for 65,537 lines and more than 131,072 ch",
            ),
        ],
    ),
    "a cell that is refused in words of another mistake": (
        {
            "a.yaml": b"fact_keys: {plan: {type: integer}}\n" + MAPPED,
            "data.csv": HEADER + b"ana,c-1,is empty,,\n",
        },
        [("data.csv:2:3", '(column "plan", by specs/a.yaml:9:19); fix the cell')],
    ),
    "marks of a merge conflict in a table": (
        {"a.yaml": MAPPED, "data.csv": HEADER + b"<<<<<<< HEAD\nana,c-1,a,,\n=======\n"},
        [("data.csv:2:1", "this line is a marker of a merge conflict; resolve the conflict")],
    ),
    "marks of a merge conflict in lines of JSON": (
        {"a.yaml": LINES, "data.jsonl": b'>>>>>>> theirs\n{"id": "b"}\n'},
        [("data.jsonl:1:1", "this line is a marker of a merge conflict")],
    ),
    "names that are no text": (
        {"a.yaml": LINES, "data.jsonl": b'{"id": ["ana"]}\n{"id": {}, "crm": "c-1"}\n{"id": ""}\n'},
        [
            (
                "data.jsonl:1:1",
                'text is expected, not a list: it names the contact (column "id", by specs/a.yaml:5:13)',
            ),
            ("data.jsonl:2:1", "text is expected, not a mapping: it names the contact"),
            ("data.jsonl:3:1", "this cell is empty: it names the contact"),
        ],
    ),
    "a text with columns in it that is none": (
        {
            "a.yaml": MAPPED.replace(b"plan: plan", b"plan: '{plan', tier: 'T{ }'").replace(b": id", b": [id, '{a']"),
            "data.csv": HEADER,
        },
        [
            ("a.yaml:5:13", 'named_by: the text "{a" opens a brace and does not close it; close it: '),
            ("a.yaml:8:19", 'facts.plan: the text "{plan" opens a brace and does not close it; close it: '),
            ("a.yaml:8:34", 'facts.tier: the text "T{ }" has braces without a column; write '),
        ],
    ),
    "what cannot be done to a column": (
        {
            "a.yaml": MAPPED.replace(
                b"{plan: plan}",
                b"{a: {column: plan, lwer: true}, b: {lower: true}, c: {column: plan, lower: 1},"
                b" d: {column: plan, split: ''}, e: {column: plan, map: {}}, f: {column: plan, map: {x: [y]}}}",
            ),
            "data.csv": HEADER,
        },
        [
            ("a.yaml:8:13", '"lwer" is nothing that can be done to a column; did you mean "lower"?'),
            ("a.yaml:8:44", "the name of a column is expected, not nothing (null); write {column: email, lower: true}"),
            ("a.yaml:8:62", "lower is true or false, not the number 1"),
            ("a.yaml:8:91", 'split is the text between the items, not the text ""'),
            ("a.yaml:8:121", "map is a mapping of cells to text, numbers, true or false"),
            ("a.yaml:8:149", "map is a mapping of cells to text, numbers, true or false"),
        ],
    ),
    "cells that do not fit what is done to them": (
        {
            "a.yaml": LINES.replace(
                b"{plan: plan}", b"{plan: {column: plan, map: {A: active, B: ''}}, t: 'is {id}{t}'}"
            ),
            "data.jsonl": b'{"id": "a", "crm": "c-1", "plan": "b", "phone": ""}\n'
            b'{"id": "b", "crm": "c-2", "plan": [1], "t": {"a": 1}, "notes": ""}\n'
            b'{"id": "c", "crm": "c-3", "plan": "B"}\n',
        },
        [
            ("data.jsonl:1:3", 'facts.plan: the map of this column has no "b" (column "plan", by specs/a.yaml:8:19);'),
            ("data.jsonl:2:3", 'facts.plan: text is expected, not a list (column "plan", by specs/a.yaml:8:19); name'),
            ("data.jsonl:2:4", 'facts.t: text is expected, not a mapping (column "t", by specs/a.yaml:8:63); name'),
        ],
    ),
    "a country that is none": (
        {"a.yaml": MAPPED.replace(b"  named_by", b"  phone_region: Elbonia\n  named_by"), "data.csv": HEADER},
        [("a.yaml:5:17", 'contacts_from[0].phone_region: the text "Elbonia" is no country that is known; write its')],
    ),
    "national numbers in rows without a country": (
        {
            "a.yaml": MAPPED.replace(b"  named_by", b"  phone_region: {column: plan}\n  named_by"),
            "data.csv": HEADER
            + b"a,c-1,,415-555-2671,\nb,c-2,Elbonia,415-555-2671,\nc,c-3,US,415-555-267,\nd,c-4,Oz,+14155552671,\n",
        },
        [
            (
                "data.csv:2:4",
                'has no country code (column "phone", by specs/a.yaml:12:32); write "+" and the country code first, or',
            ),
            (
                "data.csv:3:4",
                'has no country code, and "Elbonia", in the column "plan", is no known country (column',
            ),
            ("data.csv:4:4", '"415-555-267" cannot exist: it is too short for US (+1)'),
        ],
    ),
    "a data file of YAML that is not there": (
        {"a.yaml": LISTED},
        [("a.yaml:4:9", "contacts_from[0].file: data.yaml cannot be read: no such file or directory; check the name")],
    ),
    "a name that no file can have": (
        {"a.yaml": MAPPED.replace(b"data.csv", b'"a\\0b.csv"')},
        [("a.yaml:4:9", "contacts_from[0].file: no file has control characters in its name; name another file")],
    ),
    "a secret where columns and conditions are shown": (
        {"a.yaml": MAPPED.replace(b"support:\n", b"support:\n        where: {plan: '${env:X}'}\n"), "data.csv": HEADER},
        [
            (
                "a.yaml:11:23",
                "${env:X} is a secret, and this becomes part of the names of files and columns, which are sh",
            )
        ],
    ),
}
