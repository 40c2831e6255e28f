/* Which of a page's answers a request gets, by its first bytes. */
#pragma once
#include "packet.h"

/* How far into a request it is read. */
#define READ 512

#define WORD(a, b, c, d, e, f, g, h)                                                                \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | (u64)(f) << 40 | \
	 (u64)(g) << 48 | (u64)(h) << 56)

/* Whether any byte of the word is this one (Mycroft, 1987). */
INLINE int has(u64 word, u8 byte)
{
	u64 ones = 0x0101010101010101ull;
	u64 rest = word ^ ones * byte;
	return ((rest - ones) & ~rest & ones << 7) != 0;
}

/* Whether "application/json" stands there. Of its 16 bytes the word of eight at every ninth byte is looked at: one of the nine that it
 * has is always among those. The first four are in "application/xml", too, so the word after them must be the rest of ours. */
INLINE int mentions_json(const u8 *data, const void *end, u32 length)
{
	u64 rest = 0, mask = 0;
	for (u32 at = 0; at + 8 <= READ; at += 9) {
		const u8 *here = data + at;
		if (at + 8 > length || (const void *)(here + 8) > end)
			return 0;
		u64 word = *(const u64 *)here;
		if (mask && (word & mask) == rest)
			return 1;
		mask = 0;
		/* Each of the nine has an i. */
		if (!has(word, 'i'))
			continue;
		switch (word) {
		case WORD('a', 'p', 'p', 'l', 'i', 'c', 'a', 't'):
			rest = WORD('o', 'n', '/', 'j', 's', 'o', 'n', 0);
			mask = 0x00ffffffffffffffull;
			break;
		case WORD('p', 'p', 'l', 'i', 'c', 'a', 't', 'i'):
			rest = WORD('n', '/', 'j', 's', 'o', 'n', 0, 0);
			mask = 0x0000ffffffffffffull;
			break;
		case WORD('p', 'l', 'i', 'c', 'a', 't', 'i', 'o'):
			rest = WORD('/', 'j', 's', 'o', 'n', 0, 0, 0);
			mask = 0x000000ffffffffffull;
			break;
		case WORD('l', 'i', 'c', 'a', 't', 'i', 'o', 'n'):
			rest = WORD('j', 's', 'o', 'n', 0, 0, 0, 0);
			mask = 0x00000000ffffffffull;
			break;
		case WORD('i', 'c', 'a', 't', 'i', 'o', 'n', '/'):
		case WORD('c', 'a', 't', 'i', 'o', 'n', '/', 'j'):
			if ((const void *)(here + 12) <= end) {
				u32 behind = *(const u32 *)(here + 8);
				if (behind == (u32)WORD('j', 's', 'o', 'n', 0, 0, 0, 0) ||
				    (behind & 0xffffff) == (u32)WORD('s', 'o', 'n', 0, 0, 0, 0, 0))
					return 1;
			}
			break;
		case WORD('a', 't', 'i', 'o', 'n', '/', 'j', 's'):
		case WORD('t', 'i', 'o', 'n', '/', 'j', 's', 'o'):
		case WORD('i', 'o', 'n', '/', 'j', 's', 'o', 'n'):
			return 1;
		default:
			break;
		}
	}
	return 0;
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

/* Both searches are functions of their own for the verifier, which then follows their loops once, and not once for each way that leads
 * there. */
#define SEARCHES(suffix, context)                                                                               \
	__attribute__((noinline)) u32 search_json_##suffix(context *packet, u32 offset, u32 length)             \
	{                                                                                                       \
		return mentions_json((void *)(u64)packet->data + (offset & 0x7f), (void *)(u64)packet->data_end, length); \
	}                                                                                                       \
	__attribute__((noinline)) u32 search_preflight_##suffix(context *packet, u32 offset, u32 length)        \
	{                                                                                                       \
		return asks_before((void *)(u64)packet->data + (offset & 0x7f), (void *)(u64)packet->data_end, length); \
	}
