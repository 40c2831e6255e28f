#!/bin/busybox sh
# The first process of the guest. Runs /script and switches the guest off. Serial ports: ttyS0 is the console, where the kernel and this
# script's own troubles go; ttyS1 takes what /script prints; ttyS2 the status that it ends with. If this ends, the kernel panics,
# and the guest is over as well, without a status.
set -eu

/bin/busybox mkdir -p /sbin /usr/bin /usr/sbin /dev /proc /sys /run /tmp /etc /root /var
# What is there already is not replaced: /bin/sh is this machine's. And what came along stands before what busybox has of that name.
export PATH=/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
/bin/busybox --install -s
mount -t proc proc /proc
mount -t sysfs sysfs /sys
mount -t devtmpfs devtmpfs /dev
ip link set lo up

# What is printed arrives as it was written, without carriage returns.
stty -F /dev/ttyS1 raw

# By its path: without one, busybox's shell would take busybox's.
status=0
/bin/sh -eu /script </dev/null >/dev/ttyS1 2>&1 || status=$?
echo "$status" >/dev/ttyS2
poweroff -f
