//! Own pages: references, templates, mistakes with their lines, bounds.

use super::super::words::tests::{bare, filled, full};
use super::super::{Source, digest, load};
use super::*;

/// A folder with these files; a name that ends in `->` is a symbolic link to what stands beside it.
fn folder_of(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name.trim_end_matches("->"));
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        if name.ends_with("->") {
            std::os::unix::fs::symlink(content, &path).unwrap();
        } else {
            std::fs::write(&path, content).unwrap();
        }
    }
    folder
}

fn load_folder(files: &[(&str, &str)], words: &Words, bounds: &Bounds) -> Result<Page, String> {
    let folder = folder_of(files);
    load(&Source::Folder(folder.path().into()), words, bounds)
        .map_err(|error| relative(&error.to_string(), folder.path()))
}

/// Messages without the folder's name, which differs from run to run.
fn relative(message: &str, folder: &Path) -> String {
    let folder = folder.display().to_string();
    message
        .replace(&format!("{folder}/"), "")
        .replace(&folder, "FOLDER")
}

fn page_of(files: &[(&str, &str)]) -> Page {
    load_folder(files, &bare(), &Bounds::default()).unwrap()
}

/// The one page of a folder with `html` and some files, with the hash left out.
fn moved(html: &str) -> String {
    let page = page_of(&[
        ("page.html", html),
        ("logo.png", "png"),
        ("my logo.png", "png"),
        ("a,b.png", "png"),
        ("img/big.png", "png"),
        ("site.css", "p{}"),
        ("terms.pdf", "pdf"),
        ("app.js", ""),
        ("f.woff2", "font"),
    ]);
    let body = text(&page.html[0]);
    let prefix = page.assets[0].path.split('/').nth(2).unwrap().to_owned();
    assert_eq!(prefix.len(), 16);
    body.replace(&prefix, "HASH")
}

fn text(document: &Document) -> String {
    String::from_utf8(document.body.to_vec()).unwrap()
}

mod mistakes;

#[test]
fn references_are_moved_and_all_else_stays() {
    for (html, expected) in [
        ("<img src=logo.png>", "<img src=\"/.sorry/HASH/logo.png\">"),
        (
            "<img alt='x>y' SRC='./img/../logo.png?v=1#f' />",
            "<img alt='x>y' SRC=\"/.sorry/HASH/logo.png?v=1#f\" />",
        ),
        (
            "<img src=\"my logo.png\"><img src=my%20logo.png>",
            "<img src=\"/.sorry/HASH/my%20logo.png\"><img src=\"/.sorry/HASH/my%20logo.png\">",
        ),
        (
            "<img src=\"logo.png?a&amp;b\">",
            "<img src=\"/.sorry/HASH/logo.png?a&amp;b\">",
        ),
        (
            "<img srcset=\"logo.png 1x,  img/big.png 2x, a,b.png 3x\">",
            "<img srcset=\"/.sorry/HASH/logo.png 1x,  /.sorry/HASH/img/big.png 2x, /.sorry/HASH/a%2Cb.png 3x\">",
        ),
        (
            "<video poster=logo.png></video>",
            "<video poster=\"/.sorry/HASH/logo.png\"></video>",
        ),
        (
            "<link rel=stylesheet href=site.css>",
            "<link rel=stylesheet href=\"/.sorry/HASH/site.css\">",
        ),
        (
            "<script src=app.js></script>",
            "<script src=\"/.sorry/HASH/app.js\"></script>",
        ),
        ("<a href=terms.pdf>", "<a href=\"/.sorry/HASH/terms.pdf\">"),
        (
            "<style>@import 'site.css';a{b:url(logo.png)}</style>",
            "<style>@import \"/.sorry/HASH/site.css\";a{b:url(\"/.sorry/HASH/logo.png\")}</style>",
        ),
        (
            "<p style='a:url(logo.png);b:\"x\"'>",
            "<p style=\"a:url(&quot;/.sorry/HASH/logo.png&quot;);b:&quot;x&quot;\">",
        ),
        // Untouched, byte for byte.
        (
            "<!-- <img src=no.png> --><P  CLASS = a>&copy;<br/></p >",
            "<!-- <img src=no.png> --><P  CLASS = a>&copy;<br/></p >",
        ),
        (
            "<a href=/>/</a><a href=#top>#</a><a href=mailto:a@b>m</a>",
            "<a href=/>/</a><a href=#top>#</a><a href=mailto:a@b>m</a>",
        ),
        (
            "<img src=data:,x><img src=''>",
            "<img src=data:,x><img src=''>",
        ),
        (
            "<title><img src=no.png></title>",
            "<title><img src=no.png></title>",
        ),
        ("a\r\nb", "a\nb"),
    ] {
        assert_eq!(moved(html), expected, "{html}");
    }
}

#[test]
fn assets_lie_in_one_folder_so_that_their_own_references_work() {
    // The two style sheets import each other, and a module imports another: none is changed.
    let files = [
        ("page.html", "<link rel=stylesheet href=css/a.css>"),
        ("css/a.css", "@import 'b.css';a{b:url(../img/x%20y.png)}"),
        ("css/b.css", "@import url(a.css);"),
        ("img/x y.png", "png"),
        ("js/app.mjs", "import './part.mjs'"),
        ("js/part.mjs", ""),
    ];
    let page = page_of(&files);
    let assets: Vec<(&str, &str)> = page
        .assets
        .iter()
        .map(|asset| (asset.path.split_at(24).1, asset.content_type))
        .collect();
    assert_eq!(
        assets,
        [
            ("/css/a.css", "text/css; charset=utf-8"),
            ("/css/b.css", "text/css; charset=utf-8"),
            ("/img/x%20y.png", "image/png"),
            ("/js/app.mjs", "text/javascript; charset=utf-8"),
            ("/js/part.mjs", "text/javascript; charset=utf-8"),
        ]
    );
    assert_eq!(&page.assets[0].body[..], files[1].1.as_bytes());
    let hash = page.assets[0].path[8..24].to_owned();
    assert!(text(&page.html[0]).contains(&format!("\"/.sorry/{hash}/css/a.css\"")));
    // Other content, other name.
    let mut others = files;
    others[3].1 = "other png";
    assert_ne!(page_of(&others).assets[0].path, page.assets[0].path);
}

#[test]
fn a_single_file_brings_what_it_refers_to_and_nothing_else() {
    let folder = folder_of(&[
        (
            "sorry.html",
            "<link rel=stylesheet href=css/a.css><h1>{{ site }}</h1>{{ auto_return }}",
        ),
        ("css/a.css", "a{b:url(../logo.png)}"),
        ("logo.png", "png"),
        ("private.key", "secret"),
        ("page.json", "{}"),
    ]);
    let page = load(
        &Source::File(folder.path().join("sorry.html")),
        &full(),
        &Bounds::default(),
    )
    .unwrap();
    let paths: Vec<&str> = page
        .assets
        .iter()
        .map(|asset| asset.path.split_at(24).1)
        .collect();
    assert_eq!(paths, ["/css/a.css", "/logo.png"]);
    assert_eq!(page.html.len(), 1);
    assert_eq!(&*page.html[0].language, "en");
    assert!(text(&page.html[0]).contains("<h1>Fish &amp; &quot;Chips&quot; &lt;shop&gt;</h1>"));
    assert_eq!(page.warnings, []);
    assert_ne!(page.problem_json.masked(), b"{}");
    assert_eq!(page.text.len(), 12);
}

#[test]
fn stray_files_of_a_folder_are_given_to_nobody_and_told_of() {
    let page = page_of(&[
        ("page.html", "<a href=terms.pdf>{{ auto_return }}</a>"),
        ("terms.pdf", "pdf"),
        ("report.pdf", "pdf"),
        ("backup.sql", "secret"),
        ("old/customers.csv", "secret"),
        ("app.mjs", "import './part.mjs'; fetch('data.json')"),
        ("part.mjs", ""),
        ("data.json", "{}"),
        ("lazy.png", "png"),
        ("head.html", "may be included"),
    ]);
    let paths: Vec<&str> = page
        .assets
        .iter()
        .map(|asset| asset.path.split_at(24).1)
        .collect();
    assert_eq!(paths, ["/app.mjs", "/lazy.png", "/part.mjs", "/terms.pdf"]);
    let warned: Vec<_> = page
        .warnings
        .iter()
        .filter(|warning| warning.message.contains("is given to nobody"))
        .filter_map(|warning| warning.file.file_name()?.to_str())
        .collect();
    let expected = ["backup.sql", "data.json", "customers.csv", "report.pdf"];
    assert_eq!(warned, expected);
    assert_eq!(page.warnings.len(), expected.len());
}

#[test]
fn not_every_stray_file_is_named() {
    let names: Vec<String> = (0..23).map(|n| format!("{n}.bak")).collect();
    let mut files = vec![("page.html", "{{ auto_return }}")];
    files.extend(names.iter().map(|name| (name.as_str(), "")));
    let page = page_of(&files);
    assert_eq!(page.warnings.len(), 21);
    assert!(page.warnings[20].message.contains("3 more"));
}

#[test]
fn languages_and_dialects_come_from_names() {
    let mut words = full();
    words.default_language = "de-AT".into();
    let files = [
        ("page.html", "{{ language }}"),
        ("page.en.html", "{{ language }}"),
        ("page.pt-BR.html", "{{ language }}"),
        ("page.txt", "Text {{ language }} {{ retry_after }}\n"),
        ("page.en.txt", "Text {{ language }}\n"),
        (
            "page.json",
            "{\n\"status\": {{ status }}, \"wait\": {{ retry_after }}, \"id\": {{ request_id }}\n}\n",
        ),
        ("page.xml", "<sorry>{{ request_id }}</sorry>\n"),
        ("head.html", "never served"),
        ("index.html", "{{ nobody }}"),
    ];
    let page = load_folder(&files, &words, &Bounds::default()).unwrap();
    let html: Vec<(&str, String)> = page.html.iter().map(|d| (&*d.language, text(d))).collect();
    assert_eq!(
        html,
        [
            ("de-at", "de-at".into()),
            ("en", "en".into()),
            ("pt-br", "pt-br".into())
        ]
    );
    let texts: Vec<(&str, String)> = page
        .text
        .iter()
        .map(|(tag, t)| (&**tag, filled(t)))
        .collect();
    assert_eq!(
        texts,
        [
            ("de-at", "Text de-at 120    \n".into()),
            ("en", "Text en\n".to_owned())
        ]
    );
    assert_eq!(
        filled(&page.problem_json),
        "{\n\"status\": 503, \"wait\":     120, \"id\": \"0123456789abcdef\"\n}\n"
    );
    assert_eq!(
        filled(&page.event_stream),
        "retry: 0000120000\nevent: sorry\ndata: {\ndata: \"status\": 503, \"wait\":     120, \"id\": \"0123456789abcdef\"\ndata: }\n\n"
    );
    assert_eq!(filled(&page.xml), "<sorry>0123456789abcdef</sorry>\n");
    assert!(page.assets.is_empty());
    assert!(page.warnings.iter().any(|w| w.file.ends_with("index.html")));
    // Without a page for people the built-in one is shown; an index is the page where there is no other.
    assert_eq!(page_of(&[("page.json", "{}")]).html.len(), 12);
    let index = page_of(&[("index.html", "i"), ("index.de.html", "d")]);
    assert_eq!(index.html.len(), 2);
    assert!(index.assets.is_empty());
}

#[test]
fn the_policy_is_made_of_what_is_there() {
    let csp = |html: &str| {
        let page = page_of(&[
            ("page.html", html),
            ("logo.png", ""),
            ("app.js", ""),
            ("f.woff2", ""),
            ("v.mp4", ""),
            (
                "a.css",
                "@font-face{src:url(f.woff2)}a{b:url(https://img.example/x.png)}",
            ),
        ]);
        page.html[0]
            .csp
            .replace("; connect-src 'self'; base-uri 'none'", "")
    };
    let script = "'sha256-qznLcsROx4GACP2dm0UCKCzCG+HiZ1guq6ZZDob/Tng='";
    let image = "img-src 'self' data:";
    let none = "form-action 'none'";
    for (html, expected) in [
        ("x", format!("{image}; {none}")),
        (
            "<script>alert('Hello, world.');</script>",
            format!("script-src {script}; {image}; {none}"),
        ),
        (
            "<script type=module src=app.js></script>",
            format!("script-src 'self'; {image}; {none}"),
        ),
        (
            "<p style=color:red>",
            format!("style-src-attr 'unsafe-inline'; {image}; {none}"),
        ),
        (
            "<link rel=stylesheet href=a.css>",
            format!(
                "style-src 'self'; img-src 'self' data: https://img.example; font-src 'self'; {none}"
            ),
        ),
        (
            "<video src=v.mp4>",
            format!("{image}; media-src 'self'; {none}"),
        ),
        (
            "<img src=//CDN.example/x><iframe src=https://player.example/y?z>",
            format!("img-src 'self' cdn.example data:; frame-src https://player.example; {none}"),
        ),
        (
            "<form action=https://mail.example/join>",
            format!("{image}; form-action https://mail.example"),
        ),
        ("<form>", format!("{image}; {none}")),
        (
            "<form action='/search'>",
            format!("{image}; form-action 'self'"),
        ),
    ] {
        assert_eq!(
            csp(html),
            format!("default-src 'none'; {expected}"),
            "{html}"
        );
    }
    // The hash is that of the style as it is sent, after references were moved and line ends became newlines.
    let page = page_of(&[
        ("page.html", "<style>\r\na{b:url(logo.png)}</style>"),
        ("logo.png", ""),
    ]);
    let body = text(&page.html[0]);
    let style = body
        .split_once("<style>")
        .unwrap()
        .1
        .split_once("</style>")
        .unwrap()
        .0;
    assert!(style.starts_with("\na{b:url(\"/.sorry/"));
    assert!(
        page.html[0]
            .csp
            .contains(&format!("style-src {}", digest::csp_source(style)))
    );
}

#[test]
fn the_returning_script_runs_on_own_pages() {
    let mut words = bare();
    words.page_path = Some("/down".into());
    let files = [(
        "page.html",
        "<p hidden><b data-sorry-id></b>{{ auto_return }}</body>",
    )];
    let page = load_folder(&files, &words, &Bounds::default()).unwrap();
    let body = text(&page.html[0]);
    let script = body.split_once("<script data-page=\"/down\">").unwrap().1;
    let script = script.split_once("</script>").unwrap().0;
    assert!(page.html[0].csp.contains(&digest::csp_source(script)));
    assert!(page.warnings.is_empty());
}
