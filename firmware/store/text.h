/* SPDX-License-Identifier: Apache-2.0 */
/* Parts of a read as JSON text, as they lie in the database. */
#ifndef FIRMWARE_STORE_TEXT_H
#define FIRMWARE_STORE_TEXT_H

#include "firmware/wire.h"
#include "ocr/plate.h"

#define TEXT_CHARS_SIZE	       128u
#define TEXT_ALTERNATIVES_SIZE 384u
#define TEXT_QUAD_SIZE	       160u
#define TEXT_READ_SIZE	       3072u
#define TEXT_ID_SIZE	       (2u * WIRE_ID_SIZE + 1u)

/* Confidence of each character: "[0.998,0.971]". Returns out. */
char *text_chars(const struct plate_read *r, char out[TEXT_CHARS_SIZE]);

/* Spellings, best first: "[[\"ABC123\",0.970],…]". The text must hold A-Z0-9 only. Returns out. */
char *text_alternatives(const struct plate_read *r, char out[TEXT_ALTERNATIVES_SIZE]);

/* Corners: "[x0,y0,…,y3]", tenths of a pixel. Returns out. */
char *text_quad(const struct plate_quad *q, char out[TEXT_QUAD_SIZE]);

/*
 * All that a passage tells of its plate, as it is sealed (SCHEMA.md): the fused read and that of
 * each angle; and the version of the hotlist it was held against (0: there was none). Returns out.
 */
char *text_read(const struct wire_passage *p, uint64_t list_version, char out[TEXT_READ_SIZE]);

/* 32 hex digits. Returns out. */
char *text_id(const uint8_t id[WIRE_ID_SIZE], char out[TEXT_ID_SIZE]);

#endif
