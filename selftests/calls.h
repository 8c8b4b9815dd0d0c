/* SPDX-License-Identifier: MIT */
/*
 * Every request of the ioctl contract as a row of one table: what it needs, a
 * request that is ZX_OK, which of its members are addresses, and what it
 * reserves. The programs that sweep all requests (faults, bad input) walk this
 * table, so a new request joins them by its row.
 */
#ifndef SELFTESTS_CALLS_H
#define SELFTESTS_CALLS_H

#include <stdbool.h>
#include <stdint.h>

#include <linux/zx_hyp.h>

#include "abi.h"

/* Largest request plus what a test appends to it. */
#define CALL_ARG_MAX	256

/* What a call works on: the objects its setup made, and its request. */
struct call_ctx {
	int fd;
	uint32_t guest, vmar, vmo, vcpu, resource, event, port;
	int made_fd;			/* that the call makes, or has made */
	uint64_t base, len;		/* what the call mapped, or unmaps */
	bool process;			/* ... in this process */
	union {
		uint8_t bytes[CALL_ARG_MAX];
		uint32_t size;
		struct zx_hyp_query query;
		struct zx_hyp_handle_close close;
		struct zx_hyp_resource_get resource_get;
		struct zx_hyp_guest_create guest_create;
		struct zx_hyp_guest_set_trap set_trap;
		struct zx_hyp_vcpu_create vcpu_create;
		struct zx_hyp_vcpu_enter enter;
		struct zx_hyp_vcpu_kick kick;
		struct zx_hyp_vcpu_interrupt interrupt;
		struct zx_hyp_vcpu_rw_state state;
		struct zx_hyp_vmo_create vmo_create;
		struct zx_hyp_vmo_rw rw;
		struct zx_hyp_vmo_get_size get_size;
		struct zx_hyp_vmo_replace_as_executable replace;
		struct zx_hyp_vmar_root_self root_self;
		struct zx_hyp_vmar_map map;
		struct zx_hyp_vmar_unmap unmap;
		struct zx_hyp_vmo_set_size set_size;
		struct zx_hyp_vmo_op_range vmo_op;
		struct zx_hyp_vmo_set_cache_policy cache_policy;
		struct zx_hyp_vmar_protect protect;
		struct zx_hyp_vmar_allocate allocate;
		struct zx_hyp_vmar_destroy destroy;
		struct zx_hyp_vmar_op_range vmar_op;
		struct zx_hyp_handle_close_many close_many;
		struct zx_hyp_handle_dup dup;
		struct zx_hyp_handle_export export_fd;
		struct zx_hyp_handle_import import_fd;
		struct zx_hyp_rights_set rights_set;
		struct zx_hyp_resource_create resource_create;
		struct zx_hyp_object_get_info get_info;
		struct zx_hyp_object_property property;
		struct zx_hyp_object_signal signal;
		struct zx_hyp_object_wait_one wait_one;
		struct zx_hyp_object_wait_many wait_many;
		struct zx_hyp_object_wait_async wait_async;
		struct zx_hyp_object_poll_fd poll_fd;
		struct zx_hyp_port_queue queue;
		struct zx_hyp_port_wait port_wait;
		struct zx_hyp_port_cancel cancel;
	} arg;
	/* Where results go, and where buffers are, unless a test moves them. */
	uint64_t out[2];
	uint8_t buffer[8192];
};

/* A member of a request that holds an address. */
struct call_pointer {
	uint16_t offset;	/* of the member; 0: there is none */
	uint16_t len;		/* bytes at the address */
	bool input;		/* the kernel reads them */
	bool may_be_null;
};

#define CALL_CONSUMES	(1u << 0)	/* a handle is gone even on failure */
#define CALL_WINDOW	(1u << 1)	/* a failure may leave a guest window */
#define CALL_ENTERS	(1u << 2)	/* KVM copies for the guest, too */

struct call {
	const char *name;
	unsigned int cmd;
	uint16_t size;			/* of the request, also the smallest */
	unsigned int flags;
	void (*setup)(struct call_ctx *c);
	struct call_pointer pointer[2];
	uint16_t reserved[2];		/* offsets of reserved __u32s, or 0 */
	uint16_t deadline;		/* offset: where 0 keeps it from waiting */
};

extern const struct call calls[];
extern const int calls_count;

#define for_each_call(call) \
	for (const struct call *call = calls; call < calls + calls_count; call++)

/* Opens the device, makes what the call needs, and its request. */
void call_setup(const struct call *call, struct call_ctx *c);

/* Issues the request: what the ioctl returned, or the negative errno. */
long call_issue(const struct call *call, struct call_ctx *c);

/* Closes the file, and unmaps what the call mapped into this process. */
void call_teardown(struct call_ctx *c);

/* The address that a member holds. */
void call_set_pointer(struct call_ctx *c, const struct call_pointer *p,
		      uint64_t address);

/*
 * Mappings of this process. What Linux has split, as it does before it fails,
 * counts as one.
 */
struct call_maps {
	uint64_t count, bytes;
};

void call_read_maps(struct call_maps *maps);

/* Expects the same mappings as before. */
void call_expect_maps(const struct call_maps *before);

/*
 * Rounds of a stress test: SCALE percent of full (default: least), and never
 * fewer than least.
 */
unsigned int scaled(unsigned int full, unsigned int least);

#endif /* SELFTESTS_CALLS_H */
