//! Visitors who still look at a page that a reload has replaced are given its files.

use std::path::Path;

use crate::harness::{Answer, Server, text};

/// A page with one picture, whose bytes are `word`.
fn write(folder: &Path, word: &str) {
    let page = folder.join("page");
    std::fs::create_dir_all(&page).expect("make a folder");
    let html = "<!doctype html><title>x</title><img src=word.bin alt=\"\">{{ auto_return }}";
    std::fs::write(page.join("page.html"), html).expect("write");
    std::fs::write(page.join("word.bin"), word).expect("write");
}

fn get(server: &Server, target: &str) -> Answer {
    let request = format!("GET {target} HTTP/1.0\r\nAccept: text/html\r\n\r\n");
    let bytes = server.exchange(request.as_bytes());
    Answer::parse(&bytes, "GET").expect("an answer").0
}

/// Where the page's picture is now.
fn picture(server: &Server) -> String {
    let html = get(server, "/").text();
    let start = html.find("/.sorry/").expect("a file of the page's own");
    let end = html[start..].find(['"', ' ', '>', '\'']).expect("its end");
    html[start..start + end].to_owned()
}

#[test]
fn files_of_the_page_before_outlive_a_reload() {
    let folder = tempfile::tempdir().unwrap();
    write(folder.path(), "first");
    let configuration = "[admin]\nsocket = \"none\"\n[[site]]\nname = \"shop\"\n[site.sorry]\n\
        listen = [\"127.0.0.1:0\"]\npage = \"page\"\n";
    let mut server = Server::run(folder.path(), configuration);
    let mut paths = vec![picture(&server)];
    for (generation, word) in [(2, "second"), (3, "third")] {
        write(folder.path(), word);
        server.signal("HUP");
        server.wait_for(&format!("configuration {generation} is in force"));
        paths.push(picture(&server));
    }
    for (path, word) in paths.iter().zip(["first", "second", "third"]) {
        let answer = get(&server, path);
        assert_eq!(
            (answer.status(), text(&answer.body)),
            (200, word.to_owned())
        );
        assert_eq!(answer.field("cache-control"), Some("max-age=300"));
        let exposed = answer.field("access-control-expose-headers");
        assert!(exposed.is_some_and(|names| names.contains("X-Request-Id")));
    }
    assert_eq!(get(&server, "/.sorry/never/word.bin").status(), 503);
}
