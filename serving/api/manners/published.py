"""What of this installation is anybody's to read: its packaged files, and not what else lies beside them."""

import tomllib
from collections.abc import Iterator
from functools import cache
from importlib.metadata import files
from pathlib import Path

ROOMS = ("lakehouse", "serving", "batch", "forecasting")
HOUSE = Path(__file__).parents[3]
_BESIDE = ("README.md", "LICENSE", "CHANGELOG.md", "Makefile", "pyproject.toml", "cluster.yaml")


@cache
def published(house: Path = HOUSE) -> frozenset[Path]:
    """The packaged files below `house`, as paths from there.

    In a folder with a pyproject.toml those are the modules of the packages and the package data that it
    declares; else what the installer wrote down.
    """
    found = _declared(house) if (house / "pyproject.toml").is_file() else _recorded()
    return frozenset(path for path in found if _is_ours(house, path))


def _declared(house: Path) -> Iterator[Path]:
    project = tomllib.loads((house / "pyproject.toml").read_text(encoding="utf-8"))
    data = project["tool"]["setuptools"]["package-data"]
    for room in ROOMS:
        inside = {path for pattern in ("**/*.py", *data[room]) for path in (house / room).glob(pattern)}
        yield from (path.relative_to(house) for path in inside)
    yield from map(Path, _BESIDE)


def _recorded() -> Iterator[Path]:
    yield from (Path(path) for path in files("matakota") or () if path.suffix != ".pyc")


def _is_ours(house: Path, path: Path) -> bool:
    """Whether it is a file that nobody hid, and that no link brought here; of modules, one of a package."""
    way = [house / path, *(house / above for above in path.parents if above != Path())]
    if ".." in path.parts or any(one.name.startswith(".") or one.is_symlink() for one in way):
        return False
    in_package = all((folder / "__init__.py").is_file() for folder in way[1:])
    return (house / path).is_file() and (path.suffix != ".py" or in_package)
