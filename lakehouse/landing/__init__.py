"""Where producers land what they saw, before the tables have it."""
