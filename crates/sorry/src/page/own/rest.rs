//! What is put in the place of a mistake in a template, so that the rest of it can be looked at and one mistake does not hide
//! the next. Called for each error that rendering ends with; what is made of a mended template is never shown.

use std::ops::Range;

use minijinja::{Error, ErrorKind};

/// Whether the error is a mistake of its own. Any other may follow from what was put in the place of an earlier one.
pub(super) fn stands_alone(error: &Error) -> bool {
    match error.kind() {
        ErrorKind::UndefinedError
        | ErrorKind::UnknownFilter
        | ErrorKind::UnknownTest
        | ErrorKind::UnknownFunction
        | ErrorKind::TemplateNotFound
        | ErrorKind::SyntaxError => true,
        ErrorKind::InvalidOperation => error
            .detail()
            .is_some_and(|detail| detail.starts_with(super::template::SAME_FOR_ALL)),
        _ => false,
    }
}

/// Puts something harmless in the place of what failed, and leaves all lines where they are. Each time less is left that
/// can fail; false where nothing can be put there.
pub(super) fn replace(text: &mut String, range: Range<usize>, kind: ErrorKind) -> bool {
    let Some(old) = text.get(range.clone()) else {
        return false;
    };
    let harmless = match kind {
        // Filters and tests are blamed by their names, which cannot be left out.
        ErrorKind::UnknownFilter => "string",
        ErrorKind::UnknownTest => "defined",
        _ => "\"\"",
    };
    let is_expression = !["{{", "}}", "{%", "%}"].iter().any(|end| old.contains(end));
    if !is_expression || old.trim().is_empty() || old.trim() == harmless {
        return false;
    }
    let lines = old.bytes().filter(|byte| *byte == b'\n').map(|_| '\n');
    let new: String = harmless.chars().chain(lines).collect();
    text.replace_range(range, &new);
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_replaced_leaves_all_lines_where_they_are() {
        for (kind, old, expected) in [
            (ErrorKind::UndefinedError, "x", "{{ \"\" }}"),
            (ErrorKind::UndefinedError, "a\n.b", "{{ \"\"\n }}"),
            (ErrorKind::UnknownFilter, "uppr(1)", "{{ string }}"),
            (ErrorKind::UnknownTest, "rght", "{{ defined }}"),
        ] {
            let mut text = format!("{{{{ {old} }}}}");
            assert!(replace(&mut text, 3..3 + old.len(), kind), "{old}");
            assert_eq!(text, expected);
            assert!(!replace(&mut text, 0..1000, kind), "outside");
        }
        for old in ["\"\"", "  ", "{% if %}"] {
            let mut text = old.to_owned();
            assert!(!replace(&mut text, 0..old.len(), ErrorKind::UndefinedError));
            assert_eq!(text, old);
        }
    }
}
