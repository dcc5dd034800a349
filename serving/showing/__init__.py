"""What a lake knows of its last minutes, for a person: in words, and as a picture of zones and counts."""
