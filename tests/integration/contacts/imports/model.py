"""What an import should do, in plain Python: one row after the other, into a dictionary."""

import csv
import io
import re
from collections.abc import Mapping
from typing import Any

from groundwork.tasks.contacts.imports.counts import ImportCounts

Contact = dict[str, Any]


def imported(
    content: str, contacts: Mapping[str, Contact], on_conflict: str
) -> tuple[dict[str, Contact], ImportCounts]:
    """The contacts after the import of a file with the columns email, city, tags and Plan, and its counts."""
    after = {email: dict(contact) for email, contact in contacts.items()}
    seen: set[str] = set()
    counts = ImportCounts()
    for email, city, tags, plan in list(csv.reader(io.StringIO(content, newline="")))[1:]:
        email = email.strip().lower()
        if not re.fullmatch(r"\w+@\w+\.\w+", email):
            counts += ImportCounts(rows=1, rejected=1, reasons={"invalid_email" if email else "missing_email": 1})
            continue
        is_old = email in contacts
        skips = is_old and on_conflict == "skip"
        outcome = "duplicates" if email in seen else "skipped" if skips else "updated" if is_old else "inserted"
        counts += ImportCounts(rows=1, **{outcome: 1})
        seen.add(email)
        if not skips:
            contact = after.setdefault(email, {"city": None, "tags": [], "custom": {}})
            contact["city"] = city or contact["city"]
            contact["tags"] += [tag for tag in dict.fromkeys(tags.split(";")) if tag and tag not in contact["tags"]]
            contact["custom"] |= {"Plan": plan} if plan else {}
    return after, counts
