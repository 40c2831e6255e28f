//! What templates make, and what is said of their mistakes.

use super::super::super::words::tests::{bare, filled, full};
use super::*;
use expect_test::{Expect, expect};

fn includes() -> Includes {
    Arc::new(BTreeMap::from([
        ("head.html".to_owned(), "<h1>{{ site }}</h1>".to_owned()),
        ("bad.html".to_owned(), "\n\n{{ nobody }}".to_owned()),
        ("broken.html".to_owned(), "\n{% if %}".to_owned()),
    ]))
}

fn job<'a>(name: &'a str, source: &'a str, words: &'a Words, includes: &'a Includes) -> Job<'a> {
    Job {
        kind: match name {
            "page.html" => Kind::Html,
            "page.json" => Kind::Json,
            "page.xml" => Kind::Xml,
            _ => Kind::Text,
        },
        name,
        source,
        language: "de",
        words,
        includes,
        longest: 3000,
    }
}

fn message(fault: &Fault) -> String {
    let line = fault.line.map_or("-".to_owned(), |line| line.to_string());
    format!("{}:{line}: {}", fault.name, fault.message)
}

fn messages(faults: &[Fault]) -> String {
    faults.iter().map(message).collect::<Vec<_>>().join("\n")
}

fn html_of(source: &str, words: &Words) -> String {
    let Made { faults, made, .. } = job("page.html", source, words, &includes()).html();
    match faults.is_empty() {
        true => made.unwrap(),
        false => messages(&faults),
    }
}

fn page(source: &str, expected: &Expect) {
    expected.assert_eq(&html_of(source, &full()));
}

fn other(name: &str, source: &str, words: &Words) -> String {
    let Made { faults, made, .. } = job(name, source, words, &includes()).template();
    match faults.is_empty() {
        true => filled(&made.unwrap()),
        false => messages(&faults),
    }
}

#[test]
fn html_is_escaped_and_has_no_holes() {
    page(
        "{{ site }}|{{ said }}|{{ until }}|{{ status }} {{ phrase }}|{{ language }}\n",
        &expect![[r#"
            Fish &amp; &quot;Chips&quot; &lt;shop&gt;|A &lt;new&gt; &quot;engine&quot; &amp; more
            in the cellar|2026-05-01T14:00:00Z|503 Service Unavailable|de
        "#]],
    );
    page(
        "{% include 'head.html' %}",
        &expect!["<h1>Fish &amp; &quot;Chips&quot; &lt;shop&gt;</h1>"],
    );
    assert_eq!(
        html_of("{{ auto_return }}", &bare()),
        html::auto_return(None)
    );
    let nothing = html_of("[{{ said }}{{ until }}{% if said %}x{% endif %}]", &bare());
    assert_eq!(nothing, "[]");
    // Whatever its name says: in a page everything is escaped as a page.
    assert_eq!(
        html_of("{{ said }}", &full()),
        "A &lt;new&gt; &quot;engine&quot; &amp; more\nin the cellar"
    );
}

#[test]
fn mistakes_have_names_lines_and_advice() {
    page(
        "<p>\n{{ sight }}",
        &expect![
            "page.html:2: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"
        ],
    );
    page(
        "\n{% if x %}{% endif %}",
        &expect![
            "page.html:2: `x` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"
        ],
    );
    page(
        "<p>\n\n{% if %}",
        &expect!["page.html:3: syntax error: unexpected end of block"],
    );
    page(
        "{{ site|shout }}",
        &expect!["page.html:1: unknown filter: filter shout is unknown"],
    );
    page(
        "{% include 'bad.html' %}",
        &expect![
            "bad.html:3: `nobody` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"
        ],
    );
    page(
        "\n{% include '../../etc/passwd' %}",
        &expect![
            "page.html:2: cannot include a file: tried to include non-existing template '../../etc/passwd'; includes are text files of the page's folder, named from there"
        ],
    );
    page(
        "\n{{ request_id }}",
        &expect![
            "page.html:2: an HTML page is the same for every request and cannot hold request_id: put {{ auto_return }} before </body>; its script looks again when it is time and fills elements with the attributes data-sorry-id and data-sorry-until"
        ],
    );
    page(
        "{{ retry_after|upper }}",
        &expect![
            "page.html:-: an HTML page is the same for every request and cannot hold request_id or retry_after: put {{ auto_return }} before </body>; its script looks again when it is time and fills elements with the attributes data-sorry-id and data-sorry-until"
        ],
    );
    page(
        "{% for i in range(1000) %}xxxx{% endfor %}",
        &expect!["page.html:-: the page is longer than the 3000 bytes that a file may have"],
    );
}

#[test]
fn one_mistake_does_not_hide_the_next() {
    page(
        "{{ sight }}\n{% if x %}{{ hidden }}{% endif %}\n{{ request_id }}\n{% include 'bad.html' %}\n{% for i in untl %}{% endfor %}{{ said.foo }}",
        &expect![[r#"
            page.html:1: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:2: `x` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:3: an HTML page is the same for every request and cannot hold request_id: put {{ auto_return }} before </body>; its script looks again when it is time and fills elements with the attributes data-sorry-id and data-sorry-until
            bad.html:3: `nobody` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:5: `untl` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:5: `said.foo` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"#]],
    );
    page(
        "{{ untl }}\n{% include 'nope.html' %}{% include ['no.html', 'none.html'] %}\n{{ said | uppr }}{{ said|lowr(1) }}\n\
         {% if said is rght %}{% endif %}{{ shout() }}\n{% include 'broken.html' %}\n{{ sit }}",
        &expect![[r#"
            page.html:1: `untl` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:2: cannot include a file: tried to include non-existing template 'nope.html'; includes are text files of the page's folder, named from there
            page.html:2: cannot include a file: tried to include one of multiple templates, none of which existed ['no.html', 'none.html']; includes are text files of the page's folder, named from there
            page.html:3: unknown filter: filter uppr is unknown
            page.html:3: unknown filter: filter lowr is unknown
            page.html:4: unknown test: test rght is unknown
            page.html:4: unknown function: shout is unknown
            broken.html:2: syntax error: unexpected end of block
            page.html:6: `sit` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"#]],
    );
    // What follows from a mistake is not told.
    page(
        "{{ sight }}\n{{ sight / 2 }}\n{{ sit }}",
        &expect![[r#"
            page.html:1: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
            page.html:3: `sit` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"#]],
    );
    expect!["page.json:2: cannot include a file: tried to include non-existing template 'no.json'; includes are text files of the page's folder, named from there"]
        .assert_eq(&other("page.json", "{\"a\":\n{% include 'no.json' %}}", &bare()));
    let many = "{{ sight }}\n".repeat(100);
    assert_eq!(html_of(&many, &bare()).lines().count(), MOST_FAULTS);
    expect![[r#"
        page.json:2: `sight` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return
        page.json:3: what it makes is not JSON: expected value at line 3 column 6; values bring their own quotation marks, as in {"detail": {{ said }}}"#]].assert_eq(&other(
        "page.json",
        "{\n\"a\": {{ sight }},\n\"b\": }",
        &bare(),
    ));
}

#[test]
fn json_values_bring_their_quotation_marks() {
    let source = r#"{"d": {{ said }}, "u": {{ until }}, "r": {{ retry_after }}, "i": {{ request_id }}, "s": {{ status }}}"#;
    assert_eq!(
        other("page.json", source, &full()),
        r#"{"d": "A <new> \"engine\" & more\nin the cellar", "u": "2026-05-01T14:00:00Z", "r":     120, "i": "0123456789abcdef", "s": 503}"#
    );
    assert_eq!(
        other("page.json", source, &bare()),
        r#"{"d": null, "u": null, "r":     120, "i": "0123456789abcdef", "s": 503}"#
    );
    expect![[r#"page.json:2: what it makes is not JSON: expected `,` or `}` at line 2 column 8; values bring their own quotation marks, as in {"detail": {{ said }}}"#]]
        .assert_eq(&other("page.json", "{\n\"d\": \"{{ said }}\"}", &full()));
    expect!["page.json:-: request_id and retry_after can be printed and nothing else: no filter may change them"]
        .assert_eq(&other("page.json", "{\"d\": {{ request_id|upper }}}", &full()));
    expect!["page.json:1: tried to use / operator on unsupported types plain object and number"]
        .assert_eq(&other("page.json", "{{ retry_after / 60 }}", &full()));
    expect!["page.json:1: `auto_return` is not defined; there are site, said, until, status, phrase, language, request_id, retry_after, auto_return"]
        .assert_eq(&other("page.json", "{{ auto_return }}", &full()));
}

#[test]
fn text_pads_where_nobody_sees_it() {
    assert_eq!(
        other(
            "page.txt",
            "{{ site }}\nin {{ retry_after }} s\nRetry: {{ retry_after }}\n{{ request_id }}{{ retry_after }}",
            &full()
        ),
        "Fish & \"Chips\" <shop>\nin     120 s\nRetry: 120    \n0123456789abcdef120    "
    );
    assert_eq!(
        other(
            "page.xml",
            "<x><r>{{ retry_after }}</r><s>{{ site }}</s></x>",
            &full()
        ),
        "<x><r>    120</r><s>Fish &amp; &quot;Chips&quot; &lt;shop&gt;</s></x>"
    );
    assert_eq!(
        other("page.txt", "\u{10fffd}", &full()),
        "page.txt:-: request_id and retry_after can be printed and nothing else: no filter may change them"
    );
}
