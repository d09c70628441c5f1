"""Whether a text is English, which the application's mails are."""

import re
import unicodedata

_WORD = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?")
_WORDS = """
the be to of and a in that have i it for not on with he as you do at this but his by from they we say her she or an will
my one all would there their what so up out if about who get which go me when make can like no just him know take into
your good some could them see other than then now only its over also back after use two how our work first well way even
new want because any these give day most us is are was were been has had did don't i'm it's we're you're let's here more
may very please
"""
_COMMON = frozenset(_WORDS.split())
LEAST = 0.22
"""Share of common words. English prose has 0.4 and more; other languages of Latin letters have less than 0.15."""


def is_english(text: str) -> bool:
    """Whether a text of some length reads as English: by its letters, and by how many of its words are common ones."""
    letters = [each for each in text if each.isalpha()]
    latin = sum("LATIN" in unicodedata.name(each, "") for each in letters)
    words = [each.lower().replace("’", "'") for each in _WORD.findall(text)]
    if not words or latin < 0.9 * len(letters):
        return False
    return sum(each in _COMMON for each in words) >= LEAST * len(words)
