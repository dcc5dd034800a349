"""What the city knows: its tables, its areas and cameras, and what happened in front of them."""
