"""A city with a known truth: its cameras, what happens in front of them, months of history."""

from lakehouse.synthetic.city import City
from lakehouse.synthetic.incidents import Incident
from lakehouse.synthetic.layout import Band, Lane, Layout
from lakehouse.synthetic.observed import Light, Observed
from lakehouse.synthetic.things import Moment, Thing

__all__ = ["Band", "City", "Incident", "Lane", "Layout", "Light", "Moment", "Observed", "Thing"]
