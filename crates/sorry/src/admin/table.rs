//! Tables and paragraphs for a terminal: columns as wide as they must be, lines cut or broken at its width.
//!
//! A character counts as one column; the few that take two make a line longer than asked, never unsafe.

use super::look::{Color, Ink, Look};

/// Rows under a heading, each with notes below it.
#[derive(Debug)]
pub(super) struct Table {
    lines: Vec<Entry>,
}

#[derive(Debug)]
enum Entry {
    Row(Vec<Cell>),
    /// How far it is indented, and what it says.
    Note(usize, Cell),
}

/// What stands in a column, or a note.
#[derive(Debug, Clone, Default)]
pub(super) struct Cell {
    text: String,
    ink: Ink,
}

impl Cell {
    /// A text, meant in some way.
    pub(super) fn new(text: impl Into<String>, ink: Ink) -> Cell {
        Cell {
            text: text.into(),
            ink,
        }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::new(text, Ink::Plain)
    }
}

impl Table {
    /// A table that has only its heading.
    pub(super) fn new(heading: &[&str]) -> Table {
        let heading = heading.iter().map(|&title| Cell::new(title, Ink::Strong));
        Table {
            lines: vec![Entry::Row(heading.collect())],
        }
    }

    /// Adds a row; it has as many cells as the heading.
    pub(super) fn row<const CELLS: usize>(&mut self, cells: [impl Into<Cell>; CELLS]) {
        let cells = cells.into_iter().map(Into::into);
        self.lines.push(Entry::Row(cells.collect()));
    }

    /// Adds a paragraph below the last row.
    pub(super) fn note(&mut self, text: impl Into<Cell>) {
        self.lines.push(Entry::Note(2, text.into()));
    }

    /// The same below a row that is indented itself.
    pub(super) fn deeper_note(&mut self, text: impl Into<Cell>) {
        self.lines.push(Entry::Note(4, text.into()));
    }

    /// Whether it has nothing but its heading.
    pub(super) fn is_empty(&self) -> bool {
        self.lines.len() <= 1
    }

    /// The table's text: rows are cut at the width, notes are broken into lines.
    pub(super) fn render(&self, look: &Look) -> String {
        let widths = self.widths();
        let mut text = String::new();
        for entry in &self.lines {
            match entry {
                Entry::Row(cells) => {
                    text.push_str(&line_of(cells, &widths, look.width, look.color));
                    text.push('\n');
                }
                Entry::Note(indent, note) => {
                    for line in wrap(&note.text, *indent, look.width).lines() {
                        text.push_str(&note.ink.paint(line, look.color));
                        text.push('\n');
                    }
                }
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
                *width = (*width).max(cell.text.chars().count());
            }
        }
        widths
    }
}

/// The cells beside each other. The line is cut before it is coloured: colours take no room.
fn line_of(cells: &[Cell], widths: &[usize], width: usize, color: Color) -> String {
    let padded = |(cell, width): (&Cell, &usize)| format!("{:<width$}  ", cell.text);
    let whole: String = cells.iter().zip(widths).map(padded).collect();
    let line = cut(whole.trim_end(), width);
    let mut left = line.chars();
    let mut painted = String::new();
    for (cell, width) in cells.iter().zip(widths) {
        let part: String = left.by_ref().take(width + 2).collect();
        let text = part.trim_end();
        painted.push_str(&cell.ink.paint(text, color));
        painted.push_str(&part[text.len()..]);
    }
    painted
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
    use super::super::moment::Moment;
    use super::*;

    #[test]
    fn colours_take_no_room() {
        let mut table = Table::new(&["A", "B"]);
        table.row([Cell::new("good", Ink::Good), Cell::from("long enough")]);
        let mut look = Look::plain(10, Moment(0));
        let plain = table.render(&look);
        look.color = Color::Coloured;
        let coloured = table.render(&look);
        assert!(coloured.contains("\x1b[32mgood\x1b[0m  lo"), "{coloured:?}");
        let codes = ["\x1b[1m", "\x1b[32m", "\x1b[0m"];
        let without = codes
            .iter()
            .fold(coloured, |text, code| text.replace(code, ""));
        assert_eq!(without, plain);
    }

    #[test]
    fn lines_stay_within_the_width() {
        let mut table = Table::new(&["NAME", "N"]);
        table.row(["a rather long name".to_owned(), "12345".to_owned()]);
        table.note("a note that goes on for longer than the line does");
        for width in [5, 10, 20, 80] {
            let text = table.render(&Look::plain(width, Moment(0)));
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
