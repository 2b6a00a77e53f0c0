//! `GET /api/admin/doctor/targets`: what can be examined by name.

use galen_core::examinations::ExaminedTarget;
use serde::Serialize;
use utoipa::ToSchema;

use crate::answer::{Answer, ok};
use crate::caller::Admin;

/// What can be examined.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DoctorTargetList)]
struct Targets<'a> {
    /// This installation first, then the `[[target]]` tables in the order of the configuration.
    targets: Vec<TargetView<'a>>,
}

/// Something that can be examined.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = DoctorTarget)]
struct TargetView<'a> {
    /// Its name: `self` for this installation.
    name: &'a str,
    /// Whether it is this installation: repairs of class `auto` can be ordered for it.
    own: bool,
    /// Where it is, without credentials.
    place: &'a str,
}

impl<'a> From<&'a ExaminedTarget> for TargetView<'a> {
    fn from(it: &'a ExaminedTarget) -> Self {
        Self { name: &it.name, own: it.own, place: &it.place }
    }
}

/// Lists what can be examined by name.
#[utoipa::path(get, path = "/api/admin/doctor/targets", tag = "doctor", security(("session" = [])), responses(
    (status = 200, description = "The targets.", body = Targets),
))]
pub(crate) async fn targets(by: Admin) -> Answer {
    let targets = by.app().examiner.targets();
    ok(&Targets { targets: targets.iter().map(Into::into).collect() })
}
