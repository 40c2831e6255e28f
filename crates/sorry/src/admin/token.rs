//! Bearer tokens of the admin API over TCP: made here, kept as a hash, compared without telling how much of one was right.
//!
//! A file has a line for each: role, name, SHA-256 in hexadecimal. A token is 32 random bytes, so that a hash without salt cannot be
//! turned round. Called by `remote`, and by `sorry token`.

use std::fmt;
use std::path::{Path, PathBuf};

use ring::digest::{SHA256, digest};
use ring::hmac;
use ring::rand::{SecureRandom as _, SystemRandom};

use super::role::Role;
use crate::config::plain_file::{self, PlainFileError};

/// What every token begins with, so that it is known where it turns up.
const PREFIX: &str = "sorry_";

/// Random bytes of a token.
const RANDOM_BYTES: usize = 32;

/// The most tokens, and the longest file.
const TOKENS: usize = 1000;
const FILE_MAX_BYTES: u64 = 256 * 1024;

/// The longest name.
const NAME_BYTES: usize = 64;

/// A new token.
#[derive(Clone, PartialEq, Eq)]
pub struct Made {
    /// To be given to whoever is to have it.
    pub token: String,
    /// For the daemon's file.
    pub line: String,
}

/// It is shown only by whoever means to.
impl fmt::Debug for Made {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Made")
            .field("line", &self.line)
            .finish_non_exhaustive()
    }
}

/// The system gave no random bytes.
#[derive(Debug, thiserror::Error)]
#[error("the system gives no random numbers")]
pub struct NoRandomness;

/// A name that a token may have.
///
/// # Errors
/// It is empty, too long, or has other characters than letters, digits, `-`, `_` and `.`.
pub fn name(text: &str) -> Result<String, String> {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    match !text.is_empty() && text.len() <= NAME_BYTES && text.chars().all(plain) {
        true => Ok(text.to_owned()),
        false => Err(format!(
            "a name has 1 to {NAME_BYTES} letters, digits, '-', '_' and '.'"
        )),
    }
}

/// Makes a token.
///
/// # Errors
/// The system has no random numbers.
pub fn make(name: &str, role: Role) -> Result<Made, NoRandomness> {
    let mut bytes = [0; RANDOM_BYTES];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| NoRandomness)?;
    let token = format!("{PREFIX}{}", hex(&bytes));
    let hash = hex(digest(&SHA256, token.as_bytes()).as_ref());
    let line = format!("{} {name} {hash}", role.label());
    Ok(Made { token, line })
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whoever has a token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bearer {
    /// The name.
    pub name: String,
    /// What may be done with it.
    pub role: Role,
}

/// The tokens of a file.
pub struct Tokens {
    /// Known to this process alone; what is compared is made with it, so that time tells nothing of a hash.
    key: hmac::Key,
    known: Vec<(Bearer, hmac::Tag)>,
}

impl fmt::Debug for Tokens {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bearers = self.known.iter().map(|(bearer, _)| bearer);
        f.debug_list().entries(bearers).finish()
    }
}

/// What is wrong with a file of tokens.
#[derive(Debug, thiserror::Error)]
pub enum TokensError {
    /// It cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        path: PathBuf,
        source: PlainFileError,
    },
    /// Others may read or change it. Its group, which is the daemon's, may read.
    #[error("{} has mode {mode:04o}, so that others may read or change it: chmod 640 it, with the daemon's group", .path.display())]
    OpenToOthers { path: PathBuf, mode: u32 },
    /// A line is none.
    #[error("{}:{line}: {what}; a line is as `sorry token NAME --role reader` prints it", .path.display())]
    Line {
        path: PathBuf,
        line: usize,
        what: &'static str,
    },
    /// It holds none.
    #[error("{} holds no token, so that nobody could ask: `sorry token NAME --role reader` makes one", .0.display())]
    Empty(PathBuf),
    /// The system gave no random bytes.
    #[error(transparent)]
    Random(#[from] NoRandomness),
}

impl Tokens {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, others may read or change it, or a line in it is none.
    pub fn read(path: &Path) -> Result<Tokens, TokensError> {
        let contents =
            plain_file::read(path, FILE_MAX_BYTES).map_err(|source| TokensError::Unreadable {
                path: path.to_owned(),
                source,
            })?;
        if contents.mode & 0o027 != 0 {
            return Err(TokensError::OpenToOthers {
                path: path.to_owned(),
                mode: contents.mode,
            });
        }
        Tokens::parse(path, &String::from_utf8_lossy(&contents.bytes))
    }

    fn parse(path: &Path, text: &str) -> Result<Tokens, TokensError> {
        let key = hmac::Key::generate(hmac::HMAC_SHA256, &SystemRandom::new())
            .map_err(|_| NoRandomness)?;
        let mut known: Vec<(Bearer, hmac::Tag)> = Vec::new();
        for (index, line) in text.lines().enumerate() {
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            let wrong = |what| TokensError::Line {
                path: path.to_owned(),
                line: index + 1,
                what,
            };
            let (bearer, hash) = entry(line).map_err(wrong)?;
            if known.iter().any(|(other, _)| other.name == bearer.name) {
                return Err(wrong("another token has this name"));
            }
            if known.len() == TOKENS {
                return Err(wrong("there are more than a thousand tokens"));
            }
            known.push((bearer, hmac::sign(&key, &hash)));
        }
        match known.is_empty() {
            true => Err(TokensError::Empty(path.to_owned())),
            false => Ok(Tokens { key, known }),
        }
    }

    /// Who has this token. All are compared, each in a time that does not depend on what is different.
    pub fn bearer(&self, token: &str) -> Option<&Bearer> {
        let hash = digest(&SHA256, token.as_bytes());
        let mut found = None;
        for (bearer, tag) in &self.known {
            if hmac::verify(&self.key, hash.as_ref(), tag.as_ref()).is_ok() {
                found = Some(bearer);
            }
        }
        found
    }
}

/// Who, and the hash.
fn entry(line: &str) -> Result<(Bearer, Vec<u8>), &'static str> {
    let words: Vec<&str> = line.split_whitespace().collect();
    let [role, bearer, hash] = words.as_slice() else {
        return Err("it has not three words");
    };
    let role = match *role {
        "reader" => Role::Reader,
        "operator" => Role::Operator,
        _ => return Err("it begins with neither reader nor operator"),
    };
    let name = name(bearer).map_err(|_| "the name has other characters than it may have")?;
    let hash = bytes(hash).ok_or("the hash has not 64 hexadecimal digits")?;
    Ok((Bearer { name, role }, hash))
}

/// The 32 bytes that 64 digits stand for.
fn bytes(digits: &str) -> Option<Vec<u8>> {
    if digits.len() != 64 || !digits.bytes().all(|digit| digit.is_ascii_hexdigit()) {
        return None;
    }
    let pairs =
        (0..32).map(|index| u8::from_str_radix(digits.get(index * 2..index * 2 + 2)?, 16).ok());
    pairs.collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::os::unix::fs::PermissionsExt as _;

    #[test]
    fn a_token_is_known_by_its_line_alone() {
        let made = make("deploy", Role::Operator).unwrap();
        let other = make("look", Role::Reader).unwrap();
        assert!(made.line.starts_with("operator deploy "), "{}", made.line);
        assert!(!made.line.contains(&made.token[PREFIX.len()..]));
        assert!(!format!("{made:?}").contains(&made.token));
        let text = format!("# tokens\n\n{}\n  {}  \n", made.line, other.line);
        let tokens = Tokens::parse(Path::new("f"), &text).unwrap();
        let name = |token: &str| tokens.bearer(token).map(|bearer| bearer.name.clone());
        assert_eq!(name(&made.token).as_deref(), Some("deploy"));
        assert_eq!(name(&other.token).as_deref(), Some("look"));
        let hash = other.line.split(' ').next_back().unwrap();
        for wrong in [
            "",
            PREFIX,
            hash,
            &made.token[1..],
            &format!("{} ", made.token),
        ] {
            assert_eq!(name(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_is_no_line_is_named() {
        let hash = "0".repeat(64);
        for (text, expected) in [
            ("", "holds no token"),
            ("# none\n", "holds no token"),
            ("reader a", "f:1: it has not three words"),
            ("\nadmin a 00", "f:2: it begins with neither"),
            (&format!("reader ä {hash}"), "other characters"),
            ("reader a 00", "not 64 hexadecimal digits"),
            (
                &format!("reader a +{}", "0".repeat(63)),
                "not 64 hexadecimal digits",
            ),
            (
                &format!("reader a {hash}\noperator a {hash}"),
                "f:2: another token has this name",
            ),
        ] {
            let error = Tokens::parse(Path::new("f"), text).unwrap_err().to_string();
            assert!(error.contains(expected), "{text}: {error}");
        }
    }

    #[test]
    fn a_file_that_others_may_read_is_none() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("tokens");
        fs::write(&path, make("a", Role::Reader).unwrap().line).unwrap();
        for (mode, fine) in [
            (0o600, true),
            (0o640, true),
            (0o660, false),
            (0o644, false),
            (0o602, false),
        ] {
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            assert_eq!(Tokens::read(&path).is_ok(), fine, "{mode:o}");
        }
    }
}
