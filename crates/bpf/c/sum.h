/* Sums of 16-bit words as IP and TCP have them (RFC 1071): in the machine's order, since that of the bytes does not matter. */
#pragma once
#include "kernel.h"

INLINE u32 fold(u64 sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (sum & 0xffff) + (sum >> 16);
}

INLINE u64 halves(u64 word)
{
	return (word & 0xffffffff) + (word >> 32);
}
