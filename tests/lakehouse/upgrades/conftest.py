"""The next release stands beside the tests, to be imported by them and to be run as a program."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
