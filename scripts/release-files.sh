#!/usr/bin/env bash
# Makes the files of a release in a directory: the package, lists of what is in it (CycloneDX and SPDX), and checksums.
# The lists name what npm installs with the package; the same packages are what the bundles in it are made of.
set -euo pipefail
cd "$(dirname "$0")/.."
directory=${1:?usage: release-files.sh <directory>}
mkdir -p "$directory"

version=$(node -p 'require("./package.json").version')
if [ -n "${GITHUB_REF_NAME:-}" ] && [ "$GITHUB_REF_NAME" != "v$version" ]; then
  echo "The tag is $GITHUB_REF_NAME, and package.json says $version" >&2
  exit 1
fi

npm pack --silent --pack-destination "$directory"
npm sbom --omit dev --package-lock-only --sbom-format cyclonedx --sbom-type application >"$directory/kserve-env-$version.cdx.json"
npm sbom --omit dev --package-lock-only --sbom-format spdx --sbom-type application >"$directory/kserve-env-$version.spdx.json"
(cd "$directory" && sha256sum -- kserve-env-* >SHA256SUMS)
