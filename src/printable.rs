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
}
