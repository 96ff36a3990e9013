"""What the adapter has to know; the keys of ``[platform]`` in ``bridge.toml``."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, ConfigDict, Field, SecretStr, field_validator

from bridge.limits import RowSettings, WireSettings

__all__ = ["Counting", "LabelboxSettings"]

Counting = Literal["all", "not-rejected", "reviewed"]

_INT32 = 2**31


def _listed(value: Any) -> Any:
    """Accept ``"a, b"`` for ``["a", "b"]``, as people type it."""
    if isinstance(value, str):
        return tuple(part.strip() for part in value.split(",") if part.strip())
    return value


class LabelboxSettings(RowSettings, WireSettings):
    """Settings of one Labelbox project."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", hide_input_in_errors=True, str_strip_whitespace=True
    )

    api_key: SecretStr = Field(description="Labelbox API key (Workspace settings, API)")
    project: str = Field(min_length=1, description="Id of the Labelbox project")
    datasets: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        min_length=1, description="Ids of the datasets that make up the pool, separated by commas"
    )
    question: str | None = Field(
        default=None,
        description="Name of the classification to learn, or 'named-entity' or 'rectangle' for"
        " the tools of that kind (empty: the only one there is)",
    )
    endpoint: str = Field(
        default="https://api.labelbox.com/graphql",
        description="Address of the GraphQL service",
    )
    labels: Counting = Field(
        default="not-rejected",
        description="Which labels count: 'all' that were submitted; 'not-rejected' leaves out"
        " those that a reviewer sent back to rework; 'reviewed' takes only rows whose workflow is"
        " done",
    )
    benchmarks: bool = Field(
        default=True, description="Do benchmark labels outrank the other labels of their row?"
    )
    pre_annotate: bool = Field(default=True, description="Show predictions to the annotators?")
    metadata: bool = Field(
        default=False,
        description="Write uncertainty and model version to the queued rows, as custom metadata?"
        " (takes two of the account's metadata fields)",
    )
    metadata_uncertainty: str = Field(
        default="bridge_uncertainty",
        min_length=1,
        description="Name of the number field for the uncertainty (0 to 1)",
    )
    metadata_model: str = Field(
        default="bridge_model",
        min_length=1,
        description="Name of the string field for the model version",
    )
    urls_are_text: bool = Field(
        default=False,
        description="Is an address the text itself? (False: rows whose text lies elsewhere are"
        " reported and left out; nothing is ever fetched)",
    )
    batch_prefix: str = Field(
        default="bridge", pattern=r"^[A-Za-z0-9_.-]{1,40}$", description="Prefix of batch names"
    )
    priority_base: int = Field(
        default=-1_000_000,
        ge=-_INT32,
        le=_INT32 - 1_000_001,
        description="Priority of rank 0; lower is asked earlier, and Labelbox's own default is 5",
    )
    overlap_minutes: float = Field(
        default=10.0, ge=0, description="How far a pull reaches back behind the last one, minutes"
    )
    page_rows: int = Field(default=1000, ge=1, le=10_000, description="Rows in one page of a pull")
    batch_timeout_s: float = Field(
        default=180.0, gt=0, description="Seconds to wait for the answer of a batch call"
    )
    poll_interval_s: float = Field(
        default=2.0, gt=0, description="Longest pause between two looks at a running task, seconds"
    )
    task_timeout_s: float = Field(
        default=3600.0, gt=0, description="Seconds to wait for an export or an import"
    )
    processing_timeout_s: float = Field(
        default=120.0, ge=0, description="Seconds to wait for new rows to be processed"
    )

    file_hosts: Annotated[tuple[str, ...], BeforeValidator(_listed)] = Field(
        default=(),
        description="Hosts of Labelbox's files that lie in a private network or have no TLS,"
        " separated by commas; from elsewhere files come by https, and from public addresses only",
    )
    largest_export_gb: float = Field(
        default=200.0, gt=0, description="Largest export that is begun to be read, gigabytes"
    )

    @field_validator("endpoint")
    @classmethod
    def _graphql(cls, value: str) -> str:
        if not value.startswith(("https://", "http://")) or not value.endswith("/graphql"):
            raise ValueError("the address must start with http(s):// and end with /graphql")
        return value

    @field_validator("question")
    @classmethod
    def _named(cls, value: str | None) -> str | None:
        return value or None
