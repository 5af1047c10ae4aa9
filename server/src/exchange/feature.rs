//! One GeoJSON feature out of its JSON text.

use std::collections::HashMap;

use geo::{Coord, LineString, MultiPolygon, Polygon};

use super::json::{Scalar, Scanner, Stop, malformed};
use super::layer::{DeclaredCrs, Fault, Field, FieldKind, RowErrorKind, Value};
use super::shp::closed_ring;

/// More columns than this are no layer but an attack on memory.
const MAX_COLUMNS: usize = 1024;

/// The columns met so far.
#[derive(Default)]
pub(super) struct Columns {
    pub(super) fields: Vec<Field>,
    by_name: HashMap<String, usize>,
}

impl Columns {
    /// The column of this name. Features usually name their columns in the same order, so `guess` is
    /// mostly right.
    fn index(&mut self, name: &str, guess: usize) -> Result<usize, Stop> {
        if self.fields.get(guess).is_some_and(|field| field.name == name) {
            return Ok(guess);
        }
        if let Some(&index) = self.by_name.get(name) {
            return Ok(index);
        }
        let index = self.fields.len();
        if index == MAX_COLUMNS {
            return Err(Fault::new(RowErrorKind::Attribute, format!("属性超过 {MAX_COLUMNS} 个")).into());
        }
        self.fields.push(Field { name: name.to_owned(), kind: FieldKind::Unread });
        self.by_name.insert(name.to_owned(), index);
        Ok(index)
    }

    fn learn_kind(&mut self, index: usize, value: &Value) {
        let kind = &mut self.fields[index].kind;
        *kind = match (*kind, value) {
            (kind, Value::Null) => kind,
            (FieldKind::Unread | FieldKind::Integer, Value::Integer(_)) => FieldKind::Integer,
            (FieldKind::Text, _) | (_, Value::Text(_)) => FieldKind::Text,
            _ => FieldKind::Real,
        };
    }
}

/// A feature without its row number.
pub(super) struct Parsed {
    pub(super) geometry: Option<MultiPolygon<f64>>,
    pub(super) values: Vec<Value>,
}

/// Reads a feature. New property names become columns; a top-level `id` becomes the column `id`
/// where the properties have none. Nested properties stay JSON text.
pub(super) fn parse_feature(scanner: &mut Scanner<'_>, columns: &mut Columns) -> Result<Parsed, Stop> {
    scanner.expect(b'{')?;
    let mut parsed = Parsed { geometry: None, values: vec![Value::Null; columns.fields.len()] };
    let mut id = None;
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        match key.as_ref() {
            "type" => match scanner.string()?.as_ref() {
                "Feature" => {}
                other => return malformed(&format!("类型是 {other}，应是 Feature")),
            },
            "geometry" => parsed.geometry = geometry(scanner)?,
            "properties" => properties(scanner, columns, &mut parsed.values)?,
            "id" => id = Some(value(scanner)?),
            _ => scanner.skip_value()?,
        }
    }
    if let Some(id) = id {
        set(columns, &mut parsed.values, "id", 0, |slot| {
            if *slot == Value::Null {
                *slot = id;
            }
        })?;
    }
    Ok(parsed)
}

fn set(
    columns: &mut Columns,
    values: &mut Vec<Value>,
    name: &str,
    guess: usize,
    put: impl FnOnce(&mut Value),
) -> Result<usize, Stop> {
    let index = columns.index(name, guess)?;
    if values.len() <= index {
        values.resize(index + 1, Value::Null);
    }
    put(&mut values[index]);
    columns.learn_kind(index, &values[index]);
    Ok(index)
}

fn properties(scanner: &mut Scanner<'_>, columns: &mut Columns, values: &mut Vec<Value>) -> Result<(), Stop> {
    if scanner.peek()? != b'{' {
        return match scanner.scalar()? {
            Some(Scalar::Null) => Ok(()),
            _ => malformed("properties 不是对象"),
        };
    }
    scanner.expect(b'{')?;
    let mut guess = 0;
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        let value = value(scanner)?;
        guess = 1 + set(columns, values, &key, guess, |slot| *slot = value)?;
    }
    Ok(())
}

fn value(scanner: &mut Scanner<'_>) -> Result<Value, Stop> {
    Ok(match scanner.scalar()? {
        Some(Scalar::Null) => Value::Null,
        Some(Scalar::Bool(b)) => Value::Integer(i64::from(b)),
        Some(Scalar::Integer(n)) => Value::Integer(n),
        Some(Scalar::Real(x)) => Value::Real(x),
        Some(Scalar::Text(text)) if text.contains('\u{FFFD}') => {
            return Err(Fault::new(RowErrorKind::Encoding, "文字里有无法解码的字节").into());
        }
        Some(Scalar::Text(text)) => Value::Text(text.into_owned()),
        None => {
            let start = scanner.position();
            scanner.skip_value()?;
            let raw = String::from_utf8_lossy(scanner.since(start));
            Value::Text(raw.into_owned())
        }
    })
}

fn geometry(scanner: &mut Scanner<'_>) -> Result<Option<MultiPolygon<f64>>, Stop> {
    if scanner.peek()? != b'{' {
        return match scanner.scalar()? {
            Some(Scalar::Null) => Ok(None),
            _ => malformed("geometry 不是对象"),
        };
    }
    scanner.expect(b'{')?;
    let mut shape: Option<Shape> = None;
    let mut coordinates = None;
    let mut polygons = None;
    let mut first = true;
    while let Some(key) = scanner.key(first)? {
        first = false;
        match (key.as_ref(), &shape) {
            ("type", _) => shape = Some(Shape::by_name(&scanner.string()?)?),
            ("coordinates", Some(shape)) => polygons = Some(shape.polygons(scanner)?),
            ("coordinates", None) => {
                scanner.peek()?;
                coordinates = Some(scanner.clone());
                scanner.skip_value()?;
            }
            _ => scanner.skip_value()?,
        }
    }
    match (shape, polygons, coordinates) {
        (Some(_), Some(polygons), _) => Ok(polygons),
        (Some(shape), None, Some(mut there)) => shape.polygons(&mut there),
        (None, ..) => Err(Fault::geometry("geometry 没有 type").into()),
        (Some(_), None, None) => Err(Fault::geometry("geometry 没有 coordinates").into()),
    }
}

enum Shape {
    Polygon,
    MultiPolygon,
}

impl Shape {
    fn by_name(name: &str) -> Result<Shape, Stop> {
        match name {
            "Polygon" => Ok(Shape::Polygon),
            "MultiPolygon" => Ok(Shape::MultiPolygon),
            other => Err(Fault::geometry_type(other).into()),
        }
    }

    /// The coordinates; `None` when empty.
    fn polygons(&self, scanner: &mut Scanner<'_>) -> Result<Option<MultiPolygon<f64>>, Stop> {
        let mut polygons = Vec::with_capacity(1);
        match self {
            Shape::Polygon => polygons.extend(polygon(scanner)?),
            Shape::MultiPolygon => {
                scanner.expect(b'[')?;
                let mut first = true;
                while scanner.more(b']', first)? {
                    first = false;
                    polygons.extend(polygon(scanner)?);
                }
            }
        }
        Ok((!polygons.is_empty()).then(|| MultiPolygon::new(polygons)))
    }
}

fn polygon(scanner: &mut Scanner<'_>) -> Result<Option<Polygon<f64>>, Stop> {
    scanner.expect(b'[')?;
    if !scanner.more(b']', true)? {
        return Ok(None);
    }
    let outer = ring(scanner)?;
    let mut holes = Vec::new();
    while scanner.more(b']', false)? {
        holes.push(ring(scanner)?);
    }
    Ok(Some(Polygon::new(outer, holes)))
}

fn ring(scanner: &mut Scanner<'_>) -> Result<LineString<f64>, Stop> {
    scanner.expect(b'[')?;
    let mut line = Vec::with_capacity(9);
    let mut first = true;
    while scanner.more(b']', first)? {
        first = false;
        line.push(position(scanner)?);
    }
    Ok(closed_ring(line)?)
}

fn position(scanner: &mut Scanner<'_>) -> Result<Coord<f64>, Stop> {
    scanner.expect(b'[')?;
    let x = scanner.number()?;
    scanner.expect(b',')?;
    let y = scanner.number()?;
    while scanner.more(b']', false)? {
        scanner.skip_value()?;
    }
    Ok(Coord { x, y })
}

/// Reads the `crs` member of the 2008 format: `{"type":"name","properties":{"name":"…"}}`.
pub(super) fn parse_crs_member(scanner: &mut Scanner<'_>) -> Result<Option<DeclaredCrs>, Stop> {
    scanner.peek()?;
    let start = scanner.position();
    scanner.skip_value()?;
    let member: serde_json::Value = serde_json::from_slice(scanner.since(start)).unwrap_or_default();
    let name = member["properties"]["name"].as_str().or_else(|| member.as_str());
    let code = member["properties"]["code"].as_u64().and_then(|code| u32::try_from(code).ok());
    Ok(name.and_then(crs_by_name).or(code.map(DeclaredCrs::Epsg)))
}

/// `EPSG:4523`, `urn:ogc:def:crs:EPSG::4523`, `urn:ogc:def:crs:OGC:1.3:CRS84`, an OGC URL, or WKT.
fn crs_by_name(name: &str) -> Option<DeclaredCrs> {
    if name.contains('[') {
        return Some(DeclaredCrs::Wkt(name.to_owned()));
    }
    if name.to_ascii_uppercase().ends_with("CRS84") {
        return Some(DeclaredCrs::Epsg(4326));
    }
    let is_epsg = name.to_ascii_uppercase().contains("EPSG");
    let code = name.rsplit([':', '/']).next()?.parse().ok()?;
    is_epsg.then_some(DeclaredCrs::Epsg(code))
}
