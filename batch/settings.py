"""What the batch jobs read from the environment, once, at their door."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from batch.compact import SHARD_BYTES
from batch.executor import Executor


class Settings(BaseSettings):
    """Each setting has its unit in its name; the environment variable is MATAKOTA_ and its name."""

    model_config = SettingsConfigDict(env_prefix="MATAKOTA_", frozen=True, extra="ignore")

    lake: str = Field(default="demo-lake", description="the lake's folder")
    executor: Executor = Field(default_factory=Executor.default, description="where jobs run")
    shard_bytes: int = Field(default=SHARD_BYTES, gt=0, description="segments that become one data file")
