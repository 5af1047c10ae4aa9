//! Which parcel lies where: the packed in-memory index of all parcels in force, kept true as they change.

/// The index at one revision of the topic `parcels`.
#[derive(Default)]
pub struct Locator {
    revision: i64,
}

impl Locator {
    /// The ids of the parcels at a point (degrees, CGCS2000).
    pub fn at(&self, _lon: f64, _lat: f64) -> Vec<i64> {
        Vec::new()
    }
}
