"""The city itself: its areas, its cameras, its calendar and its feasts."""
