/* How an answer leaves at the network driver (XDP): the packet becomes it, or a template that the device is sent copies of. */
#pragma once
#include "visit.h"

SEARCHES(xdp, struct xdp_md)

/* Makes the packet so long. */
INLINE int resize_xdp(struct xdp_md *xdp, u32 bytes)
{
	int more = (int)bytes - (int)((u64)xdp->data_end - (u64)xdp->data);
	return more == 0 || xdp_adjust_tail(xdp, more) == 0;
}

INLINE int write_xdp(struct xdp_md *xdp, const struct question *q, const struct said *said)
{
	void *start = (void *)(u64)xdp->data, *end = (void *)(u64)xdp->data_end;
	return turn(start, end) && write_headers(start, end, q, said, 0);
}

/* A packet without data. */
INLINE int send_bare_xdp(struct xdp_md *xdp, const struct question *q, const struct said *said, struct reply *r)
{
	if (resize_xdp(xdp, q->tcp + sizeof(struct tcp) + said->options) && write_xdp(xdp, q, said))
		return XDP_TX;
	COUNT(r, COUNT_FAILED);
	return XDP_DROP;
}

#define BLOCK 128

INLINE void copy_block(void *to, const void *from)
{
	u64 *into = to;
	const u64 *out = from;
	for (u32 i = 0; i < BLOCK / sizeof(u64); i++)
		into[i] = out[i];
}

/* In blocks, the last of which may overlap the one before it. The kernel's helper is as fast where source and target lie well towards each
 * other, and three times as slow where they do not, on processors that have fast strings (`rep movsb`). */
INLINE int copy_xdp(struct xdp_md *xdp, const struct question *q, struct segment *segment)
{
	u32 less = segment->length - 1;
	UNKNOWN(less);
	void *to = (void *)(u64)xdp->data + (q->tcp & 0x7f) + sizeof(struct tcp);
	void *end = (void *)(u64)xdp->data_end;
	if (less < BLOCK)
		return xdp_store_bytes(xdp, q->tcp + sizeof(struct tcp), segment->data, less + 1) == 0;
	if (less >= SEGMENT)
		return 0;
	u32 last = less + 1 - BLOCK;
	for (u32 at = 0; at < SEGMENT - BLOCK && at < last; at += BLOCK) {
		if (to + at + BLOCK > end)
			return 0;
		copy_block(to + at, segment->data + at);
	}
	to += last;
	if (to + BLOCK > end)
		return 0;
	copy_block(to, segment->data + last);
	return 1;
}

INLINE long redirect_copies(u32 copies)
{
	switch (copies) {
	case 2: return redirect_map(&copies2, 0, REDIRECT_BROADCAST);
	case 3: return redirect_map(&copies3, 0, REDIRECT_BROADCAST);
	case 4: return redirect_map(&copies4, 0, REDIRECT_BROADCAST);
	case 5: return redirect_map(&copies5, 0, REDIRECT_BROADCAST);
	case 6: return redirect_map(&copies6, 0, REDIRECT_BROADCAST);
	case 7: return redirect_map(&copies7, 0, REDIRECT_BROADCAST);
	case 8: return redirect_map(&copies8, 0, REDIRECT_BROADCAST);
	case 9: return redirect_map(&copies9, 0, REDIRECT_BROADCAST);
	case 10: return redirect_map(&copies10, 0, REDIRECT_BROADCAST);
	case 11: return redirect_map(&copies11, 0, REDIRECT_BROADCAST);
	default: return XDP_DROP;
	}
}

/* Several segments, or one that the packet has no room for: the packet becomes a template of headers, and the device is sent as many
 * copies of it, which `segment_xdp` fills. The last is the packet itself; where that cannot grow it is one too many. */
INLINE int send_copies_xdp(struct xdp_md *xdp, const struct question *q, struct reply *r, u32 spare)
{
	u32 zero = 0;
	u32 *nonce = map_lookup(&nonces, &zero);
	if (!nonce)
		return XDP_DROP;
	u32 number = ++*nonce & 0xffff;
	u32 index = number % CLONES;
	struct clone *clone = map_lookup(&clones, &index);
	if (!clone)
		return XDP_DROP;
	*clone = (struct clone){
		.nonce = number,
		.next = r->first,
		.end = r->end,
		.last = r->last,
		.page = r->page,
		.slot = r->slot,
		.head = r->head,
		.seq = r->seq,
	};
	struct said said = { .seq = r->seq, .ack = r->ack, .flags = ACK, .window = number };
	if (!resize_xdp(xdp, q->tcp + sizeof(struct tcp)) || !write_xdp(xdp, q, &said))
		return XDP_DROP;
	return redirect_copies(r->end - r->first + spare);
}

INLINE int send_answer_xdp(struct xdp_md *xdp, const struct question *q, struct reply *r)
{
	u32 many = r->end - r->first;
	r->counters->count[COUNT_SEGMENT] += many;
	if (many > 1) {
		/* A segment's bytes, to see whether there is room. */
		u32 spare = !resize_xdp(xdp, q->tcp + sizeof(struct tcp) + SEGMENT);
		r->counters->count[COUNT_CLONED] += spare;
		return send_copies_xdp(xdp, q, r, spare);
	}
	struct segment *segment = find_segment(r, r->first);
	if (!segment)
		return XDP_DROP;
	if (!resize_xdp(xdp, q->tcp + sizeof(struct tcp) + segment->length)) {
		COUNT(r, COUNT_CLONED);
		return send_copies_xdp(xdp, q, r, 1);
	}
	struct said said;
	say_segment(r, segment, r->first, &said);
	if (!write_xdp(xdp, q, &said) || !copy_xdp(xdp, q, segment))
		return XDP_DROP;
	return XDP_TX;
}

/* Makes a copy of a template the next segment. */
INLINE int make_segment(struct xdp_md *xdp)
{
	struct question q;
	void *start = (void *)(u64)xdp->data, *end = (void *)(u64)xdp->data_end;
	if (!read_question(start, end, end - start, &q))
		return XDP_DROP;
	struct tcp *tcp = start + (q.tcp & 0x7f);
	if ((void *)(tcp + 1) > end)
		return XDP_DROP;
	u32 nonce = tcp->window;
	u32 index = nonce % CLONES;
	struct clone *clone = map_lookup(&clones, &index);
	if (!clone || clone->nonce != nonce || clone->next >= clone->end)
		return XDP_DROP;
	u32 number = clone->next++;
	struct reply r = {
		.seq = clone->seq,
		.ack = q.ack,
		.page = clone->page,
		.slot = clone->slot,
		.last = clone->last,
		.head = clone->head,
	};
	struct segment *segment = find_segment(&r, number);
	if (!segment || !resize_xdp(xdp, q.tcp + sizeof(struct tcp) + segment->length))
		return XDP_DROP;
	/* The template goes to the client already. */
	struct question back = q;
	back.client[0] = q.server[0];
	back.client[1] = q.server[1];
	back.server[0] = q.client[0];
	back.server[1] = q.client[1];
	back.ports = q.ports >> 16 | q.ports << 16;
	struct said said;
	say_segment(&r, segment, number, &said);
	start = (void *)(u64)xdp->data;
	end = (void *)(u64)xdp->data_end;
	if (!write_headers(start, end, &back, &said, 0) || !copy_xdp(xdp, &q, segment))
		return XDP_DROP;
	return XDP_PASS;
}
