//! `GET /openapi.json`: the API's own description.

use axum::response::Response;

use crate::answer;
use crate::caller::Anybody;

/// The OpenAPI 3.1 document of this API.
#[utoipa::path(get, path = "/openapi.json", tag = "system", responses(
    (status = 200, description = "The document.", content_type = "application/json", body = Object),
))]
pub(crate) async fn openapi(by: Anybody) -> Response {
    answer::document("application/json", by.app().openapi.clone())
}
