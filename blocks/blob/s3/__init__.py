"""Blobs as objects of an S3 bucket, through s3fs."""
