/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Where gpsd says that the box stands (gpsd_json(5)). The connection comes and goes behind one
 * epoll descriptor, which holds the timer of the next try and the socket of the present one.
 */
#include "hal/location.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "hal/gpsd_report.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/timerfd.h>
#include <sys/un.h>

#define RETRY_FIRST_NS NS_PER_S
#define RETRY_MOST_NS  (60 * NS_PER_S)
#define GREETING_NS    (10 * NS_PER_S) /* within which whatever is connected must say what it is */
#define STALE_MS       10000
#define READS	       4 /* a call of work(), so that a flood keeps nobody else waiting */

static const char watch[] = "?WATCH={\"enable\":true,\"json\":true};\n";

enum state { WAITING, CONNECTING, GREETING, WATCHING };

struct location {
	union {
		struct sockaddr any;
		struct sockaddr_in v4;
		struct sockaddr_in6 v6;
		struct sockaddr_un local;
	} to;
	socklen_t to_len;
	int64_t stale_ns;

	int poll, timer, sock; /* sock -1: none now */
	enum state state;
	int64_t retry_ns;   /* the next wait */
	struct err trouble; /* of the last try; code ERR_NONE: none */
	bool known;	    /* `last` holds a fix */
	struct location_reading last;
	size_t used; /* bytes of a line begun */
	char line[GPSD_LINE_MAX];
};

static void gpsd_close(struct location *l)
{
	if (!l)
		return;
	cleanup_close(&l->sock);
	cleanup_close(&l->timer);
	cleanup_close(&l->poll);
	free(l);
}

static void auto_close(struct location **l)
{
	gpsd_close(*l);
}

/* --- whom to ask
 * ---------------------------------------------------------------------------------- */

/* "127.0.0.1:2947" or "[::1]:2947", in numbers: nothing here asks for names. */
static bool set_internet(struct location *l, const char *text)
{
	const char *colon = strrchr(text, ':');
	char address[64], *end;
	unsigned long port;
	size_t len;

	if (!colon || colon[1] < '0' || colon[1] > '9')
		return false;
	port = strtoul(colon + 1, &end, 10);
	len = (size_t)(colon - text);
	if (*end || port < 1 || port > 65535 || len >= sizeof address)
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (address[0] == '[' && address[len - 1] == ']') {
		address[len - 1] = '\0';
		l->to.v6 = (struct sockaddr_in6){.sin6_family = AF_INET6,
						 .sin6_port = htons((uint16_t)port)};
		l->to_len = sizeof l->to.v6;
		return inet_pton(AF_INET6, address + 1, &l->to.v6.sin6_addr) == 1;
	}
	l->to.v4 = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
	l->to_len = sizeof l->to.v4;
	return inet_pton(AF_INET, address, &l->to.v4.sin_addr) == 1;
}

static bool set_address(struct location *l, const char *text, struct err *e)
{
	size_t len = strlen(text);

	if (*text != '/')
		return set_internet(l, *text ? text : "127.0.0.1:2947") ||
		       err_set(e, ERR_CONFIG,
			       "location: %.100s is no path and no numeric address:port", text);
	if (len >= sizeof l->to.local.sun_path)
		return err_set(e, ERR_CONFIG, "location: the path of gpsd's socket is too long");
	l->to.local.sun_family = AF_UNIX;
	memcpy(l->to.local.sun_path, text, len + 1);
	l->to_len = sizeof l->to.local;
	return true;
}

/* --- the connection
 * ------------------------------------------------------------------------------- */

/* Give this try up, for the reason in l->trouble, and wait for the next. */
static void give_up(struct location *l)
{
	cleanup_close(&l->sock); /* which takes it out of the epoll set */
	l->sock = -1;
	l->used = 0;
	l->state = WAITING;
	clock_arm(l->timer, clock_mono_ns() + l->retry_ns);
	l->retry_ns = l->retry_ns * 2 < RETRY_MOST_NS ? l->retry_ns * 2 : RETRY_MOST_NS;
}

static void give_up_errno(struct location *l, int errnum, const char *what)
{
	(void)err_errno(&l->trouble, errnum, "gpsd %s", what);
	if (l->trouble.code == ERR_AGAIN) /* that is for "no fix" alone */
		l->trouble.code = ERR_IO;
	give_up(l);
}

static void connected(struct location *l)
{
	struct epoll_event in = {.events = EPOLLIN};

	if (epoll_ctl(l->poll, EPOLL_CTL_MOD, l->sock, &in) != 0 ||
	    send(l->sock, watch, sizeof watch - 1, MSG_NOSIGNAL) != sizeof watch - 1) {
		give_up_errno(l, errno, "cannot be asked");
		return;
	}
	l->state = GREETING;
	clock_arm(l->timer, clock_mono_ns() + GREETING_NS);
}

static void begin(struct location *l)
{
	struct epoll_event out = {.events = EPOLLOUT};

	l->sock = socket(l->to.any.sa_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (l->sock < 0 || epoll_ctl(l->poll, EPOLL_CTL_ADD, l->sock, &out) != 0) {
		give_up_errno(l, errno, "cannot be asked");
		return;
	}
	if (connect(l->sock, &l->to.any, l->to_len) == 0) {
		connected(l);
	} else if (errno == EINPROGRESS) {
		l->state = CONNECTING;
		clock_arm(l->timer, clock_mono_ns() + GREETING_NS);
	} else {
		give_up_errno(l, errno, "cannot be reached");
	}
}

static void finish_connecting(struct location *l)
{
	int errnum = 0;
	socklen_t len = sizeof errnum;

	if (getsockopt(l->sock, SOL_SOCKET, SO_ERROR, &errnum, &len) != 0)
		errnum = errno;
	if (errnum == 0)
		connected(l);
	else
		give_up_errno(l, errnum, "cannot be reached");
}

/* --- what it says
 * --------------------------------------------------------------------------------- */

static bool take_line(struct location *l, const char *line, size_t len, struct err *e)
{
	struct location_reading r = {0};
	enum gpsd_report what = GPSD_OTHER;

	if (!gpsd_report(line, len, &what, &r, e))
		return false;
	if (l->state == GREETING) {
		if (what != GPSD_VERSION)
			return err_set(e, ERR_FORMAT, "what answers is no gpsd");
		l->state = WATCHING;
		l->trouble = (struct err){0};
		clock_arm(l->timer, 0);
	}
	if (what != GPSD_FIX && what != GPSD_NO_FIX)
		return true;
	l->retry_ns = RETRY_FIRST_NS;
	l->known = what == GPSD_FIX;
	l->last = r;
	l->last.seen_ns = clock_mono_ns();
	return true;
}

/* Every whole line that has come; what is left of the next stays. */
static bool take_lines(struct location *l, struct err *e)
{
	char *from = l->line, *end;
	size_t left = l->used;

	while ((end = memchr(from, '\n', left))) {
		size_t len = (size_t)(end - from);

		if (len > 0 && !take_line(l, from, len, e))
			return false;
		left -= len + 1;
		from = end + 1;
	}
	if (left == sizeof l->line)
		return err_set(e, ERR_LIMIT, "a line of gpsd's is longer than %u bytes",
			       GPSD_LINE_MAX);
	memmove(l->line, from, left);
	l->used = left;
	return true;
}

static void receive(struct location *l)
{
	for (int i = 0; i < READS; i++) {
		ssize_t n = recv(l->sock, l->line + l->used, sizeof l->line - l->used, 0);

		if (n < 0 && (errno == EAGAIN || errno == EINTR))
			return;
		if (n < 0) {
			give_up_errno(l, errno, "has failed");
			return;
		}
		if (n == 0) {
			(void)err_set(&l->trouble, ERR_IO, "gpsd has closed the connection");
			give_up(l);
			return;
		}
		l->used += (size_t)n;
		if (!take_lines(l, &l->trouble)) {
			give_up(l);
			return;
		}
	}
}

/* --- the vtable
 * ----------------------------------------------------------------------------------- */

static bool prepare(struct location *l, struct err *e)
{
	struct epoll_event in = {.events = EPOLLIN};

	l->timer = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	l->poll = epoll_create1(EPOLL_CLOEXEC);
	if (l->timer < 0 || l->poll < 0 || epoll_ctl(l->poll, EPOLL_CTL_ADD, l->timer, &in) != 0)
		return err_errno(e, errno, "location: timer");
	clock_arm(l->timer, 1); /* the first try is work()'s */
	(void)err_set(&l->trouble, ERR_NOT_FOUND, "gpsd has not been asked yet");
	return true;
}

static bool gpsd_open(const struct location_conf *conf, struct location **out, struct err *e)
{
	CLEANUP(auto_close) struct location *l = calloc(1, sizeof *l);

	if (!l)
		return err_set(e, ERR_NO_MEMORY, "location: no memory");
	l->poll = l->timer = l->sock = -1;
	l->retry_ns = RETRY_FIRST_NS;
	l->stale_ns = (conf->stale_ms > 0 ? conf->stale_ms : STALE_MS) * NS_PER_MS;
	if (!set_address(l, conf->source, e) || !prepare(l, e))
		return false;
	*out = steal_ptr(&l);
	return true;
}

static int gpsd_fd(const struct location *l)
{
	return l->poll;
}

static void gpsd_work(struct location *l)
{
	uint64_t expired = 0;
	struct epoll_event ready[2];
	bool due = read(l->timer, &expired, sizeof expired) > 0;
	int n = epoll_wait(l->poll, ready, 2, 0);

	if (due && l->state == WAITING) {
		begin(l);
	} else if (due && l->state != WATCHING) {
		(void)err_set(&l->trouble, ERR_IO, "gpsd does not answer");
		give_up(l);
	} else if (n > 0 && l->state == CONNECTING) {
		finish_connecting(l);
	} else if (n > 0 && l->state != WAITING) {
		receive(l);
	}
}

static bool gpsd_get(const struct location *l, struct location_reading *out, struct err *e)
{
	if (l->known && clock_mono_ns() - l->last.seen_ns <= l->stale_ns) {
		*out = l->last;
		return true;
	}
	if (l->trouble.code != ERR_NONE) {
		if (e)
			*e = l->trouble;
		return false;
	}
	return err_set(e, ERR_AGAIN, "gpsd has no fix");
}

const struct location_ops location_gpsd = {
    .name = "gpsd",
    .open = gpsd_open,
    .fd = gpsd_fd,
    .work = gpsd_work,
    .get = gpsd_get,
    .close = gpsd_close,
};
