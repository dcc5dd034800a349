"""Later: Ray Data jobs over the tables."""
