/* SPDX-License-Identifier: GPL-2.0-only */
/*
 * The only place that knows which kernel this is: 6.1, 6.12 and 7.2 are built
 * and tested.
 */
#ifndef ZXH_COMPAT_H
#define ZXH_COMPAT_H

#include <linux/version.h>

/* 6.12 renamed the field of struct kvm_run for readers inside KVM. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)
#define zxh_immediate_exit	immediate_exit__unsafe
#else
#define zxh_immediate_exit	immediate_exit
#endif

/* 7.x took RIP out of the array of registers, and uses a bitmap for the others. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define zxh_kvm_rip(vcpu)		((vcpu)->arch.rip)
#define zxh_kvm_rsp_cached(vcpu)	test_bit(VCPU_REGS_RSP, (vcpu)->arch.regs_avail)
#define zxh_kvm_pio_rip(vcpu)		((vcpu)->arch.cui_linear_rip)
#else
#define zxh_kvm_rip(vcpu)		((vcpu)->arch.regs[VCPU_REGS_RIP])
#define zxh_kvm_rsp_cached(vcpu)	((vcpu)->arch.regs_avail & BIT(VCPU_REGS_RSP))
#define zxh_kvm_pio_rip(vcpu)		((vcpu)->arch.pio.linear_rip)
#endif

/* 7.x gives the flags of a shmem file a type of their own. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define ZXH_SHMEM_NORESERVE	mk_vma_flags(VMA_NORESERVE_BIT)
#else
#define ZXH_SHMEM_NORESERVE	VM_NORESERVE
#endif

/*
 * mmap of a file. In 7.x shmem describes the area to be mapped instead of being
 * shown a finished one, and has no other way.
 */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define ZXH_FOP_MMAP	mmap_prepare
#define ZXH_MMAP_PARAMS	struct vm_area_desc *vma
#define ZXH_MMAP_ARGS	vma
#else
#define ZXH_FOP_MMAP	mmap
#define ZXH_MMAP_PARAMS	struct file *file, struct vm_area_struct *vma
#define ZXH_MMAP_ARGS	file, vma
#endif

/* Not for a child of fork(), not for a core dump. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define zxh_vma_keep_private(vma) \
	vma_desc_set_flags(vma, VMA_DONTCOPY_BIT, VMA_DONTDUMP_BIT)
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define zxh_vma_keep_private(vma)	vm_flags_set(vma, VM_DONTCOPY | VM_DONTDUMP)
#else
#define zxh_vma_keep_private(vma) \
	((void)((vma)->vm_flags |= VM_DONTCOPY | VM_DONTDUMP))
#endif

/* What is mapped without WRITE stays so, whatever mprotect() is asked for. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#define zxh_vma_keep_readonly(vma)					\
	do {								\
		if (!vma_desc_test(vma, VMA_WRITE_BIT))			\
			vma_desc_clear_flags(vma, VMA_MAYWRITE_BIT);	\
	} while (0)
#elif LINUX_VERSION_CODE >= KERNEL_VERSION(6, 3, 0)
#define zxh_vma_keep_readonly(vma)					\
	do {								\
		if (!((vma)->vm_flags & VM_WRITE))			\
			vm_flags_clear(vma, VM_MAYWRITE);		\
	} while (0)
#else
#define zxh_vma_keep_readonly(vma)					\
	do {								\
		if (!((vma)->vm_flags & VM_WRITE))			\
			(vma)->vm_flags &= ~VM_MAYWRITE;		\
	} while (0)
#endif

/* 6.13 sets a timer up in one call. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 13, 0)
#define zxh_hrtimer_setup(timer, fn, clock, mode) hrtimer_setup(timer, fn, clock, mode)
#else
#define zxh_hrtimer_setup(timer, fn, clock, mode)	\
	do {						\
		hrtimer_init(timer, clock, mode);	\
		(timer)->function = fn;			\
	} while (0)
#endif

/* 7.x named the header of batches of folios after them. */
#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 0, 0)
#include <linux/folio_batch.h>
#else
#include <linux/pagevec.h>
#endif

#endif /* ZXH_COMPAT_H */
