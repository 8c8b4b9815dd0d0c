#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/vm --kernel debug: each watcher of that kernel turns a run red. It is not built for
# these tests: they are skipped where it is not in the cache (scripts/kernels fetch debug).
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/ktap.sh

if ! scripts/kernels cached debug; then
	echo "KTAP version 1"
	echo "1..0 # SKIP the debug kernel is not built; run scripts/kernels fetch debug"
	exit 0
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
splat=$(scripts/kernels compile debug selftests/harness/zxh_splat) || exit 1

# deed DEED WORDS: doing DEED ends the run with 125, and what is shown of it holds WORDS
deed() {
	scripts/vm run --kernel debug --module "$splat" -- \
		sh -c "echo $1 >/sys/module/zxh_splat/parameters/provoke" >"$scratch/out" 2>&1
	deed_got=$?
	cat "$scratch/out"
	[ "$deed_got" -eq 125 ] && grep -q "^vm|  .*$2" "$scratch/out"
}

green() {
	scripts/vm run --kernel debug --module "$splat" -- sh -c 'exit 3'
	[ $? -eq 3 ]
}

# The next thing that can fail does, once, and without a trace in the log.
faults_can_be_injected() {
	scripts/vm run --kernel debug --no-module -- sh -c '
		cd /sys/kernel/debug && ls fail_page_alloc fail_usercopy &&
		echo N >failslab/ignore-gfp-wait && echo 1 >/proc/self/fail-nth &&
		! echo >/tmp/fails && echo >/tmp/works'
}

coverage_is_there() {
	scripts/vm run --kernel debug --no-module -- test -e /sys/kernel/debug/kcov
}

plan 9
check "a well-behaved module leaves the run green" green
check "a use after free turns the run red" deed kasan "BUG: KASAN: .*use-after-free"
check "an inversion of locks turns the run red" deed lockdep "circular locking dependency"
check "sleeping in atomic context turns the run red" deed atomic "BUG: sleeping function"
check "a leak turns the run red" deed leak "unreferenced object"
check "undefined behaviour turns the run red" deed ubsan "UBSAN: shift-out-of-bounds"
check "RCU without its lock turns the run red" deed rcu "suspicious RCU usage"
check "faults can be injected" faults_can_be_injected
check "coverage of code can be had" coverage_is_there
finish
