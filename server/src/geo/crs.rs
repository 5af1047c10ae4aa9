//! In which coordinate system is this file? From an EPSG code, a .prj text or a proj string to a [`Crs`].
//!
//! Everything is reduced to a proj string first — EPSG codes through the `crs-definitions` table, WKT (ESRI and
//! OGC, versions 1 and 2) through `proj4wkt` — and a proj string that says "Gauss-Krüger on GRS 80" is
//! recognised as a CGCS2000 zone by its parameters, whatever it was called. So
//! `CGCS2000_3_Degree_GK_Zone_35` from ArcGIS, `EPSG:4523`, and an anonymous `+proj=tmerc +lon_0=105
//! +x_0=35500000 …` all become the same zone.

use super::gauss_kruger::{GaussKruger, ZoneHint, detect_zone};
use proj4rs::Proj;
use std::fmt;

/// Longest text that is looked at; real definitions stay below 10 kB.
const MAX_TEXT: usize = 64 * 1024;
/// Deepest nesting of brackets in a WKT; real ones stay below 10.
const MAX_DEPTH: usize = 32;

/// A coordinate system with x = east and y = north.
#[derive(Debug, Clone, PartialEq)]
pub enum Crs {
    /// Longitude and latitude in degrees on CGCS2000 (EPSG:4490), or on WGS 84 and its kin (4326, 4258 …),
    /// which differ from it by less than a metre here and are taken for the same.
    Geographic,
    /// A 3° Gauss-Krüger zone of CGCS2000, metres.
    GaussKruger(GaussKruger),
    /// Any other that proj4rs knows.
    Other(OtherCrs),
}

/// A coordinate system given by its proj string.
#[derive(Debug, Clone, PartialEq)]
pub struct OtherCrs {
    name: String,
    proj: String,
}

/// Why a coordinate system was not understood.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
pub enum CrsError {
    /// The EPSG code is in no table here.
    #[error("EPSG:{0} is not known here; give the coordinate system as a proj string or a .prj file")]
    UnknownCode(u32),
    /// The text is no EPSG code, proj string or WKT.
    #[error("the coordinate system cannot be read: {0}")]
    Unreadable(String),
    /// Well formed, but a projection that is not supported.
    #[error("the coordinate system is not supported: {0}")]
    Unsupported(String),
    /// A point has no longitude and latitude, for instance far outside its projection's area.
    #[error("the point {x} {y} lies outside the area of the coordinate system {crs}")]
    OutOfArea {
        /// Easting as given.
        x: f64,
        /// Northing as given.
        y: f64,
        /// Name of the coordinate system.
        crs: String,
    },
}

impl Crs {
    /// Reads what people write: `EPSG:4523`, `4523`, `urn:ogc:def:crs:EPSG::4523`,
    /// `http://www.opengis.net/def/crs/EPSG/0/4523`, `OGC:CRS84`, a proj string, or WKT.
    pub fn parse(text: &str) -> Result<Self, CrsError> {
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\u{feff}' || c == '\0');
        if text.len() > MAX_TEXT {
            return Err(CrsError::Unreadable("the text is too long".to_owned()));
        }
        if text.starts_with('+') {
            return Self::from_proj(text);
        }
        if text.contains(['[', '(']) {
            return Self::from_wkt(text);
        }
        let last = text.rsplit([':', '/']).next().unwrap_or_default();
        if matches!(last, "CRS84" | "CRS84h") {
            return Ok(Self::Geographic);
        }
        match last.parse() {
            Ok(code) if last.len() == text.len() || text.to_ascii_uppercase().contains("EPSG") => {
                Self::from_epsg(code)
            }
            _ => Err(CrsError::Unreadable(format!(
                "“{}” is no EPSG code, proj string or WKT",
                text.chars().take(40).collect::<String>()
            ))),
        }
    }

    /// From an EPSG code. 102100 and 900913, older names of web Mercator, are accepted.
    pub fn from_epsg(code: u32) -> Result<Self, CrsError> {
        if let Some(zone) = GaussKruger::from_epsg(code) {
            return Ok(Self::GaussKruger(zone));
        }
        let code = if matches!(code, 102_100 | 102_113 | 900_913 | 3785) { 3857 } else { code };
        let def = u16::try_from(code).ok().and_then(crs_definitions::from_code);
        let def = def.ok_or(CrsError::UnknownCode(code))?;
        Self::recognise(format!("EPSG:{code}"), with_better_shift(def.proj4))
    }

    /// From a proj string such as `+proj=utm +zone=32 +ellps=GRS80`.
    pub fn from_proj(text: &str) -> Result<Self, CrsError> {
        Self::recognise(text.to_owned(), text.to_owned())
    }

    /// From a .prj file or another WKT. An EPSG code that the text gives for itself wins when it is known
    /// here, because it also tells the datum shift, which ESRI's texts leave out.
    pub fn from_wkt(text: &str) -> Result<Self, CrsError> {
        let facts = WktFacts::of(text);
        if facts.depth > MAX_DEPTH {
            return Err(CrsError::Unreadable("the brackets are nested too deeply".to_owned()));
        }
        if let Some(crs) = facts.epsg.and_then(|code| Self::from_epsg(code).ok()) {
            return Ok(crs);
        }
        let mut proj = proj4wkt::wkt_to_projstring(text).map_err(|e| CrsError::Unsupported(e.to_string()))?;
        let shift = datum_shift(facts.datum);
        if !shift.is_empty() && !text.contains("TOWGS84") {
            // Without a shift of its own, proj4wkt takes every datum on GRS 80 for WGS 84.
            proj = proj.replace(" +towgs84=0,0,0,0,0,0,0", "") + shift;
        }
        Self::recognise(facts.name.to_owned(), proj)
    }

    /// Names a proj string by what it is, and makes sure that proj4rs can use it.
    fn recognise(name: String, proj: String) -> Result<Self, CrsError> {
        let parsed =
            Proj::from_proj_string(&proj).map_err(|e| CrsError::Unsupported(format!("{name}: {e}")))?;
        if parsed.is_geocent() || !parsed.has_inverse() {
            return Err(CrsError::Unsupported(format!("{name} has no longitude and latitude of its own")));
        }
        let params = Params(&proj);
        if params.on_grs80_like() && params.number("pm").unwrap_or(0.0) == 0.0 && parsed.is_normalized_axis()
        {
            if parsed.is_latlong() {
                return Ok(Self::Geographic);
            }
            if let Some(zone) = params.gauss_kruger_zone() {
                return Ok(Self::GaussKruger(zone));
            }
        }
        Ok(Self::Other(OtherCrs { name, proj }))
    }

    /// The EPSG code where the enum itself tells it.
    pub fn epsg(&self) -> Option<u32> {
        match self {
            Self::Geographic => Some(4490),
            Self::GaussKruger(zone) => Some(zone.epsg()),
            Self::Other(other) => other.name.strip_prefix("EPSG:")?.parse().ok(),
        }
    }

    /// Whether the way from its datum to CGCS2000 is known. If not (北京54, 西安80 and local datums, whose
    /// parameters are not public), positions may be off by up to some hundred metres, and whoever imports
    /// such a file should be told to convert it first.
    pub fn datum_shift_known(&self) -> bool {
        match self {
            Self::Geographic | Self::GaussKruger(_) => true,
            Self::Other(OtherCrs { proj, .. }) => {
                let params = Params(proj);
                params.on_grs80_like()
                    || params.get("towgs84").is_some()
                    || params.get("datum").is_some_and(|d| d != "NAD27")
                    || params.get("nadgrids") == Some("@null")
            }
        }
    }

    /// The zone system that an easting really is in, where a file's declaration and its numbers disagree on
    /// the zone prefix, which is common. Anything that is not a Gauss-Krüger zone comes back as it is.
    pub fn agreeing_with(&self, easting: f64) -> Self {
        let Self::GaussKruger(declared) = self else { return self.clone() };
        let zone = match detect_zone(easting) {
            ZoneHint::Prefixed(zone) => GaussKruger::new(zone, true),
            ZoneHint::Bare => GaussKruger::new(declared.zone(), false),
            ZoneHint::None => None,
        };
        Self::GaussKruger(zone.unwrap_or(*declared))
    }

    /// A guess for a file that does not say: degrees by their range, a plane by its zone prefix, and a bare
    /// six-digit easting as the city's own zone 35. `None` when the point fits none of these.
    pub fn guess(x: f64, y: f64) -> Option<Self> {
        if x.abs() <= 180.0 && y.abs() <= 90.0 {
            return Some(Self::Geographic);
        }
        // Northings of China: 1 900 km to 6 000 km.
        if !(1_900_000.0..6_000_000.0).contains(&y) {
            return None;
        }
        match detect_zone(x) {
            ZoneHint::Prefixed(zone) => GaussKruger::new(zone, true).map(Self::GaussKruger),
            ZoneHint::Bare => Some(Self::GaussKruger(GaussKruger::ZONE_35)),
            ZoneHint::None => None,
        }
    }
}

impl fmt::Display for Crs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Geographic => write!(f, "EPSG:4490"),
            Self::GaussKruger(zone) => write!(f, "EPSG:{}", zone.epsg()),
            Self::Other(other) => write!(f, "{}", other.name),
        }
    }
}

impl OtherCrs {
    /// The proj string.
    pub fn proj(&self) -> &str {
        &self.proj
    }
}

/// The `+key=value` pairs of a proj string.
struct Params<'a>(&'a str);

impl<'a> Params<'a> {
    fn get(&self, key: &str) -> Option<&'a str> {
        self.0
            .split_whitespace()
            .find_map(|pair| pair.strip_prefix('+')?.strip_prefix(key)?.strip_prefix('='))
    }

    fn number(&self, key: &str) -> Option<f64> {
        self.get(key)?.parse().ok()
    }

    /// On GRS 80 or WGS 84 without a datum shift: the same as CGCS2000 to less than a metre.
    fn on_grs80_like(&self) -> bool {
        let ellipsoid = match self.get("datum").or(self.get("ellps")) {
            Some(name) => matches!(name, "WGS84" | "GRS80" | "NAD83"),
            None => {
                self.number("a") == Some(super::gauss_kruger::A)
                    && self.number("rf").is_some_and(|rf| (rf - 298.257_223).abs() < 2e-4)
            }
        };
        let shift = self.get("towgs84").unwrap_or("0");
        ellipsoid && shift.split(',').all(|n| n.parse() == Ok(0.0)) && self.get("nadgrids").is_none()
    }

    fn gauss_kruger_zone(&self) -> Option<GaussKruger> {
        let or = |key: &str, default| self.number(key).unwrap_or(default);
        let plain = self.get("proj") == Some("tmerc")
            && or("k", or("k_0", 1.0)) == 1.0
            && or("lat_0", 0.0) == 0.0
            && or("y_0", 0.0) == 0.0
            && or("to_meter", 1.0) == 1.0
            && self.get("units").is_none_or(|u| u == "m");
        let zone = self.number("lon_0")? / 3.0;
        if !plain || zone.fract() != 0.0 || !(25.0..46.0).contains(&zone) {
            return None;
        }
        let false_easting = self.number("x_0")?;
        [true, false]
            .into_iter()
            .filter_map(|prefixed| GaussKruger::new(zone as u8, prefixed))
            .find(|zone| zone.false_easting() == false_easting)
    }
}

/// What a WKT says about itself beyond its parameters.
#[derive(Default)]
struct WktFacts<'a> {
    name: &'a str,
    datum: &'a str,
    /// The EPSG code of the whole, not of one of its parts.
    epsg: Option<u32>,
    depth: usize,
}

impl<'a> WktFacts<'a> {
    /// Walks `KEYWORD["name", …]` once: text outside quotes makes keywords and brackets.
    fn of(text: &'a str) -> Self {
        let mut facts = Self::default();
        let (mut depth, mut keyword) = (0_usize, "");
        for (i, piece) in text.split('"').enumerate() {
            if i % 2 == 0 {
                // A code outside quotes: ID["EPSG",4523].
                if depth == 2 && keyword == "EPSG" {
                    facts.epsg = facts.epsg.or(leading_number(piece));
                }
                for (at, c) in piece.char_indices() {
                    match c {
                        '[' | '(' => {
                            depth += 1;
                            let word = |c: char| c.is_ascii_alphanumeric() || c == '_';
                            keyword = piece[..at].trim_end().rsplit(|c| !word(c)).next().unwrap_or_default();
                            facts.depth = facts.depth.max(depth);
                        }
                        ']' | ')' => depth = depth.saturating_sub(1),
                        _ => {}
                    }
                }
            } else if depth == 1 && facts.name.is_empty() {
                facts.name = piece;
            } else if keyword.eq_ignore_ascii_case("datum") && facts.datum.is_empty() {
                facts.datum = piece;
            } else if depth == 2 && keyword == "EPSG" {
                facts.epsg = facts.epsg.or(piece.parse().ok());
            } else if depth == 2 && matches!(keyword, "AUTHORITY" | "ID") && piece == "EPSG" {
                keyword = "EPSG";
            }
        }
        facts
    }
}

fn leading_number(piece: &str) -> Option<u32> {
    let digits = piece.trim_start_matches(|c: char| c == ',' || c.is_whitespace());
    digits.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// Shifts to WGS 84 of common datums that ESRI's .prj texts name without telling the shift: parameters of
/// the EPSG registry for the whole country, good to a few metres (position vector convention).
const DATUM_SHIFTS: [(&str, &str); 11] = [
    ("amersfoort", " +towgs84=565.2369,50.0087,465.658,-0.406857,0.350733,-1.87035,4.0812"),
    ("belge1972", " +towgs84=-106.8686,52.2978,-103.7239,0.3366,-0.457,1.8422,-1.2747"),
    ("ch1903", " +towgs84=674.374,15.056,405.346"),
    ("deutscheshauptdreiecksnetz", " +towgs84=598.1,73.7,418.2,0.202,0.045,-2.455,6.7"),
    ("european1950", " +towgs84=-87,-98,-121"),
    ("ggrs1987", " +towgs84=-199.87,74.79,246.62"),
    ("sjtsk", S_JTSK),
    ("mgi", " +towgs84=577.326,90.129,463.919,5.137,1.474,5.297,2.4232"),
    ("osgb1936", " +towgs84=446.448,-125.157,542.06,0.1502,0.247,0.8421,-20.4894"),
    ("pulkovo1942adj1958", PULKOVO_58),
    ("pulkovo1942", " +towgs84=23.92,-141.27,-80.9,0,0.35,0.82,-0.12"),
];
/// EPSG:5239, good to a metre in Czechia.
const S_JTSK: &str = " +towgs84=572.213,85.334,461.94,4.9732,1.529,5.2484,3.5378";
/// EPSG:15995 in Romania.
const PULKOVO_58: &str = " +towgs84=2.329,-147.042,-92.08,-0.309,0.325,0.497,5.69";
/// Shifts in the table of definitions that are worse (6 m) or wrong (signs of the rotations, 38 m), and ours.
const BETTER_SHIFTS: [(&str, &str); 2] = [
    (" +towgs84=589,76,480,0,0,0,0", S_JTSK),
    (" +towgs84=2.329,-147.042,-92.08,0.309,-0.325,-0.497,5.69", PULKOVO_58),
];

fn datum_shift(datum: &str) -> &'static str {
    let plain: String = datum.chars().filter(char::is_ascii_alphanumeric).collect();
    let plain = plain.to_ascii_lowercase();
    // ESRI puts D_ in front.
    let named = |name: &str| plain == name || plain.strip_prefix('d') == Some(name);
    DATUM_SHIFTS.iter().find(|(name, _)| named(name)).map_or("", |(_, shift)| shift)
}

fn with_better_shift(proj: &str) -> String {
    BETTER_SHIFTS.iter().fold(proj.to_owned(), |proj, (theirs, ours)| proj.replace(theirs, ours))
}

#[cfg(test)]
#[path = "crs_tests.rs"]
mod tests;
