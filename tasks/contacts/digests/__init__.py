"""Steps that work on the weekly digest."""
