/* SPDX-License-Identifier: Apache-2.0 */
/* Clock quality as a file says it (CONFIG_FAKE_HARDWARE). */
#include "hal/clock_quality.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/conf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FAKE_MOST 512 /* bytes of its file */

struct clock_quality {
	int fd; /* of its file */
};

static void fake_close(struct clock_quality *c)
{
	if (!c)
		return;
	cleanup_close(&c->fd);
	free(c);
}

static bool fake_open(const struct clock_quality_conf *conf, struct clock_quality **out,
		      struct err *e)
{
	AUTO_CLOSE int fd = -1;
	struct stat st;

	if (!conf->source[0])
		return err_set(e, ERR_CONFIG, "clock: fake: no file is named");
	fd = open(conf->source, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return err_errno(e, errno, "clock: %.160s", conf->source);
	if (fstat(fd, &st) != 0 || !S_ISREG(st.st_mode))
		return err_set(e, ERR_CONFIG, "clock: %.160s is no file", conf->source);
	*out = malloc(sizeof **out);
	if (!*out)
		return err_set(e, ERR_NO_MEMORY, "clock: no memory");
	(*out)->fd = steal_fd(&fd);
	return true;
}

struct fake {
	bool synchronised;
	int64_t max_error_us, est_error_us, tai_offset_s;
};

#define AT(field) offsetof(struct fake, field)

static bool fake_read(struct clock_quality *c, struct clock_quality_reading *out, struct err *e)
{
	static const struct conf_key keys[] = {
	    {"synchronised", CONF_BOOL, AT(synchronised), "no", 0, 0, NULL, ""},
	    {"max_error_us", CONF_INT, AT(max_error_us), "0", 0, 1e15, NULL, ""},
	    {"est_error_us", CONF_INT, AT(est_error_us), "0", 0, 1e15, NULL, ""},
	    {"tai_offset_s", CONF_INT, AT(tai_offset_s), "0", 0, 1000, NULL, ""},
	};
	struct fake f = {0};
	char text[FAKE_MOST + 1];
	ssize_t n = pread(c->fd, text, sizeof text, 0);

	memset(out, 0, sizeof *out);
	if (n < 0)
		return err_errno(e, errno, "clock: fake");
	if (n > FAKE_MOST)
		return err_set(e, ERR_LIMIT, "clock: fake: more than %d bytes", FAKE_MOST);
	text[n] = '\0';
	if (!conf_fill(text, (size_t)n, "/", "clock", keys, sizeof keys / sizeof keys[0], &f, e)) {
		if (e && e->code == ERR_CONFIG)
			e->code = ERR_FORMAT;
		return err_prefix(e, "clock: fake");
	}
	*out = (struct clock_quality_reading){f.synchronised, f.max_error_us, f.est_error_us,
					      (int32_t)f.tai_offset_s};
	return true;
}

const struct clock_quality_ops clock_quality_fake = {
    .name = "fake",
    .open = fake_open,
    .read = fake_read,
    .close = fake_close,
};
