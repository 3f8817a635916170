/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/conf.h"

#include "firmware/base/utf8.h"
#include "firmware/site.h"

#include <stdio.h>
#include <string.h>

#define KEY(type_, field, fallback_, min_, max_, help_)                                            \
	{                                                                                          \
#field, type_, offsetof(struct uplink_conf, field), fallback_, min_, max_, NULL,   \
		    help_                                                                          \
	}

static const struct conf_key keys[] = {
    KEY(CONF_STRING, url, "", 0, 0,
	"where the RTCC is: https://host[:port][/path]; empty: nowhere, hits wait"),
    KEY(CONF_PATH, ca, "", 0, 0, "the RTCC's certificate authority, PEM"),
    KEY(CONF_PATH, certificate, "", 0, 0, "certificate of this box, PEM"),
    KEY(CONF_PATH, key, "", 0, 0, "private key of this box, PEM"),
    KEY(CONF_REAL, hotlist_poll_s, "60", 0, 86400,
	"seconds between questions for a newer hotlist; 0: never"),
    KEY(CONF_INT, hotlist_wait_s, "25", 0, 300,
	"seconds that the RTCC may keep a question until the hotlist changes; 0: none"),
    KEY(CONF_INT, hotlist_max_bytes, "671088640", 1024, 4294967296.0,
	"most bytes of a hotlist bundle (640 MiB: ten million entries of 64)"),
    KEY(CONF_REAL, connect_timeout_s, "10", 0.1, 120, "seconds until TLS must stand"),
    KEY(CONF_REAL, stall_timeout_s, "20", 1, 120, "seconds that a transfer may stall"),
    KEY(CONF_REAL, hit_timeout_s, "60", 0.1, 600,
	"seconds that sending a hit, or a part of an answer to an evidence request, may take"),
    KEY(CONF_REAL, hotlist_timeout_s, "1800", 0.1, 86400,
	"seconds that fetching a bundle, or sending an answer to an evidence request whole, may "
	"take"),
    KEY(CONF_REAL, retry_min_s, "1", 0.01, 300,
	"seconds to wait after a first failure; doubled each time"),
    KEY(CONF_REAL, retry_max_s, "300", 0.01, 3600, "longest wait after a failure, seconds"),
    KEY(CONF_REAL, evidence_poll_s, "30", 0, 86400,
	"seconds between questions for a request for evidence; 0: never"),
    KEY(CONF_REAL, heartbeat_s, "60", 0, 86400,
	"seconds between heartbeats, without plates; sooner when a state changes; 0: none"),
};

/* Host, port and path only: what is appended to it must stay a path, and nothing secret belongs
 * into a URL. */
static bool check_url(const char *url, struct err *e)
{
	static const char scheme[] = "https://";
	const char *host = url + sizeof scheme - 1;

	if (strncmp(url, scheme, sizeof scheme - 1) != 0)
		return err_set(e, ERR_CONFIG, "[uplink] url: not https://");
	if (*host == '\0' || *host == '/' || *host == ':')
		return err_set(e, ERR_CONFIG, "[uplink] url: names no host");
	for (const char *c = url; *c; c++)
		if (*c <= ' ' || *c >= 0x7f || strchr("@?#\\\"<>", *c))
			return err_set(e, ERR_CONFIG,
				       "[uplink] url: more than https://host[:port][/path]");
	return true;
}

bool uplink_conf_load(const char *text, size_t len, const char *folder, struct uplink_conf *out,
		      struct err *e)
{
	struct site site = {0};
	size_t end;

	if (!conf_fill(text, len, folder, "uplink", keys, sizeof keys / sizeof keys[0], out, e) ||
	    !site_load(text, len, folder, &site, e))
		return false;
	(void)snprintf(out->site, sizeof out->site, "%s", site.name[0] ? site.name : "unnamed");
	utf8_clean(out->site);
	if (out->retry_min_s > out->retry_max_s)
		return err_set(e, ERR_CONFIG, "[uplink] retry_min_s: more than retry_max_s");
	if (out->url[0] == '\0')
		return true;
	if (!check_url(out->url, e))
		return false;
	if (out->ca[0] == '\0' || out->certificate[0] == '\0' || out->key[0] == '\0')
		return err_set(e, ERR_CONFIG, "[uplink] url: needs ca, certificate and key");
	end = strlen(out->url);
	while (out->url[end - 1] == '/')
		out->url[--end] = '\0';
	return true;
}

void uplink_sandbox(struct sandbox *box)
{
	static const char *const resolver_files[] = {"/etc/resolv.conf",   "/etc/hosts",
						     "/etc/nsswitch.conf", "/etc/host.conf",
						     "/etc/gai.conf",	   "/run/systemd/resolve"};

	memset(box, 0, sizeof *box);
	box->may = SANDBOX_INTERNET | SANDBOX_MEMFD | SANDBOX_READ_FILES |
		   SANDBOX_THREADS; /* names resolve in a thread */
	for (size_t i = 0; i < sizeof resolver_files / sizeof resolver_files[0]; i++)
		box->read_paths[i] = resolver_files[i];
}
