//! Text that is not TOML.

use super::check;
use crate::config::{Code, Color, Place, load};
use expect_test::expect;
use std::path::Path;

const REST: &str = "[[site]]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n";

#[test]
fn several_broken_lines_are_all_told() {
    check(
        &format!(
            "workers 4\npin-workers = yes\n{REST}hosts = [\"shop.example.com\",, \"b\"]\n[limits]\nhead-time = 5s\nidle-time =\n"
        ),
        expect![[r#"
            error[syntax]: the key has no value
             --> sorry.toml:1:9
              |
            1 | workers 4
              |         ^
              |
              = help: write: key = value

            error[syntax]: `yes` is not in quotes
             --> sorry.toml:2:15
              |
            2 | pin-workers = yes
              |               ^^^
              |
              = help: write true, or "yes" if it is text

            error[syntax]: extra comma in array
             --> sorry.toml:6:29
              |
            6 | hosts = ["shop.example.com",, "b"]
              |                             ^
              |
              = help: expected value

            error[syntax]: `5s` is not in quotes
             --> sorry.toml:8:13
              |
            8 | head-time = 5s
              |             ^^
              |
              = help: write "5s"

            error[syntax]: there is no value
             --> sorry.toml:9:12
              |
            9 | idle-time =
              |            ^
              |
              = help: write: key = value
        "#]],
    );
}

#[test]
fn values_without_quotes() {
    check(
        "[[site]]\nname = shop\nsorry.page = /srv/page\nsorry.status = 0x\nsorry.until = 2026-13-01T00:00:00Z\nsorry.say =\n[limits]\nassets = 0x\n[log]\nlevel = on\n",
        expect![[r#"
            error[syntax]: `shop` is not in quotes
             --> sorry.toml:2:8
              |
            2 | name = shop
              |        ^^^^
              |
              = help: write "shop"

            error[syntax]: `/srv/page` is not in quotes
             --> sorry.toml:3:14
              |
            3 | sorry.page = /srv/page
              |              ^^^^^^^^^
              |
              = help: write "/srv/page"

            error[invalid]: status: `0x` is not a number
             --> sorry.toml:4:16
              |
            4 | sorry.status = 0x
              |                ^^
              |
              = help: for example: status = 502

            error[syntax]: invalid date
             --> sorry.toml:5:15
              |
            5 | sorry.until = 2026-13-01T00:00:00Z
              |               ^^^^^^^^^^^^^^^^^^^^
              |
              = help: expected month between 01 and 12

            error[syntax]: there is no value
             --> sorry.toml:6:12
              |
            6 | sorry.say =
              |            ^
              |
              = help: write: key = value

            error[invalid]: assets: `0x` is not a number
             --> sorry.toml:8:10
              |
            8 | assets = 0x
              |          ^^
              |
              = help: it may be 0 to 100000

            error[syntax]: `on` is not in quotes
              --> sorry.toml:10:9
               |
            10 | level = on
               |         ^^
               |
               = help: write true, or "on" if it is text
        "#]],
    );
}

#[test]
fn a_string_that_is_not_closed() {
    check(
        &format!("{REST}[log]\nlevel = \"info\naccess = \"json\"\n"),
        expect![[r#"
            error[syntax]: the text does not end on its line
             --> sorry.toml:5:14
              |
            5 | level = "info
              |              ^
              |
              = help: is a `"` missing?
        "#]],
    );
}

#[test]
fn an_array_that_is_not_closed_is_one_mistake() {
    check(
        "pin-workers = 1\n[[site]]\nname = \"shop\"\nhosts = [\"a.example\",\nsorry.listen = [\"127.0.0.1:8503\"]\n[log]\nlevel = \"info\"\n",
        expect![[r#"
            error[wrong-type]: pin-workers: must be true or false, not a whole number
             --> sorry.toml:1:15
              |
            1 | pin-workers = 1
              |               ^
              |
              = help: for example: pin-workers = true

            error[syntax]: the array that begins here is not closed
             --> sorry.toml:4:9
              |
            4 | hosts = ["a.example",
              |         ^
            5 | sorry.listen = ["127.0.0.1:8503"]
              | --------------------------------- this is taken for a part of it
              |
              = help: is a `]` missing?
        "#]],
    );
}

#[test]
fn what_is_open_at_the_end_of_the_file() {
    check(
        &format!("{REST}sorry.cors.origins = [\n  \"https://a.example\",\n"),
        expect![[r#"
            error[syntax]: the array that begins here is not closed
             --> sorry.toml:4:22
              |
            4 | sorry.cors.origins = [
              |                      ^
              |
              = help: is a `]` missing?
        "#]],
    );
    check(
        &format!("{REST}sorry.say = \"\"\"\nWe are\nback soon\n"),
        expect![[r#"
            error[syntax]: the text that begins here is not closed
             --> sorry.toml:4:13
              |
            4 | sorry.say = """
              |             ^^^
              |
              = help: is a `"""` missing?
        "#]],
    );
    check(
        "site = [{ name = \"shop\", sorry = { status = 200, listen = [\"x\"] }\n",
        expect![[r#"
            error[syntax]: the array that begins here is not closed
             --> sorry.toml:1:8
              |
            1 | site = [{ name = "shop", sorry = { status = 200, listen = ["x"] }
              |        ^
              |
              = help: is a `]` missing?
        "#]],
    );
    check(
        "[[site]]\nname = \"shop\"\nhosts = [\"a.example\", \"b.example\n]\nsorry.status = 1\n",
        expect![[r#"
            error[syntax]: the text does not end on its line
             --> sorry.toml:3:33
              |
            3 | hosts = ["a.example", "b.example
              |                                 ^
              |
              = help: is a `"` missing?

            error[out-of-range]: status: 1 does not say that the server is at fault
             --> sorry.toml:5:16
              |
            5 | sorry.status = 1
              |                ^
              |
              = help: 503 is what a site that is down says
        "#]],
    );
}

#[test]
fn a_header_that_is_not_closed_hides_only_what_follows() {
    check(
        "workers = true\n[[site]\nname = \"shop\"\nsorry.listen = [\"127.0.0.1:8503\"]\n",
        expect![[r#"
            error[wrong-type]: workers: must be "auto" or a whole number from 1 to 1024, not true or false
             --> sorry.toml:1:11
              |
            1 | workers = true
              |           ^^^^
              |
              = help: for example: workers = 4

            error[syntax]: unclosed array table
             --> sorry.toml:2:8
              |
            2 | [[site]
              |        ^
              |
              = help: expected `]`
        "#]],
    );
}

#[test]
fn keys_and_tables_given_twice() {
    check(
        &format!("workers = 1\nworkers = 2\n{REST}[site.sorry]\nstatus = 503\n[log]\n[log]\n"),
        expect![[r#"
            error[duplicate]: the key `workers` is given twice
             --> sorry.toml:2:1
              |
            2 | workers = 2
              | ^^^^^^^
              |
              = help: keep one of the two

            error[duplicate]: the table `sorry` is given twice
             --> sorry.toml:6:7
              |
            6 | [site.sorry]
              |       ^^^^^
              |
              = help: a table has one header, and none if its keys are dotted as in `sorry.listen = ..`

            error[duplicate]: the table `log` is given twice
             --> sorry.toml:9:2
              |
            9 | [log]
              |  ^^^
              |
              = help: a table has one header, and none if its keys are dotted as in `sorry.listen = ..`
        "#]],
    );
}

#[test]
fn escapes_and_control_characters() {
    check(
        &format!("{REST}sorry.say = \"a \\q b\"\nsorry.page = 'a\u{1}b'\n"),
        expect![[r#"
            error[syntax]: there is no such escape
             --> sorry.toml:4:17
              |
            4 | sorry.say = "a \q b"
              |                 ^
              |
              = help: write \\ for a backslash, or use '...', where it has no meaning

            error[syntax]: the character U+0001 cannot stand in text
             --> sorry.toml:5:16
              |
            5 | sorry.page = 'a␁b'
              |                ^
              |
              = help: write it as an escape in double quotes, such as \u0007
        "#]],
    );
}

#[test]
fn a_mistake_in_a_value_is_told_beside_a_syntax_error_elsewhere() {
    check(
        &format!("{REST}sorry.status = 200\nsorry.statsu = 503\n[log]\nlevel = loud\n"),
        expect![[r#"
            error[out-of-range]: status: 200 does not say that the server is at fault
             --> sorry.toml:4:16
              |
            4 | sorry.status = 200
              |                ^^^
              |
              = help: a page that says 200 is taken for the site by caches and crawlers; a balancer's check may ask for the path of `alive`

            error[unknown-key]: unknown key `statsu` in [site.sorry]
             --> sorry.toml:5:7
              |
            5 | sorry.statsu = 503
              |       ^^^^^^
              |
              = help: did you mean `status`?

            error[syntax]: `loud` is not in quotes
             --> sorry.toml:7:9
              |
            7 | level = loud
              |         ^^^^
              |
              = help: write "loud"
        "#]],
    );
}

#[test]
fn a_file_that_is_not_there() {
    let report = load(Path::new("/nonexistent/sorry.toml")).unwrap_err();
    expect![[r#"
        error[unreadable]: cannot read the configuration: No such file or directory (os error 2)
        --> /nonexistent/sorry.toml
         = help: `sorry config example` prints one to begin with, and `sorry serve` needs none
    "#]]
    .assert_eq(&report.render(Color::Plain));
    assert_eq!(report.mistakes()[0].code, Code::Unreadable);
    assert_eq!(report.mistakes()[0].place, Place::File);
}

#[test]
fn a_file_that_is_not_utf8() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sorry.toml");
    std::fs::write(&path, b"# Z\xfcrich\nworkers = 1\n").unwrap();
    let report = load(&path).unwrap_err();
    let text = report.render(Color::Plain);
    let text = text.replace(folder.path().to_str().unwrap(), "FOLDER");
    expect![[r#"
        error[encoding]: the byte 0xfc is not UTF-8
         --> FOLDER/sorry.toml:1:4
          |
        1 | # Z�rich
          |    ^
          |
          = help: save the file as UTF-8
    "#]]
    .assert_eq(&text);
}

#[test]
fn a_file_is_read_and_its_paths_are_in_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("sorry.toml");
    std::fs::write(&path, format!("\u{feff}{REST}sorry.page = \"page.html\"\n")).unwrap();
    let config = load(&path).unwrap();
    assert_eq!(config.files[0].path, folder.path().join("page.html"));
}
