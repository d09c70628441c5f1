"""HubSpot's names of what we know of a contact. Whoever needs only them does without HubSpot's client."""

from collections.abc import Mapping

NAMES: Mapping[str, str] = {
    "email": "email",
    "first_name": "firstname",
    "last_name": "lastname",
    "phone": "phone",
    "category": "nurture_category",
    "categorised_on": "nurture_categorised_on",
    "intent_score": "nurture_intent_score",
    "intent_band": "nurture_intent_band",
    "sequence": "nurture_sequence",
}
"""HubSpot's name of each of our fields. Those with ``nurture_`` are custom properties, which a portal may lack."""
