/* What `cargo xtask bench kernel` needs to say how long a program takes for one packet. The kernel runs a program on trial again and again
 * (BPF_PROG_TEST_RUN), but on what the last run has left of the packet: an answer. So `again_xdp` and `again_tc` first bring
 * the packet back, its length and its bytes, and then become the program that is measured (a tail call). What bringing back costs is
 * measured in the same way, with programs that do nothing in its place, and taken off. */
#include "kernel.h"

#define SHORTEST 54
#define LONGEST 1514

/* The one value of `packet`. */
struct packet {
	u32 length;
	u8 bytes[LONGEST + 2];
};

MAP(packet, MAP_ARRAY, u32, struct packet, 1);
struct {
	UINT(type, MAP_PROGRAMS);
	UINT(max_entries, 1);
	UINT(key_size, 4);
	UINT(value_size, 4);
} measured_xdp SEC(".maps"), measured_tc SEC(".maps");

SEC("xdp") int again_xdp(struct xdp_md *xdp)
{
	u32 zero = 0;
	struct packet *before = map_lookup(&packet, &zero);
	if (!before)
		return XDP_ABORTED;
	u32 length = before->length;
	UNKNOWN(length);
	if (length < SHORTEST || length > LONGEST)
		return XDP_ABORTED;
	if (xdp_adjust_tail(xdp, (int)length - (int)xdp_length(xdp)) || xdp_store_bytes(xdp, 0, before->bytes, length))
		return XDP_ABORTED;
	tail_call(xdp, &measured_xdp, 0);
	return XDP_ABORTED;
}

SEC("xdp") int nothing_xdp(struct xdp_md *xdp)
{
	(void)xdp;
	return XDP_TX;
}

SEC("classifier") int again_tc(struct __sk_buff *skb)
{
	u32 zero = 0;
	struct packet *before = map_lookup(&packet, &zero);
	if (!before)
		return TC_DROP;
	u32 length = before->length;
	UNKNOWN(length);
	if (length < SHORTEST || length > LONGEST)
		return TC_DROP;
	if (skb_change_tail(skb, length, 0) || skb_store_bytes(skb, 0, before->bytes, length, 0))
		return TC_DROP;
	tail_call(skb, &measured_tc, 0);
	return TC_DROP;
}

SEC("classifier") int nothing_tc(struct __sk_buff *skb)
{
	(void)skb;
	return TC_NEXT;
}

const char terms[] SEC("license") = "MIT OR Apache-2.0";
