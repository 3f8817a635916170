/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/base64url.h"
#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/ctl/evidence.h"
#include "firmware/store/audit_line.h"
#include "firmware/store/request.h"

#include <cjson/cJSON.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <string.h>

#define NONCE_BYTES 24u /* 32 characters */
#define VALID_H	    24

struct call {
	const char *key, *certificate, *camera, *plate, *from, *to, *case_number, *purpose, *valid,
	    *file;
};

static void key_cleanup(struct crypt_key **k)
{
	crypt_key_free(*k);
}

static void json_cleanup(char **text)
{
	cJSON_free(*text);
}

/* --- what is asked -------------------------------------------------------------------------------
 */

/* A text of the command line, as it is; what is wrong with it is found when all is read back. */
static bool take_text(const char *name, const char *text, char *out, size_t size, struct err *e)
{
	return (size_t)snprintf(out, size, "%s", text) < size ||
	       err_set(e, ERR_ARGUMENT, "--%s: too long", name);
}

/* "-": a line of standard input, so that the plate is in no shell's history and no list of
 * processes. */
static bool take_plate(const char *given, char *out, size_t size, struct err *e)
{
	char line[64] = "";

	if (strcmp(given, "-") == 0) {
		if (!fgets(line, sizeof line, stdin))
			return err_set(e, ERR_ARGUMENT, "--plate -: no line on standard input");
		line[strcspn(line, "\r\n")] = '\0';
		given = line;
	}
	if (*given == '\0') /* or it would ask for every plate of the window */
		return err_set(e, ERR_ARGUMENT, "plate: empty");
	return (size_t)snprintf(out, size, "%s", given) < size ||
	       err_set(e, ERR_ARGUMENT, "plate: not of 1 to 10 letters and digits");
}

static bool take_window(const struct call *c, struct request *r, struct err *e)
{
	r->has_window = c->from || c->to;
	if (!r->has_window)
		return c->plate || err_set(e, ERR_ARGUMENT, "neither --plate nor --from and --to");
	if (!c->from || !c->to || !clock_parse_rfc3339(c->from, &r->from_ns) ||
	    !clock_parse_rfc3339(c->to, &r->to_ns))
		return err_set(e, ERR_ARGUMENT,
			       "a window is --from and --to, in UTC as 2027-01-31T17:00:00Z");
	return c->plate || r->to_ns - r->from_ns <= CONFIG_EVIDENCE_WINDOW_MIN * (60 * NS_PER_S) ||
	       err_set(e, ERR_ARGUMENT, "without --plate no box answers for more than %d minutes",
		       CONFIG_EVIDENCE_WINDOW_MIN);
}

static bool take_validity(const struct call *c, struct request *r, struct err *e)
{
	char *end = NULL;
	const long hours = c->valid ? strtol(c->valid, &end, 10) : VALID_H;

	if (hours < 1 || hours > VALID_H || (end && (end == c->valid || *end)))
		return err_set(e, ERR_ARGUMENT, "--valid: 1 to %d hours", VALID_H);
	r->issued_ns = clock_utc_ns() / NS_PER_S * NS_PER_S;
	r->expires_ns = r->issued_ns + hours * 3600 * NS_PER_S;
	return true;
}

static bool take_nonce(struct request *r, struct err *e)
{
	uint8_t bytes[NONCE_BYTES];

	if (!crypt_random(bytes, sizeof bytes, e))
		return false;
	r->nonce[base64url_encode(bytes, sizeof bytes, r->nonce)] = '\0';
	return true;
}

/* What is wrong with it is wrong with the call. */
static bool wrong_call(struct err *e)
{
	e->code = ERR_ARGUMENT;
	return false;
}

static bool take(const struct call *c, const struct identity *who, struct request *r, struct err *e)
{
	char plate[32] = "";

	if (c->plate && !take_plate(c->plate, plate, sizeof plate, e))
		return false;
	if (*plate && !request_fold_plate(plate, r->plate, e))
		return wrong_call(e);
	return take_text("camera", c->camera, r->camera, sizeof r->camera, e) &&
	       take_text("case", c->case_number, r->case_number, sizeof r->case_number, e) &&
	       take_text("purpose", c->purpose, r->purpose, sizeof r->purpose, e) &&
	       take_text("cert", identity_common_name(who), r->requester, sizeof r->requester, e) &&
	       take_window(c, r, e) && take_validity(c, r, e) && take_nonce(r, e);
}

/* --- signed --------------------------------------------------------------------------------------
 */

struct signer {
	struct identity_der chain[IDENTITY_CHAIN_MAX];
	size_t n;
	void *memory;
	struct identity *who;
	struct crypt_key *key;
};

static void signer_free(struct signer *s)
{
	identity_free(s->who);
	crypt_key_free(s->key);
	free(s->memory);
}

/* Key and certificate belong together, and the certificate has a name. */
static bool signer_load(const struct call *c, struct signer *s, struct err *e)
{
	CLEANUP(key_cleanup) struct crypt_key *certified = NULL;
	uint8_t a[CRYPT_SHA256_SIZE], b[CRYPT_SHA256_SIZE];

	if (!identity_read_chain(c->certificate, s->chain, &s->n, &s->memory, e) ||
	    !crypt_key_load_private(c->key, &s->key, e))
		return false;
	if (!identity_claimed(&s->chain[0], &s->who, e) || !identity_key(s->who, &certified, e) ||
	    !crypt_key_id(certified, a, e) || !crypt_key_id(s->key, b, e))
		return err_prefix(e, "%.150s", c->certificate);
	if (memcmp(a, b, sizeof a) != 0)
		return err_set(e, ERR_ARGUMENT, "%.100s: not the key of that certificate", c->key);
	return *identity_common_name(s->who) ||
	       err_set(e, ERR_ARGUMENT, "%.150s: its subject has not one CN", c->certificate);
}

/* *out: the caller frees. */
static bool make(const struct call *c, char **out, size_t *len, struct request *r, struct err *e)
{
	CLEANUP(signer_free) struct signer s = {0};
	CLEANUP(json_cleanup) char *json = NULL;
	struct request again;

	if (!signer_load(c, &s, e) || !take(c, s.who, r, e) || !request_write(r, &json, e))
		return false;
	/* What a box would refuse is refused here, in the box's words. */
	if (!request_parse(json, strlen(json), &again, e))
		return wrong_call(e);
	return jws_make(s.key, REQUEST_TYP, s.chain, s.n, json, strlen(json), out, len, e);
}

static bool put(const struct call *c, const char *text, size_t len, struct err *e)
{
	AUTO_CLOSE int fd = -1;

	if (!c->file)
		return (fwrite(text, 1, len, stdout) == len && fflush(stdout) == 0) ||
		       err_errno(e, errno, "standard output");
	fd = open(c->file, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0)
		return err_errno(e, errno, "%.150s", c->file);
	if (write(fd, text, len) == (ssize_t)len && fsync(fd) == 0)
		return true;
	(void)err_errno(e, errno, "%.150s", c->file);
	(void)unlink(c->file);
	return false;
}

static bool run(const struct call *c, struct err *e)
{
	AUTO_FREE char *text = NULL;
	struct request r = {0};
	uint8_t hash[CRYPT_SHA256_SIZE];
	char hex[AUDIT_HEX_SIZE], until[CLOCK_RFC3339_SIZE];
	size_t len = 0;

	if (!make(c, &text, &len, &r, e) || !crypt_sha256(text, len, hash, e) ||
	    !put(c, text, len, e))
		return false;
	(void)fprintf(stderr, "alprctl: evidence: request %s, good once, until %s\n",
		      audit_hex(hash, hex), clock_rfc3339(r.expires_ns, until));
	return true;
}

static const struct option options[] = {
    {"key", required_argument, NULL, 'k'},    {"cert", required_argument, NULL, 'c'},
    {"camera", required_argument, NULL, 'm'}, {"plate", required_argument, NULL, 'p'},
    {"from", required_argument, NULL, 'f'},   {"to", required_argument, NULL, 't'},
    {"case", required_argument, NULL, 'n'},   {"purpose", required_argument, NULL, 'u'},
    {"valid", required_argument, NULL, 'v'},  {NULL, 0, NULL, 0}};

static const char **member(struct call *c, int opt)
{
	switch (opt) {
	case 'k':
		return &c->key;
	case 'c':
		return &c->certificate;
	case 'm':
		return &c->camera;
	case 'p':
		return &c->plate;
	case 'f':
		return &c->from;
	case 't':
		return &c->to;
	case 'n':
		return &c->case_number;
	case 'u':
		return &c->purpose;
	case 'v':
		return &c->valid;
	case 'o':
		return &c->file;
	default:
		return NULL;
	}
}

int evidence_request(const struct ctl *ctl, int argc, char **argv)
{
	struct call c = {0};
	struct err e = {0};
	const char **at;
	int opt;

	(void)ctl;
	optind = 0; /* begins afresh: main has had its own options */
	while ((opt = getopt_long(argc, argv, "o:", options, NULL)) != -1) {
		at = member(&c, opt);
		if (!at)
			return ctl_usage(EVIDENCE_REQUEST_USAGE);
		*at = optarg;
	}
	if (optind < argc || !c.key || !c.certificate || !c.camera || !c.case_number || !c.purpose)
		return ctl_usage(EVIDENCE_REQUEST_USAGE);
	if (run(&c, &e))
		return CTL_DONE;
	return e.code == ERR_ARGUMENT ? ((void)ctl_failed("evidence", &e), CTL_WRONG)
				      : ctl_failed("evidence", &e);
}
