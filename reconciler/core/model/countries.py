"""Countries: what lists call them → the code by which a national phone number is read."""

import re
from collections.abc import Mapping
from functools import lru_cache
from unicodedata import combining, normalize

_COUNTRIES = """
AC - Ascension Island; AD AND Andorra; AE ARE United Arab Emirates/UAE; AF AFG Afghanistan;
AG ATG Antigua & Barbuda; AI AIA Anguilla; AL ALB Albania; AM ARM Armenia; AO AGO Angola; AR ARG Argentina;
AS ASM American Samoa; AT AUT Austria; AU AUS Australia; AW ABW Aruba; AX ALA Åland Islands/Aland;
AZ AZE Azerbaijan; BA BIH Bosnia & Herzegovina/Bosnia; BB BRB Barbados; BD BGD Bangladesh; BE BEL Belgium;
BF BFA Burkina Faso; BG BGR Bulgaria; BH BHR Bahrain; BI BDI Burundi; BJ BEN Benin; BL BLM St. Barthélemy;
BM BMU Bermuda; BN BRN Brunei/Brunei Darussalam; BO BOL Bolivia/Plurinational State of Bolivia;
BQ BES Caribbean Netherlands/Bonaire, Sint Eustatius and Saba/Bonaire; BR BRA Brazil;
BS BHS Bahamas/The Bahamas; BT BTN Bhutan; BW BWA Botswana; BY BLR Belarus; BZ BLZ Belize; CA CAN Canada;
CC CCK Cocos Islands/Cocos (Keeling) Islands;
CD COD Democratic Republic of the Congo/DR Congo/DRC/Congo (DRC)/Congo (Kinshasa);
CF CAF Central African Republic; CG COG Congo/Republic of the Congo/Congo (Brazzaville); CH CHE Switzerland;
CI CIV Ivory Coast/Côte d'Ivoire; CK COK Cook Islands; CL CHL Chile; CM CMR Cameroon;
CN CHN China/People's Republic of China/PRC/Mainland China; CO COL Colombia; CR CRI Costa Rica; CU CUB Cuba;
CV CPV Cape Verde/Cabo Verde; CW CUW Curaçao; CX CXR Christmas Island; CY CYP Cyprus;
CZ CZE Czechia/Czech Republic; DE DEU Germany/Federal Republic of Germany; DJ DJI Djibouti; DK DNK Denmark;
DM DMA Dominica; DO DOM Dominican Republic/Dominican Rep; DZ DZA Algeria; EC ECU Ecuador; EE EST Estonia;
EG EGY Egypt; EH ESH Western Sahara; ER ERI Eritrea; ES ESP Spain; ET ETH Ethiopia; FI FIN Finland;
FJ FJI Fiji; FK FLK Falkland Islands/Falkland Islands (Malvinas);
FM FSM Micronesia/Federated States of Micronesia; FO FRO Faroe Islands; FR FRA France; GA GAB Gabon;
GB GBR United Kingdom/UK/Great Britain/Britain/England/Scotland/Wales/Northern Ireland;
GD GRD Grenada; GE GEO Georgia; GF GUF French Guiana; GG GGY Guernsey; GH GHA Ghana; GI GIB Gibraltar;
GL GRL Greenland; GM GMB Gambia/The Gambia; GN GIN Guinea; GP GLP Guadeloupe; GQ GNQ Equatorial Guinea;
GR GRC Greece/Hellas/EL; GT GTM Guatemala; GU GUM Guam; GW GNB Guinea-Bissau; GY GUY Guyana;
HK HKG Hong Kong/Hong Kong SAR China/Hong Kong SAR; HN HND Honduras; HR HRV Croatia; HT HTI Haiti;
HU HUN Hungary; ID IDN Indonesia; IE IRL Ireland/Republic of Ireland/Eire; IL ISR Israel; IM IMN Isle of Man;
IN IND India; IO IOT British Indian Ocean Territory; IQ IRQ Iraq; IR IRN Iran/Islamic Republic of Iran;
IS ISL Iceland; IT ITA Italy; JE JEY Jersey; JM JAM Jamaica; JO JOR Jordan; JP JPN Japan; KE KEN Kenya;
KG KGZ Kyrgyzstan/Kyrgyz Republic; KH KHM Cambodia; KI KIR Kiribati; KM COM Comoros;
KN KNA St. Kitts & Nevis/Saint Kitts; KP PRK North Korea/Democratic People's Republic of Korea;
KR KOR South Korea/Republic of Korea/Korea; KW KWT Kuwait; KY CYM Cayman Islands; KZ KAZ Kazakhstan;
LA LAO Laos/Lao People's Democratic Republic/Lao PDR; LB LBN Lebanon; LC LCA St. Lucia; LI LIE Liechtenstein;
LK LKA Sri Lanka; LR LBR Liberia; LS LSO Lesotho; LT LTU Lithuania; LU LUX Luxembourg; LV LVA Latvia;
LY LBY Libya/Libyan Arab Jamahiriya; MA MAR Morocco; MC MCO Monaco; MD MDA Moldova/Republic of Moldova;
ME MNE Montenegro; MF MAF St. Martin/Saint Martin (French part); MG MDG Madagascar; MH MHL Marshall Islands;
MK MKD North Macedonia/Macedonia/Republic of North Macedonia; ML MLI Mali;
MM MMR Myanmar/Burma/Myanmar (Burma); MN MNG Mongolia; MO MAC Macao/Macau/Macao SAR China/Macau SAR;
MP MNP Northern Mariana Islands; MQ MTQ Martinique; MR MRT Mauritania; MS MSR Montserrat; MT MLT Malta;
MU MUS Mauritius; MV MDV Maldives; MW MWI Malawi; MX MEX Mexico; MY MYS Malaysia; MZ MOZ Mozambique;
NA NAM Namibia; NC NCL New Caledonia; NE NER Niger; NF NFK Norfolk Island; NG NGA Nigeria; NI NIC Nicaragua;
NL NLD Netherlands/Holland; NO NOR Norway; NP NPL Nepal; NR NRU Nauru; NU NIU Niue; NZ NZL New Zealand;
OM OMN Oman; PA PAN Panama; PE PER Peru; PF PYF French Polynesia; PG PNG Papua New Guinea; PH PHL Philippines;
PK PAK Pakistan; PL POL Poland; PM SPM St. Pierre & Miquelon; PR PRI Puerto Rico;
PS PSE Palestine/Palestinian Territories/State of Palestine/Palestinian Territory; PT PRT Portugal;
PW PLW Palau; PY PRY Paraguay; QA QAT Qatar; RE REU Réunion; RO ROU Romania; RS SRB Serbia;
RU RUS Russia/Russian Federation; RW RWA Rwanda; SA SAU Saudi Arabia/KSA/Kingdom of Saudi Arabia;
SB SLB Solomon Islands; SC SYC Seychelles; SD SDN Sudan; SE SWE Sweden; SG SGP Singapore;
SH SHN St. Helena/Saint Helena, Ascension and Tristan da Cunha; SI SVN Slovenia;
SJ SJM Svalbard & Jan Mayen/Svalbard; SK SVK Slovakia/Slovak Republic; SL SLE Sierra Leone; SM SMR San Marino;
SN SEN Senegal; SO SOM Somalia; SR SUR Suriname; SS SSD South Sudan; ST STP São Tomé & Príncipe;
SV SLV El Salvador; SX SXM Sint Maarten/Sint Maarten (Dutch part); SY SYR Syria/Syrian Arab Republic;
SZ SWZ Eswatini/Swaziland; TA - Tristan da Cunha; TC TCA Turks & Caicos Islands; TD TCD Chad; TG TGO Togo;
TH THA Thailand; TJ TJK Tajikistan; TK TKL Tokelau; TL TLS Timor-Leste/East Timor; TM TKM Turkmenistan;
TN TUN Tunisia; TO TON Tonga; TR TUR Turkey/Türkiye; TT TTO Trinidad & Tobago; TV TUV Tuvalu;
TW TWN Taiwan/Taiwan, Province of China/Republic of China; TZ TZA Tanzania/United Republic of Tanzania;
UA UKR Ukraine; UG UGA Uganda; US USA United States/United States of America/America; UY URY Uruguay;
UZ UZB Uzbekistan; VA VAT Vatican City/Holy See/Vatican/Holy See (Vatican City State);
VC VCT St. Vincent & Grenadines; VE VEN Venezuela/Bolivarian Republic of Venezuela;
VG VGB British Virgin Islands/BVI; VI VIR U.S. Virgin Islands/USVI; VN VNM Vietnam/Viet Nam; VU VUT Vanuatu;
WF WLF Wallis & Futuna; WS WSM Samoa; XK XKX Kosovo; YE YEM Yemen; YT MYT Mayotte; ZA ZAF South Africa/RSA;
ZM ZMB Zambia; ZW ZWE Zimbabwe
"""
"""Each country's codes of two and three letters, and its English names. A `-` stands for a code that there is not."""

_NO_PART = frozenset(("the", "of", "and"))
_WORD = re.compile(r"[a-z]+")


def region_of(text: str) -> str | None:
    """Return the code of two letters for a country, by its ISO code or its English name; None where none is known."""
    return _regions().get(_key(text))


@lru_cache(1)
def _regions() -> Mapping[str, str]:
    return {_key(name): code for code, longer, names in _countries() for name in (code, longer, *names) if name != "-"}


def _countries() -> list[tuple[str, str, list[str]]]:
    entries = (entry.split(maxsplit=2) for entry in _COUNTRIES.replace("\n", " ").split(";"))
    return [(code, longer, names.split("/")) for code, longer, names in entries]


def _key(text: str) -> str:
    """Return what names are compared by: their words without accents, in any order."""
    plain = "".join(one for one in normalize("NFKD", text) if not combining(one)).casefold()
    words = _WORD.findall(re.sub(r"['.\u2019]", "", plain))
    parts = [word for word in words if word not in _NO_PART] or words  # AND is Andorra
    return " ".join(sorted("st" if word == "saint" else word for word in parts))
