/* The programs: `answer_xdp` at the network driver, with `segment_xdp` for copies, and `answer_tc` at the traffic control hook of any
 * device. All parse, prove and decide with the same code; they differ in how a packet grows and leaves. */
#include "driver.h"
#include "ingress.h"

/* Which is known where this is compiled: what is the other's is left out. */
enum hook { AT_DRIVER, AT_INGRESS };

#define XDP(context) ((struct xdp_md *)(context))
#define TC(context) ((struct __sk_buff *)(context))
#define BEGIN(context) (hook == AT_DRIVER ? (void *)(u64)XDP(context)->data : START(TC(context)))
#define BEHIND(context) (hook == AT_DRIVER ? (void *)(u64)XDP(context)->data_end : END(TC(context)))

/* Whether what makes a request a JSON client's, or a preflight, is in it. */
INLINE u32 search(void *context, enum hook hook, const struct question *q, const struct page *page, u32 kind)
{
	if (is_preflight(page, kind))
		return hook == AT_DRIVER ? search_preflight_xdp(context, q->data, q->length) :
					   search_preflight_tc(context, q->data, q->length);
	if (may_be_json(page, kind))
		return hook == AT_DRIVER ? search_json_xdp(context, q->data, q->length) :
					   search_json_tc(context, q->data, q->length);
	return 0;
}

/* Tells of a request, where it is one of the few that are told of. */
INLINE void tell_of(void *context, enum hook hook, const struct config *config, const struct question *q, struct reply *r)
{
	struct sample *sample = note(config, q, r);
	if (!sample)
		return;
	u32 less = sample->length - 1;
	UNKNOWN(less);
	long lost = 1;
	if (less < SAMPLE_BYTES)
		lost = hook == AT_DRIVER ? xdp_load_bytes(context, q->data, sample->head, less + 1) :
					   skb_load_bytes(context, q->data, sample->head, less + 1);
	if (lost)
		ringbuf_discard(sample, 0);
	else
		ringbuf_submit(sample, 0);
}

INLINE int send_bare(void *context, enum hook hook, const struct question *q, const struct said *said, struct reply *r)
{
	return hook == AT_DRIVER ? send_bare_xdp(context, q, said, r) : send_bare_tc(context, q, said, r);
}

/* Does with a packet for one of our addresses what is to be done. */
INLINE int respond(void *context, enum hook hook, const struct question *q)
{
	const int pass = hook == AT_DRIVER ? XDP_PASS : TC_NEXT;
	const int drop = hook == AT_DRIVER ? XDP_DROP : TC_DROP;
	struct reply r = {};
	struct said said;
	const struct config *config;
	struct vip *vip = begin(q, &r, &config);
	if (!vip)
		return pass;
	/* Behind the driver only requests are left to do, and what proves nothing is counted already. */
	const int is_behind = hook == AT_INGRESS && config->behind;
	if (is_behind && (!q->length || q->flags & SYN))
		return pass;
	if (hook == AT_INGRESS && q->length)
		pull(context, q->data + READ);
	struct page *page = 0;
	u32 off = 0;
	enum verdict verdict = consider(BEGIN(context), BEHIND(context), q, vip, config, is_behind, &r, &page, &off);
	if (verdict == PROVEN && page) {
		/* Before anything is counted: what is asked is asked there. */
		if (hook == AT_DRIVER && config->behind && page->segments > 1 && q->length)
			return pass;
		if (is_open(q, page, off)) {
			u32 kind = choose_by_method(BEGIN(context), BEHIND(context), q->data, q->length);
			choose_kind(&r, page, kind, search(context, hook, q, page, kind));
		}
		verdict = decide_proven(&r, config, page, q, off);
	}
	if (verdict == PASS)
		return pass;
	if (verdict == GREET) {
		say_greeting(config, q, &r, &said);
		return send_bare(context, hook, q, &said, &r);
	}
	if (verdict == CONFIRM) {
		say_confirmation(&r, &said);
		return send_bare(context, hook, q, &said, &r);
	}
	if (verdict != ANSWER)
		return drop;
	if (is_request(BEGIN(context), BEHIND(context), q, &r))
		tell_of(context, hook, config, q, &r);
	int sent = hook == AT_DRIVER ? send_answer_xdp(context, q, &r) : send_answer_tc(context, q, &r);
	if (sent == drop)
		COUNT(&r, COUNT_FAILED);
	return sent;
}

SEC("xdp") int answer_xdp(struct xdp_md *xdp)
{
	struct question q;
	void *start = (void *)(u64)xdp->data, *end = (void *)(u64)xdp->data_end;
	if (!read_question(start, end, end - start, &q))
		return XDP_PASS;
	return respond(xdp, AT_DRIVER, &q);
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

SEC("classifier") int answer_tc(struct __sk_buff *skb)
{
	struct question q;
	pull(skb, ETHERNET + TAG + sizeof(struct ip6) + 60);
	if (!read_question(START(skb), END(skb), skb->len, &q))
		return TC_NEXT;
	return respond(skb, AT_INGRESS, &q);
}

const char terms[] SEC("license") = "MIT OR Apache-2.0";
