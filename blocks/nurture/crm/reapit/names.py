"""Reapit's names of what we know of a contact."""

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "email": "email",
    "first_name": "forename",
    "last_name": "surname",
    "phone": "mobilePhone",
    "category": "metadata.nurtureCategory",
    "categorised_on": "metadata.nurtureCategorisedOn",
    "intent_score": "metadata.nurtureIntentScore",
    "intent_band": "metadata.nurtureIntentBand",
    "sequence": "metadata.nurtureSequence",
}
"""Reapit's name of each of our fields. Its contacts have no fields for ours; they stand in the metadata, which each app
has for itself."""
METADATA = "metadata."
