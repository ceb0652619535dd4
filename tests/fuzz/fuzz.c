/* SPDX-License-Identifier: BSD-2-Clause */
#include "fuzz.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/*
 * For libFuzzer, and whatever else calls its entry points: the variable
 * AUDIENT_FUZZ names the target.
 */
int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerTestOneInput(const unsigned char *data, size_t size);

static const struct fuzz_target *target;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("AUDIENT_FUZZ");

	(void)argc;
	(void)argv;
	for (size_t i = 0; name != NULL && i < fuzz_n_targets; i++)
		if (strcmp(fuzz_targets[i].name, name) == 0)
			target = &fuzz_targets[i];
	if (target == NULL) {
		fprintf(stderr, "AUDIENT_FUZZ has to name a target:");
		for (size_t i = 0; i < fuzz_n_targets; i++)
			fprintf(stderr, " %s", fuzz_targets[i].name);
		fprintf(stderr, "\n");
		exit(2);
	}
	(void)atexit(fuzz_end);
	return 0;
}

int
LLVMFuzzerTestOneInput(const unsigned char *data, size_t size)
{
	const struct span in = { .ptr = (const char *)data, .len = size };
	struct span copy = unit_exact(in);

	target->run(copy);
	unit_free(copy);
	return 0;
}
