/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/transfer.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/base/gift.h"

#include <mbedtls/ssl.h>
#include <netdb.h>
#include <string.h>
#include <strings.h>
#include <sys/epoll.h>
#include <sys/socket.h>

#define STALL_BYTES 100L /* a second: less is no transfer */
#define BRIEF_S	    10.0 /* at most, for a heartbeat and the like: the next has newer things to say */
#define PATH_SIZE   128

struct transfer {
	struct loop *loop;
	const struct uplink_conf *conf;
	const struct credentials *own;
	CURLM *multi;
	CURL *easy;
	struct curl_slist *headers;
	int timer; /* id in the loop; -1: none */
	bool busy;
	transfer_done_fn done;
	void *arg;
	uint64_t body_len;		      /* of the answer, so far */
	const struct list_question *question; /* NULL: it is no list that is asked for */
	struct download *download;	      /* what comes of it */
	struct transfer_body *into;	      /* a small body that is kept; NULL */
	bool body_begun;
	struct err body_error; /* why it was not taken */
	uint32_t verify_flags;
};

/* --- libcurl and the loop
 * ----------------------------------------------------------------------------- */

static void finish(struct transfer *t, CURLcode code);

static void look_for_end(struct transfer *t)
{
	CURLMsg *m;
	int left;

	while (t->busy && (m = curl_multi_info_read(t->multi, &left)))
		if (m->msg == CURLMSG_DONE)
			finish(t, m->data.result);
}

static void on_socket(void *arg, int fd, uint32_t events)
{
	struct transfer *t = arg;
	int mask = 0, running;

	if (events & EPOLLIN)
		mask |= CURL_CSELECT_IN;
	if (events & EPOLLOUT)
		mask |= CURL_CSELECT_OUT;
	if (events & (EPOLLERR | EPOLLHUP))
		mask |= CURL_CSELECT_ERR;
	(void)curl_multi_socket_action(t->multi, fd, mask, &running);
	look_for_end(t);
}

static void on_timer(void *arg)
{
	struct transfer *t = arg;
	int running;

	t->timer = -1;
	(void)curl_multi_socket_action(t->multi, CURL_SOCKET_TIMEOUT, 0, &running);
	look_for_end(t);
}

static int watch_socket(CURL *easy, curl_socket_t fd, int what, void *arg, void *unused)
{
	struct transfer *t = arg;
	uint32_t events = 0;

	(void)easy;
	(void)unused;
	if (what == CURL_POLL_REMOVE) {
		loop_forget(t->loop, fd);
		return 0;
	}
	if (what & CURL_POLL_IN)
		events |= EPOLLIN;
	if (what & CURL_POLL_OUT)
		events |= EPOLLOUT;
	return loop_watch(t->loop, fd, events, on_socket, t, NULL) ? 0 : -1;
}

static int set_timer(CURLM *multi, long ms, void *arg)
{
	struct transfer *t = arg;

	(void)multi;
	loop_cancel(t->loop, t->timer);
	t->timer = -1;
	if (ms >= 0)
		t->timer = loop_timer(t->loop, ms * NS_PER_MS, 0, on_timer, t);
	return ms < 0 || t->timer >= 0 ? 0 : -1;
}

/* --- the answer
 * ----------------------------------------------------------------------------------------- */

static bool take_list(struct transfer *t, const char *data, size_t len, long status)
{
	struct err *e = &t->body_error;

	if (!t->body_begun && !download_body(t->download, t->question, t->easy, status, e))
		return false;
	t->body_begun = true;
	return download_append(t->download, data, len, (uint64_t)t->conf->hotlist_max_bytes, e);
}

static size_t on_body(char *data, size_t size, size_t n, void *arg)
{
	struct transfer *t = arg;
	size_t len = size * n;
	long status = 0;

	t->body_len += len;
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (t->into && status == 200) {
		if (len > sizeof t->into->data - t->into->len)
			return CURL_WRITEFUNC_ERROR;
		memcpy(t->into->data + t->into->len, data, len);
		t->into->len += len;
		return len;
	}
	if (t->question && (status == 200 || status == 206 || status == 226))
		return take_list(t, data, len, status) ? len : CURL_WRITEFUNC_ERROR;
	return t->body_len <= TRANSFER_ANSWER_MAX ? len : CURL_WRITEFUNC_ERROR;
}

static bool is_of_type(CURL *easy, const char *type)
{
	size_t len = strlen(type);
	char *given = NULL;

	if (curl_easy_getinfo(easy, CURLINFO_CONTENT_TYPE, &given) != CURLE_OK || !given)
		return false;
	return strncasecmp(given, type, len) == 0 && strchr("; \t", given[len]);
}

static void describe_end(struct transfer *t, CURLcode code, struct ending *end)
{
	curl_off_t off = 0;
	long n = 0;

	end->code = code;
	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &end->status);
	(void)curl_easy_getinfo(t->easy, CURLINFO_OS_ERRNO, &end->os_error);
	end->verify = t->verify_flags;
	if (curl_easy_getinfo(t->easy, CURLINFO_RETRY_AFTER, &off) == CURLE_OK && off > 0)
		end->retry_after_s = off < 86400 ? off : 86400;
	off = 0;
	/* 0 on a connection that was there before, too: then TLS stands anyway. */
	(void)curl_easy_getinfo(t->easy, CURLINFO_APPCONNECT_TIME_T, &off);
	(void)curl_easy_getinfo(t->easy, CURLINFO_NUM_CONNECTS, &n);
	end->tls = off > 0 || n == 0;
	n = 0;
	(void)curl_easy_getinfo(t->easy, CURLINFO_REQUEST_SIZE,
				&n); /* measured: headers and body of all attempts */
	end->sent = (uint64_t)n;
	n = 0;
	off = 0;
	(void)curl_easy_getinfo(t->easy, CURLINFO_HEADER_SIZE, &n);
	(void)curl_easy_getinfo(t->easy, CURLINFO_SIZE_DOWNLOAD_T, &off);
	end->received = (uint64_t)n + (uint64_t)off;
	end->problem = is_of_type(t->easy, "application/problem+json");
	end->jose = is_of_type(t->easy, "application/jose");
	end->odd = t->body_error.code == ERR_PEER;
	end->waited = download_waited(t->easy);
	download_etag(t->easy, end->etag);
}

static void release(struct transfer *t)
{
	(void)curl_multi_remove_handle(t->multi, t->easy);
	curl_easy_reset(t->easy); /* keeps the connection */
	curl_slist_free_all(t->headers);
	t->headers = NULL;
	t->busy = false;
	t->question = NULL;
	t->download = NULL;
	t->into = NULL;
}

/* What has come of a list when its transfer has ended as `code` says: all, a beginning, nothing. */
static CURLcode close_body(struct transfer *t, CURLcode code)
{
	long status = 0;

	(void)curl_easy_getinfo(t->easy, CURLINFO_RESPONSE_CODE, &status);
	if (code == CURLE_OK && !t->body_begun && (status == 200 || status == 226))
		download_drop(t->download);
	if (code == CURLE_OK && status == 206 && !download_complete(t->download))
		code = CURLE_PARTIAL_FILE;
	if (status == 416) /* what is there goes beyond the end: it is of another list */
		download_drop(t->download);
	if (code != CURLE_OK)
		download_cut(t->download);
	return code;
}

static void finish(struct transfer *t, CURLcode code)
{
	struct ending end = {0};

	if (t->question)
		code = close_body(t, code);
	describe_end(t, code, &end);
	release(t);
	t->done(t->arg, &end);
}

/* --- the request
 * ---------------------------------------------------------------------------------------- */

static bool add_header(struct transfer *t, const char *line)
{
	struct curl_slist *longer = curl_slist_append(t->headers, line);

	if (longer)
		t->headers = longer;
	return longer != NULL;
}

static CURLcode set_blob(CURL *easy, CURLoption option, const struct pem *p)
{
	struct curl_blob b = {.data = p->text, .len = p->len, .flags = CURL_BLOB_NOCOPY};

	return curl_easy_setopt(easy, option, &b);
}

/* Looks on while mbedTLS verifies, to say later what was wrong; takes nothing back. */
static int note_flags(void *arg, mbedtls_x509_crt *crt, int depth, uint32_t *flags)
{
	struct transfer *t = arg;

	(void)crt;
	(void)depth;
	t->verify_flags |= *flags;
	return 0;
}

static CURLcode on_tls_config(CURL *easy, void *config, void *arg)
{
	(void)easy;
	mbedtls_ssl_conf_verify(config, note_flags, arg);
	return CURLE_OK;
}

#define TRY(call)                                                                                  \
	if ((rc = (call)) != CURLE_OK)                                                             \
	return rc

/* Everything that makes the connection safe. A refused option refuses the transfer. */
static CURLcode secure(struct transfer *t)
{
	CURL *c = t->easy;
	CURLcode rc;

	TRY(curl_easy_setopt(c, CURLOPT_PROTOCOLS_STR, "https"));
	TRY(curl_easy_setopt(c, CURLOPT_FOLLOWLOCATION, 0L));
	TRY(curl_easy_setopt(c, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2));
	TRY(curl_easy_setopt(c, CURLOPT_SSL_VERIFYPEER, 1L));
	TRY(curl_easy_setopt(c, CURLOPT_SSL_VERIFYHOST, 2L));
	/* A resumed session would skip the certificates, and with them their end. */
	TRY(curl_easy_setopt(c, CURLOPT_SSL_SESSIONID_CACHE, 0L));
	TRY(curl_easy_setopt(c, CURLOPT_SSL_CTX_FUNCTION, on_tls_config));
	TRY(curl_easy_setopt(c, CURLOPT_SSL_CTX_DATA, t));
	TRY(set_blob(c, CURLOPT_CAINFO_BLOB, &t->own->ca));
	TRY(set_blob(c, CURLOPT_SSLCERT_BLOB, &t->own->certificate));
	TRY(set_blob(c, CURLOPT_SSLKEY_BLOB, &t->own->key));
	return CURLE_OK;
}

static long ms(double s)
{
	return (long)(s * 1000.0);
}

static CURLcode prepare(struct transfer *t, const char *path, double timeout_s)
{
	char url[CONF_STRING_MAX + PATH_SIZE];
	CURL *c = t->easy;
	CURLcode rc;

	(void)snprintf(url, sizeof url, "%s%s", t->conf->url, path);
	TRY(secure(t));
	TRY(curl_easy_setopt(c, CURLOPT_URL, url));
	TRY(curl_easy_setopt(c, CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1));
	TRY(curl_easy_setopt(c, CURLOPT_HTTPHEADER, t->headers));
	TRY(curl_easy_setopt(c, CURLOPT_NOSIGNAL, 1L));
	TRY(curl_easy_setopt(c, CURLOPT_TCP_KEEPALIVE, 1L));
	TRY(curl_easy_setopt(c, CURLOPT_CONNECTTIMEOUT_MS, ms(t->conf->connect_timeout_s)));
	TRY(curl_easy_setopt(c, CURLOPT_TIMEOUT_MS, ms(timeout_s)));
	TRY(curl_easy_setopt(c, CURLOPT_LOW_SPEED_LIMIT, STALL_BYTES));
	TRY(curl_easy_setopt(c, CURLOPT_LOW_SPEED_TIME, (long)t->conf->stall_timeout_s));
	TRY(curl_easy_setopt(c, CURLOPT_WRITEFUNCTION, on_body));
	TRY(curl_easy_setopt(c, CURLOPT_WRITEDATA, t));
	return CURLE_OK;
}

static CURLcode prepare_post(struct transfer *t, const char *path, const char *type,
			     double timeout_s, const void *body, size_t len)
{
	CURLcode rc;

	/* A large body is sent at once: waiting for "100 Continue" costs a round trip a hit. */
	if (!add_header(t, type) || !add_header(t, "Expect:"))
		return CURLE_OUT_OF_MEMORY;
	TRY(prepare(t, path, timeout_s));
	TRY(curl_easy_setopt(t->easy, CURLOPT_POST, 1L));
	TRY(curl_easy_setopt(t->easy, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)len));
	TRY(curl_easy_setopt(t->easy, CURLOPT_POSTFIELDS, body));
	return CURLE_OK;
}

static CURLcode prepare_list(struct transfer *t, const struct list_question *q,
			     const struct download *d)
{
	CURLcode rc;

	if (!download_ask(q, d, &t->headers))
		return CURLE_OUT_OF_MEMORY;
	TRY(prepare(t, "/v1/hotlist", t->conf->hotlist_timeout_s));
	/* While the RTCC waits for news nothing moves, and nothing is wrong. */
	TRY(curl_easy_setopt(t->easy, CURLOPT_LOW_SPEED_TIME,
			     (long)t->conf->stall_timeout_s + (long)q->wait_s));
	TRY(curl_easy_setopt(t->easy, CURLOPT_MAXFILESIZE_LARGE,
			     (curl_off_t)t->conf->hotlist_max_bytes));
	return CURLE_OK;
}

/* `rc` is what preparing said. */
static bool begin(struct transfer *t, CURLcode rc, transfer_done_fn done, void *arg, struct err *e)
{
	t->body_len = 0;
	t->body_begun = false;
	t->body_error = (struct err){0};
	t->done = done;
	t->arg = arg;
	t->verify_flags = 0;
	if (rc != CURLE_OK || curl_multi_add_handle(t->multi, t->easy) != CURLM_OK) {
		release(t);
		return err_set(e, ERR_NO_MEMORY, "transfer: %s", curl_easy_strerror(rc));
	}
	t->busy = true;
	return true;
}

bool transfer_hit(struct transfer *t, const void *body, size_t len, transfer_done_fn done,
		  void *arg, struct err *e)
{
	if (t->busy)
		return err_set(e, ERR_AGAIN, "transfer: busy");
	return begin(t,
		     prepare_post(t, "/v1/hits", "Content-Type: application/cloudevents+json",
				  t->conf->hit_timeout_s, body, len),
		     done, arg, e);
}

static double brief_s(const struct transfer *t)
{
	return t->conf->hit_timeout_s < BRIEF_S ? t->conf->hit_timeout_s : BRIEF_S;
}

bool transfer_heartbeat(struct transfer *t, const void *body, size_t len, transfer_done_fn done,
			void *arg, struct err *e)
{
	if (t->busy)
		return err_set(e, ERR_AGAIN, "transfer: busy");
	return begin(t,
		     prepare_post(t, "/v1/heartbeat", "Content-Type: application/json", brief_s(t),
				  body, len),
		     done, arg, e);
}

bool transfer_request(struct transfer *t, struct transfer_body *into, transfer_done_fn done,
		      void *arg, struct err *e)
{
	bool accept;

	if (t->busy)
		return err_set(e, ERR_AGAIN, "transfer: busy");
	t->into = into;
	into->len = 0;
	accept = add_header(t, "Accept: application/jose");
	return begin(t,
		     accept ? prepare(t, "/v1/evidence/requests", brief_s(t)) : CURLE_OUT_OF_MEMORY,
		     done, arg, e);
}

bool transfer_answer(struct transfer *t, const struct transfer_part *p, transfer_done_fn done,
		     void *arg, struct err *e)
{
	char path[PATH_SIZE], type[64], range[96];
	CURLcode rc = CURLE_OUT_OF_MEMORY;

	if (t->busy)
		return err_set(e, ERR_AGAIN, "transfer: busy");
	(void)snprintf(path, sizeof path, "/v1/evidence/answers/%s", p->digest);
	(void)snprintf(type, sizeof type, "Content-Type: %s", p->type);
	(void)snprintf(range, sizeof range, "Content-Range: bytes %zu-%zu/%zu", p->first,
		       p->first + p->len - 1, p->whole);
	if (p->len == p->whole || add_header(t, range))
		rc = prepare_post(t, path, type, p->timeout_s, p->data, p->len);
	return begin(t, rc, done, arg, e);
}

bool transfer_list(struct transfer *t, const struct list_question *q, struct download *d,
		   transfer_done_fn done, void *arg, struct err *e)
{
	if (t->busy)
		return err_set(e, ERR_AGAIN, "transfer: busy");
	t->question = q;
	t->download = d;
	return begin(t, prepare_list(t, q, d), done, arg, e);
}

bool transfer_flows(const struct transfer *t)
{
	return t->busy && t->body_begun;
}

bool transfer_busy(const struct transfer *t)
{
	return t->busy;
}

void transfer_abort(struct transfer *t, struct ending *end)
{
	struct ending unused;

	if (!end)
		end = &unused;
	*end = (struct ending){0};
	if (!t->busy)
		return;
	if (t->question)
		download_cut(t->download);
	describe_end(t, CURLE_ABORTED_BY_CALLBACK, end);
	release(t);
}

/* --- life
 * -----------------------------------------------------------------------------------------------
 */

/* The resolver reads its configuration and loads its modules when first asked: let that be now, not
 * in the sandbox. */
static void warm_resolver(void)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
	struct addrinfo *found = NULL;

	if (getaddrinfo("localhost", "443", &hints, &found) == 0)
		freeaddrinfo(found);
}

bool transfer_new(struct loop *loop, const struct uplink_conf *conf, const struct credentials *own,
		  struct transfer **out, struct err *e)
{
	struct transfer *t = calloc(1, sizeof *t);

	if (!t)
		return err_set(e, ERR_NO_MEMORY, "transfer");
	t->loop = loop;
	t->conf = conf;
	t->own = own;
	t->timer = -1;
	warm_resolver();
	if (curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK) {
		free(t);
		return err_set(e, ERR_IO, "transfer: libcurl does not start");
	}
	t->multi = curl_multi_init();
	t->easy = curl_easy_init();
	if (!t->multi || !t->easy ||
	    curl_multi_setopt(t->multi, CURLMOPT_SOCKETFUNCTION, watch_socket) != CURLM_OK ||
	    curl_multi_setopt(t->multi, CURLMOPT_SOCKETDATA, t) != CURLM_OK ||
	    curl_multi_setopt(t->multi, CURLMOPT_TIMERFUNCTION, set_timer) != CURLM_OK ||
	    curl_multi_setopt(t->multi, CURLMOPT_TIMERDATA, t) != CURLM_OK ||
	    curl_multi_setopt(t->multi, CURLMOPT_MAXCONNECTS, 1L) != CURLM_OK ||
	    curl_multi_setopt(t->multi, CURLMOPT_MAX_TOTAL_CONNECTIONS, 1L) != CURLM_OK) {
		transfer_free(t);
		return err_set(e, ERR_NO_MEMORY, "transfer: libcurl");
	}
	*out = t;
	return true;
}

void transfer_free(struct transfer *t)
{
	if (!t)
		return;
	transfer_abort(t, NULL);
	curl_easy_cleanup(t->easy);
	(void)curl_multi_cleanup(t->multi);
	loop_cancel(t->loop, t->timer);
	curl_global_cleanup();
	free(t);
}
