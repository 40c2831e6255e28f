//! Tables and paragraphs for a terminal: columns as wide as they must be, and where there is no room for all of them, as `column` says.
//!
//! A character counts as one column; the few that take two make a line longer than asked, never unsafe.

use super::column::{Column, Gives, Need, layout};
use super::look::{Color, Ink, Look};

/// Rows under a heading, each with notes below it.
#[derive(Debug)]
pub(super) struct Table {
    columns: Vec<Column>,
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

    /// The same in lines of so many characters: broken at blanks, and within words that are longer. What stood indented stays so.
    fn in_lines(&self, width: usize) -> Vec<Cell> {
        if self.text.chars().count() <= width {
            return vec![self.clone()];
        }
        let indent = self.text.chars().take_while(|c| *c == ' ').count();
        let room = width.saturating_sub(indent).max(1);
        let mut lines: Vec<String> = Vec::new();
        for word in self.text.split_whitespace() {
            let letters: Vec<char> = word.chars().collect();
            for (nth, part) in letters.chunks(room).enumerate() {
                match lines.last_mut() {
                    Some(line) if nth == 0 && line.chars().count() + 1 + part.len() <= room => {
                        line.push(' ');
                        line.extend(part);
                    }
                    _ => lines.push(part.iter().collect()),
                }
            }
        }
        let cell = |line| Cell::new(format!("{:indent$}{line}", ""), self.ink);
        lines.into_iter().map(cell).collect()
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Cell {
        Cell::new(text, Ink::Plain)
    }
}

impl Table {
    /// A table that has only its heading.
    pub(super) fn new(columns: &[Column]) -> Table {
        let heading = columns
            .iter()
            .map(|column| Cell::new(column.title, Ink::Strong));
        Table {
            columns: columns.to_vec(),
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

    /// The table's text: cells and notes are broken into lines, and what is too wide even so is cut.
    pub(super) fn render(&self, look: &Look) -> String {
        let widths = layout(&self.columns, &self.needs(), look.width);
        let mut text = String::new();
        for (index, entry) in self.lines.iter().enumerate() {
            match entry {
                Entry::Row(cells) => {
                    for line in row_of(cells, &widths, look) {
                        text.push_str(&line);
                        text.push('\n');
                    }
                    // The heading has nothing to say below.
                    if index > 0 {
                        self.below(cells, &widths, look, &mut text);
                    }
                }
                Entry::Note(indent, note) => push_note(note, *indent, look, &mut text),
            }
        }
        text
    }

    /// What columns say that went below their row.
    fn below(&self, cells: &[Cell], widths: &[Option<usize>], look: &Look, text: &mut String) {
        let gone = self.columns.iter().zip(widths).zip(cells);
        for ((column, width), cell) in gone {
            if width.is_none() && column.gives == Gives::GoesBelow && !cell.text.is_empty() {
                push_note(cell, 2, look, text);
            }
        }
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs = vec![Need::default(); self.columns.len()];
        for entry in &self.lines {
            let Entry::Row(cells) = entry else { continue };
            for (need, cell) in needs.iter_mut().zip(cells) {
                let words = cell.text.split_whitespace();
                let longest = words.map(|word| word.chars().count()).max();
                need.whole = need.whole.max(cell.text.chars().count());
                need.word = need.word.max(longest.unwrap_or_default());
            }
        }
        needs
    }
}

fn push_note(note: &Cell, indent: usize, look: &Look, text: &mut String) {
    for line in wrap(&note.text, indent, look.width).lines() {
        text.push_str(&note.ink.paint(line, look.color));
        text.push('\n');
    }
}

/// The lines of a row: as many as its longest cell has, where each column is so wide.
fn row_of(cells: &[Cell], widths: &[Option<usize>], look: &Look) -> Vec<String> {
    let shown = cells.iter().zip(widths);
    let shown = shown.filter_map(|(cell, width)| Some((cell, (*width)?)));
    let (columns, widths): (Vec<Vec<Cell>>, Vec<usize>) = shown
        .map(|(cell, width)| (cell.in_lines(width), width))
        .unzip();
    let height = columns.iter().map(Vec::len).max().unwrap_or_default();
    let line = |at: usize| {
        let cells = columns.iter();
        let cells: Vec<Cell> = cells
            .map(|lines| lines.get(at).cloned().unwrap_or_default())
            .collect();
        line_of(&cells, &widths, look.width, look.color)
    };
    (0..height).map(line).collect()
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
    use super::super::column::{below, kept, spare, wraps};
    use super::super::moment::Moment;
    use super::*;
    use expect_test::expect;

    #[test]
    fn colours_take_no_room() {
        let mut table = Table::new(&[kept("A"), kept("B")]);
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
        let mut table = Table::new(&[wraps("NAME"), kept("N")]);
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
    fn what_has_no_room_beside_is_broken_or_stands_below() {
        let mut table = Table::new(&[wraps("NAME"), spare("NUMBER"), kept("STATE"), below("WHY")]);
        let why = "nobody answers at either of the two addresses";
        table.row(["  10.0.0.1:80 and two others", "1", "down", why]);
        table.row(["2001:db8:0:1:2:3:4:5:6:7:8", "2", "up", ""]);
        expect![[r#"
            NAME                          STATE
              10.0.0.1:80 and two others  down
              nobody answers at either of the two
              addresses
            2001:db8:0:1:2:3:4:5:6:7:8    up
        "#]]
        .assert_eq(&table.render(&Look::plain(40, Moment(0))));
        expect![[r#"
            NAME           STATE
              10.0.0.1:80  down
              and two
              others
              nobody answers at
              either of the two
              addresses
            2001:db8:0:1:  up
            2:3:4:5:6:7:8
        "#]]
        .assert_eq(&table.render(&Look::plain(20, Moment(0))));
    }

    #[test]
    fn what_moves_a_cursor_is_shown() {
        assert_eq!(
            printable("a\x1b[2J\u{202e}ü\n"),
            "a\\u{1b}[2J\\u{202e}ü\\u{a}"
        );
    }
}
