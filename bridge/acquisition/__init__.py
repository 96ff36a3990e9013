"""Acquisition: what to ask next. Pure functions over arrays; items appear by their ids only."""

from bridge.acquisition.spec import AcquisitionSpec

__all__ = ["AcquisitionSpec"]
