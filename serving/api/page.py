"""The page and what it is made of: GET / and /web/*."""

from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

WEB = Path(__file__).parents[1] / "web"
router = APIRouter(include_in_schema=False)
files = StaticFiles(directory=WEB)


@router.get("/")
def page() -> FileResponse:
    """The situation room."""
    return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})
