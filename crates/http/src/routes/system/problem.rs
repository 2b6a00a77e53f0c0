//! `GET /problems/{code}`: what a code means and what to do about it.

use galen_core::Code;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Anybody;
use crate::extract::PathId;
use crate::fault::status_of;

/// A code of a problem.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ProblemCode)]
struct CodeView {
    /// The code.
    code: &'static str,
    /// What it means.
    title: &'static str,
    /// The status it comes with.
    status: u16,
    /// What to do about it.
    fix: &'static str,
}

/// A code by its text.
pub(crate) struct Named(Code);

impl std::str::FromStr for Named {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let mut codes = Code::ALL.iter().copied();
        codes.find(|code| code.text() == text).map(Self).ok_or(())
    }
}

/// Explains a problem's `code`: what every problem's `type` leads to.
#[utoipa::path(get, path = "/problems/{code}", tag = "system",
    params(("code" = String, Path, description = "The code.")), responses(
    (status = 200, description = "What it means.", body = CodeView),
))]
pub(crate) async fn problem(_: Anybody, PathId(Named(code)): PathId<Named>) -> Answer {
    ok(&CodeView {
        code: code.text(),
        title: code.title(),
        status: status_of(code.kind()).as_u16(),
        fix: code.fix(),
    })
}
