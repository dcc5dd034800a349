"""One camera's life: from its source to rows that have landed."""
