/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/wire.h"

#define BIT(role) (1u << (role))
#define ANY_ROLE                                                                                   \
	(BIT(WIRE_CAPTURE) | BIT(WIRE_VISION) | BIT(WIRE_STORE) | BIT(WIRE_UPLINK) |               \
	 BIT(WIRE_CONTROL) | BIT(WIRE_DEVICE))

/* What a message of a type must look like, and who may say it to whom. */
struct wire_rule {
	uint32_t size;
	uint8_t min_fds, max_fds;
	uint8_t from, to; /* BIT(role) of those who may send and receive it */
};

static const struct wire_rule rules[WIRE_TYPES] = {
    [WIRE_START] = {sizeof(struct wire_plain), 1, 1, BIT(WIRE_PARENT), ANY_ROLE},
    [WIRE_PEER] = {sizeof(struct wire_peer), 1, 1, BIT(WIRE_PARENT), ANY_ROLE},
    [WIRE_STOP] = {sizeof(struct wire_plain), 0, 0, BIT(WIRE_PARENT), ANY_ROLE},
    [WIRE_RELOAD] = {sizeof(struct wire_plain), 0, 0, BIT(WIRE_PARENT), BIT(WIRE_STORE)},
    [WIRE_READY] = {sizeof(struct wire_ready), 0, 0, ANY_ROLE, BIT(WIRE_PARENT)},
    [WIRE_STATUS] = {sizeof(struct wire_status), 0, 0, ANY_ROLE | BIT(WIRE_PARENT),
		     BIT(WIRE_PARENT) | BIT(WIRE_CONTROL) | BIT(WIRE_UPLINK) | BIT(WIRE_STORE)},
    [WIRE_BUFFERS] = {sizeof(struct wire_buffers), 1, FRAME_BUFFERS, BIT(WIRE_CAPTURE),
		      BIT(WIRE_VISION)},
    [WIRE_PAIR] = {sizeof(struct wire_pair), 0, 0, BIT(WIRE_CAPTURE), BIT(WIRE_VISION)},
    [WIRE_PAIR_DONE] = {sizeof(struct wire_pair_done), 0, 0, BIT(WIRE_VISION), BIT(WIRE_CAPTURE)},
    [WIRE_PASSAGE] = {sizeof(struct wire_passage), 1, 1, BIT(WIRE_VISION), BIT(WIRE_STORE)},
    [WIRE_PASSAGE_DONE] = {sizeof(struct wire_passage_done), 0, 0, BIT(WIRE_STORE),
			   BIT(WIRE_VISION)},
    [WIRE_HIT] = {sizeof(struct wire_hit), 1, 1, BIT(WIRE_STORE), BIT(WIRE_UPLINK)},
    [WIRE_HIT_DONE] = {sizeof(struct wire_hit_done), 0, 0, BIT(WIRE_UPLINK), BIT(WIRE_STORE)},
    [WIRE_BUNDLE] = {sizeof(struct wire_bundle), 1, 1, BIT(WIRE_UPLINK), BIT(WIRE_STORE)},
    [WIRE_BUNDLE_DONE] = {sizeof(struct wire_bundle_done), 0, 0, BIT(WIRE_STORE), BIT(WIRE_UPLINK)},
    [WIRE_LIST] = {sizeof(struct wire_list), 0, 0, BIT(WIRE_STORE), BIT(WIRE_UPLINK)},
    [WIRE_HEAD] = {sizeof(struct wire_head), 0, 0, BIT(WIRE_STORE), BIT(WIRE_UPLINK)},
    [WIRE_REQUEST] = {sizeof(struct wire_request), 1, 1, BIT(WIRE_UPLINK) | BIT(WIRE_CONTROL),
		      BIT(WIRE_STORE)},
    [WIRE_REQUEST_DONE] = {sizeof(struct wire_request_done), 0, 1, BIT(WIRE_STORE),
			   BIT(WIRE_UPLINK) | BIT(WIRE_CONTROL)},
};

const char *wire_role_name(unsigned role)
{
	static const char *const names[WIRE_ROLES] = {"parent", "capture", "vision", "store",
						      "uplink", "control", "device"};

	return role < WIRE_ROLES ? names[role] : "?";
}

bool wire_check(const void *m, size_t len, size_t n_fds, enum wire_role from, enum wire_role to,
		struct err *e)
{
	const struct wire_header *h = m;
	const struct wire_rule *r;

	if (len < sizeof *h)
		return err_set(e, ERR_PEER, "message of %zu bytes has no header", len);
	if (h->version != WIRE_VERSION)
		return err_set(e, ERR_PEER, "message of version %u, not %u", h->version,
			       WIRE_VERSION);
	if (h->type >= WIRE_TYPES || rules[h->type].size == 0)
		return err_set(e, ERR_PEER, "message of unknown type %u", h->type);
	r = &rules[h->type];
	if (h->size != len || len != r->size)
		return err_set(e, ERR_PEER, "message of type %u has %zu bytes (says %u), not %u",
			       h->type, len, h->size, r->size);
	if (n_fds < r->min_fds || n_fds > r->max_fds)
		return err_set(e, ERR_PEER, "message of type %u with %zu descriptors", h->type,
			       n_fds);
	if (from >= WIRE_ROLES || to >= WIRE_ROLES || !(r->from & BIT(from)) || !(r->to & BIT(to)))
		return err_set(e, ERR_PEER, "message of type %u is not for %s to say to %s",
			       h->type, wire_role_name(from), wire_role_name(to));
	return true;
}

void wire_terminate(char *text, size_t size)
{
	text[size - 1] = '\0';
}
