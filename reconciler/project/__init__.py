"""`reconciler.yaml` → Project and Environment: which specs, and which account they are for."""

from reconciler.project.file import (
    DEFAULT_SPECS,
    SANDBOX,
    EnvironmentFile,
    ExpectedAccountFile,
    GuardsFile,
    ProjectFile,
)
from reconciler.project.loading import FILE_NAME, Environment, KeyCommand, Project, load_project

__all__ = [
    "DEFAULT_SPECS",
    "FILE_NAME",
    "SANDBOX",
    "Environment",
    "EnvironmentFile",
    "ExpectedAccountFile",
    "GuardsFile",
    "KeyCommand",
    "Project",
    "ProjectFile",
    "load_project",
]
