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

size_t LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t max,
    unsigned int seed);
/* libFuzzer has it; elsewhere nobody calls for changes here. */
size_t LLVMFuzzerMutate(unsigned char *data, size_t size, size_t max)
    __attribute__((weak));

static const struct fuzz_target *target;
static size_t skip; /* bytes before what is signed */
static bool is_signed;

int
LLVMFuzzerInitialize(int *argc, char ***argv)
{
	const char *name = getenv("AUDIENT_FUZZ");
	const char *verdicts = getenv("AUDIENT_VERDICTS");

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
	skip = strcmp(name, "pam") == 0 ? 4 : 0;
	is_signed = skip > 0 || strcmp(name, "signed") == 0;
	if (verdicts != NULL && verdicts[0] != '\0')
		fuzz_open_verdicts(verdicts);
	(void)atexit(fuzz_end);
	return 0;
}

/* Of what we sign, one in four becomes one that is good, or nearly. */
size_t
LLVMFuzzerCustomMutator(unsigned char *data, size_t size, size_t max,
    unsigned int seed)
{
	if (!is_signed || seed % 4 != 0 || size < skip || max < 2048)
		return LLVMFuzzerMutate(data, size, max);
	size = skip + fuzz_make(seed, (char *)data + skip, max - skip);
	return seed % 16 == 0 ? LLVMFuzzerMutate(data, size, max) : size;
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
