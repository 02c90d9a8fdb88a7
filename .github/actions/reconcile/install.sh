#!/usr/bin/env bash
# Installs what INPUT_INSTALL names, or else the repository that this action stands in, with what it was tested with.
set -euo pipefail

install=("${INPUT_INSTALL:-}")
if [[ -z ${INPUT_INSTALL:-} ]]; then
  root=$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)
  if ! grep -qs '^name = "reconciler"$' "$root/pyproject.toml"; then
    echo "::error title=reconciler::this action was copied away from its repository: say with the input \"install\" what pip is to install"
    exit 1
  fi
  install=(--constraint "$root/.github/constraints.txt" "$root")
fi
python -m pip install --quiet --disable-pip-version-check "${install[@]}"
