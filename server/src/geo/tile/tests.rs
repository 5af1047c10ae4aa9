use proptest::prelude::*;

use super::*;

/// The tile that a place lies in.
fn tile_at(z: u8, lon: f64, lat: f64) -> Option<Tile> {
    let [x, y] = project::world(lon, lat).map(|part| (part * f64::from(1 << z)).floor());
    Tile::new(z, x as u32, y as u32)
}

/// A tile of 中卫 at a zoom.
fn here(z: u8) -> Tile {
    tile_at(z, 105.1893, 37.5149).unwrap()
}

fn units(lon: f64, lat: f64) -> Point {
    [(lon * UNITS).round() as i32, (lat * UNITS).round() as i32]
}

#[test]
fn a_known_place_lies_in_its_known_tile() {
    // As https://wiki.openstreetmap.org/wiki/Slippy_map_tilenames works it out.
    assert_eq!(tile_at(0, 105.0, 37.0), Tile::new(0, 0, 0));
    assert_eq!(here(14), Tile { z: 14, x: 12979, y: 6347 });
    assert_eq!(Tile::new(3, 8, 0), None);
    assert_eq!(Tile::new(MAX_ZOOM + 1, 0, 0), None);
}

#[test]
fn the_fast_projection_is_the_exact_one() {
    for z in 0..=MAX_ZOOM {
        let tile = here(z);
        let projector = Projector::new(tile);
        let [west, south, east, north] = tile.window();
        for i in 0..=10 {
            let between =
                |a: i32, b: i32| (f64::from(a) + (f64::from(b) - f64::from(a)) * f64::from(i) / 10.0) as i32;
            let point = [between(west, east), between(south, north)];
            let exact = project::world(f64::from(point[0]) / UNITS, f64::from(point[1]) / UNITS);
            let exact = [
                exact[0] - f64::from(tile.x) / f64::from(1 << z),
                exact[1] - f64::from(tile.y) / f64::from(1 << z),
            ]
            .map(|part| part * f64::from(1 << z) * f64::from(EXTENT));
            let fast = projector.project(point);
            for axis in 0..2 {
                let off = (fast[axis] - exact[axis]).abs();
                assert!(off < 0.02, "zoom {z}: {off} units");
            }
        }
    }
}

#[test]
fn the_window_holds_the_buffer() {
    let tile = here(14);
    let [west, south, east, north] = tile.window();
    let projector = Projector::new(tile);
    let [low, high] = [projector.project([west, north]), projector.project([east, south])];
    for axis in 0..2 {
        assert!((low[axis] + f64::from(BUFFER)).abs() < 0.1, "{low:?}");
        assert!((high[axis] - f64::from(EXTENT + BUFFER)).abs() < 0.1, "{high:?}");
    }
}

#[test]
fn outer_rings_turn_one_way_and_holes_the_other() {
    let tile = here(14);
    let square = |side: f64| {
        let (lon, lat) = (105.1893, 37.5149);
        vec![units(lon, lat), units(lon + side, lat), units(lon + side, lat + side), units(lon, lat + side)]
    };
    let (outer, hole) = (square(0.004), square(0.002));
    let mut drawing = Drawing::default();
    let projector = Projector::new(tile);
    for turned in [false, true] {
        let mut rings = [(outer.clone(), true), (hole.clone(), false)];
        if turned {
            rings.iter_mut().for_each(|(ring, _)| ring.reverse());
        }
        assert!(drawing.polygons(&projector, rings.iter().map(|(ring, outer)| (&ring[..], *outer))));
        let areas: Vec<i64> = drawing.rings().iter().map(|ring| doubled_area(ring)).collect();
        assert!(areas[0] > 0 && areas[1] < 0, "{areas:?}");
    }
}

#[test]
fn what_is_too_small_or_elsewhere_is_not_drawn() {
    let projector = Projector::new(here(10));
    let tiny = [units(105.1893, 37.5149), units(105.189301, 37.5149), units(105.1893, 37.514901)];
    let far = [units(110.0, 30.0), units(110.1, 30.0), units(110.0, 30.1)];
    let mut drawing = Drawing::default();
    assert!(!drawing.polygons(&projector, std::iter::once((&tiny[..], true))));
    assert!(!drawing.polygons(&projector, std::iter::once((&far[..], true))));
}

#[test]
fn a_layer_is_what_the_specification_says() {
    let mut layer = Layer::new("parcels", &["code", "permanent"]);
    let ring = vec![[3, 6], [8, 12], [20, 34]];
    layer.push(7, Kind::Polygons, [Some(Value::from("A")), Some(Value::Flag(true))], &[ring]);
    // The polygon of the specification's chapter 4.3.5.5: [9 6 12 18 10 12 24 44 15].
    let feature = [8, 7, 18, 4, 0, 0, 1, 1, 24, 3, 34, 9, 9, 6, 12, 18, 10, 12, 24, 44, 15];
    let mut body = vec![10, 7];
    body.extend(b"parcels");
    body.extend([18, feature.len() as u8]);
    body.extend(feature);
    body.extend([26, 4]);
    body.extend(b"code");
    body.extend([26, 9]);
    body.extend(b"permanent");
    body.extend([34, 3, 10, 1, b'A', 34, 2, 56, 1, 40, 0x80, 32, 120, 2]);
    let mut expected = vec![26, body.len() as u8];
    expected.extend(body);
    assert_eq!(layer.finish(), expected);
    assert!(Layer::new("parcels", &[]).finish().is_empty());
}

proptest! {
    /// Whatever comes in, what is drawn stays in the buffered square and has an inside.
    #[test]
    fn drawings_stay_in_their_tile(
        ring in prop::collection::vec((-1_800_000_000..=1_800_000_000, -900_000_000..=900_000_000), 0..12),
        z in 0_u8..=MAX_ZOOM,
    ) {
        let ring: Vec<Point> = ring.into_iter().map(|(lon, lat)| [lon, lat]).collect();
        let mut drawing = Drawing::default();
        drawing.polygons(&Projector::new(here(z)), std::iter::once((&ring[..], true)));
        for ring in drawing.rings() {
            prop_assert!(ring.len() >= 3 && doubled_area(ring) > 0);
            prop_assert!(ring.iter().flatten().all(|c| (-BUFFER..=EXTENT + BUFFER).contains(c)));
        }
    }
}
