"""One file per analytic: what the city looks for."""
