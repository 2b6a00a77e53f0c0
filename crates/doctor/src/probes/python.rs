//! Python source lines of a running program: py-spy as a library, reading memory, never stopping it.

use std::collections::BTreeMap;

use crate::evidence::redact;

/// Most different stacks remembered of one thread in one window.
const STACKS_MAX: usize = 64;
/// Most frames of a stack that are kept, innermost first.
const FRAMES_MAX: usize = 40;

/// One frame: `file:line function` and whether it is the application's own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The file as the interpreter knows it.
    pub file: String,
    /// The line that is executed.
    pub line: u32,
    /// The function's name.
    pub function: String,
}

impl Line {
    /// The label counted in evidence.
    pub fn label(&self) -> String {
        redact::text(&format!("{}:{} {}", self.file, self.line, self.function))
    }

    /// Whether the file is neither the standard library's nor an installed package's.
    pub fn is_own(&self) -> bool {
        let library = ["/site-packages/", "/dist-packages/", "/lib/python", "/lib64/python"];
        !self.file.starts_with('<') && !library.iter().any(|part| self.file.contains(part))
    }

    /// Whether this frame is an event loop's engine.
    fn is_loop(&self) -> bool {
        let engines = [
            "asyncio/base_events.py",
            "asyncio/runners.py",
            "asyncio/events.py",
            "trio/_core/_run.py",
            "uvloop/",
        ];
        engines.iter().any(|engine| self.file.contains(engine))
    }
}

/// What was seen of one Python thread over one window.
#[derive(Clone, Debug, Default)]
pub struct PythonSeen {
    /// Looks by the application's own innermost line.
    pub lines: BTreeMap<String, u64>,
    /// Looks by the innermost line of all.
    pub leaves: BTreeMap<String, u64>,
    /// Looks by `idle` and `active`.
    pub idle: BTreeMap<String, u64>,
    /// Looks at which an event loop ran below the application's frame.
    loop_looks: u64,
    stacks: BTreeMap<Vec<String>, u64>,
    own: BTreeMap<String, Line>,
}

impl PythonSeen {
    /// Adds one look at a stack, innermost frame first. Python numbers lines from 1: a frame at
    /// line 0 was read while it changed, names nothing that exists, and is left out.
    pub fn add(&mut self, mut stack: Vec<Line>, active: bool) {
        stack.retain(|line| line.line > 0);
        let engine = stack.iter().position(Line::is_loop);
        // What lies outside the loop only started it; the work is what lies inside.
        let inner = &stack[..engine.unwrap_or(stack.len())];
        if let Some(own) = inner.iter().find(|line| line.is_own()) {
            *self.lines.entry(own.label()).or_default() += 1;
            self.own.entry(own.label()).or_insert_with(|| own.clone());
        }
        self.loop_looks += u64::from(engine.is_some());
        if let Some(leaf) = stack.first() {
            *self.leaves.entry(leaf.label()).or_default() += 1;
        }
        *self.idle.entry(if active { "active" } else { "idle" }.to_owned()).or_default() += 1;
        let labels: Vec<String> = stack.iter().take(FRAMES_MAX).map(Line::label).collect();
        if self.stacks.len() < STACKS_MAX || self.stacks.contains_key(&labels) {
            *self.stacks.entry(labels).or_default() += 1;
        }
    }

    /// Whether an event loop runs below the application's frame: in most looks, because a stack
    /// that was read while it changed can end in another thread's frames.
    pub fn on_loop(&self) -> bool {
        self.loop_looks * 2 > self.idle.values().sum()
    }

    /// The most frequent stack.
    pub fn stack(&self) -> Vec<String> {
        self.stacks
            .iter()
            .max_by_key(|(_, count)| **count)
            .map(|(stack, _)| stack.clone())
            .unwrap_or_default()
    }

    /// The application's own line seen most often, and how often.
    pub fn main_line(&self) -> Option<(&Line, u64)> {
        let (label, count) = self.lines.iter().max_by_key(|(_, count)| **count)?;
        Some((self.own.get(label)?, *count))
    }

    /// Adds what another window saw of the same thread.
    pub fn absorb(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.lines, other.lines),
            (&mut self.leaves, other.leaves),
            (&mut self.idle, other.idle),
        ] {
            for (label, count) in theirs {
                *mine.entry(label).or_default() += count;
            }
        }
        for (stack, count) in other.stacks {
            *self.stacks.entry(stack).or_default() += count;
        }
        self.own.extend(other.own);
        self.loop_looks += other.loop_looks;
    }
}

#[cfg(feature = "python")]
pub use attached::Spy;
#[cfg(not(feature = "python"))]
pub use detached::Spy;

/// py-spy itself.
#[cfg(feature = "python")]
mod attached {
    use std::collections::BTreeMap;

    use py_spy::config::LockingStrategy;
    use py_spy::{Config, PythonSpy};

    use super::{Line, PythonSeen};

    /// An attached reader of one interpreter.
    pub struct Spy(PythonSpy);

    impl Spy {
        /// Finds the interpreter in the process's memory. NonBlocking: no ptrace, no pause.
        ///
        /// # Errors
        /// Without the right to read the memory, or with an interpreter py-spy does not know.
        pub fn attach(pid: u32) -> Result<Self, String> {
            let pid = py_spy::Pid::try_from(pid).map_err(|error| error.to_string())?;
            let config = Config {
                blocking: LockingStrategy::NonBlocking,
                native: false,
                ..Config::default()
            };
            PythonSpy::new(pid, &config).map(Self).map_err(|error| error.root_cause().to_string())
        }

        /// Looks once at every thread. Reading without stopping can catch a stack in motion; such
        /// a look is thrown away and says so.
        pub fn look(&mut self, seen: &mut BTreeMap<u32, PythonSeen>) -> bool {
            let Ok(traces) = self.0.get_stack_traces() else { return false };
            for trace in traces {
                let Some(tid) = trace.os_thread_id.and_then(|tid| u32::try_from(tid).ok()) else {
                    continue;
                };
                let stack: Vec<Line> = trace
                    .frames
                    .iter()
                    .map(|frame| Line {
                        file: frame.filename.clone(),
                        line: u32::try_from(frame.line).unwrap_or(0),
                        function: frame.name.clone(),
                    })
                    .collect();
                seen.entry(tid).or_default().add(stack, trace.active);
            }
            true
        }
    }
}

/// What stands in py-spy's place in a build without it.
#[cfg(not(feature = "python"))]
mod detached {
    use std::collections::BTreeMap;

    use super::PythonSeen;

    /// Never attaches.
    pub enum Spy {}

    impl Spy {
        /// Says that this build cannot.
        ///
        /// # Errors
        /// Always.
        pub fn attach(_pid: u32) -> Result<Self, String> {
            Err("this build has no Python support (feature `python`)".to_owned())
        }

        /// Cannot be called: there is no value of this type.
        pub fn look(&mut self, _seen: &mut BTreeMap<u32, PythonSeen>) -> bool {
            match *self {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(file: &str, line: u32, function: &str) -> Line {
        Line { file: file.to_owned(), line, function: function.to_owned() }
    }

    #[test]
    fn the_applications_own_line_inside_the_loop_is_named_and_not_the_one_that_started_it() {
        let mut seen = PythonSeen::default();
        let stack = [
            line("/srv/app.py", 40, "gather"),
            line("/srv/app.py", 55, "csrf"),
            line("/v/lib/python3.11/site-packages/fastapi/routing.py", 1, "app"),
            line("/usr/lib/python3.11/asyncio/base_events.py", 1, "_run_once"),
            line("/srv/main.py", 9, "<module>"),
        ];
        seen.add(stack.into(), true);
        assert_eq!(seen.lines.keys().collect::<Vec<_>>(), ["/srv/app.py:40 gather"]);
        assert!(seen.on_loop());
        assert_eq!(seen.main_line().unwrap().0.line, 40);
    }

    #[test]
    fn an_idle_loop_started_by_the_application_has_no_own_line() {
        let mut seen = PythonSeen::default();
        let stack = [
            line("/usr/lib/python3.11/selectors.py", 468, "select"),
            line("/usr/lib/python3.11/asyncio/base_events.py", 1, "_run_once"),
            line("/srv/main.py", 9, "<module>"),
        ];
        seen.add(stack.into(), false);
        assert!(seen.lines.is_empty());
        assert_eq!(seen.idle.get("idle"), Some(&1));
    }

    #[test]
    fn one_look_that_mixed_two_threads_makes_no_event_loop() {
        let mut seen = PythonSeen::default();
        let own = line("/srv/app.py", 40, "login");
        let engine = line("/usr/lib/python3.11/asyncio/base_events.py", 1, "_run_once");
        seen.add(vec![own.clone(), engine], true);
        assert!(seen.on_loop());
        for _ in 0..3 {
            seen.add(vec![own.clone()], true);
        }
        assert!(!seen.on_loop());
    }

    #[test]
    fn a_frame_read_while_it_changed_has_line_zero_and_is_left_out() {
        let mut seen = PythonSeen::default();
        let stack = [line("0", 0, "\u{638}"), line("/srv/app.py", 40, "gather")];
        seen.add(stack.into(), true);
        assert_eq!(seen.lines.keys().collect::<Vec<_>>(), ["/srv/app.py:40 gather"]);
        assert_eq!(seen.stack(), ["/srv/app.py:40 gather"]);
    }
}
