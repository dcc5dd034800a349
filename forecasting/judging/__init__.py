"""How well models do: rehearsals, the choice among them, and their intervals."""
