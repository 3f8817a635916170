/* SPDX-License-Identifier: Apache-2.0 */
/* The vision role: pairs from capture, passages to the store. Buffers are mapped read-only and
 * given back after each pair. */
#include "firmware/base/clock.h"
#include "firmware/base/log.h"
#include "firmware/role.h"
#include "firmware/vision/conf.h"
#include "firmware/vision/eyes.h"
#include "firmware/vision/unsent.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#define RETRY_NS   (100 * NS_PER_MS)
#define SIDE_MOST  8192u
#define SIDE_LEAST 64u
#define DONES	   8u /* credits on their way back: more than capture has */

struct mapped {
	uint32_t n, width, height, stride, size;
	const uint8_t *at[FRAME_BUFFERS];
};

struct vision {
	struct role *role;
	struct loop *loop;
	struct vision_conf conf;
	struct eyes *eyes;
	struct mapped cameras[FRAME_CAMERAS];
	struct unsent unsent;
	uint64_t dones[DONES]; /* pairs to give back */
	size_t n_dones;
	uint64_t last_pair; /* the end of the source: given back when the store has everything */
	bool stopping, degraded;
	int64_t sent, refused;
};

/* --- to the store --------------------------------------------------------------------------------
 */

static void finish(struct vision *v);

static void send_passages(struct vision *v)
{
	struct unsent_entry *u;

	while ((u = unsent_next(&v->unsent))) {
		struct err e = {0};

		/* Full or gone: the timer or the store's return tries again. */
		if (!role_send(v->role, WIRE_STORE, &u->passage.h, &u->gift, 1, &e))
			return;
		u->sent = true;
		v->sent++;
	}
}

static void on_passage(void *arg, const struct wire_passage *m, int gift)
{
	struct vision *v = arg;
	struct wire_passage whole = *m;

	wire_start(&whole.h, WIRE_PASSAGE, sizeof whole);
	unsent_add(&v->unsent, &whole, gift);
	send_passages(v);
}

static bool passage_done(struct vision *v, const struct wire_passage_done *m, struct err *e)
{
	if (!unsent_done(&v->unsent, m->id))
		return err_set(e, ERR_PEER, "answer to a passage that is not waiting");
	v->refused += !m->accepted;
	finish(v);
	return true;
}

/* --- from capture --------------------------------------------------------------------------------
 */

static void unmap(struct mapped *c)
{
	for (uint32_t i = 0; i < c->n; i++)
		(void)munmap((void *)(uintptr_t)c->at[i], c->size);
	memset(c, 0, sizeof *c);
}

static bool map_one(struct mapped *c, int fd, struct err *e)
{
	struct stat st;
	int seals = fcntl(fd, F_GET_SEALS);
	void *p;

	/* A memfd could be cut under our feet unless it is sealed; a dmabuf has no seals, and
	 * cannot be. */
	if (seals >= 0 && !(seals & F_SEAL_SHRINK))
		return err_set(e, ERR_PEER, "frame buffer whose size is not sealed");
	if (fstat(fd, &st) != 0)
		return err_errno(e, errno, "frame buffer");
	if (st.st_size < (off_t)c->size)
		return err_set(e, ERR_PEER, "frame buffer smaller than said");
	p = mmap(NULL, c->size, PROT_READ, MAP_SHARED, fd, 0);
	if (p == MAP_FAILED)
		return err_errno(e, errno, "frame buffer: map");
	c->at[c->n++] = p;
	return true;
}

static bool map_all(struct mapped *c, const struct wire_buffers *m, const int *fds, size_t n_fds,
		    struct err *e)
{
	if (m->n != n_fds || m->n > FRAME_BUFFERS)
		return err_set(e, ERR_PEER, "%u frame buffers in %zu descriptors", m->n, n_fds);
	if (m->width < SIDE_LEAST || m->width > SIDE_MOST || m->height < SIDE_LEAST ||
	    m->height > SIDE_MOST || m->stride < m->width || m->stride > 4 * SIDE_MOST ||
	    m->size < m->stride * m->height)
		return err_set(e, ERR_PEER, "frame buffers of %u x %u, %u a row, %u bytes",
			       m->width, m->height, m->stride, m->size);
	c->width = m->width;
	c->height = m->height;
	c->stride = m->stride;
	c->size = m->size;
	for (size_t i = 0; i < n_fds; i++)
		if (!map_one(c, fds[i], e))
			return false;
	return true;
}

static bool take_buffers(struct vision *v, const struct wire_buffers *m, const int *fds,
			 size_t n_fds, struct err *e)
{
	struct mapped *c;

	if (m->camera >= FRAME_CAMERAS)
		return err_set(e, ERR_PEER, "frame buffers of camera %u", m->camera);
	c = &v->cameras[m->camera];
	unmap(c);
	if (!map_all(c, m, fds, n_fds, e) ||
	    !eyes_size(v->eyes, m->camera, c->width, c->height, e)) {
		unmap(c);
		return false;
	}
	return true;
}

static void give_back(struct vision *v)
{
	while (v->n_dones) {
		struct wire_pair_done m = {.pair = v->dones[0]};
		struct err e = {0};

		wire_start(&m.h, WIRE_PAIR_DONE, sizeof m);
		if (!role_send(v->role, WIRE_CAPTURE, &m.h, NULL, 0, &e) && e.code == ERR_AGAIN)
			return;
		/* Without capture there is nobody to give it back to. */
		memmove(v->dones, v->dones + 1, --v->n_dones * sizeof *v->dones);
	}
}

static void done_with(struct vision *v, uint64_t pair)
{
	if (v->n_dones < DONES)
		v->dones[v->n_dones++] = pair;
	give_back(v);
}

/* The end of the source and STOP wait until the store has everything. */
static void finish(struct vision *v)
{
	if (v->unsent.n)
		return;
	if (v->last_pair)
		done_with(v, v->last_pair);
	v->last_pair = 0;
	if (v->stopping)
		role_exit(v->role);
}

static bool is_sound(const struct vision *v, const struct wire_pair *m)
{
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		if (m->present[i] &&
		    (m->frames[i].camera != i || m->frames[i].buffer >= v->cameras[i].n ||
		     m->frames[i].capture_ns <= 0))
			return false;
	return m->pair != 0;
}

static bool take_pair(struct vision *v, const struct wire_pair *m, struct err *e)
{
	struct image images[FRAME_CAMERAS];

	if (!is_sound(v, m)) {
		done_with(v, m->pair); /* a credit kept back would starve capture */
		return err_set(e, ERR_PEER, "pair with frames that are not there");
	}
	memset(images, 0, sizeof images);
	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		if (m->present[i]) {
			const struct mapped *c = &v->cameras[i];

			images[i] = (struct image){c->at[m->frames[i].buffer], c->width, c->height,
						   c->stride};
		}
	if (m->present[0] || m->present[1]) {
		v->degraded = !(m->present[0] && m->present[1]);
		eyes_look(v->eyes, m, images);
	}
	if (!m->last) {
		done_with(v, m->pair);
		return true;
	}
	eyes_flush(v->eyes);
	v->last_pair = m->pair;
	finish(v);
	return true;
}

/* --- the ritual ----------------------------------------------------------------------------------
 */

static void on_timer(void *arg)
{
	struct vision *v = arg;

	send_passages(v);
	give_back(v);
}

/* ../models beside the folder of this program. */
static bool own_models(char *out, size_t size, struct err *e)
{
	char self[512];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	char *slash;

	if (n < 0)
		return err_errno(e, errno, "/proc/self/exe");
	self[n] = 0;
	slash = strrchr(self, '/');
	if (slash)
		*slash = 0;
	if ((size_t)snprintf(out, size, "%s/../models", self) >= size)
		return err_set(e, ERR_LIMIT, "%s: the path is too long", self);
	return true;
}

static bool vision_open(void *state, const struct role_env *env, struct sandbox *box, struct err *e)
{
	struct vision *v = state;
	char models[640];

	v->role = env->role;
	v->loop = env->loop;
	if (!vision_conf_load(env->conf_text, env->conf_len, env->conf_folder, &v->conf, e) ||
	    !own_models(models, sizeof models, e))
		return false;
	if (!unsent_new(&v->unsent, (size_t)v->conf.queue, e))
		return false;
	if (!eyes_open(&v->conf, models, on_passage, v, &v->eyes, e))
		return err_prefix(e, "models");
	vision_sandbox(&v->conf, box);
	return true;
}

static bool vision_begin(void *state, struct err *e)
{
	struct vision *v = state;

	eyes_begin(v->eyes);
	if (loop_timer(v->loop, RETRY_NS, RETRY_NS, on_timer, v) < 0)
		return err_set(e, ERR_LIMIT, "no timer left");
	return true;
}

static void vision_connected(void *state, enum wire_role peer)
{
	struct vision *v = state;

	if (peer == WIRE_STORE) {
		unsent_again(&v->unsent);
		send_passages(v);
	} else if (peer == WIRE_CAPTURE) {
		/* Its buffers are new, and its credits all its own. */
		for (unsigned i = 0; i < FRAME_CAMERAS; i++)
			unmap(&v->cameras[i]);
		v->n_dones = 0;
		v->last_pair = 0;
	}
}

static bool vision_message(void *state, enum wire_role peer, const struct wire_header *m, int *fds,
			   size_t n_fds, struct err *e)
{
	struct vision *v = state;
	bool done = false;

	if (peer == WIRE_CAPTURE && m->type == WIRE_BUFFERS)
		done = take_buffers(v, (const struct wire_buffers *)(const void *)m, fds, n_fds, e);
	else if (peer == WIRE_CAPTURE && m->type == WIRE_PAIR)
		done = take_pair(v, (const struct wire_pair *)(const void *)m, e);
	else if (peer == WIRE_STORE && m->type == WIRE_PASSAGE_DONE)
		done = passage_done(v, (const struct wire_passage_done *)(const void *)m, e);
	else
		(void)err_set(e, ERR_PEER, "message of type %u is not expected here", m->type);
	for (size_t i = 0; i < n_fds; i++)
		(void)close(fds[i]);
	return done;
}

static void vision_stop(void *state)
{
	struct vision *v = state;

	v->stopping = true;
	eyes_flush(v->eyes);
	finish(v);
}

static void vision_status(void *state, struct wire_status *s)
{
	struct vision *v = state;
	struct eyes_counts n;

	eyes_count(v->eyes, &n);
	(void)snprintf(s->state, sizeof s->state, "%s", v->degraded ? "degraded" : "ok");
	if (v->degraded)
		(void)snprintf(s->detail, sizeof s->detail, "one angle only");
	role_count(s, "pairs", n.pairs);
	role_count(s, "triggered", n.triggered);
	role_count(s, "idle", n.idle);
	role_count(s, "plates_seen", n.plates_seen);
	role_count(s, "plates_read", n.read);
	role_count(s, "passages", n.passages);
	role_count(s, "low_quality", n.low_quality);
	role_count(s, "weak", n.weak);
	role_count(s, "stickers", n.stickers);
	role_count(s, "signs", n.signs);
	role_count(s, "open", n.open);
	role_count(s, "queue", (int64_t)v->unsent.n);
	role_count(s, "queue_dropped", v->unsent.dropped);
	role_count(s, "refused", v->refused);
	role_count(s, "failures", n.failures);
	role_count(s, "ms_per_pair", n.us_mean / 1000);
	role_count(s, "ms_per_pair_p99", n.us_p99 / 1000);
}

static void vision_close(void *state)
{
	struct vision *v = state;

	for (unsigned i = 0; i < FRAME_CAMERAS; i++)
		unmap(&v->cameras[i]);
	eyes_close(v->eyes);
	unsent_free(&v->unsent);
}

static const struct role_ops ops = {
    .role = WIRE_VISION,
    .state_size = sizeof(struct vision),
    .open = vision_open,
    .begin = vision_begin,
    .connected = vision_connected,
    .message = vision_message,
    .stop = vision_stop,
    .status = vision_status,
    .close = vision_close,
};

int main(int argc, char **argv)
{
	return role_main(argc, argv, &ops);
}
