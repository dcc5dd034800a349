"""Forecasts that are published, and what was unusual against them."""
