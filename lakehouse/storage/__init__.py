"""Files and leases, on a disk and on S3."""
