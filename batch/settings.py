"""What the batch jobs read from the environment, once, at their door."""

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from batch.compact import SHARD_BYTES
from batch.executor import Executor


class Settings(BaseSettings):
    """Every setting is an option of a command, or a variable that begins with MATAKOTA_."""

    model_config = SettingsConfigDict(env_prefix="MATAKOTA_", frozen=True)

    lake: Path = Path("lake")
    executor: Executor = Field(default_factory=Executor.default)
    shard_bytes: int = Field(default=SHARD_BYTES, gt=0, description="segments that become one data file")
