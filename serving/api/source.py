"""The source of what runs here, as the licence asks: GET /source."""

import tempfile
import zipfile
from functools import cache
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse

router = APIRouter(include_in_schema=False)
ROOMS = ("lakehouse", "serving", "batch", "forecasting")
_HOUSE = Path(__file__).parents[2]
_BESIDE = ("README.md", "LICENSE", "CHANGELOG.md", "Makefile", "pyproject.toml", "cluster.yaml")


@cache
def archive() -> Path:
    """A zip file of the running source, made once in the life of the process."""
    inside = [path for room in ROOMS for path in sorted((_HOUSE / room).rglob("*")) if path.is_file()]
    beside = [_HOUSE / name for name in _BESIDE if (_HOUSE / name).is_file()]
    with tempfile.NamedTemporaryFile(prefix="matakota-", suffix=".zip", delete=False) as file:
        with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
            for path in beside + [path for path in inside if "__pycache__" not in path.parts]:
                zipped.write(path, path.relative_to(_HOUSE))
        return Path(file.name)


@router.get("/source")
def source() -> FileResponse:
    """The source code of this very installation."""
    return FileResponse(archive(), media_type="application/zip", filename="matakota.zip")
