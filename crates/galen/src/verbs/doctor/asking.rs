//! A person at the terminal is asked about each repair that nobody named: what it is, what it would do,
//! what can go wrong, and the way back.

use std::sync::Arc;

use galen_core::post::Language;
use galen_doctor::repairs::Offer;
use galen_doctor::repairs::run::Ask;
use galen_doctor::words;

use super::progress::Shown;
use crate::terminal;

/// Asks at the terminal.
pub struct AtTerminal {
    /// What moves on the terminal meanwhile, and stands still for a question.
    pub shown: Arc<Shown>,
    /// The language of the question.
    pub language: Language,
}

impl Ask for AtTerminal {
    fn wants(&self, offer: &Offer) -> bool {
        self.shown.pause(|| {
            let text = |code: words::Code| code.text(self.language);
            let repair = offer.repair;
            let title = terminal::bold(text(repair.title));
            terminal::note(format_args!("\n{title} ({})", offer.cause));
            let sentences = [&offer.terms.how, &offer.terms.effect];
            for sentence in sentences.into_iter().flatten() {
                let said = words::render_in(sentence, self.language);
                terminal::note(format_args!("  {}", said));
            }
            if let Some(command) = &offer.terms.command {
                terminal::note(format_args!("  $ {}", terminal::plain(command)));
            }
            terminal::note(format_args!("  {}", text(repair.risk)));
            terminal::note(format_args!("  {}", text(repair.undo)));
            terminal::ask_yes("Carry it out?")
        })
    }
}
