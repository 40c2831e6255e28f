/* Which of a page's answers a request gets, by its first bytes. */
#pragma once
#include "packet.h"

/* How far into a request it is read. */
#define READ 512

#define WORD(a, b, c, d, e, f, g, h)                                                                \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | (u64)(f) << 40 | \
	 (u64)(g) << 48 | (u64)(h) << 56)

#define HALF(a, b, c, d) ((u32)WORD(a, b, c, d, 0, 0, 0, 0))

/* A word is worth a closer look if its bit is set in the mask: those of all thirteen words of "application/json" are, and few of those that
 * stand in usual requests (multiplicative hashing; the factor was looked for). */
#define JSON_FACTOR 0x202cc829u
#define JSON_MASK 0x0d40020000600200ull

/* How far behind the start of "application/json" a word of four of its bytes is; 16 where it is none of them. */
INLINE u32 place_in_json(u32 word)
{
	switch (word) {
	case HALF('a', 'p', 'p', 'l'): return 0;
	case HALF('p', 'p', 'l', 'i'): return 1;
	case HALF('p', 'l', 'i', 'c'): return 2;
	case HALF('l', 'i', 'c', 'a'): return 3;
	case HALF('i', 'c', 'a', 't'): return 4;
	case HALF('c', 'a', 't', 'i'): return 5;
	case HALF('a', 't', 'i', 'o'): return 6;
	case HALF('t', 'i', 'o', 'n'): return 7;
	case HALF('i', 'o', 'n', '/'): return 8;
	case HALF('o', 'n', '/', 'j'): return 9;
	case HALF('n', '/', 'j', 's'): return 10;
	case HALF('/', 'j', 's', 'o'): return 11;
	case HALF('j', 's', 'o', 'n'): return 12;
	default: return 16;
	}
}

/* The lowest bit says it. */
INLINE u64 is_worth(const u8 *here)
{
	return JSON_MASK >> (*(const u32 *)here * JSON_FACTOR >> 26);
}

/* Whether the four bytes `at` are in "application/json"; it is looked for up to `limit`. */
INLINE int is_in_json(const u8 *start, const void *end, u32 at, u32 limit)
{
	if (at > READ + 0x7f)
		return 0;
	const u8 *here = start + at;
	if ((const void *)(here + 4) > end)
		return 0;
	u32 behind = place_in_json(*(const u32 *)here);
	if (behind > 12 || behind > at || at - behind + 16 > limit)
		return 0;
	const u64 *whole = (const void *)(start + (at - behind));
	if ((const void *)(whole + 2) > end)
		return 0;
	return whole[0] == WORD('a', 'p', 'p', 'l', 'i', 'c', 'a', 't') &&
	       whole[1] == WORD('i', 'o', 'n', '/', 'j', 's', 'o', 'n');
}

/* "Access-Control-Request-Method", in any case, by a part of it that no other field has. */
INLINE int asks_before(const u8 *data, const void *end, u32 length)
{
	u64 lower = 0x2020202020202020ull;
	for (u32 at = 0; at + 8 <= READ; at++) {
		const u8 *here = data + at;
		if (at + 8 > length || (const void *)(here + 8) > end)
			return 0;
		if ((*(const u64 *)here | lower) == (WORD('t', '-', 'm', 'e', 't', 'h', 'o', 'd') | lower))
			return 1;
	}
	return 0;
}

/* Of a request in one segment, or of its first, by its method; `KINDS` where the rest of it must be read. */
INLINE u32 choose_by_method(const void *start, const void *end, u32 offset, u32 length)
{
	const u8 *data = start + (offset & 0x7f);
	if (length < 8 || (const void *)(data + 8) > end)
		return KIND_PAGE;
	u64 first = *(const u64 *)data;
	if ((first & 0xffffffffffull) == WORD('H', 'E', 'A', 'D', ' ', 0, 0, 0))
		return KIND_HEAD;
	if (first == WORD('P', 'R', 'I', ' ', '*', ' ', 'H', 'T'))
		return KIND_PREFACE;
	if (first == WORD('O', 'P', 'T', 'I', 'O', 'N', 'S', ' '))
		return KIND_PREFLIGHT;
	return KINDS;
}

/* The searches are functions of their own for the verifier, which then follows their loops once, and not once for each way that leads
 * there; so is the closer look, once for all places.
 *
 * For JSON the word of four bytes at every thirteenth byte is looked at: one of the thirteen that "application/json" has is always among
 * those. Four words are looked at together, since most of the time goes into bounds; what is left behind the last four is looked at closely. */
#define SEARCHES(suffix, context)                                                                                 \
	__attribute__((noinline)) u32 is_in_json_##suffix(context *packet, u32 at, u32 limit)                     \
	{                                                                                                         \
		return is_in_json((void *)(u64)packet->data, (void *)(u64)packet->data_end, at, limit);           \
	}                                                                                                         \
	__attribute__((noinline)) u32 search_json_##suffix(context *packet, u32 offset, u32 length)               \
	{                                                                                                         \
		offset &= 0x7f;                                                                                   \
		const u8 *data = (void *)(u64)packet->data + offset;                                              \
		const void *end = (void *)(u64)packet->data_end;                                                  \
		u32 at = 0, limit = offset + (length < READ ? length : READ);                                     \
		for (; at + 4 * 13 <= READ; at += 4 * 13) {                                                       \
			const u8 *here = data + at;                                                               \
			if (at + 3 * 13 + 4 > length || (const void *)(here + 3 * 13 + 4) > end)                  \
				break;                                                                            \
			if (!((is_worth(here) | is_worth(here + 13) | is_worth(here + 26) | is_worth(here + 39)) & 1)) \
				continue;                                                                         \
			for (u32 i = 0; i < 4; i++)                                                               \
				if ((is_worth(here + i * 13) & 1) && is_in_json_##suffix(packet, offset + at + i * 13, limit)) \
					return 1;                                                                 \
		}                                                                                                 \
		for (u32 i = 0; i < 4; i++)                                                                       \
			if (is_in_json_##suffix(packet, offset + at + i * 13, limit))                             \
				return 1;                                                                         \
		return 0;                                                                                         \
	}                                                                                                         \
	__attribute__((noinline)) u32 search_preflight_##suffix(context *packet, u32 offset, u32 length)          \
	{                                                                                                         \
		return asks_before((void *)(u64)packet->data + (offset & 0x7f), (void *)(u64)packet->data_end, length); \
	}
