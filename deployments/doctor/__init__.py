"""``groundwork doctor``: what an installation lacks, and what to do about it. Asks, and changes nothing but blobs and
keys of its own, which it deletes again."""
