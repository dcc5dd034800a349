"""What this installation measures and reports: GET /v1/kinds."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict

from serving.api.manners.city import TheCity

router = APIRouter()

_EXAMPLE: dict[str, Any] = {
    "kind": "traffic.flow",
    "what": "quantity",
    "title": {"id": "Arus kendaraan", "en": "Vehicle flow"},
    "unit": {"id": "kendaraan", "en": "vehicles"},
    "theme": "traffic",
    "summed": "sum",
    "additive": True,
    "forecast": True,
    "state": "stable",
}


class Both(BaseModel):
    """A text in Indonesian and in English."""

    id: str | None
    en: str | None


class KindOut(BaseModel):
    """A quantity or an event kind; `unit` and `summed` are null for an event."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    kind: str
    what: str
    title: Both
    unit: Both | None
    theme: str
    summed: str | None
    additive: bool | None
    forecast: bool | None
    state: str


class KindsOut(BaseModel):
    """Kinds in the order of their names."""

    items: list[KindOut]


@router.get("/v1/kinds")
def kinds(city: TheCity) -> KindsOut:
    """Every quantity and event kind, by name."""
    return KindsOut(items=[KindOut.model_validate(row) for _, row in sorted(city.kinds.items())])
