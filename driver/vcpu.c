// SPDX-License-Identifier: GPL-2.0-only
/*
 * vCPUs: creation, the thread that owns one, and entering the guest.
 */
#include <linux/hash.h>
#include <linux/rculist.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "vcpu.h"

/* CF PF AF ZF SF TF DF OF NT AC ID: the flags that a VMM sees and sets. */
#define ZXH_USER_FLAGS		0x244dd5ULL
#define ZXH_FLAGS_VALID		0x2ULL

#define ZXH_KICKED		0

#define ZXH_THREAD_BITS		8

/**
 * struct zxh_thread_bucket - threads that own a vCPU, of one hash
 * @lock: a lock for each, so that processes do not meet
 * @vcpus: by node; changed under @lock, looked up under RCU
 */
struct zxh_thread_bucket {
	spinlock_t lock;
	struct hlist_head vcpus;
};

static struct zxh_thread_bucket zxh_threads[1 << ZXH_THREAD_BITS] = {
	[0 ... (1 << ZXH_THREAD_BITS) - 1] = {
		.lock = __SPIN_LOCK_UNLOCKED(zxh_threads.lock),
	},
};

static struct zxh_thread_bucket *zxh_thread_bucket(const struct task_struct *task)
{
	return &zxh_threads[hash_ptr(task, ZXH_THREAD_BITS)];
}

static struct zxh_vcpu *zxh_vcpu_of(struct zxh_object *obj)
{
	return container_of(obj, struct zxh_vcpu, obj);
}

static struct zxh_vcpu *zxh_vcpu_find_rcu(struct task_struct *task)
{
	struct zxh_vcpu *v;

	hlist_for_each_entry_rcu(v, &zxh_thread_bucket(task)->vcpus, node,
				 lockdep_is_held(&zxh_thread_bucket(task)->lock))
		if (v->task == task)
			return v;
	return NULL;
}

/*
 * For the door's probes: the vCPU that this thread is inside of, and holds a
 * reference to. A thread that owns a vCPU may also run a guest of plain KVM,
 * whose events are not ours.
 */
static struct zxh_vcpu *zxh_vcpu_entered(void)
{
	struct zxh_vcpu *v;

	rcu_read_lock();
	v = zxh_vcpu_find_rcu(current);
	if (v && !v->entered)
		v = NULL;
	rcu_read_unlock();
	return v;
}

struct zxh_kvm_vcpu *zxh_vcpu_current_kvm(void)
{
	struct zxh_vcpu *v = zxh_vcpu_entered();

	return v ? v->kvm : NULL;
}

enum zxh_hit zxh_vcpu_current_traps(u64 gpa)
{
	struct zxh_vcpu *v = zxh_vcpu_entered();
	struct zxh_trap trap;

	if (!v || !zxh_trap_find(&v->guest->mem_traps, gpa, &trap))
		return ZXH_HIT_NONE;
	return trap.kind == ZX_HYP_TRAP_BELL ? ZXH_HIT_BELL : ZXH_HIT_MEM;
}

void zxh_vcpu_tsc_deadline(u64 deadline)
{
	struct zxh_vcpu *v = zxh_vcpu_entered();

	if (v)
		zxh_apic_write_deadline(v, deadline);
}

/* Make @v the vCPU of its thread. Return: 0, or ZXH_ERR_BAD_STATE if it has one. */
static int zxh_vcpu_bind(struct zxh_vcpu *v)
{
	struct zxh_thread_bucket *bucket = zxh_thread_bucket(v->task);
	int r = 0;

	spin_lock(&bucket->lock);
	if (zxh_vcpu_find_rcu(v->task))
		r = ZXH_ERR_BAD_STATE;
	else
		hlist_add_head_rcu(&v->node, &bucket->vcpus);
	spin_unlock(&bucket->lock);
	return r;
}

static void zxh_vcpu_unbind(struct zxh_vcpu *v)
{
	struct zxh_thread_bucket *bucket = zxh_thread_bucket(v->task);

	spin_lock(&bucket->lock);
	hlist_del_init_rcu(&v->node);
	spin_unlock(&bucket->lock);
}

/* Nobody can name it any more: its thread may have another. */
static void zxh_vcpu_last_handle(struct zxh_object *obj)
{
	zxh_vcpu_unbind(zxh_vcpu_of(obj));
}

static void zxh_vcpu_free_id(struct zxh_guest *guest, u32 id)
{
	mutex_lock(&guest->lock);
	clear_bit(id, guest->ids);
	mutex_unlock(&guest->lock);
}

static void zxh_vcpu_release(struct zxh_object *obj)
{
	struct zxh_vcpu *v = zxh_vcpu_of(obj);

	zxh_vcpu_unbind(v);
	zxh_apic_exit(v);
	if (v->bell)
		zxh_bell_put(v->bell);
	zxh_vcpu_free_id(v->guest, v->id);
	put_task_struct(v->task);
	zxh_object_put(&v->guest->obj);
	zxh_object_free(obj);
}

static const struct zxh_object_ops zxh_vcpu_ops = {
	.type = ZXH_TYPE_VCPU,
	.rights = ZXH_RIGHTS_BASIC | ZXH_RIGHTS_IO | ZXH_RIGHT_EXECUTE | ZXH_RIGHT_SIGNAL,
	.last_handle = zxh_vcpu_last_handle,
	.release = zxh_vcpu_release,
};

static struct zxh_vcpu *zxh_vcpu_alloc(struct zxh_guest *guest, u32 id)
{
	struct zxh_vcpu *v = kzalloc(sizeof(*v), GFP_KERNEL_ACCOUNT);

	if (!v)
		return NULL;
	v->guest = guest;
	v->id = id;
	v->task = current;
	init_waitqueue_head(&v->wait);
	INIT_HLIST_NODE(&v->node);
	zxh_apic_init(v);
	return v;
}

/* With the guest's lock held; the first vCPU is the BSP. */
static int zxh_vcpu_create_locked(struct zxh_guest *guest, u64 entry, struct zxh_vcpu **out)
{
	struct zxh_boot boot = { .entry = entry };
	struct zxh_vcpu *v;
	u32 id;
	int r;

	lockdep_assert_held(&guest->lock);
	id = find_first_zero_bit(guest->ids, ZXH_MAX_VCPUS);
	if (id >= ZXH_MAX_VCPUS)
		return ZXH_ERR_NO_RESOURCES;
	if (entry >= ZXH_GUEST_SPACE_SIZE)
		return ZXH_ERR_INVALID_ARGS;
	/* Page tables start at 0, code at @entry; both may be mapped later. */
	r = zxh_gspace_cover(guest->as, 0);
	if (!r)
		r = zxh_gspace_cover(guest->as, entry);
	if (r)
		return r;
	v = zxh_vcpu_alloc(guest, id);
	if (!v)
		return ZXH_ERR_NO_MEMORY;
	r = zxh_vcpu_bind(v);
	if (r)
		goto free_vcpu;
	boot.apic_base = zxh_apic_base(id);
	boot.long_mode = !id;
	r = zxh_kvm_vcpu_create(guest->vm, id, &boot, &v->kvm);
	if (r)
		goto unbind;
	set_bit(id, guest->ids);
	zxh_object_get(&guest->obj);
	get_task_struct(v->task);
	zxh_object_init(&v->obj, &zxh_vcpu_ops);
	*out = v;
	return 0;

unbind:
	zxh_vcpu_unbind(v);
	/* A look-up by another thread may have it in its hands. */
	synchronize_rcu();
free_vcpu:
	kfree(v);
	return r;
}

/* Return: 0 and the guest, with either right that Zircon ever asked for. */
static int zxh_vcpu_get_guest(struct zxh_file *f, u32 value, struct zxh_object **obj)
{
	u32 rights;
	int r;

	r = zxh_handle_get_typed(&f->handles, value, ZXH_TYPE_GUEST, 0, obj, &rights);
	if (r)
		return r;
	if (rights & (ZXH_RIGHT_MANAGE_PROCESS | ZXH_RIGHT_MANAGE_THREAD))
		return 0;
	zxh_object_put(*obj);
	return ZXH_ERR_ACCESS_DENIED;
}

static int zxh_vcpu_publish(struct zxh_file *f, struct zxh_vcpu *v,
			    const struct zx_hyp_vcpu_create *req)
{
	u64 __user *out_page = u64_to_user_ptr(req->out_page);
	u64 old = 0;
	int r;

	if (out_page && (get_user(old, out_page) || put_user((u64)ZX_HYP_NO_PAGE, out_page)))
		return ZXH_ERR_INVALID_ARGS;
	r = zxh_handle_publish(&f->handles, &v->obj,
			       zxh_file_rights(f, ZXH_TYPE_VCPU, zxh_vcpu_ops.rights),
			       req->out_vcpu);
	/* A call that fails writes nothing. */
	if (r && out_page)
		put_user(old, out_page);
	return r;
}

int zxh_vcpu_create_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vcpu_create *req = arg;
	struct zxh_object *obj;
	struct zxh_guest *guest;
	struct zxh_vcpu *v;
	int r;

	if (req->reserved)
		return -EINVAL;
	if (req->options)
		return ZXH_ERR_INVALID_ARGS;
	r = zxh_vcpu_get_guest(f, req->guest, &obj);
	if (r)
		return r;
	guest = zxh_guest_of(obj);
	/* To KVM a VM belongs to the process that made it. */
	r = ZXH_ERR_NOT_SUPPORTED;
	if (guest->as->mm != current->mm)
		goto put_guest;
	r = -EINTR;
	if (mutex_lock_killable(&guest->lock))
		goto put_guest;
	r = zxh_vcpu_create_locked(guest, req->entry, &v);
	mutex_unlock(&guest->lock);
	if (r)
		goto put_guest;
	r = zxh_vcpu_publish(f, v, req);
	zxh_object_put(&v->obj);
put_guest:
	zxh_object_put(obj);
	return r;
}

/**
 * zxh_vcpu_pend() - make a vector pending
 * @v: any vCPU, in any context
 * @vector: 0 to 255
 *
 * A halted vCPU wakes, a running one exits as soon as it can take it. Pairs
 * with the barrier in zxh_irq_deliver(): either that sees the bit, or KVM sees
 * the request.
 */
void zxh_vcpu_pend(struct zxh_vcpu *v, u8 vector)
{
	set_bit(vector, v->pending);
	/* The bit is seen before KVM is asked to come out. */
	smp_mb__after_atomic();
	if (wq_has_sleeper(&v->wait))
		wake_up(&v->wait);
	/* Exceptions and the NMI do not wait for the guest to allow interrupts. */
	if (vector >= ZXH_VECTOR_EXTERNAL)
		zxh_kvm_nudge_irq(v->kvm);
	else
		zxh_kvm_nudge_exit(v->kvm);
}

static int zxh_vcpu_get(struct zxh_file *f, u32 value, u32 right, struct zxh_vcpu **v)
{
	struct zxh_object *obj;
	int r;

	r = zxh_handle_get_typed(&f->handles, value, ZXH_TYPE_VCPU, right, &obj, NULL);
	if (!r)
		*v = zxh_vcpu_of(obj);
	return r;
}

int zxh_vcpu_interrupt_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vcpu_interrupt *req = arg;
	struct zxh_vcpu *v;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_vcpu_get(f, req->vcpu, ZXH_RIGHT_SIGNAL, &v);
	if (r)
		return r;
	if (req->vector >= ZXH_VECTORS)
		r = ZXH_ERR_OUT_OF_RANGE;
	else
		zxh_vcpu_pend(v, req->vector);
	zxh_object_put(&v->obj);
	return r;
}

int zxh_vcpu_kick_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vcpu_kick *req = arg;
	struct zxh_vcpu *v;
	int r;

	r = zxh_vcpu_get(f, req->vcpu, ZXH_RIGHT_EXECUTE, &v);
	if (r)
		return r;
	set_bit(ZXH_KICKED, &v->kicked);
	/* The kick is seen before KVM is asked to come out. */
	smp_mb__after_atomic();
	if (wq_has_sleeper(&v->wait))
		wake_up(&v->wait);
	zxh_kvm_nudge_exit(v->kvm);
	zxh_object_put(&v->obj);
	return 0;
}

/* Whether the next enter returns ZX_ERR_CANCELED. */
bool zxh_vcpu_kicked(struct zxh_object *obj)
{
	return test_bit(ZXH_KICKED, &zxh_vcpu_of(obj)->kicked);
}

static bool zxh_vcpu_awake(struct zxh_vcpu *v)
{
	return !bitmap_empty(v->pending, ZXH_VECTORS) || test_bit(ZXH_KICKED, &v->kicked);
}

/*
 * Tell of the write that found no packet. Outside of KVM_RUN, so that others can
 * get all vCPUs out of it meanwhile.
 */
static int zxh_vcpu_ring(struct zxh_vcpu *v)
{
	int r = zxh_bell_ring_wait(v->bell, v->bell_gpa);

	if (r == -EINTR)
		return r;
	zxh_bell_put(v->bell);
	v->bell = NULL;
	return r;
}

/* Return: ZXH_RUN_ON or what enter returns. */
static int zxh_vcpu_step(struct zxh_vcpu *v, struct zx_hyp_packet *packet)
{
	struct zxh_exit exit;
	int r;

	if (unlikely(v->bell)) {
		r = zxh_vcpu_ring(v);
		if (r)
			return r;
	}
	if (test_bit(ZXH_KICKED, &v->kicked) && test_and_clear_bit(ZXH_KICKED, &v->kicked)) {
		/* RIP is past the HLT: the next enter goes on from there. */
		v->halted = false;
		return ZXH_ERR_CANCELED;
	}
	if (v->halted) {
		/* A signal leaves it halted: the library enters again. */
		if (wait_event_interruptible(v->wait, zxh_vcpu_awake(v)))
			return -EINTR;
		if (test_bit(ZXH_KICKED, &v->kicked))
			return ZXH_RUN_ON;
		v->halted = false;
	}
	r = zxh_irq_deliver(v);
	if (r)
		return r;
	r = zxh_kvm_run(v->kvm, &exit);
	if (r)
		return r;
	return zxh_exit_handle(v, &exit, packet);
}

int zxh_vcpu_enter_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vcpu_enter *req = arg;
	void __user *out = u64_to_user_ptr(req->out_packet);
	struct zx_hyp_packet packet;
	struct zxh_vcpu *v;
	int r;

	r = zxh_vcpu_get(f, req->vcpu, ZXH_RIGHT_EXECUTE, &v);
	if (r)
		return r;
	if (v->task != current) {
		r = ZXH_ERR_BAD_STATE;
		goto put;
	}
	v->entered = true;
	do {
		r = zxh_vcpu_step(v, &packet);
	} while (r == ZXH_RUN_ON);
	v->entered = false;
	if (!r && copy_to_user(out, &packet, sizeof(packet)))
		r = ZXH_ERR_INVALID_ARGS;
put:
	zxh_object_put(&v->obj);
	return r;
}

int zxh_vcpu_read_state_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vcpu_rw_state *req = arg;
	struct zx_hyp_vcpu_state state;
	struct zxh_vcpu *v;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_vcpu_get(f, req->vcpu, ZXH_RIGHT_READ, &v);
	if (r)
		return r;
	if (req->kind != ZX_HYP_VCPU_STATE || req->buffer_size != sizeof(state)) {
		r = ZXH_ERR_INVALID_ARGS;
	} else if (v->task != current) {
		r = ZXH_ERR_BAD_STATE;
	} else {
		zxh_kvm_get_state(v->kvm, &state);
		state.rflags &= ZXH_USER_FLAGS;
		if (copy_to_user(u64_to_user_ptr(req->buffer), &state, sizeof(state)))
			r = ZXH_ERR_INVALID_ARGS;
	}
	zxh_object_put(&v->obj);
	return r;
}

static int zxh_vcpu_write_regs(struct zxh_vcpu *v, struct zx_hyp_vcpu_state *state)
{
	struct zx_hyp_vcpu_state old;

	if (v->task != current)
		return ZXH_ERR_BAD_STATE;
	zxh_kvm_get_state(v->kvm, &old);
	if (state->rflags & ZXH_FLAGS_VALID)
		state->rflags = (old.rflags & ~ZXH_USER_FLAGS) |
				(state->rflags & ZXH_USER_FLAGS);
	else
		state->rflags = old.rflags;
	zxh_kvm_set_state(v->kvm, state);
	return 0;
}

static int zxh_vcpu_write_io(struct zxh_vcpu *v, const struct zx_hyp_vcpu_io *io)
{
	if (v->task != current)
		return ZXH_ERR_BAD_STATE;
	if (io->access_size != 1 && io->access_size != 2 && io->access_size != 4)
		return ZXH_ERR_INVALID_ARGS;
	zxh_kvm_set_rax(v->kvm, io->data, io->access_size);
	return 0;
}

static int zxh_vcpu_write_state(struct zxh_vcpu *v, const struct zx_hyp_vcpu_rw_state *req)
{
	void __user *buffer = u64_to_user_ptr(req->buffer);
	struct zx_hyp_vcpu_state state;
	struct zx_hyp_vcpu_io io;

	switch (req->kind) {
	case ZX_HYP_VCPU_STATE:
		if (req->buffer_size != sizeof(state) ||
		    copy_from_user(&state, buffer, sizeof(state)))
			return ZXH_ERR_INVALID_ARGS;
		return zxh_vcpu_write_regs(v, &state);
	case ZX_HYP_VCPU_IO:
		if (req->buffer_size != sizeof(io) || copy_from_user(&io, buffer, sizeof(io)))
			return ZXH_ERR_INVALID_ARGS;
		return zxh_vcpu_write_io(v, &io);
	default:
		return ZXH_ERR_INVALID_ARGS;
	}
}

int zxh_vcpu_write_state_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_vcpu_rw_state *req = arg;
	struct zxh_vcpu *v;
	int r;

	if (req->reserved)
		return -EINVAL;
	r = zxh_vcpu_get(f, req->vcpu, ZXH_RIGHT_WRITE, &v);
	if (r)
		return r;
	r = zxh_vcpu_write_state(v, req);
	zxh_object_put(&v->obj);
	return r;
}
