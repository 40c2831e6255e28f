//! The folders that a path goes through, symbolic links included.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::fs;
use std::path::{Component, Path, PathBuf};

/// As many links as the kernel follows (path_resolution(7)).
const LINKS_MAX: usize = 40;

/// A name looked up in a folder on the way to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Step {
    pub folder: PathBuf,
    pub name: OsString,
}

/// Every look-up that opening `file` makes, in order, up to the first name that does not exist.
pub(super) fn steps(file: &Path) -> Vec<Step> {
    let absolute = std::path::absolute(file).unwrap_or_else(|_| file.to_owned());
    let mut ahead: VecDeque<OsString> = components(&absolute);
    let mut folder = PathBuf::from("/");
    let mut steps = Vec::new();
    let mut links = 0;
    while let Some(name) = ahead.pop_front() {
        if name == ".." {
            folder.pop();
            continue;
        }
        let path = folder.join(&name);
        steps.push(Step {
            folder: folder.clone(),
            name,
        });
        let Ok(target) = fs::read_link(&path) else {
            // A folder or file, or nothing at all; in that case the next look-up fails by itself.
            folder = path;
            continue;
        };
        links += 1;
        if links > LINKS_MAX {
            break;
        }
        if target.is_absolute() {
            folder = PathBuf::from("/");
        }
        for name in components(&target).into_iter().rev() {
            ahead.push_front(name);
        }
    }
    steps
}

fn components(path: &Path) -> VecDeque<OsString> {
    path.components()
        .filter_map(|component| match component {
            Component::Normal(name) => Some(name.to_owned()),
            Component::ParentDir => Some("..".into()),
            Component::RootDir | Component::CurDir | Component::Prefix(_) => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    fn names(folder: &Path, file: &Path) -> Vec<String> {
        steps(file)
            .iter()
            .map(|step| step.folder.join(&step.name))
            .filter_map(|path| Some(path.strip_prefix(folder).ok()?.display().to_string()))
            .filter(|path| !path.is_empty())
            .collect()
    }

    #[test]
    fn links_are_followed_one_by_one() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        fs::create_dir(root.join("..v1")).unwrap();
        fs::write(root.join("..v1/tls.crt"), "x").unwrap();
        symlink("..v1", root.join("..data")).unwrap();
        symlink("..data/tls.crt", root.join("tls.crt")).unwrap();
        let expected = ["tls.crt", "..data", "..v1", "..v1/tls.crt"];
        assert_eq!(names(&root, &root.join("tls.crt")), expected);

        fs::create_dir_all(root.join("live/shop")).unwrap();
        symlink("../../..v1/tls.crt", root.join("live/shop/cert.pem")).unwrap();
        let expected = [
            "live",
            "live/shop",
            "live/shop/cert.pem",
            "..v1",
            "..v1/tls.crt",
        ];
        assert_eq!(names(&root, &root.join("live/shop/cert.pem")), expected);

        symlink(root.join("..data"), root.join("absolute")).unwrap();
        let all = names(&root, &root.join("absolute/tls.crt"));
        assert_eq!(all.first().unwrap(), "absolute");
        assert_eq!(all.last().unwrap(), "..v1/tls.crt");
    }

    #[test]
    fn what_is_absent_or_endless_ends() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().canonicalize().unwrap();
        assert_eq!(names(&root, &root.join("absent")), ["absent"]);
        symlink("a", root.join("b")).unwrap();
        symlink("b", root.join("a")).unwrap();
        let length = names(&root, &root.join("a")).len();
        assert_eq!(length, LINKS_MAX + 1);
    }
}
