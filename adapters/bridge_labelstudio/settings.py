"""What the adapter has to know; the keys of ``[platform]`` in ``bridge.toml``."""

from __future__ import annotations

from pydantic import ConfigDict, Field, SecretStr, field_validator

from bridge.limits import WireSettings

__all__ = ["LabelStudioSettings"]


class LabelStudioSettings(WireSettings):
    """Settings of one Label Studio project."""

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str = Field(description="Address of Label Studio, such as https://labels.example.com")
    api_key: SecretStr = Field(
        description="Personal access token, or legacy token (Account & Settings)"
    )
    project: int = Field(ge=1, description="Number of the project, as in its address")
    question: str | None = Field(
        default=None,
        description="Name of the control to learn, as in the labeling interface"
        " (empty: the only one there is)",
    )
    key_field: str = Field(
        default="bridge_key",
        min_length=1,
        description="Field of the tasks' data that identifies an item;"
        " a task without it is 'task-' and its number",
    )
    text_field: str | None = Field(
        default=None,
        description="Field of the tasks' data that has the text or the image's address"
        " (empty: the one that the labeling interface shows)",
    )
    pre_annotate: bool = Field(default=True, description="Show predictions to the annotators?")
    version_prefix: str = Field(
        default="bridge",
        pattern=r"^[A-Za-z0-9_.]{1,40}$",
        description="Prefix of the model versions that Bridge makes, and cleans up, in the project",
    )
    keep_versions_hours: float = Field(
        default=24.0,
        ge=1.0,
        description="How long former model versions are kept, hours: an annotator cannot submit a"
        " task that was opened with a prediction that was deleted since",
    )
    versions_deleted: int = Field(
        default=2, ge=0, description="Former model versions to delete in one push, at most"
    )
    overlap_minutes: float = Field(
        default=10.0, ge=0, description="How far a pull reaches back behind the last one, minutes"
    )
    page_tasks: int = Field(default=200, ge=1, le=10_000, description="Tasks in one page of a pull")
    read_timeout_s: float = Field(
        default=120.0,
        gt=0,
        description="Seconds to wait for an answer to begin, and then for its next byte",
    )
    import_timeout_s: float = Field(
        default=600.0, gt=0, description="Seconds to wait for an import or a deletion"
    )
    settle_s: float = Field(
        default=60.0,
        ge=0,
        description="Seconds to look for the result of an import whose answer was lost",
    )

    @field_validator("url")
    @classmethod
    def _address(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")) or "?" in value:
            raise ValueError("the address must start with http(s):// and have no query")
        return value.rstrip("/")

    @field_validator("question", "text_field")
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        return value or None
