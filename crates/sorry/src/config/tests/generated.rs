//! The reference and the example are what the declarations say, and the example is true.

use super::{valid, zone};
use crate::config::reader::Reader;
use crate::config::{Place, example, explain, keys, manual, spec};
use expect_test::{expect, expect_file};

#[test]
fn the_manual_is_generated() {
    expect_file!["../../../../../docs/manual/configuration.md"].assert_eq(&manual());
}

#[test]
fn the_example_is_generated() {
    expect_file!["../../../../../etc/sorry.toml"].assert_eq(&example());
}

#[test]
fn the_example_works_as_it_stands() {
    let config = valid(&example());
    assert_eq!(config.sites.len(), 1);
    assert!(config.files.is_empty(), "it names files that are not there");
}

/// The example with its commented keys and headers made live.
fn uncommented() -> String {
    let text = example();
    let lines = text.lines().map(|line| match line.strip_prefix('#') {
        Some(key) if !key.starts_with(' ') => key,
        _ => line,
    });
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn every_commented_key_of_the_example_works() {
    let config = valid(&uncommented());
    assert_eq!(config.certificates.len(), 1);
    assert!(config.sites[0].sorry.until.is_some());
}

#[test]
fn the_example_shows_every_key_and_every_default() {
    let text = uncommented();
    let plain = valid(&example());
    let full = valid(&text);
    assert_eq!(plain.limits, full.limits);
    assert_eq!(plain.log, full.log);
    assert_eq!(plain.admin, full.admin);
    assert_eq!(plain.workers, full.workers);
    for key in keys() {
        let last = key.rsplit('.').next().unwrap();
        let shown = text
            .lines()
            .any(|line| match key.starts_with("site.sorry.listen.") {
                true => line.starts_with(&format!("# {last}: ")),
                false => ["{} = ", "{}]", "{}."].iter().any(|form| {
                    line.replace("cors.", "")
                        .contains(&form.replace("{}", last))
                }),
            });
        assert!(shown || key == "site.sorry.cors", "{key}");
    }
}

#[test]
fn every_default_is_valid() {
    let zone = zone();
    let mut reader = Reader::new("", &zone);
    let file: spec::File = reader.defaults(Place::File, &spec::File::TABLE);
    let site: spec::Site = reader.defaults(Place::File, &spec::Site::TABLE);
    let _: spec::ListenTable = reader.defaults(Place::File, &spec::ListenTable::TABLE);
    assert_eq!(reader.mistakes, []);
    assert!(file.limits.is_some() && site.sorry.is_some());
}

#[test]
fn keys_are_explained_by_their_full_name_or_its_end() {
    expect![[r#"
        site.sorry.retry-after
            "auto" or a duration from 1s to 30d, such as "90s"; default "auto"

            When clients may ask again, sent as Retry-After with a little random time added so that they do
            not all return in one second. `"auto"` is the time until the end of what is ordered, or `until`;
            without those, of a site that is watched, what its past outages say is left of this one; else
            two minutes. A time given here is said whatever is known.

            example: retry-after = "10m"
    "#]].assert_eq(&explain("site.sorry.retry-after").unwrap());
    assert_eq!(explain("retry-after"), explain("site.sorry.retry-after"));
    let example = "example: cors.origins = [\"https://app.example.com\"]";
    assert!(explain("cors.origins").unwrap().contains(example));
    let tls = explain("tls").unwrap();
    assert!(
        tls.starts_with("tls\n") && tls.contains("site.sorry.listen.tls\n"),
        "{tls}"
    );
    assert!(!explain("[[tls]]").unwrap().contains("site."));
    let near = explain("site.sorry.untill").unwrap_err().near;
    assert_eq!(near, ["site.sorry.until"]);
    expect![[r#"
        site.sorry.listen.mode
            permissions in octal such as "0660"; optional

            The permissions of a unix socket; 0660 if none are given.

            example: mode = "0666"

        site.sorry.mode
            "in-place" or "redirect"; default "in-place"

            Where visitors see the page.
            "in-place": under the URL they asked for, which they keep and can reload
            "redirect": under `redirect-page`, to which GET and HEAD requests that accept HTML are
            redirected; all others are refused in place

            example: mode = "redirect"
    "#]]
    .assert_eq(&explain("mode").unwrap());
    expect![[r#"
        admin
            [admin]

            Where `sorry status` and the other commands find this process; and, with `listen`,
            `certificate`, `key` and `tokens`, where operators do from afar.

            keys:
                socket
                listen
                certificate
                key
                tokens
                hosts
    "#]]
    .assert_eq(&explain("admin").unwrap());
    assert_eq!(explain("[admin]"), explain("admin"));
    for key in keys() {
        let text = explain(&key).expect(&key);
        assert!(text.starts_with(&key), "{key}");
    }
}

#[test]
fn keys_that_are_not_there_have_near_ones() {
    for (asked, expected) in [
        (
            "retry_after",
            "there is no key `retry_after`: did you mean site.sorry.retry-after or site.sorry.retry-after-form?",
        ),
        (
            "limits.head-byte",
            "there is no key `limits.head-byte`: did you mean",
        ),
        ("colour", "there is no key `colour`"),
        ("", "there is no key ``"),
    ] {
        let error = explain(asked).unwrap_err().to_string();
        assert!(error.starts_with(expected), "{error}");
    }
}

/// A piece of the manual's configuration as a whole file: what is for a site gets one, and what is for others a site beside it.
fn completed(piece: &str) -> Vec<String> {
    let site = "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n";
    let real = "[[site.real-server]]\naddress = \"10.0.0.11:8080\"\n";
    let of_site = piece.lines().filter(|line| line.starts_with("check."));
    let of_site: Vec<String> = of_site
        .map(|line| format!("{site}{line}\n{real}"))
        .collect();
    match piece.lines().next() {
        Some("[[site]]") => vec![piece.to_owned()],
        Some(first) if first.starts_with("[[site.") || first.starts_with("quorum") => {
            vec![format!("{site}{piece}")]
        }
        Some(first) if first.starts_with("check.") => of_site,
        _ => vec![format!("{piece}\n{site}")],
    }
}

#[test]
fn the_examples_of_the_manual_work() {
    for (name, manual) in [
        (
            "watching",
            include_str!("../../../../../docs/manual/watching.md"),
        ),
        (
            "windows",
            include_str!("../../../../../docs/manual/windows.md"),
        ),
    ] {
        let pieces = manual.split("```toml\n").skip(1);
        let pieces: Vec<&str> = pieces
            .filter_map(|piece| piece.split("```").next())
            .collect();
        assert!(!pieces.is_empty(), "{name}");
        for text in pieces.iter().flat_map(|piece| completed(piece)) {
            let config = valid(&text);
            let told: Vec<&String> = config
                .warnings
                .iter()
                .filter(|told| !told.contains("quorum."))
                .collect();
            assert!(told.is_empty(), "{name}: {told:?}\n{text}");
        }
    }
}
