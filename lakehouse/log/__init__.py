"""A table's files and its log: what a commit is made of, and how it is read back."""
