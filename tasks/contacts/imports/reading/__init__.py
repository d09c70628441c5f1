"""Reading: the bytes of an upload become Arrow batches."""
