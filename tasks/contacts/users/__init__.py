"""Steps that work on users."""
