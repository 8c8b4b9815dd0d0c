#!/bin/sh
# SPDX-License-Identifier: MIT
# Runs in the test machine: each PROGRAM in turn, between marks that scripts/check
# reads; the kernel's log gets marks too, so that a splat can be given a name.
# usage: batch.sh SECONDS PROGRAM...; with UNTIL=S in the environment none begins later
# than S seconds after the boot.

objects=/sys/kernel/debug/zx_hyp/objects
limit=$1
shift

# Lines "type count" whose count is not 0. What a dead process held is let go of by
# kernel work that may end a moment after it.
live() {
	[ -e "$objects" ] || return 0
	tries=0
	while left=$(awk '$NF != 0' "$objects") && [ -n "$left" ] && [ $tries -lt 500 ]; do
		tries=$((tries + 1))
		usleep 10000
	done
	[ -z "$left" ] || echo "$left" | tr '\n' ' '
}

for program; do
	if [ -n "${UNTIL-}" ] && [ "$(cut -d. -f1 /proc/uptime)" -ge "$UNTIL" ]; then
		printf '\n@@late %s\n' "$program"
		continue
	fi
	echo "<5>zx-check: begin $program" >/dev/kmsg
	printf '\n@@begin %s\n' "$program"
	timeout -s KILL "$limit" "./$program" </dev/null 2>&1
	status=$?
	# What a program that was killed had forked would run on beside the others.
	[ $status -ne 137 ] || kill -KILL -1
	left=$(live)
	[ -z "$left" ] || printf '\n@@left %s\n' "$left"
	printf '\n@@end %s\n' "$status"
	echo "<5>zx-check: end $program" >/dev/kmsg
done
