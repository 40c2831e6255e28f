/* The programs: `answer_xdp` at the network driver, with `segment_xdp` for copies, and `answer_tc` at the traffic control hook of any
 * device. All parse, prove and decide with the same code; they differ in how a packet grows and leaves. */
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
			     const struct config *config, struct reply *r, struct page **page, u32 *off)
{
	if (q->flags & SYN)
		return decide_syn(start, end, config, vip, q, r);
	u32 strict = vip->mode == MODE_DRAIN || (vip->flags & VIP_STRICT);
	*page = (q->flags & ACK) && may_be_ours(start, end, q) ? prove(config, vip, q, strict, r, off) : 0;
	if (*page)
		return PROVEN;
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

SEARCHES(xdp, struct xdp_md)
SEARCHES(tc, struct __sk_buff)

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

/* ---- At the driver ---- */

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

SEC("xdp") int answer_xdp(struct xdp_md *xdp)
{
	struct question q;
	struct reply r = {};
	struct said said;
	const struct config *config;
	void *start = (void *)(u64)xdp->data, *end = (void *)(u64)xdp->data_end;
	if (!read_question(start, end, end - start, &q))
		return XDP_PASS;
	struct vip *vip = begin(&q, &r, &config);
	if (!vip)
		return XDP_PASS;
	struct page *page = 0;
	u32 off = 0;
	enum verdict verdict = consider(start, end, &q, vip, config, &r, &page, &off);
	if (verdict == PROVEN && page) {
		if (is_open(&q, page, off)) {
			u32 kind = choose_by_method(start, end, q.data, q.length);
			u32 found = is_preflight(page, kind) ? search_preflight_xdp(xdp, q.data, q.length) :
				    may_be_json(page, kind)  ? search_json_xdp(xdp, q.data, q.length) :
							       0;
			choose_kind(&r, page, kind, found);
		}
		verdict = decide_proven(&r, config, page, &q, off);
	}
	if (verdict == PASS)
		return XDP_PASS;
	if (verdict == GREET) {
		say_greeting(config, &q, &r, &said);
		return send_bare_xdp(xdp, &q, &said, &r);
	}
	if (verdict == CONFIRM) {
		say_confirmation(&r, &said);
		return send_bare_xdp(xdp, &q, &said, &r);
	}
	if (verdict != ANSWER)
		return XDP_DROP;
	if (is_request(start, end, &q, &r)) {
		struct sample *sample = note(config, &q, &r);
		if (sample) {
			u32 less = sample->length - 1;
			UNKNOWN(less);
			if (less >= SAMPLE_BYTES || xdp_load_bytes(xdp, q.data, sample->head, less + 1))
				ringbuf_discard(sample, 0);
			else
				ringbuf_submit(sample, 0);
		}
	}
	int sent = send_answer_xdp(xdp, &q, &r);
	if (sent == XDP_DROP)
		COUNT(&r, COUNT_FAILED);
	return sent;
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

SEC("xdp/devmap") int segment_xdp(struct xdp_md *xdp)
{
	return make_segment(xdp);
}

/* The same for the self-test: the kernel runs nothing on trial that belongs to a map of devices. */
SEC("xdp") int segment_on_trial(struct xdp_md *xdp)
{
	return make_segment(xdp);
}

/* ---- At the traffic control hook ---- */

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
	if (skb_change_tail(skb, q->tcp + sizeof(struct tcp) + said->options + said->length, 0))
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

SEC("classifier") int answer_tc(struct __sk_buff *skb)
{
	struct question q;
	struct reply r = {};
	struct said said;
	const struct config *config;
	pull(skb, ETHERNET + TAG + sizeof(struct ip6) + 60);
	if (!read_question(START(skb), END(skb), skb->len, &q))
		return TC_NEXT;
	struct vip *vip = begin(&q, &r, &config);
	if (!vip)
		return TC_NEXT;
	if (q.length)
		pull(skb, q.data + READ);
	struct page *page = 0;
	u32 off = 0;
	enum verdict verdict = consider(START(skb), END(skb), &q, vip, config, &r, &page, &off);
	if (verdict == PROVEN && page) {
		if (is_open(&q, page, off)) {
			u32 kind = choose_by_method(START(skb), END(skb), q.data, q.length);
			u32 found = is_preflight(page, kind) ? search_preflight_tc(skb, q.data, q.length) :
				    may_be_json(page, kind)  ? search_json_tc(skb, q.data, q.length) :
							       0;
			choose_kind(&r, page, kind, found);
		}
		verdict = decide_proven(&r, config, page, &q, off);
	}
	if (verdict == PASS)
		return TC_NEXT;
	if (verdict == GREET) {
		say_greeting(config, &q, &r, &said);
		return send_bare_tc(skb, &q, &said, &r);
	}
	if (verdict == CONFIRM) {
		say_confirmation(&r, &said);
		return send_bare_tc(skb, &q, &said, &r);
	}
	if (verdict != ANSWER)
		return TC_DROP;
	if (is_request(START(skb), END(skb), &q, &r)) {
		struct sample *sample = note(config, &q, &r);
		if (sample) {
			u32 less = sample->length - 1;
			UNKNOWN(less);
			if (less >= SAMPLE_BYTES || skb_load_bytes(skb, q.data, sample->head, less + 1))
				ringbuf_discard(sample, 0);
			else
				ringbuf_submit(sample, 0);
		}
	}
	int sent = send_answer_tc(skb, &q, &r);
	if (sent == TC_DROP)
		COUNT(&r, COUNT_FAILED);
	return sent;
}

const char terms[] SEC("license") = "MIT OR Apache-2.0";
