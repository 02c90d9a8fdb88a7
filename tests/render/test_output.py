"""What an encoding lacks is written in another way: never fatal, and in JSON, XML and HTML still the same text."""

import json
from html import unescape
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.render.output import fitted

ENCODINGS = ["ascii", "latin-1", "cp1252", "cp437", "koi8-r", "shift_jis", "gb18030", "utf-8", "utf-8-sig", "utf-16"]
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=40)
NO_SURROGATES = st.text(st.characters(exclude_categories=("Cs", "Cc"), exclude_characters="￾￿"), max_size=40)


@pytest.mark.parametrize("output_format", ["text", "github", "json", "sarif", "gitlab", "html", "junit", "markdown"])
@given(text=ANY_TEXT, encoding=st.sampled_from(ENCODINGS))
def test_nothing_is_beyond_an_encoding(text: str, encoding: str, output_format: str) -> None:
    fitted(text, encoding, output_format).encode(encoding)


@given(text=ANY_TEXT, encoding=st.sampled_from(ENCODINGS))
def test_json_is_the_same_value_and_valid(text: str, encoding: str) -> None:
    made = fitted(json.dumps(text, ensure_ascii=False), encoding, "json")

    assert json.loads(json.dumps(json.loads(made))) == json.loads(json.dumps(text))


@given(text=NO_SURROGATES, encoding=st.sampled_from(ENCODINGS))
def test_markup_is_the_same_text(text: str, encoding: str) -> None:
    element = ET.Element("a")
    element.text = text
    made = fitted(ET.tostring(element, encoding="unicode"), encoding, "junit")

    assert (ET.fromstring(made).text or "") == text  # noqa: S314  our own
    assert unescape(fitted(text.replace("&", ""), encoding, "html")) == text.replace("&", "")


@pytest.mark.parametrize("output_format", ["json", "html"])
def test_programs_get_ascii_where_the_encoding_is_not_unicode_for_they_read_utf_8(output_format: str) -> None:
    assert fitted("é→", "cp1252", output_format).isascii()
    assert fitted("é→", "utf-8", output_format) == "é→"


def test_people_get_what_looks_alike_or_an_escape() -> None:
    assert fitted("a → é ключ…", "cp1252") == r"a -> é \u043a\u043b\u044e\u0447…"
    assert fitted("→ … ± é 😀", "ascii") == r"-> ... +/- \xe9 \U0001f600"


@pytest.mark.parametrize(
    ("character", "plain"),
    [
        *zip("→↔…±─│├└", ("->", "<->", "...", "+/-", "-", "|", "+", "+"), strict=True),
        *zip("\u201c\u201d\u2018\u2019\u2013\u2014\u00a0", "\"\"''-- ", strict=True),
    ],
)
def test_each_sign_of_our_own_has_one_of_ascii(character: str, plain: str) -> None:
    assert fitted(character, "ascii") == plain


@pytest.mark.parametrize(
    ("character", "in_json", "in_markup"),
    [
        ("\ud7ff", r"\ud7ff", "&#55295;"),
        ("\ud800", r"\ud800", "&#65533;"),
        ("\udfff", r"\udfff", "&#65533;"),
        ("\ue000", r"\ue000", "&#57344;"),
        ("\uffff", r"\uffff", "&#65535;"),
        ("\U00010000", r"\ud800\udc00", "&#65536;"),
        ("\U0010ffff", r"\udbff\udfff", "&#1114111;"),
    ],
)
def test_each_format_has_its_own_escape_for_what_an_encoding_lacks(
    character: str, in_json: str, in_markup: str
) -> None:
    assert {fitted(character, "ascii", name) for name in ("json", "sarif", "gitlab")} == {in_json}
    assert {fitted(character, "ascii", name) for name in ("html", "junit", "markdown", "summary")} == {in_markup}
    assert {fitted("é", "ascii", name) for name in ("text", "github", "of-tomorrow")} == {r"\xe9"}
