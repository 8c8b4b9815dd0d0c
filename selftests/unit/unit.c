// SPDX-License-Identifier: MIT
/* Runs a table of tests and writes KTAP. */
#include <stdio.h>
#include <stdlib.h>

#include "unit.h"

/* Seconds; far more than any test takes, also on a busy machine. */
#define TIMEOUT 30

static SRunner *runner_create(const char *name, const struct unit_test *tests,
			      size_t count)
{
	Suite *suite = suite_create(name);
	size_t i;

	/* The behaviour becomes the test case, whose name the results carry. */
	for (i = 0; i < count; i++) {
		TCase *behaviour = tcase_create(tests[i].name);

		tcase_set_timeout(behaviour, TIMEOUT);
		tcase_add_test(behaviour, *tests[i].test);
		suite_add_tcase(suite, behaviour);
	}
	return srunner_create(suite);
}

static void write_result(int number, TestResult *result)
{
	if (tr_rtype(result) == CK_PASS) {
		printf("ok %d %s\n", number, tr_tcname(result));
		return;
	}
	printf("# %s:%d: %s\n", tr_lfile(result), tr_lno(result), tr_msg(result));
	printf("not ok %d %s\n", number, tr_tcname(result));
}

int unit_run(const char *name, const struct unit_test *tests, size_t count)
{
	SRunner *runner = runner_create(name, tests, count);
	TestResult **results;
	int failed, i, ran;

	/* Else Check would mix a report of its own into ours. */
	unsetenv("CK_TAP_LOG_FILE_NAME");
	srunner_set_fork_status(runner, CK_FORK);
	srunner_run_all(runner, CK_SILENT);
	failed = srunner_ntests_failed(runner);
	ran = srunner_ntests_run(runner);
	results = srunner_results(runner);

	printf("KTAP version 1\n1..%zu\n", count);
	for (i = 0; i < ran; i++)
		write_result(i + 1, results[i]);

	free(results);
	srunner_free(runner);
	return failed || ran != (int)count ? EXIT_FAILURE : EXIT_SUCCESS;
}
