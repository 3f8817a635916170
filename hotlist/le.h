/* SPDX-License-Identifier: Apache-2.0 */
/* Little-endian numbers in bytes, whatever the machine is and however they are aligned. */
#ifndef HOTLIST_LE_H
#define HOTLIST_LE_H

#include <stddef.h>
#include <stdint.h>

static inline uint64_t le_get(const uint8_t *p, size_t bytes)
{
	uint64_t v = 0;

	for (size_t i = bytes; i-- > 0;)
		v = v << 8 | p[i];
	return v;
}

static inline void le_put(uint8_t *p, size_t bytes, uint64_t v)
{
	for (size_t i = 0; i < bytes; i++, v >>= 8)
		p[i] = (uint8_t)(v & 0xff);
}

static inline uint16_t le16(const uint8_t *p)
{
	return (uint16_t)le_get(p, 2);
}

static inline uint32_t le32(const uint8_t *p)
{
	return (uint32_t)le_get(p, 4);
}

static inline uint64_t le64(const uint8_t *p)
{
	return le_get(p, 8);
}

#endif
