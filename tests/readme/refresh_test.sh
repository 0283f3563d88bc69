#!/usr/bin/env bash
# The check of the README is seen to fail: on a stale example, a missing one, and a sample that grew.
# What puts it right, and the guide, does so and touches nothing else.
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

mkdir -p "$dir/docs/examples"
page=$dir/docs/loans.md
printf '#include <a>\n  // [lend]\n  if (free) {\n\n    lend();\n  }\n  // [/lend]\n' >"$dir/docs/examples/loans.cpp"
printf '<!-- docs/examples/loans.cpp: lend -->\n```cpp\nstale\n```\nafter\n```sh\nls\n```\n' >"$page"
"${refresh}_guide" "$dir"
wanted=$'<!-- docs/examples/loans.cpp: lend -->\n```cpp\nif (free) {\n\n  lend();\n}\n```\nafter\n```sh\nls\n```'
[[ $(<"$page") == "$wanted" ]] || { echo "the guide is refreshed wrongly" >&2; exit 1; }
printf '<!-- docs/examples/loans.cpp: lent -->\n```cpp\n```\n' >"$page"
if "${refresh}_guide" "$dir" 2>/dev/null; then echo "a region that is not there was found" >&2; exit 1; fi
