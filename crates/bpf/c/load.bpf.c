/* The clients of `cargo xtask bench kernel`, without sockets: `client` sits at the driver of their end of a cable and plays whole
 * connections over IPv4, each in a seat of its own. Whatever packet comes back is made the next one in its place and sent: the last
 * acknowledgement of one connection becomes the SYN of the next, so that as many are in flight as were begun (a closed loop). `begin` makes the
 * first SYNs, and those of seats that have lost a packet. Of a connection the server sees three packets: a SYN, the request, which
 * acknowledges the SYN-ACK as well, and a FIN, which acknowledges everything; a real client sends a bare acknowledgement or two besides.
 * What a server says otherwise than ours is followed as far as real servers go: timestamps, acknowledgements of their own, a FIN that comes
 * alone, segments put together by the device. `../../sorry/benches/kernel` says the same of the maps in Rust. */
#include "packet.h"
#include "sum.h"

/* Clients are at 198.18.0.0/15, which is for benchmarks (RFC 2544); the last byte is the seat. */
#define SEATS 256
#define CLIENTS SWAP32(0xc6120000)
#define CLIENTS_MASK SWAP32(0xfffe0000)
#define REQUEST 128
/* Milliseconds after which a seat that hears nothing has lost a packet: far more than any server here takes to answer, far less than any
 * takes to send again. */
#define PATIENCE 20

enum doing {
	STILL,  /* nothing is sent */
	LOOP,   /* a new connection after each */
	FINISH, /* those that are open are ended */
	FLOOD,  /* a SYN after each SYN-ACK, from anywhere */
};

/* The one value of `plans`. Words are in the machine's order but where the network's is named. */
struct plan {
	u32 doing;
	u32 device;   /* whose other end the server is at */
	u32 server;   /* network order */
	u32 port;     /* network order */
	u32 least;    /* bytes that an answer has, or more */
	u32 length;   /* of the request */
	u32 sum;      /* of that */
	u32 flight;   /* seats that are taken */
	u16 link[6];  /* addresses of the link: the server's, then ours */
	u8 request[REQUEST];
};

/* A value of `seats`. */
struct seat {
	u32 number;  /* connections begun: which client it is */
	u32 seq;     /* of the SYN */
	u32 next;    /* what the server is expected to send next */
	u32 bytes;   /* of the answer so far */
	u32 stamp;   /* the server's last timestamp, as it stands */
	u32 stamped; /* whether it sends any */
	u32 ended;   /* whether its FIN has come */
	u32 done;    /* connections that were whole */
	u32 touched; /* when the server was last heard, in milliseconds */
};

enum tally {
	TALLY_DONE,    /* connections from SYN to the last acknowledgement */
	TALLY_GREETED, /* SYN-ACKs */
	TALLY_PACKETS, /* of the server */
	TALLY_BYTES,   /* of answers */
	TALLY_SHORT,   /* answers that had fewer than they should have */
	TALLY_GAP,     /* FINs that came before what they end */
	TALLY_RESET,
	TALLY_FAILED,  /* packets that could not be made longer */
	TALLY_LOST,    /* connections that were given up, for a packet must have been lost */
	TALLIES,
};
struct tallies {
	u64 count[TALLIES];
};

MAP(plans, MAP_ARRAY, u32, struct plan, 1);
MAP(seats, MAP_ARRAY, u32, struct seat, SEATS);
/* Which seats `begin` is to begin, one a call, and how far it is. */
MAP(waiting, MAP_ARRAY, u32, u32, SEATS);
MAP(begun, MAP_ARRAY, u32, u32, 1);
/* Which seat is looked at next. */
MAP(looked, MAP_ARRAY, u32, u32, 1);
MAP(tallied, MAP_PERCPU_ARRAY, u32, struct tallies, 1);

#define COUNT(what, many) (tallies->count[what] += (many))

/* What a packet of a client says. */
struct said {
	u32 client; /* network order */
	u32 port;   /* network order */
	u32 seq;
	u32 ack;
	u32 flags;
	u32 options; /* bytes: 0, 12 or 20 */
	u32 option[5];
	u32 carries; /* whether it has the request */
};

/* The headers of every packet of a client. */
struct headers {
	u16 link[6];
	u16 type;
	struct ip4 ip;
	struct tcp tcp;
	u32 option[5];
} __attribute__((packed));
#define BARE (sizeof(struct headers) - 20)

/* Nearly. */
INLINE u32 milliseconds(void)
{
	return clock_coarse_ns() >> 20;
}

INLINE int write(struct xdp_md *xdp, const struct plan *plan, const struct said *said)
{
	u32 length = plan->length;
	UNKNOWN(length);
	if (!said->carries)
		length = 0;
	/* What comes from a socket may be in several pieces. */
	if (xdp_adjust_tail(xdp, (int)(BARE + said->options + length) - (int)xdp_length(xdp)))
		return 0;
	struct headers *h = (void *)(u64)xdp->data;
	void *end = (void *)(u64)xdp->data_end;
	if ((void *)h + BARE > end)
		return 0;
	u32 total = BARE - ETHERNET + said->options + length;
	for (int i = 0; i < 6; i++)
		h->link[i] = plan->link[i];
	h->type = TYPE_IP4;
	h->ip = (struct ip4){
		.version = 0x45,
		.length = SWAP16((u16)total),
		.fragment = SWAP16(0x4000),
		.hops = 64,
		.protocol = PROTOCOL_TCP,
		.from = said->client,
		.to = plan->server,
	};
	u64 addresses = (u64)said->client + plan->server;
	h->ip.sum = ~fold(addresses + 0x45 + h->ip.length + SWAP16(0x4000) + (64 | PROTOCOL_TCP << 8));
	u32 seq = SWAP32(said->seq), ack = SWAP32(said->ack);
	u32 offset = (sizeof(struct tcp) + said->options) << 2;
	u32 window = SWAP16(64240);
	h->tcp = (struct tcp){
		.from = said->port,
		.to = plan->port,
		.seq = seq,
		.ack = ack,
		.offset = offset,
		.flags = said->flags,
		.window = window,
	};
	u64 sum = addresses + SWAP16(PROTOCOL_TCP) + SWAP16((u16)(total - sizeof(struct ip4))) + said->port + plan->port;
	sum += (u64)seq + ack + window + (offset | said->flags << 8);
	if (said->options) {
		if ((void *)&h->option[3] > end)
			return 0;
		for (int i = 0; i < 3; i++) {
			h->option[i] = said->option[i];
			sum += said->option[i];
		}
	}
	if (said->options > 12) {
		if ((void *)(h + 1) > end)
			return 0;
		for (int i = 3; i < 5; i++) {
			h->option[i] = said->option[i];
			sum += said->option[i];
		}
	}
	if (length)
		sum += plan->sum;
	h->tcp.sum = ~fold(sum);
	if (length == 0)
		return 1;
	if (length > REQUEST)
		return 0;
	return xdp_store_bytes(xdp, BARE + said->options, (void *)plan->request, length) == 0;
}

/* A SYN as Linux sends it. */
INLINE int write_syn(struct xdp_md *xdp, const struct plan *plan, u32 client, u32 port, u32 seq)
{
	struct said said = {
		.client = client,
		.port = port,
		.seq = seq,
		.flags = SYN,
		.options = 20,
		.option = { SWAP32(0x020405b4), SWAP32(0x0402080a), SWAP32(milliseconds()), 0, SWAP32(0x01030307) },
	};
	return write(xdp, plan, &said);
}

/* Who the client is that a seat has now: 65536 of them in 256 networks, then the first again, with a later sequence number, as
 * servers that remember its last connection want it (RFC 6191). */
INLINE u32 client_of(u32 index, u32 number)
{
	return CLIENTS | SWAP32((number >> 15 & 1) << 16 | (number & 0xff) << 8 | (index & 0xff));
}

INLINE u32 port_of(u32 number)
{
	return SWAP16((u16)(0x8000 | (number >> 1 & 0x7fff)));
}

/* The next connection of a seat. */
INLINE int open(struct xdp_md *xdp, const struct plan *plan, struct seat *seat, u32 index)
{
	u32 number = seat->number + 1;
	seat->number = number;
	seat->seq = number * 20011;
	seat->next = 0;
	seat->bytes = 0;
	seat->stamped = 0;
	seat->ended = 0;
	seat->touched = milliseconds();
	return write_syn(xdp, plan, client_of(index, number), port_of(number), seat->seq);
}

INLINE int open_anywhere(struct xdp_md *xdp, const struct plan *plan)
{
	u32 client = CLIENTS | (random_number() & ~CLIENTS_MASK);
	return write_syn(xdp, plan, client, random_number() & 0xffff, random_number());
}

SEC("xdp") int begin(struct xdp_md *xdp)
{
	u32 zero = 0;
	struct plan *plan = map_lookup(&plans, &zero);
	u32 *at = map_lookup(&begun, &zero);
	if (!plan || !at)
		return XDP_DROP;
	if (plan->doing == FLOOD)
		return open_anywhere(xdp, plan) ? redirect(plan->device, 0) : XDP_DROP;
	u32 next = (*at)++;
	u32 *index = map_lookup(&waiting, &next);
	struct seat *seat = index ? map_lookup(&seats, index) : 0;
	if (!seat || !open(xdp, plan, seat, *index))
		return XDP_DROP;
	return redirect(plan->device, 0);
}

/* A packet of the server. */
struct heard {
	u32 index; /* the seat */
	u32 client;
	u32 port;
	u32 seq;
	u32 ack;
	u32 flags;
	u32 length; /* of what it carries */
	u32 stamped;
	u32 stamp;
};

/* Reads it; 0 where it is for nobody here. */
INLINE int hear(void *start, void *end, struct heard *heard)
{
	struct headers *h = start;
	if (start + BARE > end || h->type != TYPE_IP4 || h->ip.version != 0x45 || h->ip.protocol != PROTOCOL_TCP ||
	    (h->ip.to & CLIENTS_MASK) != CLIENTS)
		return 0;
	u32 header = h->tcp.offset >> 4 << 2;
	heard->client = h->ip.to;
	heard->index = h->ip.to >> 24;
	heard->port = h->tcp.to;
	heard->seq = SWAP32(h->tcp.seq);
	heard->ack = SWAP32(h->tcp.ack);
	heard->flags = h->tcp.flags;
	heard->length = SWAP16(h->ip.length) - sizeof(struct ip4) - header;
	heard->stamped = 0;
	if (header >= 32 && (void *)&h->option[3] <= end) {
		/* As Linux places it: behind two blanks, in a SYN-ACK behind segment size and selective acknowledgements. */
		u32 greeting = h->option[1] == SWAP32(0x0402080a);
		heard->stamped = greeting || h->option[0] == SWAP32(0x0101080a);
		heard->stamp = greeting ? h->option[2] : h->option[1];
	}
	return 1;
}

INLINE void say(const struct seat *seat, const struct heard *heard, u32 seq, u32 flags, struct said *said)
{
	*said = (struct said){
		.client = heard->client,
		.port = heard->port,
		.seq = seq,
		.ack = seat->next,
		.flags = flags,
		.option = { SWAP32(0x0101080a), SWAP32(milliseconds()), seat->stamp, 0, 0 },
		.options = seat->stamped ? 12 : 0,
	};
}

/* What comes next in a seat; 0 where nothing is sent. */
INLINE int follow(struct seat *seat, const struct heard *heard, const struct plan *plan, struct tallies *tallies,
		  struct said *said)
{
	u32 sent = seat->seq + 1 + plan->length;
	if (heard->stamped) {
		seat->stamp = heard->stamp;
		seat->stamped = 1;
	}
	if (heard->flags & SYN) {
		if (heard->ack != seat->seq + 1)
			return 0;
		seat->next = heard->seq + 1;
		COUNT(TALLY_GREETED, 1);
		say(seat, heard, seat->seq + 1, ACK | PSH, said);
		said->carries = 1;
		return 1;
	}
	u32 fin = heard->flags & FIN;
	if (!heard->length && !fin)
		return 0;
	if (heard->seq == seat->next) {
		seat->next += heard->length + fin;
		seat->bytes += heard->length;
		seat->ended = fin;
		if (!fin)
			return 0;
		COUNT(TALLY_BYTES, seat->bytes);
		if (seat->bytes < plan->least)
			COUNT(TALLY_SHORT, 1);
	} else if (!seat->ended) {
		if (!fin)
			return 0;
		/* Something before it is lost. What a real client sends again after a while, the byte of its request that was not acknowledged, is
		 * sent at once: ours answers that with what is lacking. */
		COUNT(TALLY_GAP, 1);
		say(seat, heard, seat->seq + 1, ACK | PSH, said);
		said->carries = 1;
		return 1;
	}
	/* All is there, perhaps for the second time. */
	say(seat, heard, sent, ACK | FIN, said);
	return 1;
}

/* What is done with a packet that needs no answer: it becomes a new SYN of a seat whose packet was lost, if the next one that is looked
 * at is such a seat. The ends of a cable hold 256 packets, and what does not fit is dropped without a word. */
INLINE int let_go(struct xdp_md *xdp, const struct plan *plan, struct tallies *tallies)
{
	u32 zero = 0;
	u32 *at = map_lookup(&looked, &zero);
	if (!at || plan->doing != LOOP || plan->flight == 0)
		return XDP_DROP;
	u32 index = (*at)++ % plan->flight;
	struct seat *seat = map_lookup(&seats, &index);
	if (!seat || milliseconds() - seat->touched < PATIENCE || !open(xdp, plan, seat, index))
		return XDP_DROP;
	COUNT(TALLY_LOST, 1);
	return XDP_TX;
}

INLINE int flood(struct xdp_md *xdp, const struct plan *plan, const struct heard *heard, struct tallies *tallies)
{
	if ((heard->flags & (SYN | ACK)) != (SYN | ACK))
		return XDP_DROP;
	COUNT(TALLY_GREETED, 1);
	return open_anywhere(xdp, plan) ? XDP_TX : XDP_DROP;
}

/* Whether the connection has come to its end. */
INLINE int is_over(struct seat *seat, const struct plan *plan, const struct heard *heard, struct tallies *tallies)
{
	if (heard->flags & RST) {
		COUNT(TALLY_RESET, 1);
		return 1;
	}
	if (!seat->ended || heard->length || (heard->flags & (SYN | FIN)) || heard->ack != seat->seq + 2 + plan->length)
		return 0;
	COUNT(TALLY_DONE, 1);
	seat->done++;
	return 1;
}

SEC("xdp.frags") int client(struct xdp_md *xdp)
{
	struct heard heard;
	struct said said;
	if (!hear((void *)(u64)xdp->data, (void *)(u64)xdp->data_end, &heard))
		return XDP_PASS;
	u32 zero = 0;
	struct plan *plan = map_lookup(&plans, &zero);
	struct tallies *tallies = map_lookup(&tallied, &zero);
	struct seat *seat = map_lookup(&seats, &heard.index);
	if (!plan || !tallies || !seat || plan->doing == STILL)
		return XDP_DROP;
	COUNT(TALLY_PACKETS, 1);
	if (plan->doing == FLOOD)
		return flood(xdp, plan, &heard, tallies);
	if (heard.client != client_of(heard.index, seat->number) || heard.port != port_of(seat->number))
		return let_go(xdp, plan, tallies);
	int made;
	if (is_over(seat, plan, &heard, tallies)) {
		if (plan->doing != LOOP)
			return XDP_DROP;
		made = open(xdp, plan, seat, heard.index);
	} else {
		seat->touched = milliseconds();
		if (!follow(seat, &heard, plan, tallies, &said))
			return let_go(xdp, plan, tallies);
		made = write(xdp, plan, &said);
	}
	if (made)
		return XDP_TX;
	COUNT(TALLY_FAILED, 1);
	return XDP_DROP;
}

/* Lets everything by, for servers that know nothing of XDP: a cable of this kind delivers what the other end sends from its driver only where
 * there is a program (veth_xdp_flush of drivers/net/veth.c). */
SEC("xdp.frags") int pass(struct xdp_md *xdp)
{
	(void)xdp;
	return XDP_PASS;
}

const char terms[] SEC("license") = "MIT OR Apache-2.0";
