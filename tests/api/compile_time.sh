#!/usr/bin/env bash
# compile_time.sh BUDGET_MS COMPILER SOURCE [FLAGS...]
# What SOURCE costs a compiler more than an empty file does, in CPU time: a busy machine makes compiling
# take longer, but hardly more work. The best of several runs counts.
set -euo pipefail
budget_ms=$1 compiler=$2 source=$3
shift 3
TIMEFORMAT='%U %S'

best() { # best SOURCE [FLAGS...]: milliseconds
  local least=999999 ms i
  for ((i = 0; i < 5; i++)); do
    ms=$({ time "$compiler" -std=c++20 -c -o /dev/null "$@" 1>&2; } 2>&1 | tail -n 1 |
      awk '{ printf "%d", ($1 + $2) * 1000 }')
    if ((ms < least)); then least=$ms; fi
  done
  echo "$least"
}

empty=$(mktemp --suffix=.cpp)
trap 'rm -f "$empty"' EXIT
echo 'int main() {}' >"$empty"
"$compiler" -std=c++20 -fsyntax-only "$source" "$@"
cost=$(($(best "$source" "$@") - $(best "$empty")))
echo "including every public header costs $cost ms of CPU; the budget is $budget_ms ms"
((cost < budget_ms))
