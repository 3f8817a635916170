/* SPDX-License-Identifier: Apache-2.0 */
#include "firmware/uplink/answer.h"

#include <errno.h>
#include <mbedtls/x509.h>
#include <stdio.h>
#include <string.h>

static void later(struct answer *out, enum failure failure, const char *words)
{
	out->outcome = WIRE_LATER;
	out->failure = failure;
	(void)snprintf(out->words, sizeof out->words, "%s", words);
}

static const char *why_not_connected(long os_error)
{
	switch (os_error) {
	case ECONNREFUSED:
		return "connection refused";
	case ENETUNREACH:
	case ENETDOWN:
		return "network unreachable";
	case EHOSTUNREACH:
		return "RTCC host unreachable";
	default:
		return "no connection";
	}
}

static const char *why_not_verified(uint32_t flags)
{
	if (flags & MBEDTLS_X509_BADCERT_EXPIRED)
		return "RTCC certificate does not verify: expired";
	if (flags & MBEDTLS_X509_BADCERT_FUTURE)
		return "RTCC certificate does not verify: not valid yet (is this box's clock "
		       "right?)";
	if (flags & MBEDTLS_X509_BADCERT_NOT_TRUSTED)
		return "RTCC certificate does not verify: not issued by the configured authority";
	if (flags & MBEDTLS_X509_BADCERT_CN_MISMATCH)
		return "RTCC certificate does not verify: issued for another host";
	return "RTCC certificate does not verify";
}

static void not_transferred(const struct ending *end, struct answer *out)
{
	switch (end->code) {
	case CURLE_COULDNT_RESOLVE_HOST:
		later(out, FAILURE_CONNECT, "RTCC host name does not resolve");
		break;
	case CURLE_COULDNT_CONNECT:
		later(out, FAILURE_CONNECT, why_not_connected(end->os_error));
		break;
	case CURLE_PEER_FAILED_VERIFICATION:
		later(out, FAILURE_TLS, why_not_verified(end->verify));
		break;
	case CURLE_SSL_CONNECT_ERROR:
	case CURLE_SSL_CIPHER:
		later(out, FAILURE_TLS, "no TLS: the handshake failed");
		break;
	case CURLE_OPERATION_TIMEDOUT:
		later(out, FAILURE_TIMEOUT,
		      end->tls ? "no answer in time" : "no TLS connection in time");
		break;
	case CURLE_GOT_NOTHING:
	case CURLE_SEND_ERROR:
	case CURLE_RECV_ERROR:
	case CURLE_PARTIAL_FILE:
		later(out, FAILURE_TRANSFER,
		      end->tls ? "connection lost before the answer was complete"
			       : "connection lost before TLS stood");
		break;
	case CURLE_WRITE_ERROR:
	case CURLE_FILESIZE_EXCEEDED:
	case CURLE_TOO_LARGE:
		later(out, FAILURE_TRANSFER,
		      end->odd ? "answer is not what was asked for" : "answer too large");
		break;
	case CURLE_WEIRD_SERVER_REPLY:
	case CURLE_UNSUPPORTED_PROTOCOL:
		later(out, FAILURE_TRANSFER, "answer is no HTTP");
		break;
	default:
		later(out, FAILURE_TRANSFER, curl_easy_strerror(end->code));
		break;
	}
}

static void not_accepted(const struct ending *end, struct answer *out)
{
	char words[ANSWER_WORDS_SIZE];
	const char *why = "";

	if (end->status == 400)
		why = ": does the RTCC know this box's certificate?";
	else if (end->status == 401 || end->status == 403)
		why = ": this box's certificate may not do that";
	else if (end->status >= 300 && end->status < 400)
		why = ": redirects are not followed";
	else if (end->status == 404)
		why = ": no such address at the RTCC";
	(void)snprintf(words, sizeof words, "HTTP %ld%s", end->status, why);
	later(out, FAILURE_HTTP, words);
}

void answer_to_hit(const struct ending *end, struct answer *out)
{
	memset(out, 0, sizeof *out);
	if (end->code != CURLE_OK) {
		not_transferred(end, out);
	} else if (end->status >= 200 && end->status < 300) {
		out->outcome = WIRE_ACKNOWLEDGED;
	} else if (end->problem &&
		   (end->status == 400 || end->status == 413 || end->status == 422)) {
		out->outcome = WIRE_REFUSED;
		(void)snprintf(out->words, sizeof out->words, "HTTP %ld: the RTCC refuses this hit",
			       end->status);
	} else {
		not_accepted(end, out);
	}
}

void answer_to_list(const struct ending *end, struct answer *out)
{
	memset(out, 0, sizeof *out);
	if (end->code != CURLE_OK)
		not_transferred(end, out);
	else if (end->status == 200 || end->status == 206 || end->status == 226 ||
		 end->status == 304 || end->status == 404)
		out->outcome = WIRE_ACKNOWLEDGED;
	else
		not_accepted(end, out);
}

void answer_to_heartbeat(const struct ending *end, struct answer *out)
{
	memset(out, 0, sizeof *out);
	if (end->code != CURLE_OK)
		not_transferred(end, out);
	else if ((end->status >= 200 && end->status < 300) || end->status == 404)
		out->outcome = WIRE_ACKNOWLEDGED;
	else
		not_accepted(end, out);
}

void answer_odd(struct answer *out)
{
	memset(out, 0, sizeof *out);
	later(out, FAILURE_TRANSFER, "answer is not what was asked for");
}

void answer_to_request(const struct ending *end, struct answer *out)
{
	memset(out, 0, sizeof *out);
	if (end->code != CURLE_OK)
		not_transferred(end, out);
	else if (end->status == 200 && !end->jose)
		answer_odd(out);
	else if (end->status == 200 || end->status == 204 || end->status == 404)
		out->outcome = WIRE_ACKNOWLEDGED;
	else
		not_accepted(end, out);
}

void answer_to_evidence(const struct ending *end, struct answer *out)
{
	long s = end->status;

	memset(out, 0, sizeof *out);
	if (end->code != CURLE_OK) {
		not_transferred(end, out);
	} else if (s >= 200 && s < 300) {
		out->outcome = WIRE_ACKNOWLEDGED;
	} else if (s == 404 || s == 409 || s == 410 || s == 413 || s == 415 ||
		   (end->problem && (s == 400 || s == 422))) {
		out->outcome = WIRE_REFUSED;
		(void)snprintf(out->words, sizeof out->words,
			       "HTTP %ld: the RTCC refuses this answer", s);
	} else {
		not_accepted(end, out);
	}
}
