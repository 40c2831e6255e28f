/* Which of a page's answers a request gets, by its first bytes. */
#pragma once
#include "packet.h"

/* How far into a request it is read. */
#define READ 512

#define WORD(a, b, c, d, e, f, g, h)                                                                \
	((u64)(a) | (u64)(b) << 8 | (u64)(c) << 16 | (u64)(d) << 24 | (u64)(e) << 32 | (u64)(f) << 40 | \
	 (u64)(g) << 48 | (u64)(h) << 56)

#define HALF(a, b, c, d) ((u32)WORD(a, b, c, d, 0, 0, 0, 0))

/* The thirteen words of four bytes in "application/json" and where in it they stand, each at a place of its own (a perfect hash: the factor
 * was looked for). */
#define JSON_PLACE(word) ((u32)((word) * 0xd8f16adfu) >> 26)
#define JSON_PART(a, b, c, d, at) [JSON_PLACE(HALF(a, b, c, d))] = { HALF(a, b, c, d), at }
static const struct {
	u32 word;
	u32 at;
} json_parts[64] = {
	JSON_PART('a', 'p', 'p', 'l', 0), JSON_PART('p', 'p', 'l', 'i', 1), JSON_PART('p', 'l', 'i', 'c', 2),
	JSON_PART('l', 'i', 'c', 'a', 3), JSON_PART('i', 'c', 'a', 't', 4), JSON_PART('c', 'a', 't', 'i', 5),
	JSON_PART('a', 't', 'i', 'o', 6), JSON_PART('t', 'i', 'o', 'n', 7), JSON_PART('i', 'o', 'n', '/', 8),
	JSON_PART('o', 'n', '/', 'j', 9), JSON_PART('n', '/', 'j', 's', 10), JSON_PART('/', 'j', 's', 'o', 11),
	JSON_PART('j', 's', 'o', 'n', 12),
};

/* Whether the four bytes `at`, which the packet has, are in an "application/json" that ends within the first bytes. */
INLINE int is_in_json(const u8 *data, u32 at, const void *end)
{
	u32 word = *(const u32 *)(data + at);
	u32 place = JSON_PLACE(word);
	if (json_parts[place].word != word)
		return 0;
	/* Before the data it is a huge number. */
	u32 start = at - json_parts[place].at;
	if (start > READ - 16)
		return 0;
	const u64 *whole = (const void *)(data + start);
	if ((const void *)(whole + 2) > end)
		return 0;
	return ((whole[0] ^ WORD('a', 'p', 'p', 'l', 'i', 'c', 'a', 't')) |
		(whole[1] ^ WORD('i', 'o', 'n', '/', 'j', 's', 'o', 'n'))) == 0;
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

/* One for each kind of packet. That for a preflight is a function of its own, so that the verifier follows its loop once, and not once for each way
 * that leads there; that for JSON is asked for nearly every request, and a call is dear.
 *
 * For JSON the word of four bytes at every thirteenth byte is looked at: one of the thirteen that "application/json" has is always among those. Bounds
 * are checked for four at a time; those behind the last four have their own. */
#define SEARCHES(suffix, context)                                                                               \
	INLINE u32 search_json_##suffix(context *packet, u32 offset, u32 length)                                \
	{                                                                                                       \
		const u8 *data = (void *)(u64)packet->data + (offset & 0x7f);                                   \
		const void *end = (void *)(u64)packet->data_end;                                                \
		u32 at = 0;                                                                                     \
		for (; at + 3 * 13 + 4 <= READ; at += 4 * 13) {                                                 \
			if (at + 3 * 13 + 4 > length || (const void *)(data + at + 3 * 13 + 4) > end)           \
				break;                                                                          \
			if (is_in_json(data, at, end) || is_in_json(data, at + 13, end) ||                      \
			    is_in_json(data, at + 26, end) || is_in_json(data, at + 39, end))                   \
				return 1;                                                                       \
		}                                                                                               \
		for (u32 i = 0; i < 4; i++, at += 13) {                                                         \
			if (at + 4 > length || (const void *)(data + at + 4) > end)                             \
				return 0;                                                                       \
			if (is_in_json(data, at, end))                                                          \
				return 1;                                                                       \
		}                                                                                               \
		return 0;                                                                                       \
	}                                                                                                       \
	__attribute__((noinline)) u32 search_preflight_##suffix(context *packet, u32 offset, u32 length)        \
	{                                                                                                       \
		return asks_before((void *)(u64)packet->data + (offset & 0x7f), (void *)(u64)packet->data_end, length); \
	}
