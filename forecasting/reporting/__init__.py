"""Forecasts on paper and in a workbook."""
