//! Coordinates, areas, and the parcel index.
