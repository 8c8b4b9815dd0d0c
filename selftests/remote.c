// SPDX-License-Identifier: MIT
/*
 * A guest, and memory, that are used from another process than the one that
 * made them: by handles that were sent to it.
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/process.h>
#include <zircon/syscalls.h>
#include <zircon/syscalls/object.h>
#include <zircon/syscalls/port.h>
#include <zircon/time.h>
#include <zx_hyp/fd.h>

#include "calls.h"
#include "guest/vm.h"
#include "race.h"
#include "zxtest.h"

GUEST_BLOB(busy);
GUEST_BLOB(talks);
GUEST_BLOB(looks);

#define PAGE	4096ull
#define SAME	ZX_RIGHT_SAME_RIGHTS

/* ---- the handles of a guest, here and there ------------------------------ */

static zx_handle_t copy(zx_handle_t h)
{
	zx_handle_t out;

	ASSERT_OK(zx_handle_duplicate(h, SAME, &out));
	return out;
}

/* A copy of each handle that there is. */
static void send_vm(int sock, const struct vm *vm)
{
	peer_send(sock, copy(vm->guest));
	peer_send(sock, copy(vm->vmar));
	peer_send(sock, copy(vm->vmo));
	peer_send(sock, copy(vm->vcpu));
}

static void receive_vm(int sock, struct vm *vm)
{
	memset(vm, 0, sizeof(*vm));
	vm->guest = peer_receive(sock);
	vm->vmar = peer_receive(sock);
	vm->vmo = peer_receive(sock);
	vm->vcpu = peer_receive(sock);
	vm->mem = map_self(vm->vmo, GUEST_RAM_SIZE);
	vm->mail = (volatile struct mailbox *)(vm->mem + GUEST_MAIL);
}

static zx_status_t map_at(zx_handle_t vmar, uint64_t gpa, zx_handle_t vmo)
{
	zx_vaddr_t addr;

	return zx_vmar_map(vmar, RW | ZX_VM_SPECIFIC, gpa, vmo, 0, PAGE, &addr);
}

/* ---- a guest that stands still ------------------------------------------- */

/* Does a thing when the owner says so. */
static void use_from_here(int sock)
{
	zx_handle_t vmo;
	struct vm vm;

	receive_vm(sock, &vm);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	peer_expect(sock, 'm');
	EXPECT_OK(map_at(vm.vmar, GUEST_MMIO, vmo));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, map_at(vm.vmar, GUEST_MMIO, vmo));
	peer_say(sock, 'm');
	peer_expect(sock, 'u');
	EXPECT_OK(zx_vmar_unmap(vm.vmar, GUEST_MMIO, PAGE));
	peer_say(sock, 'u');
	peer_expect(sock, 't');
	EXPECT_OK(zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_MEM, GUEST_MMIO,
				    PAGE, 0, KEY_MEM));
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS,
		      zx_guest_set_trap(vm.guest, ZX_GUEST_TRAP_IO, PORT_REPORT,
					1, 0, KEY_IO));
	peer_say(sock, 't');
	peer_expect(sock, 'k');
	EXPECT_OK(zx_vcpu_kick(vm.vcpu));
	peer_say(sock, 'k');
	peer_expect(sock, 'e');
}

static void ask(struct peer *peer, char word)
{
	peer_say(peer->sock, word);
	peer_expect(peer->sock, word);
}

static void expect_mem(struct vm *vm)
{
	zx_port_packet_t packet;

	ASSERT_OK(vm_enter(vm, &packet));
	EXPECT_EQ(ZX_PKT_TYPE_GUEST_MEM, packet.type);
	EXPECT_EQ(KEY_MEM, packet.key);
	EXPECT_EQ((uint64_t)GUEST_MMIO, packet.guest_mem.addr);
}

TEST(what_is_done_to_a_guest_elsewhere_is_done)
{
	struct peer peer;
	struct vm vm;

	peer_start(&peer, use_from_here);
	vm_start(&vm, talks);
	send_vm(peer.sock, &vm);
	vm_expect_report(&vm, 1);
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	ask(&peer, 'm');
	vm_expect_report(&vm, 1);
	EXPECT_STATUS(ZX_ERR_ALREADY_EXISTS, map_at(vm.vmar, GUEST_MMIO, vm.vmo));
	ask(&peer, 'u');
	vm_expect_status(&vm, ZX_ERR_NOT_FOUND);
	ask(&peer, 't');
	expect_mem(&vm);
	vm_expect_report(&vm, 1);
	ask(&peer, 'k');
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	expect_mem(&vm);
	peer_say(peer.sock, 'e');
	peer_end(&peer);
	vm_destroy(&vm);
}

/* ---- what a process cannot do to another's guest -------------------------- */

static void try_to_run(int sock)
{
	zx_port_packet_t packet;
	zx_vcpu_state_t state = { 0 };
	zx_handle_t vcpu = 0;
	struct vm vm;

	receive_vm(sock, &vm);
	EXPECT_STATUS(ZX_ERR_BAD_STATE, vm_enter(&vm, &packet));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vcpu_read_state(vm.vcpu, ZX_VCPU_STATE, &state,
					 sizeof(state)));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vcpu_write_state(vm.vcpu, ZX_VCPU_STATE, &state,
					  sizeof(state)));
	EXPECT_STATUS(ZX_ERR_NOT_SUPPORTED,
		      zx_vcpu_create(vm.guest, 0, 0, &vcpu));
	EXPECT_EQ(0, vcpu);
	/* A vCPU of its own it may have. */
	vm_start(&vm, talks);
	vm_expect_report(&vm, 1);
}

TEST(a_vcpu_stays_with_its_process)
{
	struct peer peer;
	struct vm vm;

	peer_start(&peer, try_to_run);
	vm_start(&vm, talks);
	send_vm(peer.sock, &vm);
	peer_end(&peer);
	vm_expect_report(&vm, 1);
	vm_destroy(&vm);
}

/* ---- a guest that runs ---------------------------------------------------- */

#define VECTOR	0x40

static void interrupt_running(struct vm *vm, unsigned int count)
{
	for (unsigned int i = 0; i < count; i++) {
		uint64_t irqs = vm->mail->irqs, progress;

		zxtest_row("interrupt %u", i);
		ASSERT_OK(zx_vcpu_interrupt(vm->vcpu, VECTOR));
		ASSERT_TRUE(wait_until(RACE_LIMIT, vm->mail->irqs == irqs + 1));
		EXPECT_EQ(VECTOR, vm->mail->irq_log[irqs % MAIL_LOG_SIZE]);
		progress = vm->mail->progress;
		ASSERT_TRUE(wait_until(RACE_LIMIT,
				       vm->mail->progress > progress));
	}
	zxtest_row_end();
}

static void disturb(int sock)
{
	struct vm vm;

	receive_vm(sock, &vm);
	ASSERT_TRUE(wait_until(RACE_LIMIT, vm.mail->progress > 100));
	interrupt_running(&vm, scaled(1000, 20));
	EXPECT_OK(zx_vcpu_kick(vm.vcpu));
}

TEST_TIMEOUT(a_running_guest_is_interrupted_and_kicked_from_elsewhere, 600)
{
	struct peer peer;
	struct vm vm;

	peer_start(&peer, disturb);
	vm_start(&vm, busy);
	send_vm(peer.sock, &vm);
	vm_expect_status(&vm, ZX_ERR_CANCELED);
	peer_end(&peer);
	vm_destroy(&vm);
}

/* A page with another number each time. */
static void show(struct vm *vm, unsigned int i)
{
	uint64_t number = 0x1000 + i;
	zx_handle_t vmo;

	zxtest_row("page %u", i);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, &number, 0, sizeof(number)));
	ASSERT_OK(map_at(vm->vmar, GUEST_HOLE, vmo));
	ASSERT_OK(zx_handle_close(vmo));
	ASSERT_TRUE(wait_until(RACE_LIMIT, vm->mail->value[0] == number));
	ASSERT_OK(zx_vmar_unmap(vm->vmar, GUEST_HOLE, PAGE));
	zxtest_row_end();
}

static void show_pages(int sock)
{
	struct vm vm;

	receive_vm(sock, &vm);
	for (unsigned int i = 0; i < scaled(1000, 20); i++)
		show(&vm, i);
	vm.mail->go = 1;
	EXPECT_OK(zx_vcpu_kick(vm.vcpu));
}

/* While nothing is mapped there enter comes back; the guest tries again. */
TEST_TIMEOUT(a_running_guest_sees_what_is_mapped_elsewhere, 600)
{
	zx_port_packet_t packet;
	zx_status_t status;
	struct peer peer;
	struct vm vm;

	peer_start(&peer, show_pages);
	vm_start(&vm, looks);
	send_vm(peer.sock, &vm);
	while ((status = vm_enter(&vm, &packet)) == ZX_ERR_NOT_FOUND)
		zxtest_relax();
	EXPECT_STATUS(ZX_ERR_CANCELED, status);
	EXPECT_EQ(1ull, vm.mail->go);
	peer_end(&peer);
	vm_destroy(&vm);
}

/* ---- the owner ends -------------------------------------------------------- */

static void own_and_run(int sock)
{
	zx_port_packet_t packet;
	struct vm vm;

	vm_start(&vm, busy);
	send_vm(sock, &vm);
	peer_send(sock, copy(zx_vmar_root_self()));
	(void)zx_vcpu_enter(vm.vcpu, &packet);
}

static void expect_dead(struct vm *vm, zx_handle_t root)
{
	zx_handle_t vmo;
	zx_vaddr_t addr;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	EXPECT_STATUS(ZX_ERR_BAD_STATE, map_at(vm->vmar, GUEST_HOLE, vmo));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vmar_unmap(vm->vmar, GUEST_HOLE, PAGE));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_guest_set_trap(vm->guest, ZX_GUEST_TRAP_MEM,
					GUEST_MMIO, PAGE, 0, KEY_MEM));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vmar_map(root, RW, 0, vmo, 0, PAGE, &addr));
	EXPECT_OK(zx_vcpu_kick(vm->vcpu));
	EXPECT_OK(zx_vcpu_interrupt(vm->vcpu, VECTOR));
	EXPECT_OK(zx_handle_close(vmo));
}

/* Its memory and its vCPU's thread are gone, the objects are not. */
TEST(a_guest_whose_owner_was_killed_takes_nothing_more)
{
	zx_handle_t root;
	struct peer peer;
	struct vm vm;

	if (zxtest_objects_of("guest") < 0)
		SKIP("no debugfs");
	peer_start(&peer, own_and_run);
	receive_vm(peer.sock, &vm);
	root = peer_receive(peer.sock);
	ASSERT_TRUE(wait_until(RACE_LIMIT, vm.mail->progress > 100));
	peer_kill(&peer);
	expect_dead(&vm, root);
	EXPECT_EQ(1l, zxtest_objects_of("guest"));
	EXPECT_EQ(1l, zxtest_objects_of("vcpu"));
	EXPECT_OK(zx_handle_close(vm.vcpu));
	EXPECT_OK(zx_handle_close(vm.guest));
	EXPECT_TRUE(wait_until(RACE_LIMIT, !zxtest_objects_of("guest")));
	EXPECT_EQ(0l, zxtest_objects_of("vcpu"));
	EXPECT_OK(zx_handle_close(vm.vmar));
	EXPECT_OK(zx_handle_close(root));
	EXPECT_OK(zx_handle_close(vm.vmo));
	/* Its RAM is ours as long as it is mapped. */
	EXPECT_LT(100, vm.mail->progress);
}

/* Kills it where it may be in the middle of anything that we do to it. */
static void own_and_wait(int sock)
{
	struct vm vm;

	vm_start(&vm, talks);
	send_vm(sock, &vm);
	pause();
}

static void *kill_owner(void *arg)
{
	ASSERT_EQ(0, kill(((struct peer *)arg)->pid, SIGKILL));
	return NULL;
}

TEST_TIMEOUT(an_owner_is_killed_as_its_guest_is_used_elsewhere, 600)
{
	enum { PEERS = 64 };
	unsigned int n = scaled(PEERS, 8);
	struct peer peers[PEERS];
	pthread_t thread;
	zx_handle_t vmo;
	struct vm vm;

	/* All of them before this process uses libzx. */
	for (unsigned int i = 0; i < n; i++)
		peer_start(&peers[i], own_and_wait);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	for (unsigned int i = 0; i < n; i++) {
		zx_status_t status = ZX_OK;

		zxtest_row("owner %u", i);
		receive_vm(peers[i].sock, &vm);
		thread_start(&thread, kill_owner, &peers[i]);
		while (status == ZX_OK) {
			status = map_at(vm.vmar, GUEST_HOLE, vmo);
			if (status == ZX_OK)
				status = zx_vmar_unmap(vm.vmar, GUEST_HOLE,
						       PAGE);
		}
		EXPECT_STATUS(ZX_ERR_BAD_STATE, status);
		thread_join(thread);
		peer_kill(&peers[i]);
		EXPECT_OK(zx_handle_close(vm.vcpu));
		EXPECT_OK(zx_handle_close(vm.vmar));
		EXPECT_OK(zx_handle_close(vm.guest));
	}
}

/* ---- the last handle is elsewhere ------------------------------------------ */

static void close_last(int sock)
{
	zx_handle_t guest = peer_receive(sock);

	peer_expect(sock, 'c');
	EXPECT_OK(zx_handle_close(guest));
	peer_say(sock, 'c');
	peer_expect(sock, 'e');
}

/* ... and what the guest had in its owner's memory goes, too. */
TEST(the_last_handle_of_a_guest_is_closed_elsewhere)
{
	struct call_maps before;
	zx_handle_t guest, vmar;
	struct peer peer;

	if (zxtest_objects_of("guest") < 0)
		SKIP("no debugfs");
	peer_start(&peer, close_last);
	guest_create(&guest, &vmar);
	ASSERT_OK(zx_handle_close(guest));
	ASSERT_OK(zx_handle_close(vmar));
	call_read_maps(&before);
	guest_create(&guest, &vmar);
	ASSERT_OK(map_at(vmar, GUEST_HOLE, executable_vmo(PAGE)));
	peer_send(peer.sock, guest);
	EXPECT_OK(zx_handle_close(vmar));
	EXPECT_EQ(1l, zxtest_objects_of("guest"));
	ask(&peer, 'c');
	EXPECT_TRUE(wait_until(RACE_LIMIT, !zxtest_objects_of("guest")));
	call_expect_maps(&before);
	peer_say(peer.sock, 'e');
	peer_end(&peer);
}

/* ---- memory ----------------------------------------------------------------- */

static void write_vmo(int sock)
{
	zx_handle_t vmo = peer_receive(sock);
	volatile uint64_t *map = map_self(vmo, PAGE);
	uint64_t seen = 0;

	EXPECT_EQ(1ull, map[0]);
	map[0] = 2;
	peer_say(sock, 'w');
	peer_expect(sock, 'w');
	EXPECT_OK(zx_vmo_read(vmo, &seen, 8, sizeof(seen)));
	EXPECT_EQ(3ull, seen);
	EXPECT_OK(zx_handle_close(vmo));
	EXPECT_EQ(3ull, map[1]);
}

TEST(two_processes_share_a_vmo)
{
	volatile uint64_t *map;
	uint64_t three = 3;
	struct peer peer;
	zx_handle_t vmo;

	peer_start(&peer, write_vmo);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	map = map_self(vmo, PAGE);
	map[0] = 1;
	peer_send(peer.sock, copy(vmo));
	peer_expect(peer.sock, 'w');
	EXPECT_EQ(2ull, map[0]);
	EXPECT_OK(zx_vmo_write(vmo, &three, 8, sizeof(three)));
	EXPECT_OK(zx_handle_close(vmo));
	peer_say(peer.sock, 'w');
	peer_end(&peer);
	EXPECT_EQ(3ull, map[1]);
}

/* ---- who maps a VMO ------------------------------------------------------ */

static uint64_t share_count(zx_handle_t vmo)
{
	zx_info_vmo_t info;

	ASSERT_OK(zx_object_get_info(vmo, ZX_INFO_VMO, &info, sizeof(info),
				     NULL, NULL));
	EXPECT_LE(info.share_count, info.num_mappings);
	return info.share_count;
}

static void map_twice_here(int sock)
{
	zx_handle_t vmo = peer_receive(sock);

	(void)map_self(vmo, PAGE);
	(void)map_self(vmo, PAGE);
	EXPECT_OK(zx_handle_close(vmo));
	peer_say(sock, 'm');
	peer_expect(sock, 'e');
}

/* Ended in order or killed: an address space that is gone maps nothing. */
static void check_process_counts(void (*end)(struct peer *peer))
{
	zx_handle_t vmo, guest, vmar;
	struct peer peer;
	pid_t child;

	peer_start(&peer, map_twice_here);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	(void)map_self(vmo, PAGE);
	EXPECT_EQ(1ull, share_count(vmo));
	peer_send(peer.sock, copy(vmo));
	peer_expect(peer.sock, 'm');
	EXPECT_EQ(2ull, share_count(vmo));
	guest_create(&guest, &vmar);
	EXPECT_OK(map_at(vmar, GUEST_MMIO, vmo));
	EXPECT_EQ(3ull, share_count(vmo));
	/* A child has no VMAR of its own yet. */
	child = fork();
	ASSERT_LE(0, child);
	if (!child)
		_exit(0);
	ASSERT_EQ(child, waitpid(child, NULL, 0));
	EXPECT_EQ(3ull, share_count(vmo));
	EXPECT_OK(zx_handle_close(guest));
	EXPECT_OK(zx_handle_close(vmar));
	EXPECT_EQ(2ull, share_count(vmo));
	end(&peer);
	EXPECT_TRUE(wait_until(RACE_LIMIT, share_count(vmo) == 1));
	EXPECT_OK(zx_handle_close(vmo));
}

static void end_in_order(struct peer *peer)
{
	peer_say(peer->sock, 'e');
	peer_end(peer);
}

TEST(a_process_that_maps_a_vmo_counts_until_it_exits)
{
	check_process_counts(end_in_order);
}

TEST(a_process_that_maps_a_vmo_counts_until_it_is_killed)
{
	check_process_counts(peer_kill);
}

static void lend_root(int sock)
{
	peer_send(sock, copy(zx_vmar_root_self()));
	peer_expect(sock, 'e');
}

/* Whoever holds its VMAR: what was mapped in a process goes with it. */
TEST(a_root_vmar_of_a_dead_process_maps_nothing)
{
	zx_handle_t root, vmo;
	struct peer peer;
	zx_vaddr_t addr;

	peer_start(&peer, lend_root);
	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	root = peer_receive(peer.sock);
	ASSERT_OK(zx_vmar_map(root, RW, 0, vmo, 0, PAGE, &addr));
	EXPECT_EQ(1ull, share_count(vmo));
	peer_kill(&peer);
	EXPECT_TRUE(wait_until(RACE_LIMIT, share_count(vmo) == 0));
	EXPECT_STATUS(ZX_ERR_BAD_STATE,
		      zx_vmar_map(root, RW, 0, vmo, 0, PAGE, &addr));
	EXPECT_OK(zx_handle_close(root));
	EXPECT_OK(zx_handle_close(vmo));
}

/* ---- a root VMAR of another process -------------------------------------- */

static void map_there(int sock)
{
	zx_handle_t root = peer_receive(sock), vmo;
	uint64_t number = 0x1234;
	zx_vaddr_t addr = 0;

	ASSERT_OK(zx_vmo_create(PAGE, 0, &vmo));
	ASSERT_OK(zx_vmo_write(vmo, &number, 0, sizeof(number)));
	EXPECT_OK(zx_vmar_map(root, RW, 0, vmo, 0, PAGE, &addr));
	peer_send_value(sock, addr);
	peer_expect(sock, 'u');
	EXPECT_OK(zx_vmo_read(vmo, &number, 0, sizeof(number)));
	EXPECT_EQ(0x4321ull, number);
	EXPECT_OK(zx_vmar_unmap(root, addr, PAGE));
	peer_say(sock, 'u');
}

/* Where it was mapped is what the caller of this process would have got. */
TEST(a_root_vmar_maps_in_the_process_that_it_came_from)
{
	volatile uint64_t *map;
	struct peer peer;
	unsigned char vec;

	peer_start(&peer, map_there);
	peer_send(peer.sock, copy(zx_vmar_root_self()));
	map = (void *)(uintptr_t)peer_receive_value(peer.sock);
	ASSERT_NE(NULL, (void *)map);
	EXPECT_EQ(0x1234ull, *map);
	*map = 0x4321;
	ask(&peer, 'u');
	EXPECT_EQ(-1, mincore((void *)map, PAGE, &vec));
	peer_end(&peer);
}

TEST_HARNESS_MAIN
