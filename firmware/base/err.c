/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static void set_text(struct err *e, const char *fmt, va_list args)
    __attribute__((format(printf, 2, 0)));

static void set_text(struct err *e, const char *fmt, va_list args)
{
	if (vsnprintf(e->text, sizeof e->text, fmt, args) < 0)
		e->text[0] = '\0';
}

static void append(struct err *e, const char *more)
{
	size_t used = strlen(e->text);

	(void)snprintf(e->text + used, sizeof e->text - used, "%s", more);
}

bool(err_set)(struct err *e, enum err_code code, const char *fmt, ...)
{
	va_list args;

	if (!e)
		return false;
	e->code = code;
	va_start(args, fmt);
	set_text(e, fmt, args);
	va_end(args);
	return false;
}

static enum err_code code_of_errno(int errnum)
{
	if (errnum == ENOSPC || errnum == EDQUOT)
		return ERR_NO_SPACE;
	if (errnum == ENOMEM)
		return ERR_NO_MEMORY;
	if (errnum == ENOENT)
		return ERR_NOT_FOUND;
	if (errnum == EAGAIN)
		return ERR_AGAIN;
	return ERR_IO;
}

bool(err_errno)(struct err *e, int errnum, const char *fmt, ...)
{
	char why[96];
	va_list args;

	if (!e)
		return false;
	e->code = code_of_errno(errnum);
	va_start(args, fmt);
	set_text(e, fmt, args);
	va_end(args);
	append(e, ": ");
	append(e, strerror_r(errnum, why, sizeof why));
	return false;
}

bool(err_prefix)(struct err *e, const char *fmt, ...)
{
	char old[sizeof e->text];
	va_list args;

	if (!e)
		return false;
	memcpy(old, e->text, sizeof old);
	va_start(args, fmt);
	set_text(e, fmt, args);
	va_end(args);
	append(e, ": ");
	append(e, old);
	return false;
}
