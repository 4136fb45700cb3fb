//! Dates and times, which are told from words though they are not read.

/// The months, which may be shortened to three letters or more.
const MONTHS: [&str; 12] = [
    "january",
    "february",
    "march",
    "april",
    "may",
    "june",
    "july",
    "august",
    "september",
    "october",
    "november",
    "december",
];
/// The days of a week, likewise.
const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];
/// Letters to which a name may be shortened.
const MIN_NAME: usize = 3;

/// Years beside a month, a quarter or a week alone: other numbers of four digits may begin a code.
const YEARS: std::ops::RangeInclusive<u32> = 1000..=2999;

/// Whether a text is a date with the month in letters, or begins with one in figures, and nothing follows it but a time; or
/// a month, a quarter or a week of a year, or a time of day.
pub(crate) fn is_date(text: &str) -> bool {
    if is_spelled(text) || is_part_of_year(text) || is_clock(text) {
        return true;
    }
    let date = text.split(['T', ' ']).next().unwrap_or_default();
    let rest = text[date.len()..].trim_start_matches(['T', ' ']);
    is_day(date) && (rest.is_empty() || is_time(rest))
}

/// A month in letters, a year of four digits or two, and perhaps a day, a weekday and a time.
fn is_spelled(text: &str) -> bool {
    let named = |part: &str, names: &[&str]| {
        let begins =
            |name: &&str| name.get(..part.len()).is_some_and(|start| start.eq_ignore_ascii_case(part));
        part.len() >= MIN_NAME && names.iter().any(begins)
    };
    let (mut months, mut days, mut years) = (0, 0, 0);
    let separators = [' ', ',', '-', '/', '.'];
    for part in text.split(separators).filter(|part| !part.is_empty()) {
        let day = part.trim_end_matches(|c: char| c.is_ascii_alphabetic());
        if named(part, &MONTHS) {
            months += 1;
        } else if in_range(part, 4..=4, 0..=9999) || (days > 0 && in_range(part, 2..=2, 0..=99)) {
            years += 1;
        } else if in_range(day, 1..=2, 1..=31) {
            days += 1;
        } else if !named(part, &WEEKDAYS) && !is_time(part) {
            return false;
        }
    }
    months == 1 && years == 1 && days <= 1
}

/// Year, month and day, in this order or the other way round, or day and month exchanged.
fn is_day(text: &str) -> bool {
    ['-', '/', '.'].into_iter().any(|mark| {
        let mut parts = text.split(mark);
        let (Some(first), Some(second), Some(third), None) =
            (parts.next(), parts.next(), parts.next(), parts.next())
        else {
            return false;
        };
        let short = |text: &str| in_range(text, 1..=2, 1..=31);
        let year = |text: &str| in_range(text, 4..=4, 0..=9999);
        (year(first) && short(second) && short(third))
            || (short(first) && short(second) && (year(third) || in_range(third, 2..=2, 0..=99)))
    })
}

/// A year and a month in figures, or a quarter as `Q3`, or a week as `W07`, in either order.
fn is_part_of_year(text: &str) -> bool {
    let year = |text: &str| in_range(text, 4..=4, YEARS);
    let part = |text: &str| {
        let of = |letter: [char; 2], range| {
            text.strip_prefix(letter).is_some_and(|number| in_range(number, 1..=2, range))
        };
        of(['q', 'Q'], 1..=4) || of(['w', 'W'], 1..=53)
    };
    if let Some((year_there, rest)) = text.split_at_checked(4)
        && year(year_there)
        && part(rest)
    {
        return true;
    }
    let Some((first, second)) = text.split_once(['-', '/', '.', ' ']) else { return false };
    (year(first) && (in_range(second, 2..=2, 1..=12) || part(second)))
        || (year(second) && (in_range(first, 1..=2, 1..=12) || part(first)))
}

/// Hours and minutes, perhaps seconds and half a day, and nothing else.
fn is_clock(text: &str) -> bool {
    const HALVES: [&str; 4] = ["am", "pm", "a.m.", "p.m."];
    let end = text.find(|c: char| !(c.is_ascii_digit() || matches!(c, ':' | '.'))).unwrap_or(text.len());
    let (clock, half) = text.split_at(end);
    let half = half.trim_start();
    if !half.is_empty() && !HALVES.iter().any(|name| half.eq_ignore_ascii_case(name)) {
        return false;
    }
    let mut parts = clock.splitn(3, ':');
    let sixtieth = |part: &str| in_range(part, 2..=2, 0..=59);
    let (Some(hours), Some(minutes), seconds) = (parts.next(), parts.next(), parts.next()) else {
        return false;
    };
    let is_seconds = |text: &str| {
        let (whole, fraction) = text.split_once('.').unwrap_or((text, "0"));
        sixtieth(whole) && !fraction.is_empty() && fraction.bytes().all(|byte| byte.is_ascii_digit())
    };
    in_range(hours, 1..=2, 0..=24) && sixtieth(minutes) && seconds.is_none_or(is_seconds)
}

/// Hours and minutes, perhaps seconds, half a day and a zone.
fn is_time(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let (Some(hours), Some(minutes)) = (parts.next(), parts.next()) else { return false };
    let digits = minutes.bytes().take(2).take_while(u8::is_ascii_digit).count();
    in_range(hours, 1..=2, 0..=24) && in_range(&minutes[..digits], 2..=2, 0..=59)
}

fn in_range(
    text: &str,
    digits: std::ops::RangeInclusive<usize>,
    range: std::ops::RangeInclusive<u32>,
) -> bool {
    digits.contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_digit())
        && text.parse().is_ok_and(|number: u32| range.contains(&number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_told_from_other_words() {
        for date in [
            "2024-01-31",
            "2024/1/3",
            "31.12.2024",
            "12/31/24",
            "2024-01-01 23:59:01",
            "2024-01-01T00:00:00.5+02:00",
            "1/2/2024 5:30 PM",
            "1 Jan 2019",
            "Jan 1, 2019",
            "31-DEC-19",
            "Tuesday, 3rd March 2020",
            "May 2020",
            "2019 Feb 7 12:30:00",
            "2024-01",
            "01/2024",
            "2024-Q3",
            "2024Q3",
            "Q3 2024",
            "2024-W07",
            "16:04",
            "9:30:15.25",
            "4:05 PM",
        ] {
            assert!(is_date(date), "{date}");
        }
        for other in [
            "2024-13",
            "4711-12",
            "2024-1",
            "2024-Q5",
            "Q3",
            "1:5",
            "16:04x",
            "25:10",
            "May",
            "12 May",
            "Mark 2019",
            "Jan Feb 2019",
            "Sun 2019",
            "192.168.0.1",
            "1.2.3.4",
            "1-2",
            "2024-13-99x",
            "2024-01-01 late",
            "a/b/c",
            "",
            "T",
        ] {
            assert!(!is_date(other), "{other}");
        }
    }
}
