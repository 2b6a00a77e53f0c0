//! The page as one self-contained HTML file.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value};

use super::RenderError;
use super::page::Page;

const TEMPLATE: &str = include_str!("templates/report.html.jinja");
const STYLE: &str = include_str!("templates/report.css");

/// Renders the page; everything is escaped, nothing is loaded, no script runs.
pub(super) fn render(page: &Page) -> Result<String, RenderError> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_filter("share", |percent: f64| format!("{:.3}", percent.clamp(0.0, 100.0)));
    environment.add_template("report.html", TEMPLATE)?;
    let style = Value::from_safe_string(STYLE.to_owned());
    let context = minijinja::context! { style, ..Value::from(Serde(page)) };
    Ok(environment.get_template("report.html")?.render(context)?)
}
