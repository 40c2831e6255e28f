//! On what was measured: processor, kernel, versions. Figures without these mean nothing.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::peer::Peer;
use super::plan::Plan;
use crate::cargo;
use crate::json;

pub(crate) struct Machine(Vec<(&'static str, String)>);

impl Machine {
    /// With what `bench answer` uses.
    pub(crate) fn of(plan: &Plan, sorry: &Path) -> Self {
        let mut programs = Vec::new();
        for peer in &plan.peers {
            let program = peer.program(sorry).display().to_string();
            programs.push(match peer {
                Peer::Sorry if plan.binary.is_some() => {
                    ("sorry", "a program given by `--binary`".to_owned())
                }
                Peer::Sorry => ("sorry", Self::commit()),
                Peer::Nginx => ("nginx", Self::nginx()),
                Peer::Haproxy => ("haproxy", after(&said(&program, &["-v"]), "version ")),
            });
        }
        programs.push(("openssl", after(&said("openssl", &["version"]), "OpenSSL ")));
        programs.push(("wrk", after(&said("wrk", &["-v"]), "wrk ")));
        programs.push(("h2load", after(&said("h2load", &["--version"]), "nghttp2/")));
        Self::new(programs, plan.runs, &format!("{} s", plan.seconds))
    }

    /// With the versions of these programs, for so many runs that take so long.
    pub(crate) fn new(programs: Vec<(&'static str, String)>, runs: u32, time: &str) -> Self {
        let mut facts = vec![
            ("date", said("date", &["-u", "+%Y-%m-%d"])),
            ("processor", processor()),
            ("kernel", content("/proc/sys/kernel/osrelease")),
            ("system", system()),
        ];
        facts.extend(programs);
        let runs = match runs {
            1 => "one run".to_owned(),
            runs => format!("medians of {runs} runs"),
        };
        facts.push(("runs", format!("{runs}, {time} each")));
        let load = content("/proc/loadavg");
        let load = load.split(' ').next().unwrap_or_default();
        facts.push(("load before", format!("{load} in a minute")));
        Self(facts)
    }

    /// What ours is built of.
    pub(crate) fn commit() -> String {
        let mut git = Command::new("git");
        git.args(["describe", "--always", "--dirty"]);
        let commit = git.current_dir(cargo::root()).output();
        let commit = commit.map_or(String::new(), |output| {
            String::from_utf8_lossy(&output.stdout).trim().to_owned()
        });
        format!("{commit}, {}", said("rustc", &["--version"]))
    }

    pub(crate) fn nginx() -> String {
        let program = Peer::Nginx.program("".as_ref()).display().to_string();
        after(&said(&program, &["-v"]), "nginx/")
    }

    pub(crate) fn markdown(&self) -> String {
        let mut text = "| | |\n| --- | --- |\n".to_owned();
        for (name, value) in &self.0 {
            text.push_str(&format!("| {name} | {value} |\n"));
        }
        text
    }

    pub(crate) fn json(&self) -> String {
        let facts = self.0.iter();
        let facts = facts.map(|(name, value)| {
            let (name, value) = (json::quoted(name), json::quoted(value));
            format!("{name}:{value}")
        });
        format!("{{{}}}", facts.collect::<Vec<_>>().join(","))
    }
}

fn processor() -> String {
    let text = content("/proc/cpuinfo");
    let value = |line: &str| Some(line.split_once(':')?.1.trim().to_owned());
    let models = text.lines().filter(|line| line.starts_with("model name"));
    let model = models.clone().next().and_then(value);
    let guest = match text.contains("hypervisor") {
        true => ", a virtual machine",
        false => "",
    };
    format!(
        "{}, {} cores{guest}",
        model.unwrap_or_else(|| "unknown".to_owned()),
        models.count()
    )
}

fn system() -> String {
    let text = content("/etc/os-release");
    let name = text.lines().find_map(|l| l.strip_prefix("PRETTY_NAME="));
    name.unwrap_or("unknown").trim_matches('"').to_owned()
}

/// The first line that the program prints anywhere.
fn said(program: &str, arguments: &[&str]) -> String {
    let Ok(output) = Command::new(program).args(arguments).output() else {
        return "unknown".to_owned();
    };
    let text = [output.stdout, output.stderr].concat();
    let text = String::from_utf8_lossy(&text);
    text.lines().next().unwrap_or("unknown").to_owned()
}

/// The first word behind `mark`.
fn after(line: &str, mark: &str) -> String {
    let behind = line.split_once(mark).map_or(line, |(_, behind)| behind);
    behind.split(' ').next().unwrap_or_default().to_owned()
}

fn content(path: &str) -> String {
    let text = fs::read_to_string(path).unwrap_or_default();
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::{Machine, after, processor};
    use crate::json;

    #[test]
    fn versions_are_cut_out() {
        assert_eq!(after("nginx version: nginx/1.22.1", "nginx/"), "1.22.1");
        let haproxy = "HAProxy version 2.6.12-1 2024/01/01 - https://haproxy.org/";
        assert_eq!(after(haproxy, "version "), "2.6.12-1");
        assert_eq!(after("unknown", "x"), "unknown");
    }

    #[test]
    fn facts_are_written_both_ways() {
        assert!(processor().contains(" cores"));
        let machine = Machine(vec![("a", "1".into()), ("b", "\"2\"".into())]);
        assert_eq!(
            machine.markdown(),
            "| | |\n| --- | --- |\n| a | 1 |\n| b | \"2\" |\n"
        );
        let read = json::parse(&machine.json()).unwrap();
        assert_eq!(read.at("b").text(), Some("\"2\""));
    }
}
