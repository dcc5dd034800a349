"""The documents of the API, offline: GET /docs."""

import base64
import re
from hashlib import sha256
from html import escape

from fastapi import APIRouter, Request
from fastapi.openapi.docs import get_swagger_ui_html
from fastapi.responses import HTMLResponse

from serving.api.manners.headers import POLICY
from serving.api.manners.problems import explanations

router = APIRouter(include_in_schema=False)
_VENDORED = "/web/vendor/swagger-ui-5.35.0"
_INLINE = re.compile(r"<script>(.*?)</script>", re.DOTALL)


def _allowed(page: str) -> str:
    """The policy source that lets exactly this page's own inline script run."""
    script = _INLINE.search(page)
    digest = sha256(script.group(1).encode() if script else b"").digest()
    return f"'sha256-{base64.b64encode(digest).decode()}'"


def _explained() -> str:
    """What each problem's `type` leads to: what it is, and how to go on."""
    explained = "".join(
        f'<section id="{one.slug}"><h3>{escape(one.title)} <small>{one.status}</small></h3>'
        f"<p>{escape(one.text)}</p></section>"
        for one in explanations()
    )
    return f'<main style="max-width: 60em; margin: auto"><h2>Problems</h2>{explained}</main>'


@router.get("/docs")
def docs(request: Request) -> HTMLResponse:
    """Swagger UI from this server's own copy."""
    page = get_swagger_ui_html(
        openapi_url=request.app.openapi_url,
        title=request.app.title,
        swagger_js_url=f"{_VENDORED}/swagger-ui-bundle.js",
        swagger_css_url=f"{_VENDORED}/swagger-ui.css",
        swagger_favicon_url="/web/favicon.svg",
    )
    text = bytes(page.body).decode().replace("</body>", f"{_explained()}</body>")
    policy = f"{POLICY}; script-src 'self' {_allowed(text)}"
    return HTMLResponse(text, headers={"Content-Security-Policy": policy})
