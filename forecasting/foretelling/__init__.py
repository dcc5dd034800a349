"""From models to what is told: blended, coherent, with its reasons."""
