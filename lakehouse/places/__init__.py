"""Where a lake lies: a folder or a bucket, and the addresses and secrets of what is outside."""
