#!/usr/bin/env bash
# Installs what INPUT_INSTALL names, or else the repository that this action stands in.
set -euo pipefail

requirement=${INPUT_INSTALL:-}
if [[ -z $requirement ]]; then
  requirement=$(cd "$GITHUB_ACTION_PATH/../../.." && pwd)
  if ! grep -qs '^name = "reconciler"$' "$requirement/pyproject.toml"; then
    echo "::error title=reconciler::this action was copied away from its repository: say with the input \"install\" what pip is to install"
    exit 1
  fi
fi
python -m pip install --quiet --disable-pip-version-check "$requirement"
