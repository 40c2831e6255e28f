//! Why the kernel refuses what is asked of it, in words.

use std::io;

use rustix::io::Errno;

use super::device::{Device, OtherEnd};
use super::load::{LoadError, Place};

/// What becomes of pages of several segments at its driver.
pub(super) fn no_copies(device: &Device) -> String {
    format!(
        "the driver of {} sends no copies of packets, which pages of several packets need",
        device.name
    )
}

/// Why what a program at the driver sends would not arrive at the other end of a pair.
pub(super) fn no_other_end(device: &Device) -> Option<String> {
    let what = match device.other_end {
        OtherEnd::None | OtherEnd::Takes => return None,
        OtherEnd::Ignores => "has no XDP program",
        OtherEnd::Hidden => "is in a network that does not show whether it has an XDP program",
    };
    Some(format!(
        "the other end of {} {what}, without which nothing that is sent for XDP arrives there (`XDP_PASS` is enough)",
        device.name
    ))
}

/// What the kernel's number means here.
pub(super) fn refusal(device: &Device, place: Place, error: &io::Error) -> String {
    let name = &device.name;
    let number = error.raw_os_error().map(Errno::from_raw_os_error);
    match (place, number) {
        (Place::Driver, Some(Errno::BUSY)) => format!("another XDP program is attached to {name}"),
        (Place::Driver, Some(Errno::OPNOTSUPP)) => {
            format!("the driver of {name} has no native XDP")
        }
        (Place::Driver, Some(Errno::INVAL)) => format!(
            "the driver of {name} takes no XDP program as it is set up (MTU, channels or offloads)"
        ),
        (_, Some(Errno::PERM)) => "CAP_NET_ADMIN is needed to attach a program".to_owned(),
        (Place::Driver, _) => format!("cannot attach to the driver of {name}: {error}"),
        (Place::Ingress, _) => {
            format!("cannot attach to the traffic control hook of {name}: {error}")
        }
    }
}

/// The right to have a program outlive the process may be another's.
pub(super) fn kept_by_another(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::AddrInUse => io::Error::new(
            io::ErrorKind::AddrInUse,
            "another sorry keeps its program at this device",
        ),
        _ => error,
    }
}

/// An error with its causes, on one line, and what is missing where that is known.
pub fn told(error: &LoadError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        let said = next.to_string();
        if !text.contains(&said) {
            text = format!("{text}: {said}");
        }
        cause = next.source();
    }
    if number(error) == Some(Errno::PERM) {
        text.push_str("; CAP_BPF, CAP_NET_ADMIN and CAP_PERFMON are needed");
    }
    text
}

/// The kernel's number in an error, or in what it came from.
fn number(error: &LoadError) -> Option<Errno> {
    let mut cause: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(one) = cause {
        let number = one
            .downcast_ref::<io::Error>()
            .and_then(io::Error::raw_os_error);
        if let Some(number) = number {
            return Some(Errno::from_raw_os_error(number));
        }
        cause = one.source();
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn device() -> Device {
        Device {
            name: "eth0".into(),
            index: 2,
            mtu: 1500,
            vlan: None,
            other_end: OtherEnd::None,
            is_ethernet: true,
        }
    }

    #[test]
    fn refusals_are_told_in_words() {
        for (place, number, words) in [
            (Place::Driver, 16, "another XDP program is attached to eth0"),
            (Place::Driver, 95, "the driver of eth0 has no native XDP"),
            (
                Place::Ingress,
                1,
                "CAP_NET_ADMIN is needed to attach a program",
            ),
        ] {
            let error = io::Error::from_raw_os_error(number);
            assert_eq!(refusal(&device(), place, &error), words);
        }
    }
}
