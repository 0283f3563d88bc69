#!/usr/bin/env bash
# headers_hide_engines.sh COMPILER SOURCE [FLAGS...]
# Fails when SOURCE includes, directly or not, a header of CAF, LevelDB, LZ4, xxHash, SQLite or KJ's event loop.
set -euo pipefail
compiler=$1 source=$2
shift 2
included=$("$compiler" -std=c++20 -M "$source" "$@" | tr -s ' \\' '\n\n')
# A check that sees nothing would always pass.
grep -q '/fasti/runtime\.hpp$' <<<"$included" ||
  { echo "the compiler's list of headers does not hold fasti/runtime.hpp" >&2; exit 1; }
# Our own headers are left out: the repository may have been cloned into a folder called caf.
found=$(grep -v '/runtime/include/fasti/' <<<"$included" | grep -E '/(caf|leveldb|kj/compat)/|/(lz4|xxhash|sqlite3|kj/(async|timer)[^/]*)\.h$' || true)
[[ -z $found ]] || { printf 'pulled in by the public headers:\n%s\n' "$found" >&2; exit 1; }
