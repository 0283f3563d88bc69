#!/usr/bin/env bash
# The check of the README is seen to fail: on a stale example, a missing one, and a sample that grew.
set -euo pipefail

refresh=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)/refresh
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
mkdir -p "$dir/samples/counter"
sample=$dir/samples/counter/counter.cpp
mark='<!-- cut from samples/counter/counter.cpp -->'

wants() { # wants pass|fail WHAT
  local got=pass
  "$refresh" --check "$dir" >/dev/null 2>&1 || got=fail
  [[ $got == "$1" ]] || { echo "wanted $1, got $got: $2" >&2; exit 1; }
}

printf 'int main() {\n}\n' >"$sample"
wants fail "no README"
printf 'before\n' >"$dir/README.md"
wants fail "README without the example"
printf 'before\n%s\n```cpp\nint main() {\n}\n```\nafter\n' "$mark" >"$dir/README.md"
wants pass "the example as it is"
printf 'int main() {\n  return 1;\n}\n' >"$sample"
wants fail "a stale example"
"$refresh" "$dir"
wants pass "a refreshed example"
[[ $(tail -n 1 "$dir/README.md") == after ]] || { echo "text behind the example was lost" >&2; exit 1; }
printf '// cut here\nint a;\n// cut here\nint b;\n' >"$sample"
"$refresh" "$dir"
[[ $(sed -n 4,5p "$dir/README.md") == $'int a;\n```' ]] || { echo "the cut is wrong" >&2; exit 1; }
yes '// more' | head -n 81 >"$sample" || true
"$refresh" "$dir" 2>/dev/null || true
wants fail "81 lines"
