/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * vCPUs.
 */
#ifndef ZXH_VCPU_H
#define ZXH_VCPU_H

#include <linux/bitmap.h>
#include <linux/wait.h>

#include "apic.h"
#include "guest.h"

#define ZXH_VECTORS		256
#define ZXH_VECTOR_NMI		2
#define ZXH_VECTOR_EXTERNAL	32

/* zxh_exit_handle(): nothing for the VMM, run on. */
#define ZXH_RUN_ON		(-EAGAIN)

/**
 * struct zxh_vcpu - a vCPU
 * @obj: base
 * @guest: with a reference; constant after init
 * @kvm: lives as long as @guest; constant after init
 * @id: APIC id; constant after init
 * @task: the thread that it belongs to, with a reference; constant after init
 * @node: in the table of threads that own a vCPU, while it has handles; its
 *	bucket's lock
 * @pending: vectors to deliver; atomic
 * @kicked: the next enter, or the one that runs, returns CANCELED; atomic
 * @entered: its thread is inside enter; @task's, read by it under RCU
 * @halted: the guest executed HLT and nothing has woken it; @task's
 * @retries: faults in a row that were said to be resolved; @task's
 * @bell: what the guest wrote to, with a reference, while it waits for a packet;
 *	else NULL; @task's
 * @bell_gpa: where; @task's
 * @wait: @task, while halted
 * @apic: local APIC
 */
struct zxh_vcpu {
	struct zxh_object obj;
	struct zxh_guest *guest;
	struct zxh_kvm_vcpu *kvm;
	u32 id;
	struct task_struct *task;
	struct hlist_node node;
	DECLARE_BITMAP(pending, ZXH_VECTORS);
	unsigned long kicked;
	bool entered;
	bool halted;
	unsigned int retries;
	struct zxh_bell *bell;
	u64 bell_gpa;
	wait_queue_head_t wait;
	struct zxh_apic apic;
};

void zxh_vcpu_pend(struct zxh_vcpu *v, u8 vector);
bool zxh_vcpu_kicked(struct zxh_object *obj);
struct zxh_kvm_vcpu *zxh_vcpu_current_kvm(void);
enum zxh_hit zxh_vcpu_current_traps(u64 gpa);
void zxh_vcpu_tsc_deadline(u64 deadline);

int zxh_exit_handle(struct zxh_vcpu *v, struct zxh_exit *exit, struct zx_hyp_packet *packet);
int zxh_irq_deliver(struct zxh_vcpu *v);

#endif /* ZXH_VCPU_H */
