//! The page as Markdown.

use minijinja::syntax::SyntaxConfig;
use minijinja::value::Serde;
use minijinja::{Environment, Value};

use super::RenderError;
use super::page::Page;

const TEMPLATE: &str = include_str!("templates/report.md.jinja");

/// Renders the page; names of strangers are escaped so that they cannot become markup.
pub(super) fn render(page: &Page) -> Result<String, RenderError> {
    let mut environment = Environment::new();
    environment.set_syntax(SyntaxConfig::builder().trim_blocks(true).lstrip_blocks(true).build()?);
    environment.add_filter("md", |text: String| escape(&text));
    environment.add_filter("line", |line: Value| line_of(&line));
    environment.add_filter("code", |text: String| code(&text));
    environment.add_template("report.md", TEMPLATE)?;
    Ok(environment.get_template("report.md")?.render(Value::from(Serde(page)))?)
}

/// A [`super::page::Line`] as inline Markdown with its evidence ids.
fn line_of(line: &Value) -> Result<String, minijinja::Error> {
    let mut out = String::new();
    for span in line.get_attr("spans")?.try_iter()? {
        let text = span.get_attr("text")?.to_string();
        if span.get_attr("code")?.is_true() {
            out.push_str(&code(&text));
        } else {
            out.push_str(&escape(&text));
        }
    }
    let ids: Vec<String> = line.get_attr("ids")?.try_iter()?.map(|id| id.to_string()).collect();
    let more = line.get_attr("more")?;
    if more.is_true() {
        out.push_str(&format!(" ({} and {more} more)", ids.join(", ")));
    } else if !ids.is_empty() {
        out.push_str(&format!(" ({})", ids.join(", ")));
    }
    Ok(out)
}

/// Escapes what Markdown or HTML would read as markup.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut previous = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        let word_inside =
            previous.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric());
        match c {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '|' | '*' | '[' | ']' | '`' | '\\' => out.extend(['\\', c]),
            '_' if !word_inside => out.push_str("\\_"),
            '\n' | '\r' => out.push(' '),
            c => out.push(c),
        }
        previous = c;
    }
    out
}

/// Text as a code span that also survives in a table.
fn code(text: &str) -> String {
    let text = text.replace('`', "'").replace('|', "\\|").replace(['\n', '\r'], " ");
    format!("`{text}`")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_strangers_path_cannot_become_markup() {
        assert_eq!(escape("<img src=x>|a_b __init__"), "&lt;img src=x&gt;\\|a_b \\_\\_init\\_\\_");
        assert_eq!(code("a`b|c"), "`a'b\\|c`");
    }
}
