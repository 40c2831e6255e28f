/* A packet from the door on: whether it is for us, what it proves, which of a page's answers it asks for, and what is counted and told of it. Nothing is
 * sent here. */
#pragma once
#include "build.h"
#include "choose.h"

/* Whether its options are such as we have agreed to, which are selective acknowledgements. Whoever agreed to timestamps with a real server sends them
 * with every packet. */
INLINE int may_be_ours(void *start, void *end, const struct question *q)
{
	if (q->data == q->tcp + sizeof(struct tcp))
		return 1;
	u8 *option = start + ((q->tcp + sizeof(struct tcp)) & 0x7f);
	if ((void *)(option + 4) > end)
		return 0;
	return option[0] == 5 || (option[0] == 1 && option[1] == 1 && option[2] == 5);
}

/* What is known of a packet for one of our addresses before it is read. */
INLINE enum verdict consider(void *start, void *end, const struct question *q, const struct vip *vip,
			     const struct config *config, int is_behind, struct reply *r, struct page **page, u32 *off)
{
	if (q->flags & SYN)
		return decide_syn(start, end, config, vip, q, r);
	u32 strict = vip->mode == MODE_DRAIN || (vip->flags & VIP_STRICT);
	*page = (q->flags & ACK) && may_be_ours(start, end, q) ? prove(config, vip, q, strict, r, off) : 0;
	if (*page)
		return PROVEN;
	if (!is_behind)
		COUNT(r, COUNT_FOREIGN);
	return PASS;
}

/* Whether anything is answered for the address at all; what is needed for that is left in `r` and `*config`. */
INLINE struct vip *begin(const struct question *q, struct reply *r, const struct config **config)
{
	struct vip *vip = find_vip(q);
	if (!vip || vip->mode == MODE_OFF)
		return 0;
	u32 zero = 0;
	struct config *found = map_lookup(&settings, &zero);
	r->page = vip->page;
	r->kind = KIND_PAGE;
	r->counters = map_lookup(&counts, &r->page);
	if (!found || !r->counters || (found->lease && clock_coarse_ns() > found->lease))
		return 0;
	*config = found;
	return vip;
}

/* What a request is given that asks for this kind; `found` is what was to be searched for. */
INLINE void choose_kind(struct reply *r, const struct page *page, u32 kind, u32 found)
{
	if (kind == KINDS)
		kind = found ? KIND_JSON : KIND_PAGE;
	else if (kind == KIND_PREFLIGHT && !found)
		kind = KIND_PAGE;
	else if ((kind == KIND_HEAD && !page->ends[KIND_HEAD]) || (kind == KIND_PREFACE && !page->ends[KIND_PREFACE]))
		kind = KIND_PAGE;
	r->kind = kind;
}

/* Whether a request must be searched for what makes it a JSON client's or a preflight. */
INLINE int is_preflight(const struct page *page, u32 kind)
{
	return kind == KIND_PREFLIGHT && page->ends[KIND_PREFLIGHT];
}

INLINE int may_be_json(const struct page *page, u32 kind)
{
	return kind == KINDS && page->ends[KIND_JSON];
}

/* Counts what is asked, and begins to tell of it where it is one of the few that are told of. */
INLINE struct sample *note(const struct config *config, const struct question *q, struct reply *r)
{
	u64 kind = r->kind;
	UNKNOWN(kind);
	if (kind >= KINDS)
		return 0;
	u64 number = r->counters->count[COUNT_PAGE + kind]++;
	if ((u32)(number * config->sample) >= config->sample)
		return 0;
	struct sample *sample = ringbuf_reserve(&samples, sizeof(*sample), 0);
	if (!sample) {
		COUNT(r, COUNT_UNTOLD);
		return 0;
	}
	u64 *client = (void *)sample->client;
	client[0] = q->six ? q->client[0] : 0;
	client[1] = q->six ? q->client[1] : q->client[0] << 32 | 0xffff0000ull;
	sample->page = r->page;
	sample->kind = r->kind;
	sample->length = q->length < SAMPLE_BYTES ? q->length : SAMPLE_BYTES;
	return sample;
}

/* Whether it begins a request, and is no later part of one: by its first letters, which are those of a method. */
INLINE int is_request(const void *start, const void *end, const struct question *q, const struct reply *r)
{
	const u8 *data = start + (q->data & 0x7f);
	if (q->length < 4 || r->first || (const void *)(data + 4) > end)
		return 0;
	/* From '@' to '_', which is near enough, but for the last, which may be a blank: "GET " and "PUT " are the shortest. */
	u32 first = *(const u32 *)data;
	return (first & 0xe0e0e0) == 0x404040 && ((first >> 29) == 2 || first >> 24 == ' ');
}
