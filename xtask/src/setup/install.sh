# Installs Debian packages without starting any daemon. Arguments: the packages; `unpack:FOLDER/PACKAGE` is not installed: its files go
# into that folder, and none of its scripts runs. Run as root by `cargo xtask setup`, which is the only
# caller. It is a shell script because a shell's traps clean up whether it ends, fails or is interrupted.
set -eu

policy="${SORRY_POLICY:-/usr/sbin/policy-rc.d}"
mark='# made by `cargo xtask setup`, which removes it when it ends'

# One at a time: a second set-up would otherwise remove the first one's policy.
exec 9>"${SORRY_LOCK:-/run/lock/sorry-setup.lock}"
flock 9

ours() { [ -f "$policy" ] && grep -qF -- "$mark" "$policy"; }
unfinished=
cleanup() {
    if ours; then rm -f -- "$policy"; fi
    if [ -n "$unfinished" ]; then rm -rf -- "$unfinished"; fi
}
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

# The newest package of that name, in a folder that is in its place only when it is whole.
unpack() {
    # Another set-up has done it, while this one waited for the lock.
    if [ -d "$1" ]; then return; fi
    umask 022
    mkdir -p -- "${1%/*}"
    unfinished="$1.unfinished"
    rm -rf -- "$unfinished"
    mkdir -- "$unfinished"
    # linux-image-cloud-amd64 has no files: it depends on the package of the newest kernel, which has its version in its name.
    real="$(apt-cache show --no-all-versions "${1##*/}" | sed -n 's/^Depends: \(linux-image-[^ ,]*\).*/\1/p')"
    # Root's own download: apt's user could not write into a folder of root's, and apt would say so each time.
    (cd -- "$unfinished" && apt-get -o Acquire::Retries=3 -o APT::Sandbox::User=root download "${real:-${1##*/}}" 9>&-)
    mkdir -- "$unfinished/tree"
    dpkg-deb --extract "$unfinished"/*.deb "$unfinished/tree" 9>&-
    for version in "$unfinished"/tree/lib/modules/* "$unfinished"/tree/usr/lib/modules/*; do
        # What a kernel's postinst would do that we want done. Where all is below /usr already, depmod looks in /lib all the same.
        if [ -d "$version" ]; then
            [ -e "$unfinished/tree/lib" ] || ln -s usr/lib "$unfinished/tree/lib"
            depmod --basedir "$unfinished/tree" "${version##*/}"
        fi
    done
    mv -- "$unfinished/tree" "$1"
    rm -rf -- "$unfinished"
    unfinished=
}

install='' unpack=''
for argument; do
    case "$argument" in
        unpack:*) unpack="$unpack ${argument#unpack:}" ;;
        *) install="$install $argument" ;;
    esac
done

export DEBIAN_FRONTEND=noninteractive NEEDRESTART_SUSPEND=1
# Stale lists may still do, so a failed update is only told; the installation decides.
apt-get -o Acquire::Retries=3 update 9>&- || echo 'setup: apt-get update failed; going on with the lists that are there'
apt-get -y --no-install-recommends \
    -o Acquire::Retries=3 -o DPkg::Lock::Timeout=600 -o Dpkg::Use-Pty=0 \
    -o Dpkg::Options::=--force-confdef -o Dpkg::Options::=--force-confold \
    install $install 9>&-
for folder in $unpack; do unpack "$folder"; done
