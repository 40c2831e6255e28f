//! Whether a program may be run: nobody but root and the daemon's own user can have put it there, or can put another in its place.
//! Looked at each time before it is run.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::Path;

/// Writable by the group or by everybody.
const OTHERS_WRITE: u32 = 0o022;
/// Only owners remove what is theirs from such a folder (inode(7)).
const STICKY: u32 = 0o1000;

/// Nothing, or why a program is not run: in words, with how to mend it.
pub(super) fn distrust(program: &Path) -> Option<String> {
    if !program.is_absolute() {
        return Some(format!("{} is not a full path", program.display()));
    }
    let real = match fs::canonicalize(program) {
        Ok(real) => real,
        Err(error) => return Some(format!("cannot find {}: {error}", program.display())),
    };
    let us = rustix::process::geteuid().as_raw();
    for path in real.ancestors() {
        let found = match fs::metadata(path) {
            Ok(found) => found,
            Err(error) => return Some(format!("cannot look at {}: {error}", path.display())),
        };
        let shown = path.display();
        if path == real && !(found.is_file() && found.permissions().mode() & 0o111 != 0) {
            return Some(format!("{shown} cannot be executed: chmod +x"));
        }
        if found.uid() != 0 && found.uid() != us {
            let owner = found.uid();
            return Some(format!("{shown} belongs to user {owner}: give it to root"));
        }
        let kept = found.is_dir() && found.mode() & STICKY != 0;
        if found.mode() & OTHERS_WRITE != 0 && !kept {
            return Some(format!("{shown} can be changed by others: chmod go-w"));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::path::PathBuf;

    fn make(folder: &Path, mode: u32) -> PathBuf {
        let path = folder.join("program");
        fs::write(&path, "#!/bin/sh\n").unwrap();
        fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        path
    }

    #[test]
    fn a_program_is_its_owners_alone() {
        let folder = tempfile::tempdir().unwrap();
        for (mode, why) in [
            (0o755, None),
            (0o700, None),
            (0o644, Some("cannot be executed")),
            (0o775, Some("can be changed by others")),
            (0o757, Some("can be changed by others")),
        ] {
            let path = make(folder.path(), mode);
            let told = distrust(&path);
            match why {
                None => assert_eq!(told, None, "{mode:o}"),
                Some(why) => assert!(told.unwrap().contains(why), "{mode:o}"),
            }
        }
    }

    #[test]
    fn so_are_the_folders_above_it_and_what_a_link_leads_to() {
        let folder = tempfile::tempdir().unwrap();
        let inner = folder.path().join("bin");
        fs::create_dir(&inner).unwrap();
        let program = make(&inner, 0o755);
        let link = folder.path().join("link");
        std::os::unix::fs::symlink(&program, &link).unwrap();
        assert_eq!(distrust(&link), None);
        fs::set_permissions(&inner, Permissions::from_mode(0o777)).unwrap();
        for path in [&program, &link] {
            let told = distrust(path).unwrap();
            assert!(told.contains("bin can be changed by others"), "{told}");
        }
        assert!(
            distrust(Path::new("bin/true"))
                .unwrap()
                .contains("not a full path")
        );
        assert!(
            distrust(&inner.join("none"))
                .unwrap()
                .starts_with("cannot find")
        );
    }

    #[test]
    fn a_program_of_another_user_is_not_run() {
        let folder = tempfile::tempdir().unwrap();
        let program = make(folder.path(), 0o755);
        // Only root can give a file away; for everybody else, all of root's programs are fine, and this says so.
        match std::os::unix::fs::chown(&program, Some(4321), None) {
            Ok(()) => assert!(distrust(&program).unwrap().contains("belongs to user 4321")),
            Err(_) => assert_eq!(distrust(Path::new("/bin/true")), None),
        }
    }
}
