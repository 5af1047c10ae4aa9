//! A layer of a Mapbox Vector Tile 2.1, written as protocol buffers.

use std::collections::HashMap;

use super::super::shape::put as varint;
use super::EXTENT;

/// What a feature's geometry is (`Tile.GeomType`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One or more points.
    Points = 1,
    /// One or more polygons: outer rings clockwise on the screen, each followed by its holes.
    Polygons = 3,
}

/// A property's value.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Value {
    /// A text.
    Text(String),
    /// A whole number.
    Number(i64),
    /// Yes or no.
    Flag(bool),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

/// A layer being written.
#[derive(Debug, Default)]
pub struct Layer {
    name: &'static str,
    features: Vec<u8>,
    keys: Vec<&'static str>,
    values: Vec<u8>,
    /// Where each value written so far stands: land classes and units come again and again.
    known: HashMap<Value, u32>,
    count: u32,
    tags: Vec<u8>,
    geometry: Vec<u8>,
    feature: Vec<u8>,
}

impl Layer {
    /// An empty layer whose features have these properties.
    pub fn new(name: &'static str, keys: &[&'static str]) -> Self {
        Self { name, keys: keys.to_vec(), ..Self::default() }
    }

    /// Adds a feature. `properties` come in the order of the layer's keys; `None` is left out.
    pub fn push(
        &mut self,
        id: u64,
        kind: Kind,
        properties: impl IntoIterator<Item = Option<Value>>,
        parts: &[Vec<[i32; 2]>],
    ) {
        self.tags.clear();
        for (key, value) in (0..).zip(properties) {
            if let Some(value) = value {
                let value = self.value(value);
                varint(&mut self.tags, key);
                varint(&mut self.tags, value.into());
            }
        }
        self.geometry.clear();
        match kind {
            Kind::Points => points(&mut self.geometry, parts),
            Kind::Polygons => polygons(&mut self.geometry, parts),
        }
        self.feature.clear();
        number(&mut self.feature, 1, id);
        bytes(&mut self.feature, 2, &self.tags);
        number(&mut self.feature, 3, kind as u64);
        bytes(&mut self.feature, 4, &self.geometry);
        bytes(&mut self.features, 2, &self.feature);
    }

    /// The tile with this one layer; without a feature no byte at all, which is an empty tile.
    pub fn finish(self) -> Vec<u8> {
        if self.features.is_empty() {
            return Vec::new();
        }
        let mut layer = Vec::with_capacity(self.features.len() + self.values.len() + 128);
        bytes(&mut layer, 1, self.name.as_bytes());
        layer.extend_from_slice(&self.features);
        for key in &self.keys {
            bytes(&mut layer, 3, key.as_bytes());
        }
        layer.extend_from_slice(&self.values);
        number(&mut layer, 5, EXTENT as u64);
        number(&mut layer, 15, 2);
        let mut tile = Vec::with_capacity(layer.len() + 8);
        bytes(&mut tile, 3, &layer);
        tile
    }

    fn value(&mut self, value: Value) -> u32 {
        if let Some(known) = self.known.get(&value) {
            return *known;
        }
        let mut field = Vec::new();
        match &value {
            Value::Text(text) => bytes(&mut field, 1, text.as_bytes()),
            Value::Number(n) => number(&mut field, 6, ((n << 1) ^ (n >> 63)) as u64),
            Value::Flag(flag) => number(&mut field, 7, u64::from(*flag)),
        }
        bytes(&mut self.values, 4, &field);
        let index = self.count;
        self.count += 1;
        self.known.insert(value, index);
        index
    }
}

const MOVE_TO: u64 = 1;
const LINE_TO: u64 = 2;
const CLOSE_PATH: u64 = 7;

fn command(out: &mut Vec<u8>, id: u64, count: usize) {
    varint(out, id | (count as u64) << 3);
}

fn points(out: &mut Vec<u8>, parts: &[Vec<[i32; 2]>]) {
    let mut cursor = [0, 0];
    command(out, MOVE_TO, parts.iter().map(Vec::len).sum());
    parts.iter().flatten().for_each(|&point| step(out, &mut cursor, point));
}

fn polygons(out: &mut Vec<u8>, rings: &[Vec<[i32; 2]>]) {
    let mut cursor = [0, 0];
    for ring in rings {
        command(out, MOVE_TO, 1);
        step(out, &mut cursor, ring[0]);
        command(out, LINE_TO, ring.len() - 1);
        ring[1..].iter().for_each(|&point| step(out, &mut cursor, point));
        command(out, CLOSE_PATH, 1);
    }
}

fn step(out: &mut Vec<u8>, cursor: &mut [i32; 2], to: [i32; 2]) {
    for axis in 0..2 {
        let by = to[axis] - cursor[axis];
        varint(out, u64::from(((by << 1) ^ (by >> 31)) as u32));
    }
    *cursor = to;
}

fn number(out: &mut Vec<u8>, field: u64, value: u64) {
    varint(out, field << 3);
    varint(out, value);
}

fn bytes(out: &mut Vec<u8>, field: u64, value: &[u8]) {
    varint(out, field << 3 | 2);
    varint(out, value.len() as u64);
    out.extend_from_slice(value);
}
