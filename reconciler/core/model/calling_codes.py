"""
What is plainly a phone number in E.164: how many digits follow each country code.

That accepts most numbers without a library. A number that does not fit is for `phone_numbers` to judge with the
library, so a code may be missing here. The tests hold the table against the library.
"""

import re
from collections.abc import Mapping
from functools import lru_cache

E164 = r"\+[1-9][0-9]{6,14}"
"""A pattern for numbers in E.164, of which each has 7 to 15 digits."""

_LONGEST_CODE = 3
_IS_E164 = re.compile(E164).fullmatch

_CODES_BY_LENGTHS: Mapping[str, str] = {
    "4-5": "290",
    "4-7": "690",
    "4-11": "352",
    "4-12": "598",
    "4 7": "683",
    "5": "500 682",
    "5-6": "247",
    "5-7": "688",
    "5-8": "386",
    "5-10": "27 64",
    "5-11": "31",
    "5-12": "358 971",
    "5-13": "43 49",
    "5-10 12": "61",
    "5-9 11": "852",
    "5-7 10": "98 685",
    "5-6 8-13": "82",
    "5 7": "676 677 678",
    "5 8": "47 686",
    "6": "298 299 672 687",
    "6-7": "597",
    "6-9": "252 355",
    "6-10": "48 95 880",
    "6-11": "375 595",
    "6-12": "39 381",
    "6-10 12": "46",
    "6-9 12": "359",
    "6-8 10": "53",
    "6-7 9": "421",
    "6 8-9": "376 689",
    "6 8-13": "63",
    "6 9": "40 508 681",
    "7": "238 239 246 248 269 291 297 592 673 674 680 691 692",
    "7-8": "241 599 670 675 853 961 965 975",
    "7-9": "231 385 967 968",
    "7-10": "84 243 254 353",
    "7-11": "886",
    "7-12": "86 882 972",
    "7-13": "62",
    "7-9 11": "974",
    "7-8 10": "230 267 372",
    "7-8 10-11": "507",
    "7-8 11": "503",
    "7 9": "220 245 265 354 423",
    "7 9-10": "44 263",
    "7 10": "960",
    "7 10 12-13": "90",
    "7 11": "501 679",
    "8": "45 216 222 223 226 227 228 232 235 236 253 257 266 350 356 357 370 371 373 374 389 505 509 800 808 973 993",
    "8-9": "32 36 51 213 224 233 237 250 258 264 268 377 382 387 591 962 963",
    "8-10": "20 60 855 856 964 970 976",
    "8-11": "55 593",
    "8-12": "92 383 883",
    "8-13": "81 91",
    "8-10 13": "66",
    "8 10": "378 506 850",
    "8 10-11": "57 65 977",
    "8 11": "502 504",
    "9": "33 34 93 94 211 212 218 221 240 242 244 249 251 255 256 260 261 262 351 590 594 596 979 992 994 995 998",
    "9-10": "380 881 966 996",
    "9-11": "56",
    "9-12": "420",
    "9 12": "41 870",
    "10": "1 52 58 225 229",
    "10-11": "54",
    "10-12": "30 234",
    "10 14": "7",
    "11": "888",
    "12": "878",
}
"""Digits after the code that are possible, and the codes of which this is true."""


@lru_cache(1)
def possible_lengths() -> Mapping[str, frozenset[int]]:
    """Return, by country code, how many digits may follow it; for numbers of 7 to 15 digits in all."""
    return {
        code: frozenset(_lengths(lengths)) for lengths, codes in _CODES_BY_LENGTHS.items() for code in codes.split()
    }


def _lengths(ranges: str) -> list[int]:
    found = (part.partition("-") for part in ranges.split())
    return [length for first, _, last in found for length in range(int(first), int(last or first) + 1)]


def is_e164(text: str) -> bool:
    """Return whether a text is plainly a number in E.164, of a possible length; False where it takes a closer look."""
    if not _IS_E164(text):
        return False
    lengths = possible_lengths()
    for end in range(2, _LONGEST_CODE + 2):
        if known := lengths.get(text[1:end]):
            return len(text) - end in known and text[end] != "0"
    return False
