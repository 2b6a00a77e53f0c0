//! Letters written out: one source of words for each language, one plain and one HTML layout.

mod en;
mod fa;
mod values;
mod words;

use std::collections::BTreeMap;

use galen_core::Secret;
use galen_core::post::{Letter, LinkName, Param, Rendered, Renderer, limits};
use minijinja::value::Serde;
use minijinja::{AutoEscape, Environment, UndefinedBehavior, Value};
use serde::Serialize;

use words::{Frame, Words};

/// Characters of a subject; a longer one is cut.
const SUBJECT_CHARS_MAX: usize = 200;
/// The parameter by which the reader is greeted, and the longest one that is taken.
const NAME: &str = "name";
const NAME_CHARS_MAX: usize = 64;
/// The names of the two layouts.
const TEXT: &str = "letter.txt";
const HTML: &str = "letter.html";

/// Writes letters out. A parameter or a link that is missing is an error, never an empty place.
pub struct Letters(Environment<'static>);

/// Why the layouts of this room cannot be read. Its tests read them.
#[derive(Debug, thiserror::Error)]
#[error("a layout of letters is broken: {0}")]
pub struct LayoutError(#[from] minijinja::Error);

/// A letter in brief, for a screen that shows two lines.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Brief {
    /// The one sentence that says what happened.
    pub(crate) title: String,
    /// What there is to say about it; may be empty.
    pub(crate) body: String,
    /// Where it leads, if anywhere: never a link that opens something.
    pub(crate) open: Option<String>,
}

/// What the layouts take: words that are finished, and not yet escaped.
#[derive(Serialize)]
struct Page {
    language: &'static str,
    direction: &'static str,
    start: &'static str,
    subject: String,
    heading: String,
    greeting: Option<String>,
    before: Vec<Vec<String>>,
    facts: Vec<Fact>,
    button: Option<Labelled>,
    bare_link: &'static str,
    after: Vec<Vec<String>>,
    footer: String,
    unsubscribe: Option<Labelled>,
}

#[derive(Serialize)]
struct Fact {
    label: &'static str,
    value: String,
}

#[derive(Serialize)]
struct Labelled {
    label: &'static str,
    url: String,
}

impl Letters {
    /// Reads the layouts.
    ///
    /// # Errors
    /// When one of them is broken.
    pub fn new() -> Result<Self, LayoutError> {
        let mut environment = Environment::new();
        environment.set_undefined_behavior(UndefinedBehavior::Strict);
        // Words are escaped once, where they enter the page; a name nobody knows is escaped too.
        environment.set_auto_escape_callback(|name| match name {
            HTML => AutoEscape::Html,
            _ => AutoEscape::None,
        });
        environment.add_template(TEXT, include_str!("letter.txt"))?;
        environment.add_template(HTML, include_str!("letter.html"))?;
        Ok(Self(environment))
    }

    /// The letter in brief.
    ///
    /// # Errors
    /// As [`Renderer::render`].
    pub(crate) fn brief(&self, letter: &Letter) -> Result<Brief, String> {
        let page = self.page(letter)?;
        let paragraphs = page.before.iter().map(|lines| lines.join("\n"));
        let facts = page.facts.iter().map(|fact| format!("{}: {}", fact.label, fact.value));
        let body = paragraphs.chain(facts).collect::<Vec<_>>().join("\n");
        let open = letter.link(LinkName::Open).map(|link| link.url.reveal().clone());
        Ok(Brief { title: page.heading, body, open })
    }

    fn page(&self, letter: &Letter) -> Result<Page, String> {
        let words = words::of(letter.language, letter.code);
        let frame = words::frame(letter.language);
        let filled = Filled { environment: &self.0, values: values(letter)? };
        let greeting = words.greets.then(|| filled.line(frame.greeting)).transpose()?;
        let mut facts = Vec::new();
        for (label, value) in words.facts {
            let value = filled.line(value)?;
            facts.extend((!value.is_empty()).then_some(Fact { label, value }));
        }
        let is_rtl = frame.direction == "rtl";
        Ok(Page {
            language: letter.language.tag(),
            direction: frame.direction,
            start: if is_rtl { "right" } else { "left" },
            subject: filled.line(words.subject)?.chars().take(SUBJECT_CHARS_MAX).collect(),
            heading: filled.line(words.heading)?,
            greeting,
            before: filled.paragraphs(words.before)?,
            facts,
            button: button(letter, words)?,
            bare_link: frame.bare_link,
            after: filled.paragraphs(words.after)?,
            footer: filled.line(frame.footer)?,
            unsubscribe: unsubscribe(letter, frame)?,
        })
    }

    fn laid_out(&self, layout: &str, page: &Page) -> Result<Secret<String>, String> {
        let template = self.0.get_template(layout).map_err(|error| error.to_string())?;
        template.render(Serde(page)).map(Secret::new).map_err(|error| error.to_string())
    }
}

impl Renderer for Letters {
    fn render(&self, letter: &Letter) -> Result<Rendered, String> {
        let told = |error: String| format!("the letter {}: {error}", letter.code.text());
        let page = self.page(letter).map_err(told)?;
        let text = self.laid_out(TEXT, &page).map_err(told)?;
        let html = self.laid_out(HTML, &page).map_err(told)?;
        Ok(Rendered { subject: page.subject, text, html })
    }
}

/// The parameters of one letter, to be put into its words.
struct Filled<'a> {
    environment: &'a Environment<'static>,
    values: BTreeMap<String, Value>,
}

impl Filled<'_> {
    fn text(&self, template: &str) -> Result<String, String> {
        let filled = self.environment.render_str(template, &self.values);
        filled.map_err(|error| format!("`{template}`: {error}"))
    }

    /// One line: control characters and line ends become spaces.
    fn line(&self, template: &str) -> Result<String, String> {
        let text = self.text(template)?.replace(|c: char| c.is_control(), " ");
        Ok(text.split_whitespace().collect::<Vec<_>>().join(" "))
    }

    /// Paragraphs of lines; what comes out empty is left out.
    fn paragraphs(&self, templates: &[&str]) -> Result<Vec<Vec<String>>, String> {
        let mut paragraphs = Vec::new();
        for template in templates {
            let mut lines: Vec<String> = Vec::new();
            for line in self.text(template)?.lines() {
                let line = line.replace(|c: char| c.is_control(), " ").trim_end().to_owned();
                if !line.is_empty() {
                    lines.push(line);
                } else if !lines.is_empty() {
                    paragraphs.push(std::mem::take(&mut lines));
                }
            }
            paragraphs.extend((!lines.is_empty()).then_some(lines));
        }
        Ok(paragraphs)
    }
}

fn values(letter: &Letter) -> Result<BTreeMap<String, Value>, String> {
    if letter.params.len() > limits::PARAMS_MAX || letter.links.len() > limits::LINKS_MAX {
        return Err("it has too many parameters or links".to_owned());
    }
    let mut values = BTreeMap::new();
    for (name, param) in &letter.params {
        let is_unfit = name == NAME && matches!(param, Param::Text(name) if !is_a_name(name));
        let value = if is_unfit { Value::from("") } else { values::value(param, letter.language) };
        values.insert(name.clone(), value);
    }
    let house = values::isolated(&letter.house, values::LTR_ISOLATE, letter.language);
    values.insert("house".to_owned(), Value::from(house));
    Ok(values)
}

/// Whether somebody can be greeted by this. Whoever registers with a stranger's address chooses what
/// the stranger reads first: an address of the web, which mail clients turn into links, is no name.
fn is_a_name(name: &str) -> bool {
    let mut chars = name.chars().peekable();
    while let Some(c) = chars.next() {
        let is_dot_inside = c == '.' && chars.peek().is_some_and(|next| !next.is_whitespace());
        if is_dot_inside || matches!(c, '/' | '\\' | ':' | '@') {
            return false;
        }
    }
    name.chars().count() <= NAME_CHARS_MAX
}

fn button(letter: &Letter, words: &Words) -> Result<Option<Labelled>, String> {
    let Some(button) = &words.button else { return Ok(None) };
    let url = url(letter, button.link)?;
    if url.is_none() && button.needed {
        return Err(format!("its link `{}` is missing", button.link.name()));
    }
    Ok(url.map(|url| Labelled { label: button.label, url }))
}

fn unsubscribe(letter: &Letter, frame: &Frame) -> Result<Option<Labelled>, String> {
    let url = url(letter, LinkName::Unsubscribe)?;
    Ok(url.map(|url| Labelled { label: frame.unsubscribe, url }))
}

/// A link of the letter. Only those of the web are taken: a mail client may run what a `javascript:`
/// or `data:` link holds.
fn url(letter: &Letter, name: LinkName) -> Result<Option<String>, String> {
    let Some(link) = letter.link(name) else { return Ok(None) };
    let url = link.url.reveal();
    let is_web = url.starts_with("https://") || url.starts_with("http://");
    if !is_web || url.contains(|c: char| c.is_control() || c.is_whitespace()) {
        return Err(format!("its link `{}` is no https URL", name.name()));
    }
    Ok(Some(url.clone()))
}

#[cfg(test)]
mod tests;
