"""What we know of contacts goes to their CRM, and what was changed there comes back."""
