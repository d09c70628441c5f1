"""Members, as far as the scores and risks need them."""
