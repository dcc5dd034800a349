"""The page and what it is made of: GET / and /web/*."""

import os
from pathlib import Path

from fastapi import APIRouter
from fastapi.responses import FileResponse
from starlette.staticfiles import StaticFiles

from serving.api.manners.published import HOUSE, published

WEB = HOUSE / "serving" / "web"
router = APIRouter(include_in_schema=False)


class Packaged(StaticFiles):
    """The files of the page, and not what else lies in their folder."""

    def lookup_path(self, path: str) -> tuple[str, os.stat_result | None]:
        """The file that an address means, where it is one of ours."""
        found, status = super().lookup_path(path)
        ours = status is not None and Path(found).relative_to(HOUSE.resolve()) in published()
        return (found, status) if ours else ("", None)


files = Packaged(directory=WEB)


@router.get("/")
def page() -> FileResponse:
    """The situation room."""
    return FileResponse(WEB / "index.html", headers={"Cache-Control": "no-cache"})
