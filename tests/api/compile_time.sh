#!/usr/bin/env bash
# compile_time.sh RATIO_PERCENT COMPILER SOURCE [FLAGS...]
# What SOURCE costs a compiler, in CPU time, against a file with the std headers that such a user's file
# has anyway, in the same run: a busy machine slows both alike. The best of several runs counts.
set -euo pipefail
limit_percent=$1 compiler=$2 source=$3
shift 3
TIMEFORMAT='%U %S'

once() { # once SOURCE [FLAGS...]: milliseconds
  { time "$compiler" -std=c++20 -c -o /dev/null "$@" 1>&2; } 2>&1 | tail -n 1 |
    awk '{ printf "%d", ($1 + $2) * 1000 }'
}

yardstick=$(mktemp --suffix=.cpp)
trap 'rm -f "$yardstick"' EXIT
for header in chrono functional future memory optional string variant vector; do
  echo "#include <$header>"
done >"$yardstick"
"$compiler" -std=c++20 -fsyntax-only "$source" "$@"
cost=999999 std_cost=999999
for ((i = 0; i < 5; i++)); do
  ms=$(once "$source" "$@") && ((ms >= cost)) || cost=$ms
  ms=$(once "$yardstick") && ((ms >= std_cost)) || std_cost=$ms
done
echo "every public header: $cost ms of CPU; std headers alone: $std_cost ms; limit: $limit_percent %"
((cost * 100 < std_cost * limit_percent))
