"""What the tables of the nurture application have in common."""

from sqlalchemy import DateTime

SCHEMA = "nurture"
TIMESTAMP = DateTime(timezone=True)
CATEGORIES = ("landlord", "vendor", "buyer", "tenant", "investor", "applicant")
"""What a contact may be to an agency."""
ENGAGEMENTS = ("open", "click", "reply", "site-visit", "valuation-request")
"""What a contact may do that tells of interest."""
