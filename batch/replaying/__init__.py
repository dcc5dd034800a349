"""Analytics run again over what was stored."""
