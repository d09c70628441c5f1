"""Steps of the fitness application, over plain functions that a route handler may call too."""
