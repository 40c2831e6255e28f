/* What a packet gets: whether it proves a connection of ours, how much of the answer its sender has, and so what comes next. Nothing is
 * sent here. The table of cases is in docs/manual/kernel.md. */
#pragma once
#include "maps.h"
#include "packet.h"
#include "siphash.h"

enum verdict {
	PASS,      /* to the stack, untouched */
	DROP,
	GREET,     /* a SYN-ACK */
	CONFIRM,   /* a bare acknowledgement */
	ANSWER,    /* segments of the answer */
	PROVEN,    /* not known yet: a connection of ours */
};

struct reply {
	u32 seq;
	u32 ack;
	u32 page;
	u32 slot;
	u32 kind;
	u32 first;   /* segment */
	u32 end;     /* behind the last that is sent */
	u32 last;    /* the one with FIN */
	u32 head;    /* index of segment 0 */
	u32 sack;
	struct counters *counters;
};

#define COUNT(reply, what) ((reply)->counters->count[what]++)

INLINE u32 initial_sequence(const u64 *key, const struct question *q)
{
	if (!q->six)
		return siphash4(key, q->client[0] | q->server[0] << 32, q->ports);
	u64 addresses[4] = { q->client[0], q->client[1], q->server[0], q->server[1] };
	return siphash6(key, addresses, q->ports);
}

INLINE const u64 *key_of(const struct config *config, u32 slot)
{
	UNKNOWN(slot);
	return config->key[slot & 1];
}

INLINE struct vip *find_vip(const struct question *q)
{
	u64 high = q->server[0], low = q->server[1];
	u32 port = q->ports >> 16;
	if (!q->six) {
		low = high << 32 | 0xffff0000ull;
		high = 0;
	}
	u32 index = PLACE_OF(high, low, port);
	u64 *place = map_lookup(&places, &index);
	if (!place)
		return 0;
	u64 numbers = *place;
	for (u32 i = 0; i < 4 && numbers; i++, numbers >>= 16) {
		index = (numbers & 0xffff) - 1;
		struct vip *vip = map_lookup(&vips, &index);
		if (!vip)
			return 0;
		u64 *address = (void *)vip->address;
		if (address[0] == high && address[1] == low && vip->port == port)
			return vip;
	}
	return 0;
}

/* What the lists say of a client; 0 where nothing. */
INLINE u32 listed(const struct config *config, const struct question *q)
{
	u32 first = SWAP16((u16)q->client[0]);
	u32 word = first >> 6;
	u32 *found;
	if (!q->six) {
		if (!(config->lists & 1))
			return 0;
		u64 *bits = map_lookup(&marks4, &word);
		if (!bits || !(*bits >> (first & 63) & 1))
			return 0;
		struct {
			u32 length;
			u32 address;
		} key = { 32, (u32)q->client[0] };
		found = map_lookup(&list4, &key);
	} else {
		if (!(config->lists & 2))
			return 0;
		u64 *bits = map_lookup(&marks6, &word);
		if (!bits || !(*bits >> (first & 63) & 1))
			return 0;
		struct {
			u32 length;
			u32 address[4];
		} key = { 128, { (u32)q->client[0], q->client[0] >> 32, (u32)q->client[1], q->client[1] >> 32 } };
		found = map_lookup(&list6, &key);
	}
	return found ? *found : 0;
}

/* Whether the client's network may have so many segments more. A bucket is the time until which its network has had what is its due
 * (the generic cell rate algorithm, ITU-T I.371). Two processors at once may forget one question. */
INLINE int admitted(const struct config *config, const struct question *q, u32 segments)
{
	if (!config->cost)
		return 1;
	/* The network is the first three bytes, or seven: all else is not the client's own. */
	u64 network = q->six ? q->client[0] & 0x00ffffffffffffffull : q->client[0] & 0xffffff;
	u32 index = (network * 0x9e3779b97f4a7c15ull) >> 48;
	u64 *until = map_lookup(&buckets, &index);
	if (!until)
		return 1;
	u64 now = jiffies() * config->tick;
	u64 due = *until;
	if (due < now)
		due = now;
	else if (due - now > config->burst)
		return 0;
	*until = due + segments * config->cost;
	return 1;
}

/* In which segment the byte `off` of a page is; exact below 65536. The machine would take as long to divide as to hash. */
INLINE u32 segment_of(u32 off)
{
	return off * 1719 >> 21;
}

/* Whether so many bytes are whole segments. */
INLINE int is_whole(u32 off)
{
	return segment_of(off) * SEGMENT == off;
}

INLINE int is_valid(u32 off, const struct page *page, u32 strict)
{
	if (off <= page->ends[KIND_PAGE] + 1) {
		if (!strict || off <= 1 || off >= page->ends[KIND_PAGE])
			return 1;
		if (is_whole(off))
			return 1;
	}
	/* Behind another answer than the page: all of it, and its FIN. */
	return off == page->ends[KIND_HEAD] + 1 || off == page->ends[KIND_PREFLIGHT] + 1 ||
	       off == page->ends[KIND_PREFACE] + 1;
}

/* Under which key the client has our first sequence number; how many bytes of ours it has is left in `*off`. */
INLINE struct page *prove(const struct config *config, const struct vip *vip, const struct question *q, u32 strict,
			  struct reply *r, u32 *off)
{
	for (u32 i = 0; i < SLOTS; i++) {
		u32 slot = (config->current + i) & 1;
		u32 index = vip->page * SLOTS + slot;
		struct page *page = map_lookup(&pages, &index);
		if (!page || !page->segments)
			continue;
		*off = q->ack - 1 - initial_sequence(key_of(config, slot), q);
		if (is_valid(*off, page, strict)) {
			r->slot = slot;
			return page;
		}
	}
	return 0;
}

/* In which group a client is, for as long as its address is the same: the groups hear different Retry-After. */
INLINE u32 variant(const struct question *q)
{
	return ((q->client[0] ^ q->client[1]) * 0x9e3779b97f4a7c15ull) >> 61;
}

INLINE void set_head(struct reply *r, const struct page *page, const struct question *q)
{
	r->head = HEAD_INDEX(r->page, r->slot, page->edition & 1, r->kind, variant(q));
}

/* All of the answer behind what the client has. Of several segments the last byte is not acknowledged: the client sends it again, and
 * with it says what it has by then. */
INLINE void answer(struct reply *r, const struct page *page, const struct question *q, u32 off, u32 isn)
{
	u32 told = q->length + (q->flags & FIN ? 1 : 0);
	r->seq = isn + 1;
	r->ack = q->seq + told;
	r->first = 0;
	r->last = 0;
	if (r->kind == KIND_PAGE && page->segments > 1) {
		r->ack--;
		r->last = page->segments - 1;
		r->first = segment_of(off);
		if (r->first > r->last)
			r->first = r->last;
	}
	r->end = r->last + 1;
	set_head(r, page, q);
}

INLINE enum verdict confirm(struct reply *r, const struct question *q, u32 isn, u32 off)
{
	r->seq = isn + 1 + off;
	r->ack = q->seq + q->length + (q->flags & FIN ? 1 : 0);
	COUNT(r, COUNT_ACK);
	return CONFIRM;
}

/* Behind an answer that is not the page, of a page with several segments: they have lengths of their own. */
INLINE int is_behind_other(u32 off, const struct page *page)
{
	if (page->segments == 1 || off <= 1 || is_whole(off) || off == page->ends[KIND_PAGE])
		return 0;
	return off == page->ends[KIND_HEAD] + 1 || off == page->ends[KIND_PREFLIGHT] + 1 ||
	       off == page->ends[KIND_PREFACE] + 1;
}

/* Whether it matters what a packet asks for: a client that has some of the page goes on to get the page. */
INLINE int is_open(const struct question *q, const struct page *page, u32 off)
{
	return q->length && (off == 0 || page->segments == 1);
}

/* A packet of a connection that is ours, which asks for `r->kind`. */
INLINE enum verdict decide_proven(struct reply *r, const struct config *config, const struct page *page,
				  const struct question *q, u32 off)
{
	u32 isn = q->ack - 1 - off;
	u32 whole = page->ends[KIND_PAGE];
	u32 many = page->segments > 1;
	if (q->flags & RST) {
		COUNT(r, COUNT_RESET);
		return DROP;
	}
	u32 ended = off == whole + 1 || is_behind_other(off, page);
	if (q->length || (q->flags & FIN)) {
		if (ended)
			return confirm(r, q, isn, off);
		answer(r, page, q, off, isn);
	} else if (off == whole + 1 && many) {
		return confirm(r, q, isn, off);
	} else if (!ended && many && off < whole && q->data > q->tcp + sizeof(struct tcp)) {
		/* A bare acknowledgement's options can only be selective acknowledgements: something behind a gap has come. */
		r->last = page->segments - 1;
		r->first = segment_of(off);
		r->end = r->first + 1;
		r->seq = isn + 1;
		r->ack = q->seq;
		set_head(r, page, q);
		COUNT(r, COUNT_RESENT);
	} else {
		COUNT(r, COUNT_HANDSHAKE);
		return DROP;
	}
	if (admitted(config, q, r->end - r->first))
		return ANSWER;
	COUNT(r, COUNT_LIMITED);
	return DROP;
}

/* A SYN. */
INLINE enum verdict decide_syn(void *start, void *end, const struct config *config, const struct vip *vip,
			       const struct question *q, struct reply *r)
{
	if (vip->mode != MODE_ON || (q->flags & (SYN | ACK | RST | FIN)) != SYN) {
		COUNT(r, COUNT_SYN_PASSED);
		return PASS;
	}
	u32 word = listed(config, q);
	if (word & LIST_DENY) {
		COUNT(r, COUNT_DENIED);
		return DROP;
	}
	if (word & LIST_ALLOW) {
		COUNT(r, COUNT_ALLOWED);
		return PASS;
	}
	u32 window;
	if (!read_offer(start, end, q, &r->sack, &window)) {
		COUNT(r, COUNT_SYN_PASSED);
		return PASS;
	}
	r->slot = config->current & 1;
	u32 index = vip->page * SLOTS + r->slot;
	struct page *page = map_lookup(&pages, &index);
	/* What has no room for a few segments hears the rest only each time that it asks again, which takes twice as long each time. */
	if (!page || !page->segments || (page->segments > 1 && window < LEAST_WINDOW)) {
		COUNT(r, COUNT_SYN_PASSED);
		return PASS;
	}
	r->seq = initial_sequence(key_of(config, r->slot), q);
	r->ack = q->seq + 1;
	COUNT(r, COUNT_SYN);
	return GREET;
}
