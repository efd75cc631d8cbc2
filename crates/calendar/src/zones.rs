//! Time zones as calendars name them.

use std::cell::RefCell;
use std::collections::HashMap;

use super::budget::{Kind, Meter};
use super::ics::ZoneDraft;
use crate::domain::time::zone::Zone;

/// What Windows calls zones, and what everybody else does (Unicode CLDR, `windowsZones`, the entries for
/// the whole world).
const WINDOWS: &str = "\
Dateline Standard Time=Etc/GMT+12
UTC-11=Etc/GMT+11
Aleutian Standard Time=America/Adak
Hawaiian Standard Time=Pacific/Honolulu
Marquesas Standard Time=Pacific/Marquesas
Alaskan Standard Time=America/Anchorage
UTC-09=Etc/GMT+9
Pacific Standard Time (Mexico)=America/Tijuana
UTC-08=Etc/GMT+8
Pacific Standard Time=America/Los_Angeles
US Mountain Standard Time=America/Phoenix
Mountain Standard Time (Mexico)=America/Mazatlan
Mountain Standard Time=America/Denver
Yukon Standard Time=America/Whitehorse
Central America Standard Time=America/Guatemala
Central Standard Time=America/Chicago
Easter Island Standard Time=Pacific/Easter
Central Standard Time (Mexico)=America/Mexico_City
Canada Central Standard Time=America/Regina
SA Pacific Standard Time=America/Bogota
Eastern Standard Time (Mexico)=America/Cancun
Eastern Standard Time=America/New_York
Haiti Standard Time=America/Port-au-Prince
Cuba Standard Time=America/Havana
US Eastern Standard Time=America/Indianapolis
Turks And Caicos Standard Time=America/Grand_Turk
Paraguay Standard Time=America/Asuncion
Atlantic Standard Time=America/Halifax
Venezuela Standard Time=America/Caracas
Central Brazilian Standard Time=America/Cuiaba
SA Western Standard Time=America/La_Paz
Pacific SA Standard Time=America/Santiago
Newfoundland Standard Time=America/St_Johns
Tocantins Standard Time=America/Araguaina
E. South America Standard Time=America/Sao_Paulo
SA Eastern Standard Time=America/Cayenne
Argentina Standard Time=America/Argentina/Buenos_Aires
Greenland Standard Time=America/Godthab
Montevideo Standard Time=America/Montevideo
Magallanes Standard Time=America/Punta_Arenas
Saint Pierre Standard Time=America/Miquelon
Bahia Standard Time=America/Bahia
UTC-02=Etc/GMT+2
Azores Standard Time=Atlantic/Azores
Cape Verde Standard Time=Atlantic/Cape_Verde
UTC=Etc/UTC
GMT Standard Time=Europe/London
Greenwich Standard Time=Atlantic/Reykjavik
Sao Tome Standard Time=Africa/Sao_Tome
Morocco Standard Time=Africa/Casablanca
W. Europe Standard Time=Europe/Berlin
Central Europe Standard Time=Europe/Budapest
Romance Standard Time=Europe/Paris
Central European Standard Time=Europe/Warsaw
W. Central Africa Standard Time=Africa/Lagos
Jordan Standard Time=Asia/Amman
GTB Standard Time=Europe/Bucharest
Middle East Standard Time=Asia/Beirut
Egypt Standard Time=Africa/Cairo
E. Europe Standard Time=Europe/Chisinau
Syria Standard Time=Asia/Damascus
West Bank Standard Time=Asia/Hebron
South Africa Standard Time=Africa/Johannesburg
FLE Standard Time=Europe/Kiev
Israel Standard Time=Asia/Jerusalem
South Sudan Standard Time=Africa/Juba
Kaliningrad Standard Time=Europe/Kaliningrad
Sudan Standard Time=Africa/Khartoum
Libya Standard Time=Africa/Tripoli
Namibia Standard Time=Africa/Windhoek
Arabic Standard Time=Asia/Baghdad
Turkey Standard Time=Europe/Istanbul
Arab Standard Time=Asia/Riyadh
Belarus Standard Time=Europe/Minsk
Russian Standard Time=Europe/Moscow
E. Africa Standard Time=Africa/Nairobi
Iran Standard Time=Asia/Tehran
Arabian Standard Time=Asia/Dubai
Astrakhan Standard Time=Europe/Astrakhan
Azerbaijan Standard Time=Asia/Baku
Russia Time Zone 3=Europe/Samara
Mauritius Standard Time=Indian/Mauritius
Saratov Standard Time=Europe/Saratov
Georgian Standard Time=Asia/Tbilisi
Volgograd Standard Time=Europe/Volgograd
Caucasus Standard Time=Asia/Yerevan
Afghanistan Standard Time=Asia/Kabul
West Asia Standard Time=Asia/Tashkent
Ekaterinburg Standard Time=Asia/Yekaterinburg
Pakistan Standard Time=Asia/Karachi
Qyzylorda Standard Time=Asia/Qyzylorda
India Standard Time=Asia/Calcutta
Sri Lanka Standard Time=Asia/Colombo
Nepal Standard Time=Asia/Katmandu
Central Asia Standard Time=Asia/Bishkek
Bangladesh Standard Time=Asia/Dhaka
Omsk Standard Time=Asia/Omsk
Myanmar Standard Time=Asia/Rangoon
SE Asia Standard Time=Asia/Bangkok
Altai Standard Time=Asia/Barnaul
W. Mongolia Standard Time=Asia/Hovd
North Asia Standard Time=Asia/Krasnoyarsk
N. Central Asia Standard Time=Asia/Novosibirsk
Tomsk Standard Time=Asia/Tomsk
China Standard Time=Asia/Shanghai
North Asia East Standard Time=Asia/Irkutsk
Singapore Standard Time=Asia/Singapore
W. Australia Standard Time=Australia/Perth
Taipei Standard Time=Asia/Taipei
Ulaanbaatar Standard Time=Asia/Ulaanbaatar
Aus Central W. Standard Time=Australia/Eucla
Transbaikal Standard Time=Asia/Chita
Tokyo Standard Time=Asia/Tokyo
North Korea Standard Time=Asia/Pyongyang
Korea Standard Time=Asia/Seoul
Yakutsk Standard Time=Asia/Yakutsk
Cen. Australia Standard Time=Australia/Adelaide
AUS Central Standard Time=Australia/Darwin
E. Australia Standard Time=Australia/Brisbane
AUS Eastern Standard Time=Australia/Sydney
West Pacific Standard Time=Pacific/Port_Moresby
Tasmania Standard Time=Australia/Hobart
Vladivostok Standard Time=Asia/Vladivostok
Lord Howe Standard Time=Australia/Lord_Howe
Bougainville Standard Time=Pacific/Bougainville
Russia Time Zone 10=Asia/Srednekolymsk
Magadan Standard Time=Asia/Magadan
Norfolk Standard Time=Pacific/Norfolk
Sakhalin Standard Time=Asia/Sakhalin
Central Pacific Standard Time=Pacific/Guadalcanal
Russia Time Zone 11=Asia/Kamchatka
New Zealand Standard Time=Pacific/Auckland
UTC+12=Etc/GMT-12
Fiji Standard Time=Pacific/Fiji
Chatham Islands Standard Time=Pacific/Chatham
UTC+13=Etc/GMT-13
Tonga Standard Time=Pacific/Tongatapu
Samoa Standard Time=Pacific/Apia
Line Islands Standard Time=Pacific/Kiritimati";

/// No zone has a longer name; one that has is one that nobody knows.
const LONGEST_NAME: usize = 255;

/// Looking up a name costs as much as so many steps.
const LOOK_UP: u64 = 100;

/// The zones that a calendar names. Each name is looked up once.
pub(super) struct Zones<'a> {
    definitions: &'a HashMap<String, ZoneDraft>,
    /// The zone of whoever's calendar it is: for times without a zone, and zones that nobody knows.
    own: &'a Zone,
    known: RefCell<HashMap<String, Zone>>,
    meter: &'a Meter<'a>,
}

impl<'a> Zones<'a> {
    pub(super) fn new(
        definitions: &'a HashMap<String, ZoneDraft>,
        own: &'a Zone,
        meter: &'a Meter<'a>,
    ) -> Self {
        Self {
            definitions,
            own,
            known: RefCell::default(),
            meter,
        }
    }

    /// The owner's.
    pub(super) fn own(&self) -> Zone {
        self.own.clone()
    }

    /// The zone that the calendar calls so; nothing where it has called too many.
    pub(super) fn called(&self, name: &str) -> Option<Zone> {
        if name.len() > LONGEST_NAME {
            return Some(self.own());
        }
        let mut all = self.known.borrow_mut();
        if let Some(zone) = all.get(name) {
            return Some(zone.clone());
        }
        self.meter.spend(Kind::Zones, 1)?;
        self.meter.step(LOOK_UP)?;
        let zone = self.find(name);
        all.insert(name.to_owned(), zone.clone());
        Some(zone)
    }

    fn find(&self, name: &str) -> Zone {
        let definition = self.definitions.get(name);
        let location = definition.and_then(|zone| zone.location.as_deref());
        known(name)
            .or_else(|| {
                location
                    .filter(|name| name.len() <= LONGEST_NAME)
                    .and_then(known)
            })
            .or_else(|| standard_offset(definition?))
            .unwrap_or_else(|| self.own())
    }
}

/// `Europe/London`, `/example.org/20260101_1/Europe/London`, `GMT Standard Time`.
fn known(name: &str) -> Option<Zone> {
    let name = name.trim();
    let windows = WINDOWS.lines().filter_map(|line| line.split_once('='));
    let windows = windows.filter(|(other, _)| other.eq_ignore_ascii_case(name));
    let ends = std::iter::successors(Some(name), |rest| Some(rest.split_once('/')?.1));
    ends.chain(windows.map(|(_, iana)| iana))
        .find_map(|name| Zone::parse(name).ok())
}

/// Where a calendar defines a zone of its own: its standard time, if that is of whole hours. Summer time
/// is lost, which makes an absence begin and end an hour late at most.
fn standard_offset(definition: &ZoneDraft) -> Option<Zone> {
    let offset = definition.offset.as_deref()?.trim();
    let (sign, digits) = match offset.split_at_checked(1)? {
        // The names of these zones count westwards.
        ("+", digits) => ("-", digits),
        ("-", digits) => ("+", digits),
        _ => return None,
    };
    let (hours, minutes) = digits.split_at_checked(2)?;
    let hours: u8 = hours.parse().ok()?;
    if hours == 0 {
        return Some(Zone::utc());
    }
    let whole = minutes.bytes().all(|digit| digit == b'0');
    Zone::parse(&format!("Etc/GMT{sign}{hours}"))
        .ok()
        .filter(|_| whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::budget::BUDGET;

    #[test]
    fn every_windows_zone_is_one_that_the_zone_data_knows() {
        for line in WINDOWS.lines() {
            let (_, iana) = line.split_once('=').unwrap();
            assert!(Zone::parse(iana).is_ok(), "{line}");
        }
    }

    #[test]
    fn zones_are_known_by_many_names() {
        let zone = |location: Option<&str>, offset: &str| ZoneDraft {
            location: location.map(str::to_owned),
            offset: Some(offset.to_owned()),
        };
        let definitions = HashMap::from([
            ("Mine".to_owned(), zone(Some("Asia/Tokyo"), "+0000")),
            ("Own".to_owned(), zone(None, "+0300")),
            ("Half".to_owned(), zone(None, "+0330")),
        ]);
        let paris = Zone::parse("Europe/Paris").unwrap();
        let meter = Meter::new(BUDGET, &|| false);
        let zones = Zones::new(&definitions, &paris, &meter);
        for (name, zone) in [
            ("Europe/London", "Europe/London"),
            ("europe/london", "Europe/London"),
            (
                "/freeassociation.sourceforge.net/Europe/London",
                "Europe/London",
            ),
            (
                "/example.org/20260101_1/America/Argentina/Buenos_Aires",
                "America/Argentina/Buenos_Aires",
            ),
            ("GMT Standard Time", "Europe/London"),
            ("AUS Eastern Standard Time", "Australia/Sydney"),
            ("Mine", "Asia/Tokyo"),
            ("Own", "Etc/GMT-3"),
            ("Half", "Europe/Paris"),
            ("Nobody knows", "Europe/Paris"),
        ] {
            assert_eq!(zones.called(name).unwrap().name(), zone, "{name}");
        }
    }
}
