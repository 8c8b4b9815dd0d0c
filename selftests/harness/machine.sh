#!/bin/sh
# SPDX-License-Identifier: MIT
# scripts/vm: what comes through it, and that each kind of damage turns a run red.
# The damage is done by zxh_splat, which takes the place of the module under test.
set -u
cd "$(dirname "$0")/../.." || exit 1
. scripts/ktap.sh

kernel=${ZXH_KERNEL:-6.1}
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
provoke=/sys/module/zxh_splat/parameters/provoke

vm() {
	scripts/vm run --kernel "$kernel" "$@"
}

# exits STATUS COMMAND...: COMMAND ends with STATUS
exits() {
	exits_want=$1
	shift
	"$@"
	exits_got=$?
	[ "$exits_got" -eq "$exits_want" ] || {
		echo "status $exits_got, expected $exits_want"
		return 1
	}
}

# red WORDS VM-ARG...: the run ends with 125 and a sentence that holds WORDS
red() {
	red_want=$1
	shift
	vm --module "$splat" "$@" >"$scratch/out" 2>&1
	red_got=$?
	cat "$scratch/out"
	[ "$red_got" -eq 125 ] && grep -q "^vm: .*$red_want" "$scratch/out"
}

# refused WORDS ARG...: scripts/vm says a sentence with WORDS and does not end with 0
refused() {
	refused_want=$1
	shift
	scripts/vm "$@" >"$scratch/out" 2>&1 </dev/null
	refused_got=$?
	cat "$scratch/out"
	[ "$refused_got" -ne 0 ] && grep -q -- "$refused_want" "$scratch/out" &&
		! grep -q Traceback "$scratch/out"
}

bytes_come_back() {
	head -c 300000 /dev/urandom >"$scratch/in"
	vm --no-module -- cat <"$scratch/in" >"$scratch/back" && cmp "$scratch/in" "$scratch/back"
}

streams_stay_apart() {
	vm --no-module -- sh -c 'echo one; echo two >&2' >"$scratch/1" 2>"$scratch/2" &&
		[ "$(cat "$scratch/1")" = one ] && [ "$(cat "$scratch/2")" = two ]
}

files_come_along() {
	mkdir -p "$scratch/folder"
	echo inside >"$scratch/folder/f"
	echo beside >"$scratch/g"
	[ "$(vm --no-module --file "$scratch/folder" --file "$scratch/g" -- \
		cat folder/f g)" = "inside
beside" ]
}

libraries_come_along() {
	echo 'int main(void) { return 42; }' >"$scratch/dynamic.c"
	gcc -o "$scratch/dynamic" "$scratch/dynamic.c" &&
		exits 42 vm --no-module -- "$scratch/dynamic"
}

static_program_runs() {
	echo 'int main(void) { return 43; }' >"$scratch/static.c"
	gcc -static -o "$scratch/static" "$scratch/static.c" &&
		exits 43 vm --no-module -- "$scratch/static"
}

bash_script_runs() {
	printf '#!/bin/bash\na=(5 6)\nexit ${a[1]}\n' >"$scratch/script"
	chmod +x "$scratch/script"
	exits 6 vm --no-module -- "$scratch/script"
}

two_cpus() {
	[ "$(vm --no-module --smp 2 -- nproc)" = 2 ]
}

# within SECONDS COMMAND...: COMMAND succeeds before the time is over
within() {
	within_left=$(($1 * 10))
	shift
	until "$@"; do
		[ "$within_left" -gt 0 ] || return 1
		within_left=$((within_left - 1))
		sleep 0.1
	done
}

emulator_of() {
	emulator=$(cat "/proc/$1/task/$1/children") && grep -q qemu-system "/proc/${emulator% }/cmdline"
} 2>/dev/null

is_gone() {
	! grep -q . "/proc/$1/cmdline"
} 2>/dev/null

killed_run_leaves_nothing() {
	vm_pid=$(sh -c 'scripts/vm run --no-module -- sleep 1000 >/dev/null 2>&1 & echo $!')
	within 30 emulator_of "$vm_pid" || return 1
	kill -9 "$vm_pid"
	within 30 is_gone "${emulator% }"
}

terminal_passes_through() {
	script -qec "$(pwd)/scripts/vm run --no-module --kernel $kernel -- sh -c 'tty; exit 9'" \
		/dev/null </dev/null >"$scratch/out"
	tty_got=$?
	cat "$scratch/out"
	[ "$tty_got" -eq 9 ] && grep -q /dev/hvc0 "$scratch/out"
}

splat=$(scripts/kernels compile "$kernel" selftests/harness/zxh_splat) || exit 1

plan 28
for status in 0 1 77 255; do
	check "status $status passes through" \
		exits $status vm --no-module -- sh -c "exit $status"
done
check "a signal's death is 128 and its number" \
	exits 137 vm --no-module -- sh -c 'kill -9 $$'
check "bytes come back as they went" bytes_come_back
check "output and error stay apart" streams_stay_apart
check "files and folders come along" files_come_along
check "a dynamic program brings its libraries" libraries_come_along
check "a static program runs" static_program_runs
check "a bash script runs" bash_script_runs
check "a terminal passes through" terminal_passes_through
check "a machine can have two CPUs" two_cpus
check "an emulator does not outlive its run" killed_run_leaves_nothing
check "a program without end is stopped" \
	exits 124 vm --no-module --timeout 10 -- sleep 1000
check "a silent program is stopped" \
	exits 124 vm --no-module --silence 10 -- sleep 1000
check "a program that speaks is not stopped for its silence" \
	exits 7 vm --no-module --silence 10 -- \
	sh -c 'for i in 1 2 3 4; do sleep 5; echo; done; exit 7'
check "a well-behaved module leaves the run green" \
	exits 3 vm --module "$splat" -- sh -c 'exit 3'
check "a splat in the program's own output is no fault" \
	exits 0 vm --no-module -- echo 'WARNING: CPU: 0 PID: 1 at kernel/fork.c'
check "a WARN turns the run red" red "splat" -- sh -c "echo warn >$provoke"
check "an oops turns the run red" red "kernel died" -- sh -c "echo oops >$provoke"
check "an RCU stall turns the run red" red "splat" --append rcupdate.rcu_cpu_stall_timeout=3 \
	-- sh -c "echo stall >$provoke"
check "a taint turns the run red" red "tainted: user request" -- sh -c "echo taint >$provoke"
check "a leaked module reference turns the run red" red "does not unload" \
	-- sh -c "echo pin >$provoke"
check "a live object turns the run red" red "live objects: guest 1" \
	-- sh -c 'echo 1 >/sys/module/zxh_splat/parameters/live'
check "a program that is not there is refused" refused "no program" run -- ./not-there
check "a file that is not there is refused" refused "no such file" \
	run --no-module --file ./not-there -- true
check "a CPU that is not there is refused" refused "invalid choice" run --cpu vex -- true
finish
