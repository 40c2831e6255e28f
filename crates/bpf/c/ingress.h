/* How an answer leaves at the traffic control hook of any device: the packet becomes one segment after the other, and all but the last are copied. */
#pragma once
#include "visit.h"

SEARCHES(tc, struct __sk_buff)

#define START(skb) ((void *)(u64)(skb)->data)
#define END(skb) ((void *)(u64)(skb)->data_end)

/* Brings so many bytes of the packet where they can be read, if it has them. */
INLINE void pull(struct __sk_buff *skb, u32 bytes)
{
	if (bytes > skb->len)
		bytes = skb->len;
	if (START(skb) + bytes > END(skb))
		skb_pull_data(skb, bytes);
}

/* Whether the checksum is left to whoever has the packet next. The kernel says so only by the way: asked to replace a part of what is summed up, it
 * leaves the sum of such a packet as it is. The packet becomes ours whichever it is, so the sum is lost anyway. */
INLINE u32 is_partial(struct __sk_buff *skb, const struct question *q)
{
	if (!may_be_partial(q) || l4_csum_replace(skb, q->tcp + __builtin_offsetof(struct tcp, sum), 0, 1, sizeof(u16)))
		return 0;
	struct tcp *tcp = START(skb) + (q->tcp & 0x7f);
	return (void *)(tcp + 1) <= END(skb) && tcp->sum == q->sum;
}

INLINE int write_tc(struct __sk_buff *skb, const struct question *q, const struct said *said, u32 partial)
{
	u32 length = q->tcp + sizeof(struct tcp) + said->options + said->length;
	if (skb->len != length && skb_change_tail(skb, length, 0))
		return 0;
	return write_headers(START(skb), END(skb), q, said, partial);
}

INLINE int turn_tc(struct __sk_buff *skb)
{
	return turn(START(skb), END(skb));
}

INLINE int send_bare_tc(struct __sk_buff *skb, const struct question *q, const struct said *said, struct reply *r)
{
	if (write_tc(skb, q, said, is_partial(skb, q)) && turn_tc(skb))
		return redirect(skb->ifindex, 0);
	COUNT(r, COUNT_FAILED);
	return TC_DROP;
}

INLINE int send_answer_tc(struct __sk_buff *skb, const struct question *q, struct reply *r)
{
	u32 partial = is_partial(skb, q);
	u32 number = r->first;
	for (u32 i = 0; i < SEGMENTS; i++) {
		struct segment *segment = find_segment(r, number);
		if (!segment)
			return TC_DROP;
		struct said said;
		say_segment(r, segment, number, &said);
		if (!write_tc(skb, q, &said, partial))
			return TC_DROP;
		if (i == 0 && !turn_tc(skb))
			return TC_DROP;
		u32 less = segment->length - 1;
		UNKNOWN(less);
		if (less >= SEGMENT || skb_store_bytes(skb, q->tcp + sizeof(struct tcp), segment->data, less + 1, 0))
			return TC_DROP;
		COUNT(r, COUNT_SEGMENT);
		if (++number >= r->end)
			return redirect(skb->ifindex, 0);
		if (clone_redirect(skb, skb->ifindex, 0))
			return TC_DROP;
	}
	return TC_DROP;
}
