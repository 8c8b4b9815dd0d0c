// SPDX-License-Identifier: MIT
/*
 * Where it differs from Zircon: the lines of README's table that no other program
 * has a test of.
 */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zx_hyp/zx_hyp.h>

#include "guest/vm.h"
#include "spaces.h"
#include "zxtest.h"

#define BELL	0x40000000ull
#define KEY	0xbe11

GUEST_BLOB(run);
GUEST_BLOB(look);
GUEST_BLOB(back);

/* ---- guests ------------------------------------------------------------- */

static void aim(struct vm *vm, uint64_t rbx)
{
	zx_vcpu_state_t state;

	vcpu_read(vm->vcpu, &state);
	state.rbx = rbx;
	vcpu_write(vm->vcpu, &state);
}

TEST(code_runs_from_a_mapping_without_execute)
{
	zx_handle_t vmo;
	struct vm vm;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, guest_back, 0, guest_back_end - guest_back));
	vm_start(&vm, run);
	map_in(vm.vmar, R, GUEST_HOLE, vmo, PAGE);
	aim(&vm, GUEST_HOLE);
	vm_expect_report(&vm, 1);
	EXPECT_OK(zx_handle_close(vmo));
	vm_destroy(&vm);
}

static uint32_t vendor(void)
{
	zx_hyp_info_t info;

	ASSERT_OK(zx_hyp_info_get(&info, sizeof(info)));
	return info.vendor;
}

static void expect_ring(zx_handle_t port, bool rung)
{
	zx_port_packet_t packet;

	EXPECT_STATUS(rung ? ZX_OK : ZX_ERR_TIMED_OUT,
		      zx_port_wait(port, 0, &packet));
}

/* On Intel KVM looks at the first access to a page only. */
TEST(later_reads_of_a_bell_ring_it_on_intel)
{
	bool intel = vendor() == ZX_HYP_VENDOR_INTEL;
	zx_handle_t port;
	struct vm vm;

	vm_start(&vm, look);
	ASSERT_OK(zx_port_create(0, &port));
	ASSERT_OK(zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_BELL, BELL, PAGE,
				    port, KEY));
	aim(&vm, BELL);
	vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
	vm_expect_report(&vm, 1);
	expect_ring(port, false);
	for (int i = 0; i < 3; i++) {
		if (!intel)
			vm_expect_status(&vm, ZX_ERR_NOT_SUPPORTED);
		vm_expect_report(&vm, 1);
		expect_ring(port, intel);
	}
	EXPECT_OK(zx_handle_close(port));
	vm_destroy(&vm);
}

/* ---- VMOs are files ------------------------------------------------------ */

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
	(void)number;
	signals++;
}

static void limit_files(rlim_t size)
{
	struct rlimit limit;

	ASSERT_EQ(0, getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = size;
	ASSERT_EQ(0, setrlimit(RLIMIT_FSIZE, &limit));
}

TEST(the_limit_of_file_sizes_holds_for_vmos)
{
	zx_handle_t vmo;
	uint64_t size;

	ASSERT_OK(zx_vmo_create(8 * PAGE, ZX_VMO_RESIZABLE, &vmo));
	ASSERT_NE(SIG_ERR, signal(SIGXFSZ, count_signal));
	limit_files(4 * PAGE);
	EXPECT_OK(zx_vmo_write(vmo, "x", 0, 1));
	EXPECT_EQ(0, signals);
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_write(vmo, "x", 4 * PAGE, 1));
	EXPECT_EQ(1, signals);
	EXPECT_STATUS(ZX_ERR_OUT_OF_RANGE, zx_vmo_set_size(vmo, 16 * PAGE));
	EXPECT_EQ(2, signals);
	limit_files(RLIM_INFINITY);
	ASSERT_OK(zx_vmo_get_size(vmo, &size));
	EXPECT_EQ(8 * PAGE, size);
	EXPECT_EQ(0ull, vmo_word(vmo, 4 * PAGE));
	EXPECT_OK(zx_handle_close(vmo));
}

TEST(a_page_that_was_read_through_a_mapping_is_committed)
{
	zx_handle_t vmo;
	uint64_t at;

	ASSERT_OK(zx_vmo_create(4 * PAGE, 0, &vmo));
	at = (uintptr_t)map_self(vmo, 4 * PAGE);
	EXPECT_EQ(0ull, committed_bytes(vmo));
	EXPECT_EQ(0ull, word_at(at + PAGE));
	EXPECT_EQ(PAGE, committed_bytes(vmo));
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), at, 4 * PAGE));
	EXPECT_OK(zx_handle_close(vmo));
}

static zx_info_vmo_t info_of(zx_handle_t vmo)
{
	zx_info_vmo_t info;

	ASSERT_OK(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info),
				     NULL, NULL));
	return info;
}

TEST(what_linux_does_to_mappings_is_not_counted)
{
	volatile uint8_t *map;
	zx_handle_t vmo;
	int status, go[2];
	char byte = 0;
	pid_t child;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	map = map_self(vmo, PAGE);
	map[0] = 7;
	ASSERT_EQ(0, pipe(go));
	child = fork();
	ASSERT_LE(0, child);
	if (!child) {
		/* The child has the mapping, and exits when it was looked at. */
		bool same = read(go[0], &byte, 1) == 1 && map[0] == byte;

		_exit(!same);
	}
	EXPECT_EQ(1ull, info_of(vmo).num_mappings);
	EXPECT_EQ(1ull, info_of(vmo).share_count);
	map[0] = 8;
	byte = 8;
	ASSERT_EQ(1, write(go[1], &byte, 1));
	ASSERT_EQ(child, waitpid(child, &status, 0));
	EXPECT_EQ(0, status);
	ASSERT_EQ(0, munmap((void *)map, PAGE));
	EXPECT_EQ(1ull, info_of(vmo).num_mappings);
	EXPECT_OK(zx_vmar_unmap(zx_vmar_root_self(), (uintptr_t)map, PAGE));
	EXPECT_EQ(0ull, info_of(vmo).num_mappings);
	EXPECT_OK(zx_handle_close(vmo));
	ASSERT_EQ(0, close(go[0]) + close(go[1]));
}

/* ---- rights of former levels -------------------------------------------- */

TEST(before_2020_parts_cannot_be_destroyed)
{
	zx_handle_t part;
	zx_vaddr_t at;

	ASSERT_OK(zx_hyp_rights_level(ZX_HYP_LEVEL_2019));
	ASSERT_OK(zx_vmar_allocate(zx_vmar_root_self(), CAN_R | CAN_W, 0,
				   16 * PAGE, &part, &at));
	EXPECT_STATUS(ZX_ERR_ACCESS_DENIED, zx_vmar_destroy(part));
	EXPECT_OK(zx_handle_close(part));
}

TEST(before_2022_a_resizable_vmo_has_the_right_to_be)
{
	zx_handle_t vmo;

	ASSERT_OK(zx_hyp_rights_level(ZX_HYP_LEVEL_2019));
	ASSERT_OK(zx_vmo_create(PAGE, ZX_VMO_RESIZABLE, &vmo));
	EXPECT_EQ(ZX_RIGHT_RESIZE, rights_of(vmo) & ZX_RIGHT_RESIZE);
	EXPECT_OK(zx_vmo_set_size(vmo, 2 * PAGE));
	EXPECT_OK(zx_handle_close(vmo));
}

TEST_HARNESS_MAIN
