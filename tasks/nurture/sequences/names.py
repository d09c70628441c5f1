"""What a mail calls a contact. A name is whatever somebody typed; a greeting has it only where it reads as a name."""

import re
import unicodedata

from groundwork.blocks.mail.headers import clean

LONGEST = 40
"""Characters of a name in a greeting. A longer one is left out: cut, it would be nobody's."""

_NOT_IN_NAMES = re.compile(r"[<>{}\[\]()|\\/@:;=+*#%^~`\"“”„_?!,0-9]|\.\w")


def first_name_of(first_name: str | None) -> str:
    """The name to greet by; empty where there is none that may stand in a mail.

    Emoji and other signs go. What has markup, digits, line ends, an address or a command in it is no name.
    """
    if not first_name or len(first_name) > 4 * LONGEST or "\n" in first_name.strip() or "\r" in first_name.strip():
        return ""
    name = clean(first_name, 4 * LONGEST)
    if _NOT_IN_NAMES.search(unicodedata.normalize("NFKC", name)):
        return ""
    kept = "".join(each for each in name if unicodedata.category(each)[0] in "LM" or each in " '’.-·")
    kept = " ".join(kept.split()).strip("-·' ")
    if not any(unicodedata.category(each)[0] == "L" for each in kept):
        return ""
    return kept if len(kept) <= LONGEST and len(kept.split()) <= 4 else ""
