"""The built-in templates, and what makes mails of them."""
