// SPDX-License-Identifier: GPL-2.0-only
/*
 * Guests.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#include "guest.h"
#include "resource.h"
#include "vmo.h"

static void zxh_guest_release(struct zxh_object *obj)
{
	struct zxh_guest *guest = zxh_guest_of(obj);

	/* First the VMAR: handles to it may be in use, and find it dead then. */
	zxh_vmar_kill(guest->root);
	zxh_gspace_kill(guest->as);
	zxh_kvm_vm_destroy(guest->vm);
	zxh_trap_exit(guest);
	zxh_object_put(&guest->root->obj);
	zxh_aspace_put(guest->as);
	mutex_destroy(&guest->lock);
	zxh_object_free(obj);
}

static const struct zxh_object_ops zxh_guest_ops = {
	.type = ZXH_TYPE_GUEST,
	.rights = ZXH_RIGHT_TRANSFER | ZXH_RIGHT_DUPLICATE | ZXH_RIGHT_WRITE |
		  ZXH_RIGHT_INSPECT | ZXH_RIGHT_MANAGE_THREAD,
	.release = zxh_guest_release,
};

static int zxh_guest_create(struct zxh_guest **out)
{
	struct zxh_guest *guest;
	int r;

	guest = kzalloc(sizeof(*guest), GFP_KERNEL_ACCOUNT);
	if (!guest)
		return ZXH_ERR_NO_MEMORY;
	r = zxh_kvm_vm_create(guest, &guest->vm);
	if (r)
		goto free_guest;
	r = zxh_gspace_create(guest->vm, &guest->as);
	if (r)
		goto destroy_vm;
	r = zxh_vmar_create_root(guest->as, 0, ZXH_GUEST_SPACE_SIZE, &guest->root);
	if (r)
		goto put_aspace;
	mutex_init(&guest->lock);
	zxh_trap_init(guest);
	zxh_object_init(&guest->obj, &zxh_guest_ops);
	*out = guest;
	return 0;

put_aspace:
	zxh_gspace_kill(guest->as);
	zxh_aspace_put(guest->as);
destroy_vm:
	zxh_kvm_vm_destroy(guest->vm);
free_guest:
	kfree(guest);
	return r;
}

/* Both handles, or none. */
static int zxh_guest_publish(struct zxh_file *f, struct zxh_guest *guest,
			     const struct zx_hyp_guest_create *req)
{
	struct zxh_object *objs[] = { &guest->obj, &guest->root->obj };
	u32 rights[] = {
		zxh_file_rights(f, ZXH_TYPE_GUEST, zxh_guest_ops.rights),
		zxh_vmar_root_rights(f),
	};
	u64 outs[] = { req->out_guest, req->out_vmar };

	return zxh_handle_publish_two(&f->handles, objs, rights, outs);
}

int zxh_guest_create_ioctl(struct zxh_file *f, void *arg)
{
	struct zx_hyp_guest_create *req = arg;
	struct zxh_guest *guest;
	int r;

	if (req->flags)
		return -EINVAL;
	if (req->options)
		return ZXH_ERR_INVALID_ARGS;
	r = zxh_resource_check(f, req->resource, ZX_HYP_RESOURCE_HYPERVISOR);
	if (r)
		return r;
	r = zxh_guest_create(&guest);
	if (r)
		return r;
	r = zxh_guest_publish(f, guest, req);
	zxh_object_put(&guest->obj);
	return r;
}

/**
 * zxh_guest_read_phys() - read guest-physical memory
 * @guest: the guest; the caller runs in its mm
 * @gpa: the address
 * @buf: receives the bytes
 * @len: how many; they may not cross a page
 *
 * Return: 0, ZXH_ERR_NOT_FOUND where nothing is mapped, or -EINTR.
 */
int zxh_guest_read_phys(struct zxh_guest *guest, u64 gpa, void *buf, size_t len)
{
	unsigned long hva;

	if (mutex_lock_killable(&guest->as->lock))
		return -EINTR;
	hva = zxh_gspace_hva_locked(guest->as, gpa);
	mutex_unlock(&guest->as->lock);
	/* The window stays as long as the guest; whether it answers, we see. */
	if (!hva || copy_from_user(buf, (void __user *)hva, len))
		return ZXH_ERR_NOT_FOUND;
	return 0;
}

/* Return: 0 when the page ought to answer, and its address in the VMM. */
static int zxh_guest_check_locked(struct zxh_guest *guest, u64 gpa, bool write,
				  unsigned long *hva)
{
	struct zxh_region *m;

	if (gpa >= ZXH_GUEST_SPACE_SIZE)
		return ZXH_ERR_OUT_OF_RANGE;
	m = zxh_vmar_find_locked(guest->root, gpa);
	if (!m)
		return ZXH_ERR_NOT_FOUND;
	if (!(m->perms & ZX_HYP_VM_PERM_READ) || (write && !(m->perms & ZX_HYP_VM_PERM_WRITE)))
		return ZXH_ERR_ACCESS_DENIED;
	if (gpa - m->base + m->vmo_offset >= READ_ONCE(m->vmo->size))
		return ZXH_ERR_OUT_OF_RANGE;
	*hva = zxh_gspace_hva_locked(guest->as, gpa);
	return *hva ? zxh_gspace_mend_locked(guest->as, gpa) : ZXH_ERR_NOT_FOUND;
}

/**
 * zxh_guest_resolve_fault() - why a guest's access got no answer
 * @guest: the guest; the caller runs in its mm
 * @gpa: the address
 * @write: whether the guest wrote
 *
 * Return: 0 when the page answers now and the guest may try again; the status
 * that Zircon has for it, ZXH_ERR_NO_MEMORY when the page cannot be had, or
 * -EINTR.
 */
int zxh_guest_resolve_fault(struct zxh_guest *guest, u64 gpa, bool write)
{
	unsigned long hva;
	bool absent;
	u8 byte;
	int r;

	if (mutex_lock_killable(&guest->as->lock))
		return -EINTR;
	r = zxh_guest_check_locked(guest, gpa, write, &hva);
	mutex_unlock(&guest->as->lock);
	if (r || !copy_from_user(&byte, (void __user *)hva, sizeof(byte)))
		return r;
	/*
	 * What was there at the check may have gone since. With the lock held it
	 * cannot; that is left for last, since the page may be long in coming.
	 */
	if (mutex_lock_killable(&guest->as->lock))
		return -EINTR;
	r = zxh_guest_check_locked(guest, gpa, write, &hva);
	absent = !r && copy_from_user(&byte, (void __user *)hva, sizeof(byte));
	/* A VMO may have shrunk meanwhile: that takes no lock of ours. */
	if (absent)
		r = zxh_guest_check_locked(guest, gpa, write, &hva);
	mutex_unlock(&guest->as->lock);
	return absent && !r ? ZXH_ERR_NO_MEMORY : r;
}
