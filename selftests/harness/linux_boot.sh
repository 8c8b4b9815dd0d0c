#!/bin/sh
# SPDX-License-Identifier: MIT
# linux_boot.sh [CPU KERNEL]: the stock Debian kernel as a guest of zxvm, told from what its
# user space prints, in the machine of that name; without one, in the usual machine, and
# what zxvm and scripts/run say to bad input.
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/ktap.sh

scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
zxvm=build/lib/zxvm
vmlinuz=$(scripts/kernels path 6.1 vmlinuz) || exit 1
release=$(scripts/kernels path 6.1 release) || exit 1
scripts/guest-initramfs "$scratch/initrd" || exit 1
head -c 100000 "$vmlinuz" >"$scratch/truncated"
: >"$scratch/empty"

on="${1:+--cpu $1} ${2:+--kernel $2}"

boots() {
	# shellcheck disable=SC2086 # words
	scripts/run $on </dev/null >"$scratch/out" 2>"$scratch/err"
	boots_got=$?
	cat "$scratch/out" "$scratch/err"
	[ "$boots_got" -eq 0 ]
}

# prints PATTERN: the guest's user space printed a line that is PATTERN
prints() {
	cat "$scratch/out"
	tr -d '\r' <"$scratch/out" | grep -qxE "$1"
}

# sentence ARG...: zxvm, given ARG..., says one line and does not end with 0
sentence() {
	scripts/vm run --file "$vmlinuz" --file "$scratch/initrd" --file "$scratch/truncated" \
		--file "$scratch/empty" -- "$zxvm" "$@" >"$scratch/said" 2>&1 </dev/null
	sentence_got=$?
	cat "$scratch/said"
	echo "status $sentence_got"
	[ "$sentence_got" -ge 1 ] && [ "$sentence_got" -lt 124 ] &&
		[ "$(grep -c . "$scratch/said")" -eq 1 ]
}

no_device() {
	scripts/vm run --no-module --file "$vmlinuz" --file "$scratch/initrd" -- \
		"$zxvm" --kernel vmlinuz --initrd initrd >"$scratch/said" 2>&1 </dev/null
	sentence_got=$?
	cat "$scratch/said"
	[ "$sentence_got" -ge 1 ] && [ "$sentence_got" -lt 124 ] &&
		[ "$(grep -c . "$scratch/said")" -eq 1 ]
}

host_without_device() {
	[ -e /dev/zx_hyp ] && return 0
	scripts/run --host >"$scratch/said" 2>&1 </dev/null && return 1
	cat "$scratch/said"
	[ "$(grep -c . "$scratch/said")" -eq 1 ] && grep -q /dev/zx_hyp "$scratch/said"
}

# Types into the guest once its prompt is there; then holds the terminal open.
type_into_guest() {
	tries=0
	until grep -q 'guest#' "$scratch/tty" 2>/dev/null || [ "$tries" -ge 6000 ]; do
		tries=$((tries + 1))
		sleep 0.1
	done
	printf 'echo $((6 * 7)) from $(uname -r)\npoweroff -f\n'
	exec sleep 600
}

interactive() {
	mkfifo "$scratch/keys"
	type_into_guest >"$scratch/keys" &
	script -qefc "scripts/run $on" "$scratch/tty" <"$scratch/keys" >/dev/null 2>&1
	interactive_got=$?
	kill $! 2>/dev/null
	cat "$scratch/tty"
	[ "$interactive_got" -eq 0 ] && grep -q "^42 from $release" "$scratch/tty"
}

if [ $# -gt 0 ]; then plan 8; else plan 15; fi
check "the stock kernel boots and powers off" boots
check "the guest's init ran" prints 'zxrun: init after [0-9.]+ s'
check "uname shows the stock kernel" prints "Linux .* $release .*x86_64 GNU/Linux"
check "the guest knows that it is one" prints 'hypervisor'
check "the guest got its command line" prints '.*zxrun=auto.*'
check "the guest has the memory it was given" prints 'Mem: +(19|2[0-4])[0-9] .*'
check "the guest ended its commands" prints 'zxrun: done'
check "a shell in the guest serves the terminal" interactive
[ $# -eq 0 ] || finish
check "a missing kernel image is a sentence" sentence --kernel not-there --initrd initrd
check "a truncated kernel image is a sentence" sentence --kernel truncated --initrd initrd
check "an empty kernel image is a sentence" sentence --kernel empty --initrd initrd
check "a missing initramfs is a sentence" sentence --kernel vmlinuz --initrd not-there
check "too little memory is a sentence" sentence --kernel vmlinuz --initrd initrd --mem 4M
check "no device is a sentence" no_device
check "--host without the device is a sentence" host_without_device
finish
