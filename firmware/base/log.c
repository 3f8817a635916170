/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/log.h"

#include "firmware/base/clock.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINE_MAX_BYTES 512u

/* Who speaks is a property of the process; there is no object that every caller could pass. */
static const char *speaker = "alpr";
static enum log_level most_written = LOG_INFO;
static bool to_journal;

/* JOURNAL_STREAM names the device and inode that stderr had when systemd started us
 * (systemd.exec(5)): a stderr redirected since then is no journal. */
static bool stderr_is_journal(void)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat st;
	char here[64];

	if (!stream || fstat(STDERR_FILENO, &st) < 0)
		return false;
	(void)snprintf(here, sizeof here, "%ju:%ju", (uintmax_t)st.st_dev, (uintmax_t)st.st_ino);
	return strcmp(stream, here) == 0;
}

void log_open(const char *role, enum log_level most)
{
	speaker = role;
	most_written = most;
	to_journal = stderr_is_journal();
}

static size_t put_head(char *line, size_t size, enum log_level level)
{
	char when[CLOCK_RFC3339_SIZE];
	int n;

	if (to_journal)
		n = snprintf(line, size, "<%d>%s: ", (int)level, speaker);
	else
		n = snprintf(line, size, "%s %s: ", clock_rfc3339(clock_utc_ns(), when), speaker);
	if (n < 0)
		return 0;
	return (size_t)n < size ? (size_t)n : size - 1;
}

void log_line(enum log_level level, const char *fmt, ...)
{
	char line[LINE_MAX_BYTES];
	int saved = errno;
	size_t used, end;
	va_list args;

	if (level > most_written)
		return;
	used = put_head(line, sizeof line, level);
	va_start(args, fmt);
	if (vsnprintf(line + used, sizeof line - used, fmt, args) < 0)
		line[used] = '\0';
	va_end(args);
	end = used + strlen(line + used);
	for (size_t i = used; i < end; i++)
		if ((unsigned char)line[i] < 0x20 || line[i] == 0x7f)
			line[i] = '?';
	line[end++] = '\n';
	/* One write, so that lines of several roles do not mix; a log that cannot be written stops
	 * nobody. */
	if (write(STDERR_FILENO, line, end) < 0)
		errno = 0;
	errno = saved;
}
