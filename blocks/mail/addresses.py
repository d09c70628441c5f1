"""Mail addresses: one, and nothing beside it."""

import re

import idna

from groundwork.blocks.mail.headers import LONGEST_NAME, clean

LONGEST_LOCAL, LONGEST = 64, 254
"""Bytes before the @, and in all (RFC 5321)."""

_ATEXT = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~\u00a0-\U0010ffff-]+"
_LOCAL = re.compile(rf"{_ATEXT}(?:\.{_ATEXT})*")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}(?:\.{_LABEL})*|\[(?:[0-9.]+|IPv6:[0-9A-Fa-f:.]+)\])")
_MAILBOX = re.compile(r"(?P<name>[^<>]*)<(?P<address>[^<>]*)>")
_QUOTED = re.compile(r'"(?P<name>.*)"')


def mail_address(text: str) -> str:
    """An address in the form that servers take: its domain in ASCII (IDNA 2008), the part before it as it is.

    Raises:
        ValueError: the text is anything else than one address. Quoted parts before the @ are not taken.
    """
    local, at, domain = text.partition("@")
    if not domain.isascii():
        try:
            domain = idna.encode(domain, uts46=True).decode()
        except (idna.IDNAError, UnicodeError):
            at = ""
    whole = f"{local}@{domain}"
    fits = len(local.encode(errors="replace")) <= LONGEST_LOCAL and len(whole.encode(errors="replace")) <= LONGEST
    seen = local.isprintable() and clean(local, LONGEST) == local
    if not (at and fits and seen and _LOCAL.fullmatch(local) and _DOMAIN.fullmatch(domain)):
        raise ValueError(f"{text[:LONGEST]!r} is not an e-mail address")
    return whole


def mailbox(text: str) -> tuple[str, str]:
    """Name and address of ``Acme, Inc. <no-reply@acme.example>`` or of an address alone.

    Raises:
        ValueError: there is no address in it, or more than one.
    """
    text = text.strip()
    parts = _MAILBOX.fullmatch(text)
    if parts is None:
        return "", mail_address(text)
    name = parts["name"].strip()
    if quoted := _QUOTED.fullmatch(name):
        name = re.sub(r"\\(.)", r"\1", quoted["name"])
    return clean(name, LONGEST_NAME), mail_address(parts["address"])
