"""The manifests in `examples`: valid by the schemas of Kubernetes, locked down, with flags that exist."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click
import kubernetes_validate  # type: ignore[import-untyped]  # it has no types
import pytest
import yaml
from packaging.version import Version

from reconciler.cli.main import group

FOLDER = Path(__file__).parents[2] / "examples/kubernetes"
JOB = FOLDER.with_name("large-account") / "job.yaml"
FILES = [*sorted(FOLDER.glob("*.yaml")), JOB]
VERSIONS = sorted(set(kubernetes_validate.utils.all_versions()), key=Version)[-3:]


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
    assert [manifests(path)[0]["kind"] for path in FILES] == ["CronJob", "Deployment", "Job"]


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
def test_every_mount_has_its_volume_and_a_clone_beside_which_state_is_kept_can_only_be_read(path: Path) -> None:
    volumes = {volume["name"] for volume in pod_of(path)["volumes"]}

    assert all(mount["name"] in volumes for item in containers(path) for mount in item["volumeMounts"])
    clone = next(mount for mount in reconciler(path)["volumeMounts"] if mount["name"] == "git")
    assert clone.get("readOnly", False) is (path != JOB)  # with its state in a bucket, copies are kept in the clone


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


def test_the_job_has_a_pod_for_each_shard_and_its_state_in_a_bucket() -> None:
    job = manifests(JOB)[0]["spec"]

    assert (job["completionMode"], pod_of(JOB)["restartPolicy"]) == ("Indexed", "Never")
    assert f"--shard=$(JOB_COMPLETION_INDEX)/{job['completions']}" in reconciler(JOB)["args"]
    assert [text for text in reconciler(JOB)["args"] if text.startswith("--state=s3://")] != []
    assert reconciler(JOB)["envFrom"] == [{"secretRef": {"name": "reconciler-state"}}]


def test_the_job_tells_by_the_exit_code_what_is_tried_again() -> None:
    """A pod that fails in its clone, with whatever code, is none of ours."""
    job = manifests(JOB)[0]["spec"]
    by_code = {
        code: rule["action"]
        for rule in job["podFailurePolicy"]["rules"]
        if "onExitCodes" in rule and rule["onExitCodes"]["containerName"] == "reconciler"
        for code in rule["onExitCodes"]["values"]
    }

    assert by_code == {70: "FailJob", 1: "FailIndex", 4: "FailIndex", 143: "Ignore", 3: "Count"}
    assert (job["backoffLimitPerIndex"], job["maxFailedIndexes"]) == (5, 2)


def test_the_probes_ask_the_port_that_the_watch_listens_on() -> None:
    container = reconciler(FOLDER / "watch.yaml")
    (port,) = container["ports"]

    assert f"--listen=0.0.0.0:{port['containerPort']}" in container["args"]
    assert container["livenessProbe"]["httpGet"] == {"path": "/healthz", "port": port["name"]}
    assert container["readinessProbe"]["httpGet"] == {"path": "/readyz", "port": port["name"]}


def test_a_watch_is_replaced_and_never_doubled() -> None:
    deployment = manifests(FOLDER / "watch.yaml")[0]["spec"]

    assert (deployment["replicas"], deployment["strategy"]) == (1, {"type": "Recreate"})
