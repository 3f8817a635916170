/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: returned, never thrown, prefixed as they rise.
 *
 * A function that can fail returns bool (true: done) and takes a `struct err *` last. The place
 * that finds the fault sets code and text; each caller on the way up may put what it was doing in
 * front: "hotlist: /var/lib/alpr/list.alpb: signature: does not verify". A text never holds a
 * plate, a key or a secret.
 */
#ifndef FIRMWARE_BASE_ERR_H
#define FIRMWARE_BASE_ERR_H

#include <stdbool.h>

#define MUST_CHECK	       __attribute__((warn_unused_result))
#define PRINTF_LIKE(fmt, args) __attribute__((format(printf, fmt, args)))

enum err_code {
	ERR_NONE = 0,
	ERR_ARGUMENT,  /* the call or the command line was wrong */
	ERR_CONFIG,    /* the configuration was wrong */
	ERR_IO,	       /* the system refused or failed */
	ERR_NO_SPACE,  /* disk full, ring full, quota */
	ERR_NO_MEMORY, /* allocation failed */
	ERR_FORMAT,    /* bytes from outside are not what they claim to be */
	ERR_LIMIT,     /* bytes from outside are larger than we accept */
	ERR_SIGNATURE, /* a signature or certificate does not verify */
	ERR_POLICY,    /* understood, and forbidden */
	ERR_NOT_FOUND, /* asked for, and absent */
	ERR_PEER,      /* the other end of a channel closed or spoke nonsense */
	ERR_AGAIN      /* nothing wrong: try later */
};

struct err {
	enum err_code code;
	char text[256]; /* NUL-terminated; cut, never overrun */
};

/*
 * Set code and text of *e (which may be NULL: then nothing is kept). Always returns false, so that
 * a failing function can `return err_set(…)`.
 */
bool err_set(struct err *e, enum err_code code, const char *fmt, ...) PRINTF_LIKE(3, 4);

/*
 * As err_set, followed by ": " and the text of errno value `errnum`. ENOSPC and EDQUOT become
 * ERR_NO_SPACE, ENOMEM ERR_NO_MEMORY, ENOENT ERR_NOT_FOUND, EAGAIN ERR_AGAIN, the rest ERR_IO.
 */
bool err_errno(struct err *e, int errnum, const char *fmt, ...) PRINTF_LIKE(3, 4);

/* Put "prefix: " in front of the text of *e, keeping its code. Always returns false. */
bool err_prefix(struct err *e, const char *fmt, ...) PRINTF_LIKE(2, 3);

/* The analyzer looks into one file at a time and would not know that these return false. */
#ifdef __clang_analyzer__
#define err_set(...)	((err_set)(__VA_ARGS__), false)
#define err_errno(...)	((err_errno)(__VA_ARGS__), false)
#define err_prefix(...) ((err_prefix)(__VA_ARGS__), false)
#endif

#endif
