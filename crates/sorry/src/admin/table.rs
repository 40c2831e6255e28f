//! Tables and paragraphs for a terminal: columns as wide as they must be, lines cut or broken at its width.
//!
//! A character counts as one column; the few that take two make a line longer than asked, never unsafe.

/// Rows under a heading, each with notes below it.
#[derive(Debug)]
pub(super) struct Table {
    lines: Vec<Entry>,
}

#[derive(Debug)]
enum Entry {
    Row(Vec<String>),
    Note(String),
}

impl Table {
    /// A table that has only its heading.
    pub(super) fn new(heading: &[&str]) -> Table {
        let heading = heading.iter().map(|&title| title.to_owned()).collect();
        Table {
            lines: vec![Entry::Row(heading)],
        }
    }

    /// Adds a row; it has as many cells as the heading.
    pub(super) fn row<const CELLS: usize>(&mut self, cells: [String; CELLS]) {
        self.lines.push(Entry::Row(cells.into()));
    }

    /// Adds a paragraph below the last row.
    pub(super) fn note(&mut self, text: &str) {
        self.lines.push(Entry::Note(text.to_owned()));
    }

    /// The table's text: rows are cut at `width`, notes are broken into lines.
    pub(super) fn render(&self, width: usize) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for entry in &self.lines {
            match entry {
                Entry::Row(cells) => {
                    let cells = cells.iter().zip(&widths);
                    let line: String = cells
                        .map(|(cell, width)| format!("{cell:<width$}  "))
                        .collect();
                    text.push_str(&cut(line.trim_end(), width));
                    text.push('\n');
                }
                Entry::Note(note) => text.push_str(&wrap(note, 2, width)),
            }
        }
        text
    }

    fn widths(&self) -> Vec<usize> {
        let mut widths = Vec::new();
        for entry in &self.lines {
            let Entry::Row(cells) = entry else { continue };
            widths.resize(widths.len().max(cells.len()), 0);
            for (width, cell) in widths.iter_mut().zip(cells) {
                *width = (*width).max(cell.chars().count());
            }
        }
        widths
    }
}

/// A line of at most `width` characters; an ellipsis shows that something is missing.
pub(super) fn cut(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    let kept: String = line.chars().take(width.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// A paragraph, indented and broken at blanks; words longer than a line are cut.
pub(super) fn wrap(text: &str, indent: usize, width: usize) -> String {
    let room = width.saturating_sub(indent).max(1);
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(cut(word, room)),
        }
    }
    let indented = lines.iter().map(|line| format!("{:indent$}{line}\n", ""));
    indented.collect()
}

/// The text with every control character, and whatever turns the direction of writing, written out.
pub(super) fn printable(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control()
            || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
        {
            out.extend(c.escape_unicode());
        } else {
            out.push(c);
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_stay_within_the_width() {
        let mut table = Table::new(&["NAME", "N"]);
        table.row(["a rather long name".to_owned(), "12345".to_owned()]);
        table.note("a note that goes on for longer than the line does");
        for width in [5, 10, 20, 80] {
            let text = table.render(width);
            assert!(
                text.lines().all(|line| line.chars().count() <= width),
                "{text}"
            );
        }
        assert_eq!(cut("abc def", 5), "abc…");
        assert_eq!(cut("abcde", 5), "abcde");
        assert_eq!(wrap("a bb ccc dddddd", 1, 6), " a bb\n ccc\n dddd…\n");
    }

    #[test]
    fn what_moves_a_cursor_is_shown() {
        assert_eq!(
            printable("a\x1b[2J\u{202e}ü\n"),
            "a\\u{1b}[2J\\u{202e}ü\\u{a}"
        );
    }
}
