"""Every address in a text that a mail program may make a link of, and whether it is one of the agency's.

Mail programs make links of bare domains, of e-mail addresses and of telephone numbers too, so all of these count.
"""

import re
import unicodedata
from collections.abc import Iterator

import idna

from groundwork.tasks.nurture.agency import Agency

_SCHEME = re.compile(r"(?<![\w.+-])([a-z][a-z0-9+.-]{1,20}):(?=\S)", re.IGNORECASE)
_URL = re.compile(r"https?:[\\/]{0,4}[^\s<>\"'`]+", re.IGNORECASE)
_AUTHORITY = re.compile(r"https?:[\\/]*([^\\/?#\s]*)", re.IGNORECASE)
_DOMAIN = re.compile(r"(?:[^\W_](?:[\w-]{0,61}[^\W_])?\.)+[^\W\d_][\w-]{0,61}[^\W_]", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>()\[\],;:\"']+@[^\s@<>()\[\],;:\"']+")
_HANDLE = re.compile(r"(?<!\w)@\w{2,}")
_PHONE = re.compile(r"(?<!\d)\+?\d(?:[\s().\-/‐-―+]{0,3}\d){6,}|(?:\+|(?<!\d)0)(?:[\W_]{0,3}\d){8,}")
_NO_PHONE = re.compile(
    r"(?:19|20)\d\d[\s‐-―-]+(?:19|20)\d\d"  # years
    r"|(?:19|20)\d\d-\d\d-\d\d|\d\d?[/.]\d\d?[/.](?:19|20)\d\d"  # dates
    r"|[012]?\d\.[0-5]\d\s*[‐-―-]\s*[012]?\d\.[0-5]\d"  # times
)
_CURRENCIES = "£$€"
_SCHEMES = frozenset({"http", "https", "mailto", "tel"})


def seen(text: str) -> str:
    """The text as mail programs and people read it: letters that look alike in Unicode's sense are one, dots of other
    scripts are dots, invisible characters are not there."""
    visible = "".join(each for each in text if unicodedata.category(each) != "Cf")
    return unicodedata.normalize("NFKC", visible).replace("。", ".").replace("．", ".")


def foreign_addresses(text: str, agency: Agency) -> Iterator[str]:
    """What is wrong with each address that is not the agency's."""
    rest = seen(text)
    for found in _SCHEME.finditer(rest):
        if found[1].lower() not in _SCHEMES and rest[found.end() : found.end() + 2] == "//":
            yield f"a link of the kind {found[1][:20].lower()}: stands in it"
        elif found[1].lower() in ("javascript", "data", "vbscript", "file"):
            yield f"a link of the kind {found[1].lower()}: stands in it"
    for url in _URL.findall(rest):
        if not _is_own_url(url, agency):
            yield "a link leads elsewhere than to the agency's website"
    rest = _URL.sub(" ", rest)
    for address in _EMAIL.findall(rest):
        if address.strip(".!?").lower().removeprefix("mailto:") != agency.email.lower():
            yield "an e-mail address that is not the agency's stands in it"
    rest = _EMAIL.sub(" ", rest)
    for domain in _DOMAIN.findall(rest):
        if not is_own_host(domain, agency):
            yield "a web address that is not the agency's stands in it"
    if _HANDLE.search(rest):
        yield "somebody's name on a social network stands in it"
    for found in _PHONE.finditer(rest):
        if not _is_harmless(found) and _digits(found[0]) != _digits(agency.phone or ""):
            yield "a telephone number that is not the agency's stands in it"


def is_own_host(host: str, agency: Agency) -> bool:
    """Whether a host is one of the agency's domains, or below one."""
    try:
        plain = host.lower().rstrip(".") if host.isascii() else idna.encode(host, uts46=True).decode().lower()
    except (idna.IDNAError, UnicodeError):
        return False
    return any(plain == own or plain.endswith(f".{own}") for own in own_domains(agency))


def own_domains(agency: Agency) -> list[str]:
    """The agency's domains in their ASCII form; that of its website is one."""
    website = _AUTHORITY.match(agency.website)
    hosts = [*agency.domains, *([website[1]] if website else [])]
    return [each.lower().removeprefix("www.").strip(".") for each in hosts if each]


def _is_own_url(url: str, agency: Agency) -> bool:
    found = _AUTHORITY.match(url)
    if found is None or "\\" in url or not re.match(r"https?://[^/\\]", url, re.IGNORECASE):
        return False
    authority = found[1].rstrip(".,;:!?)]")
    if "@" in authority or "%" in authority:
        # What stands before the @ is shown first, and leads nowhere.
        return False
    host, _, port = authority.partition(":")
    return not port and is_own_host(host, agency)


def _is_harmless(number: re.Match[str]) -> bool:
    """Whether it is a date, hours, or an amount of money."""
    before = number.string[max(number.start() - 1, 0) : number.start()]
    is_money = before in tuple(_CURRENCIES) and number[0].isdigit() and not number[0].startswith("0")
    return is_money or _NO_PHONE.fullmatch(number[0].strip()) is not None


def _digits(number: str) -> str:
    """A number without signs and without what stands for the country or for long distance."""
    digits = "".join(str(unicodedata.digit(each)) for each in number if each.isdigit())
    international = number.strip().startswith("+") or digits.startswith("00")
    digits = digits.removeprefix("00") if digits.startswith("00") else digits
    if international and digits.startswith("44"):
        digits = digits[2:]
    return digits.lstrip("0")
