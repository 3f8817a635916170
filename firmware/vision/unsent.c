/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/vision/unsent.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

bool unsent_new(struct unsent *u, size_t most, struct err *e)
{
	memset(u, 0, sizeof *u);
	u->at = calloc(most, sizeof *u->at);
	if (!u->at)
		return err_set(e, ERR_NO_MEMORY, "queue of %zu passages", most);
	u->most = most;
	return true;
}

void unsent_free(struct unsent *u)
{
	for (size_t i = 0; i < u->n; i++)
		(void)close(u->at[i].gift);
	free(u->at);
	memset(u, 0, sizeof *u);
}

static void take_out(struct unsent *u, size_t i)
{
	(void)close(u->at[i].gift);
	u->n--;
	memmove(u->at + i, u->at + i + 1, (u->n - i) * sizeof *u->at);
}

void unsent_add(struct unsent *u, const struct wire_passage *m, int gift)
{
	if (u->n == u->most) {
		take_out(u, 0);
		u->dropped++;
	}
	u->at[u->n++] = (struct unsent_entry){.passage = *m, .gift = gift};
}

struct unsent_entry *unsent_next(struct unsent *u)
{
	for (size_t i = 0; i < u->n; i++)
		if (!u->at[i].sent)
			return &u->at[i];
	return NULL;
}

bool unsent_done(struct unsent *u, const uint8_t id[WIRE_ID_SIZE])
{
	for (size_t i = 0; i < u->n; i++)
		if (memcmp(u->at[i].passage.id, id, WIRE_ID_SIZE) == 0) {
			take_out(u, i);
			return true;
		}
	return false;
}

void unsent_again(struct unsent *u)
{
	for (size_t i = 0; i < u->n; i++)
		u->at[i].sent = false;
}
