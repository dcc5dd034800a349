"""Next: what will happen in each area."""
