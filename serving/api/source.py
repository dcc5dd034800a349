"""The source of what runs here, as the licence asks: GET /source."""

import io
import zipfile
from functools import cache
from threading import Lock

from fastapi import APIRouter, Response

from serving.api.manners.published import HOUSE, published

router = APIRouter(include_in_schema=False)
_making = Lock()


@cache
def _made() -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as zipped:
        for path in sorted(published()):
            zipped.write(HOUSE / path, path)
    return file.getvalue()


def archive() -> bytes:
    """A zip file of the running source, made once in the life of the process and left nowhere."""
    with _making:
        return _made()


@router.get("/source")
def source() -> Response:
    """The source code of this very installation."""
    headers = {"Content-Disposition": 'attachment; filename="matakota.zip"'}
    return Response(archive(), media_type="application/zip", headers=headers)
