"""Apple Health: a person's ``export.zip``, read as a stream that neither a zip bomb nor its XML can flood."""
