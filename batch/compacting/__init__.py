"""What landed goes into the tables."""
