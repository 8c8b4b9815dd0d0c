// SPDX-License-Identifier: MIT
/*
 * The driver's live object counters, as debugfs shows them: one line a type,
 * "guest 0". They are how a test sees that everything was freed.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#include "zxtest.h"

#define OBJECTS	"/sys/kernel/debug/zx_hyp/objects"

static FILE *objects_open(void)
{
	FILE *f = fopen(OBJECTS, "re");

	if (f)
		return f;
	/* Already mounted, or not allowed: the second open tells. */
	(void)mount("none", "/sys/kernel/debug", "debugfs", 0, NULL);
	return fopen(OBJECTS, "re");
}

bool zxtest_objects_read(struct zxtest_objects *objects)
{
	FILE *f = objects_open();
	char line[64];

	memset(objects, 0, sizeof(*objects));
	if (!f)
		return false;
	while (objects->count < ZXTEST_OBJECTS_MAX &&
	       fgets(line, sizeof(line), f))
		if (sscanf(line, "%15s %ld",
			   objects->row[objects->count].type,
			   &objects->row[objects->count].live) == 2)
			objects->count++;
	fclose(f);
	return objects->count > 0;
}

long zxtest_objects_of(const char *type)
{
	struct zxtest_objects now;

	if (!zxtest_objects_read(&now))
		return -1;
	for (int i = 0; i < now.count; i++)
		if (!strcmp(now.row[i].type, type))
			return now.row[i].live;
	return -1;
}

static bool same(const struct zxtest_objects *a, const struct zxtest_objects *b)
{
	if (a->count != b->count)
		return false;
	for (int i = 0; i < a->count; i++)
		if (strcmp(a->row[i].type, b->row[i].type) ||
		    a->row[i].live != b->row[i].live)
			return false;
	return true;
}

bool zxtest_objects_settle(const struct zxtest_objects *want,
			   unsigned int seconds)
{
	struct zxtest_objects now;

	if (wait_until(seconds, zxtest_objects_read(&now) && same(want, &now)))
		return true;
	for (int i = 0; i < now.count && i < want->count; i++)
		if (now.row[i].live != want->row[i].live)
			zxtest_log("live %s: %ld, expected %ld",
				   now.row[i].type, now.row[i].live,
				   want->row[i].live);
	return false;
}
