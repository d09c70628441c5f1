"""What looks after Groundwork itself."""
