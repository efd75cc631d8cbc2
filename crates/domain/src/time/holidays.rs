//! Public holidays of countries and their regions: facts compiled in, from `crates/domain/holidays.txt`
//! (whose form `tools/make_holidays.py` explains).

use std::collections::{BTreeMap, HashMap};
use std::sync::{LazyLock, OnceLock};

use chrono::NaiveDate;

/// A public holiday.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Holiday {
    /// The day, in local time.
    pub date: NaiveDate,
    /// What it is called, in English.
    pub name: &'static str,
}

/// The public holidays of a place, in order.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Calendar(Vec<Holiday>);

/// There is no table for a place.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UnknownPlace {
    /// Not for that country.
    #[error("is not a country whose public holidays are known (ISO 3166-1, such as DE)")]
    Country,
    /// The country has no such region.
    #[error("is not a region whose public holidays are known: {0} has {1}")]
    Region(&'static str, String),
}

impl Calendar {
    /// The holidays from `first` to `last`, both included.
    #[must_use]
    pub fn between(&self, first: NaiveDate, last: NaiveDate) -> &[Holiday] {
        let from = self.0.partition_point(|holiday| holiday.date < first);
        let to = self.0.partition_point(|holiday| holiday.date <= last);
        self.0.get(from..to).unwrap_or_default()
    }
}

/// The public holidays of a country (ISO 3166-1 alpha-2), or of one of its regions (ISO 3166-2
/// without the country), by codes in capital letters.
///
/// ```
/// use chrono::NaiveDate;
/// use dogwatch_domain::time::holidays::calendar;
///
/// let day = NaiveDate::from_ymd_opt(2026, 6, 4).unwrap();
/// let bavaria = calendar("DE", Some("BY")).unwrap();
/// assert_eq!(bavaria.between(day, day)[0].name, "Corpus Christi");
/// assert!(calendar("DE", None).unwrap().between(day, day).is_empty());
/// assert!(calendar("DE", Some("XX")).is_err());
/// ```
///
/// # Errors
///
/// [`UnknownPlace`] where the table has no such country or region.
pub fn calendar(country: &str, region: Option<&str>) -> Result<&'static Calendar, UnknownPlace> {
    let table: &'static Table = &TABLE;
    let (code, country) = table
        .countries
        .get_key_value(country)
        .ok_or(UnknownPlace::Country)?;
    let unknown = || UnknownPlace::Region(code, country.regions());
    let (place, known) = country
        .places
        .get_key_value(region.unwrap_or(WHOLE))
        .filter(|(place, _)| region.is_none() || **place != WHOLE)
        .ok_or_else(unknown)?;
    Ok(known.get_or_init(|| country.calendar(place, table.years)))
}

/// The first and the last year that the table has.
#[must_use]
pub fn years() -> (i32, i32) {
    TABLE.years
}

static TABLE: LazyLock<Table> = LazyLock::new(|| Table::read(SOURCE));

const SOURCE: &str = include_str!("../../holidays.txt");

/// The place that is a whole country.
const WHOLE: &str = "";

#[derive(Debug, Default)]
struct Table {
    years: (i32, i32),
    countries: HashMap<&'static str, Country>,
}

/// The lines of a country; its calendars are made when somebody asks.
#[derive(Debug, Default)]
struct Country {
    rows: Vec<Row>,
    places: BTreeMap<&'static str, OnceLock<Calendar>>,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    /// Nothing: everywhere; `+` and regions: only there; `-` and regions: everywhere but there.
    scope: &'static str,
    name: &'static str,
    dates: &'static str,
}

impl Table {
    fn read(source: &'static str) -> Self {
        let mut table = Self::default();
        let mut shared: HashMap<&str, &str> = HashMap::new();
        let mut country: Option<(&str, Country)> = None;
        for line in source.lines() {
            if let Some(row) = Row::read(line, &shared) {
                if let Some((_, country)) = &mut country {
                    country.rows.push(row);
                }
                continue;
            }
            let (head, rest) = line.split_once(' ').unwrap_or((line, ""));
            match head {
                "#" => {}
                "years" => table.years = years_of(rest).unwrap_or_default(),
                label if label.starts_with('=') => drop(shared.insert(label, rest)),
                code => {
                    table.countries.extend(country.take());
                    country = Some((code, Country::with_regions(rest)));
                }
            }
        }
        table.countries.extend(country);
        table
    }
}

fn years_of(text: &str) -> Option<(i32, i32)> {
    let (first, last) = text.split_once(' ')?;
    Some((first.parse().ok()?, last.parse().ok()?))
}

impl Country {
    fn with_regions(codes: &'static str) -> Self {
        let places = std::iter::once(WHOLE).chain(codes.split_whitespace());
        Self {
            rows: Vec::new(),
            places: places.map(|place| (place, OnceLock::new())).collect(),
        }
    }

    /// The codes of its regions, for people to choose from.
    fn regions(&self) -> String {
        let codes: Vec<&str> = self.places.keys().skip(1).copied().collect();
        if codes.is_empty() {
            "none".to_owned()
        } else {
            codes.join(", ")
        }
    }

    fn calendar(&self, place: &str, years: (i32, i32)) -> Calendar {
        let rows = self.rows.iter().filter(|row| row.holds_in(place));
        let mut all: Vec<Holiday> = rows.flat_map(|row| row.holidays(years)).collect();
        all.sort_unstable();
        Calendar(all)
    }
}

impl Row {
    fn read(line: &'static str, shared: &HashMap<&str, &'static str>) -> Option<Self> {
        let (scope, rest) = line.split_once('|')?;
        let (name, dates) = rest.split_once('|')?;
        let dates = shared.get(dates).copied().unwrap_or(dates);
        Some(Self { scope, name, dates })
    }

    fn holds_in(&self, place: &str) -> bool {
        let named = |regions: &str| regions.split(' ').any(|region| region == place);
        match (self.scope.strip_prefix('+'), self.scope.strip_prefix('-')) {
            (Some(only), _) => named(only),
            (_, Some(not)) => !named(not),
            (None, None) => true,
        }
    }

    /// Its days: `MMDD` is one in each of the years, `YYMMDD …` are single ones.
    fn holidays(&self, (first, last): (i32, i32)) -> Vec<Holiday> {
        let words = || self.dates.split(' ');
        let dates: Vec<NaiveDate> = if self.dates.len() == 4 {
            let each = |year| words().filter_map(move |day| date(year, day));
            (first..=last).flat_map(each).collect()
        } else {
            words()
                .filter_map(|word| {
                    let (year, day) = word.split_at_checked(2)?;
                    date(2000 + year.parse::<i32>().ok()?, day)
                })
                .collect()
        };
        let name = self.name;
        let holiday = |date| Holiday { date, name };
        dates.into_iter().map(holiday).collect()
    }
}

fn date(year: i32, day: &str) -> Option<NaiveDate> {
    let day: u32 = day.parse().ok()?;
    NaiveDate::from_ymd_opt(year, day / 100, day % 100)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(country: &str, region: Option<&str>, day: &str) -> Vec<&'static str> {
        let day = day.parse().unwrap();
        let found = calendar(country, region).unwrap().between(day, day);
        found.iter().map(|holiday| holiday.name).collect()
    }

    #[test]
    fn known_days_of_known_places() {
        for (country, region, day, expected) in [
            ("DE", None, "2026-10-03", "German Unity Day"),
            ("DE", Some("BE"), "2026-03-08", "Women's Day"),
            ("GB", None, "2026-12-28", "Boxing Day (observed)"),
            ("GB", Some("SCT"), "2026-11-30", "Saint Andrew's Day"),
            ("GB", Some("ENG"), "2027-03-29", "Easter Monday"),
            ("US", None, "2026-11-26", "Thanksgiving Day"),
            ("US", Some("MA"), "2027-04-19", "Patriots' Day"),
            ("NZ", None, "2027-02-06", "Waitangi Day"),
            ("JP", None, "2026-09-22", "National Holiday"),
            ("BR", None, "2026-09-07", "Independence Day"),
        ] {
            let found = names(country, region, day);
            assert!(
                found.contains(&expected),
                "{country} {region:?} {day}: {found:?}"
            );
        }
        // Unity Day is every German's; the Feast of Corpus Christi is not, nor is Easter Monday Scots'.
        assert!(names("DE", Some("BE"), "2026-06-04").is_empty());
        assert!(names("GB", Some("SCT"), "2027-03-29").is_empty());
        assert_eq!(
            names("US", Some("AK"), "2026-10-12"),
            ["Indigenous Peoples' Day"]
        );
        assert!(names("US", None, "2026-11-27").is_empty());
    }

    #[test]
    fn unknown_places_are_told_apart() {
        assert_eq!(calendar("XX", None), Err(UnknownPlace::Country));
        assert_eq!(calendar("XX", Some("BY")), Err(UnknownPlace::Country));
        let Err(unknown @ UnknownPlace::Region(..)) = calendar("GB", Some("LONDON")) else {
            panic!("London has no table of its own");
        };
        assert!(unknown.to_string().contains("GB has ENG, NIR, SCT, WLS"));
        assert!(calendar("GB", Some("")).is_err());
    }

    #[test]
    fn every_line_is_read_and_every_place_has_holidays_in_the_years_to_come() {
        let table = Table::read(SOURCE);
        let (first, last) = table.years;
        assert!(first <= 2020 && last >= 2035, "{:?}", table.years);
        assert!(table.countries.len() > 200);
        let rows: usize = table.countries.values().map(|one| one.rows.len()).sum();
        assert_eq!(
            rows,
            SOURCE.lines().filter(|line| line.contains('|')).count()
        );
        for (code, country) in &table.countries {
            assert!(code.len() == 2, "{code}");
            for row in &country.rows {
                let days = if row.dates.len() == 4 {
                    usize::try_from(last - first + 1).unwrap()
                } else {
                    row.dates.split(' ').count()
                };
                assert_eq!(row.holidays(table.years).len(), days, "{code} {row:?}");
                let regions = row.scope.trim_start_matches(['+', '-']);
                for region in regions.split_whitespace() {
                    assert!(country.places.contains_key(region), "{code} {row:?}");
                }
            }
            for place in country.places.keys() {
                let all = country.calendar(place, table.years);
                // Sri Lanka announces its full moons year by year; Ukraine has none in war.
                let until = match *code {
                    "LK" => 2026,
                    "UA" => 2025,
                    _ => last,
                };
                for year in 2026..=until {
                    let day = |month, day| NaiveDate::from_ymd_opt(year, month, day).unwrap();
                    let found = all.between(day(1, 1), day(12, 31));
                    assert!(!found.is_empty(), "{code} {place} {year}");
                }
            }
        }
    }
}
