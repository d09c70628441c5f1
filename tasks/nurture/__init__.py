"""Steps of the nurture application, over plain functions that a route handler may call too."""
