/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/download.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/gift.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#define MANIPULATION "alpr-delta" /* RFC 3229, 10.5: the instance manipulation's name */
#define LINE	     (3 * ANSWER_ETAG_SIZE)

static const char *header(CURL *easy, const char *name)
{
	struct curl_header *h = NULL;

	return curl_easy_header(easy, name, 0, CURLH_HEADER, -1, &h) == CURLHE_OK ? h->value : NULL;
}

/* An ETag is sent back as it came: only one that is plain and whole is kept. */
void download_etag(CURL *easy, char out[ANSWER_ETAG_SIZE])
{
	const char *value = header(easy, "ETag");

	out[0] = '\0';
	if (!value || strlen(value) >= ANSWER_ETAG_SIZE)
		return;
	for (const char *c = value; *c; c++)
		if (*c <= ' ' || *c >= 0x7f)
			return;
	(void)snprintf(out, ANSWER_ETAG_SIZE, "%s", value);
}

bool download_waited(CURL *easy)
{
	const char *applied = header(easy, "Preference-Applied");

	return applied && strncasecmp(applied, "wait", 4) == 0;
}

/* --- asking
 * --------------------------------------------------------------------------------------------- */

/* Only a strong ETag says that the bytes are the same (RFC 9110, 13.1.5). */
static bool resumable(const struct download *d)
{
	return d->fd >= 0 && d->len > 0 && !d->delta && d->etag[0] == '"';
}

static bool add(struct curl_slist **list, const char *line)
{
	struct curl_slist *longer = curl_slist_append(*list, line);

	if (longer)
		*list = longer;
	return longer != NULL;
}

static bool ask_for_rest(const struct download *d, struct curl_slist **list)
{
	char range[64], unless[LINE];

	(void)snprintf(range, sizeof range, "Range: bytes=%" PRIu64 "-", d->len);
	(void)snprintf(unless, sizeof unless, "If-Range: %s", d->etag);
	return add(list, range) && add(list, unless);
}

bool download_ask(const struct list_question *q, const struct download *d, struct curl_slist **list)
{
	const char *comma = q->have[0] && q->refused[0] ? ", " : "";
	char line[LINE];

	(void)snprintf(line, sizeof line, "If-None-Match: %s%s%s", q->have, comma, q->refused);
	if ((q->have[0] || q->refused[0]) && !add(list, line))
		return false;
	if (resumable(d))
		return ask_for_rest(d, list);
	if (q->have[0] && q->delta && !add(list, "A-IM: " MANIPULATION))
		return false;
	(void)snprintf(line, sizeof line, "Prefer: wait=%u", q->wait_s);
	return q->wait_s == 0 || add(list, line);
}

/* --- what comes
 * ----------------------------------------------------------------------------------------- */

void download_drop(struct download *d)
{
	if (d->fd >= 0)
		(void)close(d->fd);
	*d = DOWNLOAD_NONE;
}

int download_take(struct download *d)
{
	int fd = steal_fd(&d->fd);

	*d = DOWNLOAD_NONE;
	return fd;
}

static bool begin(struct download *d, CURL *easy, bool delta, struct err *e)
{
	const char *ranges = header(easy, "Accept-Ranges");
	curl_off_t length = -1;

	download_drop(d);
	if (!gift_begin("hotlist", &d->fd, e))
		return false;
	d->delta = delta;
	download_etag(easy, d->etag);
	if (curl_easy_getinfo(easy, CURLINFO_CONTENT_LENGTH_DOWNLOAD_T, &length) == CURLE_OK &&
	    length > 0)
		d->whole = (uint64_t)length;
	d->resumes = ranges && strcasecmp(ranges, "bytes") == 0 && d->etag[0] == '"' && !delta;
	return true;
}

static bool begin_delta(struct download *d, const struct list_question *q, CURL *easy,
			struct err *e)
{
	const char *how = header(easy, "IM"), *base = header(easy, "Delta-Base");

	if (!how || strcasecmp(how, MANIPULATION) != 0)
		return err_set(e, ERR_PEER, "hotlist: changed in a way that nobody asked for");
	if (!q->delta || !base || strcmp(base, q->have) != 0)
		return err_set(e, ERR_PEER, "hotlist: a delta to another list");
	return begin(d, easy, true, e);
}

/* A number and the character behind it; NULL: there is another text. */
static const char *number(const char *text, char behind, uint64_t *out)
{
	size_t digits = text ? strspn(text, "0123456789") : 0;

	if (digits == 0 || digits > 18 || text[digits] != behind)
		return NULL;
	*out = 0;
	for (size_t i = 0; i < digits; i++)
		*out = *out * 10 + (uint64_t)(text[i] - '0');
	return text + digits + (behind != '\0');
}

/* RFC 9110, 14.4: "bytes 200-399/400". */
static bool content_range(const char *text, uint64_t *first, uint64_t *last, uint64_t *whole)
{
	static const char unit[] = "bytes ";

	if (!text || strncasecmp(text, unit, sizeof unit - 1) != 0)
		return false;
	text = number(text + sizeof unit - 1, '-', first);
	text = number(text, '/', last);
	return number(text, '\0', whole) != NULL;
}

static bool go_on(struct download *d, CURL *easy, struct err *e)
{
	uint64_t first = 0, last = 0, whole = 0;
	char etag[ANSWER_ETAG_SIZE];

	download_etag(easy, etag);
	if (!resumable(d) || (etag[0] && strcmp(etag, d->etag) != 0))
		return err_set(e, ERR_PEER, "hotlist: a part of another list");
	if (!content_range(header(easy, "Content-Range"), &first, &last, &whole) ||
	    first != d->len || last < first || whole <= last || (d->whole && whole != d->whole))
		return err_set(e, ERR_PEER, "hotlist: another part than was asked for");
	d->whole = whole;
	return true;
}

bool download_body(struct download *d, const struct list_question *q, CURL *easy, long status,
		   struct err *e)
{
	bool good = status == 206   ? go_on(d, easy, e)
		    : status == 226 ? begin_delta(d, q, easy, e)
				    : begin(d, easy, false, e);

	if (!good)
		download_drop(d);
	return good;
}

bool download_append(struct download *d, const void *data, size_t len, uint64_t most, struct err *e)
{
	bool good = len <= most && d->len <= most - len
			? gift_append(d->fd, data, len, e)
			: err_set(e, ERR_LIMIT, "hotlist: more than %" PRIu64 " bytes", most);

	d->len += len;
	if (!good)
		download_drop(d);
	return good;
}

bool download_complete(const struct download *d)
{
	return d->fd >= 0 && d->len > 0 && (d->whole == 0 || d->len == d->whole);
}

void download_cut(struct download *d)
{
	if (!resumable(d))
		download_drop(d);
}
