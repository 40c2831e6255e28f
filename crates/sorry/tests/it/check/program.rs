//! Programs and files.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use sorry_core::health::Reason;
use sorry_server::config::check::{Exec, FileCheck, FileDown, FileWeight, Kind};

use super::asked::{LONG, SHORT, assert_ends, at};

fn exec(argv: &[&str], weight: bool) -> Kind {
    let argv = argv.iter().map(|&word| word.into()).collect();
    Kind::Exec(Exec { argv, weight })
}

#[test]
fn programs_are_judged_by_how_they_end() {
    let folder = tempfile::tempdir().expect("a folder");
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "#!/bin/sh\n").expect("write");
    std::fs::set_permissions(&plain, std::fs::Permissions::from_mode(0o644)).expect("mode");
    let plain = plain.to_str().expect("a path");
    let shell = |script| exec(&["/bin/sh", "-c", script], true);
    let target = || at("192.0.2.1:80".parse().expect("an address"));
    for (name, kind, timeout, expected, weight) in [
        (
            "good",
            exec(&["/bin/true"], false),
            LONG,
            (Reason::Ok, "exit code 0"),
            None,
        ),
        (
            "bad",
            exec(&["/bin/false"], false),
            LONG,
            (Reason::ExitCode, "exit code 1"),
            None,
        ),
        (
            "weight",
            shell("exit 102"),
            LONG,
            (Reason::Ok, "exit code 102"),
            Some(100),
        ),
        (
            "says why",
            shell("echo disk full; exit 1"),
            LONG,
            (Reason::ExitCode, "exit code 1, \"disk full\""),
            None,
        ),
        (
            "reads what it is told",
            shell(
                "read -r line; test \"$line\" = '{\"site\":\"shop\",\"real-server\":\"one\",\"address\":\"192.0.2.1:80\"}'",
            ),
            LONG,
            (Reason::Ok, "exit code 0"),
            None,
        ),
        (
            "killed",
            shell("kill -SEGV $$"),
            LONG,
            (Reason::Signal, "ended by signal 11"),
            None,
        ),
        (
            "slow",
            shell("echo waiting; sleep 60"),
            SHORT,
            (Reason::ProgramTimeout, "did not end in time, \"waiting\""),
            None,
        ),
        (
            "absent",
            exec(&["/nonexistent/check"], false),
            LONG,
            (Reason::NotStarted, "could not be started"),
            None,
        ),
        (
            "no program",
            exec(&[plain], false),
            LONG,
            (Reason::NotStarted, "could not be started"),
            None,
        ),
    ] {
        let outcome = assert_ends(name, &kind, target(), timeout, expected);
        assert_eq!(outcome.weight, weight, "{name}");
    }
}

#[test]
fn files_are_judged_by_what_they_hold() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("drain");
    let ends = |name: &str, path: &Path, down, expected| {
        let kind = Kind::File(FileCheck {
            path: path.to_owned(),
            down,
            weight: None,
        });
        let target = at("192.0.2.1:80".parse().expect("an address"));
        assert_ends(name, &kind, target, LONG, expected);
    };
    let bad = |words| (Reason::File, words);
    ends("absent", &path, FileDown::Exists, (Reason::Ok, "not there"));
    ends("absent", &path, FileDown::Missing, bad("not there"));
    std::fs::write(&path, "1\n").expect("write");
    ends("there", &path, FileDown::Exists, bad("there"));
    ends("one", &path, FileDown::Nonzero, bad("holds 1"));
    std::fs::write(&path, "0\n").expect("write");
    ends("zero", &path, FileDown::Nonzero, (Reason::Ok, "holds 0"));
    std::fs::write(&path, "3\n").expect("write");
    let kind = Kind::File(FileCheck {
        path: path.clone(),
        down: FileDown::Exists,
        weight: Some(FileWeight {
            factor: -10,
            configured: 100,
        }),
    });
    let target = at("192.0.2.1:80".parse().expect("an address"));
    let outcome = assert_ends("weight", &kind, target, LONG, (Reason::Ok, "holds 3"));
    assert_eq!(outcome.weight, Some(70));
    let below = path.join("below");
    ends(
        "no folder",
        &below,
        FileDown::Exists,
        (Reason::Local, "cannot read the file"),
    );
}
