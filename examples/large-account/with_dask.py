"""
Apply a large account on a Dask cluster, each shard as a task.

`pip install distributed`, then:

    python with_dask.py tcp://scheduler:8786 8 reconciler -e production --state s3://our-bucket/production apply --yes
"""

import subprocess
import sys

from distributed import Client, as_completed

AGAIN, ATTEMPTS = (3, 143), 5
"""The exit codes of an apply that is incomplete or was asked to stop: the next attempt goes on where it ended."""


def apply(shard: str, command: tuple[str, ...]) -> tuple[str, int, str]:
    """Run one shard to its end; its plan and receipt go to the log of the worker."""
    done = subprocess.run([*command, "--shard", shard], stderr=subprocess.PIPE, text=True, check=False)
    return shard, done.returncode, done.stderr


def main(scheduler: str, count: str, *command: str) -> None:
    """Run all shards; where a worker is lost, Dask runs its shard on another one."""
    attempts = {f"{index}/{count}": 1 for index in range(int(count))}
    with Client(scheduler) as client:
        tasks = as_completed(
            (client.submit(apply, shard, command, pure=False) for shard in attempts), with_results=True
        )
        for _, (shard, code, said) in tasks:
            if code in AGAIN and attempts[shard] < ATTEMPTS:
                attempts[shard] += 1
                tasks.add(client.submit(apply, shard, command, pure=False))
            elif code:
                sys.exit(f"shard {shard} ended with {code} after attempt {attempts[shard]}:\n{said.rstrip()}")


if __name__ == "__main__":
    main(*sys.argv[1:])
