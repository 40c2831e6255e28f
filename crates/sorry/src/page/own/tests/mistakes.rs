//! What is refused, what is warned of, and in which words.

use super::*;
use expect_test::{Expect, expect};

fn refused(files: &[(&str, &str)], expected: &Expect) {
    let message = load_folder(files, &bare(), &Bounds::default())
        .map(drop)
        .unwrap_err();
    expected.assert_eq(&message);
}

fn warned(html: &str, expected: &Expect) {
    let files = [("page.html", html), ("logo.png", "")];
    let page = page_of(&files);
    let warnings: Vec<String> = page
        .warnings
        .iter()
        .map(|w| format!("{}: {}", w.line.unwrap_or(0), w.message))
        .filter(|w| !w.contains("does not bring visitors back"))
        .collect();
    expected.assert_eq(&warnings.join("\n"));
}

#[test]
fn mistakes_come_together_with_files_and_lines() {
    refused(
        &[
            (
                "page.html",
                "<img src=logo.png>\n{{ site }}\n<img src=lgo.png srcset='no.png 1x'>\n<base href=/x>\n<a href=../x>",
            ),
            ("page.de.html", "\n{{ sight }}"),
            ("page.txt", "{% if %}"),
            ("page.json", "{"),
            ("logo.png", ""),
        ],
        &expect![[r#"
            page.de.html:2: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:3: "lgo.png" names a file that is not there; what is on the site itself begins with /
            page.html:3: "no.png" names a file that is not there; what is on the site itself begins with /
            page.html:4: <base> would move every reference of the page; write them relative to the page's folder
            page.html:5: "../x" leads out of the page's folder
            page.json:1: what it makes is not JSON: EOF while parsing an object at line 1 column 1; values bring their own quotation marks, as in {"detail": {{ said }}}
            page.txt:1: syntax error: unexpected end of block"#]],
    );
    refused(
        &[
            (
                "page.html",
                "<style>\n\na{b:url(no.png)}</style><link rel=stylesheet href=css/a.css>",
            ),
            (
                "css/a.css",
                "\n@import 'no.css';\na{b:url(../l%6Fgo.png)}\n/**/b{c:url(../../x)}",
            ),
            ("logo.png", ""),
        ],
        &expect![[r#"
            css/a.css:2: "no.css" names a file that is not there; what is on the site itself begins with /
            css/a.css:3: "../l%6Fgo.png" is asked for under another name than it is served; write it like "logo.png"
            css/a.css:4: "../../x" leads out of the page's folder
            page.html:3: "no.png" names a file that is not there; what is on the site itself begins with /"#]],
    );
}

#[test]
fn lines_are_those_of_the_source_whatever_templates_do_to_them() {
    let html = "{% for i in range(3) %}\n<p>\n\n</p>\n{% endfor %}\n<pre>{{ said }}</pre>\n<img src=no.png>";
    let folder = folder_of(&[("page.html", html)]);
    let error = load(
        &Source::Folder(folder.path().into()),
        &full(),
        &Bounds::default(),
    )
    .unwrap_err();
    assert_eq!(error.mistakes[0].line, Some(7));
}

#[test]
fn mistakes_of_a_page_do_not_hide_each_other() {
    refused(
        &[
            (
                "page.html",
                "{{ sight }}\n{{ untl }}\n<img src=no.png>\n{% include 'foot.html' %}",
            ),
            ("page.de.html", "{% include 'foot.html' %}"),
            ("page.txt", "{% if %}"),
            ("page.de.txt", "{{ sad }}"),
            ("foot.html", "\n{{ nobody }}"),
        ],
        &expect![[r#"
            foot.html:2: `nobody` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.de.txt:1: `sad` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:1: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:2: `untl` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:3: "no.png" names a file that is not there; what is on the site itself begins with /
            page.txt:1: syntax error: unexpected end of block"#]],
    );
}

#[test]
fn mistakes_do_not_hide_warnings() {
    let html = "<img src=/logo.svg>\n{{ untl }}\n<button onclick='go()'>\n<img src=https://cdn.example/x.png>\n{% include 'no.html' %}";
    let folder = folder_of(&[("page.html", html)]);
    let source = Source::Folder(folder.path().into());
    let error = load(&source, &bare(), &Bounds::default()).unwrap_err();
    assert_eq!(error.mistakes.len(), 2, "{error}");
    let lines: Vec<_> = error.warnings.iter().map(|w| w.line).collect();
    assert_eq!(lines, [Some(1), Some(3), Some(4)], "{:?}", error.warnings);
}

#[test]
fn files_with_almost_the_name_of_a_page_are_told() {
    let page = page_of(&[
        (
            "page.html",
            "{% include 'page-nav.html' %}{{ auto_return }}",
        ),
        ("page-nav.html", ""),
        ("page_de.html", ""),
        ("Page.fr.html", ""),
        ("page.deutsch.html", ""),
        ("page-it.txt", ""),
    ]);
    let mut said: Vec<String> = page
        .warnings
        .iter()
        .map(|w| format!("{}: {}", w.file.file_name().unwrap().display(), w.message))
        .collect();
    said.sort();
    expect![[r#"
        Page.fr.html: is not shown under this name; call it page.fr.html
        page-it.txt: is not shown under this name; call it page.it.txt
        page.deutsch.html: is not shown under this name; call it page.de.html
        page_de.html: is not shown under this name; call it page.de.html"#]]
    .assert_eq(&said.join("\n"));
    assert_eq!(page.html.len(), 1);
}

#[test]
fn what_programs_read_must_be_well_formed() {
    refused(
        &[
            (
                "page.xml",
                "<?xml version=\"1.0\"?>\n{% for i in range(3) %}\n{% endfor %}\n<sorry>\n<why>Fish & Chips</why>\n</sorry>\n",
            ),
            ("page.json", "{\n{# why #}\n\"why\": {{ said }},\n}\n"),
        ],
        &expect![[r#"
            page.json:4: what it makes is not JSON: trailing comma at line 4 column 1; values bring their own quotation marks, as in {"detail": {{ said }}}
            page.xml:5: what it makes is not well-formed XML: a bare `&` is written as &amp;"#]],
    );
    for (xml, expected) in [
        (
            "\n",
            "page.xml:1: what it makes is not well-formed XML: there is no element in it",
        ),
        (
            "<a>{{ retry_after }}<b></a>",
            "page.xml:1: what it makes is not well-formed XML: </a> stands where <b> ends",
        ),
    ] {
        let found = load_folder(&[("page.xml", xml)], &bare(), &Bounds::default()).map(drop);
        assert_eq!(found.unwrap_err(), expected);
    }
    // What the operator says is encoded, and so are the holes.
    let page = load_folder(
        &[("page.xml", "<a b='{{ request_id }}'>{{ said }}</a>")],
        &full(),
        &Bounds::default(),
    );
    assert!(page.is_ok());
}

#[test]
fn a_folder_must_hold_together() {
    refused(
        &[("logo.png", "")],
        &expect![
            "FOLDER: has no page.html, nor any of index.html, page.json, page.txt and page.xml"
        ],
    );
    refused(
        &[("page.de.html", "x"), ("page.fr.html", "y")],
        &expect!["FOLDER: has page.de.html but no page.html for the default language, en"],
    );
    refused(
        &[("page.html", "x"), ("page.en.html", "y")],
        &expect!["FOLDER: has two pages in one language: page.html is in the default language, en"],
    );
    refused(
        &[("page.html", "x"), ("page.de.json", "{}")],
        &expect![
            "page.de.json: is for one language, but programs read it: there is one page.json and one page.xml for all"
        ],
    );
    refused(
        &[("page.html", " \n")],
        &expect!["page.html: the page is empty"],
    );
    refused(
        &[("page.html", "x\0")],
        &expect!["page.html: has a NUL character in it, which no page may have"],
    );
    refused(
        &[
            ("page.html", "<a href=page.html>\n<iframe src=more.html>"),
            ("more.html", ""),
        ],
        &expect![[r#"
            page.html:1: "page.html" is the page itself, which has no address of its own; link to / instead
            page.html:2: "more.html" is another page, and only the page itself is shown while the site is down"#]],
    );
    let folder = folder_of(&[]);
    let missing = folder.path().join("nowhere");
    let error = load(
        &Source::Folder(missing.clone()),
        &bare(),
        &Bounds::default(),
    )
    .unwrap_err();
    expect!["nowhere: cannot open the page's folder: No such file or directory (os error 2)"]
        .assert_eq(&relative(&error.to_string(), folder.path()));
    let error = load(
        &Source::File(missing.join("page.html")),
        &bare(),
        &Bounds::default(),
    )
    .unwrap_err();
    assert!(error.to_string().contains("cannot open"), "{error}");
    std::fs::write(folder.path().join("page.html"), b"one\ntwo \xff").unwrap();
    let error = load(
        &Source::Folder(folder.path().into()),
        &bare(),
        &Bounds::default(),
    )
    .unwrap_err();
    expect!["page.html:2: is not UTF-8 from here on; save it as UTF-8"]
        .assert_eq(&relative(&error.to_string(), folder.path()));
}

#[test]
fn bounds_are_kept() {
    let check = |files: &[(&str, &str)], bounds: Bounds, expected: &Expect| {
        let message = load_folder(files, &bare(), &bounds).map(drop).unwrap_err();
        expected.assert_eq(&message);
    };
    let bounds = Bounds {
        file_bytes: 100,
        assets: 2,
        total_bytes: 150,
    };
    let long = "x".repeat(101);
    let fits = "x".repeat(100);
    check(
        &[("page.html", "x"), ("a.png", &long)],
        bounds,
        &expect![
            "a.png: is longer than the 100 bytes that a file of a page may have; shorten it, or raise page-bytes in [limits]"
        ],
    );
    check(
        &[("page.html", &fits), ("a.png", &fits)],
        bounds,
        &expect![
            "page.html: makes the page's files longer than the 150 bytes that they may have together"
        ],
    );
    check(
        &[("page.html", "x"), ("a.js", ""), ("b.js", ""), ("c.js", "")],
        bounds,
        &expect!["FOLDER: has 3 assets; a page may have 2"],
    );
    check(
        &[(
            "page.html",
            "{% for i in range(9) %}{{ range(9) }}{% endfor %}",
        )],
        bounds,
        &expect!["page.html: the page is longer than the 100 bytes that a file may have"],
    );
    let many: Vec<(String, &str)> = (0..300).map(|n| (format!("{n}.png"), "")).collect();
    let many: Vec<(&str, &str)> = many
        .iter()
        .map(|(name, body)| (name.as_str(), *body))
        .collect();
    check(
        &many,
        bounds,
        &expect![[r#"
        FOLDER: has 258 assets; a page may have 2
        61.png: is one file too many: a page may have 2 assets"#]],
    );
    let deep = format!("{}x.png", "d/".repeat(18));
    let message = load_folder(&[("page.html", "x"), (&deep, "")], &bare(), &bounds)
        .map(drop)
        .unwrap_err();
    assert!(
        message.ends_with("lies more than 16 folders deep"),
        "{message}"
    );
    assert!(load_folder(&[("page.html", "x"), ("a.png", &fits)], &bare(), &bounds).is_ok());
}

#[test]
fn nothing_hidden_and_nothing_from_outside_is_read() {
    let secret = folder_of(&[("secret.txt", "secret")]);
    let outside = secret.path().join("secret.txt");
    let page = page_of(&[
        ("page.html", "x"),
        (".env", "secret"),
        (".git/config", "secret"),
        ("page.html~", "old"),
        ("#page.html#", "old"),
        // As in a mounted volume: files that link to files of a hidden folder.
        ("..data/logo.png", "png"),
        ("logo.png->", "..data/logo.png"),
        ("loop->", "."),
    ]);
    let paths: Vec<&str> = page
        .assets
        .iter()
        .map(|asset| asset.path.split_at(24).1)
        .collect();
    assert_eq!(paths, ["/logo.png"]);
    let message = load_folder(
        &[("page.html", "x"), ("a.txt->", outside.to_str().unwrap())],
        &bare(),
        &Bounds::default(),
    )
    .map(drop)
    .unwrap_err();
    assert!(
        message.starts_with("a.txt: is a symbolic link out of the page's folder, to "),
        "{message}"
    );
    refused(
        &[("page.html", "x"), ("a.txt->", "nowhere")],
        &expect!["a.txt: cannot read the file: No such file or directory (os error 2)"],
    );
    refused(
        &[
            ("page.html", "<img src=.env><img src=sub/.x/y>"),
            (".env", ""),
            ("sub/.x/y", ""),
        ],
        &expect![[r#"
            page.html:1: ".env" names a file that is not there; what is on the site itself begins with /
            page.html:1: "sub/.x/y" names a file that is not there; what is on the site itself begins with /"#]],
    );
}

#[test]
fn what_works_and_is_unwise_is_said() {
    warned(
        "\n<img src=https://cdn.example/x.png>",
        &expect![[
            r#"2: "https://cdn.example/x.png" asks another host while the site is down; a copy beside the page always works"#
        ]],
    );
    warned(
        "<img src=/logo.png>",
        &expect![[
            r#"1: "/logo.png" asks the site itself, which is down; write it relative to the page's folder"#
        ]],
    );
    warned(
        "<style>\n@import '//fonts.example/a';</style>",
        &expect![[
            r#"2: "//fonts.example/a" asks another host while the site is down; a copy beside the page always works"#
        ]],
    );
    warned(
        "<button onclick='go()'>",
        &expect![
            "1: onclick never runs: the page's Content-Security-Policy allows blocks and files of script, and no attributes"
        ],
    );
    warned(
        "<a href='javascript:go()'>",
        &expect!["1: javascript: never runs under the page's Content-Security-Policy"],
    );
    warned(
        "<meta http-equiv=refresh content=5>",
        &expect![
            "1: a refresh reloads whether the site is back or not, and takes what is being read away; {{ auto_return }} asks first"
        ],
    );
    warned(
        "<form action=/search>",
        &expect!["1: the form is sent to the site itself, which is down"],
    );
    warned(
        "<a href=https://status.example/><a href=/><img src=logo.png>",
        &expect![""],
    );
    let page = page_of(&[("page.html", "x")]);
    assert!(
        page.warnings[0]
            .message
            .starts_with("does not bring visitors back")
    );
}
