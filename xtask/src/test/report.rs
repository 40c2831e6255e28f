//! The closing table of a run, as text or JSON, and its last line: `N passed, N failed`.

use super::groups::Group;
use super::habits::Lane;
use super::tally::Tally;
use crate::budget::Budget;
use crate::json;
use crate::steps::{self, Step};
use crate::verb::End;

/// How a group ended, for the table.
#[derive(Clone, Debug)]
pub(crate) struct Row {
    pub(crate) group: String,
    pub(crate) lane: Lane,
    pub(crate) passed: usize,
    pub(crate) failed: usize,
    pub(crate) seconds: f64,
    pub(crate) budget: f64,
    pub(crate) complaint: Option<String>,
}

impl Row {
    /// A group's end, its budget considered.
    pub(crate) fn new(
        group: &Group,
        lane: Lane,
        tally: &Tally,
        seconds: f64,
        budget: &Budget,
    ) -> Self {
        let budget = budget.group(&group.name);
        let complaint = tally.complaint.clone();
        Self {
            group: group.name.clone(),
            lane,
            passed: tally.passed,
            failed: tally.failed,
            seconds,
            budget,
            complaint: complaint.or_else(|| steps::over(seconds, budget)),
        }
    }
}

/// How the table is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Style {
    Table,
    Json,
}

/// Everything that a run has to say at its end.
pub(crate) struct Report {
    style: Style,
    start: std::time::Instant,
    pub(crate) steps: Vec<Step>,
    pub(crate) rows: Vec<Row>,
}

impl Report {
    /// An empty report; the run's total is counted from now.
    pub(crate) fn new(style: Style) -> Self {
        Self {
            style,
            start: std::time::Instant::now(),
            steps: Vec::new(),
            rows: Vec::new(),
        }
    }

    /// Says which lines of the budget speak of no group; a group may be on another branch, so this is no failure.
    pub(crate) fn note_strangers(&self, groups: &[Group], budget: &Budget) {
        let names: Vec<&str> = groups.iter().map(|g| g.name.as_str()).collect();
        let strangers = budget.strangers(&names);
        if !strangers.is_empty() {
            eprintln!(
                "-- tests: budgets without a group: {}",
                strangers.join(", ")
            );
        }
    }

    /// Prints the table and the last line.
    pub(crate) fn close(mut self, budget: &Budget) -> End {
        let total = self.start.elapsed().as_secs_f64();
        self.steps.push(Step::ended("total", total, Ok(()), budget));
        match self.style {
            Style::Table => print!("{}", self.table()),
            Style::Json => println!("{}", self.json()),
        }
        for complaint in self.complaints() {
            eprintln!("xtask: {complaint}");
        }
        let last = self.last_line();
        match self.style {
            Style::Table => println!("{last}"),
            Style::Json => eprintln!("{last}"),
        }
        if self.complaints().is_empty() {
            End::Good
        } else {
            End::Bad
        }
    }

    fn passed(&self) -> usize {
        self.rows.iter().map(|r| r.passed).sum()
    }

    fn failed(&self) -> usize {
        self.rows.iter().map(|r| r.failed).sum()
    }

    fn last_line(&self) -> String {
        format!("{} passed, {} failed", self.passed(), self.failed())
    }

    fn complaints(&self) -> Vec<String> {
        let mut all = Vec::new();
        for step in &self.steps {
            all.extend(step.complaint().map(|why| format!("{}: {why}", step.name)));
        }
        for row in &self.rows {
            all.extend(
                row.complaint
                    .as_ref()
                    .map(|why| format!("{}: {why}", row.group)),
            );
        }
        if self.passed() + self.failed() == 0 {
            all.push("no test ran".to_owned());
        }
        all
    }

    fn table(&self) -> String {
        let mut text = format!(
            "\n{:<22} {:>4} {:>6} {:>7} {:>7} {:>8} {:>7}  verdict\n",
            "group", "lane", "tests", "passed", "failed", "seconds", "budget"
        );
        for row in &self.rows {
            text.push_str(&format!(
                "{:<22} {:>4} {:>6} {:>7} {:>7} {:>8.1} {:>7.0}  {}\n",
                row.group,
                row.lane.number(),
                row.passed + row.failed,
                row.passed,
                row.failed,
                row.seconds,
                row.budget,
                verdict(row.complaint.as_deref()),
            ));
        }
        for step in &self.steps {
            let budget = step.budget.map_or("-".to_owned(), |b| format!("{b:.0}"));
            text.push_str(&format!(
                "{:<50} {:>8.1} {budget:>7}  {}\n",
                step.name,
                step.seconds,
                verdict(step.complaint().as_deref()),
            ));
        }
        text
    }

    fn json(&self) -> String {
        let groups: Vec<String> = self.rows.iter().map(row_json).collect();
        let steps: Vec<String> = self.steps.iter().map(step_json).collect();
        format!(
            "{{\"passed\":{},\"failed\":{},\"groups\":[{}],\"steps\":[{}]}}",
            self.passed(),
            self.failed(),
            groups.join(",\n "),
            steps.join(",\n ")
        )
    }
}

/// The first line of a complaint; the rest has been printed where it arose.
fn verdict(complaint: Option<&str>) -> &str {
    complaint.map_or("ok", |why| why.lines().next().unwrap_or_default())
}

fn row_json(row: &Row) -> String {
    format!(
        "{{\"group\":{},\"lane\":{},\"tests\":{},\"passed\":{},\"failed\":{},\"seconds\":{:.3},\"budget\":{},\"verdict\":{}}}",
        json::quoted(&row.group),
        row.lane.number(),
        row.passed + row.failed,
        row.passed,
        row.failed,
        row.seconds,
        row.budget,
        json::quoted(row.complaint.as_deref().unwrap_or("ok")),
    )
}

fn step_json(step: &Step) -> String {
    format!(
        "{{\"step\":{},\"seconds\":{:.3},\"budget\":{},\"verdict\":{}}}",
        json::quoted(step.name),
        step.seconds,
        step.budget.map_or("null".to_owned(), |b| b.to_string()),
        json::quoted(&step.complaint().unwrap_or_else(|| "ok".to_owned())),
    )
}

#[cfg(test)]
mod tests {
    use super::{Lane, Report, Row, Step, Style};
    use crate::json::{self, Json};

    fn row(group: &str, passed: usize, failed: usize, complaint: Option<&str>) -> Row {
        Row {
            group: group.to_owned(),
            lane: Lane::One,
            passed,
            failed,
            seconds: 1.5,
            budget: 10.0,
            complaint: complaint.map(str::to_owned),
        }
    }

    fn report(rows: Vec<Row>) -> Report {
        let mut report = Report::new(Style::Json);
        report.rows = rows;
        report
    }

    #[test]
    fn the_last_line_sums_all_groups() {
        let report = report(vec![row("a", 3, 0, None), row("b", 4, 2, Some("2 failed"))]);
        assert_eq!(report.last_line(), "7 passed, 2 failed");
        assert_eq!(report.complaints(), ["b: 2 failed"]);
        assert!(report.table().contains(
            "\na                         1      3       3       0      1.5      10  ok\n"
        ));
    }

    #[test]
    fn nothing_run_is_a_failure() {
        assert_eq!(report(Vec::new()).complaints(), ["no test ran"]);
        assert_eq!(
            report(vec![row("a", 1, 0, None)]).complaints(),
            Vec::<String>::new()
        );
    }

    #[test]
    fn a_failed_step_fails_the_run() {
        let mut report = report(vec![row("a", 1, 0, None)]);
        report.steps.push(Step {
            name: "build",
            seconds: 2.0,
            budget: Some(1.0),
            result: Ok(()),
        });
        assert_eq!(report.complaints(), ["build: over budget: 2.0 s of 1 s"]);
    }

    #[test]
    fn the_json_is_json() {
        let report = report(vec![row("it::a", 3, 1, Some("a \"quoted\"\nreason"))]);
        let value = json::parse(&report.json()).unwrap();
        assert_eq!(value.at("passed"), &Json::Number(3.0));
        let group = &value.at("groups").list()[0];
        assert_eq!(group.at("verdict").text(), Some("a \"quoted\"\nreason"));
    }
}
