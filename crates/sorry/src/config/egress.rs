//! How probes leave this machine, as typed: names of interfaces, and marks. Which addresses they come from is `std`'s to read.

use super::fault::{Fault, quoted};
use super::reader::FromText;
use super::value::Whole;

/// A mark of packets (`SO_MARK`, socket(7)); 0 is none.
pub(super) type Mark = Whole<1, 4_294_967_295>;

/// A port of ours.
pub(super) type SourcePort = Whole<1, 65_535>;

/// The longest name that the kernel gives an interface (`IFNAMSIZ`, netdevice(7), less the zero behind it).
const LONGEST: usize = 15;

/// The name of an interface. Whether there is one is found out by each probe: it may come and go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct InterfaceName(pub(super) Box<str>);

impl FromText for InterfaceName {
    fn form() -> String {
        "the name of an interface such as \"eth0\"".to_owned()
    }

    /// What the kernel takes for a name (`dev_valid_name`): a colon is for aliases, which sockets cannot be bound to.
    fn from_text(text: &str) -> Result<Self, Fault> {
        let is_odd = |c: char| c.is_whitespace() || c.is_control() || "/:".contains(c);
        let shown = quoted(text);
        if text.is_empty() || text == "." || text == ".." || text.contains(is_odd) {
            return Err(Fault::new(format!("{shown} is no name of an interface"))
                .hint("`ip link` shows the names"));
        }
        if text.len() > LONGEST {
            return Err(
                Fault::new(format!("{shown} is longer than {LONGEST} bytes"))
                    .hint("`ip link` shows the names"),
            );
        }
        Ok(InterfaceName(text.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_the_kernel_takes() {
        for (text, good) in [
            ("eth0", true),
            ("eth0.100", true),
            ("br-lan", true),
            ("fünf", true),
            ("exactly15bytes_", true),
            ("sixteen_bytes___", false),
            ("", false),
            (".", false),
            ("..", false),
            ("eth0:1", false),
            ("a/b", false),
            ("eth 0", false),
            ("eth0\n", false),
            ("eth\0", false),
        ] {
            assert_eq!(InterfaceName::from_text(text).is_ok(), good, "{text:?}");
        }
    }
}
