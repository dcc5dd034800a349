"""One clock: time is read in `lakehouse.clock`, on the page in `clock.js`, and nowhere else, by no test."""

import ast
import re
from pathlib import Path

import pytest

HOUSE = Path(__file__).parents[2]
PLACES = ("lakehouse", "serving", "batch", "forecasting", "docs", "tests", ".ci")
PYTHON = sorted(path for place in PLACES for path in (HOUSE / place).rglob("*.py"))
WEB = HOUSE / "serving" / "web"
PAGE = sorted([*WEB.glob("*.js"), *WEB.glob("elements/*.js")])

CLOCKS = {"lakehouse/clock.py": "it is the clock"}
"""Who may read the machine's time, and why."""

READINGS = {
    "datetime.now", "datetime.utcnow", "datetime.today", "date.today",
    "Timestamp.now", "Timestamp.utcnow", "Timestamp.today",
    "time.time", "time.time_ns", "time.clock_gettime", "time.clock_gettime_ns",
}  # fmt: skip
"""What tells the time, however it is called or handed on."""

OF_NOW = {"time.localtime": 0, "time.gmtime": 0, "time.ctime": 0, "time.asctime": 0, "time.strftime": 1}
"""What tells of now where it is given no more arguments than so many."""

BY_WORD = {"datetime64", "Timestamp", "to_datetime"}
"""What takes the words 'now' and 'today' for a time."""

JS_READING = re.compile(
    r"\bDate\.now\b|\bnew Date(?:\(\s*\)|(?!\s*\())|(?<!new )\bDate\(\s*\)|\btimeOrigin\b|\bTemporal\.Now\b"
)


def readings(source):
    """Where Python code asks what time it is, as line and code."""
    tree = ast.parse(source)
    meant = dict(_imported(tree))
    found = [node for node in ast.walk(tree) if _reads(node, meant)]
    return [f"{node.lineno}: {ast.unparse(node)}" for node in found]


def _imported(tree):
    """What a module's own names stand for, such as `when` for `datetime.datetime`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((name.asname, name.name) for name in node.names if name.asname)
        if isinstance(node, ast.ImportFrom):
            yield from ((name.asname or name.name, f"{node.module}.{name.name}") for name in node.names)


def _named(node, meant):
    """The two last parts of what an expression stands for, such as `Timestamp.now`."""
    if isinstance(node, ast.Attribute):
        whole = f"{_named(node.value, meant)}.{node.attr}"
    else:
        whole = meant.get(node.id, node.id) if isinstance(node, ast.Name) else ""
    return ".".join(whole.split(".")[-2:])


def _reads(node, meant):
    """Whether a node asks what time it is."""
    if isinstance(node, ast.Attribute | ast.Name):
        return _named(node, meant) in READINGS
    if not isinstance(node, ast.Call):
        return False
    name = _named(node.func, meant)
    words = {one.value for one in node.args if isinstance(one, ast.Constant)}
    by_word = name.rpartition(".")[2] in BY_WORD and bool(words & {"now", "today"})
    return by_word or len(node.args) <= OF_NOW.get(name, -1)


def test_no_python_reads_another_clock():
    """Every module and every test is told the time, or asks `lakehouse.clock`."""
    sources = {str(path.relative_to(HOUSE)): path.read_text() for path in PYTHON}
    found = {path: readings(source) for path, source in sources.items() if path not in CLOCKS}
    assert {path: lines for path, lines in found.items() if lines} == {}


def test_no_script_of_the_page_reads_another_clock():
    """Every module of the page takes the time from `clock.js`."""
    others = {path.name: path.read_text() for path in PAGE if path.name != "clock.js"}
    assert [name for name, source in others.items() if JS_READING.search(source)] == []


def test_the_clocks_are_there():
    """Whoever is allowed to read the time does so, or the permission is gone."""
    assert all(readings((HOUSE / path).read_text()) for path in CLOCKS)
    assert JS_READING.search((WEB / "clock.js").read_text())


@pytest.mark.parametrize(
    "source",
    [
        "datetime.now(UTC)",
        "import datetime as dt\ndt.datetime.utcnow()",
        "from datetime import datetime as when\nwhen.now()",
        "field(default_factory=datetime.now)",
        "date.today()",
        "time.time()",
        "import time as t\nt.time_ns()",
        "from time import time\ntime()",
        "from time import time as tell\nfield(default_factory=tell)",
        "from time import gmtime\ngmtime()",
        "time.localtime()",
        "time.strftime('%Y')",
        "time.clock_gettime(time.CLOCK_REALTIME)",
        "pd.Timestamp.now('UTC')",
        "pandas.Timestamp.today()",
        "pd.to_datetime('today')",
        "np.datetime64('now')",
        "pd.Timestamp('now')",
    ],
)
def test_each_way_to_read_the_time_is_found(source):
    """However a module names it, called or handed on, the reading is found."""
    assert len(readings(source)) == 1


@pytest.mark.parametrize(
    "source",
    [
        "lake.now()",
        "clock.now()",
        "time.monotonic()",
        "time.process_time()",
        "from datetime import time\ntime()",
        "datetime.combine(day, time())",
        "time.strftime('%Y', then)",
        "time.gmtime(0)",
        "np.datetime64('2026-11-23')",
        "self.time()",
    ],
)
def test_what_is_no_reading_is_left_alone(source):
    """Somebody's own clock, a duration, midnight and a time that was given are no readings."""
    assert readings(source) == []


@pytest.mark.parametrize("source", ["Date.now()", "new Date()", "new Date", "Date()", "{ at: Date.now }"])
def test_each_way_of_a_page_is_found(source):
    """With and without `new`, called or handed on."""
    assert JS_READING.search(source)


@pytest.mark.parametrize("source", ["new Date(at)", "toDate(at)", "hourOf(new Date( row.hour ))"])
def test_a_date_of_a_time_that_is_known_is_left_alone(source):
    """A Date made from a given time tells no time of its own."""
    assert not JS_READING.search(source)
