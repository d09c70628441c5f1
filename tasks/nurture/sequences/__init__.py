"""Sequences: three mails to a contact, written, checked, stored, and sent on their days."""
