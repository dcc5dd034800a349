"""One file per kind of source that yields frames."""
