"""What a provider tells or hands over, on its way to readings."""
