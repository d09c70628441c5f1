"""What the jobs of the contacts application do."""
