"""The settings of this room, from the environment (MATAKOTA_…); read once at its door and passed down."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

COVERAGE_FLOOR = 0.5
"""Of what was seen less than this share of is unknown."""


class Settings(BaseSettings):
    """Each setting has its unit in its name; the environment variable is its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MATAKOTA_", frozen=True, extra="ignore")

    lake: str = Field(default="demo-lake", description="the lake's folder, or s3://…")
    secrets: Path = Field(
        default=Path("~/.config/matakota/secrets.json"), description="the file of the cameras' passwords"
    )
    seed: int = Field(default=7, description="of the synthetic city")
    coverage_floor: float = Field(
        default=COVERAGE_FLOOR, ge=0, le=1, description="what was seen less than this share of is unknown"
    )
