"""The doors that API clients knock on."""
