"""What the batch jobs read from the environment, once, at their door."""

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from batch.compacting.shards import SHARD_BYTES
from batch.executor import Executor
from lakehouse.settings import COVERAGE_FLOOR


class Settings(BaseSettings):
    """Each setting has its unit in its name; the environment variable is MATAKOTA_ and its name."""

    model_config = SettingsConfigDict(env_prefix="MATAKOTA_", frozen=True, extra="ignore")

    lake: str = Field(default="demo-lake", description="the lake's folder")
    executor: Executor = Field(default_factory=Executor.default, description="where jobs run")
    coverage_floor: float = Field(
        default=COVERAGE_FLOOR, ge=0, le=1, description="what was seen less than this share of is unknown"
    )
    shard_bytes: int = Field(default=SHARD_BYTES, gt=0, description="segments that become one data file")
