//! `sorry check-config` on what is watched: what it promises, and which files it does not trust.

use std::fs::{Permissions, set_permissions, write};
use std::os::unix::fs::PermissionsExt as _;

use crate::harness::{SORRY, run, text};

const SITE: &str =
    "[admin]\nsocket = \"none\"\n[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:0\"]\n";
const REAL: &str = "[[site.real-server]]\naddress = \"10.0.0.11:80\"\n";

#[test]
fn how_long_a_death_goes_unnoticed_is_printed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sorry.toml");
    let check = "check.tcp = { every = \"1s\", timeout = \"500ms\", fall = 2 }\n";
    write(&file, format!("state = \"none\"\n{SITE}{check}{REAL}")).unwrap();
    let path = file.to_str().unwrap();
    let output = run(SORRY, &["check-config", path]);
    assert_eq!(output.status.code(), Some(0), "{}", text(&output.stderr));
    let expected = format!(
        "shop: a real server that refuses is down after at most 1.2 s, one that is silent after 1.7 s\n{path}: fine\n"
    );
    assert_eq!(text(&output.stdout), expected);
    let output = run(SORRY, &["check-config", "--json", path]);
    let report: serde_json::Value = serde_json::from_str(&text(&output.stdout)).unwrap();
    let expected = serde_json::json!([{ "site": "shop", "refused_ms": 1200, "silent_ms": 1700 }]);
    assert_eq!(report["detection"], expected);
}

#[test]
fn a_secret_that_everybody_may_read_is_a_mistake_of_its_line() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    write(at("hook.secret"), "word\n").unwrap();
    write(at("page"), "#!/bin/sh\n").unwrap();
    set_permissions(at("page"), Permissions::from_mode(0o777)).unwrap();
    let base = folder.path().display();
    let alerts = format!(
        "[[alert]]\nname = \"hook\"\nwebhook = {{ url = \"http://127.0.0.1:1/\", secret-file = \"hook.secret\" }}\n\
         [[alert]]\nname = \"page\"\nexec = [\"{base}/page\"]\n"
    );
    let file = at("sorry.toml");
    write(&file, format!("state = \"none\"\n{SITE}{alerts}")).unwrap();
    let path = file.to_str().unwrap();
    for (mode, code, told) in [(0o644, 2, true), (0o600, 2, false)] {
        set_permissions(at("hook.secret"), Permissions::from_mode(mode)).unwrap();
        let output = run(SORRY, &["check-config", path]);
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(code), "{error}");
        assert_eq!(
            error.contains("open to everybody (mode 0644)"),
            told,
            "{error}"
        );
        assert_eq!(error.contains(&format!("{path}:9:")), told, "{error}");
        assert!(error.contains(&format!("{path}:12:")), "{error}");
        assert!(
            error.contains("others than its owner may change it")
                || error.contains("belongs to the user"),
            "{error}"
        );
    }
    set_permissions(at("page"), Permissions::from_mode(0o755)).unwrap();
    let output = run(SORRY, &["check-config", path]);
    let error = text(&output.stderr);
    // The folder's files are root's only where root runs the tests.
    assert!(
        output.status.code() == Some(0) || error.contains("belongs to the user"),
        "{error}"
    );
}
