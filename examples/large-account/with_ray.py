"""
Apply a large account on a Ray cluster, each shard as a task.

`pip install ray`, then:

    python with_ray.py auto 8 reconciler -e production --state s3://our-bucket/production apply --yes
"""

import subprocess
import sys

import ray

AGAIN, ATTEMPTS = (3, 143), 5
"""The exit codes of an apply that is incomplete or was asked to stop: the next attempt goes on where it ended."""


@ray.remote(max_retries=3)
def apply(shard: str, command: tuple[str, ...]) -> tuple[str, int, str]:
    """Run one shard to its end, on another worker where one is lost; its plan and receipt go to the worker's log."""
    done = subprocess.run([*command, "--shard", shard], stderr=subprocess.PIPE, text=True, check=False)
    return shard, done.returncode, done.stderr


def main(address: str, count: str, *command: str) -> None:
    """Run all shards on the cluster at an address, `auto` for the one of this machine."""
    attempts = {f"{index}/{count}": 1 for index in range(int(count))}
    ray.init(address)
    tasks = [apply.remote(shard, command) for shard in attempts]
    while tasks:
        (ended,), tasks = ray.wait(tasks)
        shard, code, said = ray.get(ended)
        if code in AGAIN and attempts[shard] < ATTEMPTS:
            attempts[shard] += 1
            tasks.append(apply.remote(shard, command))
        elif code:
            sys.exit(f"shard {shard} ended with {code} after attempt {attempts[shard]}:\n{said.rstrip()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
