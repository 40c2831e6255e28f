//! What is typed wrong is told whole, with a way to mend it, and exit code 2.

use std::net::TcpListener;

use crate::harness::{SORRY, run, text};

/// Code, standard output, standard error.
fn sorry(arguments: &[&str]) -> (Option<i32>, String, String) {
    let output = run(SORRY, arguments);
    (
        output.status.code(),
        text(&output.stdout),
        text(&output.stderr),
    )
}

#[test]
fn wrong_flags_are_told_with_what_would_be_right() {
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = busy.local_addr().unwrap().to_string();
    let long = "x".repeat(501);
    let table: [(&[&str], &[&str]); 19] = [
        (&[], &["Usage: sorry <COMMAND>"]),
        (&["frobnicate"], &["unrecognized subcommand 'frobnicate'"]),
        (
            &["serve", "--nonsense"],
            &["unexpected argument '--nonsense'"],
        ),
        (&["serve", "--stats", "503"], &["--stats", "--status"]),
        (
            &["serve", "--status", "200"],
            &["--status: 200 does not say", "alive"],
        ),
        (
            &["serve", "--status", "302"],
            &["--status: 302 does not say", "redirect"],
        ),
        (
            &["serve", "--status", "404"],
            &["--status: 404 does not say"],
        ),
        (&["serve", "--status", "many"], &["'many'", "--status"]),
        (
            &["serve", "--mode", "redirectt"],
            &["--mode: `redirectt`", "did you mean \"redirect\""],
        ),
        (
            &["serve", "--retry-after", "soon"],
            &["--retry-after: `soon`", "90s"],
        ),
        (
            &["serve", "--until", "yesterday"],
            &["--until: `yesterday`", "14:00"],
        ),
        (&["serve", "--say", &long], &["--say", "500"]),
        (&["serve", "--say", "a\u{1b}[31mb"], &["--say"]),
        (
            &["serve", "--listen", "nowhere"],
            &["--listen: `nowhere` is not an IP address and port"],
        ),
        (
            &["serve", "--listen", &taken],
            &[
                "--listen: cannot bind",
                "in use by",
                "for example --listen 127.0.0.1:8081",
            ],
        ),
        (
            &["serve", "--page", "/nonexistent"],
            &["--page: /nonexistent: cannot read", "check the path"],
        ),
        (
            &["serve", "--tls-cert", "a.pem"],
            &["--tls-cert: 1 given, but 0 of --tls-key"],
        ),
        (
            &[
                "serve",
                "--tls-cert",
                "/nonexistent.pem",
                "--tls-key",
                "/nonexistent.key",
            ],
            &["/nonexistent.pem"],
        ),
        (&["serve", "--metrics", "9503"], &["--metrics: `9503`"]),
    ];
    for (arguments, expected) in table {
        let (code, out, error) = sorry(arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {error}");
        assert_eq!(out, "", "{arguments:?}");
        for part in expected {
            assert!(
                error.contains(part),
                "{arguments:?}: no {part:?} in\n{error}"
            );
        }
        assert!(!error.contains("panicked"), "{error}");
        assert!(!error.contains("takeover"), "serve cannot: {error}");
    }
}

#[test]
fn several_wrong_flags_are_told_at_once() {
    let (code, _, error) = sorry(&[
        "serve",
        "--status",
        "200",
        "--retry-after",
        "soon",
        "--until",
        "never",
    ]);
    assert_eq!(code, Some(2));
    for flag in ["--status:", "--retry-after:", "--until:"] {
        assert!(error.contains(flag), "{error}");
    }
}

const BAD: &str = r#"wokers = 2
[[site]]
name = "shop"
hosts = ["a b"]
[site.sorry]
listen = ["nowhere"]
status = 200
until = "soon"
"#;

#[test]
fn every_mistake_of_a_file_has_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("bad.toml");
    std::fs::write(&file, BAD).unwrap();
    let path = file.to_str().unwrap();
    let places = ["1:1", "4:11", "6:11", "7:10", "8:9"];
    for arguments in [
        ["check-config", path].as_slice(),
        &["run", "--config", path],
    ] {
        let (code, out, error) = sorry(arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        for place in places {
            assert!(
                error.contains(&format!("--> {path}:{place}")),
                "{place}:\n{error}"
            );
        }
        assert!(
            error.contains("did you mean `workers`?") && error.contains("^^^^^^"),
            "{error}"
        );
        assert!(!error.contains('\x1b'), "no colours where nobody looks");
    }
    let (code, out, error) = sorry(&["check-config", "--json", path]);
    assert_eq!((code, error.as_str()), (Some(2), ""));
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    assert_eq!(report["file"], path);
    assert_eq!(report["warnings"], serde_json::json!([]));
    let told: Vec<_> = report["mistakes"]
        .as_array()
        .expect("mistakes")
        .iter()
        .map(|mistake| format!("{}:{}", mistake["line"], mistake["column"]))
        .collect();
    assert_eq!(told, places);
}

#[test]
fn files_that_are_named_are_looked_at() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("page.html"), "<p>{{ reason }</p>\n").unwrap();
    let file = folder.path().join("sorry.toml");
    let configuration = "[[tls]]\ncertificate = \"shop.pem\"\nkey = \"missing.pem\"\n[[site]]\nname = \"shop\"\n[site.sorry]\n\
        listen = [{ address = \"127.0.0.1:0\", tls = true }]\npage = \"page.html\"\nrobots = \"robots.txt\"\n";
    std::fs::write(&file, configuration).unwrap();
    let (code, _, error) = sorry(&["check-config", file.to_str().unwrap()]);
    assert_eq!(code, Some(2));
    for part in [
        "page.html",
        "shop.pem",
        "missing.pem",
        "robots.txt",
        "sorry.toml:3:",
        "sorry.toml:8:",
    ] {
        assert!(error.contains(part), "no {part:?} in\n{error}");
    }
}

#[test]
fn a_mistake_in_a_page_hides_neither_others_nor_warnings() {
    let folder = tempfile::tempdir().unwrap();
    let html =
        "<img src=\"/logo.svg\">\n{{ untl }}\n{% include \"nope.html\" %}\n{{ said | uppr }}\n";
    std::fs::write(folder.path().join("page.html"), html).unwrap();
    let file = folder.path().join("sorry.toml");
    let configuration = "[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\npage = \"page.html\"\nsay = \"x\"\n";
    std::fs::write(&file, configuration).unwrap();
    let path = file.to_str().unwrap();
    let (code, _, error) = sorry(&["check-config", path]);
    assert_eq!(code, Some(2));
    for part in [
        "page.html:2: `untl` is not defined",
        "page.html:3: cannot include a file",
        "page.html:4: unknown filter",
        "page.html:1: \"/logo.svg\" asks the site itself",
    ] {
        assert!(error.contains(part), "no {part:?} in\n{error}");
    }
    let (_, out, _) = sorry(&["check-config", "--json", path]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let count = |field: &str| report[field].as_array().map(Vec::len);
    assert_eq!((count("mistakes"), count("warnings")), (Some(3), Some(1)));
    let first = &report["mistakes"][0];
    assert_eq!((&first["file"], &first["line"]), (&path.into(), &5.into()));
    let page = folder.path().join("page.html").display().to_string();
    let inside = serde_json::json!({ "file": page, "line": 2 });
    assert_eq!(first["in"], inside, "the page's own line");
}

#[test]
fn a_file_that_is_fine_is_fine() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sorry.toml");
    let (code, example, _) = sorry(&["config", "example"]);
    assert_eq!(code, Some(0));
    std::fs::write(&file, example).unwrap();
    let path = file.to_str().unwrap();
    let (code, out, error) = sorry(&["check-config", path]);
    assert_eq!((code, error.as_str()), (Some(0), ""));
    assert!(out.ends_with(": fine\n"), "{out}");
    let (code, out, _) = sorry(&["check-config", "--json", path]);
    let report: serde_json::Value = serde_json::from_str(&out).expect("JSON");
    let expected =
        serde_json::json!({ "file": path, "mistakes": [], "warnings": [], "detection": [] });
    assert_eq!((code, report), (Some(0), expected));
    let (code, _, error) = sorry(&["check-config", "/nonexistent/sorry.toml"]);
    assert_eq!(code, Some(2));
    assert!(error.contains("/nonexistent/sorry.toml"), "{error}");
    assert!(error.contains("sorry config example"), "{error}");
    let (code, out, _) = sorry(&["check-config", "-c", path]);
    assert_eq!((code, out), (Some(0), format!("{path}: fine\n")));
}

#[test]
fn folders_that_are_missing_are_told_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let base = folder.path().display();
    let file = folder.path().join("sorry.toml");
    let configuration = format!(
        "[admin]\nsocket = \"{base}/a/b/admin.sock\"\n[log]\naccess = \"json\"\naccess-file = \"l/logs/access.log\"\n[[site]]\n\
         name = \"shop\"\n[site.sorry]\nlisten = [\"unix:{base}/c/d/http.sock\", \"unix:{base}/made/http.sock\"]\n"
    );
    std::fs::write(&file, configuration).unwrap();
    let path = file.to_str().unwrap();
    for arguments in [
        ["check-config", path].as_slice(),
        &["run", "--config", path],
    ] {
        let (code, _, error) = sorry(arguments);
        assert_eq!(code, Some(2), "{error}");
        for part in [
            format!("{path}:2:10"),
            format!("the folder {base}/a does not exist"),
            format!("{path}:5:15"),
            format!("the folder {base}/l does not exist"),
            format!("{path}:9:11"),
            format!("the folder {base}/c does not exist"),
        ] {
            assert!(error.contains(&part), "no {part:?} in\n{error}");
        }
        assert_eq!(error.matches("error[").count(), 3, "{error}");
        assert!(!folder.path().join("made").exists());
    }
}

#[test]
fn what_can_never_be_made_is_told_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let plain = folder.path().join("plain");
    std::fs::write(&plain, "somebody's").unwrap();
    let file = folder.path().join("sorry.toml");
    let configuration = format!(
        "[admin]\nsocket = \"none\"\n[log]\naccess = \"json\"\naccess-file = \"/proc/nowhere/a.log\"\n[[site]]\nname = \"shop\"\n\
         [site.sorry]\nlisten = [\"unix:{}\"]\n",
        plain.display()
    );
    std::fs::write(&file, configuration).unwrap();
    let path = file.to_str().unwrap();
    let (code, _, error) = sorry(&["check-config", path]);
    assert_eq!(code, Some(2), "{error}");
    for part in [
        format!("{path}:5:15"),
        "nothing can be made in /proc".to_owned(),
        format!("{path}:9:11"),
        "there is a file that is none".to_owned(),
    ] {
        assert!(error.contains(&part), "no {part:?} in\n{error}");
    }
    assert_eq!(std::fs::read_to_string(&plain).unwrap(), "somebody's");
}

#[test]
fn an_address_of_the_operators_own_that_is_taken_is_told_by_what_it_is_for() {
    let folder = tempfile::tempdir().unwrap();
    let busy = TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = busy.local_addr().unwrap();
    let socket = folder.path().join("admin.sock");
    let _alive = std::os::unix::net::UnixListener::bind(&socket).unwrap();
    let site = "[[site]]\nname = \"shop\"\n[site.sorry]\nlisten = [\"127.0.0.1:0\"]\n";
    for (lines, expected) in [
        (
            format!("[admin]\nsocket = \"none\"\n[metrics]\nlisten = \"{taken}\"\n"),
            format!("the metrics address: cannot bind {taken}: address in use"),
        ),
        (
            format!("[admin]\nsocket = \"{}\"\n", socket.display()),
            format!(
                "the admin socket: cannot listen on unix:{}: a living process listens there: ",
                socket.display()
            ),
        ),
    ] {
        let file = folder.path().join("sorry.toml");
        std::fs::write(&file, format!("{lines}{site}")).unwrap();
        let (code, _, error) = sorry(&["run", "-c", file.to_str().unwrap()]);
        assert_eq!(code, Some(2), "{error}");
        for part in [
            &*expected,
            "--takeover",
            &format!("pid {}", std::process::id()),
        ] {
            assert!(error.contains(part), "no {part:?} in\n{error}");
        }
    }
}

#[test]
fn an_access_log_that_cannot_be_written_is_a_mistake_of_the_file_that_names_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("sorry.toml");
    // No file may have such a name, whoever runs the test.
    let name = "x".repeat(300);
    let configuration = format!(
        "[admin]\nsocket = \"none\"\n[log]\naccess = \"json\"\naccess-file = \"{name}\"\n[[site]]\nname = \"shop\"\n\
         [site.sorry]\nlisten = [\"127.0.0.1:0\"]\n"
    );
    std::fs::write(&file, configuration).unwrap();
    let path = file.to_str().unwrap();
    let (code, _, error) = sorry(&["run", "-c", path]);
    assert_eq!(code, Some(2), "{error}");
    for part in [
        &format!("{path}:5:15"),
        "cannot open the access log ",
        "[log] access-file",
    ] {
        assert!(error.contains(part), "no {part:?} in\n{error}");
    }
}

#[test]
fn a_site_that_no_certificate_is_for_is_a_warning_with_its_place() {
    let folder = tempfile::tempdir().unwrap();
    let made = rcgen::generate_simple_self_signed(["shop.example".to_owned()]).unwrap();
    let pair = folder.path().join("shop.pem");
    let text = made.cert.pem() + &made.signing_key.serialize_pem();
    std::fs::write(&pair, text).unwrap();
    let private = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&pair, private).unwrap();
    let file = folder.path().join("sorry.toml");
    let configuration = "[[tls]]\ncertificate = \"shop.pem\"\nkey = \"shop.pem\"\n[[site]]\nname = \"blog\"\n\
        hosts = [\"blog.example\"]\n[site.sorry]\nlisten = [{ address = \"127.0.0.1:0\", tls = true }]\n";
    std::fs::write(&file, configuration).unwrap();
    let path = file.to_str().unwrap();
    let (code, out, error) = sorry(&["check-config", path]);
    assert_eq!(code, Some(0), "{error}");
    for part in [
        &*format!("warning: {path}:8:23: site blog: no certificate is for blog.example"),
        ": fine\n",
    ] {
        assert!(out.contains(part), "no {part:?} in\n{out}");
    }
}
