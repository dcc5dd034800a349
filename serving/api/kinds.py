"""What this installation measures and reports: GET /v1/kinds."""

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

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

    id: str | None = Field(description="in Indonesian")
    en: str | None = Field(description="in English")


class KindOut(BaseModel):
    """A quantity or an event kind; `unit` and `summed` are null for an event."""

    model_config = ConfigDict(json_schema_extra={"examples": [_EXAMPLE]})

    kind: str = Field(description="its name, such as traffic.flow")
    what: str = Field(description="quantity or event")
    title: Both = Field(description="as people call it")
    unit: Both | None = Field(description="what it is counted in; null for an event")
    theme: str = Field(description="crowd, traffic, tourism, cleanliness, flood, health or safety")
    summed: str | None = Field(description="sum, mean, peak or share; null for an event")
    additive: bool | None = Field(description="whether areas may be added; null for an event")
    forecast: bool | None = Field(description="whether it is forecast")
    state: str = Field(description="stable or experimental")


class KindsOut(BaseModel):
    """Kinds in the order of their names."""

    items: list[KindOut] = Field(description="one for each kind")


@router.get("/v1/kinds")
def kinds(city: TheCity) -> KindsOut:
    """Every quantity and event kind, by name."""
    return KindsOut(items=[KindOut.model_validate(row) for _, row in sorted(city.kinds.items())])
