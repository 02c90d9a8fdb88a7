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
