"""One file per engine that finds people and vehicles in a picture."""
