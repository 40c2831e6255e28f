# Installs Debian packages without starting any daemon. Arguments: the packages. Run as root by `cargo xtask setup`, which is the only
# caller. It is a shell script because a shell's traps clean up whether it ends, fails or is interrupted.
set -eu

policy="${SORRY_POLICY:-/usr/sbin/policy-rc.d}"
mark='# made by `cargo xtask setup`, which removes it when it ends'

# One at a time: a second set-up would otherwise remove the first one's policy.
exec 9>"${SORRY_LOCK:-/run/lock/sorry-setup.lock}"
flock 9

ours() { [ -f "$policy" ] && grep -qF -- "$mark" "$policy"; }
cleanup() { if ours; then rm -f -- "$policy"; fi; }
trap cleanup EXIT
trap 'exit 130' INT
trap 'exit 143' TERM
trap 'exit 129' HUP

# invoke-rc.d(8) and deb-systemd-invoke ask this program whether a daemon may be started; 101 says no. Another's program is never
# touched (noclobber, and a link is not followed): then its owner's policy holds.
if [ ! -e "$policy" ] && [ ! -L "$policy" ]; then
    (set -C && printf '#!/bin/sh\n%s\nexit 101\n' "$mark" >"$policy")
    chmod 755 "$policy"
elif ours; then
    echo "setup: $policy was left by an interrupted set-up; it is used and then removed"
else
    echo "setup: $policy is somebody's own; it is left alone and decides whether daemons start"
fi

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
# Stale lists may still do, so a failed update is only told; the installation decides.
apt-get -o Acquire::Retries=3 update 9>&- || echo 'setup: apt-get update failed; going on with the lists that are there'
apt-get -y --no-install-recommends \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    install "$@" 9>&-
