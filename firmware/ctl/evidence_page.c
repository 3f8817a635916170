/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/ctl/evidence_page.h"

#include "firmware/base/cleanup.h"
#include "firmware/base/clock.h"
#include "firmware/ctl/ctl.h"
#include "firmware/store/authenticity.h"
#include "hotlist/base64.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

static const char STYLE[] =
    ":root{--ink:#1c2430;--soft:#5d6a7a;--line:#dfe4ea;--paper:#f4f6f8;--warn:#a15c00}\n"
    "*{box-sizing:border-box}body{margin:0;background:var(--paper);color:var(--ink);"
    "font:15px/1.45 system-ui,\"DejaVu Sans\",sans-serif}\n"
    "header{background:#18222f;color:#fff;padding:24px 32px}h1{margin:0 0 4px;font-size:23px}"
    "header p{margin:0;color:#d5dce6}\n"
    "main{max-width:1100px;margin:0 auto;padding:24px}h2{font-size:18px;margin:30px 0 10px}\n"
    "section,.card{background:#fff;border:1px solid var(--line);border-radius:10px;"
    "padding:14px 18px;margin:0 0 16px}\n"
    ".card{break-inside:avoid}.lead{border-left:5px solid var(--warn);font-weight:600}\n"
    "table{border-collapse:collapse}th{text-align:left;font-weight:400;color:var(--soft);"
    "padding:2px 18px 2px 0;vertical-align:top;white-space:nowrap}td{padding:2px 0;"
    "overflow-wrap:anywhere}\n"
    ".plate{font:700 26px/1 \"DejaVu Sans Mono\",monospace;letter-spacing:2px;border:2px solid "
    "var(--ink);border-radius:7px;padding:5px 10px;display:inline-block;margin-right:12px}\n"
    ".soft{color:var(--soft)}.warn{color:var(--warn)}code,.hash{font:12px \"DejaVu Sans Mono\","
    "monospace;overflow-wrap:anywhere}\n"
    ".pics{display:grid;grid-template-columns:1fr 1fr;gap:12px;margin-top:12px}"
    "figure{margin:0}img{max-width:100%;display:block;background:#0d1117}"
    "ul{margin:0;padding-left:20px}.card "
    "table{margin-top:10px}figcaption{font-size:13px;color:var(--soft)}pre{white-space:pre-wrap;"
    "font-size:13px;margin:0}"
    "\n";

/* --- text ---------------------------------------------------------------------------------------
 */

static void put_bytes(FILE *f, const char *text, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		switch (text[i]) {
		case '&':
			(void)fputs("&amp;", f);
			break;
		case '<':
			(void)fputs("&lt;", f);
			break;
		case '>':
			(void)fputs("&gt;", f);
			break;
		case '"':
			(void)fputs("&quot;", f);
			break;
		case '\'':
			(void)fputs("&#39;", f);
			break;
		default:
			(void)fputc(text[i], f);
		}
	}
}

static void put(FILE *f, const char *text)
{
	put_bytes(f, text, strlen(text));
}

static void row(FILE *f, const char *what, const char *text)
{
	(void)fprintf(f, "<tr><th>%s<td>", what);
	put(f, text);
	(void)fputc('\n', f);
}

static void row_hash(FILE *f, const char *what, const char *text)
{
	(void)fprintf(f, "<tr><th>%s<td class=hash>", what);
	put(f, text);
	(void)fputc('\n', f);
}

/* --- custody ------------------------------------------------------------------------------------
 */

static void put_scope(FILE *f, const struct request *r)
{
	char from[CLOCK_RFC3339_SIZE], to[CLOCK_RFC3339_SIZE];

	(void)fputs("<tr><th>Asked for<td>", f);
	if (r->plate[0])
		(void)fprintf(f, "the plate %s (letter O and digit 0 are not told apart)",
			      r->plate);
	else
		(void)fputs("every passage", f);
	if (r->has_window)
		(void)fprintf(f, ", from %s until %s", clock_rfc3339(r->from_ns, from),
			      clock_rfc3339(r->to_ns, to));
	(void)fputc('\n', f);
}

static void put_place(FILE *f, const cJSON *m)
{
	const cJSON *cameras = cJSON_GetObjectItemCaseSensitive(m, "cameras");
	char text[64];

	row(f, "Site", ctl_text(m, "site"));
	(void)snprintf(text, sizeof text, "%.5f, %.5f", ctl_number(m, "latitude"),
		       ctl_number(m, "longitude"));
	row(f, "Surveyed place (WGS 84)", text);
	row(f, "Camera 0", ctl_text(cameras, "0"));
	row(f, "Camera 1", ctl_text(cameras, "1"));
	row(f, "Board", ctl_text(m, "board"));
	row(f, "Firmware", ctl_text(m, "firmware"));
	row(f, "State of its clock", ctl_text(m, "clock"));
	(void)snprintf(text, sizeof text, "at most %.0f days", ctl_number(m, "retention_days"));
	row(f, "Kept there for", text);
	(void)snprintf(text, sizeof text, "%.0f", ctl_number(m, "list_version"));
	row(f, "Hotlist when it answered", ctl_number(m, "list_version") > 0 ? text : "none");
}

static void put_custody(FILE *f, const struct evidence *v, int64_t opened_ns)
{
	const cJSON *m = v->manifest;
	char text[AUDIT_HEX_SIZE];

	(void)fputs("<h2>Custody</h2><section><table>\n", f);
	row(f, "Case number", v->request.case_number);
	row(f, "Purpose", v->request.purpose);
	row(f, "Asked by", ctl_text(m, "requester"));
	row(f, "Certificate", ctl_text(m, "serial"));
	put_scope(f, &v->request);
	row(f, "Asked (UTC)", clock_rfc3339(v->request.issued_ns, text));
	row(f, "Answered (UTC)", ctl_text(m, "answered"));
	row(f, "Opened (UTC)", clock_rfc3339(opened_ns, text));
	row_hash(f, "SHA-256 of request.jws", v->request_hash);
	row_hash(f, "SHA-256 of manifest.json", v->manifest_hash);
	row_hash(f, "SHA-256 of box.key", v->box_key);
	(void)snprintf(text, sizeof text, "%" PRId64, v->record.seq);
	row(f, "Audit record", text);
	row_hash(f, "Hash of that record", audit_hex(v->record.hash, text));
	put_place(f, m);
	(void)fputs("</table></section>\n", f);
}

static void put_lines(FILE *f, const char *title, const char (*lines)[EVIDENCE_LINE_SIZE], size_t n)
{
	if (n == 0)
		return;
	(void)fprintf(f, "<h2>%s</h2><section><ul>\n", title);
	for (size_t i = 0; i < n; i++) {
		(void)fputs("<li>", f);
		put(f, lines[i]);
		(void)fputc('\n', f);
	}
	(void)fputs("</ul></section>\n", f);
}

/* --- a read -------------------------------------------------------------------------------------
 */

static const char *const NO_PLATE = "not legible";

static void put_alternatives(FILE *f, const cJSON *read)
{
	const cJSON *alternatives = cJSON_GetObjectItemCaseSensitive(read, "alternatives"), *a;
	const char *between = "";

	(void)fputs("<tr><th>Other spellings<td>", f);
	cJSON_ArrayForEach(a, alternatives)
	{
		const cJSON *confidence = cJSON_GetArrayItem(a, 1);
		const char *text = cJSON_GetStringValue(cJSON_GetArrayItem(a, 0));

		if (!text || strcmp(text, ctl_text(read, "plate")) == 0) /* the read itself */
			continue;
		(void)fputs(between, f);
		put(f, text);
		(void)fprintf(f, " (%.3f)",
			      cJSON_IsNumber(confidence) ? confidence->valuedouble : 0);
		between = ", ";
	}
	(void)fputs(*between ? "\n" : "none\n", f);
}

static void put_chars(FILE *f, const cJSON *read)
{
	const cJSON *chars = cJSON_GetObjectItemCaseSensitive(read, "chars"), *c;
	const char *text = ctl_text(read, "plate");

	(void)fputs("<tr><th>Confidence of each character<td>", f);
	cJSON_ArrayForEach(c, chars)
	{
		if (*text)
			put_bytes(f, text++, 1);
		(void)fprintf(f, " %.3f &nbsp; ", cJSON_IsNumber(c) ? c->valuedouble : 0);
	}
	(void)fputc('\n', f);
}

/* A time in nanoseconds, whatever number stands there. */
static int64_t nanoseconds(const cJSON *o, const char *name)
{
	const double ns = ctl_number(o, name);

	return ns > 0 && ns < 9.2e18 ? (int64_t)ns : 0;
}

static void put_angles(FILE *f, const cJSON *read)
{
	const cJSON *angles = cJSON_GetObjectItemCaseSensitive(read, "angles"), *a;

	cJSON_ArrayForEach(a, angles)
	{
		const char *plate = ctl_text(a, "plate");
		char time[CLOCK_RFC3339_SIZE];

		(void)fprintf(f, "<tr><th>Camera %.0f alone<td>", ctl_number(a, "camera"));
		put(f, *plate ? plate : NO_PLATE);
		(void)fprintf(f, ", confidence %.3f, of %.0f frames; pictures of %s\n",
			      ctl_number(a, "confidence"), ctl_number(a, "frames"),
			      clock_rfc3339(nanoseconds(a, "capture_ns"), time));
	}
}

static void put_damaged(FILE *f, const cJSON *read)
{
	const cJSON *damaged = cJSON_GetObjectItemCaseSensitive(read, "damaged"), *d;

	if (!damaged)
		return;
	(void)fputs("<tr><th class=warn>Could not be read any more<td class=warn>", f);
	cJSON_ArrayForEach(d, damaged)
	{
		put(f, cJSON_IsString(d) ? d->valuestring : "?");
		(void)fputc(' ', f);
	}
	(void)fputc('\n', f);
}

static void put_hit(FILE *f, const cJSON *read)
{
	static const char *const words[] = {
	    "no entry of the hotlist matched",
	    "matched an entry of the hotlist and was pushed to the RTCC as a hit",
	    "matched an entry of the hotlist, shortly after a hit of the same vehicle"};
	const double hit = ctl_number(read, "hit"), version = ctl_number(read, "list_version");

	(void)fprintf(f, "<tr><th>Hotlist<td>%s",
		      hit >= 0 && hit <= 2 ? words[(int)hit] : "not known");
	if (version > 0)
		(void)fprintf(f, "; version %.0f was in force", version);
	(void)fputc('\n', f);
}

static void put_facts(FILE *f, const cJSON *read)
{
	const char *plate = ctl_text(read, "plate"), *state = ctl_text(read, "jurisdiction");
	const double off = ctl_number(read, "clock_off_s");

	(void)fputs("<span class=plate>", f);
	put(f, *plate ? plate : NO_PLATE);
	(void)fputs("</span>", f);
	put(f, *state ? state : "state not known");
	(void)fprintf(f, " &nbsp; confidence %.3f", ctl_number(read, "confidence"));
	if (ctl_true(read, "low_quality"))
		(void)fputs(" &nbsp; <span class=warn>below a quality gate</span>", f);
	if (ctl_true(read, "degraded"))
		(void)fputs(" &nbsp; <span class=warn>one camera only</span>", f);
	(void)fputs("<table>\n", f);
	row(f, "Best view (UTC)", ctl_text(read, "best"));
	row(f, "First view", ctl_text(read, "first"));
	row(f, "Last view", ctl_text(read, "last"));
	if (off < 0 || off > 0)
		(void)fprintf(f,
			      "<tr><th class=warn>The clock was off<td class=warn>by about %.0f s, "
			      "by the time elapsed since\n",
			      off);
	put_alternatives(f, read);
	put_chars(f, read);
	put_angles(f, read);
	put_hit(f, read);
	put_damaged(f, read);
	row_hash(f, "Passage", ctl_text(read, "passage"));
	(void)fputs("</table>\n", f);
}

static bool put_picture(FILE *f, const cJSON *listed, const struct evidence_file *file,
			struct err *e)
{
	AUTO_FREE char *text = malloc(base64_size(file->len));
	size_t len;
	const char *kind = evidence_picture_kind(file->name, &len);

	if (!text)
		return err_set(e, ERR_NO_MEMORY, "%s", file->name);
	base64_encode(file->data, file->len, text);
	(void)fprintf(f, "<figure><img alt=\"%.*s\" src=\"data:image/jpeg;base64,%s\">", (int)len,
		      kind, text);
	(void)fprintf(f, "<figcaption>%s, camera %c<br><code>%s<br>SHA-256 ",
		      kind[0] == 'c' ? "plate" : "scene", kind[len - 1], file->name);
	put(f, ctl_text(listed, "sha256"));
	(void)fputs("</code></figcaption></figure>\n", f);
	return true;
}

/* Pictures come in the order of the reads, and are listed in that order. */
static bool put_reads(FILE *f, const struct evidence *v, struct err *e)
{
	const cJSON *reads = cJSON_GetObjectItemCaseSensitive(v->manifest, "reads"), *read;
	const cJSON *listed = cJSON_GetObjectItemCaseSensitive(v->manifest, "files")->child;
	size_t n = EVIDENCE_REQUEST;

	for (; n < EVIDENCE_PARTS; n++)
		listed = listed->next;
	(void)fprintf(f, "<h2>Reads: %d</h2>\n", cJSON_GetArraySize(reads));
	if (!reads->child)
		(void)fputs("<section>The box had no read that was asked for.</section>\n", f);
	cJSON_ArrayForEach(read, reads)
	{
		(void)fputs("<div class=card>", f);
		put_facts(f, read);
		(void)fputs("<div class=pics>\n", f);
		for (;
		     n < v->archive.n && memcmp(evidence_picture_id(v->archive.files[n].name),
						ctl_text(read, "passage"), EVIDENCE_ID_LENGTH) == 0;
		     n++, listed = listed->next)
			if (!put_picture(f, listed, &v->archive.files[n], e))
				return false;
		(void)fputs("</div></div>\n", f);
	}
	return true;
}

/* -------------------------------------------------------------------------------------------------
 */

bool evidence_page(FILE *f, const struct evidence *v, int64_t opened_ns, struct err *e)
{
	const struct evidence_file *certificate = &v->archive.files[EVIDENCE_CERTIFICATE];

	(void)fprintf(f,
		      "<!doctype html><html lang=en><meta charset=utf-8>"
		      "<meta http-equiv=Content-Security-Policy content=\"default-src 'none'; "
		      "img-src data:; style-src 'unsafe-inline'\">"
		      "<meta name=viewport content=\"width=device-width\">"
		      "<title>Evidence</title>\n<style>\n%s</style>\n<header><h1>Evidence, case ",
		      STYLE);
	put(f, v->request.case_number);
	(void)fputs("</h1><p>", f);
	put(f, ctl_text(v->manifest, "site"));
	(void)fputs("</p></header><main>\n<section class=lead>" AUTHENTICITY_LEAD "</section>\n",
		    f);
	put_custody(f, v, opened_ns);
	put_lines(f, "Verified", v->verified, v->n_verified);
	put_lines(f, "Not verified here", v->open, v->n_open);
	if (!put_reads(f, v, e))
		return false;
	(void)fputs("<h2>Certificate of authenticity</h2><section><pre>", f);
	put_bytes(f, (const char *)certificate->data, certificate->len);
	(void)fputs("</pre></section></main>\n", f);
	return !ferror(f) || err_errno(e, errno, "index.html");
}
