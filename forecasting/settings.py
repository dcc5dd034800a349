"""What forecasting reads from the environment, once, at its door."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from forecasting.executor import Executor


class Settings(BaseSettings):
    """Every setting is an option of a command, or a variable that begins with MATAKOTA_."""

    model_config = SettingsConfigDict(env_prefix="MATAKOTA_", frozen=True, extra="ignore")

    lake: str = Field(default="demo-lake", description="the lake's folder, or s3://…")
    executor: Executor = Field(default_factory=Executor.default)
    prophets: int = Field(default=2, ge=0, description="areas of each kind that Prophet is asked for")
