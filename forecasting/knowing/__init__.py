"""What is known: series with their calendar, and the usual."""
