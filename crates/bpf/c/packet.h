/* Headers as they stand on the wire, and what of a packet decides its answer. */
#pragma once
#include "kernel.h"
#include "layout.h"

#define SWAP16(x) __builtin_bswap16(x)
#define SWAP32(x) __builtin_bswap32(x)

#define ETHERNET 14
#define TAG 4 /* of IEEE 802.1Q */
#define TYPE_IP4 SWAP16(0x0800)
#define TYPE_IP6 SWAP16(0x86dd)
#define TYPE_TAG SWAP16(0x8100)
#define PROTOCOL_TCP 6

/* No field needs padding. They are not said to be packed: then they would be read and written byte by byte, though the processors that are
 * meant read and write words anywhere. */
struct ethernet {
	u8 to[6];
	u8 from[6];
	u16 type;
};

struct tag {
	u16 control;
	u16 type;
};

struct ip4 {
	u8 version;
	u8 service;
	u16 length;
	u16 id;
	u16 fragment;
	u8 hops;
	u8 protocol;
	u16 sum;
	u32 from;
	u32 to;
};

struct ip6 {
	u32 version;
	u16 length;
	u8 next;
	u8 hops;
	u32 from[4];
	u32 to[4];
};

struct tcp {
	u16 from;
	u16 to;
	u32 seq;
	u32 ack;
	u8 offset;
	u8 flags;
	u16 window;
	u16 sum;
	u16 urgent;
};

#define FIN 0x01
#define SYN 0x02
#define RST 0x04
#define PSH 0x08
#define ACK 0x10

/* A packet of TCP over IP, without anything that only a full stack should judge. */
struct question {
	u64 client[2]; /* IPv4 in the first four bytes */
	u64 server[2];
	u32 ports;     /* source and destination as they stand in the packet */
	u32 seq;       /* machine order */
	u32 ack;       /* machine order */
	u16 net;       /* where IP begins */
	u16 tcp;       /* where TCP begins */
	u16 data;      /* where what it carries begins */
	u16 length;    /* of what it carries */
	u16 sum;       /* TCP's checksum as it stands there */
	u8 flags;
	u8 six;        /* whether it is IPv6 */
};

/* Whether no single host can have sent from there: this network's own, loopback, multicast and what is reserved (RFC 6890). */
INLINE int is_nobody4(u32 from)
{
	u8 first = from;
	return first == 0 || first == 127 || first >= 224;
}

/* The same of IPv6: unspecified and loopback, multicast. */
INLINE int is_nobody6(const u64 *from)
{
	return (u8)from[0] == 0xff || (from[0] == 0 && (from[1] & ~(1ull << 56)) == 0);
}

/* Reads it, of a packet of so many bytes. 0 where it is something else, or shows something that is left to the stack: IP options,
 * fragments, extension headers, a length beyond the packet's, a sender that nobody is, a frame for many. */
INLINE int read_question(void *start, void *end, u32 bytes, struct question *q)
{
	struct ethernet *ethernet = start;
	if ((void *)(ethernet + 1) > end)
		return 0;
	u32 net = ETHERNET;
	u16 type = ethernet->type;
	if (ethernet->to[0] & 1)
		return 0;
	if (type == TYPE_TAG) {
		struct tag *tag = start + ETHERNET;
		if ((void *)(tag + 1) > end)
			return 0;
		type = tag->type;
		net += TAG;
	}
	u32 total;
	struct tcp *tcp;
	if (type == TYPE_IP4) {
		struct ip4 *ip = start + net;
		if ((void *)(ip + 1) > end)
			return 0;
		if (ip->version != 0x45 || ip->protocol != PROTOCOL_TCP || (ip->fragment & SWAP16(0xbfff)))
			return 0;
		if (is_nobody4(ip->from))
			return 0;
		q->client[0] = ip->from;
		q->client[1] = 0;
		q->server[0] = ip->to;
		q->server[1] = 0;
		q->six = 0;
		total = SWAP16(ip->length);
		if (total < sizeof(*ip) + sizeof(*tcp))
			return 0;
		total -= sizeof(*ip);
		tcp = (void *)(ip + 1);
		q->tcp = net + sizeof(*ip);
	} else if (type == TYPE_IP6) {
		struct ip6 *ip = start + net;
		if ((void *)(ip + 1) > end)
			return 0;
		if ((ip->version & 0xf0) != 0x60 || ip->next != PROTOCOL_TCP)
			return 0;
		u32 *from = ip->from, *to = ip->to;
		q->client[0] = from[0] | (u64)from[1] << 32;
		q->client[1] = from[2] | (u64)from[3] << 32;
		q->server[0] = to[0] | (u64)to[1] << 32;
		q->server[1] = to[2] | (u64)to[3] << 32;
		if (is_nobody6(q->client))
			return 0;
		q->six = 1;
		total = SWAP16(ip->length);
		tcp = (void *)(ip + 1);
		q->tcp = net + sizeof(*ip);
	} else {
		return 0;
	}
	if ((void *)(tcp + 1) > end)
		return 0;
	u32 header = tcp->offset >> 4 << 2;
	if (header < sizeof(*tcp) || header > total || q->tcp + total > bytes)
		return 0;
	q->net = net;
	q->data = q->tcp + header;
	q->length = total - header;
	q->ports = tcp->from | (u32)tcp->to << 16;
	q->seq = SWAP32(tcp->seq);
	q->ack = SWAP32(tcp->ack);
	q->flags = tcp->flags;
	q->sum = tcp->sum;
	return 1;
}

/* Whether a SYN offers what we need: its first option is a maximum segment size of a segment or more. `*sack` is set where selective
 * acknowledgements are offered, too. */
INLINE int read_offer(void *start, void *end, const struct question *q, u32 *sack, u32 *window)
{
	struct tcp *tcp = start + (q->tcp & 0x7f);
	u32 at = q->tcp + sizeof(struct tcp);
	u8 *option = start + (at & 0x7f);
	if ((void *)(tcp + 1) > end || (void *)(option + 4) > end || q->data < at + 4)
		return 0;
	*window = SWAP16(tcp->window);
	if (option[0] != 2 || option[1] != 4 || ((u32)option[2] << 8 | option[3]) < SEGMENT)
		return 0;
	*sack = 0;
	option += 4;
	at += 4;
	/* Four or five options are usual; ten are more than anybody sends. */
	for (int i = 0; i < 10; i++) {
		if (at + 2 > q->data || (void *)(option + 2) > end || option[0] == 0)
			break;
		if (option[0] == 4) {
			*sack = 1;
			break;
		}
		u32 length = 1;
		if (option[0] != 1) {
			length = option[1];
			if (length < 2 || length > 40)
				break;
		}
		option += length;
		at += length;
	}
	return 1;
}
