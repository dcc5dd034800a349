"""The lakes that the tests of the checks break are those that are mended here."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "checks"))

from test_checks import good, lake  # noqa: F401 - pytest finds the fixtures by their names
