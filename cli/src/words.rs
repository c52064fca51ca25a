//! Numbers, times and tables as people read them.
use humantime::format_rfc3339_micros;
use std::fmt::Write;
use std::time::{Duration, UNIX_EPOCH};

/// So many of something: `1 epoch`, `1,234 epochs`.
pub(crate) fn count(number: u64, one: &str) -> String {
    format!("{} {one}{}", grouped(number), if number == 1 { "" } else { "s" })
}

/// A number with commas.
fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A size: `512 bytes`, `16.8 MB`.
pub(crate) fn bytes(number: u64) -> String {
    const UNITS: [&str; 6] = ["kB", "MB", "GB", "TB", "PB", "EB"];
    if number < 1_000 {
        return count(number, "byte");
    }
    #[expect(clippy::cast_precision_loss, reason = "one digit is shown")]
    let mut size = number as f64 / 1e3;
    let mut units = UNITS.iter();
    let mut unit = units.next();
    // What would be shown as 1000.0 has the next unit.
    while size >= 999.95 && units.len() > 0 {
        size /= 1e3;
        unit = units.next();
    }
    format!("{size:.1} {}", unit.unwrap_or(&""))
}

/// A time in UTC, of microseconds since 1970.
pub(crate) fn time(micros: u64) -> String {
    let mut text = String::new();
    let time = UNIX_EPOCH.checked_add(Duration::from_micros(micros));
    // A clock that a test has set may be behind the year 9999, which has no such form.
    match time.map(|time| write!(text, "{}", format_rfc3339_micros(time))) {
        Some(Ok(())) => text,
        _ => format!("{micros} µs"),
    }
}

/// One line of text, whatever it has: what would move the cursor of a terminal is written out.
pub(crate) fn line(text: &str) -> String {
    let mut line = String::with_capacity(text.len());
    for part in text.chars() {
        if part.is_control() { line.extend(part.escape_default()) } else { line.push(part) }
    }
    line
}

/// Lines of a name and what it is, aligned.
#[derive(Default)]
pub(crate) struct Facts(String);

impl Facts {
    pub(crate) fn add(&mut self, name: &str, what: &str) {
        let _ = writeln!(self.0, "{name:<12} {}", line(what));
    }
    pub(crate) fn text(self) -> String {
        self.0
    }
}

/// A table, each column as wide as it must be; the first row names them.
pub(crate) fn table(rows: &[Vec<String>]) -> String {
    let mut text = String::new();
    let width =
        |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    for row in rows {
        let mut cells = String::new();
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(cells, "  {:<width$}", line(cell), width = width(column).unwrap_or(0));
        }
        text.push_str(cells.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_units() {
        let counts = [0, 1, 999, 1_000, 1_234_567].map(|number| count(number, "epoch"));
        assert_eq!(counts, ["0 epochs", "1 epoch", "999 epochs", "1,000 epochs", "1,234,567 epochs"]);
        let sizes = [1, 999, 1_000, 16_777_216, 999_949, 999_950, u64::MAX].map(bytes);
        assert_eq!(sizes, ["1 byte", "999 bytes", "1.0 kB", "16.8 MB", "999.9 kB", "1.0 MB", "18.4 EB"]);
    }

    #[test]
    fn every_time_has_a_form() {
        let times = [0, 1_785_000_000_000_001, u64::MAX].map(time);
        assert_eq!(
            times,
            ["1970-01-01T00:00:00.000000Z", "2026-07-25T17:20:00.000001Z", "18446744073709551615 µs"]
        );
    }

    #[test]
    fn a_line_is_one() {
        assert_eq!(line("a\nb\u{1b}[31mü"), "a\\nb\\u{1b}[31mü");
    }
}
