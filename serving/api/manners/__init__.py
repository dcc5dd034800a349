"""How every answer of the API is given."""
