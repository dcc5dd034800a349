"""Keeping a lake in order: better files, what is too old, what is to be forgotten."""
