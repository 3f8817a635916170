/* SPDX-License-Identifier: Apache-2.0 */
#include "ocr/tesseract.h"

#include "firmware/base/cleanup.h"
#include "ocr/beam.h"
#include "ocr/patch.h"
#include "ocr/tesseract_lattice.h"

#include <errno.h>
#include <leptonica/allheaders.h>
#include <math.h>
#include <stdio.h>
#include <string.h>
#include <tesseract/capi.h>

#define MODEL_MAX ((size_t)4 << 20)
#define LANGUAGE  "plate"

/* A traineddata file: how many components, then where each begins; ours ends with the last of them,
 * the version, which holds a checksum of all before (ocr/train/tesseract_train.py). */
#define COMPONENTS 24u
#define TABLE	   (sizeof(uint32_t) + COMPONENTS * sizeof(int64_t))
#define SEAL	   "plate 1 fnv1a64 "
#define SEAL_SIZE  (sizeof SEAL - 1 + 16)

/* From GCC's OpenMP runtime, whose header only GCC finds. */
void omp_set_max_active_levels(int levels);

struct tesseract_reader {
	TessBaseAPI *api;
};

/* What the recogniser would otherwise do with a line of text, and we do not want. */
static const char *const settings[][2] = {
    {"tessedit_do_invert", "0"},     /* it was trained on both polarities */
    {"lstm_choice_mode", "2"},	     /* alternatives of each symbol */
    {"lstm_choice_iterations", "5"}, /* how many */
    {"lstm_rating_coefficient", "1"}, {"user_defined_dpi", "300"}, {"debug_file", "/dev/null"},
};
#define SETTINGS (sizeof settings / sizeof *settings)

static uint64_t fnv1a64(const uint8_t *p, size_t n)
{
	uint64_t h = UINT64_C(0xcbf29ce484222325);

	for (size_t i = 0; i < n; i++)
		h = (h ^ p[i]) * UINT64_C(0x100000001b3);
	return h;
}

/* Tesseract trusts its files: damage would make it abort, or look for another file. */
static bool is_whole(const uint8_t *bytes, size_t n)
{
	uint32_t components;
	int64_t last;
	char seal[SEAL_SIZE + 1];

	if (n < TABLE + SEAL_SIZE)
		return false;
	memcpy(&components, bytes, sizeof components);
	memcpy(&last, bytes + TABLE - sizeof last, sizeof last);
	if (components != COMPONENTS || last != (int64_t)(n - SEAL_SIZE))
		return false;
	(void)snprintf(seal, sizeof seal, SEAL "%016llx",
		       (unsigned long long)fnv1a64(bytes, n - SEAL_SIZE));
	return memcmp(seal, bytes + n - SEAL_SIZE, SEAL_SIZE) == 0;
}

static bool read_model(const char *path, uint8_t **out, size_t *size, struct err *e)
{
	AUTO_FREE uint8_t *bytes = malloc(MODEL_MAX + 1);
	AUTO_FCLOSE FILE *f = fopen(path, "rbe");

	if (!f)
		return err_errno(e, errno, "%s", path);
	if (!bytes)
		return err_set(e, ERR_NO_MEMORY, "out of memory");
	size_t n = fread(bytes, 1, MODEL_MAX + 1, f);
	if (ferror(f))
		return err_set(e, ERR_IO, "%s: cannot be read", path);
	if (n > MODEL_MAX)
		return err_set(e, ERR_LIMIT, "%s: larger than a model may be", path);
	if (!is_whole(bytes, n))
		return err_set(e, ERR_FORMAT, "%s: not whole, or altered", path);
	*size = n;
	*out = steal_ptr(&bytes);
	return true;
}

static bool start(struct tesseract_reader *t, const char *path, struct err *e)
{
	AUTO_FREE uint8_t *model = NULL;
	char *names[SETTINGS], *values[SETTINGS];
	size_t size = 0;

	if (!read_model(path, &model, &size, e))
		return false;
	for (size_t i = 0; i < SETTINGS; i++) {
		names[i] = (char *)(uintptr_t)settings[i][0];
		values[i] = (char *)(uintptr_t)settings[i][1];
	}
	/* Before anything can be said: what it says goes nowhere from here on. */
	(void)TessBaseAPISetVariable(t->api, "debug_file", "/dev/null");
	(void)setMsgSeverity(L_SEVERITY_NONE);
	if (TessBaseAPIInit5(t->api, (const char *)model, (int)size, LANGUAGE, OEM_LSTM_ONLY, NULL,
			     0, names, values, SETTINGS, 0) != 0)
		return err_set(e, ERR_FORMAT, "%s: Tesseract does not take it", path);
	for (size_t i = 0; i < SETTINGS; i++)
		if (!TessBaseAPISetVariable(t->api, settings[i][0], settings[i][1]))
			return err_set(e, ERR_FORMAT, "Tesseract has no setting %s",
				       settings[i][0]);
	TessBaseAPISetPageSegMode(t->api, PSM_RAW_LINE);
	/* Complains that there is no picture, and so opens the file that complaints go to. */
	(void)TessBaseAPIRecognize(t->api, NULL);
	return true;
}

/* The choices of one symbol: those of the alphabet, the best first. */
static void take_choices(TessChoiceIterator *choices, struct symbol *s)
{
	s->n = 0;
	do {
		const char *text = TessChoiceIteratorGetUTF8Text(choices);
		float cost = 100.0f - TessChoiceIteratorConfidence(choices);
		bool known = text && text[0] && !text[1] && beam_class(text[0]);

		for (size_t i = 0; i < s->n && known; i++)
			known = s->c[i] != text[0];
		if (!known)
			continue;
		s->c[s->n] = text[0];
		s->cost[s->n++] = cost;
	} while (s->n < SYMBOL_CHOICES && TessChoiceIteratorNext(choices));
}

static size_t take_symbols(TessBaseAPI *api, struct symbol at[SYMBOLS_MAX])
{
	TessResultIterator *line = TessBaseAPIGetIterator(api);
	size_t n = 0;

	if (!line)
		return 0; /* nothing was seen */
	do {
		char *text = TessResultIteratorGetUTF8Text(line, RIL_SYMBOL);
		TessChoiceIterator *choices;

		/* An iterator that stands on nothing gives no text, and aborts when asked for
		 * choices. */
		if (!text)
			break;
		TessDeleteText(text);
		/* Its scale: a hundred, less five a nat. */
		at[n].doubt = (100.0f - TessResultIteratorConfidence(line, RIL_SYMBOL)) / 5.0f;
		choices = TessResultIteratorGetChoiceIterator(line);
		take_choices(choices, &at[n]);
		n += at[n].n > 0;
		TessChoiceIteratorDelete(choices);
	} while (n < SYMBOLS_MAX && TessResultIteratorNext(line, RIL_SYMBOL));
	TessResultIteratorDelete(line);
	return n;
}

bool tesseract_symbols(struct tesseract_reader *t, const uint8_t patch[TESSERACT_PATCH],
		       struct symbol at[SYMBOLS_MAX], size_t *n, struct err *e)
{
	bool done;

	/* Each loop of it that is meant for several threads runs in this one. */
	omp_set_max_active_levels(0);
	TessBaseAPISetImage(t->api, patch, (int)TESSERACT_WIDTH, (int)TESSERACT_HEIGHT, 1,
			    (int)TESSERACT_WIDTH);
	done = TessBaseAPIRecognize(t->api, NULL) == 0;
	*n = done ? take_symbols(t->api, at) : 0;
	TessBaseAPIClear(t->api);
	return done || err_set(e, ERR_IO, "tesseract: failed");
}

bool tesseract_read(struct tesseract_reader *t, const uint8_t patch[TESSERACT_PATCH],
		    struct plate_observation *out, struct err *e)
{
	struct symbol at[SYMBOLS_MAX];
	size_t n;

	if (!tesseract_symbols(t, patch, at, &n, e))
		return false;
	tesseract_lattice(at, n, out);
	return true;
}

bool tesseract_reader_open(const char *models, struct tesseract_reader **out, struct err *e)
{
	AUTO_FREE char *path = NULL;
	static const uint8_t black[TESSERACT_PATCH];
	struct plate_observation warm;

	if (asprintf(&path, "%s/" LANGUAGE ".traineddata", models) < 0) {
		path = NULL;
		return err_set(e, ERR_NO_MEMORY, "tesseract: out of memory");
	}
	struct tesseract_reader *t = calloc(1, sizeof *t);
	if (!t)
		return err_set(e, ERR_NO_MEMORY, "tesseract: out of memory");
	t->api = TessBaseAPICreate();
	bool started = start(t, path, e) || err_prefix(e, "tesseract");
	if (!started || !tesseract_read(t, black, &warm, e)) {
		tesseract_reader_free(t);
		return false;
	}
	*out = t;
	return true;
}

void tesseract_reader_free(struct tesseract_reader *t)
{
	if (!t)
		return;
	TessBaseAPIDelete(t->api);
	free(t);
}

bool tesseract_cut(const struct image *img, const struct plate_quad *quad,
		   uint8_t patch[TESSERACT_PATCH], struct err *e)
{
	return patch_cut(img, quad, &patch_with_margin, patch, TESSERACT_WIDTH, TESSERACT_HEIGHT,
			 e);
}

bool tesseract_observe(struct tesseract_reader *t, const struct image *img,
		       const struct plate_quad *quad, struct plate_observation *out, struct err *e)
{
	uint8_t patch[TESSERACT_PATCH];

	return tesseract_cut(img, quad, patch, e) && tesseract_read(t, patch, out, e);
}
