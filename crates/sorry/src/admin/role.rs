//! Who may do what on the admin socket. A connected process is known by its credentials alone, which the kernel noted
//! when it connected (`SO_PEERCRED`, unix(7)): no passwords, nothing that could leak.

use std::fmt;
use std::sync::Arc;

/// The process at the other end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Caller {
    /// Its effective user.
    pub uid: u32,
    /// Its effective group.
    pub gid: u32,
    /// Its number, unless it lives in a PID namespace that we do not see.
    pub pid: Option<i32>,
}

impl fmt::Display for Caller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uid {}, gid {}", self.uid, self.gid)?;
        match self.pid {
            Some(pid) => write!(f, ", pid {pid}"),
            None => f.write_str(", pid unknown"),
        }
    }
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Everything.
    Operator,
    /// To ask how things are, and to give no orders.
    Reader,
}

impl Role {
    /// Its word.
    pub fn label(self) -> &'static str {
        match self {
            Role::Operator => "operator",
            Role::Reader => "reader",
        }
    }
}

/// Says which role a caller has, who is in these groups beside its effective one; none is refused.
pub type Judge = Arc<dyn Fn(&Caller, &[u32]) -> Option<Role> + Send + Sync>;

/// Root and the user that the daemon runs as are operators, members of its group are readers; nobody else is anything.
pub fn by_credentials(own_uid: u32, own_gid: u32) -> Judge {
    Arc::new(move |caller, groups| {
        if caller.uid == 0 || caller.uid == own_uid {
            return Some(Role::Operator);
        }
        let is_member = caller.gid == own_gid || groups.contains(&own_gid);
        is_member.then_some(Role::Reader)
    })
}
