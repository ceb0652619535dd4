dnl SPDX-License-Identifier: BSD-2-Clause
dnl Each flag is tried alone: compilers differ in what they know.

dnl AUDIENT_TRY(VARIABLE, FLAG): a compiler flag
AC_DEFUN([AUDIENT_TRY], [
	audient_save=$CFLAGS
	CFLAGS="$CFLAGS $$1 -Werror $2"
	AC_MSG_CHECKING([whether $CC takes $2])
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
		[AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
	CFLAGS=$audient_save
])

dnl AUDIENT_TRY_LINK(VARIABLE, FLAG): a linker flag
AC_DEFUN([AUDIENT_TRY_LINK], [
	audient_save=$LDFLAGS
	LDFLAGS="$LDFLAGS -Werror $2"
	AC_MSG_CHECKING([whether the linker takes $2])
	AC_LINK_IFELSE([AC_LANG_PROGRAM([], [])],
		[AC_MSG_RESULT([yes]); $1="$$1 $2"], [AC_MSG_RESULT([no])])
	LDFLAGS=$audient_save
])

AC_DEFUN([AUDIENT_WARNINGS], [
	WARN_CFLAGS=
	m4_foreach_w([flag], [-Wall -Wextra -Wpedantic -Wshadow -Wcast-qual
		-Wwrite-strings -Wmissing-prototypes -Wstrict-prototypes
		-Wimplicit-fallthrough -Wconversion -Wsign-conversion
		-Wswitch-enum -Wvla -Wformat=2 -Wformat-nonliteral -Wundef
		-Wpointer-arith -Wnull-dereference -Wtrampolines
		-Werror=format-security -Werror=implicit
		-Werror=incompatible-pointer-types -Werror=int-conversion],
		[AUDIENT_TRY([WARN_CFLAGS], flag)])
	AC_SUBST([WARN_CFLAGS])
])

dnl Not -z nodlopen: modules are opened with dlopen(3).  -z nodelete: OpenSSL's
dnl thread and exit handlers must not point into a module that is gone.
AC_DEFUN([AUDIENT_HARDENING], [
	HARDEN_CFLAGS=
	HARDEN_CPPFLAGS="-U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=3"
	HARDEN_LDFLAGS=
	m4_foreach_w([flag], [-fstack-protector-strong
		-fstack-clash-protection -fcf-protection=full
		-mbranch-protection=standard
		-fno-delete-null-pointer-checks -fno-strict-overflow
		-fno-strict-aliasing -ftrivial-auto-var-init=zero
		-fzero-call-used-regs=used-gpr -fstrict-flex-arrays=3],
		[AUDIENT_TRY([HARDEN_CFLAGS], flag)])
	m4_foreach_w([flag], [[-Wl,-z,relro] [-Wl,-z,now] [-Wl,-z,noexecstack]
		[-Wl,-z,defs] [-Wl,--as-needed]],
		[AUDIENT_TRY_LINK([HARDEN_LDFLAGS], flag)])
	MODULE_LDFLAGS=
	m4_foreach_w([flag], [[-Wl,-z,nodelete] [-Wl,-Bsymbolic-functions]],
		[AUDIENT_TRY_LINK([MODULE_LDFLAGS], flag)])
	AC_SUBST([HARDEN_CFLAGS])
	AC_SUBST([HARDEN_CPPFLAGS])
	AC_SUBST([HARDEN_LDFLAGS])
	AC_SUBST([MODULE_LDFLAGS])
])

dnl The directory that was built in is no part of the result.  Not
dnl -ffile-prefix-map: it also moves what coverage data is named after.
AC_DEFUN([AUDIENT_PREFIX_MAP], [
	audient_source=`cd "$srcdir" && pwd`
	audient_build=`pwd`
	PREFIX_MAP_CFLAGS=
	m4_foreach_w([kind], [debug macro], [
		AUDIENT_TRY([PREFIX_MAP_CFLAGS],
			[-f]kind[-prefix-map=$audient_source=.])
		AUDIENT_TRY([PREFIX_MAP_CFLAGS],
			[-f]kind[-prefix-map=$audient_build=.])
	])
	AC_SUBST([PREFIX_MAP_CFLAGS])
])
