/* SPDX-License-Identifier: Apache-2.0 */
/* What the verbs of alprctl share. A verb is a file and a row of the table in ctl.c. */
#ifndef FIRMWARE_CTL_CTL_H
#define FIRMWARE_CTL_CTL_H

#include "firmware/base/err.h"

#include <cjson/cJSON.h>

#define CTL_DONE   0
#define CTL_FAILED 1
#define CTL_WRONG  2 /* the call was wrong */

struct ctl {
	const char *socket; /* of the daemon */
	const char *config; /* its configuration file; NULL: none was named */
};

/* Each returns an exit status; argv[0] is the verb. */
int ctl_status(const struct ctl *ctl, int argc, char **argv);
int ctl_counters(const struct ctl *ctl, int argc, char **argv);
int ctl_selftest(const struct ctl *ctl, int argc, char **argv);
int ctl_audit(const struct ctl *ctl, int argc, char **argv);
int ctl_evidence(const struct ctl *ctl, int argc, char **argv);

/*
 * Ask the daemon and parse its answer, an object. *out: cJSON_Delete.
 * ERR_PEER: nobody answers, not in time, or nonsense; ERR_LIMIT: more than a daemon has to say;
 * ERR_NO_MEMORY.
 */
bool ctl_ask(const struct ctl *ctl, const char *request, cJSON **out, struct err *e) MUST_CHECK;

/*
 * The same with a descriptor beside the request (`give`, borrowed; -1: none) and, it may be, one
 * beside the answer (*got: caller closes; -1: none came), for which the daemon is given `wait_s`.
 */
bool ctl_exchange(const struct ctl *ctl, const char *request, int give, unsigned wait_s,
		  cJSON **out, int *got, struct err *e) MUST_CHECK;

struct db;

/*
 * Open the database of the store that the configuration names, to read beside the store or without
 * it. *out: db_close. conf_read's, store_conf_load's and db_open_to_read's errors.
 */
bool ctl_open_store(const struct ctl *ctl, struct db **out, struct err *e) MUST_CHECK;

/* Members of an answer, whatever is in it: "", 0, false and NULL where they are absent or of
 * another type. */
const char *ctl_text(const cJSON *o, const char *name);
double ctl_number(const cJSON *o, const char *name);
bool ctl_true(const cJSON *o, const char *name);
const cJSON *ctl_role(const cJSON *status, const char *role);

/* Say "alprctl: verb: why" and return CTL_FAILED. */
int ctl_failed(const char *verb, const struct err *e);

/* Say how the verb is called and return CTL_WRONG. */
int ctl_usage(const char *usage);

#endif
