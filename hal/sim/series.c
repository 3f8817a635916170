/* SPDX-License-Identifier: Apache-2.0 */
#include "hal/sim/series.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

/* In patterns '@' is a letter and '#' a digit; the rest stands for itself. */
struct kind {
	const char *jurisdiction, *name, *foot;
	unsigned weight; /* share among what drives in Missouri */
	enum face die;
	const char *patterns[4]; /* the first is taken most often */
};

static const struct kind us[] = {
    {"MO",
     "Missouri",
     "SHOW-ME STATE",
     90,
     FACE_GAUGE_C,
     {"@@#*@#@", "@@#*@#@", "@@# @#@", "#@@ ###"}},
    {"IL",
     "Illinois",
     "Land of Lincoln",
     22,
     FACE_DIN,
     {"@@ #####", "@@ #####", "@## ####", "### ####"}},
    {"KS", "KANSAS", "", 14, FACE_GAUGE_C, {"#### @@@", "### @@@", "### @@@", "@@@ ###"}},
    {"KY",
     "Kentucky",
     "UNBRIDLED SPIRIT",
     4,
     FACE_GAUGE_C,
     {"@#@ ###", "###*@@@", "### @@@", NULL}},
    {"TN",
     "TENNESSEE",
     "The Volunteer State",
     6,
     FACE_GAUGE_C,
     {"@@@ ####", "@##-##@", "###-@@@", NULL}},
    {"AR", "Arkansas", "The Natural State", 6, FACE_MONO, {"@@@ ##@", "### @@@", "@@@ ###", NULL}},
    {"IA", "IOWA", "POLK", 6, FACE_ROUND, {"@@@ ###", "### @@@", "#### @@", NULL}},
    {"NE", "NEBRASKA", "", 4, FACE_MONO, {"@@@ ###", "#-@####", "##-@###", NULL}},
    {"OK", "OKLAHOMA", "NATIVE AMERICA", 5, FACE_GAUGE_C, {"@@@*###", "@@@-###", "### @@@", NULL}},
    {"TX",
     "TEXAS",
     "The Lone Star State",
     7,
     FACE_GAUGE_C,
     {"@@@*####", "@@#*@###", "@@@-####", NULL}},
    {"CA", "California", "dmv.ca.gov", 8, FACE_MONO, {"#@@@###", "#@@@###", "#@#####", "@@@@@@@"}},
    {"FL",
     "MYFLORIDA.COM",
     "SUNSHINE STATE",
     6,
     FACE_MONO,
     {"@@#*#@@", "@@@*@##", "@##*#@@", "###*@@@"}},
    {"NY", "NEW YORK", "EMPIRE STATE", 4, FACE_ROUND, {"@@@*####", "@@@-####", "@@@ ####", NULL}},
    {"OH", "OHIO", "BIRTHPLACE OF AVIATION", 4, FACE_MONO, {"@@@ ####", "@@@*####", NULL, NULL}},
    {"IN", "INDIANA", "MARION", 6, FACE_DIN, {"###@@@", "### @@", "###@", "@@@###"}},
    {"MI", "MICHIGAN", "PURE MICHIGAN", 4, FACE_ROUND, {"@@@ ####", "#@@ @##", "@@@ ###", NULL}},
    {"WI",
     "WISCONSIN",
     "America's Dairyland",
     4,
     FACE_GAUGE_C,
     {"@@@-####", "###-@@@", "@@@ ####", NULL}},
    {"MN", "Minnesota", "10,000 lakes", 4, FACE_MONO, {"@@@*###", "###*@@@", "@@@-###", NULL}},
    {"GA", "GEORGIA", "FULTON", 3, FACE_FLAT, {"@@@*####", "@@@ ####", "@@@####", NULL}},
    {"AL", "Alabama", "Heart of Dixie", 2, FACE_FLAT, {"#@#####", "##@##@#", "##@###@", NULL}},
    {"PA",
     "PENNSYLVANIA",
     "visitPA.com",
     2,
     FACE_GAUGE_C,
     {"@@@*####", "@@@-####", "@@@ ####", NULL}},
    {"NJ",
     "New Jersey",
     "Garden State",
     2,
     FACE_ROUND_BOLD,
     {"@##*@@@", "@@@*##@", "@@@-##@", NULL}},
    {"NC",
     "First in Flight",
     "NORTH CAROLINA",
     2,
     FACE_MONO,
     {"@@@-####", "@@@-####", "@@@ ####", NULL}},
    {"SC",
     "SOUTH CAROLINA",
     "While I Breathe I Hope",
     1,
     FACE_FLAT,
     {"@@@ ###", "###*@@@", "#### @@", NULL}},
    {"VA", "VIRGINIA", "", 2, FACE_GAUGE_C, {"@@@-####", "@@@ ####", NULL, NULL}},
    {"MA",
     "Massachusetts",
     "The Spirit of America",
     1,
     FACE_MONO,
     {"#@@@##", "### @@#", "##@ @##", NULL}},
    {"MD", "MARYLAND", "MARYLAND.GOV", 1, FACE_GAUGE_C, {"#@@####", "#@@*####", NULL, NULL}},
    {"WA", "WASHINGTON", "EVERGREEN STATE", 1, FACE_MONO, {"@@@####", "###*@@@", "### @@@", NULL}},
    {"OR", "Oregon", "", 1, FACE_ROUND, {"###*@@@", "### @@@", NULL, NULL}},
    {"AZ", "ARIZONA", "GRAND CANYON STATE", 3, FACE_MONO, {"@@@####", "@#@#@#@", NULL, NULL}},
    {"CO", "COLORADO", "", 4, FACE_GAUGE_C, {"@@@*@##", "###*@@@", "@@@-###", NULL}},
    {"NV", "NEVADA", "THE SILVER STATE", 1, FACE_MONO, {"###-@##", "###.@@@", "##@.###", NULL}},
    {"UT", "UTAH", "LIFE ELEVATED", 1, FACE_ROUND, {"@## #@@", "@##*#@@", NULL, NULL}},
    {"NM",
     "NEW MEXICO",
     "LAND OF ENCHANTMENT",
     1,
     FACE_GAUGE_C,
     {"@@@*###", "###*@@@", NULL, NULL}},
    {"LA",
     "Louisiana",
     "Sportsman's Paradise",
     2,
     FACE_MONO,
     {"###*@@@", "@@@ ###", "@@@.###", "@######"}},
    {"MS", "MISSISSIPPI", "HINDS", 2, FACE_FLAT, {"@@@ ###", "@@@*###", "@@@ ####", NULL}},
    {"ME", "MAINE", "Vacationland", 1, FACE_GAUGE_C, {"#### @@", "###.@@@", "### @@@", NULL}},
    {"NH", "LIVE FREE OR DIE", "NEW HAMPSHIRE", 1, FACE_ROUND, {"### ####", "### ###", NULL, NULL}},
    {"CT",
     "Connecticut",
     "Constitution State",
     1,
     FACE_DIN,
     {"@@.#####", "###.@@@", "#@@@@#", NULL}},
    {"DE", "THE FIRST STATE", "DELAWARE", 1, FACE_FLAT_BOLD, {"######", "######", NULL, NULL}},
    {"DC",
     "WASHINGTON, DC",
     "TAXATION WITHOUT REPRESENTATION",
     1,
     FACE_GAUGE_C,
     {"@@*####", "###*###", NULL, NULL}},
    {"HI", "HAWAII", "ALOHA STATE", 1, FACE_GAUGE_B, {"@@@ ###", "@@@ ###", NULL, NULL}},
    {"AK", "ALASKA", "THE LAST FRONTIER", 1, FACE_MONO, {"@@@ ###", "@@@###", NULL, NULL}},
    {"ID", "IDAHO", "FAMOUS POTATOES", 1, FACE_FLAT, {"#@ @####", "#@ ###@", "#@ #####", NULL}},
    {"MT", "MONTANA", "TREASURE STATE", 1, FACE_FLAT, {"#-#####@", "##-####@", "@@@###", NULL}},
    {"ND", "NORTH DAKOTA", "PEACE GARDEN STATE", 1, FACE_MONO, {"###*@@@", "@@@ ###", NULL, NULL}},
    {"SD",
     "SOUTH DAKOTA",
     "GREAT FACES GREAT PLACES",
     1,
     FACE_DIN,
     {"#@# ###", "#@@ ###", NULL, NULL}},
    {"WY", "WYOMING", "", 1, FACE_FLAT_BOLD, {"#*#####", "##*####", NULL, NULL}},
    {"WV",
     "West Virginia",
     "Wild, Wonderful",
     1,
     FACE_ROUND_BOLD,
     {"#@@ ###", "@@@ ###", NULL, NULL}},
    {"VT", "VERMONT", "Green Mountain State", 1, FACE_FLAT, {"@@@ ###", "@@@ ###", NULL, NULL}},
    {"RI", "Rhode Island", "Ocean State", 1, FACE_ROUND, {"#@@ ###", "### ###", "@@-###", NULL}},
};

static const struct kind eu[] = {
    {"", "GB", "", 10, FACE_GAUGE_C, {"@@## @@@", "@@## @@@", "@### @@@", "@@@ ###@"}},
    {"", "D", "", 10, FACE_DIN, {"@*@@ ###", "@@*@ ####", "@@@*@@ ##", "@*@ ####"}},
    {"", "F", "", 8, FACE_GAUGE_B, {"@@-###-@@", "@@-###-@@", "### @@@ ##", "#### @@ ##"}},
    {"", "I", "", 8, FACE_GAUGE_C, {"@@ ###@@", "@@ ###@@", "@@ ######", NULL}},
    {"", "E", "", 8, FACE_GAUGE_C, {"#### @@@", "#### @@@", "@ #### @@", NULL}},
    {"", "NL", "", 5, FACE_GAUGE_C, {"##-@@@-#", "@@-###-@", "@-###-@@", "##-@@-@@"}},
    {"", "PL", "", 5, FACE_MONO_WIDE, {"@@ #####", "@@@ @###", "@@ ####@", "@@@ ##@#"}},
    {"", "RO", "", 5, FACE_DIN, {"@ ## @@@", "@@ ## @@@", "@ ### @@@", NULL}},
    {"", "CZ", "", 4, FACE_GAUGE_C, {"#@# ####", "#@@ ####", NULL, NULL}},
    {"", "B", "", 3, FACE_FLAT, {"#-@@@-###", "@@@-###", NULL, NULL}},
    {"", "A", "", 3, FACE_FLAT_BOLD, {"@*#####@", "@@*###@@", "@@*### @", NULL}},
    {"", "S", "", 3, FACE_MONO_WIDE, {"@@@ ###", "@@@ ##@", NULL, NULL}},
    {"", "H", "", 3, FACE_DIN, {"@@@-###", "@@@-###", NULL, NULL}},
    {"", "SK", "", 3, FACE_DIN, {"@@*###@@", "@@ ###@@", NULL, NULL}},
    {"", "HR", "", 3, FACE_GAUGE_C, {"@@*####@@", "@@*###-@@", NULL, NULL}},
    {"", "P", "", 3, FACE_MONO_WIDE, {"##-##-@@", "@@-##-@@", "##-@@-##", NULL}},
};

static const char *const counties[] = {"ST. LOUIS", "JACKSON",	"GREENE",  "CLAY",   "BOONE",
				       "JEFFERSON", "COOK",	"MADISON", "LAKE",   "DOUGLAS",
				       "WAYNE",	    "HAMILTON", "UNION",   "CLAYTON"};
static const char *const words[] = {"MYTOY",   "GOCARDS", "STLFAN",  "MOMSVAN", "FAST1", "BLUES",
				    "KC4EVER", "LUVMYZ",  "HOTROD",  "TRUKN",	"4EVER", "OZARK",
				    "MRSB",    "GRANDPA", "2FAST4U", "BOSS",	"SKI",	 "ZOOM",
				    "U2",      "N0WAY",	  "CRUZIN",  "JEEPN",	"RN2B",	 "DRQ",
				    "MIZZOU",  "FLYBOY",  "XPLORE",  "7"};

#define COUNT(a) (sizeof(a) / sizeof(a)[0])

static char letter(struct sim_random *r, enum series_style style)
{
	/* Most series leave out I, O and Q; readers must know them all the same. */
	static const char some[] = "ABCDEFGHJKLMNPRSTUVWXYZ";

	if (sim_chance(r, style == SERIES_EU ? 0.6f : 0.75f))
		return some[sim_below(r, sizeof some - 1)];
	return (char)('A' + (int)sim_below(r, 26));
}

static void fill(struct sim_random *r, const char *pattern, enum series_style style, char *layout)
{
	size_t n = 0;

	for (; pattern && *pattern && n + 1 < SERIES_LAYOUT; pattern++) {
		char ch = *pattern;

		if (ch == '@')
			ch = letter(r, style);
		else if (ch == '#')
			ch = (char)('0' + (int)sim_below(r, 10));
		layout[n++] = ch;
	}
	layout[n] = '\0';
}

static void vanity(struct sim_random *r, char *layout)
{
	static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
	unsigned n = 1 + sim_below(r, 8);
	unsigned at = 0;

	if (sim_chance(r, 0.35f)) {
		(void)snprintf(layout, SERIES_LAYOUT, "%s", words[sim_below(r, COUNT(words))]);
		return;
	}
	if (n < 4 && sim_chance(r, 0.6f))
		n += 4;
	if (n >= 4 && n <= 7 && sim_chance(r, 0.2f)) {
		layout[at++] = '(';
		layout[at++] = all[sim_below(r, 26)];
		layout[at++] = all[sim_below(r, 26)];
		layout[at++] = ')';
		n -= 2;
	}
	for (unsigned i = 0; i < n; i++) {
		if (i > 0 && i + 1 < n && layout[at - 1] != ' ' && sim_chance(r, 0.08f))
			layout[at++] = sim_chance(r, 0.5f) ? ' ' : '-';
		layout[at++] = all[sim_below(r, sizeof all - 1)];
	}
	layout[at] = '\0';
}

static const struct kind *pick(struct sim_random *r, const struct kind *table, size_t n)
{
	unsigned all = 0, at;

	for (size_t i = 0; i < n; i++)
		all += table[i].weight;
	at = sim_below(r, all);
	for (size_t i = 0; i < n; i++) {
		if (at < table[i].weight)
			return &table[i];
		at -= table[i].weight;
	}
	return table;
}

static void describe(struct sim_random *r, const struct kind *k, enum series_style style,
		     struct series *out)
{
	memset(out, 0, sizeof *out);
	(void)snprintf(out->jurisdiction, sizeof out->jurisdiction, "%s", k->jurisdiction);
	(void)snprintf(out->name, sizeof out->name, "%s", k->name);
	(void)snprintf(out->foot, sizeof out->foot, "%.27s", k->foot);
	if (style == SERIES_US && sim_chance(r, 0.2f))
		(void)snprintf(out->foot, sizeof out->foot, "%s",
			       counties[sim_below(r, COUNT(counties))]);
	out->die = k->die;
	out->style = style;
}

void series_random(struct sim_random *r, enum series_style style, struct series *out)
{
	const struct kind *k = style == SERIES_EU ? pick(r, eu, COUNT(eu)) : pick(r, us, COUNT(us));
	unsigned n = 0, at;

	describe(r, k, style, out);
	if (style == SERIES_US && sim_chance(r, 0.1f)) {
		vanity(r, out->layout);
		return;
	}
	while (n < COUNT(k->patterns) && k->patterns[n])
		n++;
	at = sim_chance(r, 0.6f) ? 0 : sim_below(r, n);
	fill(r, k->patterns[at], style, out->layout);
}

/* Put the separators of `pattern` into `text`; false when it does not fit. */
static bool fit(const char *pattern, const char *text, char *layout)
{
	size_t n = 0;

	for (; *pattern; pattern++) {
		char ch = *pattern;

		if (ch == '@' || ch == '#') {
			if (ch == '@' ? !isupper((unsigned char)*text)
				      : !isdigit((unsigned char)*text))
				return false;
			ch = *text++;
		}
		layout[n++] = ch;
	}
	layout[n] = '\0';
	return *text == '\0';
}

void series_of(struct sim_random *r, const char *text, const char *jurisdiction, struct series *out)
{
	const struct kind *k = NULL;

	for (size_t i = 0; i < COUNT(us); i++) {
		if (strcmp(us[i].jurisdiction, jurisdiction) == 0)
			k = &us[i];
	}
	if (!k)
		k = pick(r, us, COUNT(us));
	describe(r, k, SERIES_US, out);
	for (size_t i = 0; i < COUNT(k->patterns) && k->patterns[i]; i++) {
		if (fit(k->patterns[i], text, out->layout))
			return;
	}
	(void)snprintf(out->layout, sizeof out->layout, "%.*s", (int)PLATE_TEXT_MAX, text);
}

void series_text(const char *layout, char text[PLATE_TEXT_SIZE])
{
	size_t n = 0;

	for (; *layout && n < PLATE_TEXT_MAX; layout++) {
		if (isupper((unsigned char)*layout) || isdigit((unsigned char)*layout))
			text[n++] = *layout;
	}
	text[n] = '\0';
}

bool series_known(const char *jurisdiction)
{
	for (size_t i = 0; i < COUNT(us); i++) {
		if (strcmp(us[i].jurisdiction, jurisdiction) == 0)
			return true;
	}
	return false;
}
