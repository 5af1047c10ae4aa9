//! What looks odd about a photo (存疑). Nothing here refuses anything; the supervisor decides.

use geo::{BoundingRect, Contains, Coord, CoordsIter, Distance, Euclidean, MapCoords, MultiPolygon, Point};
use serde::Serialize;
use utoipa::ToSchema;

use super::Facts;
use crate::db::Timestamp;
use crate::policy::{Checks, NOT_SET};

/// Metres a degree of latitude; good to 0.6 % anywhere, which the check of a hundred metres does not feel.
const METRES_A_DEGREE: f64 = 111_200.0;

/// What a photo is to show.
#[derive(Clone, Debug, Default)]
pub struct Target {
    /// The outline of the parcel or patch, degrees.
    pub outline: Option<MultiPolygon<f64>>,
    /// The place of the case, degrees.
    pub place: Option<Coord<f64>>,
}

/// The kinds of doubt.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum DoubtKind {
    /// Nothing is known of how it was taken.
    NoFacts,
    /// It has no position.
    NoPlace,
    /// It was taken too far away.
    Far,
    /// The camera looked elsewhere.
    LooksElsewhere,
    /// The position is too rough.
    Rough,
    /// The device's clock is wrong, or the photo is older than it should be.
    Clock,
    /// An app feigned the position.
    Mocked,
    /// The device's system has been opened up.
    Rooted,
    /// The bytes are not those that were hashed when it was taken.
    OtherBytes,
    /// The photo before it was never handed in.
    Gap,
    /// Another case rests on the same photo.
    UsedBefore,
}

/// One thing that looks odd.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Doubt {
    /// What kind.
    pub kind: DoubtKind,
    /// Why, in a sentence.
    pub reason: String,
    /// Where the limit comes from; null where there is none.
    pub basis: Option<String>,
}

/// What is known of a photo apart from its facts.
pub struct Circumstances<'a> {
    /// When the facts came.
    pub received_at: Timestamp,
    /// SM3 of the bytes that came.
    pub sm3: &'a str,
    /// Whether the photo that it names as the one before has been handed in; true where it names none.
    pub previous_known: bool,
}

/// All that looks odd in the facts themselves and, where there is something to compare with, in where they were
/// taken.
pub fn doubts(
    facts: &Facts,
    around: &Circumstances<'_>,
    target: Option<&Target>,
    limits: &Checks,
) -> Vec<Doubt> {
    let basis = limits.source.clone().unwrap_or_else(|| NOT_SET.to_owned());
    let limited = |kind, reason| Doubt { kind, reason, basis: Some(basis.clone()) };
    let plain = |kind, reason: &str| Doubt { kind, reason: reason.to_owned(), basis: None };
    let mut found = Vec::new();
    found.extend(clock(facts, around.received_at, limits).map(|reason| limited(DoubtKind::Clock, reason)));
    match (facts.place(), facts.accuracy) {
        (None, _) => found.push(plain(DoubtKind::NoPlace, "照片没有定位信息。")),
        (Some(_), Some(metres)) if metres > limits.accuracy_metres => {
            let reason = format!("定位精度 {metres:.0} 米，超过 {:.0} 米。", limits.accuracy_metres);
            found.push(limited(DoubtKind::Rough, reason));
        }
        _ => {}
    }
    if let (Some(place), Some(target)) = (facts.place(), target) {
        let seen = Seen::from(place, target);
        found.extend(far(&seen, limits).map(|reason| limited(DoubtKind::Far, reason)));
        found
            .extend(elsewhere(&seen, facts, limits).map(|reason| limited(DoubtKind::LooksElsewhere, reason)));
    }
    if facts.mocked {
        found.push(plain(DoubtKind::Mocked, "拍摄设备报告使用了模拟定位。"));
    }
    if facts.rooted {
        found.push(plain(DoubtKind::Rooted, "拍摄设备的系统已被破解（root 或越狱）。"));
    }
    if facts.sm3.as_deref().is_some_and(|sm3| sm3 != around.sm3) {
        found.push(plain(DoubtKind::OtherBytes, "收到的照片与拍摄时计算的 SM3 不一致。"));
    }
    if !around.previous_known {
        found.push(plain(DoubtKind::Gap, "该设备的前一张照片没有上传。"));
    }
    found
}

/// A photo of which nothing is known but its bytes.
pub fn without_facts() -> Doubt {
    Doubt {
        kind: DoubtKind::NoFacts,
        reason: "照片没有拍摄信息（时间、位置、方位）。".to_owned(),
        basis: None,
    }
}

/// A photo that other cases rest on too.
pub fn used_before(cases: usize) -> Doubt {
    let reason = format!("同一张照片还用于另外 {cases} 条线索。");
    Doubt { kind: DoubtKind::UsedBefore, reason, basis: None }
}

/// The device's clock against ours: at sending, where it says when it sent; else the photo's own time, which may be
/// old only when there was no network.
fn clock(facts: &Facts, received_at: Timestamp, limits: &Checks) -> Option<String> {
    let apart = |at: Timestamp| received_at.seconds_since(at);
    let most = limits.clock_seconds;
    if let Some(off) = facts.sent_at.map(apart).filter(|off| off.abs() > most) {
        let direction = if off > 0 { "慢" } else { "快" };
        return Some(format!("设备时钟比服务器{direction} {}，超过 {}。", span(off.abs()), span(most)));
    }
    let Some(taken_at) = facts.taken_at else { return Some("照片没有拍摄时间。".to_owned()) };
    match apart(taken_at) {
        age if age < -most => Some(format!("拍摄时间比服务器时间晚 {}。", span(-age))),
        age if age > most && !facts.offline => {
            Some(format!("拍摄后 {} 才上传，未标记为离线拍摄。", span(age)))
        }
        _ => None,
    }
}

fn span(seconds: i64) -> String {
    match seconds {
        ..120 => format!("{seconds} 秒"),
        120..7200 => format!("{} 分钟", seconds / 60),
        7200..172_800 => format!("{} 小时", seconds / 3600),
        _ => format!("{} 天", seconds / 86_400),
    }
}

/// The target as it is seen from where the photo was taken.
struct Seen {
    /// Metres to its nearest point, 0 inside; none when there is no target.
    metres: Option<f64>,
    /// Degrees from north to its corners, in order along each ring; empty inside.
    bearings: Vec<Vec<f64>>,
}

impl Seen {
    fn from((lon, lat): (f64, f64), target: &Target) -> Self {
        let scale = lat.to_radians().cos();
        let flat = |c: Coord<f64>| Coord {
            x: (c.x - lon) * METRES_A_DEGREE * scale,
            y: (c.y - lat) * METRES_A_DEGREE,
        };
        let bearing = |c: Coord<f64>| c.x.atan2(c.y).to_degrees().rem_euclid(360.0);
        let here = Point::new(0.0, 0.0);
        if let Some(outline) = target.outline.as_ref().filter(|o| o.bounding_rect().is_some()) {
            let outline = outline.map_coords(flat);
            if outline.contains(&here) {
                return Self { metres: Some(0.0), bearings: Vec::new() };
            }
            let rings = outline.iter().map(|p| p.exterior().coords_iter().map(bearing).collect());
            return Self { metres: Some(Euclidean.distance(&here, &outline)), bearings: rings.collect() };
        }
        let Some(place) = target.place.map(flat) else { return Self { metres: None, bearings: Vec::new() } };
        Self { metres: Some(place.x.hypot(place.y)), bearings: vec![vec![bearing(place)]] }
    }

    /// Degrees between a direction and the nearest part of the target; 0 when the target lies in it.
    fn off(&self, azimuth: f64) -> Option<f64> {
        let apart = |bearing: &f64| (bearing - azimuth + 540.0).rem_euclid(360.0) - 180.0;
        let rings = self.bearings.iter().map(|ring| {
            let angles: Vec<f64> = ring.iter().map(apart).collect();
            let crossed = angles.windows(2).any(|w| w[0] * w[1] <= 0.0 && (w[0] - w[1]).abs() < 180.0);
            if crossed { 0.0 } else { angles.iter().fold(f64::INFINITY, |least, a| least.min(a.abs())) }
        });
        rings.reduce(f64::min)
    }
}

fn far(seen: &Seen, limits: &Checks) -> Option<String> {
    let metres = seen.metres.filter(|metres| *metres > limits.distance_metres)?;
    Some(format!("拍摄点距图斑或地块 {metres:.0} 米，超过 {:.0} 米。", limits.distance_metres))
}

/// Close to a point, within the accuracy of the position, no direction can be told.
fn elsewhere(seen: &Seen, facts: &Facts, limits: &Checks) -> Option<String> {
    let blurred = facts.accuracy.unwrap_or(0.0).max(5.0);
    if seen.metres? <= blurred {
        return None;
    }
    let off = seen.off(facts.azimuth?).filter(|off| *off > limits.bearing_degrees)?;
    Some(format!("镜头朝向偏离图斑或地块 {off:.0}°，超过 {:.0}°。", limits.bearing_degrees))
}

#[cfg(test)]
mod tests {
    use geo::polygon;

    use super::*;

    /// A field of about 89 m by 111 m, whose south-west corner is at 105.2 E, 37.5 N.
    fn field() -> Target {
        let (west, south, east, north) = (105.2, 37.5, 105.201, 37.501);
        let outline = polygon![
            (x: west, y: south), (x: east, y: south), (x: east, y: north), (x: west, y: north), (x: west, y: south)
        ];
        Target { outline: Some(MultiPolygon::new(vec![outline])), place: None }
    }

    fn good() -> Facts {
        Facts {
            taken_at: Some(Timestamp(0)),
            sent_at: Some(Timestamp(0)),
            // 44 m south of the middle of the field's southern side, looking north.
            lon: Some(105.2005),
            lat: Some(37.4996),
            accuracy: Some(5.0),
            azimuth: Some(0.0),
            ..Facts::default()
        }
    }

    fn kinds(facts: &Facts, target: &Target, received: i64) -> Vec<DoubtKind> {
        let limits = crate::policy::Policy::load(None).unwrap().evidence.checks;
        let around = Circumstances {
            received_at: Timestamp(received * 1_000_000),
            sm3: "00",
            previous_known: facts.previous.is_none(),
        };
        doubts(facts, &around, Some(target), &limits).into_iter().map(|doubt| doubt.kind).collect()
    }

    #[test]
    fn a_good_photo_leaves_no_doubt() {
        assert_eq!(kinds(&good(), &field(), 10), []);
        let inside = Facts { lat: Some(37.5005), azimuth: Some(217.0), ..good() };
        assert_eq!(kinds(&inside, &field(), 10), []);
    }

    #[test]
    fn distance_and_direction_are_those_to_the_field() {
        let at = |lat: f64, azimuth: f64| {
            kinds(&Facts { lat: Some(lat), azimuth: Some(azimuth), ..good() }, &field(), 10)
        };
        assert_eq!(at(37.4992, 0.0), []); // 89 m
        assert_eq!(at(37.4990, 0.0), [DoubtKind::Far]); // 111 m
        assert_eq!(at(37.4996, 180.0), [DoubtKind::LooksElsewhere]);
        // The eastern corner is seen at 45°, so that 60° more are allowed.
        assert_eq!(at(37.4996, 100.0), []);
        assert_eq!(at(37.4996, 110.0), [DoubtKind::LooksElsewhere]);
        assert_eq!(at(37.4996, 260.0), []);
        assert_eq!(at(37.4996, 250.0), [DoubtKind::LooksElsewhere]);
    }

    #[test]
    fn a_place_serves_where_there_is_no_outline() {
        let place = |lat: f64| Target { outline: None, place: Some(Coord { x: 105.2005, y: lat }) };
        assert_eq!(kinds(&good(), &place(37.5), 10), []);
        assert_eq!(kinds(&good(), &place(37.4990), 10), [DoubtKind::LooksElsewhere]);
        assert_eq!(kinds(&good(), &place(37.49958), 10), [], "too close to tell a direction");
        assert_eq!(kinds(&good(), &Target::default(), 10), []);
    }

    #[test]
    fn clocks_are_compared_at_sending() {
        assert_eq!(kinds(&good(), &field(), 301), [DoubtKind::Clock]);
        assert_eq!(kinds(&good(), &field(), -301), [DoubtKind::Clock]);
        let late = Facts { sent_at: Some(Timestamp(86_400_000_000)), ..good() };
        assert_eq!(
            kinds(&late, &field(), 86_400),
            [DoubtKind::Clock],
            "a day old, and not said to be offline"
        );
        assert_eq!(kinds(&Facts { offline: true, ..late }, &field(), 86_400), []);
        assert_eq!(kinds(&Facts { taken_at: None, ..good() }, &field(), 0), [DoubtKind::Clock]);
    }

    #[test]
    fn each_flag_is_a_doubt_with_a_reason() {
        let odd = Facts {
            accuracy: Some(50.0),
            mocked: true,
            rooted: true,
            sm3: Some("11".to_owned()),
            previous: Some("22".to_owned()),
            ..good()
        };
        let expected =
            [DoubtKind::Rough, DoubtKind::Mocked, DoubtKind::Rooted, DoubtKind::OtherBytes, DoubtKind::Gap];
        assert_eq!(kinds(&odd, &field(), 10), expected);
        assert_eq!(kinds(&Facts { lon: None, lat: None, ..good() }, &field(), 10), [DoubtKind::NoPlace]);
    }
}
