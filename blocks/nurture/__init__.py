"""What the jobs of the nurture application talk to."""
