//! Whether a program may be run: nobody but root and the daemon's own user can have put it there, or can put another in its place.
//! Looked at each time before it is run.
//!
//! The path is walked as the kernel walks it (path_resolution(7)), one folder and one link at a time, and each is looked at
//! before it is followed. What comes out has no link in it, so that what is run is what was looked at.

use std::ffi::OsString;
use std::fs::{self, Metadata};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Component, Path, PathBuf};

/// Writable by the group or by everybody.
const OTHERS_WRITE: u32 = 0o022;
/// Only owners remove what is theirs from such a folder (inode(7)).
const STICKY: u32 = 0o1000;
/// As many links as the kernel follows (path_resolution(7)).
const LINKS: usize = 40;

/// Where the program really is, or why it is not run: in words, with how to mend it.
pub fn trusted(program: &Path) -> Result<PathBuf, String> {
    if !program.is_absolute() {
        return Err(format!("{} is not a full path", program.display()));
    }
    let real = walk(program)?;
    let found = look(program, &real)?;
    match found.is_file() && found.permissions().mode() & 0o111 != 0 {
        true => Ok(real),
        false => Err(format!("{} cannot be executed: chmod +x", real.display())),
    }
}

/// Follows a path to its end; everything on the way, links included, is ours alone.
fn walk(program: &Path) -> Result<PathBuf, String> {
    let mut real = PathBuf::from("/");
    ours(&real, &look(program, &real)?)?;
    let mut ahead = parts(program);
    let mut links = 0;
    while let Some(part) = ahead.pop() {
        if part == ".." {
            real.pop();
            continue;
        }
        let next = real.join(part);
        let found = look(program, &next)?;
        ours(&next, &found)?;
        if !found.is_symlink() {
            real = next;
            continue;
        }
        links += 1;
        if links > LINKS {
            return Err(format!("cannot find {}: too many links", program.display()));
        }
        let target = fs::read_link(&next).map_err(|error| lost(program, &error))?;
        if target.is_absolute() {
            real = PathBuf::from("/");
        }
        ahead.extend(parts(&target));
    }
    Ok(real)
}

/// The names in a path, the last one first.
fn parts(path: &Path) -> Vec<OsString> {
    let named = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
    });
    named.collect()
}

fn look(program: &Path, at: &Path) -> Result<Metadata, String> {
    fs::symlink_metadata(at).map_err(|error| lost(program, &error))
}

fn lost(program: &Path, error: &std::io::Error) -> String {
    format!("cannot find {}: {error}", program.display())
}

/// Whether nobody else owns or changes it. The mode of a link says nothing: it is changed by whoever may change its folder.
fn ours(path: &Path, found: &Metadata) -> Result<(), String> {
    let shown = path.display();
    let owner = found.uid();
    if owner != 0 && owner != rustix::process::geteuid().as_raw() {
        return Err(format!("{shown} belongs to user {owner}: give it to root"));
    }
    let kept = found.is_symlink() || found.is_dir() && found.mode() & STICKY != 0;
    if found.mode() & OTHERS_WRITE != 0 && !kept {
        return Err(format!("{shown} can be changed by others: chmod go-w"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs::Permissions;
    use std::os::unix::fs::symlink;

    fn distrust(program: &Path) -> Option<String> {
        trusted(program).err()
    }

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
        symlink(&program, &link).unwrap();
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
            distrust(&folder.path().join("none"))
                .unwrap()
                .starts_with("cannot find")
        );
    }

    #[test]
    fn a_link_that_others_can_turn_is_not_followed() {
        let folder = tempfile::tempdir().unwrap();
        let (bin, links) = (folder.path().join("bin"), folder.path().join("links"));
        fs::create_dir(&bin).unwrap();
        fs::create_dir(&links).unwrap();
        let program = make(&bin, 0o755);
        symlink("../bin/program", links.join("near")).unwrap();
        symlink(&links, folder.path().join("way")).unwrap();
        symlink("round", links.join("round")).unwrap();
        let named = folder.path().join("way/near");
        assert_eq!(trusted(&named), Ok(fs::canonicalize(&program).unwrap()));
        let round = distrust(&links.join("round")).unwrap();
        assert!(round.contains("too many links"), "{round}");
        // The program and the folders above it are fine; the link to it is anybody's.
        fs::set_permissions(&links, Permissions::from_mode(0o777)).unwrap();
        for path in [&named, &links.join("near")] {
            let told = distrust(path).unwrap();
            assert!(told.contains("links can be changed by others"), "{told}");
        }
        assert_eq!(distrust(&program), None);
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
