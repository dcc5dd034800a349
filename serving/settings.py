"""The settings of this room, from the environment (MATAKOTA_…); read once at its doors and passed down."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """Each setting has its unit in its name; the environment variable is its name in capitals."""

    model_config = SettingsConfigDict(env_prefix="MATAKOTA_", frozen=True, extra="ignore")

    lake: str = Field(default="demo-lake", description="the lake's folder, or s3://…")
    stale_after_s: float = Field(default=60.0, gt=0, description="data older than this is called stale")
    seen_within_s: float = Field(default=60.0, gt=0, description="a camera looked at within this is seen")
    source_url: str = Field(default="/source", description="where people find the source of what runs here")
