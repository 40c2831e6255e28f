//! The columns of a table, and how they give way where a line has no room for all of them: some are broken into lines, some leave.
//!
//! Widths only; `table` has the cells and draws them.

/// Between two columns.
const GAP: usize = 2;

/// The least width to which a column is narrowed while others can still give way, where its words are no longer.
const COMFORTABLE: usize = 16;
/// Words longer than this are broken before a column leaves for them.
const LONG_WORD: usize = 30;
/// A column that can stand below its row stays beside it while it has so much room, and its longest cell so few lines.
const BESIDE: usize = 24;
const BESIDE_LINES: usize = 3;
/// The least width when nothing else helps.
const TIGHT: usize = 8;

/// A column: its title, and how it gives way.
#[derive(Debug, Clone, Copy)]
pub(super) struct Column {
    pub(super) title: &'static str,
    pub(super) gives: Gives,
}

/// How a column gives way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Gives {
    /// It does not: its cells are short, or cannot be read in pieces.
    Nothing,
    /// Its cells are broken into lines.
    Wraps,
    /// It is not shown: the table says as much without it.
    Leaves,
    /// What it says stands below each row.
    GoesBelow,
}

/// A column that is never narrowed.
pub(super) const fn kept(title: &'static str) -> Column {
    let gives = Gives::Nothing;
    Column { title, gives }
}

/// A column whose cells can be broken into lines.
pub(super) const fn wraps(title: &'static str) -> Column {
    let gives = Gives::Wraps;
    Column { title, gives }
}

/// A column that can be done without.
pub(super) const fn spare(title: &'static str) -> Column {
    let gives = Gives::Leaves;
    Column { title, gives }
}

/// A column of sentences.
pub(super) const fn below(title: &'static str) -> Column {
    let gives = Gives::GoesBelow;
    Column { title, gives }
}

/// What a column's cells ask for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Need {
    /// The longest cell.
    pub(super) whole: usize,
    /// The longest word.
    pub(super) word: usize,
}

/// How wide each column is; none where it has left. Those that can be done without go first, the last of them before the others.
/// What is still too wide then is cut by whoever draws it.
pub(super) fn layout(columns: &[Column], needs: &[Need], width: usize) -> Vec<Option<usize>> {
    let mut there = vec![true; columns.len()];
    loop {
        let mut widths = all(needs, &there);
        narrow(&mut widths, width, |at| comfortable(columns[at], needs[at]));
        if total(&widths) <= width {
            return widths;
        }
        let last = |gives| {
            let mut all = (0..columns.len()).rev();
            all.find(|at| there[*at] && columns[*at].gives == gives)
        };
        let Some(last) = last(Gives::Leaves).or_else(|| last(Gives::GoesBelow)) else {
            narrow(&mut widths, width, |at| tight(columns[at], needs[at]));
            return widths;
        };
        there[last] = false;
    }
}

fn all(needs: &[Need], there: &[bool]) -> Vec<Option<usize>> {
    let widths = needs.iter().zip(there);
    widths
        .map(|(need, there)| there.then_some(need.whole))
        .collect()
}

fn total(widths: &[Option<usize>]) -> usize {
    let shown = widths.iter().flatten();
    let sum = shown.fold(0_usize, |sum, width| sum.saturating_add(width + GAP));
    sum.saturating_sub(GAP)
}

/// Takes from the widest column that can still give, until the line fits or none can.
fn narrow(widths: &mut [Option<usize>], width: usize, least: impl Fn(usize) -> usize) {
    let mut excess = total(widths).saturating_sub(width);
    while excess > 0 {
        let shown = widths.iter_mut().enumerate();
        let shown = shown.filter_map(|(at, width)| Some((at, width.as_mut()?)));
        let can = shown.filter(|(at, width)| **width > least(*at));
        let Some((_, widest)) = can.max_by_key(|(_, width)| **width) else {
            return;
        };
        *widest -= 1;
        excess -= 1;
    }
}

fn comfortable(column: Column, need: Need) -> usize {
    let least = match column.gives {
        Gives::Nothing | Gives::Leaves => need.whole,
        Gives::Wraps => need.word.clamp(COMFORTABLE, LONG_WORD),
        Gives::GoesBelow => need.whole.div_ceil(BESIDE_LINES).max(BESIDE),
    };
    least.min(need.whole)
}

fn tight(column: Column, need: Need) -> usize {
    match column.gives {
        Gives::Wraps => need.whole.min(TIGHT),
        _ => need.whole,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 5] = [kept("A"), wraps("B"), spare("C"), below("D"), spare("E")];

    #[test]
    fn columns_give_way_one_after_another() {
        let need = |whole, word| Need { whole, word };
        let needs = [
            need(10, 10),
            need(30, 12),
            need(9, 9),
            need(60, 9),
            need(5, 5),
        ];
        for (width, expected) in [
            (usize::MAX, [Some(10), Some(30), Some(9), Some(60), Some(5)]),
            (122, [Some(10), Some(30), Some(9), Some(60), Some(5)]),
            (121, [Some(10), Some(30), Some(9), Some(59), Some(5)]),
            (100, [Some(10), Some(30), Some(9), Some(38), Some(5)]),
            (86, [Some(10), Some(27), Some(9), Some(27), Some(5)]),
            (72, [Some(10), Some(16), Some(9), Some(24), Some(5)]),
            (71, [Some(10), Some(22), Some(9), Some(24), None]),
            (60, [Some(10), Some(22), None, Some(24), None]),
            (54, [Some(10), Some(16), None, Some(24), None]),
            (50, [Some(10), Some(30), None, None, None]),
            (30, [Some(10), Some(18), None, None, None]),
            (20, [Some(10), Some(8), None, None, None]),
            (1, [Some(10), Some(8), None, None, None]),
        ] {
            assert_eq!(layout(&COLUMNS, &needs, width), expected, "{width}");
        }
    }
}
