#!/bin/sh
# SPDX-License-Identifier: MIT
# What a compiler and a linker find in the headers and the library: KTAP.
# shellcheck disable=SC2317 # try calls the functions
# shellcheck disable=SC2046,SC2086 # flags are lists of words
set -u

ROOT=@ROOT@
BUILD=@BUILD@
CC="@CC@"
CXX="@CXX@"

warnings="-Wall -Wextra -pedantic -Werror"
tmp=$(mktemp -d) || exit 1
trap 'rm -rf "$tmp"' EXIT
count=0
failed=0

# ok STATUS NAME: one line of the result; what the test wrote precedes a failure.
ok()
{
	count=$((count + 1))
	if [ "$1" -eq 0 ]; then
		echo "ok $count $2"
	else
		failed=1
		sed 's/^/# /' "$tmp/log"
		echo "not ok $count $2"
	fi
}

# try NAME COMMAND...: passes when the command succeeds.
try()
{
	name=$1
	shift
	"$@" >"$tmp/log" 2>&1
	ok $? "$name"
}

headers()
{
	(cd "$ROOT/include" && find . -name '*.h' | sed 's|^\./||' | sort)
}

# alone COMPILER... : each header once, with nothing before it, and twice.
alone()
{
	status=0
	for header in $(headers); do
		printf '#include <%s>\n#include <%s>\nint unused;\n' \
			"$header" "$header" >"$tmp/alone.c"
		"$@" $warnings -I"$ROOT/include" -fsyntax-only "$tmp/alone.c" || status=1
	done
	return $status
}

layouts_as_cxx()
{
	$CXX -std=c++17 -Wall -Wextra -Werror -I"$ROOT/include" -I"$ROOT/uapi" \
		-x c++ -fsyntax-only "$ROOT/lib/layout.c"
}

# Names that the version script lists, and those that the library shows.
listed()
{
	sed -n 's/^\t\([a-z_][a-z0-9_]*\);$/\1/p' "$ROOT/lib/libzx.map" | sort
}

shown()
{
	nm -D --defined-only "$BUILD/lib/libzx.so.0" |
		sed -n 's/.* T \([^@]*\)@@LIBZX_0$/\1/p' | sort
}

declared()
{
	cat "$ROOT"/include/zircon/*.h "$ROOT"/include/zx_hyp/*.h |
		sed -n 's/^[a-z][a-z0-9_ ]* \**\(zx_[a-z_]*\)(.*/\1/p' |
		grep -vxE 'zx_time_(add|sub)_(duration|time)' | sort
}

same()
{
	"$1" >"$tmp/one"
	"$2" >"$tmp/two"
	[ -s "$tmp/one" ] && diff "$tmp/one" "$tmp/two"
}

listed_calls()
{
	listed | grep -v '^_'
}

every_call_has_two_names()
{
	listed | grep '^zx_' | grep -v '^zx_hyp_' | sed 's/^/_/' >"$tmp/one"
	listed | grep '^_' >"$tmp/two"
	[ -s "$tmp/one" ] && diff "$tmp/one" "$tmp/two"
}

# The archive must not take names from the programs it is linked into.
archive_defines_only_its_own()
{
	nm -g --defined-only "$BUILD/lib/libzx.a" |
		sed -n 's/^[0-9a-f]* [A-Z] //p' | grep -vE '^(_?zx_|libzx_)' >"$tmp/log2"
	cat "$tmp/log2"
	[ ! -s "$tmp/log2" ]
}

soname()
{
	readelf -d "$BUILD/lib/libzx.so.0" | grep -qF 'soname: [libzx.so.0]'
}

needs_only_the_c_library()
{
	readelf -d "$BUILD/lib/libzx.so.0" | sed -n 's/.*NEEDED.*\[\(.*\)\]/\1/p' >"$tmp/one"
	cat "$tmp/one"
	[ "$(cat "$tmp/one")" = libc.so.6 ]
}

install_into()
{
	make --no-print-directory -C "$ROOT/lib" BUILD="$tmp/build" \
		DESTDIR="$tmp/root" PREFIX=/opt/zx install
}

# flags OPTION: of the installed library, as a user of the DESTDIR gets them.
flags()
{
	PKG_CONFIG_SYSROOT_DIR="$tmp/root" \
	PKG_CONFIG_LIBDIR="$tmp/root/opt/zx/lib/pkgconfig" pkg-config "$@" libzx
}

write_program()
{
	cat >"$tmp/program.c" <<-'END'
	#include <stdio.h>
	#include <zircon/process.h>
	#include <zircon/status.h>
	#include <zircon/syscalls.h>
	#include <zircon/syscalls/port.h>
	#include <zx_hyp/zx_hyp.h>
	int main(void)
	{
		zx_handle_t handle = ZX_HANDLE_INVALID;
		zx_status_t status = _zx_vmo_create(4096, 0, &handle);

		puts(zx_status_get_string(status));
		return zx_handle_close(handle) != ZX_OK;
	}
	END
	cp "$tmp/program.c" "$tmp/program.cc"
}

shared_program()
{
	$1 "$tmp/program.$2" -o "$tmp/shared" $(flags --cflags --libs) &&
		LD_LIBRARY_PATH="$tmp/root/opt/zx/lib" "$tmp/shared"
}

static_program()
{
	$CC "$tmp/program.c" -static -o "$tmp/static" $(flags --static --cflags --libs) &&
		"$tmp/static"
}

without_a_device()
{
	[ "$("$tmp/static")" = ZX_ERR_NOT_SUPPORTED ]
}

install_names_a_page_for_every_call()
{
	status=0
	for call in $(listed_calls); do
		if [ ! -e "$tmp/root/opt/zx/share/man/man3/$call.3" ]; then
			echo "no page for $call"
			status=1
		fi
	done
	return $status
}

echo "KTAP version 1"
try "headers compile alone as C11" alone $CC -std=c11 -x c
try "headers compile alone as C++17" alone $CXX -std=c++17 -x c++
if command -v clang++ >/dev/null; then
	try "headers compile alone as C11 with clang" alone clang -std=c11 -x c
	try "headers compile alone as C++17 with clang" alone clang++ -std=c++17 -x c++
fi
try "layouts hold in C++" layouts_as_cxx
try "the library shows what its map lists" same listed shown
try "the map lists what the headers declare" same declared listed_calls
try "every call has its name with an underscore" every_call_has_two_names
try "the archive defines only names of its own" archive_defines_only_its_own
try "the library's soname is libzx.so.0" soname
try "the library needs only the C library" needs_only_the_c_library
try "the library installs below DESTDIR" install_into
try "every call has a manual page" install_names_a_page_for_every_call
write_program
try "pkg-config's flags build a C program" shared_program "$CC" c
try "pkg-config's flags build a C++ program" shared_program "$CXX" cc
try "pkg-config's flags build a static program" static_program
if [ -e /dev/zx_hyp ]; then
	count=$((count + 1))
	echo "ok $count without a device making something is not supported # SKIP there is one"
else
	try "without a device making something is not supported" without_a_device
fi
echo "1..$count"
exit $failed
