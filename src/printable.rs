//! Text of others, such as file names, as it may be shown: a terminal must not obey it, and it must not be taken for something else.

/// The text with its control characters, line ends, and characters that turn the direction of writing escaped, so that it is
/// one line and reads as it is stored.
pub fn printable(text: &str) -> String {
    if !text.chars().any(is_unsafe) {
        return text.to_owned();
    }
    let mut shown = String::with_capacity(text.len() + 8);
    for letter in text.chars() {
        if is_unsafe(letter) { shown.extend(letter.escape_default()) } else { shown.push(letter) }
    }
    shown
}

/// A value as JSON in which the same characters are escaped, as JSON does it: whoever reads it gets the text as it is stored.
///
/// # Errors
/// Those of serde.
pub fn json_text(value: &impl serde::Serialize, indented: bool) -> serde_json::Result<String> {
    let text = if indented { serde_json::to_string_pretty(value) } else { serde_json::to_string(value) }?;
    // serde escapes those of ASCII but DEL; between the strings there are none of the others.
    let is_left = |letter: char| is_unsafe(letter) && !letter.is_ascii_control() || letter == '\u{7f}';
    if !text.contains(is_left) {
        return Ok(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_left(letter) {
            escaped.push_str(&format!("\\u{:04x}", u32::from(letter)));
        } else {
            escaped.push(letter);
        }
    }
    Ok(escaped)
}

fn is_unsafe(letter: char) -> bool {
    letter.is_control()
        || matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_escaped() {
        assert_eq!(printable("Zoë 李 שלום.jpg"), "Zoë 李 שלום.jpg");
        assert_eq!(printable("a\nb\u{1b}[2J"), "a\\nb\\u{1b}[2J");
        assert_eq!(printable("photo\u{202e}gpj.exe\u{9b}"), "photo\\u{202e}gpj.exe\\u{9b}");
    }

    #[test]
    fn json_says_the_same_in_other_letters() {
        let name = "Zoë\n\u{1b}[2J\u{7f}\u{202e}gpj.exe\u{9b}";
        let json = json_text(&[name], true).unwrap();
        assert_eq!(json, "[\n  \"Zoë\\n\\u001b[2J\\u007f\\u202egpj.exe\\u009b\"\n]");
        assert_eq!(serde_json::from_str::<[String; 1]>(&json).unwrap(), [name]);
    }
}
