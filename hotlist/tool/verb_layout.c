/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/base/cleanup.h"
#include "hotlist/tool/feed_layout.h"
#include "hotlist/tool/verbs.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>

static const char HELP[] =
    "usage: alpr-hotlist layout [LAYOUT]\n"
    "\n"
    "Without an argument: lists the layouts of agencies' feeds that compile knows by name.\n"
    "With one, a name or a file of your own: checks it, and shows what it keeps of a row and what\n"
    "the call of compile must add. How to write one: layouts/README.md beside them.\n"
    "\n"
    "Exit status: 0 listed, or the layout is good; 1 it is not; 2 the call was wrong.\n";

static int is_layout(const struct dirent *d)
{
	const char *end = strstr(d->d_name, ".layout");

	return end && end[7] == '\0';
}

static void free_names(struct dirent **names, int n)
{
	for (int i = 0; i < n; i++)
		free(names[i]);
	free(names);
}

static int list(const char *folder, struct feed_layout *l)
{
	struct dirent **names = NULL;
	int n = scandir(folder, &names, is_layout, alphasort), status = 0;
	struct err e = {0};

	if (n <= 0) {
		(void)err_set(&e, ERR_NOT_FOUND, "%s: no layouts there", folder);
		status = verb_fail(&e);
	}
	for (int i = 0; i < n; i++) {
		*strrchr(names[i]->d_name, '.') = '\0';
		if (feed_layout_open(names[i]->d_name, folder, l, &e))
			(void)printf("%-14s%s\n", names[i]->d_name, l->title);
		else
			status = verb_fail(&e);
	}
	free_names(names, n);
	return status;
}

static void show_field(const struct feed_layout *l, enum feed_field f)
{
	const struct feed_range *r = &l->fixed[f];

	(void)printf("  %-12s", feed_field_name(f));
	if (r->first)
		(void)printf("columns %u to %u", r->first, r->last);
	else if (l->words[f].text[0])
		(void)printf("behind %s, %u characters", l->words[f].text, l->words[f].width);
	else if (l->column[f])
		(void)printf("column %u of %u", l->column[f], l->columns);
	else if (l->names[f][0])
		(void)printf("the column named %s", l->names[f]);
	else
		(void)printf("the first letter of case_number");
	(void)printf("\n");
}

static void show_codes(const struct feed_layout *l)
{
	static const char ALL[] = ENTRY_CATEGORY_CODES;

	for (size_t c = 0; c <= ENTRY_CATEGORIES; c++) { /* the NUL that ends it: the forbidden */
		bool any = false;

		for (size_t i = 0; i < l->n_codes; i++) {
			if (l->codes[i].category != ALL[c])
				continue;
			if (!any && ALL[c])
				(void)printf("category %c   ", ALL[c]);
			else if (!any)
				(void)printf("forbidden    ");
			any = true;
			(void)printf(" %s", l->codes[i].text);
		}
		(void)fputs(any ? "\n" : "", stdout);
	}
}

static void show(const struct feed_layout *l)
{
	static const struct {
		enum feed_field field;
		const char *option;
	} NEEDED[] = {{FIELD_CASE_NUMBER, "--reference"},
		      {FIELD_ORI, "--agency"},
		      {FIELD_EXPIRES, "--entry-age"}};

	(void)printf("%s\nkept of a row:\n", l->title);
	for (int f = 0; f < FEED_FIELDS; f++)
		if (feed_layout_has(l, (enum feed_field)f))
			show_field(l, (enum feed_field)f);
	show_codes(l);
	for (size_t i = 0; i < sizeof NEEDED / sizeof *NEEDED; i++)
		if (!feed_layout_has(l, NEEDED[i].field))
			(void)printf("needs        %s: it has no %s\n", NEEDED[i].option,
				     feed_field_name(NEEDED[i].field));
}

static int run(int argc, char **argv)
{
	static const struct option OPTIONS[] = {{NULL, 0, NULL, 0}};
	struct feed_layout *l AUTO_FREE = malloc(sizeof *l);
	char folder[VERB_PATH_MAX];
	struct err e = {0};

	if (verb_option(&VERB_LAYOUT, argc, argv, OPTIONS) != -1)
		return 2;
	if (argc - optind > 1)
		return verb_misuse(&VERB_LAYOUT, "one layout at a time");
	if (!l)
		return 1;
	if (!verb_layouts(folder, &e))
		return verb_fail(&e);
	if (optind == argc)
		return list(folder, l);
	if (!feed_layout_open(argv[optind], folder, l, &e))
		return verb_fail(&e);
	show(l);
	return 0;
}

const struct verb VERB_LAYOUT = {"layout", "the layouts of feeds: list them, check one", HELP, run};
