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
    hosts: str = Field(
        default="",
        description="names of the API beside localhost, commas between them; .x.id takes in all below x.id",
    )
    head_within_s: float = Field(
        default=10.0, gt=0, description="a request's head arrives within this; not behind Serve's own proxy"
    )
    body_within_s: float = Field(default=30.0, gt=0, description="a request's body arrives whole within this")
    body_bytes: int = Field(
        default=16 * 2**20, gt=0, description="a request's body has at most so many bytes"
    )
    idle_within_s: int = Field(default=5, gt=0, description="an idle connection is closed after this")
    answer_rows: int = Field(default=100_000, gt=0, description="an answer has at most so many rows")
    pictures_at_once: int = Field(
        default=2, gt=0, description="pictures decoded and looked into at once; each takes up to 0.5 GB"
    )
    pictures_waiting: int = Field(
        default=8, ge=0, description="pictures that wait for their turn; more are sent away with 503"
    )
    readings_at_once: int = Field(
        default=4, gt=0, description="hours, forecasts, events and the unusual read from the tables at once"
    )
    readings_waiting: int = Field(
        default=200, ge=0, description="such questions that wait for their turn; more get 503"
    )
    listeners: int = Field(default=500, gt=0, description="listeners of live events at once; more get 503")
    news_a_listener: int = Field(
        default=1000, gt=0, description="events kept for a slow listener; behind more it has to come back"
    )

    @property
    def allowed_hosts(self) -> tuple[str, ...]:
        """The names of `hosts`."""
        return tuple(name.strip() for name in self.hosts.split(",") if name.strip())
