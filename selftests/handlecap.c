// SPDX-License-Identifier: MIT
/*
 * A table of handles that many threads fill to the cap and empty again.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include <zircon/errors.h>
#include <zircon/syscalls.h>
#include <zx_hyp/fd.h>

#include "calls.h"
#include "guest/vm.h"
#include "zxtest.h"

#define PAGE		4096ull
#define SAME		ZX_RIGHT_SAME_RIGHTS
#define FILLERS		4
#define CAP_PATH	"/sys/module/zx_hyp/parameters/max_handles"
#define TIMES		10

static unsigned int read_cap(void)
{
	unsigned int cap = 0;
	FILE *file = fopen(CAP_PATH, "re");

	if (!file)
		SKIP("no %s", CAP_PATH);
	ASSERT_EQ(1, fscanf(file, "%u", &cap));
	fclose(file);
	return cap;
}

static void write_cap(unsigned int cap)
{
	FILE *file = fopen(CAP_PATH, "we");

	ASSERT_NE(NULL, (void *)file);
	ASSERT_LT(0, fprintf(file, "%u", cap));
	ASSERT_EQ(0, fclose(file));
}

struct filler {
	zx_handle_t event;
	unsigned int cap, count;
	zx_handle_t *made;
	pthread_t thread;
};

/* Makes handles of all kinds until there is no room. */
static void *fill(void *arg)
{
	struct filler *f = arg;
	zx_status_t status;

	for (f->count = 0;; f->count++) {
		zx_handle_t *out = &f->made[f->count];

		ASSERT_LE(f->count, f->cap);
		if (f->count % 64 == 1)
			status = zx_event_create(0, out);
		else if (f->count % 64 == 2)
			status = zx_port_create(0, out);
		else
			status = zx_handle_duplicate(f->event, SAME, out);
		if (status != ZX_OK)
			break;
	}
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, status);
	return NULL;
}

static void *empty(void *arg)
{
	struct filler *f = arg;

	/* Half of them one by one. */
	for (unsigned int i = 0; i < f->count / 2; i++)
		EXPECT_OK(zx_handle_close(f->made[i]));
	EXPECT_OK(zx_handle_close_many(f->made + f->count / 2,
				       f->count - f->count / 2));
	return NULL;
}

static void all_fillers(struct filler *f, void *(*fn)(void *))
{
	for (int i = 0; i < FILLERS; i++)
		thread_start(&f[i].thread, fn, &f[i]);
	for (int i = 0; i < FILLERS; i++)
		thread_join(f[i].thread);
}

/* One that made a fourth of them at least. */
static struct filler *most(struct filler *f)
{
	struct filler *best = f;

	for (int i = 1; i < FILLERS; i++)
		if (f[i].count > best->count)
			best = &f[i];
	return best;
}

/* What needs no handle works, what needs one fails and leaves nothing. */
static void expect_full(zx_handle_t event)
{
	zx_handle_t a = 0, b = 0;
	struct zxtest_objects before;

	ASSERT_TRUE(zxtest_objects_read(&before));
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_vmo_create(PAGE, 0, &a));
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_eventpair_create(0, &a, &b));
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_handle_duplicate(event, SAME, &a));
	EXPECT_EQ(0, a | b);
	EXPECT_OK(zx_object_signal(event, 0, ZX_EVENT_SIGNALED));
	EXPECT_TRUE(zxtest_objects_settle(&before, 10));
}

/* Of the last two numbers a pair takes both, and of one none. */
static void expect_exact(struct filler *f)
{
	zx_handle_t a = 0, b = 0;

	EXPECT_OK(zx_handle_close(f->made[--f->count]));
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_eventpair_create(0, &a, &b));
	EXPECT_EQ(0, a | b);
	EXPECT_OK(zx_handle_close(f->made[--f->count]));
	EXPECT_OK(zx_eventpair_create(0, &a, &b));
	f->made[f->count++] = a;
	f->made[f->count++] = b;
}

/* A handle that finds no room stays where it is. */
static void expect_no_import(struct filler *f)
{
	zx_handle_t h = 0;
	int fd = -1;

	EXPECT_OK(zx_hyp_handle_export(f->made[--f->count], &fd));
	EXPECT_OK(zx_handle_duplicate(f->event, SAME, &f->made[f->count++]));
	EXPECT_STATUS(ZX_ERR_NO_RESOURCES, zx_hyp_handle_import(fd, &h));
	EXPECT_EQ(0, h);
	EXPECT_OK(zx_handle_close(f->made[--f->count]));
	EXPECT_OK(zx_hyp_handle_import(fd, &h));
	f->made[f->count++] = h;
	EXPECT_EQ(0, close(fd));
}

static void fill_and_empty(unsigned int cap)
{
	struct zxtest_objects before;
	struct filler f[FILLERS];
	zx_handle_t event;

	ASSERT_OK(zx_event_create(0, &event));
	ASSERT_TRUE(zxtest_objects_read(&before));
	for (int i = 0; i < FILLERS; i++)
		f[i] = (struct filler){
			.event = event,
			.cap = cap,
			.made = calloc(cap + 1, sizeof(zx_handle_t)),
		};
	for (int i = 0; i < TIMES; i++) {
		unsigned int count = 1;

		zxtest_row("time %d", i);
		all_fillers(f, fill);
		for (int j = 0; j < FILLERS; j++)
			count += f[j].count;
		EXPECT_EQ(cap, count);
		expect_full(event);
		expect_exact(most(f));
		expect_no_import(most(f));
		all_fillers(f, empty);
		EXPECT_TRUE(zxtest_objects_settle(&before, 10));
	}
	EXPECT_OK(zx_handle_close(event));
}

/* In a child, so that the cap is set back whatever happens to it. */
TEST_TIMEOUT(threads_fill_the_table_and_empty_it_ten_times, 600)
{
	unsigned int cap = read_cap(), low = scaled(cap, 4096);
	int status;
	pid_t pid;

	if (zxtest_objects_of("event") < 0)
		SKIP("no debugfs");
	EXPECT_EQ(1u << 18, cap);
	write_cap(low);
	pid = fork();
	if (!pid) {
		fill_and_empty(low);
		_exit(zxtest_failed());
	}
	if (pid > 0)
		EXPECT_EQ(pid, waitpid(pid, &status, 0));
	write_cap(cap);
	ASSERT_LT(0, pid);
	EXPECT_EQ(0, status);
}

TEST_HARNESS_MAIN
