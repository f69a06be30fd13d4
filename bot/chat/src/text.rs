//! What every platform does to text before it shows it.

/// Takes out what could deceive the eye: control characters, direction overrides, invisible characters. Line ends stay.
pub fn clean(text: &str) -> String {
    text.replace("\r\n", "\n").chars().filter(|c| !deceives(*c)).collect()
}

fn deceives(c: char) -> bool {
    matches!(c,
        '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{00ad}'
        | '\u{061c}' | '\u{180e}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}')
        || (c.is_control() && c != '\n' && c != '\t')
}

/// Cuts at so many characters and says so.
pub fn cut(text: &str, max: usize) -> String {
    if text.chars().count() <= max {
        return text.to_owned();
    }
    let kept: String = text.chars().take(max.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}
