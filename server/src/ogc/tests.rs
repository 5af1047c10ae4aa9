use super::cases::interval;
use super::crs::{ALL, Crs};

#[test]
fn north_comes_first_where_epsg_says_so() {
    let plain = Crs::named("crs", None).unwrap();
    let epsg = Crs::named("crs", Some(ALL[1])).unwrap();
    let wanted = [105.1, 37.4, 105.2, 37.5];
    assert_eq!(plain.bbox("105.1,37.4,105.2,37.5").unwrap(), wanted);
    assert_eq!(plain.bbox("105.1,37.4,0,105.2,37.5,9").unwrap(), wanted);
    assert_eq!(epsg.bbox("37.4,105.1,37.5,105.2").unwrap(), wanted);
    assert!(plain.bbox("105.1,37.4,105.2").is_err());
    assert!(Crs::named("crs", Some("http://www.opengis.net/def/crs/EPSG/0/3857")).is_err());
    let point = geo::Point::new(105.1, 37.4);
    assert_eq!(plain.geojson(point).unwrap()["coordinates"], serde_json::json!([105.1, 37.4]));
    assert_eq!(epsg.geojson(point).unwrap()["coordinates"], serde_json::json!([37.4, 105.1]));
}

#[test]
fn an_interval_may_be_open() {
    let [from, to] = interval("2026-11-01T00:00:00Z/..").unwrap();
    assert!(from.is_some() && to.is_none());
    let [from, to] = interval("2026-11-01T00:00:00Z").unwrap();
    assert!(from.is_some() && from == to);
    assert!(interval("yesterday").is_err());
}
