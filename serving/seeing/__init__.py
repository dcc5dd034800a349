"""From a picture to boxes."""
