//! Polygons in well-known text (OGC 06-103r4 §7), as the evidence package keeps them in TBFW.

use geo::{Coord, MultiPolygon, Polygon};

use super::layer::Fault;
use super::shp::closed_ring;

/// Reads a polygon or multipolygon; Z and M are dropped. An empty geometry has no polygons.
///
/// # Errors
/// Another geometry type, or text that is not well formed.
pub(super) fn read_wkt(text: &str) -> Result<MultiPolygon<f64>, Fault> {
    let text = text.trim();
    // EWKT puts its SRID in front; the layer's coordinate system is told elsewhere.
    let text = match text.split_once(';') {
        Some((srid, rest)) if srid.starts_with("SRID=") => rest.trim_start(),
        _ => text,
    };
    let end = text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let rest = rest.trim_start();
    let rest = ["ZM", "Z", "M"].iter().find_map(|d| rest.strip_prefix(d)).unwrap_or(rest);
    let mut cursor = Cursor { text: rest };
    if cursor.text.trim_start().eq_ignore_ascii_case("EMPTY") {
        return Ok(MultiPolygon::new(Vec::new()));
    }
    let polygons = match name.to_ascii_uppercase().as_str() {
        "POLYGON" => vec![cursor.polygon()?],
        "MULTIPOLYGON" => cursor.list(Cursor::polygon)?,
        "" => return Err(Fault::geometry("图斑范围不是 WKT 多边形")),
        other => return Err(Fault::geometry_type(other)),
    };
    if !cursor.text.trim_start().is_empty() {
        return Err(Fault::geometry("图斑范围的 WKT 后面有多余的内容"));
    }
    Ok(MultiPolygon::new(polygons))
}

struct Cursor<'a> {
    text: &'a str,
}

impl Cursor<'_> {
    fn accept(&mut self, sign: char) -> bool {
        let rest = self.text.trim_start().strip_prefix(sign);
        self.text = rest.unwrap_or(self.text);
        rest.is_some()
    }

    /// `( item, item, … )`
    fn list<T>(&mut self, mut item: impl FnMut(&mut Self) -> Result<T, Fault>) -> Result<Vec<T>, Fault> {
        let broken = || Fault::geometry("图斑范围的 WKT 括号不配对");
        if !self.accept('(') {
            return Err(broken());
        }
        let mut items = vec![item(self)?];
        while self.accept(',') {
            items.push(item(self)?);
        }
        if self.accept(')') { Ok(items) } else { Err(broken()) }
    }

    fn polygon(&mut self) -> Result<Polygon<f64>, Fault> {
        let rings = self.list(|cursor| closed_ring(cursor.list(Self::vertex)?))?;
        let mut rings = rings.into_iter();
        let outer = rings.next().ok_or_else(|| Fault::geometry("图斑范围没有外环"))?;
        Ok(Polygon::new(outer, rings.collect()))
    }

    fn vertex(&mut self) -> Result<Coord<f64>, Fault> {
        let end = self.text.find([',', ')']).unwrap_or(self.text.len());
        let (numbers, rest) = self.text.split_at(end);
        self.text = rest;
        let mut numbers = numbers.split_ascii_whitespace().map(str::parse::<f64>);
        match (numbers.next(), numbers.next()) {
            (Some(Ok(x)), Some(Ok(y))) if x.is_finite() && y.is_finite() => Ok(Coord { x, y }),
            _ => Err(Fault::geometry("图斑范围的坐标不是有效的数")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polygons_in_their_spellings() {
        let square = "((0 0, 4 0, 4 4, 0 4, 0 0), (1 1,1 2,2 2,1 1))";
        let read = read_wkt(&format!("POLYGON {square}")).unwrap();
        assert_eq!((read.0.len(), read.0[0].interiors().len()), (1, 1));
        assert_eq!(read_wkt(&format!("SRID=4523;Polygon{square}")).unwrap(), read);
        assert_eq!(read_wkt(&format!("  multipolygon ( {square} )")).unwrap(), read);
        let high = read_wkt("POLYGON Z ((0 0 9, 4 0 9, 4 4 9, 0 0 9))").unwrap();
        assert_eq!(high.0[0].exterior().0[1], Coord { x: 4.0, y: 0.0 });
        assert!(read_wkt("POLYGON EMPTY").unwrap().0.is_empty());
    }

    #[test]
    fn what_is_no_polygon_is_refused() {
        for text in [
            "",
            "POINT (1 2)",
            "POLYGON",
            "POLYGON (",
            "POLYGON ((0 0, 1",
            "POLYGON ((0 0, a 1, 2 2, 0 0))",
            "POLYGON ((0 0, 1 0, 1 1, 0 0)) x",
            "POLYGON ((nan 0, 1 0, 1 1, 0 0))",
            "GEOMETRYCOLLECTION (((((((((",
        ] {
            assert!(read_wkt(text).is_err(), "{text}");
        }
    }
}
