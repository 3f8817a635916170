/* SPDX-License-Identifier: Apache-2.0 */
/* The TPM driver on swtpm, one or two of them, each with a folder of its own. */
#include "hal/keystore.h"
#include "hal/secret_file.h"
#include "hal/tpm.h"
#include "tests/unit/chip.h"
#include "tests/unit/keystore_life.h"
#include "tests/unit/tree.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#define FIRST_INDEX 0x01a1f000u

static const struct keystore_ops *ops;

static struct chip chip; /* of the test under way */

static int set_up(void **state)
{
	if (tree_make(state) != 0)
		return -1;
	chip = chip_start("tpm");
	return 0;
}

static int tear_down(void **state)
{
	chip_stop(&chip);
	return tree_remove(state);
}

/* --- keystores in it
 * ------------------------------------------------------------------------------ */

static struct keystore_conf conf_for(const char *name, bool create)
{
	struct keystore_conf c = {.driver = "tpm2", .create = create};

	(void)snprintf(c.path, sizeof c.path, "%s", tree_path(name));
	chip_name(&chip, c.device, sizeof c.device);
	return c;
}

static struct keystore_conf make(uint8_t wrapped[KEYSTORE_WRAPPED])
{
	struct keystore_conf c = conf_for("root", true);
	struct keystore *k = life_open(ops, &c);

	life_wrap(ops, k, 9, 3, wrapped);
	ops->close(k);
	c.create = false;
	return c;
}

/* What is in the TPM, past the driver. `slot` 0 or 1. */
struct direct {
	struct tpm tpm;
	ESYS_TR nv;
};

static struct direct reach(unsigned slot)
{
	struct keystore_conf c = conf_for("root", false);
	uint8_t name[TPM_NAME];
	struct direct d;
	struct err e = {0};

	assert_true(tpm_connect(&d.tpm, c.device, &e));
	assert_true(tpm_begin(&d.tpm, name, &e));
	/* The authorisation lies in the file, after the magic and a byte. */
	if (!tpm_nv_find(&d.tpm, FIRST_INDEX + slot, (const uint8_t *)tree_read("root", NULL) + 8,
			 &d.nv, &e))
		fail_msg("%s", e.text);
	return d;
}

static void a_whole_life(void **state)
{
	(void)state;
	life_whole(ops, conf_for("root", false), true);
}

static void without_keys(void **state)
{
	(void)state;
	life_keyless(ops, conf_for("root", false));
}

static void a_tpm_that_starts_anew_keeps_them(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct keystore_conf c = make(wrapped);
	struct keystore *k;

	(void)state;
	chip_stop(&chip);
	chip = chip_start("tpm");
	c = conf_for("root", false);
	k = life_open(ops, &c);
	assert_int_equal(life_unwrap(ops, k, 9, 3, wrapped), ERR_NONE);
	ops->close(k);
}

/* The disk of yesterday and the TPM of today: nothing of what was retired comes back. */
static void an_old_copy_of_the_disk_is_useless(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED], copy[256];
	struct keystore_conf c = make(wrapped);
	struct keystore *k;
	struct err e = {0};
	size_t len;

	(void)state;
	memcpy(copy, tree_read("root", &len), sizeof copy);
	assert_true(len < sizeof copy);
	k = life_open(ops, &c);
	assert_true(ops->rotate(k, &e));
	assert_true(ops->retire(k, &e));
	ops->close(k);
	tree_write_bytes("root", copy, len);
	k = life_open(ops, &c);
	assert_int_equal(life_unwrap(ops, k, 9, 3, wrapped), ERR_NOT_FOUND);
	ops->close(k);
}

static void no_tpm(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct keystore_conf c = make(wrapped);
	struct err e = {0};

	(void)state;
	(void)snprintf(c.device, sizeof c.device, "device:/dev/no-such-tpm");
	life_refuses(ops, &c, ERR_NOT_FOUND, &e);
	assert_string_equal(e.text, "keystore: TPM: /dev/no-such-tpm: No such file or directory");
	c.keyless = true;
	life_refuses(ops, &c, ERR_NOT_FOUND, NULL);
	(void)snprintf(c.device, sizeof c.device, "device:/dev/null");
	life_refuses(ops, &c, ERR_IO, NULL);
	(void)snprintf(c.device, sizeof c.device, "i2c:7");
	life_refuses(ops, &c, ERR_CONFIG, NULL);
	c.device[0] = '\0';
	life_refuses(ops, &c, ERR_CONFIG, NULL);
	c = conf_for("root", false);
	chip_stop(&chip);
	life_refuses(ops, &c, ERR_IO, NULL);
}

static void a_tpm_that_dies_shows(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct keystore_conf c = make(wrapped);
	struct keystore *k = life_open(ops, &c);
	struct keystore_about a;
	struct err e = {0};

	(void)state;
	assert_true(ops->health(k, &e));
	chip_stop(&chip);
	assert_false(ops->health(k, &e));
	assert_int_equal(e.code, ERR_IO);
	assert_string_equal(e.text, "keystore: TPM: the TPM cannot be reached");
	assert_false(ops->rotate(k, &e));
	assert_int_equal(e.code, ERR_IO);
	ops->about(k, &a);
	assert_int_equal(a.newest, 1);
	/* What was loaded goes on working. */
	assert_int_equal(life_unwrap(ops, k, 9, 3, wrapped), ERR_NONE);
	ops->close(k);
}

/* What a TPM that is taken out in the middle of an answer leaves: nothing, or no answer's bytes. */
static void what_answers_but_is_no_tpm_shows(void **state)
{
	static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/full",
					      "/dev/urandom"};

	(void)state;
	for (size_t i = 0; i < sizeof devices / sizeof devices[0]; i++) {
		char device[32];
		struct tpm t;
		struct err e = {0};

		(void)snprintf(device, sizeof device, "device:%s", devices[i]);
		if (tpm_connect(&t, device, &e)) {
			assert_false(tpm_alive(&t, &e));
			tpm_disconnect(&t);
		}
		assert_int_equal(e.code, ERR_IO);
		assert_non_null(strstr(e.text, " cannot be "));
	}
}

static void another_tpm(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct keystore_conf c = make(wrapped);
	struct err e = {0};

	(void)state;
	chip_stop(&chip);
	chip = chip_start("another");
	c = conf_for("root", true); /* even so nothing is made anew */
	life_refuses(ops, &c, ERR_POLICY, &e);
	assert_string_equal(e.text, "keystore: this is not the TPM that the root keys are in, or "
				    "it was cleared");
}

static void a_second_file_does_not_take_the_first_ones_keys(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct keystore_conf c = make(wrapped), second = conf_for("second", true);
	struct keystore *k;
	struct err e = {0};

	(void)state;
	life_refuses(ops, &second, ERR_POLICY, &e);
	assert_non_null(strstr(e.text, "another keystore file (0x01a1f000)"));
	assert_int_equal(access(second.path, F_OK), -1);
	k = life_open(ops, &c);
	assert_int_equal(life_unwrap(ops, k, 9, 3, wrapped), ERR_NONE);
	ops->close(k);
}

/* The indices do not count wrong guesses, so a stranger's guesses do not stop the box: here a TPM
 * that is locked out for everything that does count them. */
static void a_tpm_that_is_locked_out_still_serves(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED], wrong[TPM_AUTH] = {1}, name[TPM_NAME], byte[1];
	struct keystore_conf c = make(wrapped);
	const TPM2B_NV_PUBLIC counted = {
	    .nvPublic = {.nvIndex = 0x01a1f100,
			 .nameAlg = TPM2_ALG_SHA256,
			 .attributes = TPMA_NV_AUTHREAD | TPMA_NV_AUTHWRITE,
			 .dataSize = 1}};
	const TPM2B_AUTH right = {.size = 1, .buffer = {2}};
	struct keystore *k;
	struct tpm t;
	struct err e = {0};
	ESYS_TR nv;

	(void)state;
	assert_true(tpm_connect(&t, c.device, &e));
	assert_true(tpm_begin(&t, name, &e));
	assert_int_equal(Esys_NV_DefineSpace(t.esys, ESYS_TR_RH_OWNER, ESYS_TR_PASSWORD,
					     ESYS_TR_NONE, ESYS_TR_NONE, &right, &counted, &nv),
			 TSS2_RC_SUCCESS);
	assert_true(tpm_nv_write(&t, nv, (const uint8_t *)"x", 1, &e));
	assert_true(tpm_nv_find(&t, 0x01a1f100, wrong, &nv, &e));
	for (int i = 0; i < 40 && e.code != ERR_IO; i++)
		assert_false(tpm_nv_read(&t, nv, byte, 1, &e));
	assert_string_equal(e.text,
			    "root key: the TPM is locked out, after too many wrong authorisations");
	tpm_disconnect(&t);
	k = life_open(ops, &c);
	assert_int_equal(life_unwrap(ops, k, 9, 3, wrapped), ERR_NONE);
	assert_true(ops->rotate(k, &e) && ops->retire(k, &e));
	ops->close(k);
}

/* Without what the file holds the TPM gives nothing away, however often it is asked. */
static void the_tpm_alone_is_useless(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED], wrong[TPM_AUTH] = {0}, name[TPM_NAME], record[56];
	struct keystore_conf c = make(wrapped);
	struct tpm t;
	ESYS_TR nv;

	(void)state;
	assert_true(tpm_connect(&t, c.device, NULL));
	assert_true(tpm_begin(&t, name, NULL));
	assert_true(tpm_nv_find(&t, FIRST_INDEX + 1, wrong, &nv, NULL));
	for (int i = 0; i < 40; i++) {
		struct err e = {0};

		assert_false(tpm_nv_read(&t, nv, record, sizeof record, &e));
		assert_int_equal(e.code, ERR_POLICY);
	}
	tpm_disconnect(&t);
}

/* The power went while a rotation, or a retirement, was written. */
static void a_torn_slot_beside_a_good_one(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED], torn[56], after[56];
	struct keystore_conf c = make(wrapped);
	struct keystore_about a;
	struct keystore *k;
	struct direct d;
	struct err e = {0};

	(void)state;
	memset(torn, 0xa5, sizeof torn);
	d = reach(0);
	assert_true(tpm_nv_write(&d.tpm, d.nv, torn, sizeof torn, &e));
	tpm_disconnect(&d.tpm);
	k = life_open(ops, &c);
	ops->about(k, &a);
	assert_int_equal(a.newest, 1);
	assert_int_equal(a.older, 0);
	assert_int_equal(life_unwrap(ops, k, 9, 3, wrapped), ERR_NONE);
	ops->close(k);
	d = reach(0);
	assert_true(tpm_nv_read(&d.tpm, d.nv, after, sizeof after, &e));
	for (size_t i = 0; i < 40; i++)
		assert_int_equal(after[i], 0);
	tpm_disconnect(&d.tpm);
}

/* The next root key is in the TPM when the one before goes: a purge is one write to it. */
static void a_purge_is_one_write(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED], next[KEYSTORE_WRAPPED];
	struct keystore_conf c = make(wrapped);
	struct keystore_about a;
	struct keystore *k = life_open(ops, &c);
	struct err e = {0};

	(void)state;
	for (int i = 0; i < 3; i++) {
		assert_true(ops->rotate(k, &e));
		assert_true(ops->retire(k, &e));
	}
	assert_int_equal(life_unwrap(ops, k, 9, 3, wrapped), ERR_NOT_FOUND);
	chip_stop(&chip);
	assert_true(ops->rotate(k, &e)); /* without it */
	life_wrap(ops, k, 9, 3, next);
	assert_false(ops->retire(k, &e));
	assert_int_equal(e.code, ERR_IO);
	ops->about(k, &a);
	assert_true(a.newest == 5 && a.older == 4);
	ops->close(k);
	/* The power went before it was retired: both are there, to be gone on with. */
	chip = chip_start("tpm");
	c = conf_for("root", false);
	k = life_open(ops, &c);
	ops->about(k, &a);
	assert_true(a.newest == 5 && a.older == 4);
	assert_int_equal(life_unwrap(ops, k, 9, 3, next), ERR_NONE);
	assert_true(ops->retire(k, &e));
	assert_int_equal(life_unwrap(ops, k, 9, 3, next), ERR_NONE);
	ops->close(k);
}

static void both_slots_torn(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED], torn[56] = {7};
	struct keystore_conf c = make(wrapped);

	(void)state;
	for (unsigned i = 0; i < 2; i++) {
		struct direct d = reach(i);

		assert_true(tpm_nv_write(&d.tpm, d.nv, torn, sizeof torn, NULL));
		tpm_disconnect(&d.tpm);
	}
	c.create = true;
	life_refuses(ops, &c, ERR_FORMAT, NULL);
}

static void an_index_that_is_gone(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct keystore_conf c = make(wrapped);
	struct direct d = reach(1);
	struct err e = {0};

	(void)state;
	assert_true(tpm_nv_undefine(&d.tpm, d.nv, &e));
	tpm_disconnect(&d.tpm);
	c.create = true;
	life_refuses(ops, &c, ERR_NOT_FOUND, &e);
	assert_string_equal(e.text, "keystore: the TPM has lost the root keys");
}

/* The power went before the creation was finished, or in a destruction: the file says that it is
 * not finished, and some indices are there, and open with what it says. */
static void a_creation_that_was_cut_off(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct keystore_conf c = make(wrapped);
	struct secret_file file;
	uint8_t bytes[74];
	struct keystore *k;
	struct err e = {0};

	(void)state;
	assert_true(secret_file_open(c.path, &file, &e));
	assert_true(secret_file_read(&file, bytes, sizeof bytes, &e));
	bytes[7] = 0;
	assert_true(secret_file_write(&file, bytes, sizeof bytes, &e));
	life_refuses(ops, &c, ERR_NOT_FOUND, NULL);
	c.create = true;
	k = life_open(ops, &c);
	assert_int_equal(life_unwrap(ops, k, 9, 3, wrapped), ERR_SIGNATURE);
	ops->close(k);
	assert_true(secret_file_read(&file, bytes, sizeof bytes, &e));
	assert_int_equal(bytes[7], 1);
	bytes[7] = 2;
	assert_true(secret_file_write(&file, bytes, sizeof bytes, &e));
	life_refuses(ops, &c, ERR_FORMAT, NULL);
	secret_file_close(&file);
}

static void a_file_that_is_none(void **state)
{
	uint8_t wrapped[KEYSTORE_WRAPPED];
	struct keystore_conf c = make(wrapped);

	(void)state;
	c.create = true;
	tree_write("root", "AKSTPM2");
	life_refuses(ops, &c, ERR_FORMAT, NULL);
	assert_int_equal(chmod(c.path, 0644), 0);
	life_refuses(ops, &c, ERR_POLICY, NULL);
	c.path[0] = '\0';
	life_refuses(ops, &c, ERR_CONFIG, NULL);
}

int main(void)
{
#define ON_CHIP(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	    ON_CHIP(a_whole_life),
	    ON_CHIP(without_keys),
	    ON_CHIP(a_tpm_that_starts_anew_keeps_them),
	    ON_CHIP(an_old_copy_of_the_disk_is_useless),
	    ON_CHIP(no_tpm),
	    ON_CHIP(a_tpm_that_dies_shows),
	    cmocka_unit_test(what_answers_but_is_no_tpm_shows),
	    ON_CHIP(another_tpm),
	    ON_CHIP(a_second_file_does_not_take_the_first_ones_keys),
	    ON_CHIP(a_tpm_that_is_locked_out_still_serves),
	    ON_CHIP(the_tpm_alone_is_useless),
	    ON_CHIP(a_torn_slot_beside_a_good_one),
	    ON_CHIP(a_purge_is_one_write),
	    ON_CHIP(both_slots_torn),
	    ON_CHIP(an_index_that_is_gone),
	    ON_CHIP(a_creation_that_was_cut_off),
	    ON_CHIP(a_file_that_is_none),
	};

	ops = keystore_find("tpm2");
	return cmocka_run_group_tests(tests, NULL, NULL);
}
