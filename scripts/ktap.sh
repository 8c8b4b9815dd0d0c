# SPDX-License-Identifier: MIT
# shellcheck shell=sh
# KTAP for shell tests: `plan N`, then `check NAME COMMAND...` for each test, then
# `finish`. A test passes when COMMAND succeeds; what it printed is shown if not.

ktap_count=0
ktap_failed=0

plan() {
	echo "KTAP version 1"
	echo "1..$1"
}

check() {
	ktap_name=$1
	shift
	ktap_count=$((ktap_count + 1))
	if ktap_out=$("$@" 2>&1); then
		echo "ok $ktap_count - $ktap_name"
	else
		echo "$ktap_out" | sed 's/^/# /'
		echo "not ok $ktap_count - $ktap_name"
		ktap_failed=1
	fi
}

finish() {
	exit "$ktap_failed"
}
