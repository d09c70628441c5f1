"""Steps of one name in two modules."""
