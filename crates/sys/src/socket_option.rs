//! Socket options that no safe crate wraps. Called by `listen::bind`, `admin::socket` and `check::connect`.

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// The length of the options here, as the kernel counts it.
const INT_LENGTH: libc::socklen_t = 4;
const _: () = assert!(size_of::<libc::c_int>() == 4);

/// Asks the kernel to report a connection only when the client has sent something, or when `seconds` of
/// retransmitted SYN+ACKs have passed (`TCP_DEFER_ACCEPT`, tcp(7)). 0 switches it off.
pub fn set_tcp_defer_accept(socket: BorrowedFd<'_>, seconds: u32) -> io::Result<()> {
    let seconds = libc::c_int::try_from(seconds).unwrap_or(libc::c_int::MAX);
    set_int(socket, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT, seconds)
}

/// The seconds that `set_tcp_defer_accept` left in force; the kernel rounds them to its retransmission times.
pub fn tcp_defer_accept(socket: BorrowedFd<'_>) -> io::Result<u32> {
    let seconds = int(socket, libc::IPPROTO_TCP, libc::TCP_DEFER_ACCEPT)?;
    Ok(u32::try_from(seconds).unwrap_or(0))
}

/// Leaves the choice of a port to connect(2), when bind(2) has named an address only (`IP_BIND_ADDRESS_NO_PORT`, ip(7); IPv6 sockets,
/// too): a port that is taken towards one destination is free towards all others then.
pub fn set_bind_address_no_port(socket: BorrowedFd<'_>) -> io::Result<()> {
    set_int(socket, libc::IPPROTO_IP, libc::IP_BIND_ADDRESS_NO_PORT, 1)
}

/// Has a connected datagram socket told of everything that ICMP says of its packets, not of refusals alone (`IP_RECVERR`, ip(7);
/// `IPV6_RECVERR`, ipv6(7)).
pub fn set_receive_errors(socket: BorrowedFd<'_>, family: Family) -> io::Result<()> {
    match family {
        Family::V4 => set_int(socket, libc::IPPROTO_IP, libc::IP_RECVERR, 1),
        Family::V6 => set_int(socket, libc::IPPROTO_IPV6, libc::IPV6_RECVERR, 1),
    }
}

/// Has all that a socket sends and receives go by one interface (`SO_BINDTODEVICE`, socket(7)). Nobody needs a capability for that
/// where the socket was bound to none before (Linux 5.7); earlier kernels want CAP_NET_RAW.
pub fn set_device(socket: BorrowedFd<'_>, name: &str) -> io::Result<()> {
    set(
        socket,
        libc::SOL_SOCKET,
        libc::SO_BINDTODEVICE,
        name.as_bytes(),
    )
}

/// Marks all that a socket sends, for the rules of routing and packet filters (`SO_MARK`, socket(7)). Needs CAP_NET_ADMIN.
pub fn set_mark(socket: BorrowedFd<'_>, mark: u32) -> io::Result<()> {
    set(socket, libc::SOL_SOCKET, libc::SO_MARK, &mark.to_ne_bytes())
}

/// Which of the two protocols a socket speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Family {
    /// IPv4.
    V4,
    /// IPv6.
    V6,
}

/// The number of the process at the other end of a unix socket, as it was when it connected or called listen(2)
/// (`SO_PEERCRED`, unix(7)); none for one that this process cannot see.
pub fn peer_process(socket: BorrowedFd<'_>) -> io::Result<Option<u32>> {
    // The kernel gives as much of its `struct ucred` as there is room for, and the process comes first in it.
    let process = int(socket, libc::SOL_SOCKET, libc::SO_PEERCRED)?;
    Ok(u32::try_from(process).ok().filter(|process| *process > 0))
}

/// The groups of the process at the other end of a unix socket beside its effective one, as they were when it connected
/// (`SO_PEERGROUPS`, Linux 4.13).
pub fn peer_groups(socket: BorrowedFd<'_>) -> io::Result<Vec<u32>> {
    let mut groups: Vec<libc::gid_t> = vec![0; 64];
    loop {
        let room = libc::socklen_t::try_from(size_of_val(groups.as_slice()));
        let mut length = room.map_err(|_| io::ErrorKind::OutOfMemory)?;
        // SAFETY: the descriptor is open for as long as it is borrowed; the pointers are to a buffer and a local that live
        // until the call returns, and `length` says how many bytes the kernel may write into the buffer.
        let result = unsafe {
            libc::getsockopt(
                socket.as_raw_fd(),
                libc::SOL_SOCKET,
                libc::SO_PEERGROUPS,
                groups.as_mut_ptr().cast(),
                &raw mut length,
            )
        };
        // The kernel says how much there is, also where there was too little room for it.
        let count = usize::try_from(length).unwrap_or(0) / size_of::<libc::gid_t>();
        if result == 0 {
            groups.truncate(count);
            return Ok(groups);
        }
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::ERANGE) || count <= groups.len() {
            return Err(error);
        }
        groups.resize(count, 0);
    }
}

fn set_int(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: libc::c_int,
) -> io::Result<()> {
    set(socket, level, name, &value.to_ne_bytes())
}

fn set(
    socket: BorrowedFd<'_>,
    level: libc::c_int,
    name: libc::c_int,
    value: &[u8],
) -> io::Result<()> {
    let length = libc::socklen_t::try_from(value.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the descriptor is open for as long as it is borrowed; the pointer and the length describe `value`, which
    // lives until the call returns, and the kernel only reads it, from any alignment.
    let result = unsafe {
        libc::setsockopt(
            socket.as_raw_fd(),
            level,
            name,
            value.as_ptr().cast(),
            length,
        )
    };
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

fn int(socket: BorrowedFd<'_>, level: libc::c_int, name: libc::c_int) -> io::Result<libc::c_int> {
    let mut value: libc::c_int = 0;
    let mut length = INT_LENGTH;
    // SAFETY: the descriptor is open for as long as it is borrowed; both pointers are to locals that live until the
    // call returns, and `length` says how much the kernel may write into `value`.
    let result = unsafe {
        libc::getsockopt(
            socket.as_raw_fd(),
            level,
            name,
            (&raw mut value).cast(),
            &raw mut length,
        )
    };
    if result == 0 {
        Ok(value)
    } else {
        Err(io::Error::last_os_error())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsFd;

    #[test]
    fn defer_accept_reads_back() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        assert_eq!(tcp_defer_accept(listener.as_fd()).unwrap(), 0);
        set_tcp_defer_accept(listener.as_fd(), 2).unwrap();
        assert!(tcp_defer_accept(listener.as_fd()).unwrap() >= 2);
    }

    #[test]
    fn an_address_without_a_port_reads_back() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        set_bind_address_no_port(socket.as_fd()).unwrap();
        let set = int(
            socket.as_fd(),
            libc::IPPROTO_IP,
            libc::IP_BIND_ADDRESS_NO_PORT,
        );
        assert_eq!(set.unwrap(), 1);
    }

    #[test]
    fn errors_are_asked_for_in_both_families() {
        for (address, family) in [("127.0.0.1:0", Family::V4), ("[::1]:0", Family::V6)] {
            let socket = std::net::UdpSocket::bind(address).unwrap();
            set_receive_errors(socket.as_fd(), family).unwrap();
        }
    }

    #[test]
    fn a_socket_is_bound_to_an_interface_that_is_there() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let absent = set_device(socket.as_fd(), "no-such-device").unwrap_err();
        assert_eq!(absent.raw_os_error(), Some(libc::ENODEV));
        set_device(socket.as_fd(), "lo").unwrap();
        let loopback = int(socket.as_fd(), libc::SOL_SOCKET, libc::SO_BINDTOIFINDEX);
        assert_eq!(loopback.unwrap(), 1);
    }

    #[test]
    fn a_mark_reads_back_where_it_is_allowed() {
        let socket = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        let mark = || int(socket.as_fd(), libc::SOL_SOCKET, libc::SO_MARK);
        match set_mark(socket.as_fd(), 42) {
            Ok(()) => assert_eq!(mark().unwrap(), 42),
            Err(error) => assert_eq!(error.raw_os_error(), Some(libc::EPERM)),
        }
    }

    #[test]
    fn the_process_of_a_peer_is_this_one() {
        let (near, _far) = std::os::unix::net::UnixStream::pair().unwrap();
        let process = peer_process(near.as_fd()).unwrap();
        assert_eq!(process, Some(std::process::id()));
    }

    #[test]
    fn the_groups_of_a_peer_are_its_own() {
        let (near, _far) = std::os::unix::net::UnixStream::pair().unwrap();
        let mut groups = peer_groups(near.as_fd()).unwrap();
        groups.sort_unstable();
        let status = std::fs::read_to_string("/proc/self/status").unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("Groups:"));
        let mut own: Vec<u32> = line
            .unwrap()
            .split_whitespace()
            .map(|g| g.parse().unwrap())
            .collect();
        own.sort_unstable();
        assert_eq!(groups, own);
    }

    #[test]
    fn a_file_has_no_socket_options() {
        let file = std::fs::File::open("/dev/null").unwrap();
        let error = set_tcp_defer_accept(file.as_fd(), 1).unwrap_err();
        assert_eq!(error.raw_os_error(), Some(libc::ENOTSOCK));
    }
}
