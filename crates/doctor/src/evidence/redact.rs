//! Redaction at capture: secrets, cookies, e-mail addresses, SQL literals and terminal escapes
//! are removed before a value becomes a fact, so that no later stage can leak them.

/// The longest text a fact keeps, in characters.
pub const TEXT_CHARS_MAX: usize = 400;
/// What stands where a secret was.
pub const MASK: &str = "[redacted]";

/// Words after which a value is a secret, in options, variables, headers and query strings.
const SECRET_WORDS: &[&str] = &[
    "password",
    "passwd",
    "pwd",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "auth",
    "cookie",
    "session",
    "credential",
    "private",
    "bearer",
    "signature",
    "dsn",
];

/// Cleans any text of a stranger: escapes, e-mail addresses, secrets; and caps its length.
pub fn text(raw: &str) -> String {
    capped(&mask_secrets(&mask_emails(&printable(raw))))
}

/// Masks secrets, e-mail addresses and the user part of URLs, and leaves everything else as it is:
/// the caller sees to control characters and to length.
pub fn secrets(raw: &str) -> String {
    let words: Vec<String> = raw.split(' ').map(mask_url_user).collect();
    mask_secrets(&mask_emails(&words.join(" ")))
}

/// Whether what a field or header of this name holds is a secret.
pub fn names_a_secret(word: &str) -> bool {
    let lower = word.to_ascii_lowercase();
    SECRET_WORDS.iter().any(|secret| lower.contains(secret))
}

/// Cleans a command line given as its arguments: also masks the argument after `--password` and
/// the user part of URLs.
pub fn command_line<'a>(arguments: impl IntoIterator<Item = &'a str>) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut hide_next = false;
    for argument in arguments {
        let clean = printable(argument);
        if hide_next && !clean.starts_with('-') {
            words.push(MASK.to_owned());
        } else {
            words.push(mask_secrets(&mask_emails(&mask_url_user(&clean))));
        }
        hide_next = clean.starts_with('-') && !clean.contains('=') && names_a_secret(&clean);
    }
    capped(&words.join(" "))
}

/// Replaces every string, blob and number literal of SQL text by `?`.
pub fn sql(raw: &str) -> String {
    let mut out = String::with_capacity(raw.len());
    let mut rest = printable(raw);
    while let Some(first) = rest.chars().next() {
        let previous_is_word = out.chars().last().is_some_and(is_word);
        let taken = match first {
            '\'' => quoted_len(&rest),
            'x' | 'X' if !previous_is_word && rest[1..].starts_with('\'') => {
                1 + quoted_len(&rest[1..])
            }
            '0'..='9' if !previous_is_word => {
                rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '.')).unwrap_or(rest.len())
            }
            _ => 0,
        };
        if taken > 0 {
            out.push('?');
        } else {
            out.push(first);
        }
        rest = rest.split_off(taken.max(first.len_utf8()));
    }
    capped(&out)
}

/// The same for PostgreSQL's dialect, whose literals can also be written `$tag$…$tag$` and, with
/// backslashes, `E'…'` (PostgreSQL documentation, 4.1.2).
pub fn postgres_sql(raw: &str) -> String {
    let mut plain = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(first) = rest.chars().next() {
        let after_word = plain.chars().last().is_some_and(is_word);
        let literal = match first {
            '\'' => Some(quoted_len(rest)),
            'e' | 'E' if !after_word && rest[1..].starts_with('\'') => {
                Some(1 + escaped_len(&rest[1..]))
            }
            '$' if !after_word => dollar_len(rest),
            _ => None,
        };
        match literal {
            Some(_) => plain.push('?'),
            None => plain.push(first),
        }
        rest = &rest[literal.unwrap_or(first.len_utf8())..];
    }
    sql(&plain)
}

/// Length of a literal in which a backslash takes the next character along.
fn escaped_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\\', Some(_)) | (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Length of a `$tag$…$tag$` literal; `None` for a parameter such as `$1`. One that is not closed
/// reaches to the end.
fn dollar_len(text: &str) -> Option<usize> {
    let tag_end = 1 + text[1..].find(|c: char| !(c.is_alphanumeric() || c == '_'))?;
    let is_parameter = text[1..].starts_with(|c: char| c.is_ascii_digit());
    if is_parameter || !text[tag_end..].starts_with('$') {
        return None;
    }
    let tag = &text[..=tag_end];
    let body = &text[tag.len()..];
    Some(body.find(tag).map_or(text.len(), |at| at + 2 * tag.len()))
}

/// Removes control characters (terminal escapes among them) and bidirectional overrides.
pub fn printable(raw: &str) -> String {
    raw.chars()
        .map(|c| if c == '\n' || c == '\t' || c == '\r' { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect()
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$' | '@' | ':' | '?')
}

/// Length of a quoted literal at the start of `text`, doubled quotes included.
fn quoted_len(text: &str) -> usize {
    let bytes = text.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match (bytes[at], bytes.get(at + 1)) {
            (b'\'', Some(b'\'')) => at += 2,
            (b'\'', _) => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// Masks what follows `=` or `:` after a word that names a secret.
fn mask_secrets(text: &str) -> String {
    let mut out = Vec::new();
    let mut hide_next = false;
    for word in text.split(' ') {
        let is_scheme = matches!(word.to_ascii_lowercase().as_str(), "bearer" | "basic");
        if hide_next && !word.is_empty() {
            out.push(if is_scheme { word.to_owned() } else { MASK.to_owned() });
            hide_next = is_scheme;
            continue;
        }
        out.push(mask_pairs(word));
        hide_next = is_scheme || (word.ends_with([':', '=']) && names_a_secret(word));
    }
    out.join(" ")
}

/// Masks `name=value` and `name:value` parts (also `?a=1&token=2`) whose name tells of a secret.
fn mask_pairs(word: &str) -> String {
    word.split_inclusive(['&', ';', ','])
        .map(|part| {
            let (pair, end) = match part.char_indices().last() {
                Some((at, '&' | ';' | ',')) => part.split_at(at),
                _ => (part, ""),
            };
            match pair.find(['=', ':']) {
                // A path or a line number (`auth.py:42`, `https://…`) is no secret.
                Some(at)
                    if names_a_secret(&pair[..at])
                        && pair.len() > at + 1
                        && !is_place(&pair[..at], &pair[at + 1..]) =>
                {
                    format!("{}{MASK}{end}", &pair[..=at])
                }
                _ => part.to_owned(),
            }
        })
        .collect()
}

fn is_place(name: &str, value: &str) -> bool {
    let line_number = value.chars().all(|c| c.is_ascii_digit() || c == ':');
    value.starts_with("//") || (line_number && name.contains('.'))
}

fn mask_url_user(text: &str) -> String {
    let Some(at) = text.find("://") else {
        return text.to_owned();
    };
    let (scheme, rest) = text.split_at(at + 3);
    let authority_end = rest.find('/').unwrap_or(rest.len());
    match rest[..authority_end].rfind('@') {
        Some(user_end) => format!("{scheme}{MASK}{}", &rest[user_end..]),
        None => text.to_owned(),
    }
}

fn mask_emails(text: &str) -> String {
    text.split(' ').map(mask_email).collect::<Vec<_>>().join(" ")
}

fn mask_email(word: &str) -> String {
    let Some(at) = word.find('@') else {
        return word.to_owned();
    };
    let start = word[..at].rfind(|c: char| !is_address(c)).map_or(0, |i| i + char_len(word, i));
    let end = word[at + 1..].find(|c: char| !is_address(c)).map_or(word.len(), |i| at + 1 + i);
    let domain = &word[at + 1..end];
    if start == at || !domain.contains('.') {
        return word.to_owned();
    }
    format!("{}{MASK}{}", &word[..start], &word[end..])
}

fn char_len(word: &str, at: usize) -> usize {
    word[at..].chars().next().map_or(1, char::len_utf8)
}

fn is_address(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '-' | '+' | '%')
}

fn capped(text: &str) -> String {
    match text.char_indices().nth(TEXT_CHARS_MAX) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_in_a_command_line_do_not_survive() {
        let line = command_line([
            "python",
            "app.py",
            "--password",
            "hunter2",
            "--token=abc",
            "postgres://u:p@db/x",
        ]);
        assert_eq!(
            line,
            "python app.py --password [redacted] --token=[redacted] postgres://[redacted]@db/x"
        );
    }

    #[test]
    fn an_address_and_a_cookie_do_not_survive() {
        assert_eq!(text("user <ada@example.org> came"), "user <[redacted]> came");
        assert_eq!(text("Cookie: abc Authorization: Bearer xyz").matches("xyz").count(), 0);
        assert_eq!(text("GET /a?token=1&b=2"), "GET /a?token=[redacted]&b=2");
    }

    #[test]
    fn secrets_are_masked_in_a_text_of_any_length_that_is_else_unchanged() {
        let long = "x ".repeat(TEXT_CHARS_MAX);
        let raw = format!("{long}\u{1b} https://u:p@db/x password=hunter2 a@example.org");
        let masked = format!("{long}\u{1b} https://{MASK}@db/x password={MASK} {MASK}");
        assert_eq!(secrets(&raw), masked);
    }

    #[test]
    fn a_source_line_is_not_taken_for_a_secret() {
        assert_eq!(text("/srv/auth.py:42 login"), "/srv/auth.py:42 login");
        assert_eq!(text("/srv/app/session.py:7"), "/srv/app/session.py:7");
    }

    #[test]
    fn sql_keeps_its_shape_and_loses_its_literals() {
        assert_eq!(
            sql("SELECT t1.a FROM t1 WHERE b = 'it''s' AND c > 1.5 AND d = x'00ff' LIMIT 10"),
            "SELECT t1.a FROM t1 WHERE b = ? AND c > ? AND d = ? LIMIT ?"
        );
    }

    #[test]
    fn the_literals_of_postgresql_do_not_survive_in_any_spelling() {
        let raw =
            r"SELECT E'it\'s hunter2', $x$hunter2 ' $$ more$x$, $$hunter2$$, 'a''b' WHERE a = $1";
        assert_eq!(postgres_sql(raw), "SELECT ?, ?, ?, ? WHERE a = $1");
        assert_eq!(postgres_sql("SELECT 'hunter2"), "SELECT ?");
        assert_eq!(postgres_sql("SELECT $$hunter2"), "SELECT ?");
    }

    #[test]
    fn terminal_escapes_of_the_examined_are_removed() {
        assert_eq!(printable("\u{1b}[31mred\u{7}\u{202e}x"), "[31mredx");
    }
}
