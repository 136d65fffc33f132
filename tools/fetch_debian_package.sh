#!/usr/bin/env bash
# Unpacks a Debian package into a folder, without root and without touching the system:
#
#   tools/fetch_debian_package.sh libgtest-dev .deps/libgtest-dev
set -euo pipefail

package=$1
folder=$2

give_up() {
  echo "cannot fetch $package: $1. Install it: apt-get install $package" >&2
  exit 1
}

for tool in apt-get dpkg-deb; do
  command -v "$tool" >/dev/null || give_up "$tool is missing"
done

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work/lists/partial" "$work/archives/partial"
options=(-qq -o "Dir::State::Lists=$work/lists" -o "Dir::Cache=$work" -o "Debug::NoLocking=1")
# apt drops to a user of its own when root runs it, and that user may not write here.
options+=(-o "APT::Sandbox::User=$(id -un)")

echo "fetching $package into $folder"
(cd "$work" && apt-get "${options[@]}" update && apt-get "${options[@]}" download "$package") || give_up "apt-get failed"
mkdir -p "$folder"
dpkg-deb -x "$work/$package"_*.deb "$folder"
