/* Writes the headers of an answer over those of the question. */
#pragma once
#include "decide.h"
#include "sum.h"

#define HOPS 64
#define WINDOW SWAP16(16384)

/* What TCP says in a packet. */
struct said {
	u32 seq;
	u32 ack;
	u32 length;  /* of what it carries */
	u32 sum;     /* of that */
	u32 options; /* bytes of options, whose words are these */
	u32 option[2];
	u16 window;
	u8 flags;
};

/* The sum of the pseudo header, which is the same in both directions (RFC 9293, section 3.1; RFC 8200, section 8.1). */
INLINE u64 pseudo_sum(const struct question *q, u32 length)
{
	u64 sum = halves(q->client[0]) + halves(q->server[0]);
	if (q->six)
		sum += halves(q->client[1]) + halves(q->server[1]);
	return sum + SWAP16(PROTOCOL_TCP) + SWAP16((u16)length);
}

/* Whether the sender may have left the checksum to a device that there is not: a packet that never was on a wire. Of 65536 right checksums one
 * looks like that, too. */
INLINE int may_be_partial(const struct question *q)
{
	return q->sum == fold(pseudo_sum(q, q->data - q->tcp + q->length));
}

INLINE void write_ip4(struct ip4 *ip, const struct question *q, u32 length)
{
	u16 total = SWAP16((u16)(sizeof(*ip) + length));
	u32 sum = 0x45 | 0;
	ip->version = 0x45;
	ip->service = 0;
	ip->length = total;
	ip->id = 0;
	ip->fragment = SWAP16(0x4000);
	ip->hops = HOPS;
	ip->protocol = PROTOCOL_TCP;
	ip->from = q->server[0];
	ip->to = q->client[0];
	sum += total + SWAP16(0x4000) + (HOPS | PROTOCOL_TCP << 8);
	ip->sum = ~fold(sum + (q->server[0] & 0xffffffff) + (q->client[0] & 0xffffffff));
}

INLINE void write_ip6(struct ip6 *ip, const struct question *q, u32 length)
{
	ip->version = SWAP32(0x60000000);
	ip->length = SWAP16((u16)length);
	ip->next = PROTOCOL_TCP;
	ip->hops = HOPS;
	ip->from[0] = q->server[0];
	ip->from[1] = q->server[0] >> 32;
	ip->from[2] = q->server[1];
	ip->from[3] = q->server[1] >> 32;
	ip->to[0] = q->client[0];
	ip->to[1] = q->client[0] >> 32;
	ip->to[2] = q->client[1];
	ip->to[3] = q->client[1] >> 32;
}

/* IP and TCP; the addresses of the link are turned by `turn`. `partial`: the checksum is left to whoever has the packet next. 0 where the
 * packet is too short. */
INLINE int write_headers(void *start, void *end, const struct question *q, const struct said *said, u32 partial)
{
	u32 bytes = sizeof(struct tcp) + said->options;
	u32 length = bytes + said->length;
	void *net = start + (q->net & 0x1f);
	struct tcp *tcp = start + (q->tcp & 0x7f);
	if (q->six) {
		if (net + sizeof(struct ip6) > end)
			return 0;
		write_ip6(net, q, length);
	} else {
		if (net + sizeof(struct ip4) > end)
			return 0;
		write_ip4(net, q, length);
	}
	if ((void *)(tcp + 1) > end)
		return 0;
	u32 seq = SWAP32(said->seq), ack = SWAP32(said->ack);
	u8 offset = bytes << 2;
	tcp->from = q->ports >> 16;
	tcp->to = q->ports;
	tcp->seq = seq;
	tcp->ack = ack;
	tcp->offset = offset;
	tcp->flags = said->flags;
	tcp->window = said->window;
	tcp->urgent = 0;
	u64 sum = pseudo_sum(q, length);
	if (said->options) {
		u32 *option = (void *)(tcp + 1);
		if ((void *)(option + 1) > end)
			return 0;
		option[0] = said->option[0];
		if (said->options > 4) {
			if ((void *)(option + 2) > end)
				return 0;
			option[1] = said->option[1];
		}
	}
	if (partial) {
		tcp->sum = fold(sum);
		return 1;
	}
	sum += (u64)q->ports + seq + ack + said->window + (offset | (u32)said->flags << 8) + said->sum;
	if (said->options)
		sum += said->option[0];
	if (said->options > 4)
		sum += said->option[1];
	tcp->sum = ~fold(sum);
	return 1;
}

/* Sender and receiver on the link change places. */
INLINE int turn(void *start, void *end)
{
	u32 *word = start;
	u16 *half = start;
	if (start + ETHERNET > end)
		return 0;
	u32 to0 = word[0];
	u16 to1 = half[2];
	word[0] = half[3] | (u32)half[4] << 16;
	half[2] = half[5];
	half[3] = to0;
	half[4] = to0 >> 16;
	half[5] = to1;
	return 1;
}

INLINE void say_greeting(const struct config *config, const struct question *q, const struct reply *r, struct said *said)
{
	u32 mss = q->six ? config->mss6 : config->mss4;
	said->seq = r->seq;
	said->ack = r->ack;
	said->length = 0;
	said->sum = 0;
	said->flags = SYN | ACK;
	said->window = WINDOW;
	said->option[0] = SWAP32(0x02040000) | mss << 16;
	said->option[1] = SWAP32(0x04020101);
	said->options = r->sack ? 8 : 4;
}

INLINE void say_confirmation(const struct reply *r, struct said *said)
{
	said->seq = r->seq;
	said->ack = r->ack;
	said->length = 0;
	said->sum = 0;
	said->flags = ACK;
	said->window = WINDOW;
	said->option[0] = 0;
	said->option[1] = 0;
	said->options = 0;
}

INLINE void say_segment(const struct reply *r, const struct segment *segment, u32 number, struct said *said)
{
	said->seq = r->seq + number * SEGMENT;
	said->ack = r->ack;
	said->length = segment->length;
	said->sum = segment->sum;
	said->flags = number == r->last ? ACK | PSH | FIN : ACK;
	said->window = WINDOW;
	said->option[0] = 0;
	said->option[1] = 0;
	said->options = 0;
}

INLINE struct segment *find_segment(const struct reply *r, u32 number)
{
	u32 index = r->head;
	if (number == 0)
		return map_lookup(&heads, &index);
	index = TAIL_INDEX(r->page, r->slot, number);
	return map_lookup(&tails, &index);
}
