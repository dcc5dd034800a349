"""Adding up: from measures and looks to camera minutes and area hours."""
