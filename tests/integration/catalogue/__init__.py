"""The catalogue in other forms."""
