/* SPDX-License-Identifier: Apache-2.0 */
#include "tests/unit/keystore_life.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct keystore *life_open(const struct keystore_ops *ops, const struct keystore_conf *conf)
{
	struct keystore *k = NULL;
	struct err e = {0};

	if (!ops->open(conf, &k, &e))
		fail_msg("%s", e.text);
	return k;
}

void life_refuses(const struct keystore_ops *ops, const struct keystore_conf *conf,
		  enum err_code code, struct err *e)
{
	struct keystore *k = NULL;
	struct err why = {0};

	assert_false(ops->open(conf, &k, &why));
	assert_null(k);
	if (why.code != code)
		fail_msg("code %d: %s", (int)why.code, why.text);
	assert_int_equal(strncmp(why.text, "keystore: ", 10), 0);
	if (e)
		*e = why;
}

void life_wrap(const struct keystore_ops *ops, struct keystore *k, uint8_t fill, uint64_t context,
	       uint8_t wrapped[KEYSTORE_WRAPPED])
{
	uint8_t key[KEYSTORE_KEY];
	struct err e = {0};

	memset(key, fill, sizeof key);
	assert_true(ops->wrap(k, key, context, wrapped, &e));
	for (size_t i = 0; i + 4 <= KEYSTORE_WRAPPED; i++)
		assert_int_not_equal(memcmp(wrapped + i, key, 4), 0);
	assert_int_equal(life_unwrap(ops, k, fill, context, wrapped), ERR_NONE);
}

enum err_code life_unwrap(const struct keystore_ops *ops, struct keystore *k, uint8_t fill,
			  uint64_t context, const uint8_t wrapped[KEYSTORE_WRAPPED])
{
	uint8_t key[KEYSTORE_KEY] = {0};
	struct err e = {0};

	if (!ops->unwrap(k, wrapped, context, key, &e)) {
		for (size_t i = 0; i < sizeof key; i++)
			assert_int_equal(key[i], 0);
		return e.code;
	}
	for (size_t i = 0; i < sizeof key; i++)
		assert_int_equal(key[i], fill);
	return ERR_NONE;
}

static void expect(const struct keystore_ops *ops, const struct keystore *k, uint64_t newest,
		   uint64_t older)
{
	struct keystore_about a;

	ops->about(k, &a);
	assert_int_equal(a.newest, newest);
	assert_int_equal(a.older, older);
}

static void hostile(const struct keystore_ops *ops, struct keystore *k, const uint8_t *wrapped)
{
	uint8_t bad[KEYSTORE_WRAPPED];

	assert_int_equal(life_unwrap(ops, k, 1, 8, wrapped), ERR_SIGNATURE); /* another context */
	for (size_t i = 0; i < sizeof bad; i++) {
		enum err_code code;

		memcpy(bad, wrapped, sizeof bad);
		bad[i] ^= 0x40;
		code = life_unwrap(ops, k, 1, 7, bad);
		assert_int_equal(code, i < 4 ? ERR_FORMAT : i < 12 ? ERR_NOT_FOUND : ERR_SIGNATURE);
	}
	memset(bad, 0, sizeof bad);
	assert_int_equal(life_unwrap(ops, k, 1, 7, bad), ERR_FORMAT);
	memcpy(bad, "AKW1", 4); /* generation 0 is that of no key */
	assert_int_equal(life_unwrap(ops, k, 1, 7, bad), ERR_FORMAT);
}

void life_whole(const struct keystore_ops *ops, struct keystore_conf conf, bool ahead)
{
	uint8_t first[KEYSTORE_WRAPPED], again[KEYSTORE_WRAPPED], second[KEYSTORE_WRAPPED];
	struct keystore *k;
	struct err e = {0};

	conf.create = false;
	life_refuses(ops, &conf, ERR_NOT_FOUND, NULL);
	conf.create = true;
	k = life_open(ops, &conf);
	expect(ops, k, 1, 0);
	assert_true(ops->health(k, &e));
	life_wrap(ops, k, 1, 7, first);
	life_wrap(ops, k, 1, 7, again);
	assert_int_not_equal(memcmp(first, again, sizeof first), 0);
	hostile(ops, k, first);
	assert_true(ops->retire(k, &e)); /* there is none: nothing happens */
	ops->close(k);

	k = life_open(ops, &conf); /* create makes none where there is one */
	expect(ops, k, 1, 0);
	assert_int_equal(life_unwrap(ops, k, 1, 7, first), ERR_NONE);
	assert_true(ops->rotate(k, &e));
	expect(ops, k, 2, 1);
	ops->close(k);

	conf.create = false;
	k = life_open(ops, &conf);
	expect(ops, k, 2, 1);
	assert_int_equal(life_unwrap(ops, k, 1, 7, first), ERR_NONE);
	life_wrap(ops, k, 1, 7, second);
	assert_false(ops->rotate(k, &e));
	assert_int_equal(e.code, ERR_AGAIN);
	expect(ops, k, 2, 1);
	assert_true(ops->retire(k, &e));
	expect(ops, k, 2, 0);
	assert_int_equal(life_unwrap(ops, k, 1, 7, first), ERR_NOT_FOUND);
	assert_int_equal(life_unwrap(ops, k, 1, 7, second), ERR_NONE);
	ops->close(k);

	k = life_open(ops, &conf);
	expect(ops, k, ahead ? 3 : 2, ahead ? 2 : 0);
	assert_int_equal(life_unwrap(ops, k, 1, 7, first), ERR_NOT_FOUND);
	assert_int_equal(life_unwrap(ops, k, 1, 7, second), ERR_NONE);
	assert_true(ops->retire(k, &e));
	assert_int_equal(life_unwrap(ops, k, 1, 7, second), ahead ? ERR_NOT_FOUND : ERR_NONE);
	for (uint64_t g = ahead ? 4 : 3; g < 8; g++) {
		assert_true(ops->rotate(k, &e));
		expect(ops, k, g, g - 1);
		assert_true(ops->retire(k, &e));
	}
	assert_int_equal(life_unwrap(ops, k, 1, 7, second), ERR_NOT_FOUND);
	assert_true(ops->destroy(k, &e));
	ops->close(k);
	life_refuses(ops, &conf, ERR_NOT_FOUND, NULL);
	conf.create = true; /* a new life; what the old one wrapped stays lost */
	k = life_open(ops, &conf);
	expect(ops, k, 1, 0);
	assert_int_equal(life_unwrap(ops, k, 1, 7, first), ERR_SIGNATURE);
	ops->close(k);
	ops->close(NULL);
}

void life_keyless(const struct keystore_ops *ops, struct keystore_conf conf)
{
	uint8_t wrapped[KEYSTORE_WRAPPED] = {0}, key[KEYSTORE_KEY] = {0};
	struct keystore *k;
	struct err e = {0};

	conf.create = true;
	ops->close(life_open(ops, &conf));
	conf.create = false;
	conf.keyless = true;
	k = life_open(ops, &conf);
	expect(ops, k, 0, 0);
	assert_true(ops->health(k, &e));
	assert_false(ops->wrap(k, key, 7, wrapped, &e));
	assert_int_equal(e.code, ERR_POLICY);
	e.code = ERR_NONE;
	assert_false(ops->unwrap(k, wrapped, 7, key, &e));
	assert_int_equal(e.code, ERR_POLICY);
	e.code = ERR_NONE;
	assert_false(ops->rotate(k, &e));
	assert_int_equal(e.code, ERR_POLICY);
	e.code = ERR_NONE;
	assert_false(ops->retire(k, &e));
	assert_int_equal(e.code, ERR_POLICY);
	e.code = ERR_NONE;
	assert_false(ops->destroy(k, &e));
	assert_int_equal(e.code, ERR_POLICY);
	ops->close(k);
}
