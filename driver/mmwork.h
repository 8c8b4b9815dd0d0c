/* SPDX-License-Identifier: GPL-2.0-only */
#ifndef ZXH_MMWORK_H
#define ZXH_MMWORK_H

struct mm_struct;

int zxh_run_in_mm(struct mm_struct *mm, int (*fn)(void *arg), void *arg);
void zxh_clean_up_in_mm(struct mm_struct *mm, int (*fn)(void *arg), void *arg);
int zxh_run_in_kthread(struct mm_struct *mm, int (*fn)(void *arg), void *arg);

#endif /* ZXH_MMWORK_H */
