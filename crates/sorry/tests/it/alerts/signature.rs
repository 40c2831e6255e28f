//! The manual says how a receiver checks a signature: what it says works, in a shell with OpenSSL and in Python.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;

use sorry_server::config::alert::{Channel, Url};

use super::stage::{Answer, Hook, desk, firing, receiver, run};

/// The first block of that language in the manual's page.
fn block(language: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/manual/alerts.md");
    let page = std::fs::read_to_string(page).expect("the manual");
    let (_, rest) = page
        .split_once(&format!("\n```{language}\n"))
        .expect("a block");
    let (block, _) = rest.split_once("\n```").expect("its end");
    block.to_owned()
}

#[test]
fn what_the_manual_says_checks_signatures() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = |name: &str| folder.path().join(name).display().to_string();
    std::fs::write(path("key"), "correct horse\n").expect("write the key");
    let seen = run(async {
        let mut hook = Hook::new(vec![Answer::status(200)]).await;
        let channel = Channel::Webhook {
            url: Url::Given(hook.url().into()),
            secret: Some(path("key").into()),
        };
        let desk = desk(vec![receiver("ops", channel)], &Arc::default());
        desk.tell(&firing(1));
        hook.next().await
    });
    let signature = seen.field("x-sorry-signature").expect("a signature");
    std::fs::write(path("body"), &seen.body).expect("write the body");
    std::fs::write(path("verify.sh"), block("sh")).expect("write the script");
    let python = format!(
        "{}\n\nimport sys\nbody = open(sys.argv[2], 'rb').read()\nkey = open(sys.argv[3], 'rb').read().strip()\n\
         sys.exit(not is_ours(sys.argv[1], body, key))\n",
        block("python")
    );
    std::fs::write(path("verify.py"), python).expect("write the script");
    let old = signature.replacen("t=1", "t=0", 1);
    for (signature, body, good) in [
        (signature, "body", true),
        (signature, "key", false),
        (&*old, "body", false),
        ("t=1,v1=00", "body", false),
    ] {
        for (program, script) in [("sh", "verify.sh"), ("/usr/bin/python3", "verify.py")] {
            let mut command = Command::new(program);
            command.args([path(script), signature.to_owned(), path(body), path("key")]);
            let output = command
                .output()
                .unwrap_or_else(|error| panic!("cannot run {program}: {error}"));
            assert_eq!(
                output.status.success(),
                good,
                "{program} {signature} {body}: {output:?}"
            );
        }
    }
}
