"""The manifests in `examples/kubernetes`: valid by the schemas of Kubernetes, locked down, with flags that exist."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml

from reconciler.cli.main import group

FOLDER = Path(__file__).parents[2] / "examples/kubernetes"
FILES = sorted(FOLDER.glob("*.yaml"))
VERSIONS = ["1.29.0", "1.33.0"]


def manifests(path: Path) -> list[dict[str, Any]]:
    return list(yaml.safe_load_all(path.read_text(encoding="utf-8")))


def pod_of(path: Path) -> dict[str, Any]:
    workload = manifests(path)[0]["spec"]
    spec: dict[str, Any] = workload.get("jobTemplate", {"spec": workload})["spec"]["template"]["spec"]
    return spec


def containers(path: Path) -> Iterator[dict[str, Any]]:
    pod = pod_of(path)
    yield from (*pod["initContainers"], *pod["containers"])


def reconciler(path: Path) -> dict[str, Any]:
    return next(item for item in containers(path) if item["name"] == "reconciler")


def test_there_is_a_deployment_a_cron_job_and_a_job() -> None:
    assert [manifests(path)[0]["kind"] for path in FILES] == ["CronJob", "Job", "Deployment"]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_kubernetes_takes_every_manifest_and_knows_every_key(path: Path, version: str) -> None:
    for manifest in manifests(path):
        kubernetes_validate.validate(manifest, version, strict=True)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_nothing_runs_as_root_or_writes_outside_its_volumes(path: Path) -> None:
    pod = pod_of(path)

    assert pod["securityContext"]["runAsNonRoot"]
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert pod["automountServiceAccountToken"] is False
    for container in containers(path):
        assert container["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }
        assert set(container["resources"]) == {"requests", "limits"}
        assert not container["image"].endswith(":latest")


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_every_mount_has_its_volume_and_the_clone_can_only_be_read(path: Path) -> None:
    volumes = {volume["name"] for volume in pod_of(path)["volumes"]}

    assert all(mount["name"] in volumes for item in containers(path) for mount in item["volumeMounts"])
    assert next(mount for mount in reconciler(path)["volumeMounts"] if mount["name"] == "git")["readOnly"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_key_comes_from_a_secret(path: Path) -> None:
    (variable,) = reconciler(path)["env"]

    assert variable["name"] == "BLAND_API_KEY"
    assert set(variable["valueFrom"]) == {"secretKeyRef"}


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_command_line_is_one_that_the_program_understands(path: Path) -> None:
    name, *arguments = (text.replace("$(JOB_COMPLETION_INDEX)", "3") for text in reconciler(path)["args"])
    command = group.get_command(click.Context(group), name)
    assert command is not None

    with command.make_context(name, arguments) as context:
        assert context.args == []


def test_the_indexed_job_has_a_pod_for_each_shard() -> None:
    job = manifests(FOLDER / "indexed-job.yaml")[0]["spec"]

    assert (job["completionMode"], job["completions"]) == ("Indexed", 4)
    assert "--shard=$(JOB_COMPLETION_INDEX)/4" in reconciler(FOLDER / "indexed-job.yaml")["args"]


def test_the_probes_ask_the_port_that_the_watch_listens_on() -> None:
    container = reconciler(FOLDER / "watch.yaml")
    (port,) = container["ports"]

    assert f"--listen=0.0.0.0:{port['containerPort']}" in container["args"]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port["name"]}


def test_a_watch_is_replaced_and_never_doubled() -> None:
    deployment = manifests(FOLDER / "watch.yaml")[0]["spec"]

    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
