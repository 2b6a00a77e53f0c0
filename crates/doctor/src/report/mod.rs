//! The report: one model, rendered as JSON, Markdown, self-contained HTML and terminal text.

mod build;
mod diff;
mod html;
mod json;
mod markdown;
mod page;
mod schema;
mod terminal;
mod translate;
mod values;

use galen_core::UnixMs;
use galen_core::post::Language;

use crate::budget::Budget;
use crate::evidence::{Fact, Missing};
use crate::repairs::Offer;
use crate::repairs::run::Applied;
use crate::sentence::Sentence;
use crate::symptom::Symptom;
use crate::thresholds::Thresholds;
use crate::verdict::Verdict;

pub use build::{Ending, build};
pub use diff::{Diff, Previous};
pub use schema::schema;
pub use translate::translate;

/// The version of the JSON layout; raised when a field changes its meaning or goes.
pub const SCHEMA_VERSION: u32 = 2;

/// What was examined, by what, and under which circumstances.
#[derive(Clone, Debug, serde::Serialize)]
pub struct Run {
    /// The target's name.
    pub target: String,
    /// When it began.
    pub started_at: UnixMs,
    /// When it ended.
    pub ended_at: UnixMs,
    /// The doctor's version.
    pub doctor_version: &'static str,
    /// How it was called, redacted.
    pub command_line: String,
    /// With whose rights, as the probes found out.
    pub rights: Option<String>,
    /// The kernel's release.
    pub kernel: Option<String>,
}

/// One complete report. It computes nothing any more; renderers only lay it out.
#[derive(Clone, Debug)]
pub struct Report {
    /// What was examined.
    pub run: Run,
    /// What counted as sick.
    pub thresholds: Thresholds,
    /// The endpoints that miss their target, before any repair.
    pub symptoms: Vec<Symptom>,
    /// The verdict.
    pub verdict: Verdict,
    /// Where the time of slow requests went.
    pub budgets: Vec<Budget>,
    /// Repairs that fit the findings.
    pub offers: Vec<Offer>,
    /// Useless or harmful work that is refused, with the reason.
    pub refused: Vec<Sentence>,
    /// AUTO repairs that were carried out or tried.
    pub applied: Vec<Applied>,
    /// What is still missed, untested or unseen.
    pub remains: Vec<Sentence>,
    /// Every fact, by ascending id; those taken after repairs follow.
    pub facts: Vec<Fact>,
    /// What could not be measured.
    pub gaps: Vec<Missing>,
    /// SHA-256 of `evidence` in the JSON, written compactly with sorted keys.
    pub evidence_sha256: String,
    /// What changed since a previous report.
    pub diff: Option<Diff>,
}

impl Report {
    /// The exit code of `galen doctor`.
    pub fn exit_code(&self) -> u8 {
        self.verdict.outcome.exit_code()
    }

    /// The report as JSON: the source of every other form.
    pub fn to_json(&self) -> serde_json::Value {
        json::render(self)
    }

    /// The report as Markdown.
    ///
    /// # Errors
    /// When the template fails, which a test excludes.
    pub fn to_markdown(&self) -> Result<String, RenderError> {
        self.to_markdown_in(Language::En)
    }

    /// The report as Markdown in a language.
    ///
    /// # Errors
    /// When the template fails, which a test excludes.
    pub fn to_markdown_in(&self, language: Language) -> Result<String, RenderError> {
        markdown::render(&page::of(self, language))
    }

    /// The report as one HTML file that loads nothing from anywhere.
    ///
    /// # Errors
    /// When the template fails, which a test excludes.
    pub fn to_html(&self) -> Result<String, RenderError> {
        self.to_html_in(Language::En)
    }

    /// The report as one HTML file in a language, laid out from its side.
    ///
    /// # Errors
    /// When the template fails, which a test excludes.
    pub fn to_html_in(&self, language: Language) -> Result<String, RenderError> {
        html::render(&page::of(self, language))
    }

    /// The report for a terminal, the verdict first; `color` adds ANSI colours, `width` is the
    /// number of columns.
    pub fn to_terminal(&self, color: bool, width: usize) -> String {
        self.to_terminal_in(Language::En, color, width)
    }

    /// The same in a language.
    pub fn to_terminal_in(&self, language: Language, color: bool, width: usize) -> String {
        terminal::render(&page::of(self, language), color, width)
    }
}

/// A template failed.
#[derive(Debug, thiserror::Error)]
#[error("the report's template failed: {0}")]
pub struct RenderError(#[from] minijinja::Error);

#[cfg(test)]
mod tests {
    use super::*;
    use crate::case::Case;
    use crate::evidence::{Evidence, FactKey};
    use crate::proof;
    use crate::repairs;
    use crate::repairs::port::{Action, Receipt};
    use crate::repairs::run::Fate;
    use crate::sample::{self, Bed};
    use crate::verdict;
    use crate::words::Code;

    fn run() -> Run {
        Run {
            target: "http://127.0.0.1:8000".to_owned(),
            started_at: UnixMs(1_764_000_000_000),
            ended_at: UnixMs(1_764_000_009_200),
            doctor_version: "0.1.0",
            command_line: "galen doctor http://127.0.0.1:8000".to_owned(),
            rights: None,
            kernel: None,
        }
    }

    fn report(bed: Bed, own: bool, previous: Option<&Previous>) -> Report {
        let evidence = bed.seal();
        let thresholds = Thresholds::default();
        let case = Case::new(&evidence, &thresholds, own);
        let verdict = verdict::reach(&case);
        let offers = repairs::offers(&case, verdict.findings.iter().chain(&verdict.hygiene));
        build(&case, verdict, offers, run(), Ending { previous, ..Ending::default() }).unwrap()
    }

    fn the_old_report() -> Bed {
        Bed::new()
            .with(sample::blocked_loop)
            .with(|bed| sample::fast(bed, "/static"))
            .with(sample::small_database)
            .samples(
                FactKey::ThreadReleaseToResponseMs,
                "4100/4100 during /api/auth/csrf",
                &[22.0, 31.0],
            )
            .fact(FactKey::DoctorRights, "4100", "root")
            .fact(FactKey::HostKernel, "host", "6.18.0")
    }

    fn repaired() -> Report {
        let lay = |expired: i64, shift: f64| {
            let times: Vec<f64> = (0..40).map(|i| shift + f64::from(i % 7) * 0.1).collect();
            Bed::new()
                .with(sample::server)
                .samples(FactKey::HttpTotalMs, "/api/me", &times)
                .counted(FactKey::HttpErrors, "/api/me", 0, 40)
                .samples(FactKey::HttpTotalMs, "/livez", &times)
                .counted(FactKey::HttpErrors, "/livez", 0, 40)
                .fact(FactKey::SqliteSessionsTotal, "/srv/dev.db#sessions", 10_000 + expired)
                .fact(FactKey::SqliteSessionsExpired, "/srv/dev.db#sessions", expired)
        };
        let before: Evidence = lay(1_000_000, 4.0).seal();
        let after = lay(0, 4.0).seal_after(before.last_id());
        let thresholds = Thresholds::default();
        let case = Case::new(&before, &thresholds, true);
        let verdict = verdict::reach(&case);
        let offers = repairs::offers(&case, verdict.findings.iter().chain(&verdict.hygiene));
        let state = offers[0].state();
        let proof = proof::compare(&case, &after, state, &sample::Fixed);
        let applied = Applied {
            repair: offers[0].repair.id,
            title: Code::RepairSweep,
            cause: "F48",
            action: Action::SweepSessions,
            foretold: Some(1_000_000),
            receipt: Some(Receipt {
                changed: 1_000_000,
                statement: "DELETE FROM sessions WHERE id IN (… LIMIT 500)".to_owned(),
                started_at: UnixMs(1),
                ended_at: UnixMs(2),
            }),
            fate: if proof.proven { Fate::Proven } else { Fate::WithoutEffect },
            proof: Some(proof),
            at: UnixMs(1),
        };
        let ending = Ending { applied: vec![applied], later: vec![&after], previous: None };
        build(&case, verdict, offers, run(), ending).unwrap()
    }

    #[test]
    fn the_finding_reads_well_on_a_terminal() {
        insta::assert_snapshot!(report(the_old_report(), false, None).to_terminal(false, 88));
    }

    #[test]
    fn the_finding_reads_well_as_markdown() {
        insta::assert_snapshot!(report(the_old_report(), false, None).to_markdown().unwrap());
    }

    #[test]
    fn a_healthy_target_reads_well_on_a_terminal() {
        let bed = sample::fast(Bed::new().with(sample::server), "/health");
        insta::assert_snapshot!(report(bed, false, None).to_terminal(false, 88));
    }

    #[test]
    fn an_inconclusive_examination_says_where_the_time_went_and_what_was_missing() {
        let bed = Bed::new().with(sample::awaiting_handler);
        insta::assert_snapshot!(report(bed, false, None).to_terminal(false, 88));
    }

    #[test]
    fn a_proven_repair_reads_well_as_markdown() {
        let report = repaired();
        assert_eq!(report.exit_code(), 4);
        insta::assert_snapshot!(report.to_markdown().unwrap());
    }

    #[test]
    fn html_stands_alone_and_escapes_what_strangers_wrote() {
        let bed = the_old_report()
            .list(FactKey::ProcessZombies, "4100", &["<script>alert(1)</script>"])
            .fact(FactKey::SqliteJournalMode, "/x\"><img src=x>.db", "rollback");
        let html = report(bed, false, None).to_html().unwrap();
        assert!(html.contains("default-src 'none'"));
        for outside in ["<script", "src=\"http", "href=\"http", "url(", "@import"] {
            assert!(!html.contains(outside), "{outside}");
        }
        assert!(html.contains("&lt;script&gt;") && !html.contains("<img"));
    }

    #[test]
    fn every_id_a_page_links_to_is_on_the_page() {
        for html in [
            report(the_old_report(), false, None).to_html().unwrap(),
            repaired().to_html().unwrap(),
        ] {
            for part in html.split("href=\"#").skip(1) {
                let id = part.split('"').next().unwrap();
                assert!(html.contains(&format!("id=\"{id}\"")), "{id}");
            }
        }
    }

    #[test]
    fn a_terminal_shows_no_escape_that_the_target_wrote() {
        let bed = the_old_report().fact(FactKey::ProcessCmdline, "4100", "x\u{1b}[2Jy");
        assert!(!report(bed, false, None).to_terminal(false, 88).contains('\u{1b}'));
    }

    #[test]
    fn the_json_carries_evidence_and_is_read_back_for_the_next_diff() {
        let first = report(the_old_report(), false, None).to_json();
        assert_eq!(first["exit_code"], 1);
        assert_eq!(first["findings"][0]["cause"], "F13");
        assert!(first["evidence"].as_array().unwrap().len() > 30);
        let compact = first["evidence"].to_string();
        let digest = <sha2::Sha256 as sha2::Digest>::digest(compact);
        let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(first["evidence_sha256"], digest);
        let previous = Previous::read(&first.to_string()).unwrap();
        let healthy = sample::fast(Bed::new().with(sample::server), "/health");
        let diff = report(healthy, false, Some(&previous)).diff.unwrap();
        assert_eq!((diff.gone.len(), diff.new.len()), (1, 0));
        let again = report(the_old_report(), false, Some(&previous)).diff.unwrap();
        assert_eq!((again.gone.len(), again.same.len()), (0, 1));
    }

    #[test]
    fn every_document_fits_the_schema_in_every_language() {
        let schema = schema();
        let previous = Previous::read(&report(the_old_report(), false, None).to_json().to_string());
        let reports = [
            report(the_old_report(), false, previous.as_ref().ok()),
            report(sample::fast(Bed::new().with(sample::server), "/health"), false, None),
            report(Bed::new().with(sample::awaiting_handler), true, None),
            repaired(),
        ];
        for mut document in reports.map(|report| report.to_json()) {
            assert_eq!(schema::misfit(&schema, &schema, &document, ""), None);
            translate(&mut document, Language::Fa);
            assert_eq!(schema::misfit(&schema, &schema, &document, ""), None);
        }
        let mut wrong = repaired().to_json();
        wrong["outcome"] = "partially resolved".into();
        assert!(schema::misfit(&schema, &schema, &wrong, "").is_some());
    }

    #[test]
    fn a_persian_report_runs_from_its_side_and_has_no_english_sentence_left() {
        let report = report(the_old_report(), false, None);
        let html = report.to_html_in(Language::Fa).unwrap();
        assert!(html.contains("<html lang=\"fa\" dir=\"rtl\">"));
        assert!(html.contains("حلقهٔ رویداد") && html.contains("ثانیه"));
        let mut document = report.to_json();
        let english = document["headline"][0]["text"].clone();
        translate(&mut document, Language::Fa);
        assert_ne!(document["headline"][0]["text"], english);
        assert_eq!(document["findings"][0]["title"], Code::LoopWaitTitle.text(Language::Fa));
        translate(&mut document, Language::En);
        assert_eq!(document, report.to_json(), "and back");
    }

    #[test]
    fn a_forged_sentence_keeps_the_report_from_being_published() {
        let evidence = Bed::new().with(sample::blocked_loop).seal();
        let thresholds = Thresholds::default();
        let case = Case::new(&evidence, &thresholds, false);
        let mut verdict = verdict::reach(&case);
        for (_, param) in &mut verdict.findings[0].says.params {
            if let crate::sentence::Param::Figure(figure) = param {
                figure.value *= 2.0;
            }
        }
        assert!(build(&case, verdict, Vec::new(), run(), Ending::default()).is_err());
    }
}
