"""Teaching and shipping a detector."""
