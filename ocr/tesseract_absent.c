/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What Tesseract's static library would call to fetch a picture from the network (libcurl) or a
 * model from an archive (libarchive), were it asked to. It never is, and a process that looks at
 * plates must not even hold the code: these stand in its place, and refuse. Linked instead of the
 * two libraries and of some thirty that they bring (OpenSSL, Kerberos, LDAP, ICU, ...).
 */
#include <stddef.h>
#include <stdint.h>

/* For this program alone: a library that has use for the real ones gets the real ones. */
#pragma GCC visibility push(hidden)

#define CURL_REFUSED   2     /* CURLE_FAILED_INIT */
#define ARCHIVE_FAILED (-30) /* ARCHIVE_FATAL */

void *curl_easy_init(void);
int curl_easy_setopt(void *handle, int option, ...);
int curl_easy_perform(void *handle);
void curl_easy_cleanup(void *handle);
const char *curl_easy_strerror(int code);
void *archive_read_new(void);
int archive_read_support_filter_all(void *a);
int archive_read_support_format_all(void *a);
int archive_read_open_filename(void *a, const char *name, size_t block);
int archive_read_next_header(void *a, void **entry);
const char *archive_entry_pathname(void *entry);
int64_t archive_entry_size(void *entry);
ptrdiff_t archive_read_data(void *a, void *to, size_t size);
int archive_read_free(void *a);

void *curl_easy_init(void)
{
	return NULL;
}

int curl_easy_setopt(void *handle, int option, ...)
{
	(void)handle;
	(void)option;
	return CURL_REFUSED;
}

int curl_easy_perform(void *handle)
{
	(void)handle;
	return CURL_REFUSED;
}

void curl_easy_cleanup(void *handle)
{
	(void)handle;
}

const char *curl_easy_strerror(int code)
{
	(void)code;
	return "there is no network here";
}

void *archive_read_new(void)
{
	return NULL;
}

int archive_read_support_filter_all(void *a)
{
	(void)a;
	return ARCHIVE_FAILED;
}

int archive_read_support_format_all(void *a)
{
	(void)a;
	return ARCHIVE_FAILED;
}

int archive_read_open_filename(void *a, const char *name, size_t block)
{
	(void)a;
	(void)name;
	(void)block;
	return ARCHIVE_FAILED;
}

int archive_read_next_header(void *a, void **entry)
{
	(void)a;
	(void)entry;
	return ARCHIVE_FAILED;
}

const char *archive_entry_pathname(void *entry)
{
	(void)entry;
	return "";
}

int64_t archive_entry_size(void *entry)
{
	(void)entry;
	return 0;
}

ptrdiff_t archive_read_data(void *a, void *to, size_t size)
{
	(void)a;
	(void)to;
	(void)size;
	return ARCHIVE_FAILED;
}

int archive_read_free(void *a)
{
	(void)a;
	return 0;
}

#pragma GCC visibility pop
