/* SPDX-License-Identifier: BSD-2-Clause */
#ifndef TESTS_FAKEDEVICE_H
#define TESTS_FAKEDEVICE_H

#include "fakepam.h"

/*
 * In place of the core's device flow, and of the screen that it is shown on;
 * the linker sends audient_device_…, ioctl(2) and nl_langinfo(3) here, and
 * malloc(3), which can be made to fail as libpam's calls can.
 */
struct fakedevice {
	enum reason start;	  /* what comes of it */
	const enum reason *polls; /* and of the questions in turn */
	const char *confirmed;	  /* the token */
	const char *whole;   /* page and code in one; NULL: the usual one */
	const char *codeset; /* NULL: UTF-8 */
	int rows;	     /* of the screen; 0: there is none */
};
extern struct fakedevice fakedevice;

#define FAKEDEVICE_PAGE "https://a.example.com/activate"
#define FAKEDEVICE_CODE "BCDF-GHJK"

#endif
